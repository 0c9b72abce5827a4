"""A ProgressiveGAN grows, fades in, and goes on where it stopped."""

import pathlib

import keras
import numpy as np
import pytest

import keras_latent as kl

DATA = pathlib.Path(__file__).parents[2] / ".." / "shared" / "data" / "tfds"
RANDOM = np.random.default_rng(0)
NOISE = RANDOM.uniform(-1, 1, (24, 16, 16, 1)).astype("float32")
LATENT = RANDOM.normal(size=(5, 6)).astype("float32")
SMALL = dict(image_size=16, channels=1, latent_dim=6, channel_base=32)
SMALL |= dict(channel_max=8, fade_steps=5, stable_steps=2, ema_momentum=0.9)


def make(**options):
    gan = kl.ProgressiveGAN(**{**SMALL, **options})
    gan.compile(jit_compile=False)
    return gan


def values(variables):
    return [np.array(variable) for variable in variables]


def assert_same(one, other):
    assert len(one) == len(other) > 0
    for a, b in zip(values(one), values(other), strict=True):
        np.testing.assert_array_equal(a, b)


class Watch(keras.callbacks.Callback):
    """Keeps the GAN at each end of an epoch; saves it once in mid-fade."""

    def __init__(self, path):
        super().__init__()
        self.path, self.seen = path, []

    def on_epoch_end(self, epoch, logs=None):
        gan, done = self.model, int(self.model.stage_step)
        self.seen.append((gan.size, done, round(float(gan.alpha), 3)))
        if (gan.size, done) == (8, 3):
            gan.save(self.path)


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A run through all stages, on Fashion-MNIST where it is there."""
    images = NOISE
    if (DATA / "fashion_mnist").exists():
        part = dict(split="test[:24]", image_size=16)
        images, _ = kl.datasets.load("fashion_mnist", DATA, **part)
        images = 2 * images - 1
    watch = Watch(tmp_path_factory.mktemp("saved") / "gan.keras")
    options = dict(batch_size=4, steps_per_epoch=3, verbose=0)
    gan, history = make().fit_stages(images, callbacks=[watch], **options)
    return images, options, watch, gan, history


def test_it_grows_from_4_to_8_to_16_pixels(run):
    images, _, watch, gan, history = run
    assert images.shape == (24, 16, 16, 1)
    assert list(history) == [4, 8, 16]
    epochs = [(4, 7, 1.0)]
    for size in (8, 16):
        epochs += [(size, 3, 0.6), (size, 6, 1.0), (size, 7, 1.0)]
    assert watch.seen == epochs
    assert [len(logs["d_loss"]) for logs in history.values()] == [1, 3, 3]
    assert np.isfinite([logs["g_loss"][-1] for logs in history.values()]).all()
    assert int(gan.step) == 2 + 7 + 7
    assert gan.sample(3).shape == (3, 16, 16, 1)
    assert int(gan.optimizer.iterations) == 7  # it begins anew in each stage


def test_the_run_was_on_real_images(run):
    if not (DATA / "fashion_mnist").exists():
        pytest.skip("no ../shared/data/tfds/fashion_mnist")
    images = run[0]
    assert images.min() == -1 and images.max() > 0.5
    assert np.mean(images[:, 0, 0] == -1) > 0.5  # corners are black


def test_it_goes_on_in_mid_stage_from_its_file(run):
    images, options, watch, gan, history = run
    loaded = keras.saving.load_model(watch.path)
    assert (loaded.size, int(loaded.stage_step)) == (8, 3)
    for network in loaded.networks:
        assert float(network.get_layer("fade_in_8").alpha) == np.float32(0.6)
    ended, continued = loaded.fit_stages(images, **options)
    assert list(continued) == [8, 16]
    for size, first in ((8, 1), (16, 0)):
        for name, expected in history[size].items():
            assert continued[size][name] == expected[first:]
    assert_same(ended.variables, gan.variables)
    assert_same(ended.optimizer.variables, gan.optimizer.variables)


@pytest.fixture(scope="module")
def grown():
    """A GAN after a step of fit, and the GAN that it has grown to."""
    gan = make(size=8)
    rate = keras.optimizers.Adam(0.02, beta_1=0.0)
    gan.compile(keras.optimizers.SGD(0.1), rate, run_eagerly=True)
    gan.fit(NOISE[:4], batch_size=4, verbose=0)
    return gan, gan.grow()


def test_a_grown_gan_draws_and_judges_as_before(grown):
    small, large = grown
    assert (small.size, large.size) == (8, 16)
    assert (int(large.stage_step), float(large.alpha)) == (0, 0.0)
    images = NOISE[:6]
    coarse = images.reshape(6, 8, 2, 8, 2, 1).mean((2, 4))
    drawn = []
    for name in ("generator", "ema_generator"):
        old = getattr(small, name)(LATENT).numpy()
        old = old.repeat(2, axis=1).repeat(2, axis=2)
        drawn.append(old)
        new = getattr(large, name)(LATENT)
        np.testing.assert_allclose(new, old, atol=1e-5)
    assert np.abs(drawn[0] - drawn[1]).max() > 1e-3
    old = small.discriminator(coarse)
    np.testing.assert_allclose(large.discriminator(images), old, atol=1e-5)
    assert np.std(old) > 1e-4


def test_growing_leaves_the_small_gan_and_makes_new_optimizers(grown):
    small, large = grown
    assert int(small.optimizer.iterations) == 1
    for name in ("g_optimizer", "d_optimizer"):
        ours, theirs = getattr(small, name), getattr(large, name)
        assert type(ours) is type(theirs) and ours is not theirs
        assert int(theirs.iterations) == 0
        assert float(theirs.learning_rate) == float(ours.learning_rate)
    assert int(large.step) == 1 and small.size == 8
    config = {**small.get_config(), "size": 16}
    assert large.get_config() == config


def test_the_average_keeps_its_momentum_of_the_weights():
    gan = make()
    before = values(gan.ema_generator.weights)
    gan.compile(run_eagerly=True)
    gan.fit(NOISE[:4], batch_size=4, verbose=0)
    after = values(gan.generator.weights)
    found = values(gan.ema_generator.weights)
    for a, b, average in zip(before, after, found, strict=True):
        np.testing.assert_allclose(average, 0.9 * a + 0.1 * b, atol=1e-6)
    moved = zip(before, after, strict=True)
    assert max(np.abs(a - b).max() for a, b in moved) > 1e-4
    assert kl.ProgressiveGAN(4, 1, 2).ema_momentum == 0.999


def test_real_images_fade_in_with_the_networks():
    gan = make(size=8)
    fine = NOISE.reshape(24, 8, 2, 8, 2, 1).mean((2, 4))
    coarse = fine.reshape(24, 4, 2, 4, 2, 1).mean((2, 4))
    coarse = coarse.repeat(2, axis=1).repeat(2, axis=2)
    for step, alpha in ((0, 0.0), (2, 0.4), (5, 1.0), (6, 1.0)):
        gan.stage_step.assign(step)
        gan.set_alpha()
        expected = alpha * fine + (1 - alpha) * coarse
        for images in (NOISE, fine):
            np.testing.assert_allclose(gan._unpack(images), expected, atol=1e-6)
        for network in gan.networks:
            found = float(network.get_layer("fade_in_8").alpha)
            assert found == pytest.approx(alpha)


def test_the_drift_of_real_scores_is_penalised():
    real, fake = np.array([1.0, 3.0]), np.array([2.0, 2.5])
    gan = kl.ProgressiveGAN(4, 1, 2, drift_weight=0.1)
    expected = fake.mean() - real.mean() + 0.1 * np.square(real).mean()
    assert float(gan.discriminator_loss(real, fake)) == pytest.approx(expected)
    assert kl.ProgressiveGAN(4, 1, 2).drift_weight == 0.001
    (penalty,) = gan.regularizers
    assert isinstance(penalty, kl.GradientPenalty) and penalty.weight == 10.0


def test_the_optimizers_are_those_of_the_paper():
    gan = make()
    for optimizer in (gan.d_optimizer, gan.g_optimizer):
        found = optimizer.get_config()
        assert found["learning_rate"] == pytest.approx(1e-3)
        assert (found["beta_1"], found["beta_2"]) == (0.0, 0.99)
        assert found["epsilon"] == 1e-8


def test_half_precision_trains_and_is_saved(tmp_path):
    logs = {}
    for dtype in ("float32", "mixed_float16"):
        gan = make(size=8, dtype=dtype)
        gan.compile(run_eagerly=True)
        found = gan.fit(NOISE[:8], batch_size=4, shuffle=False, verbose=0)
        logs[dtype] = found.history
    for name, expected in logs["float32"].items():
        np.testing.assert_allclose(
            logs["mixed_float16"][name], expected, rtol=0.1, atol=0.05
        )
    scaled = keras.optimizers.LossScaleOptimizer
    gan.save(tmp_path / "gan.keras")
    loaded = keras.saving.load_model(tmp_path / "gan.keras")
    for each in (gan, loaded, gan.grow()):
        assert isinstance(each.g_optimizer, scaled)
        assert isinstance(each.d_optimizer, scaled)
        assert each.generator.dtype_policy.name == "mixed_float16"
    assert_same(loaded.variables, gan.variables)
    assert_same(loaded.optimizer.variables, gan.optimizer.variables)


@pytest.mark.slow
def test_it_is_compiled_by_xla_as_without():
    logs = []
    for compiled in (True, False):
        gan = kl.ProgressiveGAN(**{**SMALL, "size": 8})
        gan.compile(jit_compile=compiled)
        found = gan.fit(NOISE, batch_size=8, shuffle=False, verbose=0)
        logs.append(found.history)
    for name, expected in logs[1].items():
        np.testing.assert_allclose(logs[0][name], expected, rtol=1e-3)
