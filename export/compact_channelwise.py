"""Layers that treat each channel by itself, with or without weights."""

import keras
import numpy as np

from keras_export.compact_linear import apply, array
from keras_export.compact_rule import Rule, finite, zero_stays


class Elementwise(Rule):
    """An activation or a sum, product ... of tensors with the same channels.

    Args:
        call: `compact_trace.Call` with one output.
        sizes: list of ints, channels per input, 1 where it is broadcast.
        outputs: int, channels of the output.
        annihilates: bool, whether one 0 makes the result 0.
    """

    def __init__(self, call, sizes, outputs, annihilates=False):
        everyone = np.arange(outputs)
        super().__init__(sizes, [everyone % size for size in sizes])
        self._call, self._annihilates = call, annihilates

    def ties(self):
        everyone = np.arange(len(self.origins[0]))
        nobody = everyone[:0]
        return [
            (everyone, everyone) if size == len(everyone) else (nobody, nobody)
            for size in self.sizes
        ]

    def constants(self, inputs):
        if self.masked:
            return np.full(len(self.origins[0]), np.nan)
        result = finite(self._replay([np.nan_to_num(x) for x in inputs]))
        spread = [x[o] for x, o in zip(inputs, self.origins, strict=True)]
        result = np.where(np.isnan(spread).any(axis=0), np.nan, result)
        if self._annihilates:
            result[(np.array(spread) == 0).any(axis=0)] = 0
        return result

    def _replay(self, values):
        """Runs the call on one vector per input, whatever its rank was."""
        vectors = iter(values)

        def fill(leaf):
            if not isinstance(leaf, keras.KerasTensor):
                return leaf
            shape = (1,) * (len(leaf.shape) - 1) + (-1,)
            return keras.ops.convert_to_tensor(next(vectors).reshape(shape))

        arguments = (self._call.args, self._call.kwargs)
        args, kwargs = keras.tree.map_structure(fill, arguments)
        # Not `__call__`, which would leave losses and nodes with the layer.
        return array(self._call.layer.call(*args, **kwargs)).reshape(-1)


class Normalised(Rule):
    """BatchNormalization over the last axis: a line for each channel."""

    def __init__(self, layer):
        size = len(array(layer.moving_mean))
        super().__init__([size], [np.arange(size)])
        self._layer = layer
        names = ["moving_mean", "moving_variance"]
        names += ["gamma"] * layer.scale + ["beta"] * layer.center
        self._weights = {name: array(getattr(layer, name)) for name in names}

    def constants(self, inputs):
        w = {k: v.astype("float64") for k, v in self._weights.items()}
        slope = w.get("gamma", 1.0) / np.sqrt(
            w["moving_variance"] + self._layer.epsilon
        )
        (values,) = inputs
        values = np.where(slope == 0, w["moving_mean"], values)
        return finite((values - w["moving_mean"]) * slope + w.get("beta", 0.0))

    def shrink(self, cut):
        return {}, {k: v[cut.output] for k, v in self._weights.items()}


class Depthwise(Rule):
    """A depthwise convolution: each input makes `depth_multiplier` outputs."""

    def __init__(self, layer, pads):
        self._layer, self._pads = layer, pads
        self._kernel = array(layer.kernel)
        size, multiplier = self._kernel.shape[-2:]
        super().__init__([size], [np.arange(size).repeat(multiplier)])

    def constants(self, inputs):
        taps = self._kernel.reshape(-1, len(self.origins[0]))
        values = inputs[0][self.origins[0]]
        values = zero_stays(values) if self._pads else values
        values = np.where(taps.any(axis=0), values, 0)
        sums = values * taps.sum(axis=0, dtype="float64")
        if self._layer.use_bias:
            sums = sums + array(self._layer.bias)
        emitted = apply(self._layer.activation, np.nan_to_num(sums))
        return finite(np.where(np.isnan(sums), np.nan, emitted))

    def shrink(self, cut):
        weights = {"kernel": self._kernel[..., cut.inputs[0], :]}
        if self._layer.use_bias:
            weights["bias"] = array(self._layer.bias)[cut.output]
        return {}, weights


class LearnedSlope(Rule):
    """PReLU, whose slopes may differ between the positions of a channel."""

    def __init__(self, layer, size):
        super().__init__([size], [np.arange(size)])
        self._slopes = array(layer.alpha)

    def constants(self, inputs):
        (values,) = inputs
        slopes = self._slopes.reshape(-1, self._slopes.shape[-1])
        uniform = (slopes == slopes[0]).all(axis=0)
        below = np.where(uniform, values * slopes[0], np.nan)
        return np.where(values >= 0, values, below)

    def shrink(self, cut):
        shared = self._slopes.shape[-1] != len(cut.output)
        slopes = self._slopes if shared else self._slopes[..., cut.output]
        return {}, {"alpha": slopes}
