"""A small file that claims very much is refused before it is read."""

import time

import flatbuffers
import pytest
from ai_edge_litert import schema_py_generated as schema

import keras_export
from keras_export.flatbuffer_bounds import _sizes, check_sharing


def bomb(graphs, tensors, name=b"t"):
    """A file of so many graphs of so many tensors, each of them the same."""
    builder = flatbuffers.Builder()
    text = builder.CreateString(name)
    schema.TensorStart(builder)
    schema.TensorAddName(builder, text)
    tensor = schema.TensorEnd(builder)
    schema.SubGraphStartTensorsVector(builder, tensors)
    for _ in range(tensors):
        builder.PrependUOffsetTRelative(tensor)
    vector = builder.EndVector()
    schema.SubGraphStart(builder)
    schema.SubGraphAddTensors(builder, vector)
    graph = schema.SubGraphEnd(builder)
    schema.ModelStartSubgraphsVector(builder, graphs)
    for _ in range(graphs):
        builder.PrependUOffsetTRelative(graph)
    vector = builder.EndVector()
    schema.ModelStart(builder)
    schema.ModelAddVersion(builder, 3)
    schema.ModelAddSubgraphs(builder, vector)
    builder.Finish(schema.ModelEnd(builder), b"TFL3")
    return bytes(builder.Output())


@pytest.mark.parametrize(
    "shape",
    [(10_000, 10_000, b"t"), (1, 10_000, b"t" * 100_000)],
    ids=["graphs", "names"],
)
@pytest.mark.parametrize(
    "read",
    [keras_export.read_weights, keras_export.inspect_litert],
    ids=["weights", "inspect"],
)
def test_shared_parts_are_refused_at_once(tmp_path, shape, read):
    path = tmp_path / "bomb.tflite"
    path.write_bytes(bomb(*shape))
    assert path.stat().st_size < 200_000
    start = time.monotonic()
    with pytest.raises(ValueError, match="bomb.tflite"):
        read(path)
    assert time.monotonic() - start < 60  # unpacked, it would take hours


@pytest.mark.parametrize("name", ["attention", "convolutional", "listed"])
def test_what_converters_write_passes_by_far(make_model, tmp_path, name):
    path = tmp_path / "whole.tflite"
    keras_export.litert(make_model(name), path, verify=False)
    content = path.read_bytes()
    check_sharing(content)
    # Sixteen times below what is refused.
    assert sum(_sizes(schema.Model.GetRootAs(content))) < len(content)
