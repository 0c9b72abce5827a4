"""How a `Fader` is compiled, trained and evaluated."""

from typing import Any

import keras
import tensorflow as tf
from keras import ops

from keras_latent._types import Config, OptimizerLike, TensorLike
from keras_latent.fader_attributes import one_hot_attributes
from keras_latent.fader_losses import attribute_accuracy, attribute_crossentropy
from keras_latent.fader_steps import (
    autoencoder_step,
    classifier_step,
    hiding_loss,
    reconstruction_loss,
)
from keras_latent.fresh_batches import share_rows
from keras_latent.two_optimizers import (
    check_optimizers,
    compile_config,
    scale_if_half,
)


class FaderTraining(keras.Model):
    """Base class: the training of encoder and decoder against a classifier."""

    def compile(
        self,
        optimizer: OptimizerLike = None,
        classifier_optimizer: OptimizerLike = None,
        loss: Any = "mean_squared_error",
        run_eagerly: bool = False,
        jit_compile: bool | str = "auto",
        steps_per_execution: int = 1,
        auto_scale_loss: bool = True,
    ) -> None:
        """Sets how encoder and decoder, and the classifier, are trained.

        Args:
            optimizer: of encoder and decoder; None: Adam of learning rate
                3e-4 and beta_1 0.5. A rate that falls to 0, such as
                `keras.optimizers.schedules.CosineDecay`, forgets more: the
                classifier catches up. Its iterations count the steps of the
                ramp of `beta`; to compile a trained model again begins a new
                ramp.
            classifier_optimizer: None: Adam of 1e-3 and beta_1 0.5.
            loss: string, function or `keras.losses.Loss` of (images,
                reconstructions).
            run_eagerly, jit_compile, steps_per_execution, auto_scale_loss: as
                in `keras.Model.compile`.

        Raises:
            ValueError: the same optimizer twice; one with `use_ema`.
        """
        adam = keras.optimizers.Adam
        optimizer = keras.optimizers.get(optimizer or adam(3e-4, beta_1=0.5))
        other = classifier_optimizer or adam(1e-3, beta_1=0.5)
        other = keras.optimizers.get(other)
        check_optimizers(
            {"classifier_optimizer": other, "optimizer": optimizer},
            "Leave it out.",
        )
        super().compile(
            optimizer,
            run_eagerly=run_eagerly,
            jit_compile=jit_compile,
            steps_per_execution=steps_per_execution,
            auto_scale_loss=auto_scale_loss,
        )
        if auto_scale_loss:
            other = scale_if_half(
                other, self.classifier, "classifier_loss_scale_optimizer"
            )
        self.classifier_optimizer = other
        self.compiled_image_loss = loss
        self.image_loss = keras.losses.get(loss)
        with self.distribute_strategy.scope():
            self.optimizer.build(self.autoencoder_variables)
            other.build(self.classifier.trainable_variables)

    def get_compile_config(self) -> Config:
        if not self.compiled:
            return {}
        given = super().get_compile_config()
        named = {"classifier_optimizer": self.classifier_optimizer}
        loss = keras.saving.serialize_keras_object(self.compiled_image_loss)
        return {
            "optimizer": given["optimizer"],
            "loss": loss,
            **compile_config(given, named),
        }

    def compile_from_config(self, config: Config) -> None:
        self.compile(**keras.saving.deserialize_keras_object(config))

    @property
    def autoencoder_variables(self) -> list[keras.Variable]:
        """What `optimizer` trains: the weights of encoder and decoder."""
        encoder, decoder = self.encoder, self.decoder
        return encoder.trainable_variables + decoder.trainable_variables

    @property
    def metrics(self) -> list[keras.metrics.Metric]:
        return list(self.trackers.values())

    def train_step(self, data: Any) -> dict[str, Any]:
        """`critic_steps` steps of the classifier, one of the autoencoder."""
        images, targets = self._unpack(data)
        parts = self.critic_steps + 1
        for index in range(self.critic_steps):
            share = [share_rows(r, index, parts) for r in (images, targets)]
            losses, hits = classifier_step(self, *share)
            self._track(classifier_loss=losses, classifier_accuracy=hits)
        last = [share_rows(r, parts - 1, parts) for r in (images, targets)]
        beta = self.current_beta()
        loss, error = autoencoder_step(self, last[0], last[1], beta)
        rows = tf.shape(last[0])[0]
        self._track(rows, loss=loss, reconstruction_loss=error, beta=beta)
        return self.get_metrics_result()

    def test_step(self, data: Any) -> dict[str, Any]:
        """The same losses on a batch, of which nothing is trained."""
        images, targets = self._unpack(data)
        code = self.encoder(images, training=False)
        logits = self.classifier(code, training=False)
        error = reconstruction_loss(
            self, images, self.decode(code, targets, training=False)
        )
        sizes, beta = self.attribute_sizes, self.current_beta()
        hidden = ops.mean(hiding_loss(self, logits, targets))
        self._track(
            classifier_loss=attribute_crossentropy(logits, targets, sizes),
            classifier_accuracy=attribute_accuracy(logits, targets, sizes),
        )
        self._track(
            tf.shape(images)[0],
            loss=error + beta * hidden,
            reconstruction_loss=error,
            beta=beta,
        )
        return self.get_metrics_result()

    def current_beta(self) -> TensorLike:
        """float32 scalar: `beta` at the present step of the ramp."""
        if not self.ramp_steps:
            return ops.cast(self.beta, "float32")
        step = ops.cast(self.optimizer.iterations, "float32")
        return self.beta * ops.minimum(step / self.ramp_steps, 1.0)

    def _unpack(self, data):
        images, attributes, weight = keras.utils.unpack_x_y_sample_weight(data)
        if attributes is None or weight is not None:
            raise ValueError(
                "A `Fader` is trained and evaluated on batches (images, "
                "attributes), without weights. Received: "
                f"{'no attributes' if attributes is None else 'weights'}."
            )
        return images, one_hot_attributes(attributes, self.attribute_sizes)

    def _track(self, rows=None, **values):
        """Adds values of examples, or means of `rows`, to the logs."""
        for name, value in values.items():
            value = ops.stop_gradient(value)
            self.trackers[name].update_state(value, sample_weight=rows)
