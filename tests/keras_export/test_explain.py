"""explain: which layers run sparse in LiteRT, and which rule others break."""

import keras
import numpy as np
import pytest
from keras import layers

import keras_export


def network(zeros=0.9, size=16, middle=()):
    """Entry, depthwise, two 1x1 convolutions (4x4 and 4x8 weights), pooling."""
    steps = [
        keras.Input((size, size, 3)),
        layers.Conv2D(4, 3, strides=2, padding="same", name="entry"),
        layers.ReLU(name="relu"),
        layers.DepthwiseConv2D(3, padding="same", name="depthwise"),
        layers.Conv2D(4, 1, name="first"),
        *middle,
        layers.Conv2D(8, 1, name="second"),
        layers.GlobalAveragePooling2D(name="pooling"),
    ]
    model = keras.Sequential(steps)
    generator = np.random.default_rng(0)
    for name in ("first", "second"):
        layer = model.get_layer(name)
        kernel = np.ones(layer.kernel.shape)
        count = round(zeros * kernel.size)
        kernel.reshape(-1)[generator.permutation(kernel.size)[:count]] = 0
        layer.set_weights([kernel, np.zeros(layer.filters)])
    return model


def by_name(model, **kwargs):
    return {row.layer: row for row in keras_export.explain(model, **kwargs)}


def test_stock_padding_breaks_the_rule_and_ready_mends_it():
    stock = by_name(network())
    assert not any(row.sparse for row in stock.values())
    assert "xnnpack_ready" in stock["entry"].remedy
    assert "'entry'" in stock["second"].reason
    ready = by_name(keras_export.xnnpack_ready(network()))
    assert {name for name, row in ready.items() if not row.sparse} == {
        name for name in ready if name.startswith("flip")
    }
    assert not any(row.remedy for row in ready.values())


@pytest.mark.parametrize(
    "zeros, sparse",
    [(1 / 2, False), (2 / 3, False), (3 / 4, True)],
)
def test_more_than_two_thirds_of_all_weights_together(zeros, sparse):
    # 48 weights: 24, 32 (11 + 21) and 36 zeros. Exactly 2/3 is too few.
    model = keras_export.xnnpack_ready(network(zeros))
    kernels = [model.get_layer(n).kernel for n in ("first", "second")]
    assert sum(np.sum(np.asarray(k) == 0) for k in kernels) == 48 * zeros
    rows = by_name(model)
    assert rows["first"].sparse == rows["entry"].sparse == sparse
    assert ("2/3" in rows["first"].remedy) != sparse


@pytest.mark.parametrize(
    "middle, name, words",
    [
        (lambda: layers.Conv2D(4, 5, padding="same"), "conv", "5x5 Conv2D"),
        (lambda: layers.MaxPooling2D(), "max_pooling2d", "MaxPooling2D"),
        (
            lambda: layers.DepthwiseConv2D(3, padding="valid"),
            "depthwise_conv2d",
            "XNNPACK needs explicit zeros",
        ),
        (lambda: layers.Softmax(), "softmax", "Softmax"),
    ],
)
def test_what_breaks_a_part_is_named_with_a_remedy(middle, name, words):
    layer = middle()
    rows = by_name(keras_export.xnnpack_ready(network(middle=[layer])))
    assert not any(row.sparse for row in rows.values())
    assert words in rows[layer.name].reason
    assert rows[layer.name].remedy
    assert repr(layer.name) in rows["second"].reason


def test_a_part_must_end_in_a_pooling():
    ready = keras_export.xnnpack_ready(network())
    cut = keras.Model(ready.inputs, ready.get_layer("second").output)
    assert by_name(ready)["second"].sparse
    assert "output" in by_name(cut)["second"].reason


def test_odd_axes_cannot_be_mended():
    rows = by_name(keras_export.xnnpack_ready(network(size=15)))
    assert not rows["second"].sparse
    assert "even" in rows["entry"].remedy


@pytest.mark.parametrize("target", ["x86", "any"])
def test_x86_never_runs_convolutions_sparse(target):
    rows = by_name(keras_export.xnnpack_ready(network()), target=target)
    assert not any(row.sparse for row in rows.values())
    assert "AVX" in rows["first"].reason


@pytest.mark.parametrize("target", ["arm", "x86", "any"])
def test_dense_layers_need_blocks_of_four_inputs(target):
    model = keras.Sequential(
        [keras.Input((256,)), *(layers.Dense(256, name=n) for n in "abc")]
    )
    blocks = np.ones((256, 256))
    blocks[:232] = 0  # 58 of 64 blocks along the inputs
    for name, kernel in zip("abc", (blocks, blocks.T, blocks + 1), strict=True):
        model.get_layer(name).set_weights([kernel, np.zeros(256)])
    rows = by_name(model, target=target)
    # Whole zero outputs are blocks as well.
    assert [rows[n].sparse for n in "abc"] == [True, True, False]
    assert "Prune at least 88 % in blocks of 4" in rows["c"].remedy


def test_a_small_dense_layer_has_no_remedy():
    model = keras.Sequential([keras.Input((64,)), layers.Dense(64, name="a")])
    row = by_name(model, target="x86")["a"]
    assert not row.sparse and "never pays" in row.reason
    assert "too small" in row.remedy


@pytest.mark.parametrize("length, rows", [(10, "10"), (None, "unknown")])
def test_dense_layers_on_sequences_never_run_sparse(length, rows, tmp_path):
    dense = layers.Dense(256, name="dense")
    model = keras.Sequential(
        [
            keras.Input((length, 256)),
            dense,
            layers.GlobalAveragePooling1D(),
            layers.Dense(2, name="head"),
        ]
    )
    dense.kernel.assign(np.ones((256, 256)) * (np.arange(256) >= 248)[:, None])
    row = by_name(model, target="x86")["dense"]
    assert not row.sparse and f"rows per call: {rows})" in row.reason
    assert "one row" in row.remedy
    report = keras_export.litert(
        model, tmp_path / "m.tflite", target="x86", verify=False
    )
    encodings = {w.encoding for w in report.weights if w.shape == (256, 256)}
    assert encodings == {"csr"}


def test_every_call_has_a_row():
    model = network(middle=[layers.BatchNormalization(), layers.Dropout(0.1)])
    names = [layer.name for layer in model.layers]
    assert [row.layer for row in keras_export.explain(model)] == names


def test_refuses_unknown_targets(tiny):
    with pytest.raises(ValueError, match="`target`"):
        keras_export.explain(tiny, target="wasm")


@pytest.mark.slow
def test_acceptance_mobile_net():
    model = keras.applications.MobileNet((96, 96, 3), alpha=0.5, weights=None)
    generator = np.random.default_rng(0)
    for layer in model.layers:
        if type(layer) is layers.Conv2D and layer.kernel_size == (1, 1):
            (kernel, *rest) = layer.get_weights()
            kernel *= generator.random(kernel.shape) > 0.9
            layer.set_weights([kernel, *rest])
    rows = keras_export.explain(keras_export.xnnpack_ready(model))
    kinds = ("Conv2D", "DepthwiseConv2D", "GlobalAveragePooling2D")
    dense = [r.layer for r in rows if r.kind in kinds and not r.sparse]
    assert dense == ["conv_preds"]
