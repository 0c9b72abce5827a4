"""Trains on one domain, with labels, for another one without."""

from collections.abc import Callable, Mapping
from typing import Any, Literal, Self

import keras
import tensorflow as tf
from keras import ops

from _keras_sparse_common.arguments import check_choice, check_number
from _keras_sparse_common.nested_config import from_nested_config
from keras_latent._types import Config, TensorLike
from keras_latent.adversarial_schedule import sigmoid_weight
from keras_latent.domain_checks import check_networks
from keras_latent.domain_fit import DomainFit
from keras_latent.domain_losses import domain_hits, domain_loss, domain_margin
from keras_latent.gradient_reversal import reverse_gradient
from keras_latent.moving_statistics import train_without_trace

STATISTICS = ("both", "source", "target")


@keras.saving.register_keras_serializable(package="keras_latent")
class DomainAdversarial(DomainFit):
    """A classifier that learns features which do not tell two domains apart.

    Compile it like the classifier and call `fit(x, y, target=images)`. Each
    step passes a batch of both domains through `features`, one after the
    other, so that batch normalisation never mixes them; the labeler sees the
    source, the domain classifier both. The domain classifier learns at rate
    1; into the features its gradient goes reversed, times the adversarial
    weight. That weight follows the updates of the optimizer inside the step.

    The logs have `loss`, `label_loss` (the compiled loss, with regularizers),
    `domain_loss`, `domain_accuracy` (0.5: fooled), and the compiled metrics,
    of the source. `validation_data` and `evaluate` take images and labels of
    one domain: give the target's. `predict` and `export` are the classifier
    alone, which `classifier` returns as a model.

    Args:
        features: built functional or Sequential model, image -> code.
        labeler: built functional or Sequential model, code -> classes.
        domain_classifier: built functional or Sequential model, code -> one
            or two logits: source or target.
        weight: adversarial weight: a number from 0, or a function of the
            step such as `AdversarialSchedule`; None: the paper's schedule
            over the steps of `fit`.
        domain_weight: number from 0, factor of the domain loss in the loss.
        statistics: "both", "source" or "target": whose passes leave their
            trace in moving statistics, such as those of batch normalisation.
        name: string.
        **kwargs: `trainable`, as for every `keras.Model`.

    Raises:
        ValueError: networks that are not built, share weights or do not fit
            together; arguments out of range; in `fit`, see `pair`, and
            labels that do not fit the labeler or the loss.

    Source: Ganin et al. 2016, arXiv:1505.07818, section 4.
    Differs from the paper: the domain loss is the mean of the two domains'
        means, not their sum (`domain_weight=2`), and the domains pass
        one by one (as in fungtion/DANN).

    Example:
        >>> import keras, numpy as np, keras_latent as kl
        >>> def dense(inputs, units):
        ...     layers = [keras.Input((inputs,)), keras.layers.Dense(units)]
        ...     return keras.Sequential(layers)
        >>> model = kl.DomainAdversarial(dense(4, 8), dense(8, 3), dense(8, 1))
        >>> model.compile("sgd", "mse")
        >>> x, y, target = np.ones((9, 4)), np.ones((9, 3)), np.zeros((5, 4))
        >>> sorted(model.fit(x, y, target=target, verbose=0).history)
        ['domain_accuracy', 'domain_loss', 'label_loss', 'loss']
    """

    def __init__(
        self,
        features: keras.Model,
        labeler: keras.Model,
        domain_classifier: keras.Model,
        weight: float | Callable[[Any], Any] | None = None,
        domain_weight: float = 1.0,
        statistics: Literal["both", "source", "target"] = "both",
        name: str = "domain_adversarial",
        **kwargs: Any,
    ) -> None:
        check_networks(features, labeler, domain_classifier)
        if weight is not None and not callable(weight):
            check_number("weight", weight)
        check_number("domain_weight", domain_weight)
        check_choice("statistics", statistics, STATISTICS)
        super().__init__(
            name=name, dtype=features.dtype_policy, autocast=False, **kwargs
        )
        self.features, self.labeler = features, labeler
        self.domain_classifier = domain_classifier
        self.weight, self.domain_weight = weight, domain_weight
        self.statistics = statistics
        self.label_loss = keras.metrics.Mean(name="label_loss")
        self.domain_loss = keras.metrics.Mean(name="domain_loss")
        self.domain_accuracy = keras.metrics.Mean(name="domain_accuracy")
        self.built = True

    @property
    def classifier(self) -> keras.Model:
        """New functional model of the trained features and labeler."""
        (known,) = self.features.inputs
        inputs = keras.Input(known.shape[1:], dtype=known.dtype)
        outputs = self.labeler(self.features(inputs))
        return keras.Model(inputs, outputs, name=f"{self.name}_classifier")

    def call(self, inputs: Any, training: bool | None = None) -> Any:
        """Predictions for images; for a pair of domains, also the margins.

        Args:
            inputs: tensor of images, or a tuple (source, target) of them.
            training: bool or None.

        Returns:
            Predictions of the labeler; for a tuple, (those of the source,
            domain margins of the source, those of the target).
        """
        if not isinstance(inputs, (tuple, list)):
            codes = self.features(inputs, training=training)
            return self.labeler(codes, training=training)
        source = self._pass("source", inputs[0], training)
        target = self._pass("target", inputs[1], training)
        predictions = self.labeler(source, training=training)
        codes = ops.concatenate([source, target])
        weight = self.adversarial_weight() if training else 0.0
        codes = reverse_gradient(codes, weight)
        margin = domain_margin(self.domain_classifier(codes, training=training))
        rows = ops.shape(source)[0]
        return predictions, margin[:rows], margin[rows:]

    def _pass(self, domain, images, training):
        if training and self.statistics not in ("both", domain):
            return train_without_trace(self.features, images)
        return self.features(images, training=training)

    def adversarial_weight(self) -> TensorLike:
        """Weight at the present step of the optimizer, scalar tensor."""
        if isinstance(self.weight, (int, float)):
            return ops.convert_to_tensor(self.weight, "float32")
        step = self.optimizer.iterations
        if self.weight is not None:
            return self.weight(step)
        total = ops.cast(self.known_total_steps(), "float32")
        progress = ops.cast(step, "float32") / ops.maximum(total, 1.0)
        return sigmoid_weight(ops.clip(progress, 0.0, 1.0))

    def compute_loss(
        self,
        x: Any = None,
        y: Any = None,
        y_pred: Any = None,
        sample_weight: Any = None,
        training: bool = True,
    ) -> TensorLike:
        """The loss of a batch; see the class.

        Args:
            x, y, y_pred, sample_weight, training: as in
                `keras.Model.compute_loss`; `y_pred` is what `call` returns.

        Returns:
            Scalar tensor.

        Raises:
            ValueError: training on a batch of one domain.
        """
        if not isinstance(y_pred, tuple):
            if training:
                raise ValueError(
                    "Training needs a batch of both domains. Received: one "
                    "batch of images. Call `fit(x, y, target=images)`, or "
                    "give it `keras_latent.pair(...)`."
                )
            return super().compute_loss(x, y, y_pred, sample_weight, training)
        predictions, source, target = y_pred
        label = super().compute_loss(x, y, predictions, sample_weight, training)
        replicas = self.distribute_strategy.num_replicas_in_sync
        domain = domain_loss(source, target) / replicas
        rows = ops.shape(source)[0]
        self.label_loss.update_state(label * replicas, rows)
        self.domain_loss.update_state(domain * replicas, rows)
        self.domain_accuracy.update_state(domain_hits(source, target))
        return label + self.domain_weight * domain

    def compute_metrics(
        self, x: Any, y: Any, y_pred: Any, sample_weight: Any = None
    ) -> dict[str, Any]:
        """Metrics of the labels of the source.

        Args:
            x, y, y_pred, sample_weight: as for `compute_loss`.

        Returns:
            dict of names to values.
        """
        if isinstance(y_pred, tuple):
            return super().compute_metrics(x, y, y_pred[0], sample_weight)
        results = super().compute_metrics(x, y, y_pred, sample_weight)
        return self._without_domains(results)

    def get_metrics_result(self) -> dict[str, Any]:
        """Results by name; nothing of the domains where one is evaluated."""
        results = super().get_metrics_result()
        # In a graph the count is not known; `compute_metrics` sees to it.
        if not tf.executing_eagerly():
            return results
        count = ops.convert_to_numpy(self.domain_loss.count)
        return results if count else self._without_domains(results)

    def _without_domains(self, results):
        hidden = {self.label_loss.name, self.domain_loss.name}
        hidden.add(self.domain_accuracy.name)
        return {k: v for k, v in results.items() if k not in hidden}

    def export(self, *args: Any, **kwargs: Any) -> Any:
        """Exports the classifier alone, as `keras.Model.export` does."""
        return self.classifier.export(*args, **kwargs)

    def get_config(self) -> Config:
        serialize = keras.saving.serialize_keras_object
        config = {
            "name": self.name,
            "trainable": self.trainable,
            "features": self.features,
            "labeler": self.labeler,
            "domain_classifier": self.domain_classifier,
            "weight": self.weight,
            "domain_weight": self.domain_weight,
            "statistics": self.statistics,
        }
        return {key: serialize(value) for key, value in config.items()}

    @classmethod
    def from_config(
        cls, config: Config, custom_objects: Mapping[str, Any] | None = None
    ) -> Self:
        return from_nested_config(cls, config, custom_objects)
