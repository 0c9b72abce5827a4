"""The calls of a functional model, in their order, on symbolic tensors."""

import collections
import dataclasses
import functools

import keras


@dataclasses.dataclass(frozen=True)
class Call:
    """One call of a layer or of an operation of `keras.ops`.

    Attributes:
        path: str, the layer's name, after those of the models around it.
        layer: `keras.Operation` of the model itself, not a copy.
        args: tuple, positional arguments, with symbolic tensors in them.
        kwargs: dict, the other arguments.
        inputs: list of `keras.KerasTensor`, those of `args` and `kwargs`.
        outputs: list of `keras.KerasTensor`.
    """

    path: str
    layer: keras.Operation
    args: tuple
    kwargs: dict
    inputs: list
    outputs: list


class Graph:
    """What calls what; the calls of nested models are among the others.

    Attributes:
        calls: list of `Call`, each after those whose outputs it reads.
        inputs, outputs: lists of `keras.KerasTensor`, those of the model.
        pinned: list of `keras.KerasTensor` whose shape must stay.
        entries: dict, id of a nested model -> its input tensors.
    """

    def __init__(self, model):
        self.calls, self.pinned, self.entries = [], [], {}
        self._aliases = {}
        self.inputs, self.outputs = self._follow(model, "")
        self.pinned += self.inputs + self.outputs

    def resolve(self, tensor):
        """The tensor that stands for `tensor` on both sides of a nesting."""
        while id(tensor) in self._aliases:
            _, tensor = self._aliases[id(tensor)]
        return tensor

    def call_counts(self):
        """`collections.Counter` of the calls by the id of the layer."""
        return collections.Counter(id(call.layer) for call in self.calls)

    def _follow(self, model, prefix):
        def record(stand_in, *args, **kwargs):
            results = stand_in(*args, **kwargs)
            inputs, outputs = _tensors((args, kwargs)), _tensors(results)
            layer = stand_in.operation
            path = prefix + layer.name
            if is_graph(layer):
                _check_nesting(layer, path, inputs, kwargs)
                self._enter(layer, path + "/", inputs, outputs)
            else:
                call = Call(path, layer, args, kwargs, inputs, outputs)
                self.calls.append(call)
            return results

        copy = keras.models.clone_model(
            keras.Model(model.inputs, model.outputs),
            clone_function=_StandIn,
            call_function=record,
        )
        return copy.inputs, copy.outputs

    def _enter(self, model, prefix, inputs, outputs):
        inner_inputs, inner_outputs = self._follow(model, prefix)
        if id(model) in self.entries:
            # One `keras.Input` serves all calls: its shape must suit each.
            self.pinned += inner_inputs + self.entries[id(model)]
        self.entries[id(model)] = inner_inputs
        for inner, outer in zip(inner_inputs, inputs, strict=True):
            self._join(inner, outer)
        for outer, inner in zip(outputs, inner_outputs, strict=True):
            self._join(outer, inner)

    def _join(self, tensor, origin):
        if tensor.shape[-1:] == origin.shape[-1:]:
            # The id belongs to the tensor for as long as the tensor is held.
            self._aliases[id(tensor)] = (tensor, origin)
        else:
            self.pinned += [tensor, origin]


def is_graph(model):
    """Whether the calls inside `model` are known, as it has no code."""
    return type(model) in (_functional_class(), keras.Sequential)


@functools.cache
def _functional_class():
    """What `keras.Model(inputs, outputs)` makes, which has no public name."""
    inputs = keras.Input((1,))
    return type(keras.Model(inputs, inputs))


class _StandIn(keras.Operation):
    """Has an operation's output shapes, and none of its weights."""

    def __init__(self, operation):
        super().__init__(name=operation.name)
        self.operation = operation

    def compute_output_spec(self, *args, **kwargs):
        return self.operation.compute_output_spec(*args, **kwargs)


def _check_nesting(model, path, inputs, kwargs):
    if kwargs.get("training") or len(inputs) != len(model.inputs):
        raise ValueError(
            "`model` must call the models inside it with their inputs alone, "
            f"as at inference. Received: {path!r}, called with {len(inputs)} "
            f"tensors and {kwargs}. Leave out `training` and masks."
        )


def _tensors(structure):
    leaves = keras.tree.flatten(structure)
    return [leaf for leaf in leaves if isinstance(leaf, keras.KerasTensor)]


def channel_count(tensor):
    """Length of the last axis, None if open or if it is the batch axis."""
    return tensor.shape[-1] if len(tensor.shape) > 1 else None
