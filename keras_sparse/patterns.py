"""The patterns: blocks, channels, n of m, constant fan-in."""

import math

import keras
from keras import ops

from keras_sparse._types import Shape, Tensor
from keras_sparse.config import check_count, check_fraction
from keras_sparse.pattern import Pattern, count_by_group
from keras_sparse.topk import top_magnitude_mask_of_rows


@keras.saving.register_keras_serializable(package="keras_sparse")
class Block(Pattern):
    """Blocks of `rows` inputs by `columns` outputs live and die together.

    Args:
        rows: int, inputs per block: the kernel's dimension before the last.
        columns: int, outputs per block: its last dimension. What TFLite calls
            a 1 x 4 block of a fully connected layer is `Block(4, 1)`, because
            TFLite stores that kernel transposed.

    Raises:
        ValueError: an argument is not as above.

    Source: Gale et al. 2020, arXiv:2006.10901, section 2; tfmot's
        `block_size`, with average pooling.
    Differs from tfmot: both dimensions must be divisible (it pads); works on
        convolutions, each pixel of the kernel by itself.

    Example:
        >>> import numpy as np
        >>> kernel = np.array([[3.0, 1.0], [1.0, 1.0], [0.0, 2.0], [0.0, 2.0]])
        >>> np.array(Block(2, 1).magnitudes(kernel)).tolist()
        [[2.0, 1.0, 0.0, 2.0]]
    """

    def __init__(self, rows: int, columns: int) -> None:
        self.rows = check_count("rows", rows, 1)
        self.columns = check_count("columns", columns, 1)

    def misfit(self, shape: Shape) -> str | None:
        if len(shape) < 2 or shape[-2] % self.rows:
            return f"dimension -2 is not divisible by rows={self.rows}"
        if shape[-1] % self.columns:
            return f"dimension -1 is not divisible by columns={self.columns}"
        return None

    def _tiles(self, shape):
        return (
            math.prod(shape[:-2]),
            shape[-2] // self.rows,
            self.rows,
            shape[-1] // self.columns,
            self.columns,
        )

    def units(self, tensor: Tensor) -> Tensor:
        tiles = ops.reshape(tensor, self._tiles(tuple(tensor.shape)))
        tiles = ops.transpose(tiles, (0, 1, 3, 2, 4))
        return ops.reshape(tiles, (1, -1, self.rows * self.columns))

    def spread(self, units: Tensor, shape: Shape) -> Tensor:
        leading, tall, rows, wide, columns = self._tiles(shape)
        units = ops.reshape(units, (leading, tall, 1, wide, 1))
        tiles = ops.tile(units, (1, 1, rows, 1, columns))
        return ops.reshape(tiles, shape)


@keras.saving.register_keras_serializable(package="keras_sparse")
class Channels(Pattern):
    """Whole output channels live and die together: neurons or filters.

    Source: Li et al. 2017, arXiv:1608.08710 (filters by their L1 norm).
    Differs from it: masks only; the next layer's inputs and the bias stay.

    Example:
        >>> import numpy as np
        >>> kernel = np.array([[3.0, 0.0], [1.0, 1.0]])
        >>> np.array(Channels().magnitudes(kernel)).tolist()
        [[2.0, 0.5]]
    """

    def units(self, tensor: Tensor) -> Tensor:
        return ops.expand_dims(_by_output(tensor), 0)

    def spread(self, units: Tensor, shape: Shape) -> Tensor:
        return ops.broadcast_to(ops.reshape(units, (shape[-1],)), shape)


@keras.saving.register_keras_serializable(package="keras_sparse")
class NofM(Pattern):
    """Of every `m` neighbours exactly `n` are live, as 2:4 on sparse GPUs.

    Every layer has the sparsity 1 - n / m, whatever the `distribution` of the
    method; `custom={path: 0.0}` leaves a layer dense. tfmot's
    `sparsity_m_by_n` counts the zeros: its (3, 4) is `NofM(1, 4)`.

    Args:
        n: int, live weights of each group, fewer than `m`.
        m: int, size of a group.
        axis: int, dimension of the kernel along which neighbours lie; -2, the
            inputs, is what hardware asks for.

    Raises:
        ValueError: an argument is not as above.

    Source: Mishra et al. 2021, arXiv:2104.08378; jaxpruner `NByM`.
    Differs from jaxpruner: of equal scores the lower index wins, not the
        higher.

    Example:
        >>> NofM(2, 4).sparsity
        0.5
    """

    def __init__(self, n: int, m: int, axis: int = -2) -> None:
        self.n = check_count("n", n, 1)
        self.m = check_count("m", m, 2)
        if n >= m:
            raise ValueError(
                "`n` must be less than `m`, the size of a group. Received: "
                f"n={n}, m={m}. For 2:4 pass NofM(2, 4)."
            )
        if not isinstance(axis, int) or isinstance(axis, bool):
            raise ValueError(
                "`axis` must be an integer, a dimension of the kernel. "
                f"Received: axis={axis!r}. Pass -2 for the inputs."
            )
        self.axis = axis
        self.sparsity = 1 - self.n / self.m

    def allows(self, counts: set[int]) -> bool:
        return counts == {self.n}

    def num_kept(self, num_units: int, sparsity: float) -> int:
        return max(self.n, round(num_units * (1 - sparsity)))

    def misfit(self, shape: Shape) -> str | None:
        if not -len(shape) <= self.axis < len(shape):
            return f"it has no dimension {self.axis}"
        if shape[self.axis] % self.m:
            return f"dimension {self.axis} is not divisible by m={self.m}"
        return None

    def units(self, tensor: Tensor) -> Tensor:
        return ops.reshape(ops.moveaxis(tensor, self.axis, -1), (-1, self.m, 1))

    def spread(self, units: Tensor, shape: Shape) -> Tensor:
        moved = list(shape)
        moved.append(moved.pop(self.axis))
        return ops.moveaxis(ops.reshape(units, moved), -1, self.axis)


@keras.saving.register_keras_serializable(package="keras_sparse")
class ConstantFanIn(Pattern):
    """Every neuron or filter has the same number of live inputs.

    Args:
        min_salient: float in [0, 1); 0: all neurons stay. Else RigL removes,
            at an update, neurons of which less than this share of the fan-in
            is salient: among the layer's largest weights that stay or among
            the largest gradients that could grow. The others share what these
            had; the layer's number of live weights may shrink by less than the
            number of its neurons. 0.3 is the authors' choice. The last masked
            layer keeps its neurons.

    Raises:
        ValueError: an argument is not as above.

    Source: Lasby et al. 2024, arXiv:2305.02299 (SRigL), section 3; authors'
        code calgaryml/condensed-sparsity, `RigLConstFanScheduler`.

    Example:
        >>> import numpy as np
        >>> kernel = np.array([[3.0, 0.0], [1.0, 1.0]])
        >>> np.array(ConstantFanIn().units(kernel))[:, :, 0].tolist()
        [[3.0, 1.0], [0.0, 1.0]]
    """

    def __init__(self, min_salient: float = 0.0) -> None:
        self.min_salient = check_fraction("min_salient", min_salient)

    def units(self, tensor: Tensor) -> Tensor:
        return ops.expand_dims(_by_output(tensor), -1)

    def spread(self, units: Tensor, shape: Shape) -> Tensor:
        return ops.reshape(ops.transpose(units), shape)

    def allows(self, counts: set[int]) -> bool:
        return len(counts - {0}) == 1  # 0: an ablated neuron

    def without_ablation(self) -> Pattern:
        return ConstantFanIn()

    def regrow(
        self, survivors: Tensor, live: Tensor, grow_magnitudes: Tensor
    ) -> Tensor:
        if not self.min_salient:
            return super().regrow(survivors, live, grow_magnitudes)
        others = ops.logical_not(survivors)
        total = ops.sum(count_by_group(live))
        fan_in = ops.max(count_by_group(live))
        missing = total - ops.sum(count_by_group(survivors))
        flat = (1, -1)
        candidates = top_magnitude_mask_of_rows(
            ops.reshape(grow_magnitudes, flat),
            missing,
            ops.reshape(others, flat),
        )
        candidates = ops.reshape(candidates, survivors.shape)
        salient = count_by_group(ops.logical_or(survivors, candidates))
        enough = ops.cast(salient, "float32") >= self.min_salient * ops.cast(
            fan_in, "float32"
        )
        active = ops.logical_and(enough, count_by_group(live) > 0)
        # One neuron stays in any case: the one with most salient inputs.
        best = ops.arange(active.shape[0]) == ops.argmax(salient)
        active = ops.logical_or(active, best)
        num_active = ops.sum(ops.cast(active, "int32"))
        fan_in = ops.minimum(total // num_active, survivors.shape[1])
        survivors = ops.logical_and(survivors, active[:, None])
        wanted = ops.where(active, fan_in, 0) - count_by_group(survivors)
        others = ops.logical_not(survivors)
        grown = top_magnitude_mask_of_rows(grow_magnitudes, wanted, others)
        return ops.logical_or(survivors, grown)


def _by_output(tensor):
    """(..., outputs) -> (outputs, inputs)."""
    return ops.transpose(ops.reshape(tensor, (-1, tensor.shape[-1])))
