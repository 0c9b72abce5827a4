"""Makes the smaller model out of what stays."""

import operator

import keras

from keras_export.compact_rule import Barrier
from keras_export.compact_trace import is_graph


def rebuild(model, graph, rules, channels):
    """Returns a copy of `model` with the channels that stay.

    Args:
        model: functional or Sequential model.
        graph: `compact_trace.Graph` of it.
        rules: list of `compact_rule.Rule`, one per call.
        channels: `compact_channels.Channels`.
    """
    changes = {
        id(call.layer): rule.shrink(channels.cut(call))
        for call, rule in zip(graph.calls, rules, strict=True)
        if not isinstance(rule, Barrier)
    }
    copier = _Copier(graph, channels, changes)
    small = copier.copy_graph(model, [x.shape for x in model.inputs])
    for call in graph.calls:
        # Operations have no weights; those on masks are not even copied.
        if isinstance(call.layer, keras.layers.Layer):
            copy = copier.copies[id(call.layer)]
            _, weights = changes.get(id(call.layer), ({}, {}))
            _set_weights(copy, call.layer, weights)
    return small


class _Copier:
    """Copies models and layers, each once, with changed configurations."""

    def __init__(self, graph, channels, changes):
        self.copies = {}
        self._graph, self._channels, self._changes = graph, channels, changes

    def copy_graph(self, model, shapes):
        """A copy of a model whose inputs have `shapes`, batch included."""
        inputs = [
            keras.Input(batch_shape=shape, dtype=x.dtype, name=x.name)
            for shape, x in zip(shapes, model.inputs, strict=True)
        ]
        copy = self._copy_around(model, inputs)
        if not model.trainable:
            copy.trainable = False
        return copy

    def _copy_around(self, model, inputs):
        if type(model) is keras.Sequential:
            copies = [self._copy(layer) for layer in model.layers]
            return keras.Sequential([*inputs, *copies], name=model.name)
        # Without what it was compiled with, which is for the old weights.
        plain = keras.Model(model.input, model.output, name=model.name)
        structure = keras.tree.pack_sequence_as(model.input, inputs)
        return keras.models.clone_model(
            plain, input_tensors=structure, clone_function=self._copy
        )

    def _copy(self, layer):
        if id(layer) not in self.copies:
            if is_graph(layer):
                entries = self._graph.entries[id(layer)]
                shapes = [self._shape(tensor) for tensor in entries]
                self.copies[id(layer)] = self.copy_graph(layer, shapes)
            else:
                self.copies[id(layer)] = self._copy_layer(layer)
        return self.copies[id(layer)]

    def _shape(self, tensor):
        kept = self._channels.kept(tensor)
        return (*tensor.shape[:-1], int(kept.sum()) or tensor.shape[-1])

    def _copy_layer(self, layer):
        config, _ = self._changes.get(id(layer), ({}, {}))
        try:
            return type(layer).from_config({**layer.get_config(), **config})
        except (NotImplementedError, TypeError, ValueError) as error:
            raise ValueError(
                "`model` must have layers that can be copied by `get_config` "
                f"and `from_config`. Received: layer {layer.name!r} of class "
                f"{type(layer).__name__}, which cannot ({error}). Give it a "
                "`get_config` with all arguments of its `__init__`."
            ) from error


def _set_weights(copy, layer, weights):
    if not weights:
        copy.set_weights(layer.get_weights())
    for attribute, value in weights.items():
        operator.attrgetter(attribute)(copy).assign(value)
