"""Which weights get a mask: every kernel by name, and what `filters` say."""

import keras
import numpy as np
import pytest
from keras import layers

import keras_sparse as ks
from keras_sparse.selection import select, unique_paths

IMAGE, SERIES, VECTOR = (8, 8, 4), (6, 4), (4,)
LAYERS = [
    (VECTOR, lambda: layers.Dense(3, name="x"), ["x/kernel"]),
    (VECTOR, lambda: layers.Dense(1, name="x"), ["x/kernel"]),
    (IMAGE, lambda: layers.Conv2D(3, 3, name="x"), ["x/kernel"]),
    (IMAGE, lambda: layers.Conv2D(4, 3, groups=2, name="x"), ["x/kernel"]),
    (IMAGE, lambda: layers.Conv2DTranspose(3, 3, name="x"), ["x/kernel"]),
    (SERIES, lambda: layers.Conv1D(3, 3, name="x"), ["x/kernel"]),
    (IMAGE, lambda: layers.DepthwiseConv2D(3, name="x"), []),
    (SERIES, lambda: layers.DepthwiseConv1D(3, name="x"), []),
    (
        IMAGE,
        lambda: layers.SeparableConv2D(3, 3, name="x"),
        ["x/pointwise_kernel"],
    ),
    (
        SERIES,
        lambda: layers.EinsumDense(
            "abc,cd->abd", (6, 3), bias_axes="d", name="x"
        ),
        ["x/kernel"],
    ),
    (
        SERIES,
        lambda: layers.LSTM(3, name="x"),
        ["x/lstm_cell/kernel", "x/lstm_cell/recurrent_kernel"],
    ),
    (
        SERIES,
        lambda: layers.Bidirectional(layers.GRU(3, name="g"), name="x"),
        [
            f"x/{way}_g/gru_cell/{kernel}"
            for way in ("forward", "backward")
            for kernel in ("kernel", "recurrent_kernel")
        ],
    ),
    (VECTOR, lambda: layers.BatchNormalization(name="x"), []),
    (SERIES, lambda: layers.LayerNormalization((1, 2), name="x"), []),
    (SERIES, lambda: layers.PReLU(name="x"), []),
]


def model_with(shape, layer):
    """The layer between two dense ones, so that something is masked."""
    inputs = keras.Input(shape)
    hidden = layer(layers.Dense(4, name="first")(inputs))
    outputs = layers.Dense(2, name="last")(layers.Flatten()(hidden))
    return keras.Model(inputs, outputs)


def attention_block(vocabulary=20, width=8, heads=2):
    """A transformer block with embeddings and two biases of rank 2."""
    tokens = keras.Input((5,), dtype="int32")
    hidden = layers.Embedding(vocabulary, width, name="words")(tokens)
    attended = layers.MultiHeadAttention(heads, 4, name="mha")(hidden, hidden)
    hidden = layers.LayerNormalization()(hidden + attended)
    wide = layers.Dense(16, activation="relu", name="up")(hidden)
    hidden = hidden + layers.Dense(width, name="down")(wide)
    pooled = layers.GlobalAveragePooling1D()(hidden)
    return keras.Model(tokens, layers.Dense(3, name="out")(pooled))


@pytest.mark.parametrize("shape, make, expected", LAYERS)
def test_default_selection_of_each_layer(shape, make, expected):
    model = model_with(shape, make())
    chosen = select(model.trainable_variables)
    assert list(chosen) == ["first/kernel", *expected, "last/kernel"]
    for path, variable in chosen.items():
        assert variable.path == path


def test_default_selection_of_a_transformer_block():
    chosen = list(select(attention_block().trainable_variables))
    attention = ["query", "key", "value", "attention_output"]
    assert chosen == [
        "words/embeddings",
        *(f"mha/{name}/kernel" for name in attention),
        "up/kernel",
        "down/kernel",
        "out/kernel",
    ]


def test_default_selection_of_mobilenet_leaves_depthwise_kernels_dense():
    model = keras.applications.MobileNet(
        (32, 32, 3), alpha=0.25, weights=None, classes=10
    )
    expected = [
        "conv1/kernel",
        *(f"conv_pw_{block}/kernel" for block in range(1, 14)),
        "conv_preds/kernel",
    ]
    assert list(select(model.trainable_variables)) == expected


def test_biases_of_rank_2_and_scales_are_never_masked():
    chosen = select(attention_block().trainable_variables, filters=".")
    names = {path.split("/")[-1] for path in chosen}
    assert names == {"kernel", "embeddings"}


@pytest.mark.parametrize(
    "filters, expected",
    [
        ("mha", ["query", "key", "value", "attention_output"]),
        (["up", "^out/"], ["up", "out"]),
        (lambda path: path.startswith("down"), ["down"]),
        ("dw/", ["dw"]),  # by filters, a depthwise kernel can be masked
    ],
)
def test_filters_choose_by_path(filters, expected):
    block = attention_block()
    image = keras.Sequential(
        [keras.Input(IMAGE), layers.DepthwiseConv2D(3, name="dw")]
    )
    variables = block.trainable_variables + image.trainable_variables
    chosen = select(variables, filters)
    assert [path.split("/")[-2] for path in chosen] == expected


def test_frozen_layers_keep_their_weights():
    model = model_with(VECTOR, layers.Dense(3, name="x"))
    model.get_layer("x").trainable = False
    optimizer = ks.sparsify(model, "sgd", ks.Static(0.5))
    assert list(optimizer.masks) == ["first/kernel", "last/kernel"]
    assert np.all(model.get_layer("x").kernel != 0)


def test_weights_with_one_path_are_told_apart():
    same = [layers.Dense(3, name="same") for _ in range(3)]
    variables = []
    for layer in same:
        layer.build((None, 3))
        variables += layer.trainable_variables
    assert unique_paths(variables) == [
        "same/kernel",
        "same/bias",
        "same/kernel#2",
        "same/bias#2",
        "same/kernel#3",
        "same/bias#3",
    ]
    masks = ks.Static(0.5, "uniform").initial_masks(
        {path: v for path, v in select(variables).items()}
    )
    assert len({mask.tobytes() for mask in masks.values()}) == 3


def test_masks_can_be_given_for_weights_with_one_path():
    class Twins(keras.Model):
        def __init__(self):
            super().__init__()
            self.left = layers.Dense(3, name="same")
            self.right = layers.Dense(3, name="same")

        def call(self, inputs):
            return self.left(inputs) + self.right(inputs)

    model = Twins()
    model(np.zeros((1, 4)))
    paths = unique_paths(model.trainable_variables)
    mask = np.eye(4, 3)
    optimizer = ks.sparsify(
        model, "sgd", ks.Static(0.5), masks={paths[2]: mask}
    )
    assert paths[2].endswith("kernel#2") and list(optimizer.masks) == [paths[2]]
    right = keras.ops.convert_to_numpy(model.right.kernel)
    assert (right[mask == 0] == 0).all() and np.all(model.left.kernel != 0)


def test_sparsities_follow_the_method():
    model = model_with(VECTOR, layers.Dense(40, name="x"))
    method = ks.Static(
        0.5, "uniform", custom={"x/kernel": 0.9}, dense_first=True
    )
    model.compile(ks.sparsify(model, "sgd", method), "mse")
    assert ks.sparsity(model) == {
        "first/kernel": 0.0,
        "x/kernel": pytest.approx(0.9),
        "last/kernel": 0.5,
    }
