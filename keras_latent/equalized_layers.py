"""Layers whose kernels are scaled in each call, not when they are drawn."""

from collections.abc import Sequence
from typing import Any

import keras
from keras import ops

from _keras_sparse_common.arguments import check_count, check_number
from keras_latent._types import Config, Shape, TensorLike


class _Equalized(keras.layers.Layer):
    """Base class: a kernel drawn from N(0, 1) that is scaled in each call."""

    def __init__(self, gain: float, seed: int | None, **kwargs: Any) -> None:
        check_number("gain", gain, open_low=True)
        if seed is not None:
            check_count("seed", seed, minimum=0)
        super().__init__(**kwargs)
        self.gain, self.seed = gain, seed

    def add_kernel(self, shape: Sequence[int], units: int) -> None:
        """Adds kernel and bias, and the factor of the kernel in `call`.

        Args:
            shape: ints, of the kernel.
            units: int, of the bias.
        """
        fan_in = 1
        for size in shape[:-1]:
            fan_in *= size
        self.scale = self.gain / fan_in**0.5
        normal = keras.initializers.RandomNormal(0.0, 1.0, seed=self.seed)
        self.kernel = self.add_weight(
            shape=shape, initializer=normal, name="kernel"
        )
        self.bias = self.add_weight(
            shape=(units,), initializer="zeros", name="bias"
        )

    def get_config(self) -> Config:
        own = {"gain": self.gain, "seed": self.seed}
        return {**super().get_config(), **own}


@keras.saving.register_keras_serializable(package="keras_latent")
class EqualizedDense(_Equalized):
    """Dense layer at an equalized learning rate.

    The kernel is drawn from N(0, 1) and multiplied by
    gain / sqrt(inputs) in each call. So outputs have the variance that He's
    initializer gives, and Adam, whose steps do not know the scale, moves all
    layers at one rate. The bias is not scaled.

    Takes a tensor of shape (batch, inputs), returns one of (batch, units).

    Args:
        units: int from 1.
        gain: number above 0; sqrt(2) for what a (leaky) ReLU follows.
        seed: int from 0, of the kernel; None: another in each layer.
        **kwargs: `name`, `dtype`, `trainable`, as for every layer.

    Raises:
        ValueError: an argument out of range.

    Source: Karras et al. 2018, arXiv:1710.10196, section 4.1; `dense` in
        `networks.py` of the authors.

    Example:
        >>> import numpy as np, keras_latent as kl
        >>> kl.EqualizedDense(3, seed=0)(np.ones((2, 5))).shape
        TensorShape([2, 3])
    """

    def __init__(
        self,
        units: int,
        gain: float = 2**0.5,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        check_count("units", units)
        super().__init__(gain, seed, **kwargs)
        self.units = units

    def build(self, input_shape: Shape) -> None:
        self.add_kernel((input_shape[-1], self.units), self.units)

    def call(self, inputs: TensorLike) -> TensorLike:
        scale = ops.cast(self.scale, self.compute_dtype)
        return ops.matmul(inputs, self.kernel * scale) + self.bias

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        return (*input_shape[:-1], self.units)

    def get_config(self) -> Config:
        return {**super().get_config(), "units": self.units}


@keras.saving.register_keras_serializable(package="keras_latent")
class EqualizedConv2D(_Equalized):
    """Convolution at an equalized learning rate, see `EqualizedDense`.

    Takes a tensor of shape (batch, height, width, channels), returns one of
    (batch, height, width, filters): stride 1, zeros around the image. The
    scale is gain / (kernel_size * sqrt(channels)).

    Args:
        filters: int from 1.
        kernel_size: int from 1, pixels of a side.
        gain: number above 0; sqrt(2) for what a (leaky) ReLU follows.
        seed: int from 0, of the kernel; None: another in each layer.
        **kwargs: `name`, `dtype`, `trainable`, as for every layer.

    Raises:
        ValueError: an argument out of range.

    Source: Karras et al. 2018, arXiv:1710.10196, section 4.1; `conv2d` in
        `networks.py` of the authors.

    Example:
        >>> import numpy as np, keras_latent as kl
        >>> kl.EqualizedConv2D(3, seed=0)(np.ones((2, 8, 8, 5))).shape
        TensorShape([2, 8, 8, 3])
    """

    def __init__(
        self,
        filters: int,
        kernel_size: int = 3,
        gain: float = 2**0.5,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        check_count("filters", filters)
        check_count("kernel_size", kernel_size)
        super().__init__(gain, seed, **kwargs)
        self.filters, self.kernel_size = filters, kernel_size

    def build(self, input_shape: Shape) -> None:
        side = self.kernel_size
        self.add_kernel(
            (side, side, input_shape[-1], self.filters), self.filters
        )

    def call(self, inputs: TensorLike) -> TensorLike:
        kernel = self.kernel * ops.cast(self.scale, self.compute_dtype)
        return ops.conv(inputs, kernel, padding="same") + self.bias

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        return (*input_shape[:-1], self.filters)

    def get_config(self) -> Config:
        own = {"filters": self.filters, "kernel_size": self.kernel_size}
        return {**super().get_config(), **own}
