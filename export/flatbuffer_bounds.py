"""What reading a `.tflite` file will cost, before it is read.

The parts of a flatbuffer are found by offsets, and several offsets may lead
to one part: a file of 100 kB can claim thousands of graphs of thousands of
tensors. Where nothing is shared, the sum of what the parts hold is less than
the file; writers may share a name here and there.
"""

from ai_edge_litert import schema_py_generated as schema

SHARED = 16  # times the file that its parts may hold


def check_sharing(content):
    """Raises unless reading the file takes work in proportion to its size.

    Args:
        content: bytes of a `.tflite` file.

    Raises:
        ValueError: its parts hold many times more, by their own account,
            than it has bytes.
    """
    left = SHARED * len(content)
    for size in _sizes(schema.Model.GetRootAs(content, 0)):
        left -= size
        if left < 0:
            raise ValueError("parts that are shared, or longer than the file")


def _sizes(model):
    """Lengths of all lists of parts and of all names, one by one."""
    yield model.BuffersLength()
    for code in _parts(model, "OperatorCodes"):
        yield _length(code.CustomCode())
    for metadata in _parts(model, "Metadata"):
        yield _length(metadata.Name())
    for signature in _parts(model, "SignatureDefs"):
        yield _length(signature.SignatureKey())
        for list_name in ("Inputs", "Outputs"):
            for entry in _parts(signature, list_name):
                yield _length(entry.Name())
    for graph in _parts(model, "Subgraphs"):
        yield _length(graph.Name())
        yield graph.OperatorsLength()
        for tensor in _parts(graph, "Tensors"):
            yield _length(tensor.Name()) + tensor.VariantTensorsLength()
            if tensor.Sparsity() is not None:
                yield tensor.Sparsity().DimMetadataLength()


def _parts(owner, name):
    get = getattr(owner, name)
    for index in range(getattr(owner, name + "Length")()):
        yield get(index)


def _length(text):
    # One more for the part itself, whose name may be missing.
    return 1 + len(text or b"")
