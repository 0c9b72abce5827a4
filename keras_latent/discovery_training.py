"""How `DirectionDiscovery` is compiled, trained and evaluated."""

from typing import Any

import keras
import tensorflow as tf

from _keras_sparse_common.arguments import check_count
from keras_latent._types import Config, OptimizerLike
from keras_latent.discovery_checks import check_options
from keras_latent.discovery_steps import DiscoverySteps
from keras_latent.gan_checks import check_last_step
from keras_latent.two_optimizers import (
    check_optimizers,
    compile_config,
    scale_if_half,
)


class DiscoveryTraining(DiscoverySteps):
    """Base class: learns directions together with their reconstructor."""

    def compile(
        self,
        direction_optimizer: OptimizerLike = None,
        reconstructor_optimizer: OptimizerLike = None,
        run_eagerly: bool = False,
        jit_compile: bool | str = False,
        steps_per_execution: int = 1,
        auto_scale_loss: bool = True,
    ) -> None:
        """Sets how directions and reconstructor are trained.

        Args:
            direction_optimizer: of the directions; None: Adam of learning
                rate 1e-4. Fixed directions have none.
            reconstructor_optimizer: of the reconstructor; None: likewise. It
                is also the `optimizer` of the model, which callbacks find.
            run_eagerly, jit_compile, steps_per_execution, auto_scale_loss: as
                in `keras.Model.compile`; XLA cannot compile "orthonormal".

        Raises:
            ValueError: the same optimizer twice, one with `use_ema`, one for
                fixed directions, `jit_compile=True` for orthonormal ones.
        """
        adam = keras.optimizers.Adam
        get = keras.optimizers.get
        if not self.learned and direction_optimizer is not None:
            raise ValueError(
                '`direction_optimizer` must be None for `normalization="fixed"'
                "`, whose directions are not trained. Received: "
                f"{direction_optimizer!r}."
            )
        directions = get(direction_optimizer or adam(1e-4))
        reconstructor = get(reconstructor_optimizer or adam(1e-4))
        if jit_compile is True and self.normalization == "orthonormal":
            raise ValueError(
                "`jit_compile` must be False for orthonormal directions: XLA "
                "has no gradient of TensorFlow's matrix exponential. Received: "
                "jit_compile=True."
            )
        check_optimizers(
            {
                "direction_optimizer": directions,
                "reconstructor_optimizer": reconstructor,
            },
            "Lower the learning rates towards the end instead.",
        )
        super().compile(
            reconstructor,
            run_eagerly=run_eagerly,
            jit_compile=jit_compile,
            steps_per_execution=steps_per_execution,
            auto_scale_loss=False,
        )
        if auto_scale_loss:
            self.optimizer = scale_if_half(
                reconstructor, self.reconstructor, "scaled_reconstructor"
            )
            for network in self.networks_of_directions:
                directions = scale_if_half(
                    directions, network, "scaled_directions"
                )
        self.direction_optimizer = directions if self.learned else None
        with self.distribute_strategy.scope():
            self.optimizer.build(self.reconstructor.trainable_variables)
            if self.learned:
                directions.build(self.direction_variables)

    @property
    def reconstructor_optimizer(self) -> keras.optimizers.Optimizer:
        """The optimizer of the reconstructor."""
        return self.optimizer

    def get_compile_config(self) -> Config:
        if not self.compiled:
            return {}
        optimizers = {
            "direction_optimizer": self.direction_optimizer,
            "reconstructor_optimizer": self.optimizer,
        }
        return compile_config(super().get_compile_config(), optimizers)

    def compile_from_config(self, config: Config) -> None:
        self.compile(**keras.saving.deserialize_keras_object(config))

    def fit(
        self,
        steps_per_epoch: int = 1000,
        epochs: int = 1,
        batch_size: int = 32,
        validation_samples: int = 3200,
        **options: Any,
    ) -> keras.callbacks.History:
        """Learns directions; there is no data to give.

        Args:
            steps_per_epoch: int from 1 (the paper: 100,000 steps in all).
            epochs: int from 1, number of the last epoch.
            batch_size: int from 1, pairs of images of a step.
            validation_samples: int from 0, pairs by which `val_accuracy` and
                the like are measured after each epoch; 0: not at all.
            **options: `callbacks`, `initial_epoch`, `validation_freq` and
                `verbose`, as in `keras.Model.fit`.

        Returns:
            `keras.callbacks.History`.

        Raises:
            ValueError: other options, counts out of range.
        """
        check_options("fit", options)
        check_count("steps_per_epoch", steps_per_epoch)
        check_count("batch_size", batch_size)
        check_count("validation_samples", validation_samples, minimum=0)
        if validation_samples:
            options["validation_data"] = self._numbers(
                validation_samples, batch_size
            )
        numbers = tf.data.Dataset.range(batch_size).repeat()
        return super().fit(
            numbers.batch(batch_size, drop_remainder=True),
            steps_per_epoch=steps_per_epoch,
            epochs=epochs,
            shuffle=False,
            **options,
        )

    def evaluate(
        self,
        samples: int = 3200,
        batch_size: int = 32,
        return_dict: bool = False,
        **options: Any,
    ) -> Any:
        """Losses and accuracy of the reconstructor on pairs not trained on.

        Args:
            samples: int from 1, pairs; always the same on as many devices,
                each direction equally often.
            batch_size: int from 1.
            return_dict: bool, a dict of names to numbers or their list.
            **options: `callbacks` and `verbose`, as in
                `keras.Model.evaluate`.

        Returns:
            Dict or list of floats.

        Raises:
            ValueError: other options, counts out of range.
        """
        numbers = options.pop("x", None)  # Keras gives it while it fits
        if numbers is None:
            check_options("evaluate", options)
            numbers = self._numbers(samples, batch_size)
        self.judged.assign(0)
        return super().evaluate(numbers, return_dict=return_dict, **options)

    def _numbers(self, samples, batch_size):
        """Batches of whole numbers, one for each pair."""
        check_count("samples", samples)
        check_count("batch_size", batch_size)
        replicas = self.distribute_strategy.num_replicas_in_sync
        check_last_step(samples, batch_size, replicas)
        return tf.data.Dataset.range(samples).batch(batch_size)
