"""What `DirectionDiscovery` refuses, and what it says to do instead."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from small_discovery import make_discovery, make_reconstructor

import keras_latent as kl


def identity(z):
    return z


def noise(z):
    return z + tf.random.normal(tf.shape(z))


def make(**changed):
    given = dict(generator=identity, numbers=3, directions=2, latent_dim=3)
    return make_discovery(**{**given, "compiled": False, **changed})


def with_reconstructor(reconstructor):
    return kl.DirectionDiscovery(identity, reconstructor, 2, latent_dim=3)


@pytest.mark.parametrize(
    "options, message",
    [
        (dict(directions=4), "`num_directions`.*at most 3.*Received.*=4"),
        (dict(latent_dim=None), "`latent_dim` must be given"),
        (dict(normalization="ortho"), "`normalization` must be one of"),
        (dict(start="zero"), "`start` must be one of"),
        (dict(shift_distribution="cauchy"), "`shift_distribution` must be"),
        (dict(latent_distribution="cauchy"), "`latent_distribution` must be"),
        (dict(shift_scale=0.0), "`shift_scale`.*greater than 0"),
        (dict(min_shift=7.0), "`min_shift`.*at most 6"),
        (dict(label_weight=-1.0), "`label_weight`.*at least 0"),
        (dict(shift_weight=np.nan), "`shift_weight`.*finite"),
        (dict(seed=-1), "`seed`.*int of at least 0"),
        (dict(conditioning=[1]), "`conditioning` must be a dict"),
        (dict(generator=None), "`generator` must be a Keras model"),
        (dict(numbers=4), r"`reconstructor` must take pairs.*\(batch, 6\)"),
        (dict(generator=lambda z: z / 0.0), "`generator`.*finite"),
        (dict(generator=noise), "`generator`.*the same.*`conditioning`"),
    ],
)
def test_arguments_that_do_not_fit_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        make(**options)


def outputs(*units, shape=(6,), as_dict=False):
    pair = keras.Input(shape)
    made = [keras.layers.Dense(n)(pair) for n in units]
    if as_dict:
        made = {"direction": made[0], "shift": made[1]}
    return keras.Model(pair, made[0] if len(made) == 1 else made)


@pytest.mark.parametrize(
    "reconstructor",
    [
        outputs(2),
        outputs(3, 1),
        outputs(1, 2),
        outputs(2, 1, 1),
        outputs(2, 1, as_dict=True),
    ],
    ids=["one output", "three logits", "turned round", "three outputs", "dict"],
)
def test_reconstructors_of_other_outputs_are_refused(reconstructor):
    with pytest.raises(ValueError, match="`reconstructor`.*two outputs"):
        with_reconstructor(reconstructor)


def test_reconstructors_that_are_no_built_models_are_refused():
    with pytest.raises(ValueError, match="`reconstructor` must be a `keras"):
        with_reconstructor(identity)
    with pytest.raises(ValueError, match="`reconstructor` must be a built"):
        with_reconstructor(keras.Sequential([keras.layers.Dense(2)]))


@pytest.mark.parametrize("method", ["fit", "evaluate"])
def test_data_is_refused_since_the_discovery_draws_its_own(method):
    discovery = make(compiled=True)
    call = getattr(discovery, method)
    with pytest.raises(ValueError, match="int of at least 1"):
        call(np.zeros((8, 3)))
    with pytest.raises(ValueError, match="takes no data.*`y`"):
        call(y=np.zeros(8))


@pytest.mark.parametrize(
    "options, message",
    [
        (dict(steps_per_epoch=0), "`steps_per_epoch`"),
        (dict(batch_size=0), "`batch_size`"),
        (dict(validation_samples=-1), "`validation_samples`"),
        (dict(validation_data=1), "takes no data.*`validation_data`"),
    ],
)
def test_counts_that_are_none_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        make(compiled=True).fit(**options)


def test_the_exponential_is_not_compiled_by_xla():
    discovery = make()
    with pytest.raises(ValueError, match="`jit_compile` must be False"):
        discovery.compile(jit_compile=True)


def test_optimizers_must_be_two():
    adam = keras.optimizers.Adam()
    with pytest.raises(ValueError, match="another object"):
        make().compile(adam, adam)


def test_accuracy_is_measured_of_a_compiled_discovery_on_enough_pairs():
    with pytest.raises(ValueError, match="`discovery` must be a compiled"):
        kl.reconstruction_accuracy(make())
    with pytest.raises(ValueError, match="`discovery` must be a compiled"):
        kl.reconstruction_accuracy(make_reconstructor(3, 2))
    with pytest.raises(ValueError, match="`samples`.*at least 2"):
        kl.reconstruction_accuracy(make(compiled=True), samples=1)
