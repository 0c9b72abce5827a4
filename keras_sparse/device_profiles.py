"""Which pattern a device runs fast, by name."""

import dataclasses
from typing import Literal

import keras
import numpy as np
from keras import ops

from keras_sparse._types import Shape, Tensor
from keras_sparse.config import check_choice, check_count
from keras_sparse.model_ends import last_layers_with
from keras_sparse.pattern import Pattern
from keras_sparse.patterns import Block, Channels
from keras_sparse.selection import select


@keras.saving.register_keras_serializable(package="keras_sparse")
class DenseBlocks(Pattern):
    """Blocks along the inputs of dense kernels, single weights in others.

    LiteRT has block kernels for fully connected layers only. The last block
    of a column is shorter where `size` does not divide the inputs.

    Args:
        size: int, inputs per block: 4 for float32, 16 for 8-bit weights.

    Raises:
        ValueError: an argument is not as above.

    Source: LiteRT `transforms/dense_to_sparse_pass.cc`, `GetFloatBlockSize`
        and `GetQuantizedBlockSize`.

    Example:
        >>> import numpy as np
        >>> pattern = DenseBlocks(4)
        >>> [len(pattern.magnitudes(np.ones((7, n)))[0]) for n in (1, 3)]
        [2, 6]
        >>> len(pattern.magnitudes(np.ones((1, 1, 7, 3)))[0])
        21
    """

    def __init__(self, size: int) -> None:
        self.size = check_count("size", size, 1)

    def _whole(self, shape):
        """The block, and the shape filled up to whole blocks."""
        if len(shape) != 2:
            return Block(1, 1), tuple(shape)
        missing = -shape[0] % self.size
        return Block(self.size, 1), (shape[0] + missing, shape[1])

    def units(self, tensor: Tensor) -> Tensor:
        block, whole = self._whole(tensor.shape)
        if missing := whole[0] - tensor.shape[0]:
            tensor = ops.pad(tensor, [(0, missing), (0, 0)])
        return block.units(tensor)

    def spread(self, units: Tensor, shape: Shape) -> Tensor:
        block, whole = self._whole(shape)
        return block.spread(units, whole)[: shape[0]]

    def magnitudes(self, tensor: Tensor) -> Tensor:
        sizes = self.units(np.ones(tensor.shape, "float32"))
        total = ops.sum(ops.abs(self.units(tensor)), axis=-1)
        return total / ops.cast(ops.sum(sizes, axis=-1), total.dtype)


@dataclasses.dataclass(frozen=True)
class DeviceProfile:
    """What to train and how to export for a device.

    Attributes:
        pattern: `Pattern`, an argument of methods.
        lowest_sparsity: float, share of zeros below which layers of a million
            weights are slower sparse than dense, at batch 1 on one thread;
            smaller layers need more.
        compact: bool, whether `keras_export.compact` comes before the export.
        export: dict, arguments of `keras_export.litert`.
    """

    pattern: Pattern
    lowest_sparsity: float
    compact: bool
    export: dict[str, str | None]


def _profile(pattern, lowest_sparsity, target, quantize=None):
    compact = isinstance(pattern, Channels)
    export = {"target": target, "quantize": quantize}
    return DeviceProfile(pattern, lowest_sparsity, compact, export)


#: The names of the profiles.
ProfileName = Literal[
    "any", "any-dynamic", "x86", "x86-dynamic", "arm", "arm-dynamic"
]
PROFILES: dict[str, DeviceProfile] = {
    "any": _profile(Channels(), 0.0, "any"),
    "any-dynamic": _profile(Channels(), 0.0, "any", "dynamic"),
    "x86": _profile(DenseBlocks(4), 0.84, "x86"),
    "x86-dynamic": _profile(DenseBlocks(16), 0.81, "x86", "dynamic"),
    "arm": _profile(DenseBlocks(4), 0.84, "arm"),
    "arm-dynamic": _profile(DenseBlocks(16), 0.81, "arm", "dynamic"),
}


def device_profile(name: ProfileName) -> DeviceProfile:
    """Returns the pattern and the export that a device runs fast.

    Args:
        name: "any": whole channels, which `keras_export.compact` takes out,
            so that every device and library is faster; "x86" or "arm":
            float32 blocks of 4 inputs in dense layers, single weights in
            convolutions, which LiteRT runs faster on ARM alone, where more
            than 2/3 of the 1x1 convolutions are zeros. With "-dynamic": 8-bit
            weights, and blocks of 16.

    Returns:
        `DeviceProfile`.

    Raises:
        ValueError: there is no profile of that name.

    Source: measured, `benchmarks/break_even.py`; XNNPACK `src/subgraph.c`,
        `xnn_subgraph_rewrite_for_nchw`.

    Example:
        >>> device_profile("x86-dynamic").pattern
        DenseBlocks(size=16)
    """
    check_choice("device_profile", name, tuple(PROFILES))
    return PROFILES[name]


def with_pattern(method, name):
    """The same method with the pattern of the device profile `name`.

    Raises:
        ValueError: there is no such profile, or the method has a pattern
            already or can have none.
    """
    pattern = device_profile(name).pattern
    config = method.get_config()
    if config.get("pattern", method) is not None:
        raise ValueError(
            "`method` must take a `pattern` and have none, so that "
            f"`device_profile` sets it. Received: method={method!r}, "
            f"device_profile={name!r}. Use RigL, SET, Static, STE, TopKAST, "
            "ACDC or MagnitudePruning, and leave `pattern` out."
        )
    pattern = keras.saving.serialize_keras_object(pattern)
    return type(method).from_config({**config, "pattern": pattern})


def weights_for(model, name):
    """Paths of the weights that a device profile masks by default.

    All that are masked without a profile, but for the last layers where whole
    channels go: theirs are the model's outputs.
    """
    pattern = device_profile(name).pattern
    chosen = select(model.trainable_variables)
    last = set()
    if isinstance(pattern, Channels):
        layers = last_layers_with(model, chosen.values())
        last = {id(v) for layer in layers for v in layer.weights}
    return [path for path, v in chosen.items() if id(v) not in last]
