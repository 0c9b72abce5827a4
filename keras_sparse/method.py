"""What a sparse training method is, and what it is told."""

import dataclasses
from collections.abc import Mapping, Sequence

import numpy as np
from keras import ops

from keras_sparse import distributions
from keras_sparse._types import Distribution, MaskLike, Masks, Shape, Tensor
from keras_sparse.config import (
    Configurable,
    check_choice,
    check_count,
    check_fraction,
)
from keras_sparse.pattern import (
    Pattern,
    check_fit,
    check_masks,
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


@dataclasses.dataclass(frozen=True)
class SparseWeight:
    """One masked weight as a method sees it; tensors of one shape.

    Attributes:
        path: str, the variable's path when its mask was made.
        value: float tensor, exactly 0 outside `mask` unless the method
            `keeps_dormant_weights`.
        mask: boolean tensor, true = live.
        gradient: float tensor, the dense gradient, or None where the method
            does not ask for it. Summed over replicas, but for
            `Method.visible_gradient`, which sees that of one replica.
        memory: dict name -> float tensor, as of `Method.memory`.
    """

    path: str
    value: Tensor
    mask: Tensor
    gradient: Tensor = None
    memory: Mapping[str, Tensor] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True)
class Moment:
    """When an update happens.

    Attributes:
        step: integer scalar tensor, optimizer steps done so far.
        learning_rate_ratio: float scalar tensor in [0, 1], the learning rate
            over the largest one seen at an update so far.
        learning_rate: float scalar tensor.
        scalars: dict name -> float scalar tensor, as of `Method.scalars`.
    """

    step: Tensor
    learning_rate_ratio: Tensor
    learning_rate: Tensor = 0.0
    scalars: Mapping[str, Tensor] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True)
class Update:
    """What a mask update changes; what is None stays as it is.

    Attributes:
        masks: list of boolean tensors, one per weight.
        values: list of float tensors, the new weights; those that were not
            live become 0 whatever stands there.
        memories: list of dicts name -> tensor, as of `Method.memory`.
        scalars: dict name -> float scalar tensor, as of `Method.scalars`.
    """

    masks: Sequence[Tensor]
    values: Sequence[Tensor] | None = None
    memories: Sequence[Mapping[str, Tensor]] | None = None
    scalars: Mapping[str, Tensor] | None = None


class Method(Configurable):
    """Decides the masks; `SparseOptimizer` does the rest.

    A method says which masks training starts from (`initial_masks`), at which
    steps they change (`due`), and how (`update`). It keeps no variables, but
    may ask the optimizer for some: `memory` and `scalars`.
    """

    #: Whether an update takes the place of that step's gradient step.
    update_replaces_step = False
    #: Whether `update` reads `SparseWeight.gradient`.
    needs_gradient = False
    #: Whether `observe` is called, with the dense gradients, at every step.
    observes = False
    #: Whether weights outside the mask keep a value and may train, unseen by
    #: the model. Else they are forgotten, and come back as 0 with new slots.
    keeps_dormant_weights = False
    #: Names of float variables to keep per masked weight, of its shape.
    memory: tuple[str, ...] = ()
    #: Float variables to keep, dict name -> initial value.
    scalars: Mapping[str, float] = {}
    #: What is kept or dropped as a whole; None: single weights.
    pattern: Pattern | None = None

    def reads_initial_values(self) -> bool:
        """Whether `initial_masks` reads values, not shapes alone."""
        return False

    def initial_masks(self, weights: Mapping[str, Tensor]) -> Masks:
        """Returns a dict path -> boolean array for a dict path -> array."""
        raise NotImplementedError

    def check_masks(self, masks: MaskLike) -> None:
        """Raises ValueError where given masks (path -> array) do not fit."""
        check_masks(self.pattern, masks)

    def initial_memory(
        self, weights: Mapping[str, Tensor], masks: Masks
    ) -> dict[str, dict[str, Tensor]]:
        """Returns a dict name -> dict path -> array; what is left out is 0."""
        return {}

    def due(self, step: Tensor) -> Tensor | None:
        """Returns a boolean scalar tensor, or None: the masks never change."""
        return None

    def visible_gradient(self, weight: SparseWeight) -> Tensor:
        """Returns the gradient of a `SparseWeight` that the optimizer gets."""
        return ops.where(
            weight.mask, weight.gradient, ops.zeros_like(weight.gradient)
        )

    def observe(
        self, weights: Sequence[SparseWeight], moment: Moment
    ) -> Sequence[dict[str, Tensor]]:
        """Returns the new memory of each `SparseWeight`: dicts, in order."""
        raise NotImplementedError

    def update(
        self, weights: Sequence[SparseWeight], moment: Moment
    ) -> Sequence[Tensor] | Update:
        """Returns the new boolean mask of each `SparseWeight`, or `Update`."""
        raise NotImplementedError


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
        """Returns a dict path -> share of zeros for a dict path -> shape."""
        custom = dict(self.custom or {})
        if self.dense_first and shapes:
            custom.setdefault(next(iter(shapes)), 0.0)
        distribute = DISTRIBUTIONS[self.distribution]
        if self.pattern is not None and self.pattern.sparsity is not None:
            distribute = distributions.uniform
        return distribute(shapes, self.sparsity, custom=custom)

    def num_kept(self, shapes: Mapping[str, Shape]) -> dict[str, int]:
        """Returns a dict path -> live weights, for a dict path -> shape.

        With a pattern: live units of each of its groups. Zeros are counted as
        floor(sparsity * size).
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
