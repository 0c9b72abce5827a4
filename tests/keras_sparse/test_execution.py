"""Compiled, or several steps at a time: the same masks and losses."""

import keras
import numpy as np
import pytest
from keras import layers, optimizers

import keras_sparse as ks

BATCH = 8
METHODS = {
    "set": lambda: ks.SET(0.6, update_every=3, update_until=100),
    "rigl": lambda: ks.RigL(0.6, update_every=3),
    "global": lambda: ks.MagnitudePruning(
        ks.ConstantSparsity(0.7, 6), scope="global"
    ),
    "snfs": lambda: ks.SNFS(0.6, update_every=3, update_until=100),
    "dsr": lambda: ks.DSR(
        0.6, update_every=3, threshold=0.1, target_fraction=0.3
    ),
    "deepr": lambda: ks.DeepR(0.6, l1=0.05, temperature=1e-3),
    "granet": lambda: ks.GraNet(0.5, 0.8, 2, 11, update_every=3),
    "top_kast": lambda: ks.TopKAST(0.6, 0.3),
    "acdc": lambda: ks.ACDC(0.6, 4, 4, compress_from=16),
    "srigl": lambda: ks.RigL(
        0.6, update_every=3, pattern=ks.ConstantFanIn(0.3)
    ),
}
INNER = {
    "adam": lambda: optimizers.Adam(0.01),
    "accumulating": lambda: optimizers.Adam(
        0.01, gradient_accumulation_steps=3
    ),
}


def compiled(optimizer, **arguments):
    keras.utils.set_random_seed(3)
    hidden = layers.Dense(16, activation="relu", name="hidden")
    stack = [keras.Input((10,)), hidden, layers.Dense(3, name="out")]
    model = keras.Sequential(stack, name="m")
    model.compile(
        optimizer, **{"loss": "mse", "jit_compile": False, **arguments}
    )
    return model


def fit(model, epochs=3):
    generator = np.random.default_rng(0)
    x = generator.normal(size=(8 * BATCH, 10)).astype("float32")
    y = (x @ generator.normal(size=(10, 3))).astype("float32")
    options = dict(batch_size=BATCH, epochs=epochs, shuffle=False, verbose=0)
    return model.fit(x, y, **options).history["loss"]


@pytest.mark.skipif(
    keras.backend.backend() == "torch", reason="Keras refuses it on PyTorch"
)
@pytest.mark.parametrize(
    "method", ["rigl", "global", pytest.param("set", marks=pytest.mark.slow)]
)
def test_steps_per_execution_changes_nothing(method):
    one, four = (
        compiled(
            ks.SparseOptimizer("adam", METHODS[method]()),
            steps_per_execution=steps,
        )
        for steps in (1, 4)
    )
    np.testing.assert_allclose(fit(one), fit(four), rtol=1e-5)
    for path, mask in ks.masks(one).items():
        np.testing.assert_array_equal(ks.masks(four)[path], mask)


@pytest.mark.filterwarnings("ignore:Dynamo detected a call:UserWarning")
@pytest.mark.parametrize(
    "inner, method",
    [
        pytest.param("adam", "set", marks=pytest.mark.slow),
        ("adam", "rigl"),
        ("adam", "srigl"),
        ("accumulating", "top_kast"),
        pytest.param("accumulating", "rigl", marks=pytest.mark.slow),
        *[
            pytest.param("adam", name, marks=pytest.mark.slow)
            for name in ("global", "dsr", "snfs", "deepr", "granet", "acdc")
        ],
    ],
)
def test_jit_compile_changes_nothing(inner, method, check_masked):
    models = [
        compiled(
            ks.SparseOptimizer(INNER[inner](), METHODS[method]()),
            jit_compile=jit_compile,
        )
        for jit_compile in (False, True)
    ]
    losses = [fit(model) for model in models]
    np.testing.assert_allclose(*losses, rtol=1e-4)
    check_masked(models[1])
    for path, mask in ks.masks(models[0]).items():
        np.testing.assert_array_equal(ks.masks(models[1])[path], mask)


@pytest.mark.parametrize(
    "policy",
    ["mixed_bfloat16", pytest.param("mixed_float16", marks=pytest.mark.slow)],
)
def test_half_precision_keeps_masks_exact(policy, check_masked):
    keras.config.set_dtype_policy(policy)
    try:
        model = compiled(ks.SparseOptimizer("adam", METHODS["rigl"]()))
    finally:
        keras.config.set_dtype_policy("float32")
    losses = fit(model, 1)
    start = ks.masks(model)
    losses += fit(model, 2)
    assert losses[-1] < losses[0]
    check_masked(model)
    for path, mask in ks.masks(model).items():
        assert mask.sum() == start[path].sum()
    assert any((start[p] != m).any() for p, m in ks.masks(model).items())
