"""How sparse each layer is, given how sparse the whole network should be.

Every function maps layer shapes and one target to one sparsity per layer.
Plain numbers in, plain numbers out: no Keras, no randomness.
"""

import math
from collections.abc import Mapping

from keras_sparse._types import Shape


def num_zeros(size: int, sparsity: float) -> int:
    """Counts the weights to remove from one layer.

    Args:
        size: int >= 0, number of weights in the layer.
        sparsity: float in [0, 1], share of the weights to remove.

    Returns:
        int, `floor(sparsity * size)` in float64. The product is not repaired:
        `num_zeros(100, 0.29)` is 28, because `0.29 * 100` is just below 29.

    Source: google-research/rigl, `sparse_utils.get_n_zeros`.
    Differs from jaxpruner and tfmot, which keep
    `max(1, round(size * (1 - sparsity)))`: up to one weight per layer.

    Example:
        >>> num_zeros(10, 0.9), num_zeros(100, 0.29), num_zeros(1, 0.99)
        (9, 28, 0)
    """
    return int(math.floor(sparsity * size))


def uniform(
    shapes: Mapping[str, Shape],
    sparsity: float,
    custom: Mapping[str, float] | None = None,
    power: float = 1.0,
) -> dict[str, float]:
    """Gives every layer the same sparsity.

    Args:
        shapes: dict, layer name -> shape (tuple of ints).
        sparsity: float in [0, 1), share of zeros in every layer.
        custom: dict, layer name -> sparsity in [0, 1), layers with a sparsity
            of their own; 0 keeps a layer dense.
        power: not used; the three distributions share one signature.

    Returns:
        dict, layer name -> sparsity, in the order of `shapes`.

    Raises:
        ValueError: for a target out of range or an unknown layer in `custom`.

    Source: Evci et al. 2020, arXiv:1911.11134, section 3; google-research/rigl,
    `sparse_utils.get_sparsities_uniform`. The paper keeps the first layer
    dense: list it in `custom` with 0.

    Example:
        >>> uniform({"a": (4, 4), "b": (4, 2)}, 0.5, custom={"b": 0.0})
        {'a': 0.5, 'b': 0.0}
    """
    custom = _check(shapes, sparsity, custom, power)
    return {name: custom.get(name, float(sparsity)) for name in shapes}


def erdos_renyi(
    shapes: Mapping[str, Shape],
    sparsity: float,
    custom: Mapping[str, float] | None = None,
    power: float = 1.0,
) -> dict[str, float]:
    """Keeps more of small layers: density ~ (inputs + outputs) / size.

    The kernel dimensions of a convolution do not count; see
    `erdos_renyi_kernel` for the variant in which they do.

    Args:
        shapes: dict, layer name -> shape; the last two numbers are taken as
            inputs and outputs.
        sparsity: float in [0, 1), share of zeros over all layers that are not
            in `custom`.
        custom: dict, layer name -> sparsity in [0, 1). These layers are left
            out of the total: the others reach `sparsity` on their own.
        power: float >= 0; the ratio is raised to it. Below 1 the layers become
            more alike; 0 makes them equal.

    Returns:
        dict, layer name -> sparsity, in the order of `shapes`. Layers whose
        density would exceed 1 are dense, and the rest makes up for them.

    Raises:
        ValueError: for a target out of range, an unknown layer in `custom`, or
            a shape with less than two dimensions.

    Source: Mocanu et al. 2018, arXiv:1707.04780; google-research/rigl,
    `sparse_utils.get_sparsities_erdos_renyi`.
    Differs from the authors' code: `power` acts here too; `sparsity=0` and
    `custom` with all layers return a result (they divide by zero there).

    Example:
        >>> shapes = {"a": (2, 4), "b": (3, 6), "c": (2, 4, 6)}
        >>> found = erdos_renyi(shapes, 0.5)
        >>> {name: round(value, 2) for name, value in found.items()}
        {'a': 0.21, 'b': 0.47, 'c': 0.56}
    """
    return _scaled(shapes, sparsity, custom, power, lambda shape: shape[-2:])


def erdos_renyi_kernel(
    shapes: Mapping[str, Shape],
    sparsity: float,
    custom: Mapping[str, float] | None = None,
    power: float = 1.0,
) -> dict[str, float]:
    """Keeps more of small layers: density ~ sum(shape) / prod(shape).

    Args:
        shapes: dict, layer name -> shape. The order of the dimensions does not
            matter.
        sparsity: float in [0, 1), share of zeros over all layers that are not
            in `custom`.
        custom: dict, layer name -> sparsity in [0, 1). These layers are left
            out of the total: the others reach `sparsity` on their own.
        power: float >= 0; the ratio is raised to it. Below 1 the layers become
            more alike; 0 makes them equal.

    Returns:
        dict, layer name -> sparsity, in the order of `shapes`. Layers whose
        density would exceed 1 are dense, and the rest makes up for them.

    Raises:
        ValueError: for a target out of range, an unknown layer in `custom`, or
            a shape with less than two dimensions.

    Source: Evci et al. 2020, arXiv:1911.11134, section 3 (ERK);
    google-research/rigl, `sparse_utils.get_sparsities_erdos_renyi`.
    Differs from the authors' code: `sparsity=0` and `custom` with all layers
    return a result (they divide by zero there); 1-D shapes are refused (there
    they silently become dense).

    Example:
        >>> shapes = {"a": (2, 4), "b": (3, 6), "c": (2, 4, 6)}
        >>> found = erdos_renyi_kernel(shapes, 0.5)
        >>> {name: round(value, 3) for name, value in found.items()}
        {'a': 0.0, 'b': 0.31, 'c': 0.655}
    """
    return _scaled(shapes, sparsity, custom, power, lambda shape: shape)


def _scaled(shapes, sparsity, custom, power, counted_dimensions):
    custom = _check(shapes, sparsity, custom, power)
    free = {name: shape for name, shape in shapes.items() if name not in custom}
    _check_dimensions(free)
    ratios = {}
    for name, shape in free.items():
        counted = counted_dimensions(shape)
        ratios[name] = (sum(counted) / math.prod(counted)) ** power
    sizes = {name: math.prod(shape) for name, shape in free.items()}
    densities = _densities(ratios, sizes, sparsity)
    return {
        name: custom[name] if name in custom else 1.0 - densities[name]
        for name in shapes
    }


def _densities(ratios, sizes, sparsity):
    """Scales the ratios to the target; a density above 1 becomes 1."""
    densities: dict[str, float] = {}
    budget = sum(size - num_zeros(size, sparsity) for size in sizes.values())
    open_layers = dict(ratios)
    # Rounding can lift the last layers just above 1, as for a sparsity of 0:
    # then no layer stays open, and all are dense.
    while open_layers:
        weighted = sum(open_layers[name] * sizes[name] for name in open_layers)
        scale = budget / weighted
        largest = max(open_layers.values())
        if scale * largest <= 1:
            return densities | {
                name: scale * ratio for name, ratio in open_layers.items()
            }
        for name in [n for n, r in open_layers.items() if r == largest]:
            del open_layers[name]
            densities[name] = 1.0
            budget -= sizes[name]
    return densities


def _check(shapes, sparsity, custom, power):
    custom = dict(custom or {})
    if not isinstance(shapes, dict) or not shapes:
        raise ValueError(
            "`shapes` must be a dict that names at least one layer. Received: "
            f"shapes={shapes!r}. Build the model first, or widen the filter."
        )
    if not 0 <= sparsity < 1:
        raise ValueError(
            "`sparsity` must be in [0, 1), so that weights are left to train. "
            f"Received: sparsity={sparsity}. For 90 % zeros pass 0.9."
        )
    if not 0 <= power < math.inf:
        raise ValueError(
            "`power` must be a finite number >= 0. "
            f"Received: power={power}. Pass 1 for the paper's rule."
        )
    empty = {n: tuple(s) for n, s in shapes.items() if 0 in s}
    if empty:
        raise ValueError(
            "`shapes` must not hold a layer without weights. "
            f"Received: {empty}. Leave these layers out."
        )
    unknown = sorted(set(custom) - set(shapes))
    if unknown:
        raise ValueError(
            f"`custom` must name layers of the model. Received: {unknown}. "
            f"Use names out of {sorted(shapes)}."
        )
    outside = {n: value for n, value in custom.items() if not 0 <= value < 1}
    if outside:
        raise ValueError(
            "`custom` sparsities must be in [0, 1): 1 would empty the layer. "
            f"Received: {outside}. Pass 0 to keep a layer dense."
        )
    return {name: float(value) for name, value in custom.items()}


def _check_dimensions(shapes):
    short = {n: tuple(s) for n, s in shapes.items() if len(s) < 2}
    if short:
        raise ValueError(
            "`shapes` must have two dimensions or more: inputs and outputs. "
            f"Received: {short}. Leave these layers out, or list them in "
            "`custom`."
        )
