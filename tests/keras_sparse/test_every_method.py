"""One table: every method on real kinds of models, with their optimizers.

Each row trains by `fit`, keeps its law at every step, and goes on from a file
with the same losses.
"""

import json

import keras
import numpy as np
import pytest
from keras import layers, optimizers
from method_table import BEFORE_TRAINING, METHODS, SOON

import keras_sparse as ks

STEPS, BATCH = 6, 8  # per epoch; two epochs, then two more


def conv_net():
    inputs = keras.Input((8, 8, 4))
    x = layers.Conv2D(8, 3, padding="same", use_bias=False)(inputs)
    x = layers.ReLU()(layers.BatchNormalization()(x))
    x = layers.DepthwiseConv2D(3, padding="same")(x)
    x = layers.SeparableConv2D(8, 3, activation="relu")(x)
    x = layers.GlobalAveragePooling2D()(x)
    return keras.Model(inputs, layers.Dense(4)(x)), (8, 8, 4)


def transformer():
    inputs = keras.Input((6,), dtype="int32")
    x = layers.Embedding(12, 8)(inputs)
    attended = layers.MultiHeadAttention(4, 4)(x, x)
    x = layers.LayerNormalization()(x + attended)
    x = layers.LayerNormalization()(x + layers.Dense(8, "gelu")(x))
    return keras.Model(inputs, layers.Dense(4)(x[:, 0])), (6,)


@keras.saving.register_keras_serializable(package="keras_sparse_tests")
class Recurrent(keras.Model):
    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.cell = layers.LSTM(8, name="cell")
        self.out = layers.Dense(4, name="out")

    def build(self, shape):
        self.cell.build(shape)
        self.out.build((None, 8))

    def call(self, inputs):
        return self.out(self.cell(inputs))


def recurrent():
    model = Recurrent()
    model.build((None, 5, 8))
    return model, (5, 8)


MODELS = {f.__name__: f for f in (conv_net, transformer, recurrent)}
OPTIMIZERS = {
    "nesterov": lambda: optimizers.SGD(0.02, momentum=0.9, nesterov=True),
    "adam": lambda: optimizers.Adam(0.01, clipnorm=1.0),
    "adamw": lambda: optimizers.AdamW(0.01, weight_decay=0.01, use_ema=True),
}
QUICK = (0, 0, 1, 0, 2, 0)  # number of a model
ROWS = [
    pytest.param(
        method,
        model,
        inner,
        # Each method once here, most on the quickest model, and each optimizer
        # with many; the whole product is long.
        marks=() if (j, k) == (QUICK[i % 6], i % 3) else pytest.mark.slow,
    )
    for i, method in enumerate(METHODS)
    for j, model in enumerate(MODELS)
    for k, inner in enumerate(OPTIMIZERS)
]


def test_the_table_has_every_method():
    public = [getattr(ks, name) for name in ks.__all__]
    methods = {
        kind
        for kind in public
        if isinstance(kind, type) and issubclass(kind, ks.Method)
    }
    found = {type(make()) for make, _ in METHODS.values()}
    assert found == methods - {ks.Method}


def data(shape):
    generator = np.random.default_rng(0)
    if len(shape) == 1:
        x = generator.integers(0, 12, (STEPS * BATCH, *shape))
    else:
        x = generator.normal(size=(STEPS * BATCH, *shape)).astype("float32")
    return x, generator.normal(size=(STEPS * BATCH, 4)).astype("float32")


def fit(model, shape, epochs, callbacks=()):
    return model.fit(
        *data(shape),
        batch_size=BATCH,
        epochs=epochs,
        shuffle=False,
        verbose=0,
        callbacks=list(callbacks),
    ).history["loss"]


def check_law(law, before, after):
    total, earlier = sum(after.values()), sum(before.values())
    if law == "layers":
        assert after == before
    elif law == "total":
        assert total == earlier
    elif law == "falls":
        assert total <= earlier
    assert total > 0


# A threshold for all layers may empty the embedding, and says so.
@pytest.mark.filterwarnings("ignore:No weight is left:UserWarning")
@pytest.mark.parametrize("method, model, inner", ROWS)
def test_every_method_keeps_its_law_and_resumes(
    tmp_path, each_step, check_masked, method, model, inner
):
    make, law = METHODS[method]
    keras.utils.set_random_seed(4)
    network, shape = MODELS[model]()
    config = json.loads(json.dumps(make().get_config()))
    optimizer = ks.SparseOptimizer(
        OPTIMIZERS[inner](), type(make()).from_config(config)
    )
    network.compile(optimizer, "mse", jit_compile=False)
    seen = []

    def check(trained, steps):
        check_masked(trained)
        counts = {p: int(m.sum()) for p, m in ks.masks(trained).items()}
        check_law(law, seen[-1] if seen else counts, counts)
        seen.append(counts)

    fit(network, shape, 2, [each_step(check)])
    assert len(seen) == 2 * STEPS
    network.save(tmp_path / "m.keras")
    loaded = keras.models.load_model(tmp_path / "m.keras")
    assert fit(loaded, shape, 2) == fit(network, shape, 2)
    check_masked(loaded)
    for found, expected in zip(
        ks.masks(loaded).values(), ks.masks(network).values(), strict=True
    ):
        np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize(
    "prune, model",
    [
        pytest.param(
            prune, model, marks=() if (i + j) % 3 == 0 else pytest.mark.slow
        )
        for i, prune in enumerate(BEFORE_TRAINING)
        for j, model in enumerate(MODELS)
    ],
)
def test_masks_before_training_are_exact_and_start_any_method(
    check_masked, prune, model
):
    keras.utils.set_random_seed(4)
    network, shape = MODELS[model]()
    weights = [keras.ops.convert_to_numpy(v) for v in network.variables]
    masks = BEFORE_TRAINING[prune](network, *data(shape))
    for variable, value in zip(network.variables, weights, strict=True):
        np.testing.assert_array_equal(variable, value)
    size = sum(mask.size for mask in masks.values())
    live = sum(int(mask.sum()) for mask in masks.values())
    # Each layer's share is rounded up where each has one.
    assert live == size - size // 2 or prune == "random_before"
    for method in (ks.Static(0.5), ks.RigL(0.5, **SOON)):
        optimizer = ks.sparsify(network, "adam", method, masks=masks)
        for path, mask in optimizer.masks.items():
            np.testing.assert_array_equal(mask, masks[path])
        network.compile(optimizer, "mse", jit_compile=False)
        fit(network, shape, 1)
        check_masked(network)
        found = ks.masks(network)
        for path, mask in masks.items():
            assert found[path].sum() == mask.sum()
        moved = any((found[p] != mask).any() for p, mask in masks.items())
        assert moved == isinstance(method, ks.RigL)
