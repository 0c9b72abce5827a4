"""`compact`: the same function in a smaller dense model."""

import dataclasses

import keras

from keras_export.compact_channels import Channels
from keras_export.compact_rebuild import rebuild
from keras_export.compact_rule import Barrier
from keras_export.compact_rules import rules_of
from keras_export.compact_trace import Graph, channel_count, is_graph
from keras_export.models import check_model


@dataclasses.dataclass(frozen=True)
class CompactionRow:
    """What compaction does to one layer.

    Attributes:
        name: str, the layer's name, after those of nested models.
        before: int, units, channels, or heads of a MultiHeadAttention; None
            if not known.
        after: int, how many of them stay.
        reason: str, why more could not go; empty if all that is dead goes.

    Example:
        >>> import keras_export
        >>> row = keras_export.CompactionRow("dense", 8, 5)
        >>> row.before - row.after, row.reason
        (3, '')
    """

    name: str
    before: int | None
    after: int | None
    reason: str = ""


def compact(model: keras.Model) -> keras.Model:
    """Removes dead neurons, channels and attention heads for good.

    A unit is dead if nothing comes into it, so that it is a constant, which
    goes into the bias of those that read it (a bias is added where there was
    none); or if nobody reads it, all its outgoing weights being 0. Removing one
    may cut off others: all of these go too.

    Cut are Dense, Conv and its transposed and separable forms, DepthwiseConv,
    BatchNormalization, Embedding and the heads of MultiHeadAttention, through
    elementwise activations, sums and products, concatenation, pooling,
    padding, flattening and reshaping, as layers and in part as `keras.ops`,
    and inside nested functional and Sequential models. Any other layer, a
    subclass of these, one that is called twice, in groups, quantized or with
    its channels first keeps all channels of its inputs and outputs:
    `compaction` names them with the reason. A constant other than 0 stays
    where zero padding follows: at the border it would not be constant.

    Args:
        model: built functional or Sequential `keras.Model`; zeros in its
            weights are what makes units dead. It is left as it is.

    Returns:
        `keras.Model` with the same inputs and outputs, layer names, weight
        names, dtypes and configuration, smaller weights, not compiled. Outputs
        differ by rounding only, below 1e-5 for outputs around 1 in float32.
        At least one unit per layer stays, even if the output is constant.

    Raises:
        TypeError: if `model` is not a `keras.Model`.
        ValueError: if `model` is not built, is subclassed, or has a layer that
            cannot be copied by its configuration.

    Source: google-research/rigl, `rigl/mnist/mnist_train_eval.py`,
        `get_compressed_fc`, for chains of dense layers.
    Differs from it: constants are folded, there they are lost; nothing dead
        is left, there one sweep keeps what leads only to removed units.

    Example:
        >>> import keras, keras_export, numpy as np
        >>> layers = [keras.layers.Dense(2, "relu"), keras.layers.Dense(1)]
        >>> model = keras.Sequential([keras.Input((3,)), *layers])
        >>> layers[0].set_weights([np.array([[1, 0]] * 3), np.array([0, 2])])
        >>> small = keras_export.compact(model)
        >>> model.count_params(), small.count_params()  # 8 + 3 and 4 + 2
        (11, 6)
    """
    return rebuild(model, *_analyse(model))


def compaction(model: keras.Model) -> list[CompactionRow]:
    """Tells layer by layer what `compact` removes, and what it must keep.

    Args:
        model: as for `compact`.

    Returns:
        list of `CompactionRow`, one per layer that has weights or keeps all
        channels around it, in the order of the calls.

    Raises:
        TypeError, ValueError: as `compact` does.

    Example:
        >>> import keras, keras_export, numpy as np
        >>> layers = [keras.layers.Dense(2), keras.layers.Softmax()]
        >>> model = keras.Sequential([keras.Input((3,)), *layers])
        >>> rows = keras_export.compaction(model)
        >>> [(row.before, row.after, row.reason) for row in rows]
        [(2, 2, ''), (2, 2, 'Softmax may mix all its channels')]
    """
    graph, rules, found = _analyse(model)
    rows: dict[int, CompactionRow] = {}
    for call, rule in zip(graph.calls, rules, strict=True):
        if _is_mask(call):
            continue
        if isinstance(rule, Barrier):
            size = channel_count(call.outputs[0])
            row = CompactionRow(call.path, size, size, rule.reason)
        elif getattr(call.layer, "weights", None):
            before, after = rule.counts(found.cut(call))
            reason = rule.reason or _places(found, call.outputs[0])
            row = CompactionRow(call.path, before, after, reason)
        else:
            continue
        rows.setdefault(id(call.layer), row)
    return list(rows.values())


def _analyse(model):
    check_model(model)
    if not is_graph(model):
        raise ValueError(
            "`model` must be functional or Sequential, so that it is known "
            f"which layer feeds which. Received: {model.name!r} of class "
            f"{type(model).__name__}. Rebuild it as `keras.Model(inputs, "
            "outputs)` from the same layers, or compact the functional models "
            "inside it one by one."
        )
    graph = Graph(model)
    rules = rules_of(graph)
    return graph, rules, Channels(graph, rules)


def _is_mask(call):
    """Whether Keras works out a mask here, which nobody wrote as a layer."""
    is_layer = isinstance(call.layer, keras.layers.Layer)
    return not is_layer and all(x.dtype == "bool" for x in call.outputs)


def _places(found, tensor):
    number = int((found.dead(tensor) & found.kept(tensor)).sum())
    return f"{number} dead stay: others need their place" if number else ""
