"""A dense `.tflite` file with the sparse encodings that were chosen."""

from ai_edge_litert import schema_py_generated as schema

from keras_export.artefacts import LayerRow
from keras_export.encodings import as_blocks, choose
from keras_export.flatbuffer import pack_model
from keras_export.rewriting import store_blocks, store_csr
from keras_export.sparse_part import hazard
from keras_export.weight_table import stored_weights


def encode(content, setting):
    """Stores each weight as `encodings.choose` says.

    Args:
        content: bytes of a dense `.tflite` file.
        setting: `encodings.Setting`.

    Returns:
        `(content, rows)`: bytes, and a tuple of `LayerRow`, one per weight.
        Bytes are `content` itself where every weight stays dense.
    """
    model = schema.ModelT.InitFromPackedBuf(content, 0)
    hazards = {id(graph): hazard(model, graph) for graph in model.subgraphs}
    rows = []
    # The list first: storing one weight moves the operations of others.
    for weight in stored_weights(model):
        choice = choose(
            weight.values,
            weight.operator,
            weight.arithmetic,
            setting,
            weight.rows,
            weight.obstacle or _on_arm(weight, setting, hazards),
        )
        place = (model, weight.graph, weight.index)
        if choice.block == 1:
            store_csr(*place, weight.values)
        elif choice.block:
            blocks = as_blocks(weight.values, choice.block, weight.arithmetic)
            store_blocks(*place, blocks, choice.block)
        rows.append(LayerRow(weight.name, choice.encoding, choice.reason))
    if all(row.encoding == "dense" for row in rows):
        return content, tuple(rows)
    return pack_model(model), tuple(rows)


def _on_arm(weight, setting, hazards):
    if weight.operator != "CONV_2D" or setting.target == "x86":
        return ""
    return hazards[id(weight.graph)]
