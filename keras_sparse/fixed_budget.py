"""Methods whose layers keep their number of live weights."""

from collections.abc import Mapping

import numpy as np

from keras_sparse import distributions
from keras_sparse._types import Distribution, Masks, Shape, Tensor
from keras_sparse.config import check_choice, check_count, check_fraction
from keras_sparse.method import Method
from keras_sparse.pattern import (
    Pattern,
    check_fit,
    check_pattern,
    fitting,
    num_kept,
)
from keras_sparse.topology import random_mask

DISTRIBUTIONS = {
    "uniform": distributions.uniform,
    "erdos_renyi": distributions.erdos_renyi,
    "erdos_renyi_kernel": distributions.erdos_renyi_kernel,
    "er": distributions.erdos_renyi,
    "erk": distributions.erdos_renyi_kernel,
}


class FixedBudget(Method):
    """A method whose layers keep their number of live weights.

    Args:
        sparsity: float in [0, 1), share of zeros over all masked weights.
        distribution: "erk" (= "erdos_renyi_kernel"), "erdos_renyi" (= "er")
            or "uniform": how the zeros are shared among the layers.
        custom: dict path -> sparsity in [0, 1) of weights that do not follow
            the distribution, or None.
        dense_first: bool, keep the first masked weight dense, as the RigL
            paper does with "uniform".
        seed: int from 0, for the initial masks and random growth.
        pattern: what is kept or dropped as a whole: `Block`, `NofM`,
            `Channels`, `ConstantFanIn`, or None: single weights.
    """

    def __init__(
        self,
        sparsity: float,
        distribution: Distribution = "erk",
        custom: Mapping[str, float] | None = None,
        dense_first: bool = False,
        seed: int = 0,
        pattern: Pattern | None = None,
    ) -> None:
        check_choice("distribution", distribution, tuple(DISTRIBUTIONS))
        self.sparsity = check_fraction("sparsity", sparsity)
        self.seed = check_count("seed", seed, 0)
        check_pattern(pattern, sparsity)
        self.distribution = distribution
        self.custom = custom
        self.dense_first = dense_first
        self.pattern = pattern

    def sparsities(self, shapes: Mapping[str, Shape]) -> dict[str, float]:
        """Share of zeros of each weight.

        Args:
            shapes: dict path -> shape.

        Returns:
            Dict path -> float in [0, 1).

        Raises:
            ValueError: `custom` names a path that `shapes` does not.
        """
        custom = dict(self.custom or {})
        if self.dense_first and shapes:
            custom.setdefault(next(iter(shapes)), 0.0)
        distribute = DISTRIBUTIONS[self.distribution]
        if self.pattern is not None and self.pattern.sparsity is not None:
            distribute = distributions.uniform
        return distribute(shapes, self.sparsity, custom=custom)

    def num_kept(self, shapes: Mapping[str, Shape]) -> dict[str, int]:
        """Number of live weights of each weight.

        Args:
            shapes: dict path -> shape.

        Returns:
            Dict path -> int. With a pattern: live units of each of its groups.
            Zeros are counted as floor(sparsity * size).

        Raises:
            ValueError: the pattern does not divide a weight.
        """
        sparsities = self.sparsities(shapes)
        sparse = {p: shapes[p] for p, share in sparsities.items() if share > 0}
        check_fit(self.pattern, sparse)
        return {
            path: num_kept(self.pattern, shapes[path], sparsity)
            for path, sparsity in sparsities.items()
        }

    def initial_masks(self, weights: Mapping[str, Tensor]) -> Masks:
        """Draws random masks."""
        shapes = {path: np.shape(value) for path, value in weights.items()}
        return {
            path: random_mask(
                shapes[path],
                num_kept,
                self.seed,
                path,
                fitting(self.pattern, shapes[path]),
            )
            for path, num_kept in self.num_kept(shapes).items()
        }
