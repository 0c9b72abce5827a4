"""The steps of `DirectionDiscovery`: on drawn pairs of images."""

from collections.abc import Mapping
from typing import Any

import keras
import tensorflow as tf

from keras_latent._types import TensorLike
from keras_latent.deformators import columns
from keras_latent.direction_losses import direction_crossentropy, shift_error
from keras_latent.direction_pairs import (
    EVALUATION,
    TRAINING,
    draw_conditions,
    draw_pairs,
)
from keras_latent.fader_steps import added_losses, count_replicas


class DiscoverySteps(keras.Model):
    """Base class: trains directions and their reconstructor on a batch."""

    @property
    def metrics(self) -> list[keras.metrics.Metric]:
        return list(self.trackers.values())

    @property
    def direction_variables(self) -> list[keras.Variable]:
        """What `direction_optimizer` trains."""
        given = (self.parameter, self.bias)
        return [v for v in given if v is not None and v.trainable]

    @property
    def networks_of_directions(self) -> list[keras.Model]:
        """Models that the gradient of the directions passes through."""
        both = (self.reconstructor, self.generator)
        return [network for network in both if isinstance(network, keras.Model)]

    def counts(self) -> tuple[keras.Variable, keras.Variable]:
        """Pairs read right and pairs seen, of each direction, at last."""
        tracker = self.trackers["accuracy"]
        return tracker.right, tracker.seen

    def matrix(self) -> tf.Tensor:
        """The directions as columns, float32 tensor (latent_dim, count)."""
        return columns(
            tf.convert_to_tensor(self.parameter),
            self.normalization,
            self.num_directions,
        )

    def train_step(self, data: Any) -> dict[str, Any]:
        """One step of both optimizers on `len(data)` new pairs."""
        rows = data.shape[0] or tf.shape(data)[0]
        latents, chosen, shifts = draw_pairs(self, rows, TRAINING, self.step)
        conditions = self._conditions(rows, TRAINING, self.step)
        network = self.reconstructor
        optimizers, weights = [self.optimizer], [network.trainable_variables]
        if self.learned:
            optimizers.append(self.direction_optimizer)
            weights.append(self.direction_variables)
        with tf.GradientTape(persistent=True) as tape:
            pairs = self.pair_images(latents, chosen, shifts, conditions)
            logits, guesses = network(pairs, training=True)
            values = self._errors_of(logits, guesses, chosen, shifts)
            total = values["loss"] / count_replicas() + added_losses(network)
            scaled = [one.scale_loss(total) for one in optimizers]
        gradients = [
            tape.gradient(loss, variables)
            for loss, variables in zip(scaled, weights, strict=True)
        ]
        for one, found, variables in zip(
            optimizers, gradients, weights, strict=True
        ):
            one.apply(found, variables)
        self.step.assign_add(1)
        return self._track(rows, values, logits, chosen)

    def test_step(self, data: Any) -> dict[str, Any]:
        """The same losses; the numbers in `data` name the directions."""
        rows = data.shape[0] or tf.shape(data)[0]
        latents, _, shifts = draw_pairs(self, rows, EVALUATION, self.judged)
        conditions = self._conditions(rows, EVALUATION, self.judged)
        chosen = tf.cast(data, "int64") % self.num_directions
        pairs = self.pair_images(latents, chosen, shifts, conditions)
        logits, guesses = self.reconstructor(pairs, training=False)
        values = self._errors_of(logits, guesses, chosen, shifts)
        self.judged.assign_add(1)
        return self._track(rows, values, logits, chosen)

    def pair_images(
        self,
        latents: TensorLike,
        chosen: TensorLike,
        shifts: TensorLike,
        conditions: Mapping[str, Any],
    ) -> tf.Tensor:
        """Images of latent points, and of the same moved along directions.

        Args:
            latents: float tensor (batch, latent_dim).
            chosen: int tensor (batch,), directions.
            shifts: float tensor (batch,).
            conditions: dict of keyword arguments of the generator, the same
                for both images.

        Returns:
            float32 tensor (batch, ..., 2 * channels).
        """
        rows = tf.gather(tf.transpose(self.matrix()), chosen)
        moves = shifts[:, None] * rows
        if self.bias is not None:
            moves += tf.convert_to_tensor(self.bias)
        images = [
            self.steered(points, conditions)
            for points in (latents, latents + moves)
        ]
        return tf.concat(images, axis=-1)

    def _conditions(self, rows, stage, step):
        return draw_conditions(
            self.conditioning, rows, 2 * self.seed + stage, step
        )

    def _errors_of(self, logits, guesses, chosen, shifts):
        label = direction_crossentropy(logits, chosen)
        shift = shift_error(guesses, shifts)
        total = self.label_weight * label + self.shift_weight * shift
        return {"loss": total, "label_loss": label, "shift_error": shift}

    def _track(self, rows, values, logits, chosen):
        for name, value in values.items():
            self.trackers[name].update_state(value, sample_weight=rows)
        self.trackers["accuracy"].update_state(logits, chosen)
        return self.get_metrics_result()

    @property
    def trainable_variables(self) -> list[keras.Variable]:
        return self._but_the_generators(super().trainable_variables)

    @property
    def trainable_weights(self) -> list[keras.Variable]:
        return self._but_the_generators(super().trainable_weights)

    @property
    def non_trainable_variables(self) -> list[keras.Variable]:
        return self._all_but(self.variables, self.trainable_variables)

    @property
    def non_trainable_weights(self) -> list[keras.Variable]:
        return self._all_but(self.weights, self.trainable_weights)

    def _but_the_generators(self, variables):
        return self._all_but(variables, getattr(self.generator, "weights", ()))

    @staticmethod
    def _all_but(variables, others):
        named = {id(variable) for variable in others}
        return [v for v in variables if id(v) not in named]
