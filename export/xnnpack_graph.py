"""A Keras model as a flat list of layer calls, and back."""

import dataclasses

import keras


@dataclasses.dataclass(frozen=True, eq=False)
class Call:
    """One call of one layer (or operation) in a model's graph.

    Attributes:
        layer: the original `keras.Layer` or `keras.Operation`.
        args: positional arguments, with symbolic tensors among them.
        kwargs: dict, keyword arguments.
        inputs: list of the symbolic tensors among the arguments.
        outputs: list of symbolic tensors.
    """

    layer: keras.Operation
    args: tuple
    kwargs: dict
    inputs: list
    outputs: list

    @property
    def name(self):
        return self.layer.name


@dataclasses.dataclass(frozen=True, eq=False)
class Graph:
    """A model's calls in an order in which they can be computed.

    Attributes:
        name: str, the model's name.
        inputs: structure of symbolic tensors, as the model takes it.
        outputs: structure of symbolic tensors, as the model gives it.
        calls: list of `Call`; models inside the model are opened.
    """

    name: str
    inputs: object
    outputs: object
    calls: list

    def producers(self):
        """Returns a dict from a tensor's id to the call that computes it."""
        return {id(out): call for call in self.calls for out in call.outputs}

    def consumers(self):
        """Returns a dict from a tensor's id to the list of calls reading it.

        An output of the model counts as one more consumer, None.
        """
        readers = {id(out): [] for call in self.calls for out in call.outputs}
        readers.update((id(x), []) for x in keras.tree.flatten(self.inputs))
        for call in self.calls:
            for tensor in call.inputs:
                readers[id(tensor)].append(call)
        for tensor in keras.tree.flatten(self.outputs):
            readers[id(tensor)].append(None)
        return readers


class _Probe(keras.Operation):
    """Stands for an operation in a graph without being it.

    Calling a layer adds to the layer's own list of calls, which would change
    the model that is only being read.
    """

    def __init__(self, operation):
        super().__init__(name=operation.name)
        self.operation = operation

    def call(self, *args, **kwargs):
        return self.operation.call(*args, **kwargs)

    def compute_output_spec(self, *args, **kwargs):
        return self.operation.compute_output_spec(*args, **kwargs)


def trace(model):
    """Returns the `Graph` of a Functional or Sequential model.

    The model's layers are referred to, not copied and not called.
    """
    calls, same = [], {}

    def record(operation, *args, **kwargs):
        result = _Probe(operation)(*args, **kwargs)
        inputs, outputs = _tensors((args, kwargs)), _tensors(result)
        if not is_graph_model(operation):
            calls.append(Call(operation, args, kwargs, inputs, outputs))
            return result
        inner = trace(operation)
        inner_inputs = keras.tree.flatten(inner.inputs)
        same.update(_pairs(inner_inputs, inputs))
        same.update(_pairs(outputs, keras.tree.flatten(inner.outputs)))
        calls.extend(inner.calls)
        return result

    # A second model over the same tensors, because a clone of the first one
    # would also restore its losses and metrics.
    plain = keras.Model(*_ends(model))
    clone = keras.models.clone_model(
        plain, clone_function=lambda layer: layer, call_function=record
    )
    calls = [_resolved(call, same) for call in calls]
    outputs = _resolve(clone.output, same)
    return Graph(model.name, clone.input, outputs, calls)


def _ends(model):
    if isinstance(model, keras.Sequential):
        return model.inputs[0], model.outputs[0]
    # With the structure that the model was made with.
    return model.input, model.output


def is_graph_model(layer):
    """Whether `layer` is a model whose graph of layers is known."""
    return (
        isinstance(layer, keras.Model)
        and getattr(layer, "inputs", None) is not None
    )


def rebuild(graph, make_layer, call_layer):
    """Builds a new model along `graph`.

    Args:
        graph: `Graph`.
        make_layer: function from an original layer to a new one, asked once
            per layer.
        call_layer: function `(call, layer, args, kwargs)` that returns the
            outputs of the new layer on new symbolic tensors.

    Returns:
        `keras.Model` with fresh weights.
    """
    inputs = keras.tree.map_structure(_fresh_input, graph.inputs)
    values = dict(
        zip(
            map(id, keras.tree.flatten(graph.inputs)),
            keras.tree.flatten(inputs),
            strict=True,
        )
    )
    made = {}

    def fill(structure):
        return keras.tree.map_structure(
            lambda leaf: values.get(id(leaf), leaf), structure
        )

    for call in graph.calls:
        if id(call.layer) not in made:
            made[id(call.layer)] = make_layer(call.layer)
        layer = made[id(call.layer)]
        results = call_layer(call, layer, fill(call.args), fill(call.kwargs))
        values.update(
            (id(old), new)
            for old, new in zip(call.outputs, _tensors(results), strict=True)
        )
    return keras.Model(inputs, fill(graph.outputs), name=graph.name)


def _fresh_input(tensor):
    return keras.Input(
        batch_shape=tensor.shape, dtype=tensor.dtype, name=tensor.name
    )


def _tensors(structure):
    return [
        leaf
        for leaf in keras.tree.flatten(structure)
        if keras.utils.is_keras_tensor(leaf)
    ]


def _pairs(keys, values):
    return {id(k): v for k, v in zip(keys, values, strict=True)}


def _resolve(structure, same):
    def resolve(leaf):
        while id(leaf) in same:
            leaf = same[id(leaf)]
        return leaf

    return keras.tree.map_structure(resolve, structure)


def _resolved(call, same):
    args, kwargs = _resolve((call.args, call.kwargs), same)
    return Call(
        call.layer, args, kwargs, _tensors((args, kwargs)), call.outputs
    )
