"""Which encoding is chosen, and that its numbers are the converter's."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from ai_edge_litert import schema_py_generated as schema

from keras_export import sparse_weights
from keras_export.encodings import OVERHEAD, Setting, choose
from keras_export.flatbuffer import encoding
from keras_export.quiet import quiet
from keras_export.sparse_file import encode


def dense_again(compressed):
    """A decoder written apart from the encoder: one block after another."""
    rows = np.zeros(
        (int(np.prod(compressed.shape[:-1])), compressed.shape[-1]),
        compressed.values.dtype,
    )
    block = compressed.values.shape[1]
    for row in range(len(rows)):
        for place in range(*compressed.segments[row : row + 2]):
            start = compressed.indices[place] * block
            rows[row, start : start + block] = compressed.values[place]
    return rows.reshape(compressed.shape)


def test_compress_by_hand():
    weight = np.array(
        [[0, 0, 1, 0, 0, 0], [0, 0, 0, 0, 0, 0], [2, 3, 0, 0, 4, 0]]
    )
    single = sparse_weights.compress(weight)
    assert single.values.ravel().tolist() == [1, 2, 3, 4]
    assert single.segments.tolist() == [0, 1, 1, 4]
    assert single.indices.tolist() == [2, 0, 1, 4]
    pairs = sparse_weights.compress(weight, 2)
    assert pairs.values.tolist() == [[1, 0], [2, 3], [4, 0]]
    assert pairs.segments.tolist() == [0, 1, 1, 3]
    assert pairs.indices.tolist() == [1, 0, 2]


@pytest.mark.parametrize("shape", [(5, 16), (1, 3, 3, 8), (4, 2, 2, 16)])
@pytest.mark.parametrize("block", [1, 4])
@pytest.mark.parametrize("dtype", ["float32", "float16", "int8"])
def test_nothing_is_lost(shape, block, dtype):
    generator = np.random.default_rng(0)
    weight = generator.integers(-9, 9, shape) * (generator.random(shape) > 0.8)
    weight = weight.astype(dtype)
    compressed = sparse_weights.compress(weight, block)
    np.testing.assert_array_equal(dense_again(compressed), weight)
    assert compressed.values.dtype == dtype


@pytest.mark.parametrize(
    "largest, dtype",
    [(255, "uint8"), (256, "uint16"), (65535, "uint16"), (65536, "int32")],
)
def test_index_numbers_are_as_narrow_as_they_fit(largest, dtype):
    index = sparse_weights.narrow(np.array([0, largest]))
    assert index.dtype == dtype and index.tolist() == [0, largest]


def test_zero_shares_by_hand():
    weight = np.array([[0, 0, 0, 0, 1, 0], [0, 0, 0, 0, 0, 0]])
    assert sparse_weights.zero_share(weight) == pytest.approx(11 / 12)
    # Padded to 8 inputs: four blocks, of which one is not zero.
    assert sparse_weights.zero_share(weight, 4) == 0.75


def kernel(zeros, block=1, shape=(64, 256), dtype="float32"):
    """A weight of which exactly `zeros` of the blocks are zero."""
    blocks = np.ones(int(np.prod(shape)) // block, dtype)
    order = np.random.default_rng(0).permutation(blocks.size)
    blocks[order[: round(zeros * blocks.size)]] = 0
    return blocks.repeat(block).reshape(shape)


FULLY = "FULLY_CONNECTED"
BIG = (256, 256)
HUGE = (1024, 1024)


@pytest.mark.parametrize(
    "weight, arithmetic, setting, encoding",
    [
        # 256 inputs, 256 outputs: .17 - 5 / 256 - 1,600 / 65,536 = .126.
        (kernel(0.88, 4, BIG), "float", {}, "block 1x4"),
        (kernel(0.86, 4, BIG), "float", {}, "csr"),
        (kernel(0.86, 4, BIG), "float", {"sparse": True}, "block 1x4"),
        (kernel(0.86, 4, BIG), "float", {"sparse": False}, "dense"),
        (kernel(0.93, 4, BIG), "float", {"threads": 2}, "csr"),
        (kernel(0.94, 4, BIG), "float", {"threads": 2}, "block 1x4"),
        # Many outputs of few inputs, and few weights, need more; some never.
        (kernel(0.88, 4, (1024, 64)), "float", {}, "csr"),
        (kernel(0.94, 4, (1024, 64)), "float", {}, "block 1x4"),
        (kernel(0.94, 4, (64, 256)), "float", {}, "csr"),
        (kernel(0.96, 4, (64, 256)), "float", {}, "block 1x4"),
        (kernel(0.99, 4, (64, 64)), "float", {}, "csr"),
        # Single zeros: no blocks, and from about 20 % (narrow index) an index.
        (kernel(0.90), "float", {}, "csr"),
        (kernel(0.15), "float", {}, "dense"),
        (kernel(0.0), "float", {"sparse": True}, "dense"),
        # So many single zeros that blocks are zero too: 89 % of them would be
        # no slower, but larger; 92 % are quick enough for that.
        (kernel(0.97, 1, BIG), "float", {}, "csr"),
        (kernel(0.98, 1, BIG), "float", {}, "block 1x4"),
        (kernel(0.98, 1, BIG), "float", {"sparse": True}, "csr"),
        # Dynamic range, a million weights: .1997. Single int8 values never.
        (kernel(0.81, 16, HUGE, "int8"), "dynamic", {}, "block 1x16"),
        (kernel(0.79, 16, HUGE, "int8"), "dynamic", {}, "dense"),
        (kernel(0.89, 16, HUGE, "int8"), "dynamic", {"threads": 2}, "dense"),
        (
            kernel(0.91, 16, HUGE, "int8"),
            "dynamic",
            {"threads": 2},
            "block 1x16",
        ),
        (kernel(0.99, 16, BIG, "int8"), "dynamic", {}, "dense"),
        (kernel(0.90, dtype="int8"), "dynamic", {}, "dense"),
        (kernel(0.50, dtype="int8"), "dynamic", {"sparse": True}, "dense"),
        # Int8 blocks lose to dense int8 on x86 and win on ARM.
        (kernel(0.95, 16, HUGE, "int8"), "int8", {"target": "x86"}, "dense"),
        (kernel(0.95, 16, HUGE, "int8"), "int8", {"target": "any"}, "dense"),
        (
            kernel(0.95, 16, HUGE, "int8"),
            "int8",
            {"target": "arm"},
            "block 1x16",
        ),
        (
            kernel(0.95, 16, dtype="int8"),
            "int8",
            {"sparse": True},
            "block 1x16",
        ),
        # Float16 has blocks as float32 or single values as float16.
        (kernel(0.92, 4, BIG, "float16"), "float", {}, "block 1x4"),
        (kernel(0.50, 4, dtype="float16"), "float", {}, "csr"),
        # The dynamic kernel counts blocks in one byte.
        (kernel(0.9, 16, (256, 4096), "int8"), "dynamic", {}, "dense"),
        (kernel(0.9, 16, (256, 4080), "int8"), "dynamic", {}, "block 1x16"),
    ],
)
def test_choice_for_a_dense_layer(weight, arithmetic, setting, encoding):
    choice = choose(weight, FULLY, arithmetic, Setting(**setting))
    assert choice.encoding == encoding, choice.reason
    assert choice.reason.endswith(".") and "  " not in choice.reason


@pytest.mark.parametrize(
    "rows, encoding", [(1, "block 1x4"), (8, "csr"), (None, "csr")]
)
def test_blocks_pay_for_one_row_of_inputs(rows, encoding):
    choice = choose(kernel(0.95, 4, BIG), FULLY, "float", Setting(), rows)
    assert choice.encoding == encoding
    assert f"rows per call: {rows or 'unknown'}" in choice.reason


def test_reasons_say_where_an_encoding_is_slower():
    slow = choose(kernel(0.5, 4), FULLY, "float", Setting(sparse=True))
    assert slow.encoding == "block 1x4"
    assert slow.reason.startswith("Smallest, but slower than dense: 50% of its")
    fast = choose(kernel(0.9, 4, BIG), FULLY, "float", Setting(sparse=True))
    assert "slower" not in fast.reason and "pays from 88%" in fast.reason
    larger = choose(kernel(0.97, 1, BIG), FULLY, "float", Setting())
    assert larger.encoding == "csr"
    assert "88% and is worth a larger file from 92%" in larger.reason
    never = choose(kernel(0.9, 16, HUGE, "int8"), FULLY, "int8", Setting())
    assert "90% of its 1x16 blocks are zero" in never.reason
    assert "never pays (int8, target='any'" in never.reason


@pytest.mark.parametrize(
    "operator, weight, encoding",
    [
        ("CONV_2D", kernel(0.9, 4, (16, 3, 3, 16)), "csr"),
        ("DEPTHWISE_CONV_2D", kernel(0.9, 1, (1, 3, 3, 64)), "csr"),
        ("TRANSPOSE_CONV", kernel(0.9, 1, (16, 3, 3, 16)), "csr"),
        (
            "TRANSPOSE_CONV",
            kernel(0.9, 1, (16, 3, 3, 16), "float16"),
            "dense",
        ),
        ("GATHER", kernel(0.9), "dense"),
        ("BATCH_MATMUL", kernel(0.9), "dense"),
        ("CONV_2D", np.zeros((16, 3, 3, 16), "float32"), "dense"),
    ],
)
def test_choice_for_other_operations(operator, weight, encoding):
    choice = choose(weight, operator, "float", Setting(sparse=True))
    assert choice.encoding == encoding, choice.reason


def test_obstacle_is_the_reason():
    choice = choose(kernel(0.9), FULLY, "float", Setting(), 1, "Read by 2.")
    assert (choice.encoding, choice.reason) == ("dense", "Read by 2.")


def test_a_small_weight_is_not_worth_an_operation_more():
    weight = kernel(0.9, 1, (8, 8))  # 256 bytes
    assert weight.nbytes <= OVERHEAD
    assert choose(weight, FULLY, "float", Setting()).encoding == "dense"


@pytest.fixture(scope="module")
def both_files():
    """The same model by the converter's sparse mode, and by ours."""
    layers = [
        keras.Input((8, 8, 8)),
        keras.layers.Conv2D(16, 3),
        keras.layers.DepthwiseConv2D(3),
        keras.layers.GlobalAveragePooling2D(),
        keras.layers.Dense(64),
        keras.layers.Dense(320),
    ]
    model = keras.Sequential(layers)
    generator = np.random.default_rng(0)
    for number, weight in enumerate(model.weights):
        value = generator.normal(size=weight.shape)
        block = 4 if number == 6 else 1  # the last kernel in blocks
        if "kernel" in weight.path:
            stays = (
                generator.random(
                    (
                        *weight.shape[:-2],
                        weight.shape[-2] // block,
                        weight.shape[-1],
                    )
                )
                > 0.8
            )
            value *= stays.repeat(block, axis=-2)
        weight.assign(value)
    files = []
    for optimizations in ([], [tf.lite.Optimize.EXPERIMENTAL_SPARSITY]):
        with quiet():
            converter = tf.lite.TFLiteConverter.from_keras_model(model)
            converter.optimizations = optimizations
            files.append(converter.convert())
    ours, _ = encode(files[0], Setting(sparse=True))
    return ours, files[1]


def sparse_tensors(content):
    model = schema.ModelT.InitFromPackedBuf(content, 0)
    return {
        (tuple(tensor.shape), encoding(tensor)): (
            tensor.sparsity,
            model.buffers[tensor.buffer].data,
        )
        for tensor in model.subgraphs[0].tensors
        if tensor.sparsity is not None
    }


def test_encoding_equals_the_converters(both_files):
    ours, theirs = map(sparse_tensors, both_files)
    assert set(ours) == set(theirs)
    assert {name for _, name in ours} == {"csr", "block 1x4"} and len(ours) == 4
    for key, (sparsity, data) in ours.items():
        wanted, wanted_data = theirs[key]
        np.testing.assert_array_equal(data, wanted_data)
        assert list(sparsity.traversalOrder) == list(wanted.traversalOrder)
        assert list(sparsity.blockMap) == list(wanted.blockMap)
        pairs = zip(sparsity.dimMetadata, wanted.dimMetadata, strict=True)
        for mine, other in pairs:
            assert (mine.format, mine.denseSize) == (
                other.format,
                other.denseSize,
            )
            for part in ("arraySegments", "arrayIndices"):
                # In a wider type where the converter's is wider than needed.
                np.testing.assert_array_equal(
                    getattr(getattr(mine, part), "values", []),
                    getattr(getattr(other, part), "values", []),
                )


def test_written_buffers_are_aligned(both_files):
    content = both_files[0]
    file = schema.Model.GetRootAs(content, 0)
    places = [
        file.Buffers(i)._tab.Vector(file.Buffers(i)._tab.Offset(4))
        for i in range(file.BuffersLength())
        if file.Buffers(i).DataLength()
    ]
    assert len(places) >= 8 and all(place % 16 == 0 for place in places)
