"""A config holds exactly the constructor's arguments, and makes an equal."""

import inspect
import json

import keras
import pytest

import keras_latent as kl
from keras_latent.progressive_layers import FadeIn

LAYER = dict(trainable=True, dtype="float32", name="mine")
CASES = {
    kl.AdversarialSchedule: dict(
        total_steps=90, shape="linear", sharpness=4.0, ramp=0.5, peak=0.7
    ),
    kl.AnnealedLearningRate: dict(
        total_steps=90, initial=0.1, alpha=3.0, beta=0.5, name="mine"
    ),
    kl.ConcatenateAttribute: dict(
        activity_regularizer=None, autocast=True, **LAYER
    ),
    kl.GradientReversal: dict(weight=0.5, **LAYER),
    kl.DomainAdversarial: dict(
        weight=kl.AdversarialSchedule(90),
        domain_weight=0.5,
        statistics="target",
        name="mine",
        trainable=True,
    ),
    kl.DirectionDiscovery: dict(
        num_directions=2,
        latent_dim=3,
        normalization="linear",
        start="coordinates",
        conditioning={"mask": None},
        shift_scale=5.0,
        min_shift=0.25,
        shift_distribution="normal",
        label_weight=0.5,
        shift_weight=0.75,
        latent_distribution="uniform",
        seed=4,
        name="mine",
        trainable=True,
    ),
    kl.EvolutionaryGAN: dict(
        mutations=["heuristic", "minimax"],
        diversity_weight=0.5,
        population=2,
        evaluation_size=9,
        regularizers=(kl.GradientPenalty(),),
        critic_steps=2,
        latent_distribution="uniform",
        ema_momentum=0.9,
        seed=4,
        name="mine",
        trainable=True,
    ),
    kl.Fader: dict(
        beta=0.1,
        adversarial="flip",
        critic_steps=2,
        ramp_steps=7,
        attribute_sizes=[2, 3],
        seed=4,
        name="mine",
        trainable=True,
    ),
    kl.GAN: dict(
        loss="wasserstein",
        regularizers=(kl.GradientPenalty(),),
        critic_steps=2,
        latent_distribution="uniform",
        ema_momentum=0.9,
        seed=4,
        name="mine",
        trainable=True,
    ),
    kl.GradientPenalty: dict(weight=2.0, target=0.5, seed=3),
    kl.R1Penalty: dict(weight=2.0),
    kl.HessianDirections: dict(
        num_directions=2,
        latent_dim=3,
        orthonormal=False,
        start="coordinates",
        latent_slice=[0, 2],
        conditioning=None,
        shift_scale=2.0,
        num_vectors=3,
        epsilon=0.2,
        reduction="mean",
        latent_distribution="uniform",
        seed=4,
        name="mine",
        trainable=True,
    ),
    kl.HessianPenaltyRegularizer: dict(
        weight=2.0,
        warmup_steps=5,
        start_step=3,
        num_vectors=4,
        epsilon=0.2,
        reduction="mean",
        unbiased=False,
        layers=["first"],
        seed=4,
    ),
    kl.InfoGAN: dict(
        categorical=[2],
        continuous=1,
        information_weight=0.5,
        learned_variance=True,
        loss="hinge",
        regularizers=(kl.GradientPenalty(),),
        critic_steps=2,
        latent_distribution="uniform",
        ema_momentum=0.9,
        seed=4,
        name="mine",
        trainable=True,
    ),
    kl.ProgressiveGAN: dict(
        image_size=16,
        channels=1,
        latent_dim=5,
        size=8,
        fade_steps=7,
        stable_steps=6,
        channel_base=12,
        channel_max=4,
        group_size=2,
        drift_weight=0.5,
        loss="hinge",
        regularizers=(kl.R1Penalty(),),
        critic_steps=2,
        latent_distribution="uniform",
        ema_momentum=0.9,
        seed=4,
        name="mine",
        trainable=True,
        dtype="float32",
    ),
    kl.PixelNormalization: dict(
        activity_regularizer=None, autocast=True, **LAYER
    ),
    FadeIn: dict(activity_regularizer=None, autocast=True, **LAYER),
    kl.MinibatchStandardDeviation: dict(group_size=3, **LAYER),
    kl.EqualizedDense: dict(units=3, gain=0.5, seed=2, **LAYER),
    kl.EqualizedConv2D: dict(
        filters=3, kernel_size=1, gain=0.5, seed=2, **LAYER
    ),
}
table = pytest.mark.parametrize(
    "kind", CASES, ids=[kind.__name__ for kind in CASES]
)


@pytest.fixture(scope="module")
def networks():
    """The arguments that are networks, of the classes that have any."""
    names = ("features", "labeler", "domain_classifier")
    domains = kl.domain_networks((4, 4, 1), 3, normalize=False)
    parts = kl.fader_networks((4, 4, 1), [2, 3], code_size=2, width=3)
    players = ("encoder", "decoder", "classifier")
    generator = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)])
    discriminator = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    pair = keras.Input((4,))
    reconstructor = keras.Model(
        pair, [keras.layers.Dense(units)(pair) for units in (2, 1)]
    )
    return {
        kl.DirectionDiscovery: dict(
            generator=generator, reconstructor=reconstructor
        ),
        kl.DomainAdversarial: dict(zip(names, domains, strict=True)),
        kl.Fader: dict(zip(players, parts, strict=True)),
        kl.GAN: dict(generator=generator, discriminator=discriminator),
        kl.HessianDirections: dict(generator=generator),
        kl.EvolutionaryGAN: dict(
            generator=generator, discriminator=discriminator
        ),
        kl.InfoGAN: dict(zip(INFO, _info_networks(), strict=True)),
    }


INFO = ("generator", "features", "discriminator", "recognizer")


def _info_networks():
    sizes = [(5, 2), (2, 3), (3, 1), (3, 4)]
    return [
        keras.Sequential([keras.Input((taken,)), keras.layers.Dense(made)])
        for taken, made in sizes
    ]


def registered():
    """Every class of the package that Keras can name in a file."""
    named = keras.saving.get_custom_objects().items()
    found = {v for k, v in named if k.startswith("keras_latent>")}
    return set(filter(inspect.isclass, found))


def test_the_table_has_every_class_of_the_package():
    assert set(CASES) == registered()


@table
def test_the_config_is_the_constructors_arguments(kind, networks):
    parts = networks.get(kind, {})
    arguments = {**CASES[kind], **parts}
    # A class without a constructor of its own has its parent's arguments.
    own = inspect.signature(kind.__init__).parameters
    own = own if "__init__" in vars(kind) else {}
    named = {n for n, p in own.items() if p.kind is not p.VAR_KEYWORD}
    missing = named - {"self"} - set(arguments)
    assert not missing, "the table must name every argument"
    config = kind(**arguments).get_config()
    assert set(config) == set(arguments)
    for name, value in CASES[kind].items():
        if isinstance(value, (int, float, str, list)) and name != "dtype":
            assert config[name] == value


@table
def test_an_equal_comes_back_through_json(kind, networks):
    first = kind(**CASES[kind], **networks.get(kind, {}))
    written = json.dumps(keras.saving.serialize_keras_object(first))
    again = keras.saving.deserialize_keras_object(json.loads(written))
    assert type(again) is kind
    config, expected = again.get_config(), first.get_config()
    assert set(config) == set(expected)
    for name in networks.get(kind, {}):
        # Their own configs number shared objects anew.
        del config[name], expected[name]
        made, given = getattr(again, name), getattr(first, name)
        assert type(made) is type(given) and made.name == given.name
        shapes = [[w.shape for w in each.weights] for each in (made, given)]
        assert shapes[0] == shapes[1]
    assert config == expected
    assert json.loads(written)["registered_name"] == (
        f"keras_latent>{kind.__name__}"
    )
