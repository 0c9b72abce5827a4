"""Loops of a network, which int8's calibration cannot run."""

import tensorflow as tf

from keras_export.running import SIGNATURE

LOOPS = ("StatelessWhile", "While")


def loop_paths(folder):
    """Finds the loops of a SavedModel's signature.

    Args:
        folder: str or path-like, a SavedModel folder.

    Returns:
        list of str, their names: `"sequential_1/lstm_1/while"`.
    """
    # The signature holds no reference to what owns its variables.
    loaded = tf.saved_model.load(str(folder))
    graph = loaded.signatures[SIGNATURE].graph.as_graph_def()
    nodes = list(graph.node)
    for function in graph.library.function:
        nodes += function.node_def
    return sorted({node.name for node in nodes if node.op in LOOPS})
