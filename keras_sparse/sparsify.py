"""Make a model sparse, and ask a model how sparse it is."""

import keras
import numpy as np

from keras_sparse._types import Filters, MaskLike, Masks
from keras_sparse.config import check_model
from keras_sparse.device_profiles import ProfileName, weights_for, with_pattern
from keras_sparse.given_masks import check_masks
from keras_sparse.method import Method
from keras_sparse.optimizer import SparseOptimizer
from keras_sparse.selection import select


def sparsify(
    model: keras.Model,
    optimizer: keras.optimizers.Optimizer | str,
    method: Method,
    masks: MaskLike | None = None,
    filters: Filters = None,
    device_profile: ProfileName | None = None,
) -> SparseOptimizer:
    """Draws or sets masks, zeroes weights, and wraps the optimizer, at once.

    `SparseOptimizer` does the same by itself when `fit` starts; this is for
    models whose masks you want to see or give before that.

    Args:
        model: built `keras.Model`; its weights outside the masks become 0.0.
        optimizer: `keras.optimizers.Optimizer` not built yet, or its name.
        method: a sparse training method such as `RigL(0.9)`.
        masks: dict variable path -> 0/1 array of that variable's shape, such
            as a saliency function returns, or None: the method draws them.
            What they keep is the sparsity then, whatever `method` says.
        filters: which weights get a mask, as in `SparseOptimizer`; not
            together with `masks`, which names them.
        device_profile: name of a `device_profile` whose pattern the method
            gets, as "x86"; where neither `masks` nor `filters` is given it
            also chooses the weights. None: as the method is.

    Returns:
        The `SparseOptimizer` to compile the model with.

    Raises:
        ValueError: the model is not built, or an argument is not as above.

    Example:
        >>> import keras, keras_sparse as ks
        >>> model = keras.Sequential([keras.Input((8,)), keras.layers.Dense(4)])
        >>> optimizer = ks.sparsify(model, "adam", ks.Static(0.5))
        >>> [int(mask.sum()) for mask in optimizer.masks.values()]
        [16]
    """
    check_model(model)
    if not model.built or not model.trainable_variables:
        raise ValueError(
            "`model` must be built and have trainable weights. Received: "
            f"{model.name!r}, {'' if model.built else 'not '}built, with "
            f"{len(model.trainable_variables)} trainable variables. Call "
            "model.build(input_shape), or the model on a batch, first."
        )
    if device_profile is not None:
        method = with_pattern(method, device_profile)
        if masks is None and filters is None:
            filters = weights_for(model, device_profile).__contains__
    sparse = SparseOptimizer(optimizer, method, filters)
    if masks is not None:
        if filters is not None:
            raise ValueError(
                "`filters` must be None together with `masks`, which names "
                f"the weights. Received: filters={filters!r}. Leave one out."
            )
        every = select(model.trainable_variables, filters=".")
        check_masks(masks, every)
    sparse.build(model.trainable_variables, masks)
    return sparse


def masks(model: keras.Model) -> Masks:
    """Returns the masks of a model compiled with a `SparseOptimizer`.

    Args:
        model: compiled `keras.Model`.

    Returns:
        Dict variable path -> boolean numpy array, true = live. Empty before
        the optimizer has been built by `fit` or `sparsify`. Keras shortens
        the paths of a model that it loads: "m/a/kernel" is "a/kernel" then.

    Raises:
        ValueError: the model is not compiled with a `SparseOptimizer`.

    Example:
        >>> import keras, keras_sparse as ks
        >>> model = keras.Sequential([keras.Input((8,)), keras.layers.Dense(4)])
        >>> model.compile(ks.sparsify(model, "adam", ks.Static(0.5)), "mse")
        >>> [(mask.shape, int(mask.sum())) for mask in ks.masks(model).values()]
        [((8, 4), 16)]
    """
    return find_optimizer(model).masks


def sparsity(model: keras.Model) -> dict[str, float]:
    """Returns the share of zeros in each mask of a compiled model.

    Args:
        model: `keras.Model` compiled with a `SparseOptimizer`.

    Returns:
        Dict variable path -> float in [0, 1].

    Raises:
        ValueError: the model is not compiled with a `SparseOptimizer`.

    Example:
        >>> import keras, keras_sparse as ks
        >>> model = keras.Sequential([keras.Input((8,)), keras.layers.Dense(4)])
        >>> model.compile(ks.sparsify(model, "adam", ks.Static(0.75)), "mse")
        >>> list(ks.sparsity(model).values())
        [0.75]
    """
    return {
        path: 1.0 - float(np.mean(mask)) for path, mask in masks(model).items()
    }


def find_optimizer(model: keras.Model) -> SparseOptimizer:
    """Returns the model's `SparseOptimizer`, or raises ValueError."""
    optimizer = getattr(model, "optimizer", None)
    if isinstance(optimizer, keras.optimizers.LossScaleOptimizer):
        optimizer = optimizer.inner_optimizer
    if not isinstance(optimizer, SparseOptimizer):
        kind = type(optimizer).__name__
        raise ValueError(
            "`model` must be compiled with a SparseOptimizer. Received: a "
            f"model whose optimizer is {kind}. Compile it with "
            "SparseOptimizer(inner, method), or load it with compile=True."
        )
    return optimizer
