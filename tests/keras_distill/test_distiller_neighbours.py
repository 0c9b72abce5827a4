"""Our losses in Keras' own Distiller; sparse optimizers in ours."""

import keras
import numpy as np
import pytest
from keras import ops

import keras_distill as kd
import keras_sparse as ks

RNG = np.random.default_rng(0)
X = RNG.normal(size=(16, 6)).astype("float32")
Y = RNG.integers(0, 2, size=16)


def numpy_of(tensor):
    return np.array(ops.convert_to_numpy(tensor))


def network(*widths, seed):
    keras.utils.set_random_seed(seed)
    names = ["hidden", "last"]
    layers = [
        keras.layers.Dense(width, name=name)
        for width, name in zip(widths, names, strict=True)
    ]
    return keras.Sequential([keras.Input((6,)), *layers])


def train(distiller, epochs=3):
    """Student's weights after some steps, all on the same batch."""
    distiller.compile(
        keras.optimizers.SGD(0.1),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        run_eagerly=True,
    )
    distiller.fit(X, Y, batch_size=16, epochs=epochs, verbose=0)
    return [numpy_of(v) for v in distiller.student.weights]


@pytest.mark.parametrize(
    "loss",
    [kd.SubclassDistillation(3.0), kd.LogitsDistillation(2.0, num_classes=2)],
    ids=lambda loss: loss.name,
)
def test_losses_of_outputs_train_alike_in_keras_distiller(loss):
    theirs = keras.distillation.Distiller(
        network(16, 4, seed=1), network(8, 4, seed=2), loss, None, 0.3
    )
    ours = kd.Distiller(
        network(16, 4, seed=1), network(8, 4, seed=2), loss, 0.7
    )
    start = [numpy_of(v) for v in ours.student.weights]
    for a, b, first in zip(train(theirs), train(ours), start, strict=True):
        np.testing.assert_allclose(a, b, atol=1e-6)
        assert np.abs(a - first).max() > 1e-3


# On JAX their feature extractor warns of a list of inputs of its own.
@pytest.mark.filterwarnings("ignore:(?s).*structure of `inputs`:UserWarning")
def test_features_of_fitting_width_train_alike_in_keras_distiller():
    loss = kd.PenultimateDistillation(8, "hidden", "hidden")
    theirs = keras.distillation.Distiller(
        network(16, 4, seed=1), network(8, 4, seed=2), loss
    )
    ours = kd.Distiller(network(16, 4, seed=1), network(8, 4, seed=2), loss)
    ours.adapters[0].matrix.assign(np.eye(8))
    for a, b in zip(train(theirs, 1), train(ours, 1), strict=True):
        np.testing.assert_allclose(a, b, atol=1e-6)


def test_keras_distiller_needs_the_names_of_the_layers():
    loss = kd.PenultimateDistillation(8)
    models = network(16, 4, seed=1), network(8, 4, seed=2)
    message = "`teacher_layer='hidden'` and `student_layer='hidden'`"
    with pytest.raises(ValueError, match=message):
        keras.distillation.Distiller(*models, loss)


def test_a_sparse_student_is_distilled_in_one_fit(tmp_path):
    teacher, student = network(16, 4, seed=1), network(8, 4, seed=2)
    before = [numpy_of(v) for v in teacher.weights]
    losses = [kd.SubclassDistillation(), kd.PenultimateDistillation(4)]
    distiller = kd.Distiller(teacher, student, losses)
    inner = keras.optimizers.Adam(0.01)
    method = ks.RigL(0.5, "uniform", update_every=2, update_until=8)
    distiller.compile(
        ks.SparseOptimizer(inner, method),
        kd.SubclassCrossentropy(2, diversity_weight=0.0),
        run_eagerly=True,
    )
    start = distiller.fit(X, Y, batch_size=8, verbose=0).history["loss"]
    masks = ks.masks(distiller)
    logs = distiller.fit(X, Y, batch_size=8, epochs=8, verbose=0).history
    assert logs["loss"][-1] < start[0]
    kernels = [student.layers[0].kernel, student.layers[1].kernel]
    assert set(masks) == {kernel.path for kernel in kernels}
    moved = ks.masks(distiller)
    assert any((masks[path] != moved[path]).any() for path in masks)
    for kernel in kernels:
        alive = moved[kernel.path]
        assert not numpy_of(kernel)[~alive].any()
    zeros = sum((~mask).sum() for mask in moved.values())
    assert zeros == 0.5 * sum(mask.size for mask in moved.values())
    for variable, value in zip(teacher.weights, before, strict=True):
        np.testing.assert_array_equal(numpy_of(variable), value)
    distiller.save(tmp_path / "sparse.keras")
    loaded = keras.saving.load_model(tmp_path / "sparse.keras")
    reloaded = ks.masks(loaded).values()
    for mask, expected in zip(reloaded, moved.values(), strict=True):
        np.testing.assert_array_equal(mask, expected)
    again = [d.evaluate(X, Y, verbose=0) for d in (loaded, distiller)]
    np.testing.assert_array_equal(*again)
