"""Dense weights behind a sparse model: straight-through and Top-KAST."""

from collections.abc import Mapping, Sequence

import keras
import numpy as np
from keras import ops

from keras_sparse._types import Distribution, Masks, Tensor
from keras_sparse.backend import num_replicas
from keras_sparse.config import check_count, check_fraction, check_number
from keras_sparse.fixed_budget import FixedBudget
from keras_sparse.method import Moment, SparseWeight, Update
from keras_sparse.pattern import Pattern, fitting
from keras_sparse.topk import top_magnitude_mask
from keras_sparse.topology import keep_largest


class _LargestWeights(FixedBudget):
    """The model sees each layer's largest weights; others wait their turn."""

    keeps_dormant_weights = True

    def __init__(
        self,
        sparsity: float,
        distribution: Distribution,
        update_every: int,
        custom: Mapping[str, float] | None,
        dense_first: bool,
        pattern: Pattern | None,
    ) -> None:
        super().__init__(
            sparsity, distribution, custom, dense_first, pattern=pattern
        )
        self.update_every = check_count("update_every", update_every, 1)

    def reads_initial_values(self) -> bool:
        return True

    def initial_masks(self, weights: Mapping[str, Tensor]) -> Masks:
        """Keeps the largest of the initial weights."""
        start = [
            SparseWeight(path, value, np.ones(np.shape(value), dtype=bool))
            for path, value in weights.items()
        ]
        masks = map(ops.convert_to_numpy, self.forward_masks(start))
        return dict(zip(weights, masks, strict=True))

    def due(self, step: Tensor) -> Tensor:
        """True each `update_every` steps."""
        return ops.equal(ops.cast(step, "int32") % self.update_every, 0)

    def forward_masks(self, weights: Sequence[SparseWeight]) -> list[Tensor]:
        """The masks of the largest values.

        Args:
            weights: list of `SparseWeight`.

        Returns:
            List of boolean tensors, true = the model sees this weight.
        """
        shapes = {w.path: tuple(w.value.shape) for w in weights}
        num_kept = self.num_kept(shapes)
        return [
            keep_largest(
                weight.value,
                ops.ones_like(weight.mask),
                num_kept[weight.path],
                fitting(self.pattern, shapes[weight.path]),
            )
            for weight in weights
        ]

    def update(
        self, weights: Sequence[SparseWeight], moment: Moment
    ) -> Sequence[Tensor] | Update:
        return self.forward_masks(weights)


_ARGUMENTS = """
        distribution: "erk" (= "erdos_renyi_kernel"), "erdos_renyi" (= "er")
            or "uniform": how the zeros are shared among the layers.
        update_every: int, optimizer steps between two mask updates.
        custom: dict path -> sparsity in [0, 1) of weights that do not follow
            the distribution, or None.
        dense_first: bool, keep the first masked weight dense.
        pattern: what is kept or dropped as a whole: `Block`, `NofM`,
            `Channels`, `ConstantFanIn`, or None: single weights.
"""


@keras.saving.register_keras_serializable(package="keras_sparse")
class STE(_LargestWeights):
    __doc__ = f"""Trains all weights; the model sees each layer's largest.

    The gradient at the masked weights goes straight through to the dense
    ones, which the optimizer keeps. What is saved or exported is sparse.

    Args:
        sparsity: float in [0, 1), share of zeros over all masked weights.
{_ARGUMENTS.lstrip(chr(10))}
    Raises:
        ValueError: an argument is not as above, or, once the model is known,
            does not fit it.

    Source: Bengio et al. 2013, arXiv:1308.3432 (straight-through); jaxpruner
        `algorithms/ste.py`, `SteMagnitudePruning`.
    Differs from jaxpruner: the masks are those of the step before when
        `update_every` is above 1; no schedule of the sparsity.

    Example:
        >>> STE(0.5, "uniform").num_kept({{"kernel": (2, 4)}})
        {{'kernel': 4}}
    """

    def __init__(
        self,
        sparsity: float,
        distribution: Distribution = "erk",
        update_every: int = 1,
        custom: Mapping[str, float] | None = None,
        dense_first: bool = False,
        pattern: Pattern | None = None,
    ) -> None:
        super().__init__(
            sparsity, distribution, update_every, custom, dense_first, pattern
        )

    def visible_gradient(self, weight: SparseWeight) -> Tensor:
        """All of it: dormant weights train too."""
        return weight.gradient


@keras.saving.register_keras_serializable(package="keras_sparse")
class TopKAST(_LargestWeights):
    __doc__ = f"""Trains more weights than the model sees, to explore.

    The model sees the largest weights (set A, `sparsity`); a larger set B
    (`backward_sparsity`) trains. A penalty draws the weights of B towards 0,
    those outside A most, so that only useful ones stay large.

    Args:
        sparsity: float in [0, 1), share of zeros that the model sees.
        backward_sparsity: float in [0, `sparsity`], share of weights that do
            not train.
{_ARGUMENTS.lstrip(chr(10))}
        penalty: float from 0, coefficient of the gradient of half the squared
            weights in A, and of 1 / (1 - sparsity) times that outside A.

    Raises:
        ValueError: an argument is not as above, or, once the model is known,
            does not fit it.

    Source: Jayakumar et al. 2020, arXiv:2106.03517, section 2; the penalty is
        its exploration regularisation.
    Differs from it: layers share the zeros by `distribution`, the paper's are
        uniform; 1 - sparsity is that of the whole model, not of the layer.

    Example:
        >>> TopKAST(0.9, 0.5).backward_sparsity
        0.5
    """

    memory = ("trained",)

    def __init__(
        self,
        sparsity: float,
        backward_sparsity: float,
        distribution: Distribution = "erk",
        update_every: int = 1,
        custom: Mapping[str, float] | None = None,
        dense_first: bool = False,
        pattern: Pattern | None = None,
        penalty: float = 1e-4,
    ) -> None:
        super().__init__(
            sparsity, distribution, update_every, custom, dense_first, pattern
        )
        self.backward_sparsity = check_fraction(
            "backward_sparsity", backward_sparsity
        )
        if backward_sparsity > sparsity:
            raise ValueError(
                "`backward_sparsity` must not be above `sparsity`, for all "
                "weights that the model sees train. Received: sparsity="
                f"{sparsity}, backward_sparsity={backward_sparsity}. Lower it."
            )
        self.penalty = check_number("penalty", penalty)

    def initial_memory(
        self, weights: Mapping[str, Tensor], masks: Masks
    ) -> dict[str, dict[str, Tensor]]:
        start = [
            SparseWeight(path, value, masks[path])
            for path, value in weights.items()
        ]
        shapes = {path: np.shape(value) for path, value in weights.items()}
        found = zip(weights, self._trained(start, shapes), strict=True)
        return {"trained": {p: ops.convert_to_numpy(t) for p, t in found}}

    def visible_gradient(self, weight: SparseWeight) -> Tensor:
        """That of set B, with the penalty's."""
        outside = 1.0 / (1.0 - self.sparsity)
        factor = ops.cast(ops.where(weight.mask, 1.0, outside), "float32")
        # Each replica adds its part of the one penalty.
        factor = factor * (self.penalty / num_replicas())
        pull = factor * ops.cast(weight.value, "float32")
        gradient = weight.gradient + ops.cast(pull, weight.gradient.dtype)
        trained = weight.memory["trained"] > 0
        return ops.where(trained, gradient, ops.zeros_like(gradient))

    def update(self, weights: Sequence[SparseWeight], moment: Moment) -> Update:
        masks = self.forward_masks(weights)
        shapes = {w.path: tuple(w.value.shape) for w in weights}
        seen = [
            SparseWeight(weight.path, weight.value, mask)
            for weight, mask in zip(weights, masks, strict=True)
        ]
        trained = self._trained(seen, shapes)
        return Update(masks, memories=[{"trained": t} for t in trained])

    def _trained(self, weights, shapes):
        """Set B of each weight: its mask and the next largest, as float."""
        wider = FixedBudget(
            self.backward_sparsity,
            self.distribution,
            self.custom,
            self.dense_first,
        )
        num_trained = wider.num_kept(shapes)
        trained = []
        for weight in weights:
            mask = ops.convert_to_tensor(weight.mask)
            value = ops.cast(weight.value, "float32")
            first = ops.where(mask, float("inf"), ops.abs(value))
            chosen = top_magnitude_mask(
                first, num_trained[weight.path], ops.ones_like(mask)
            )
            chosen = ops.logical_or(mask, chosen)
            trained.append(ops.cast(chosen, "float32"))
        return trained
