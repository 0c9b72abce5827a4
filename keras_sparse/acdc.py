"""AC/DC: training that alternates between dense and compressed phases."""

from collections.abc import Mapping, Sequence

import keras
from keras import ops

from keras_sparse._types import Masks, Scope, Tensor
from keras_sparse.config import check_count, check_fraction
from keras_sparse.first_masks import first_masks
from keras_sparse.global_masks import check_scope, keep_largest, num_kept
from keras_sparse.method import Method, Moment, SparseWeight
from keras_sparse.pattern import Pattern, check_pattern


@keras.saving.register_keras_serializable(package="keras_sparse")
class ACDC(Method):
    """Alternates dense and compressed training and ends compressed.

    Training starts dense. After `warmup_steps` it alternates: a compressed
    phase keeps the largest weights and trains inside their mask, a dense phase
    trains all weights again; those that come back start at 0, with zero slots.
    From `compress_from` on the model stays compressed. A compressed phase that
    would not end before that is left out: the dense phase before it goes on.

    Args:
        sparsity: float in [0, 1), share of zeros in a compressed phase.
        warmup_steps: int from 0, optimizer steps of the first dense phase.
        phase_steps: int from 1, steps of a compressed phase, and of a dense
            one without `dense_steps`.
        compress_from: int, steps done when the last compressed phase begins,
            not before `warmup_steps`.
        dense_steps: int from 1, steps of a dense phase, or None.
        scope: "global": the smallest weights of all layers go, wherever they
            are; "layer": each weight reaches the sparsity by itself.
        pattern: what is kept or dropped as a whole: `Block`, `NofM`,
            `Channels`, `ConstantFanIn`, or None: single weights. With scope
            "layer" only.

    Raises:
        ValueError: an argument is not as above, or, once the model is known,
            does not fit it.

    Source: Peste et al. 2021, arXiv:2106.12379, Algorithm 1; authors' code
        IST-DASLab/ACDC, `policies/pruners.py`, `policies/recyclers.py`. Their
        ResNet-50 on ImageNet (`configs/neurips`, 100 epochs) has a warm-up of
        10 epochs, phases of 5, and is compressed from epoch 85 on, after 10
        dense epochs: `warmup_steps`, `phase_steps` and `compress_from` of 10,
        5 and 85 epochs give exactly that. Scope "global" is their default.
    Differs from the authors' code: exactly the wanted number of weights is
        kept, however many are equal; the momentum of weights that come back is
        always zero, that of the others is kept (there all of it is reset, if
        asked for).

    Example:
        >>> method = ACDC(0.9, warmup_steps=10, phase_steps=5, compress_from=85)
        >>> [step for step in range(100) if method.due(step)][-4:]
        [65, 70, 75, 85]
    """

    def __init__(
        self,
        sparsity: float,
        warmup_steps: int,
        phase_steps: int,
        compress_from: int,
        dense_steps: int | None = None,
        scope: Scope = "global",
        pattern: Pattern | None = None,
    ) -> None:
        check_scope(scope, pattern)
        check_pattern(pattern, sparsity)
        self.sparsity = check_fraction("sparsity", sparsity)
        self.warmup_steps = check_count("warmup_steps", warmup_steps, 0)
        self.phase_steps = check_count("phase_steps", phase_steps, 1)
        self.compress_from = check_count("compress_from", compress_from, 0)
        self.dense_steps = check_count("dense_steps", dense_steps, 1, True)
        self.scope = scope
        self.pattern = pattern
        if compress_from < warmup_steps:
            raise ValueError(
                "`compress_from` must not lie before the end of the warm-up. "
                f"Received: compress_from={compress_from}, "
                f"warmup_steps={warmup_steps}. Raise `compress_from`."
            )

    def compressed(self, step: Tensor) -> Tensor:
        """Whether the model is compressed once `step` steps are done.

        Args:
            step: int or integer scalar tensor.

        Returns:
            Boolean scalar tensor.
        """
        step = ops.cast(step, "int32")
        cycle = self.phase_steps + (self.dense_steps or self.phase_steps)
        into = (step - self.warmup_steps) % cycle
        ends = step - into + self.phase_steps
        inside = ops.logical_and(
            step >= self.warmup_steps, into < self.phase_steps
        )
        inside = ops.logical_and(inside, ends < self.compress_from)
        return ops.logical_or(inside, step >= self.compress_from)

    def due(self, step: Tensor) -> Tensor:
        """Whether a phase begins once `step` steps are done."""
        step = ops.cast(step, "int32")
        before = ops.logical_and(step > 0, self.compressed(step - 1))
        return ops.not_equal(self.compressed(step), before)

    def reads_initial_values(self) -> bool:
        return bool(self.compressed(0))

    def initial_masks(self, weights: Mapping[str, Tensor]) -> Masks:
        """All ones, or compressed at once without a warm-up.

        Raises:
            ValueError: the pattern does not divide a weight.
        """
        return first_masks(self, weights, updated=True)

    def update(
        self, weights: Sequence[SparseWeight], moment: Moment
    ) -> list[Tensor]:
        compressed = self.compressed(moment.step)
        shapes = [tuple(weight.value.shape) for weight in weights]
        numbers = [
            ops.where(compressed, kept, every)
            for kept, every in zip(
                num_kept(shapes, self.sparsity, self.scope, self.pattern),
                num_kept(shapes, 0.0, self.scope, self.pattern),
                strict=True,
            )
        ]
        among = [
            ops.logical_or(weight.mask, ops.logical_not(compressed))
            for weight in weights
        ]
        return keep_largest(
            [weight.value for weight in weights], among, numbers, self.pattern
        )
