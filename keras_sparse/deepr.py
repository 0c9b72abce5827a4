"""Deep rewiring: a random walk whose weights go when they cross zero."""

import math
from collections.abc import Mapping, Sequence

import keras
import numpy as np
from keras import ops

from keras_sparse._types import Distribution, Masks, Tensor
from keras_sparse.budgets import count
from keras_sparse.config import check_number
from keras_sparse.method import Moment, SparseWeight, Update
from keras_sparse.periodic import PeriodicBudget
from keras_sparse.topk import top_magnitude_mask
from keras_sparse.topology import random_scores


def rewire(weight, mask, sign, shrinkage, noise, grow_score):
    """Shrinks and shakes the live weights; those that change sign move.

    Args:
        weight: float tensor of any shape.
        mask: boolean tensor of that shape, true = live.
        sign: tensor of that shape, +1 or -1: the side of 0 on which a
            connection may live.
        shrinkage: float scalar from 0, what live weights lose of their size.
        noise: float tensor of that shape, added to live weights.
        grow_score: float tensor of that shape; large magnitude means grow.

    Returns:
        (float tensor: the weights, 0 where they are not live or new; boolean
        tensor like `mask`, with as many true entries). A connection that has
        just gone dormant may be drawn again, and starts at 0 then.

    Source: Bellec et al. 2018, arXiv:1711.05136, Algorithm 1.

    Example:
        >>> from keras import ops
        >>> mask = ops.array([True, True, False, False])
        >>> value, mask = rewire(
        ...     ops.array([0.5, 0.1, 0, 0]), mask, ops.array([1.0, -1, 1, 1]),
        ...     0.25, ops.zeros(4), ops.array([0.0, 0, 1, 2]))
        >>> [float(number) for number in value], [int(live) for live in mask]
        ([0.25, 0.0, 0.0, 0.0], [1, 0, 0, 1])
    """
    dtype = weight.dtype
    sign = ops.cast(sign, dtype)
    walked = weight - ops.cast(shrinkage, dtype) * sign
    walked = walked + ops.cast(noise, dtype)
    survivors = ops.logical_and(mask, walked * sign >= 0)
    num_gone = count(mask) - count(survivors)
    dormant = ops.logical_not(survivors)
    grown = top_magnitude_mask(grow_score, num_gone, dormant)
    value = ops.where(survivors, walked, ops.zeros_like(walked))
    return value, ops.logical_or(survivors, grown)


def gaussian(shape, seed, path, step):
    """Normal noise that depends on nothing but the arguments.

    Args:
        shape, seed, path, step: as in `topology.random_scores`.

    Returns:
        float32 tensor of `shape`, mean 0, variance 1.

    Source: Box & Muller 1958, on two draws of `random_scores`.
    """
    radius = random_scores(shape, seed, f"{path}/radius", step)
    angle = random_scores(shape, seed, f"{path}/angle", step)
    radius = ops.sqrt(-2.0 * ops.log(1.0 - radius))
    return radius * ops.cos(2.0 * math.pi * angle)


@keras.saving.register_keras_serializable(package="keras_sparse")
class DeepR(PeriodicBudget):
    """Lets weights wander; one that crosses zero is replaced at random.

    The inner optimizer makes its step; then live weights shrink by
    `learning_rate * l1`, get Gaussian noise of variance
    `2 * learning_rate * temperature`, and those on the wrong side of 0 go
    dormant. As many connections of the layer, drawn uniformly among the
    dormant, become live at 0.

    A connection's sign is fixed: that of its weight before training, or random
    where this is 0. Initial weights are symmetric, so the signs are random, and
    no live weight starts on the wrong side. So the model must be built first.

    Args:
        sparsity: float in [0, 1), share of zeros over all masked weights.
        distribution: "erk" (= "erdos_renyi_kernel"), "erdos_renyi" (= "er")
            or "uniform": how the zeros are shared among the layers.
        l1: number from 0, how fast weights shrink.
        temperature: number from 0, strength of the noise. None:
            `learning_rate * l1**2 / 18`; then the noise of a step has a third
            of the size of its shrinkage.
        update_every: int, optimizer steps between two rewirings, each with the
            shrinkage and the noise of so many steps.
        update_until: int, no rewiring at this step or later; None: no end.
        seed: int from 0, for the initial masks, noise and growth.
        update_from: int, number of steps done at the first rewiring; None: as
            many as `update_every`.
        custom: dict path -> sparsity in [0, 1) of weights that do not follow
            the distribution, or None.
        dense_first: bool, keep the first masked weight dense.

    Raises:
        ValueError: an argument is not as above, or, once the model is known,
            does not fit it.

    Source: Bellec et al. 2018, arXiv:1711.05136, Algorithm 1; authors' code
        in IGITUGraz/LSNN-official, `lsnn/toolbox/rewiring_tools.py`.
    Differs from the authors' code: the number of live weights is fixed in
        each layer, not in all together; a new weight is 0, not 1e-12; the
        signs come from the initial weights.

    Example:
        >>> method = DeepR(0.9, l1=1e-5)
        >>> method.reads_initial_values(), method.memory
        (True, ('sign',))
    """

    memory = ("sign",)

    def __init__(
        self,
        sparsity: float,
        distribution: Distribution = "erk",
        l1: float = 1e-4,
        temperature: float | None = None,
        update_every: int = 1,
        update_until: int | None = None,
        seed: int = 0,
        update_from: int | None = None,
        custom: Mapping[str, float] | None = None,
        dense_first: bool = False,
    ) -> None:
        super().__init__(
            sparsity,
            distribution,
            custom,
            dense_first,
            seed,
            update_every,
            update_until,
            update_from,
        )
        self.l1 = check_number("l1", l1)
        self.temperature = temperature
        if temperature is not None:
            self.temperature = check_number("temperature", temperature)

    def reads_initial_values(self) -> bool:
        return True

    def initial_memory(
        self, weights: Mapping[str, Tensor], masks: Masks
    ) -> dict[str, dict[str, Tensor]]:
        """The signs: those of the weights, random where these are 0."""
        signs = {
            path: np.where(value == 0, self._random(path, value), value)
            for path, value in weights.items()
        }
        return {"sign": {path: np.sign(sign) for path, sign in signs.items()}}

    def _random(self, path, value):
        scores = random_scores(np.shape(value), self.seed, f"{path}/sign", 0)
        return np.where(ops.convert_to_numpy(scores) < 0.5, -1.0, 1.0)

    def update(self, weights: Sequence[SparseWeight], moment: Moment) -> Update:
        rate = moment.learning_rate * self.update_every
        temperature = self.temperature
        if temperature is None:
            temperature = moment.learning_rate * self.l1**2 / 18.0
        deviation = ops.sqrt(2.0 * rate * temperature)
        values, masks = [], []
        for weight in weights:
            draw = (
                tuple(weight.value.shape),
                self.seed,
                weight.path,
                moment.step,
            )
            value, mask = rewire(
                weight.value,
                weight.mask,
                weight.memory["sign"],
                rate * self.l1,
                deviation * gaussian(*draw),
                random_scores(*draw),
            )
            values.append(value)
            masks.append(mask)
        return Update(masks, values)
