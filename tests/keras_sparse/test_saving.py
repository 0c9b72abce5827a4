"""A `.keras` file holds all of a sparse training; it goes on unchanged."""

import subprocess
import sys

import keras
import numpy as np
import pytest
from keras import layers, ops, optimizers

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
    x = generator.normal(size=(5 * BATCH, 10)).astype("float32")
    return x, (x @ generator.normal(size=(10, 3))).astype("float32")


def compiled(optimizer, make=functional, **arguments):
    keras.utils.set_random_seed(3)
    model = make()
    model.compile(optimizer, **{"loss": "mse", "jit_compile": False, **arguments})
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
    ("adam", "rigl", subclassed),
    ("adam", "set", subclassed),
    ("adam", "set", sequential),
]


@pytest.mark.parametrize("inner, method, make", RESUMED)
def test_resuming_from_a_file_gives_identical_losses(
    tmp_path, inner, method, make
):
    def start():
        optimizer = ks.SparseOptimizer(INNER[inner](), METHODS[method]())
        return compiled(optimizer, make)

    whole = start()
    losses = fit(whole, EPOCHS)
    half = start()
    before = fit(half, EPOCHS // 2)
    resumed = reloaded(half, tmp_path / "half.keras")
    assert_same(resumed, half)
    assert before + fit(resumed, EPOCHS // 2) == losses
    assert_same(resumed, whole)
    assert losses[-1] < losses[0]


def test_resuming_with_mixed_precision_gives_identical_losses(tmp_path):
    keras.config.set_dtype_policy("mixed_float16")
    try:
        whole, half = (
            compiled(
                ks.SparseOptimizer("adam", METHODS["rigl"]()),
                jit_compile=keras.backend.backend() == "jax",  # else slow
            )
            for _ in range(2)
        )
        losses = fit(whole, EPOCHS)
        before = fit(half, EPOCHS // 2)
        resumed = reloaded(half, tmp_path / "half.keras")
    finally:
        keras.config.set_dtype_policy("float32")
    for model in (half, resumed):
        assert isinstance(model.optimizer, optimizers.LossScaleOptimizer)
    assert_same(resumed, half)
    assert before + fit(resumed, EPOCHS // 2) == losses
    assert_same(resumed, whole)


@pytest.mark.parametrize("make", [functional, subclassed, sequential])
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
    assert watch.steps == 5


@pytest.mark.parametrize(
    "filters", [lambda path: "hidden" in path, "hidden", ["hidden"]]
)
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


WITHOUT_US = """
import sys
import keras
import numpy as np

model = keras.models.load_model(sys.argv[1], compile=False)
assert not [name for name in sys.modules if name.startswith("keras_sparse")]
x = np.load(sys.argv[2])
np.save(sys.argv[3], model.predict(x, verbose=0))
"""


def test_a_model_without_its_optimizer_loads_without_this_package(tmp_path):
    model = compiled(ks.SparseOptimizer("adam", METHODS["rigl"]()))
    fit(model, 1)
    x, paths = data()[0], [tmp_path / n for n in ("m.keras", "x.npy", "y.npy")]
    model.save(paths[0])
    np.save(paths[1], x)
    command = [sys.executable, "-c", WITHOUT_US, *map(str, paths)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    expected = model.predict(x, verbose=0)
    np.testing.assert_allclose(np.load(paths[2]), expected, rtol=1e-6)


class Crash(keras.callbacks.Callback):
    def on_epoch_end(self, epoch, logs=None):
        if epoch == 1:
            raise RuntimeError("crash")


@pytest.mark.parametrize("method", ["rigl", "layer"])
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


@pytest.mark.parametrize("method", METHODS)
def test_steps_per_execution_changes_nothing(method):
    one, four = (
        compiled(
            ks.SparseOptimizer("adam", METHODS[method]()),
            steps_per_execution=steps,
        )
        for steps in (1, 5)
    )
    np.testing.assert_allclose(fit(one, 3), fit(four, 3), rtol=1e-5)
    for path, mask in ks.masks(one).items():
        np.testing.assert_array_equal(ks.masks(four)[path], mask)


@pytest.mark.parametrize(
    "inner, method",
    [*[("adam", method) for method in METHODS], ("accumulating", "rigl")],
)
def test_jit_compile_changes_nothing(inner, method, check_masked):
    models = [
        compiled(
            ks.SparseOptimizer(INNER[inner](), METHODS[method]()),
            jit_compile=jit_compile,
        )
        for jit_compile in (False, True)
    ]
    losses = [fit(model, 3) for model in models]
    np.testing.assert_allclose(*losses, rtol=1e-4)
    check_masked(models[1])
    for path, mask in ks.masks(models[0]).items():
        np.testing.assert_array_equal(ks.masks(models[1])[path], mask)


@pytest.mark.skipif(
    keras.backend.backend() != "tensorflow", reason="tf.saved_model"
)
def test_export_of_a_sparse_model_is_an_ordinary_saved_model(tmp_path):
    import tensorflow as tf

    model = compiled(ks.SparseOptimizer("adam", METHODS["rigl"]()))
    fit(model, 1)
    model.export(tmp_path / "exported", verbose=False)
    restored = tf.saved_model.load(tmp_path / "exported")
    x = data()[0]
    np.testing.assert_allclose(
        restored.serve(x).numpy(), model.predict(x, verbose=0), rtol=1e-5
    )
    assert len(restored.variables) == len(model.variables)


def test_weights_load_into_a_new_model(tmp_path):
    model = compiled(ks.SparseOptimizer("adam", METHODS["rigl"]()))
    fit(model, 2)
    model.save_weights(tmp_path / "model.weights.h5")
    plain = functional()
    plain.load_weights(tmp_path / "model.weights.h5", skip_mismatch=False)
    for path, mask in ks.masks(model).items():
        kernel = {v.path: v for v in plain.trainable_variables}[path]
        assert not ops.convert_to_numpy(kernel)[~mask].any()
