"""A model that was compiled as usual, compiled anew to hold masks."""

import warnings

import keras
from keras import ops

from keras_sparse.optimizer import SparseOptimizer
from keras_sparse.rigl import Static
from keras_sparse.sparsify import find_optimizer, sparsify

_BY_HAND = "Compile it with SparseOptimizer(optimizer, Static(0.0)) yourself."


def compiled_for_masks(model, filters=None):
    """Puts a plain optimizer into a `SparseOptimizer` with open masks.

    Loss, metrics and the other arguments of `compile` stay; a model that has a
    `SparseOptimizer` already is only checked.

    Args:
        model: built and compiled `keras.Model` that has not been trained.
        filters: which weights get a mask, as in `SparseOptimizer`.

    Returns:
        The model, with masks of ones that change only when they are moved.

    Raises:
        ValueError: the model is not as above, or cannot be compiled anew.
    """
    _check(model)
    if not isinstance(innermost(model.optimizer), SparseOptimizer):
        _compile_anew(model, filters)
    elif filters is not None:
        raise ValueError(
            "`filters` must be None where `model_fn` compiles with a "
            f"SparseOptimizer. Received: filters={filters!r}. Give them to "
            "the SparseOptimizer."
        )
    optimizer = find_optimizer(model)
    model.optimizer.build(model.trainable_variables)
    fixed = optimizer.method.due(0) is None
    if not fixed or not all(mask.all() for mask in optimizer.masks.values()):
        raise ValueError(
            "`model_fn` must return a model whose masks are open, and changed "
            f"by nothing else. Received: {optimizer.method!r}. Compile with a "
            "plain optimizer, or with SparseOptimizer(optimizer, Static(0.0))."
        )
    steps = int(ops.convert_to_numpy(optimizer.iterations))
    if steps:
        raise ValueError(
            "`model_fn` must return a model whose optimizer has made no step. "
            f"Received: an optimizer at step {steps}. Compile the model anew."
        )
    return model


def _check(model):
    if not isinstance(model, keras.Model):
        raise ValueError(
            "`model_fn` must return a keras.Model. Received: "
            f"{type(model).__name__}. Return the compiled model."
        )
    if not model.built or not model.compiled or model.optimizer is None:
        raise ValueError(
            "`model_fn` must return a built and compiled model. Received: "
            f"{model.name!r}, built={model.built}, compiled={model.compiled}. "
            "Begin it with keras.Input, or build it, and call compile."
        )


def _compile_anew(model, filters):
    if type(model).compile is not keras.Model.compile:
        raise ValueError(
            "`model_fn` must return a model with Keras' own `compile`. "
            f"Received: {type(model).__name__}, which has one of its own. "
            f"{_BY_HAND}"
        )
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of lambdas, refused below
            config = model.get_compile_config()
        arguments = keras.saving.deserialize_keras_object(config)
    except (TypeError, ValueError) as error:
        raise ValueError(
            "`model_fn` must return a model whose `compile` Keras can repeat "
            f"from its config. Received: {model.name!r} ({error}). Register "
            "its losses and metrics with "
            f"keras.saving.register_keras_serializable. {_BY_HAND}"
        ) from error
    inner = arguments.pop("optimizer")
    optimizer = sparsify(model, inner, Static(0.0), filters=filters)
    model.compile(optimizer, **arguments)


def innermost(optimizer):
    """The optimizer inside a `LossScaleOptimizer`, or the optimizer itself."""
    if isinstance(optimizer, keras.optimizers.LossScaleOptimizer):
        return optimizer.inner_optimizer
    return optimizer
