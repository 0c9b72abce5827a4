"""A layer that does nothing, except to turn gradients around."""

from typing import Any

import keras
from keras import ops

from _keras_sparse_common.arguments import check_number
from keras_latent._types import Config, Shape, TensorLike

WEIGHT_NAME = "gradient_reversal_weight"


@ops.custom_gradient
def _reverse(inputs, weight):
    def gradient(*args, upstream=None):
        if upstream is None:
            (upstream,) = args
        # In float32 also for half precision: rounded once, at the end.
        exact = ops.cast(upstream, weight.dtype) * weight
        reversed_upstream = ops.cast(ops.negative(exact), upstream.dtype)
        return reversed_upstream, ops.zeros_like(weight)

    return inputs, gradient


def reverse_gradient(
    inputs: TensorLike, weight: TensorLike = 1.0
) -> TensorLike:
    """Returns its inputs; their gradient is `-weight` times what arrives.

    Args:
        inputs: float tensor of any shape.
        weight: number or scalar tensor from 0. It gets no gradient.

    Returns:
        Tensor equal to `inputs`.

    Source: Ganin et al. 2016, arXiv:1505.07818, section 4.2.

    Example:
        >>> import keras, keras_latent as kl
        >>> keras.ops.convert_to_numpy(kl.reverse_gradient([1.0, 2.0], 0.5))
        array([1., 2.], dtype=float32)
    """
    inputs = ops.convert_to_tensor(inputs)
    weight = ops.cast(ops.convert_to_tensor(weight), "float32")
    return _reverse(inputs, weight)


@keras.saving.register_keras_serializable(package="keras_latent")
class GradientReversal(keras.layers.Layer):
    """Identity forward; the gradient times `-weight` backward.

    Put it between features and a network that must fail on them: that network
    learns at rate 1, the features unlearn what helps it at rate `weight`.
    `layer.weight` is a variable that no optimizer trains; assign to it at any
    time, also while a compiled `fit` runs. `AdversarialSchedule` is a callback
    that does so. The variable is saved with the weights of the model.

    Args:
        weight: number from 0, the weight at the start.
        **kwargs: `name` and `dtype`, as for every layer.

    Raises:
        ValueError: `weight` is no finite number from 0.

    Source: Ganin et al. 2016, arXiv:1505.07818, section 4.2.

    Example:
        >>> import keras, keras_latent as kl
        >>> layers = [kl.GradientReversal(0.0), keras.layers.Dense(1)]
        >>> critic = keras.Sequential([keras.Input((8,)), *layers])
        >>> layers[0].weight = 0.5
        >>> float(layers[0].weight.numpy())
        0.5
    """

    def __init__(self, weight: float = 1.0, **kwargs: Any) -> None:
        check_number("weight", weight)
        super().__init__(**kwargs)
        self.supports_masking = True
        self._initial_weight = weight
        self._weight = self.add_weight(
            name=WEIGHT_NAME,
            shape=(),
            initializer=keras.initializers.Constant(weight),
            dtype="float32",
            trainable=False,
            autocast=False,
            aggregation="only_first_replica",
        )

    @property
    def weight(self) -> keras.Variable:
        """The variable: scalar, float32, not trainable."""
        return self._weight

    @weight.setter
    def weight(self, value: TensorLike) -> None:
        if not ops.is_tensor(value):
            check_number("weight", value)
        self._weight.assign(value)

    def call(self, inputs: TensorLike) -> TensorLike:
        return reverse_gradient(inputs, self.weight)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        return input_shape

    def get_config(self) -> Config:
        return {**super().get_config(), "weight": self._initial_weight}


def reversal_weights(model):
    """Variables of all `GradientReversal` layers in a model, also nested.

    Args:
        model: `keras.Model` or layer.

    Returns:
        List of scalar `keras.Variable`.
    """
    variables = model.non_trainable_variables
    return [v for v in variables if v.name == WEIGHT_NAME]
