"""Dense layers and convolutions: every output is a sum over all inputs."""

import keras
import numpy as np

from keras_export.compact_rule import Rule, apart, finite


class Linear(Rule):
    """A layer `activation(sum over inputs and positions + bias)`.

    A constant input adds the same number everywhere, which goes into the bias,
    unless zero padding makes it smaller at the border: then only 0 does.

    Args:
        layer: built layer with `kernel`, `activation` and `use_bias`.
        size: str, the argument of the layer that is its number of outputs.
        pads: bool, whether some outputs see fewer inputs than others.
        elementwise: bool, whether the activation acts on each channel alone.
        transposed: bool, whether the kernel's inputs come last.
    """

    def __init__(self, layer, size, pads, elementwise, transposed=False):
        self.layer, self.size, self.pads = layer, size, pads
        self.transposed = transposed
        self.connected = self.connections()
        inputs, outputs = self.connected.shape
        super().__init__(*apart([inputs], outputs))
        if not elementwise:
            self.reason = f"its activation {name(layer)} needs all channels"

    def connections(self):
        """Bool array (inputs, outputs): which input reaches which output."""
        kernel = self._kernel()
        return kernel.reshape(-1, *kernel.shape[-2:]).any(axis=0)

    def gain(self, rows):
        """Float array (rows, outputs): kernel of these inputs, summed up."""
        kernel = self._kernel()[..., rows, :]
        return kernel.sum(axis=tuple(range(kernel.ndim - 2)), dtype="float64")

    def kernels(self, inputs, outputs, idle):
        """Dict of the kernels between index arrays, with zeros into `idle`."""
        kernel = np.where(idle, 0, self._kernel())
        kernel = kernel[..., inputs, :][..., outputs]
        return {
            "kernel": kernel.swapaxes(-1, -2) if self.transposed else kernel
        }

    def constants(self, inputs):
        (values,) = inputs
        if self.reason:
            return np.full(self.connected.shape[1], np.nan)
        foldable = self._foldable(values)
        varying = self.connected[~foldable].any(axis=0)
        sums = self._response(values, foldable) + self._bias()
        emitted = apply(self.layer.activation, sums)
        return finite(np.where(varying, np.nan, emitted))

    def reads(self, wanted, inputs):
        (values,) = inputs
        needed = self.connected[:, wanted].any(axis=1)
        return [needed & ~self._foldable(values)]

    def shrink(self, cut):
        (kept,), (values,) = cut.inputs, cut.constants
        folded = ~kept & self._foldable(values)
        added = self._response(values, folded)[cut.output]
        bias = self._bias()[cut.output] + added
        use_bias = self.layer.use_bias or bool(added.any())
        config = {self.size: int(cut.output.sum()), "use_bias": use_bias}
        indices = np.flatnonzero(kept), np.flatnonzero(cut.output)
        weights = self.kernels(*indices, cut.idle)
        return config, {**weights, "bias": bias} if use_bias else weights

    def _foldable(self, values):
        return values == 0 if self.pads else ~np.isnan(values)

    def _response(self, values, which):
        """What the constants among the inputs add to each output."""
        rows = np.flatnonzero(which & (values != 0))
        return values[rows] @ self.gain(rows)

    def _bias(self):
        if not self.layer.use_bias:
            return np.zeros(self.connected.shape[1])
        return array(self.layer.bias).astype("float64")

    def _kernel(self):
        kernel = array(self.layer.kernel)
        return kernel.swapaxes(-1, -2) if self.transposed else kernel


class Separable(Linear):
    """A depthwise convolution and a 1x1 convolution in one layer."""

    def connections(self):
        depthwise, pointwise = self._factors()
        reach = depthwise.reshape(-1, *depthwise.shape[-2:]).any(axis=0)
        return (reach[..., None] & (pointwise != 0)).any(axis=1)

    def gain(self, rows):
        depthwise, pointwise = self._factors()
        taps = depthwise.reshape(-1, *depthwise.shape[-2:])[:, rows]
        total = taps.sum(axis=0, dtype="float64")
        return np.einsum("cm,cmo->co", total, pointwise[rows])

    def kernels(self, inputs, outputs, idle):
        depthwise, pointwise = self._factors()
        pointwise = np.where(idle, 0, pointwise)[inputs][..., outputs]
        ones = (1,) * (depthwise.ndim - 2)
        return {
            "depthwise_kernel": depthwise[..., inputs, :],
            "pointwise_kernel": pointwise.reshape(*ones, -1, len(outputs)),
        }

    def _factors(self):
        """Arrays (..., inputs, multiplier), (inputs, multiplier, outputs)."""
        depthwise = array(self.layer.depthwise_kernel)
        pointwise = array(self.layer.pointwise_kernel)
        shape = (*depthwise.shape[-2:], pointwise.shape[-1])
        return depthwise, pointwise.reshape(shape)


def apply(activation, values):
    """An elementwise activation on a float64 array, as Keras computes it."""
    return array(activation(keras.ops.convert_to_tensor(values)))


def array(weight):
    """A variable or tensor as a numpy array."""
    return keras.ops.convert_to_numpy(weight)


def name(layer):
    """The name of the layer's activation, for messages."""
    activation = layer.activation
    return repr(getattr(activation, "__name__", type(activation).__name__))
