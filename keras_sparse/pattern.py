"""What a pattern is: which weights are kept or dropped together.

A pattern reads a weight as groups of units. A unit is kept or dropped as a
whole; every group keeps the same number of units.
"""

import math

import numpy as np
from keras import ops

from keras_sparse._types import Shape, Tensor
from keras_sparse.config import Configurable
from keras_sparse.distributions import num_zeros
from keras_sparse.topk import top_magnitude_mask_of_rows


class Pattern(Configurable):
    """Base of patterns; a subclass says how a weight falls into units."""

    #: The one sparsity that the pattern allows, or None.
    sparsity: float | None = None

    def units(self, tensor: Tensor) -> Tensor:
        """Reshapes `tensor`, a weight, to (groups, units, weights per unit)."""
        raise NotImplementedError

    def spread(self, units: Tensor, shape: Shape) -> Tensor:
        """The inverse: one value per unit, spread over a weight.

        Args:
            units: tensor (groups, units).
            shape: tuple of ints, the weight's.

        Returns:
            Tensor of `shape`.
        """
        raise NotImplementedError

    def weights(self, units: Tensor, shape: Shape) -> Tensor:
        """The mask of a weight that keeps these units.

        Args:
            units: boolean tensor (groups, units).
            shape: tuple of ints, the weight's.

        Returns:
            Boolean tensor of `shape`.
        """
        # Not as booleans: TensorFlow complains of moving their axes on CPUs.
        spread = self.spread(ops.cast(units, "uint8"), tuple(shape))
        return ops.cast(spread, "bool")

    def misfit(self, shape: Shape) -> str | None:
        """Says what is wrong with `shape`, or None where the pattern fits."""
        return None

    def magnitudes(self, tensor: Tensor) -> Tensor:
        """Mean magnitude of each unit of `tensor`, (groups, units)."""
        return ops.mean(ops.abs(self.units(tensor)), axis=-1)

    def live(self, mask: Tensor) -> Tensor:
        """Which units of `mask` are live, (groups, units)."""
        return ops.max(self.units(ops.cast(mask, "uint8")), axis=-1) > 0

    def holds(self, mask: Tensor) -> bool:
        """Whether `mask` keeps whole units, and a right number per group."""
        live = ops.convert_to_numpy(self.live(mask))
        whole = ops.convert_to_numpy(self.weights(live, np.shape(mask)))
        same = bool((whole == np.asarray(mask, dtype=bool)).all())
        return same and self.allows(set(live.sum(axis=1).tolist()))

    def allows(self, counts: set[int]) -> bool:
        """Whether groups may keep so many units: `counts`, a set of ints."""
        return len(counts) == 1

    def num_kept(self, num_units: int, sparsity: float) -> int:
        """Units that each group keeps.

        Args:
            num_units: int, units of a group.
            sparsity: float in [0, 1], share to drop.

        Returns:
            int; what goes is floor(sparsity * num_units).
        """
        return num_units - int(math.floor(sparsity * num_units))

    def regrow(
        self, survivors: Tensor, live: Tensor, grow_magnitudes: Tensor
    ) -> Tensor:
        """Gives each group as many units as it had; tensors (groups, units).

        Args:
            survivors: boolean, units that stay.
            live: boolean, units that were live before the drop.
            grow_magnitudes: float, where to grow first.

        Returns:
            Boolean tensor, the units that are live now.
        """
        lost = count_by_group(live) - count_by_group(survivors)
        others = ops.logical_not(survivors)
        grown = top_magnitude_mask_of_rows(grow_magnitudes, lost, others)
        return ops.logical_or(survivors, grown)

    def without_ablation(self) -> "Pattern":
        """The pattern for a layer all of whose neurons must stay."""
        return self


def fitting(pattern, shape):
    """The pattern where it fits the shape, else None: weight by weight."""
    fits = pattern is not None and pattern.misfit(tuple(shape)) is None
    return pattern if fits else None


def num_units(pattern, shape):
    """Units per group of a weight; its weights where no pattern fits."""
    pattern = fitting(pattern, shape)
    if pattern is None:
        return math.prod(shape)
    return pattern.units(np.zeros(shape)).shape[1]


def num_kept(pattern, shape, sparsity):
    """Counts what stays; zeros are floor(sparsity * number).

    Args:
        pattern: `Pattern` or None.
        shape: tuple of ints.
        sparsity: float in [0, 1].

    Returns:
        int: units of each group, or weights where no pattern fits.
    """
    size, fit = num_units(pattern, shape), fitting(pattern, shape)
    if fit is None:
        return size - num_zeros(size, sparsity)
    return fit.num_kept(size, sparsity)


def patterns_of(weights, pattern):
    """The pattern of each `SparseWeight`; the last keeps its neurons."""
    if pattern is None:
        return [None] * len(weights)
    every = [pattern] * (len(weights) - 1) + [pattern.without_ablation()]
    return [
        fitting(one, weight.value.shape)
        for one, weight in zip(every, weights, strict=True)
    ]


def check_pattern(pattern, sparsity=None, name="sparsity"):
    """Raises ValueError unless this is a pattern that can be so sparse.

    Args:
        pattern: what came as the argument of that name.
        sparsity: float, the sparsity to reach, or None: not fixed.
        name: "sparsity", or "schedule", which ends with it.
    """
    if pattern is not None and not isinstance(pattern, Pattern):
        raise ValueError(
            "`pattern` must be Block(rows, columns), NofM(n, m), Channels(), "
            f"ConstantFanIn() or None. Received: pattern={pattern!r}. Make one "
            "of these."
        )
    fixed = None if pattern is None else pattern.sparsity
    if None not in (fixed, sparsity) and abs(fixed - sparsity) > 1e-6:
        must = "be" if name == "sparsity" else "end at"
        raise ValueError(
            f"`{name}` must {must} {fixed:g} with {pattern!r}, which allows no "
            f"other. Received: sparsity={sparsity}. Pass {fixed:g}, or another "
            "pattern."
        )


def check_fit(pattern, shapes):
    """Raises ValueError for the shapes that the pattern cannot divide.

    Args:
        pattern: `Pattern` or None.
        shapes: dict path -> shape of the weights that shall be sparse.
    """
    if pattern is None:
        return
    misfits = [
        f"{path} {tuple(shape)}: {pattern.misfit(tuple(shape))}"
        for path, shape in shapes.items()
        if pattern.misfit(tuple(shape))
    ]
    if misfits:
        raise ValueError(
            "`pattern` must divide the weights that it masks. Received: "
            f"{pattern!r} with {'; '.join(misfits)}. Leave these weights dense "
            "with `custom={path: 0.0}`, or out of `filters`."
        )


def check_masks(pattern, masks):
    """Raises ValueError for masks that do not follow the pattern.

    Args:
        pattern: `Pattern` or None.
        masks: dict path -> boolean array; one without zeros follows any.
    """
    if pattern is None:
        return
    sparse = {path: mask for path, mask in masks.items() if not np.all(mask)}
    check_fit(pattern, {path: np.shape(mask) for path, mask in sparse.items()})
    broken = [path for path, mask in sparse.items() if not pattern.holds(mask)]
    if broken:
        raise ValueError(
            f"`masks` must follow the method's pattern {pattern!r}. Received: "
            f"masks of {', '.join(broken)} that do not. Make them with the "
            "same `pattern`, or give the method none."
        )


def count_by_group(units):
    """Number of true units in each group, int32 (groups,)."""
    return ops.sum(ops.cast(units, "int32"), axis=1)
