"""Multiply-adds and bytes of a Keras model, layer by layer."""

import dataclasses
import math
import re
from collections.abc import Sequence
from typing import Any

import keras
import numpy as np

from keras_sparse import layer_calls
from keras_sparse._types import MaskLike
from keras_sparse.config import check_model
from keras_sparse.selection import PRUNABLE_NAMES as KERNELS


@dataclasses.dataclass(frozen=True)
class LayerCount:
    """What one layer costs for one example.

    Attributes:
        path: str, the layer's path in the model.
        kind: str, the layer's class.
        positions: int or None, how often the kernels are applied: pixels,
            tokens or time steps, over all calls of the layer. 0 for layers
            without a kernel, as normalisation. None: not known.
        dense_multiply_adds: int or None, one multiplication and one addition
            each, as if no weight were zero. Looking up embeddings takes none.
        sparse_multiply_adds: int or None, those of the live weights.
        weights: int, number of weights in the kernels.
        live_weights: int, those that are not zero, or not masked.
        dense_bytes: int, all variables of the layer.
        sparse_bytes: int, the same with live weights only, plus one bit per
            weight of each kernel, where that is less than the dense kernel.
    """

    path: str
    kind: str
    positions: int | None
    dense_multiply_adds: int | None
    sparse_multiply_adds: int | None
    weights: int
    live_weights: int
    dense_bytes: int
    sparse_bytes: int

    @property
    def sparsity(self) -> float:
        """Share of zeros in the kernels, 0 to 1."""
        return 1 - self.live_weights / self.weights if self.weights else 0.0


def count(
    model: keras.Model, masks: MaskLike | None = None, input_shape: Any = None
) -> list[LayerCount]:
    """Counts multiply-adds, weights and bytes of every layer with weights.

    Args:
        model: built Keras model.
        masks: dict, variable path -> 0/1 array of the variable's shape. A
            kernel that is not listed counts as dense. None: a weight is live if
            it is not zero.
        input_shape: shape of one example without the batch axis, or a list or
            dict of shapes as the model's input is. Needed if the model does not
            know it, or has axes of any length.

    Returns:
        list of `LayerCount`. Where a number cannot be known it is None, never a
        guess: axes of any length without `input_shape`, layers of your own with
        weights, layers that the forward pass does not call, quantized or LoRA
        layers, RNNs with cells of your own.

    Raises:
        ValueError: if the model is not built, or masks do not fit it.

    Source: the rules of the MicroNet challenge, by which Evci et al. 2020,
    arXiv:1911.11134, count; google-research/google-research,
    `micronet_challenge/counting.py`.
    Differs from it: activations, pooling and additions of tensors are left out;
    normalisation layers are rows of their own, with their bytes (there they are
    folded into biases); a mask that costs more than it saves is not stored.
    Products of two activations, as in attention, are not counted. Calls inside
    `keras.ops.scan`, `while_loop` or `vectorized_map` may count once.

    Example:
        >>> import keras
        >>> inputs = keras.Input((4,))
        >>> model = keras.Model(inputs, keras.layers.Dense(3)(inputs))
        >>> row = count(model)[0]
        >>> row.dense_multiply_adds, row.weights, row.dense_bytes
        (12, 12, 60)
    """
    check_model(model)
    if not model.built:
        raise ValueError(
            "`model` must be built, so that its weights exist. Received: "
            f"{model.name!r}, not built. Call it once, or `model.build(shape)`."
        )
    owners = list(layer_calls.weight_owners(model))
    owned = [weight for _, weights in owners for weight in weights]
    masks = _check_masks(masks, owned)
    watched = [layer for layer, _ in owners]
    calls = layer_calls.shapes_of_calls(model, watched, input_shape)
    return [
        _row(layer, weights, calls[id(layer)], masks)
        for layer, weights in owners
    ]


def total(rows: Sequence[LayerCount]) -> LayerCount:
    """Adds up the rows of `count`.

    Args:
        rows: list of `LayerCount`.

    Returns:
        `LayerCount` with path and kind "total". `positions` is None, and so are
        the multiply-adds if those of any row are.

    Example:
        >>> row = LayerCount("a", "Dense", 1, 12, 6, 12, 6, 60, 38)
        >>> total([row, row]).sparse_multiply_adds
        12
    """

    def add(name):
        values = [getattr(row, name) for row in rows]
        return None if None in values else sum(values)

    names = [field.name for field in dataclasses.fields(LayerCount)]
    return LayerCount("total", "total", None, *map(add, names[3:]))


def _row(layer, weights, calls, masks):
    kernels = [w for w in weights if w.name in KERNELS]
    others = [w for w in weights if w.name not in KERNELS]
    size = sum(_size(kernel) for kernel in kernels)
    live = [_live(kernel, masks) for kernel in kernels]
    positions = layer_calls.applications(layer, calls)
    looked_up = any(kernel.name == "embeddings" for kernel in kernels)
    dense_bits = sum(_size(w) * _bits(w) for w in weights)
    sparse_bits = sum(_size(w) * _bits(w) for w in others)
    for kernel, number in zip(kernels, live, strict=True):
        # A freshly drawn kernel may hold a stray zero: no reason for a mask.
        stored_sparse = number * _bits(kernel) + _size(kernel)
        sparse_bits += min(stored_sparse, _size(kernel) * _bits(kernel))

    def multiply_adds(number):
        if positions is None:
            return None
        return 0 if looked_up else number * positions

    return LayerCount(
        path=layer.path or layer.name,
        kind=type(layer).__name__,
        positions=positions,
        dense_multiply_adds=multiply_adds(size),
        sparse_multiply_adds=multiply_adds(sum(live)),
        weights=size,
        live_weights=sum(live),
        dense_bytes=math.ceil(dense_bits / 8),
        sparse_bytes=math.ceil(sparse_bits / 8),
    )


def _size(weight):
    return math.prod(weight.shape)


def _bits(weight):
    digits = re.search(r"\d+", keras.backend.standardize_dtype(weight.dtype))
    return int(digits[0]) if digits else 8


def _live(kernel, masks):
    if masks is None:
        return int(np.count_nonzero(keras.ops.convert_to_numpy(kernel)))
    if kernel.path in masks:
        return int(np.count_nonzero(masks[kernel.path]))
    return _size(kernel)


def _check_masks(masks, weights):
    if masks is None:
        return None
    masks = {p: keras.ops.convert_to_numpy(mask) for p, mask in masks.items()}
    shapes = {w.path: tuple(w.shape) for w in weights if w.name in KERNELS}
    unknown = sorted(set(masks) - set(shapes))
    if unknown:
        raise ValueError(
            "`masks` must be keyed by paths of kernels. "
            f"Received: {unknown}. Use paths out of {sorted(shapes)}."
        )
    wrong = {p: m.shape for p, m in masks.items() if m.shape != shapes[p]}
    if wrong:
        raise ValueError(
            "`masks` must have the shapes of their kernels. "
            f"Received: {wrong}. Expected: { {p: shapes[p] for p in wrong} }."
        )
    return masks
