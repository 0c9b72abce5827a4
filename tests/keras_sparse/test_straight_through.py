"""STE and Top-KAST: what the model sees, and what trains unseen."""

import re

import keras
import numpy as np
import pytest
from keras import ops

import keras_sparse as ks
from keras_sparse.method import SparseWeight
from keras_sparse.straight_through import STE, TopKAST

METHODS = [STE(0.6), TopKAST(0.6, 0.3, "uniform")]
METHODS += [TopKAST(0.6, 0.3, "uniform", update_every=3)]
every_method = pytest.mark.parametrize("method", METHODS, ids=repr)


def targets(optimizer):
    return optimizer._state.targets.values()


def numpy_of(variable):
    return np.array(ops.convert_to_numpy(variable))


def layer(kernel):
    """A Dense(1) without bias on 8 inputs."""
    dense = keras.layers.Dense(1, use_bias=False, name="a")
    model = keras.Sequential([keras.Input((8,)), dense])
    model.set_weights([np.reshape(kernel, (8, 1))])
    return model


WEIGHTS = [4, -3, 0.5, 2, 0.25, -1, 0.125, 0]
GRADIENT = [1, 1, -16, 1, 1, 1, -4, 8]


def step(method):
    """One step of SGD at rate 0.25 by hand; returns seen and dormant."""
    model = layer(WEIGHTS)
    optimizer = ks.sparsify(model, keras.optimizers.SGD(0.25), method)
    seen = model.get_weights()[0].ravel()
    np.testing.assert_array_equal(seen, [4, -3, 0, 2, 0, -1, 0, 0])
    gradient = np.reshape(GRADIENT, (8, 1)).astype("float32")
    optimizer.apply([ops.convert_to_tensor(gradient)])
    dormant = numpy_of(next(iter(targets(optimizer))).dormant)
    return model.get_weights()[0].ravel().tolist(), dormant.ravel().tolist()


def test_ste_by_hand():
    # All weights train: dense minus gradient / 4; then the largest four.
    seen, dense = step(STE(0.5, "uniform"))
    assert dense == [3.75, -3.25, 4.5, 1.75, 0, -1.25, 1.125, -2]
    assert seen == [3.75, -3.25, 4.5, 0, 0, 0, 0, -2]


def test_top_kast_by_hand():
    # The six largest train; 0.125 and 0 keep their values.
    seen, dense = step(TopKAST(0.5, 0.25, "uniform", penalty=0))
    assert dense == [3.75, -3.25, 4.5, 1.75, 0, -1.25, 0.125, 0]
    assert seen == [3.75, -3.25, 4.5, 1.75, 0, 0, 0, 0]


def test_the_penalty_is_stronger_outside_the_model_and_spares_what_rests():
    weight = SparseWeight(
        "a",
        ops.array([2.0, 2.0, 2.0]),
        ops.array([True, False, False]),
        ops.array([1.0, 1.0, 1.0]),
        {"trained": ops.array([1.0, 1.0, 0.0])},
    )
    found = TopKAST(0.75, 0.5, penalty=0.5).visible_gradient(weight)
    # gradient + penalty * weight, times 1 / (1 - 0.75) outside the mask
    assert ops.convert_to_numpy(found).tolist() == [2.0, 5.0, 0.0]


@every_method
def test_counts_and_sets_hold_at_every_step(bench, method):
    sut = bench(keras.optimizers.Adam(0.1), method)
    expected = {p: m.sum() for p, m in sut.optimizer.masks.items()}
    moved = False
    for seed in range(9):
        before = sut.optimizer.masks
        sut.step(sut.gradients(seed))
        for target in targets(sut.optimizer):
            mask, value = numpy_of(target.mask), numpy_of(target.variable)
            dormant = numpy_of(target.dormant)
            assert mask.sum() == expected[target.name]
            assert not value[~mask].any() and dormant[~mask].any()
            np.testing.assert_array_equal(value[mask], dormant[mask])
            moved |= (mask != before[target.name]).any()
            if "trained" in target.memory:
                trained = numpy_of(target.memory["trained"]) > 0
                assert trained[mask].all()
                assert expected[target.name] < trained.sum() < mask.size
    assert moved


def test_slots_of_dormant_weights_go_on(bench):
    sut = bench(keras.optimizers.SGD(0.1, momentum=0.9), STE(0.6))
    sut.step(sut.gradients(0))
    gradients = sut.gradients(0)
    for (_, _, (momentum,)), gradient in zip(
        sut.snapshot().values(), gradients, strict=True
    ):
        np.testing.assert_allclose(momentum, -0.1 * gradient, rtol=1e-6)


def test_ste_equals_dense_training_where_the_loss_ignores_the_mask(bench):
    # With gradients that do not depend on the weights, the dense weights
    # behind STE are those of the same optimizer without it.
    sut = bench(keras.optimizers.AdamW(0.1, weight_decay=0.1), STE(0.6))
    plain = keras.optimizers.AdamW(0.1, weight_decay=0.1)
    twins = [
        keras.Variable(target.dormant, name=f"twin_{i}")
        for i, target in enumerate(targets(sut.optimizer))
    ]
    for seed in range(5):
        gradients = sut.gradients(seed)
        sut.step(gradients)
        kernels = [ops.array(gradients[0]), ops.array(gradients[2])]
        plain.apply(kernels, twins)
    for target, twin in zip(targets(sut.optimizer), twins, strict=True):
        np.testing.assert_allclose(
            numpy_of(target.dormant), numpy_of(twin), rtol=1e-5, atol=1e-6
        )


def test_weights_that_are_set_by_hand_stay_where_they_are_live(bench):
    sut = bench(keras.optimizers.SGD(0.0), STE(0.6))
    sut.model.set_weights([7 * np.ones(v.shape) for v in sut.variables])
    sut.step(sut.gradients(0))
    for target in targets(sut.optimizer):
        value, mask = numpy_of(target.variable), numpy_of(target.mask)
        assert (value[mask] == 7).all() and not value[~mask].any()


@pytest.mark.parametrize(
    "act, message",
    [
        (lambda: STE(1.0), "`sparsity` must be a number in [0, 1)"),
        (lambda: STE(0.5, update_every=0), "`update_every` must be an integer"),
        (
            lambda: TopKAST(0.5, 0.8),
            "`backward_sparsity` must not be above `sparsity`, for all weights "
            "that the model sees train. Received: sparsity=0.5, "
            "backward_sparsity=0.8. Lower it.",
        ),
        (
            lambda: TopKAST(0.5, 0.2, penalty=-1),
            "`penalty` must be a number from 0. Received: penalty=-1.",
        ),
    ],
)
def test_bad_arguments(act, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        act()


def test_a_model_without_values_is_refused():
    model = keras.Sequential([keras.layers.Dense(3)])
    model.compile(ks.SparseOptimizer("sgd", STE(0.5)), "mse")
    if keras.backend.backend() != "tensorflow":
        pytest.skip("only TensorFlow builds inside the traced step")
    with pytest.raises(ValueError, match="`model` must be built before"):
        model.fit(np.ones((4, 8)), np.ones((4, 3)), verbose=0)
