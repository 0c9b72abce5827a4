"""inspect_litert(): what is stored and what runs it; damage is an error."""

import doctest
import math

import keras
import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema

import keras_export
from keras_export import delegation, flatbuffer
from keras_export.delegation import delegated
from keras_export.inspecting import TYPES


@pytest.fixture(scope="module")
def files(make_model, tmp_path_factory):
    folder = tmp_path_factory.mktemp("files")
    models = {
        "blocks": make_model("mlp", 0.9, "1x4"),
        "convolutional": make_model("convolutional", 0.9),
    }
    paths = {}
    for name, model in models.items():
        paths[name] = folder / f"{name}.tflite"
        keras_export.litert(model, paths[name], sparse=True, verify=False)
    return models, paths


def test_tensors_of_a_block_sparse_file(files):
    models, paths = files
    found = keras_export.inspect_litert(paths["blocks"])
    assert found.path == str(paths["blocks"]) and found.problem == ""
    assert found.bytes == paths["blocks"].stat().st_size > found.gzip_bytes
    weights = {row.shape: row for row in found.tensors if row.encoding}
    kernel = models["blocks"].layers[0].kernel.numpy()
    row = weights[256, 64]
    assert row.dtype == "float32" and row.encoding == "block 1x4"
    assert row.zeros == pytest.approx(np.mean(kernel == 0))
    nonzeros = np.count_nonzero(kernel)
    blocks = np.any(kernel.T.reshape(256, 16, 4), axis=-1).sum()
    assert row.value_bytes == 16 * blocks
    # 257 row ends of 2 bytes and one place of 1 byte per block.
    assert row.index_bytes == 2 * 257 + blocks
    ways = math.log2(math.comb(kernel.size, nonzeros)) / 8
    assert row.limit_bytes == pytest.approx(4 * nonzeros + ways, rel=1e-6)
    assert sum(r.value_bytes + r.index_bytes for r in found.tensors) < (
        found.bytes
    )
    assert found.limit_bytes == pytest.approx(
        math.fsum(row.limit_bytes for row in found.tensors)
    )
    computed = [row for row in found.tensors if not row.encoding]
    assert (-1, 64) in [row.shape for row in computed]
    assert {row.zeros for row in computed} == {None}


def test_limit_of_a_dense_file_is_that_of_the_model(make_model, tmp_path):
    model = make_model("mlp", 0.9)
    report = keras_export.litert(model, tmp_path / "m.tflite", sparse=False)
    found = keras_export.inspect_litert(report.path)
    limit = keras_export.information_limit(model)[-1].limit_bytes[32]
    assert found.limit_bytes == pytest.approx(limit)
    assert found.bytes > found.gzip_bytes > found.limit_bytes


# Fails when LiteRT's private list of operations changes its form.
def test_operators_say_where_they_run(files):
    _, paths = files
    found = keras_export.inspect_litert(paths["blocks"])
    assert (
        found.operators
        == (keras_export.OperatorRow("FULLY_CONNECTED", 8, "builtin"),) * 3
    )
    found = keras_export.inspect_litert(paths["convolutional"])
    places = [(row.name, row.runs_on) for row in found.operators]
    assert ("CONV_2D", "XNNPACK") in places
    assert ("DENSIFY", "XNNPACK") in places
    assert ("CONV_2D", "builtin") not in places


def test_delegates_around_an_operation_in_the_middle():
    # 0 -A-> 1 -B-> 2 -C-> 3 -D-> 4 and 5 -E-> 6 read by D; B stays behind.
    operators = [
        ["A", [0], [1]],
        ["B", [1], [2]],
        ["C", [2, -1], [3]],
        ["E", [5], [6]],
        ["D", [3, 6], [4]],
        ["DELEGATE", [0], [1]],
        ["DELEGATE", [2, 5], [4]],
    ]
    assert delegated(operators) == {0, 2, 3, 4}
    assert delegated(operators[:5]) == set()
    assert doctest.testmod(delegation) == (0, 2)


def test_zero_points_count_as_zeros(tmp_path):
    inputs = np.random.default_rng(0).random((8, 64)).astype("float32")
    model = keras.Sequential([keras.Input((64,)), keras.layers.Dense(8)])
    kernel = model.layers[0].kernel.numpy() * (np.arange(64) % 4 == 0)[:, None]
    model.layers[0].kernel.assign(kernel)
    report = keras_export.litert(
        model,
        tmp_path / "m.tflite",
        quantize="int8",
        sparse=False,
        representative_data=inputs,
    )
    content = flatbuffer.read_model(report.path)
    tensors = content.subgraphs[0].tensors
    (weight,) = [t for t in tensors if tuple(t.shape) == (8, 64)]
    # Such numbers as before, halved, stored around another zero point.
    halved = content.buffers[weight.buffer].data.view(np.int8) // 2
    content.buffers[weight.buffer].data = (halved + 5).view(np.uint8)
    weight.quantization.zeroPoint = [5] * 8
    (tmp_path / "m.tflite").write_bytes(flatbuffer.pack_model(content))
    found = keras_export.inspect_litert(report.path)
    (row,) = [row for row in found.tensors if row.shape == (8, 64)]
    assert row.dtype == "int8" and row.value_bytes == 512
    assert row.zeros == pytest.approx(np.mean(halved == 0))
    assert row.zeros > 0.7


def test_a_file_that_does_not_start_is_described_with_the_reason(
    files, tmp_path
):
    content = flatbuffer.read_model(files[1]["blocks"])
    graph = content.subgraphs[0]
    graph.operators[0].inputs = graph.operators[0].inputs[::-1]
    (tmp_path / "m.tflite").write_bytes(flatbuffer.pack_model(content))
    found = keras_export.inspect_litert(tmp_path / "m.tflite")
    assert "FULLY_CONNECTED" in found.problem
    assert {row.runs_on for row in found.operators} == {"unknown"}
    assert len(found.tensors) == len(graph.tensors)


@pytest.mark.parametrize("name", ["blocks", "convolutional"])
def test_damaged_files_raise_or_are_read_but_never_crash(name, files, tmp_path):
    whole = files[1][name].read_bytes()
    path = tmp_path / "m.tflite"
    generator = np.random.default_rng(0)
    refused = 0
    lengths = [0, 9, len(whole) // 2, len(whole) - 1]
    contents = [whole[:length] for length in lengths]
    for bit in range(8):
        altered = np.frombuffer(whole, np.uint8).copy()
        # Tables lie at both ends; what is between are weights.
        places = np.r_[8:600, len(whole) - 3000 : len(whole)]
        altered[generator.choice(places, 4)] ^= np.uint8(1 << bit)
        contents.append(altered.tobytes())
    for content in contents:
        path.write_bytes(content)
        try:
            found = keras_export.inspect_litert(path)
        except ValueError as error:
            refused += 1
            assert "m.tflite" in str(error)
        else:
            assert found.bytes == len(content)
    assert refused >= len(lengths)


def test_a_file_whose_parts_do_not_fit_is_named(files, tmp_path, monkeypatch):
    content = flatbuffer.read_model(files[1]["blocks"])
    content.subgraphs[0].tensors[0].type = 99
    (tmp_path / "m.tflite").write_bytes(flatbuffer.pack_model(content))
    with pytest.raises(ValueError, match="m.tflite"):
        keras_export.inspect_litert(tmp_path / "m.tflite")


def test_a_file_without_signature_is_described(files, tmp_path):
    content = flatbuffer.read_model(files[1]["blocks"])
    content.signatureDefs = []
    (tmp_path / "m.tflite").write_bytes(flatbuffer.pack_model(content))
    found = keras_export.inspect_litert(tmp_path / "m.tflite")
    assert len(found.operators) == 3


def test_a_block_index_beyond_the_file_is_refused_or_read(damaged):
    # It ends the interpreter only when run, and inspection does not run it.
    found = keras_export.inspect_litert(damaged)
    assert found.operators[0].version == 8


@pytest.mark.parametrize(
    "name, error, message",
    [
        ("gone.tflite", FileNotFoundError, "`path`.*gone.tflite"),
        ("text.tflite", ValueError, "`path` must be.*text.tflite"),
        ("served", ValueError, "`path` must be a `.tflite`.*a SavedModel"),
    ],
)
def test_what_is_no_tflite_file(name, error, message, tiny, tmp_path):
    (tmp_path / "text.tflite").write_text("not a model")
    if name == "served":
        keras_export.saved_model(tiny, tmp_path / name, verify=False)
    with pytest.raises(error, match=message):
        keras_export.inspect_litert(tmp_path / name)


def test_types_are_those_of_the_schema():
    assert TYPES[schema.TensorType.FLOAT32] == "float32"
    assert TYPES[schema.TensorType.INT8] == "int8"
