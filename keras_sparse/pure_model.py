"""A Keras model as a pure function of its parameters."""

import contextlib

import keras

from keras_sparse.selection import select
from keras_sparse.tensor_values import current_values


class PureModel:
    """Calls a model on given values of its variables and changes nothing.

    Moving averages, seeds of dropout and losses added by layers stay as they
    are, and gradients are those with respect to the given tensors.

    Args:
        model: built `keras.Model`.
        filters: which weights the function is of, as in `SparseOptimizer`.

    Attributes:
        weights: dict path -> `keras.Variable` of the chosen weights.
        others: list of all other variables of the model.

    Raises:
        ValueError: the model is not built, or nothing matches `filters`.
    """

    def __init__(self, model, filters=None):
        check_built(model)
        self.model = model
        self.weights = select(model.trainable_variables, filters)
        chosen = {id(variable) for variable in self.weights.values()}
        self.others = [v for v in model.variables if id(v) not in chosen]

    def __call__(self, values, constants, inputs, training):
        """Returns the model's outputs.

        Args:
            values: list of tensors, one for each of `weights`.
            constants: list of tensors, one for each of `others`.
            inputs: what the model takes.
            training: bool.
        """
        variables = [*self.weights.values(), *self.others]
        mapping = zip(variables, [*values, *constants], strict=True)
        # Not `stateless_call`: it passes `training` to the model's `call`
        # only, so the layers of a subclassed model may not hear of it.
        with keras.StatelessScope(mapping):
            return self.model(inputs, training=training)

    def shapes(self):
        """Returns a dict path -> shape of the weights."""
        return {path: tuple(v.shape) for path, v in self.weights.items()}

    def values(self):
        """Returns the weights' values as tensors."""
        return current_values(self.weights.values())

    def constants(self):
        """Returns the other variables' values as tensors."""
        return current_values(self.others)


def check_built(model):
    """Raises ValueError unless the model is built and can be trained."""
    if not isinstance(model, keras.Model):
        raise ValueError(
            "`model` must be a keras.Model. Received: "
            f"{type(model).__name__}. Pass the model first."
        )
    if not model.built or not model.trainable_variables:
        raise ValueError(
            "`model` must be built and have trainable weights. Received: "
            f"{model.name!r}, {'' if model.built else 'not '}built, with "
            f"{len(model.trainable_variables)} trainable variables. Call "
            "model.build(input_shape), or the model on a batch, first."
        )


class ComputeIn(keras.DTypePolicy):
    """Policy of a layer that computes in one type and has weights of another.

    Args:
        compute_dtype: str, such as "float64".
        variable_dtype: str, what the layer's weights are.
    """

    def __init__(self, compute_dtype, variable_dtype):
        super().__init__(variable_dtype)
        self._wanted = compute_dtype

    @property
    def compute_dtype(self):
        return self._wanted


@contextlib.contextmanager
def computing_in(model, dtype, where=lambda layer: True):
    """Makes layers compute in `dtype`; afterwards they are as before.

    Args:
        model: `keras.Model`.
        dtype: str, such as "float64".
        where: function layer -> bool, which layers.
    """
    changed = [layer for layer in layers_of(model) if where(layer)]
    policies = [layer.dtype_policy for layer in changed]
    try:
        for layer in changed:
            layer.dtype_policy = ComputeIn(dtype, layer.variable_dtype)
        yield
    finally:
        for layer, policy in zip(changed, policies, strict=True):
            layer.dtype_policy = policy


def in_16_bits(layer):
    """Whether a layer computes in float16 or bfloat16."""
    return layer.compute_dtype in ("float16", "bfloat16")


def layers_of(layer):
    """Returns the layer and all layers inside it, each once."""
    found = {}

    def visit(value):
        if isinstance(value, keras.layers.Layer):
            if id(value) not in found:
                found[id(value)] = value
                visit(list(vars(value).values()))
        elif isinstance(value, dict):
            visit(list(value.values()))
        elif isinstance(value, (list, tuple, set)):
            for item in value:
                visit(item)

    visit(layer)
    return list(found.values())
