"""The learning rate of the paper on domain-adversarial training."""

import keras
from keras import ops

from _keras_sparse_common.arguments import check_count, check_number
from keras_latent._types import Config, TensorLike


@keras.saving.register_keras_serializable(package="keras_latent")
class AnnealedLearningRate(keras.optimizers.schedules.LearningRateSchedule):
    """Learning rate that falls as `initial / (1 + alpha * p) ** beta`.

    p is the share of the training that is done. The paper uses it with
    `keras.optimizers.SGD(..., momentum=0.9)`. After `total_steps` it stays.

    Args:
        total_steps: int from 1, updates of the whole training.
        initial: number above 0, learning rate of the first step.
        alpha: number from 0.
        beta: number from 0.
        name: string.

    Raises:
        ValueError: arguments out of range.

    Source: Ganin et al. 2016, arXiv:1505.07818, section 5.2.2.

    Example:
        >>> import keras_latent as kl
        >>> rate = kl.AnnealedLearningRate(1000)
        >>> [round(float(rate(step)), 5) for step in (0, 1000)]
        [0.01, 0.00166]
    """

    def __init__(
        self,
        total_steps: int,
        initial: float = 0.01,
        alpha: float = 10.0,
        beta: float = 0.75,
        name: str = "annealed_learning_rate",
    ) -> None:
        check_count("total_steps", total_steps)
        check_number("initial", initial, open_low=True)
        check_number("alpha", alpha)
        check_number("beta", beta)
        super().__init__()
        self.total_steps, self.initial = total_steps, initial
        self.alpha, self.beta, self.name = alpha, beta, name

    def __call__(self, step: TensorLike) -> TensorLike:
        progress = ops.cast(step, "float32") / self.total_steps
        progress = ops.clip(progress, 0.0, 1.0)
        return self.initial / (1.0 + self.alpha * progress) ** self.beta

    def get_config(self) -> Config:
        return {
            "total_steps": self.total_steps,
            "initial": self.initial,
            "alpha": self.alpha,
            "beta": self.beta,
            "name": self.name,
        }
