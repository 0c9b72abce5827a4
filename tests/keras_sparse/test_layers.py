"""`fit` keeps every kind of model sparse after each step, and only there."""

import math

import keras
import numpy as np
import pytest
from keras import layers, ops

import keras_sparse as ks
from keras_sparse import distributions

STEPS, BATCH = 8, 4


def images():
    inputs = keras.Input((8, 8, 3))
    hidden = layers.Conv2D(6, 3, padding="same")(inputs)
    hidden = layers.ReLU()(layers.BatchNormalization()(hidden))
    hidden = layers.DepthwiseConv2D(3, name="dw")(hidden)
    hidden = layers.SeparableConv2D(8, 3, activation="relu")(hidden)
    hidden = layers.GlobalAveragePooling2D()(hidden)
    return keras.Model(inputs, layers.Dense(3)(hidden), name="images")


def sequences():
    return keras.Sequential(
        [
            keras.Input((6,), dtype="int32"),
            layers.Embedding(20, 8),
            layers.Conv1D(8, 3, padding="same"),
            layers.LSTM(6),
            layers.Dense(3),
        ],
        name="sequences",
    )


class Attention(keras.Model):
    def __init__(self):
        super().__init__(name="attention")
        self.project = layers.EinsumDense("abc,cd->abd", (6, 8), bias_axes="d")
        self.attention = layers.MultiHeadAttention(2, 4)
        self.norm = layers.LayerNormalization()
        self.pool = layers.GlobalAveragePooling1D()
        self.out = layers.Dense(3)

    def call(self, inputs):
        hidden = self.project(inputs)
        hidden = self.norm(hidden + self.attention(hidden, hidden))
        return self.out(self.pool(hidden))


MODELS = {
    "functional": (images, (8, 8, 3)),
    "sequential": (sequences, (6,)),
    "subclassed": (Attention, (6, 5)),
}
METHODS = {
    "static": lambda: ks.Static(0.7),
    "set": lambda: ks.SET(0.7, update_every=2),
    "rigl": lambda: ks.RigL(0.7, update_every=3, update_until=8),
    "pruning": lambda: ks.MagnitudePruning(
        ks.PolynomialDecay(0.2, 0.8, begin_step=1, end_step=7, frequency=2)
    ),
    "global": lambda: ks.MagnitudePruning(
        ks.ConstantSparsity(0.6, begin_step=3), scope="global"
    ),
}


def data(shape, seed=0):
    generator = np.random.default_rng(seed)
    x = generator.normal(size=(STEPS * BATCH, *shape)).astype("float32")
    if shape == (6,):
        x = generator.integers(0, 20, x.shape)
    return x, generator.normal(size=(STEPS * BATCH, 3)).astype("float32")


def to_numpy(variable):
    return np.array(ops.convert_to_numpy(variable))


def expected_counts(name, sizes, shapes, steps_done):
    """Live weights per path by the published formulas; float32 as ours."""
    if name == "pruning":
        last_due = (steps_done - 1) // 2 * 2 + 1
        left = 1 - min((last_due - 1) / 6, 1)
        sparsity = np.float32(0.8 + (0.2 - 0.8) * left**3)
        kept = {p: (1 - sparsity) * np.float32(n) for p, n in sizes.items()}
        return {p: max(1, int(np.round(share))) for p, share in kept.items()}
    sparsities = distributions.erdos_renyi_kernel(shapes, 0.7)
    return {p: n - math.floor(sparsities[p] * n) for p, n in sizes.items()}


COMBINATIONS = [
    pytest.param(
        kind,
        method,
        marks=[]
        if method in ("rigl", "set") or kind == "functional"
        else pytest.mark.slow,
    )
    for kind in MODELS
    for method in METHODS
]


@pytest.mark.parametrize("kind, method", COMBINATIONS)
def test_counts_and_zeros_are_exact_after_every_step(
    each_step, check_masked, kind, method
):
    make, shape = MODELS[kind]
    keras.utils.set_random_seed(2)
    model = make()
    x, y = data(shape)
    model(x[:1])
    start = {v.path: to_numpy(v) for v in model.trainable_variables}
    model.compile(
        ks.SparseOptimizer(keras.optimizers.Adam(0.01), METHODS[method]()),
        loss="mse",
        jit_compile=False,
    )

    def check(model, steps_done):
        check_masked(model)
        masks = ks.masks(model)
        counts = {path: int(mask.sum()) for path, mask in masks.items()}
        sizes = {path: mask.size for path, mask in masks.items()}
        if method == "global":
            total = sum(sizes.values())
            kept = round(np.float32(total * 0.4)) if steps_done > 2 else total
            assert sum(counts.values()) == kept
        else:
            shapes = {path: mask.shape for path, mask in masks.items()}
            assert counts == expected_counts(method, sizes, shapes, steps_done)
        assert int(model.optimizer.iterations) == steps_done

    model.fit(
        x,
        y,
        batch_size=BATCH,
        shuffle=False,
        verbose=0,
        callbacks=[each_step(check)],
    )
    masks = ks.masks(model)
    for variable in model.trainable_variables:
        value = to_numpy(variable)
        changed = value != start[variable.path]
        if variable.path in masks:
            mask = masks[variable.path]  # "global" may empty a layer
            assert changed[mask].any() or not mask.any()
        elif not variable.path.endswith("key/bias"):  # softmax ignores it
            assert changed.mean() > 0.5, variable.path
            if "dw/" in variable.path or "depthwise" in variable.path:
                assert value.all()


def test_masks_move_at_the_steps_that_the_method_says(each_step):
    for name, expected in [("rigl", [4, 7]), ("set", [2, 4, 6, 8])]:
        model = keras.Sequential([keras.Input((40,)), layers.Dense(3)])
        x, y = data((40,))
        optimizer = ks.SparseOptimizer("adam", METHODS[name]())
        model.compile(optimizer, loss="mse", jit_compile=False)
        seen, moved = [], []

        def check(model, steps_done, seen=seen, moved=moved):
            masks = np.concatenate(
                [m.ravel() for m in ks.masks(model).values()]
            )
            if seen and (masks != seen[-1]).any():
                moved.append(steps_done)
            seen.append(masks)

        model.fit(
            x,
            y,
            batch_size=BATCH,
            verbose=0,
            callbacks=[each_step(check)],
        )
        # RigL is asked before a step is counted, SET after.
        assert moved == expected


def test_constraints_and_regularisers_leave_zeros_alone(check_masked):
    make_dense = {
        "kernel_constraint": keras.constraints.MinMaxNorm(1.0, 2.0, axis=0),
        "kernel_regularizer": keras.regularizers.L2(0.1),
    }
    model = keras.Sequential(
        [keras.Input((5,)), layers.Dense(8, **make_dense), layers.Dense(3)]
    )
    model.compile(ks.SparseOptimizer("sgd", METHODS["rigl"]()), loss="mse")
    model.fit(*data((5,)), batch_size=BATCH, verbose=0)
    check_masked(model)


def test_rigl_grows_where_the_dense_gradient_is_largest():
    x, y = data((5,))
    model = keras.Sequential(
        [keras.Input((5,)), layers.Dense(3, use_bias=False)]
    )
    kernel = model.layers[0].kernel
    mask = np.random.default_rng(1).random((5, 3)) < 0.5
    method = ks.RigL(0.5, update_from=0, drop_fraction=0.4)
    optimizer = ks.sparsify(model, "sgd", method, masks={kernel.path: mask})
    weight = to_numpy(kernel)
    gradient = x[:8].T @ (x[:8] @ weight - y[:8]) * 2 / y[:8].size
    model.compile(optimizer, loss="mse")
    model.train_on_batch(x[:8], y[:8])
    order = np.argsort(-np.where(mask, abs(weight), -1).ravel())
    moved = int(0.4 * mask.sum())
    expected = np.zeros(15, bool)
    expected[order[: mask.sum() - moved]] = True
    score = np.where(expected, -1, abs(gradient).ravel())
    expected[np.argsort(-score)[:moved]] = True
    found = optimizer.masks[kernel.path].ravel()
    np.testing.assert_array_equal(found, expected)
