"""How `HessianDirections` start, and how they are compiled and trained."""

from typing import Any

import keras
import tensorflow as tf

from _keras_sparse_common.arguments import check_count
from keras_latent._types import Config, OptimizerLike
from keras_latent.fader_steps import count_replicas
from keras_latent.gan_checks import check_last_step
from keras_latent.two_optimizers import compile_config

OPTIONS = ("callbacks", "initial_epoch", "verbose")


class HessianDirectionTraining(keras.Model):
    """Base class: lowers a penalty over one matrix, without data."""

    def compile(
        self,
        optimizer: OptimizerLike = None,
        run_eagerly: bool = False,
        jit_compile: bool | str = False,
        steps_per_execution: int = 1,
    ) -> None:
        """Sets how directions are trained.

        Args:
            optimizer: of the directions; None: Adam of learning rate 0.01.
            run_eagerly, jit_compile, steps_per_execution: as in
                `keras.Model.compile`.
        """
        super().compile(
            keras.optimizers.get(optimizer or keras.optimizers.Adam(0.01)),
            run_eagerly=run_eagerly,
            jit_compile=jit_compile,
            steps_per_execution=steps_per_execution,
            auto_scale_loss=False,
        )
        with self.distribute_strategy.scope():
            self.optimizer.build(self.trainable_variables)

    def get_compile_config(self) -> Config:
        if not self.compiled:
            return {}
        named = {"optimizer": self.optimizer}
        return compile_config(super().get_compile_config(), named)

    def compile_from_config(self, config: Config) -> None:
        self.compile(**keras.saving.deserialize_keras_object(config))

    def fit(
        self,
        steps_per_epoch: int = 1000,
        epochs: int = 1,
        batch_size: int = 96,
        **options: Any,
    ) -> keras.callbacks.History:
        """Learns directions; there is no data to give.

        A second `fit` goes on from the first, and one of a saved and loaded
        object from where that was saved.

        Args:
            steps_per_epoch: int from 1.
            epochs: int from 1, number of the last epoch (the authors: 50).
            batch_size: int from 1, latent points of a step.
            **options: `callbacks`, `initial_epoch` and `verbose`, as in
                `keras.Model.fit`.

        Returns:
            `keras.callbacks.History`.

        Raises:
            ValueError: other options, counts out of range.
        """
        wrong = sorted(set(options) - set(OPTIONS))
        if wrong:
            raise ValueError(
                "`fit` of `HessianDirections` draws its own latent points and "
                f"takes no data. Received: {wrong}. Its options are "
                f"{list(OPTIONS)}, and counts of steps, epochs and points."
            )
        check_count("steps_per_epoch", steps_per_epoch)
        check_count("batch_size", batch_size)
        replicas = self.distribute_strategy.num_replicas_in_sync
        check_last_step(batch_size, batch_size, replicas)
        numbers = tf.data.Dataset.range(batch_size).repeat()
        return super().fit(
            numbers.batch(batch_size, drop_remainder=True),
            steps_per_epoch=steps_per_epoch,
            epochs=epochs,
            shuffle=False,
            **options,
        )

    def train_step(self, data: Any) -> dict[str, Any]:
        """One step, on `len(data)` latent points."""
        rows = data.shape[0] or tf.shape(data)[0]
        with tf.GradientTape() as tape:
            penalty = self.penalty(rows)
            total = penalty / count_replicas()
        weights = self.trainable_variables
        self.optimizer.apply(tape.gradient(total, weights), weights)
        self.tracker.update_state(penalty, sample_weight=rows)
        self.step.assign_add(1)
        return self.get_metrics_result()

    @property
    def metrics(self) -> list[keras.metrics.Metric]:
        return [self.tracker]

    @property
    def trainable_variables(self) -> list[keras.Variable]:
        return [self.parameter] if self.trainable else []

    @property
    def trainable_weights(self) -> list[keras.Variable]:
        return self.trainable_variables

    @property
    def non_trainable_variables(self) -> list[keras.Variable]:
        return [v for v in self.variables if v is not self.parameter]

    @property
    def non_trainable_weights(self) -> list[keras.Variable]:
        return [v for v in self.weights if v is not self.parameter]


def check_slice(latent_slice, latent_dim):
    """First number of a slice and that after its last; None: all of them.

    Args:
        latent_slice: None, or pair of ints.
        latent_dim: int.

    Raises:
        ValueError: no slice of the latent space.

    Example:
        >>> from keras_latent.hessian_direction_training import check_slice
        >>> check_slice(None, 8), check_slice((2, 5), 8)
        ((0, 8), (2, 5))
    """
    if latent_slice is None:
        return 0, latent_dim
    try:
        first, stop = latent_slice
        inside = range(latent_dim)[first:stop] == range(first, stop)
    except (TypeError, ValueError):
        inside = False
    if not inside or not 0 <= first < stop:
        raise ValueError(
            "`latent_slice` must be None or (first, last + 1) with 0 <= first "
            f"<= last < {latent_dim}. Received: latent_slice={latent_slice!r}."
        )
    return int(first), int(stop)


def first_rows(start, seed):
    """Initializer of the directions' matrix.

    Args:
        start: "coordinates" or "random" (He's normal, as the authors').
        seed: int from 0.
    """
    if start == "coordinates":
        return lambda shape, dtype: tf.eye(*shape, dtype=dtype)
    return keras.initializers.HeNormal(seed)
