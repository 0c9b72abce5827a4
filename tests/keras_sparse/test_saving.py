"""A `.keras` file holds all of a sparse training; it goes on unchanged."""

import keras
import numpy as np
import pytest
from keras import layers, optimizers

import keras_sparse as ks

EPOCHS, BATCH = 4, 8
METHODS = {
    "static": lambda: ks.Static(0.6),
    "set": lambda: ks.SET(0.6, update_every=3, update_until=100),
    "rigl": lambda: ks.RigL(0.6, update_every=3),
    "layer": lambda: ks.MagnitudePruning(
        ks.PolynomialDecay(0.1, 0.8, 2, 14, frequency=3)
    ),
    "global": lambda: ks.MagnitudePruning(
        ks.ConstantSparsity(0.7, 6), scope="global"
    ),
}
INNER = {
    "adam": lambda: optimizers.Adam(0.01),
    "momentum": lambda: optimizers.SGD(0.05, momentum=0.9),
    "accumulating": lambda: optimizers.Adam(
        0.01, gradient_accumulation_steps=3
    ),
}


@keras.saving.register_keras_serializable(package="keras_sparse_tests")
class Subclassed(keras.Model):
    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.hidden = layers.Dense(16, activation="relu", name="hidden")
        self.out = layers.Dense(3, name="out")

    def call(self, inputs):
        return self.out(self.hidden(inputs))


def functional():
    inputs = keras.Input((10,))
    hidden = layers.Dense(16, activation="relu", name="hidden")(inputs)
    outputs = layers.Dense(3, name="out", dtype="float32")(hidden)
    return keras.Model(inputs, outputs, name="m")


def subclassed():
    return Subclassed(name="m")


def sequential():
    hidden = layers.Dense(16, activation="relu", name="hidden")
    stack = [keras.Input((10,)), hidden, layers.Dense(3, name="out")]
    return keras.Sequential(stack, name="m")


def data():
    generator = np.random.default_rng(0)
    x = generator.normal(size=(8 * BATCH, 10)).astype("float32")
    return x, (x @ generator.normal(size=(10, 3))).astype("float32")


def compiled(optimizer, make=functional, **arguments):
    keras.utils.set_random_seed(3)
    model = make()
    model.compile(
        optimizer, **{"loss": "mse", "jit_compile": False, **arguments}
    )
    return model


def fit(model, epochs, callbacks=()):
    x, y = data()
    return model.fit(
        x,
        y,
        batch_size=BATCH,
        epochs=epochs,
        shuffle=False,
        verbose=0,
        callbacks=list(callbacks),
    ).history["loss"]


def reloaded(model, path):
    model.save(path)
    return keras.models.load_model(path)


def weights(model):
    return [np.array(value) for value in model.get_weights()]


def assert_same(first, second):
    for found, expected in zip(weights(first), weights(second), strict=True):
        np.testing.assert_array_equal(found, expected)
    # By order: loaded, only a functional model keeps its variables' paths.
    found, expected = ks.masks(first), ks.masks(second)
    assert found
    for mask, other in zip(found.values(), expected.values(), strict=True):
        np.testing.assert_array_equal(mask, other)


RESUMED = [
    *[("adam", method, functional) for method in METHODS],
    ("momentum", "rigl", functional),
    ("accumulating", "rigl", functional),
    ("adam", "set", subclassed),
    pytest.param("adam", "rigl", subclassed, marks=pytest.mark.slow),
    pytest.param("adam", "set", sequential, marks=pytest.mark.slow),
]


@pytest.mark.parametrize("inner, method, make", RESUMED)
def test_resuming_from_a_file_gives_identical_losses(
    tmp_path, inner, method, make
):
    optimizer = ks.SparseOptimizer(INNER[inner](), METHODS[method]())
    model = compiled(optimizer, make)
    before = fit(model, 2)
    resumed = reloaded(model, tmp_path / "half.keras")
    assert_same(resumed, model)
    after = fit(resumed, 2)
    assert after == fit(model, 2)
    assert_same(resumed, model)
    assert after[-1] < before[0]


def test_resuming_with_mixed_precision_gives_identical_losses(tmp_path):
    keras.config.set_dtype_policy("mixed_float16")
    try:
        model = compiled(
            ks.SparseOptimizer("adam", METHODS["rigl"]()),
            jit_compile=keras.backend.backend() == "jax",  # else slow
        )
        fit(model, 2)
        resumed = reloaded(model, tmp_path / "half.keras")
    finally:
        keras.config.set_dtype_policy("float32")
    for either in (model, resumed):
        assert isinstance(either.optimizer, optimizers.LossScaleOptimizer)
    assert_same(resumed, model)
    assert fit(resumed, 2) == fit(model, 2)
    assert_same(resumed, model)


@pytest.mark.parametrize("make", [functional, subclassed])
def test_an_untrained_model_can_be_saved_and_trained_later(tmp_path, make):
    model = compiled(ks.SparseOptimizer("adam", METHODS["rigl"]()), make)
    model(data()[0][:1])
    later = reloaded(model, tmp_path / "new.keras")
    assert not later.optimizer.masks  # the weights come from the file first
    assert len(fit(later, 2)) == 2
    if make is functional:  # others lose names, from which masks are drawn
        fit(model, 2)
        assert_same(later, model)


def test_an_untrained_model_trains_sparse_from_the_first_step(
    tmp_path, each_step, check_masked
):
    model = compiled(ks.SparseOptimizer("adam", METHODS["rigl"]()))
    later = reloaded(model, tmp_path / "new.keras")
    watch = each_step(lambda model, step: check_masked(model))
    fit(later, 1, [watch])
    assert watch.steps == 8


@pytest.mark.parametrize("filters", [lambda path: "hidden" in path, ["hidden"]])
def test_filters_survive_a_file(tmp_path, filters):
    optimizer = ks.SparseOptimizer("adam", METHODS["rigl"](), filters=filters)
    model = compiled(optimizer)
    fit(model, 1)
    resumed = reloaded(model, tmp_path / "model.keras")
    assert list(ks.masks(resumed)) == ["hidden/kernel"]
    assert fit(resumed, 1) == fit(model, 1)
    assert_same(resumed, model)


def test_given_masks_survive_a_file(tmp_path):
    model = functional()
    mask = np.random.default_rng(1).random((16, 3)) < 0.3
    optimizer = ks.sparsify(
        model, "adam", METHODS["rigl"](), masks={"out/kernel": mask}
    )
    np.testing.assert_array_equal(optimizer.masks["out/kernel"], mask)
    model.compile(optimizer, loss="mse", jit_compile=False)
    fresh = reloaded(model, tmp_path / "fresh.keras")
    assert_same(fresh, model)
    fit(model, 1)
    resumed = reloaded(model, tmp_path / "model.keras")
    assert list(ks.masks(resumed)) == ["out/kernel"]
    assert fit(resumed, 1) == fit(model, 1)
    assert_same(resumed, model)
    assert ks.masks(model)["out/kernel"].sum() == mask.sum()


class Crash(keras.callbacks.Callback):
    def on_epoch_end(self, epoch, logs=None):
        if epoch == 1:
            raise RuntimeError("crash")


@pytest.mark.parametrize(
    "method", ["rigl", pytest.param("layer", marks=pytest.mark.slow)]
)
def test_backup_and_restore_continues_after_a_crash(tmp_path, method):
    def start():
        return compiled(ks.SparseOptimizer("adam", METHODS[method]()))

    whole = start()
    losses = fit(whole, EPOCHS)
    backup = keras.callbacks.BackupAndRestore(tmp_path / "backup")
    with pytest.raises(RuntimeError, match="crash"):
        fit(start(), EPOCHS, [backup, Crash()])
    restored = start()
    backup = keras.callbacks.BackupAndRestore(tmp_path / "backup")
    assert fit(restored, EPOCHS, [backup]) == losses[2:]
    assert_same(restored, whole)
