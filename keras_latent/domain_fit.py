"""`fit` on a labelled and an unlabelled domain."""

from collections.abc import Sequence
from typing import Any

import keras

from keras_latent.domain_checks import check_labels
from keras_latent.domain_data_checks import check_same_images, is_dataset
from keras_latent.domain_pairs import epoch_steps, pair
from keras_latent.training_position import TrainingPosition


class DomainFit(keras.Model):
    """A model whose `fit` takes two domains and counts the steps.

    The variable `total_steps` is the end of the present `fit`, in updates of
    the optimizer; it is saved with the weights.
    """

    def __init__(self, **kwargs: Any) -> None:
        if keras.backend.backend() != "tensorflow":
            raise ValueError(
                "`DomainAdversarial` needs the TensorFlow backend. Received: "
                f"{keras.backend.backend()!r}. Set KERAS_BACKEND=tensorflow; "
                "`GradientReversal` runs on other backends."
            )
        super().__init__(**kwargs)
        self.total_steps = self.add_weight(
            name="total_steps",
            shape=(),
            initializer="zeros",
            dtype="int32",
            trainable=False,
            aggregation="only_first_replica",
        )

    def fit(
        self,
        x: Any = None,
        y: Any = None,
        batch_size: int | None = None,
        epochs: int = 1,
        *,
        target: Any = None,
        seed: int | None = None,
        shuffle: bool | None = None,
        sample_weight: Any = None,
        callbacks: Sequence[keras.callbacks.Callback] | None = None,
        validation_split: float = 0.0,
        initial_epoch: int = 0,
        steps_per_epoch: int | None = None,
        **kwargs: Any,
    ) -> keras.callbacks.History:
        """Trains on both domains; the rest is as in `keras.Model.fit`.

        An epoch shows the longer domain once. With arrays, the data go on
        where the optimizer's updates stand, so an interrupted training that
        is loaded again and goes on ends where it would have ended.

        Args:
            x: array of the source's images, with `y`; or a batched
                `tf.data.Dataset` of (images, labels); or, without `target`,
                a data set like that of `pair`.
            y: array of the source's labels.
            batch_size: int, rows of each domain in a step; None: 32.
            epochs: int, number of the last epoch.
            target: array of the target's images, or a batched
                `tf.data.Dataset` of them.
            seed: int, of the order of the examples; None: 0.
            shuffle: bool; None: True.
            sample_weight: array (rows,), of the source's labels; the domains
                are not weighted.
            callbacks: list of `keras.callbacks.Callback`.
            validation_split: must be 0: give `validation_data` of the target.
            initial_epoch: int, number of epochs done.
            steps_per_epoch: int; None: until the longer domain is seen.
            **kwargs: of `keras.Model.fit`.

        Returns:
            `keras.callbacks.History`.

        Raises:
            ValueError: see `pair` and `DomainAdversarial`.
        """
        if validation_split:
            raise ValueError(
                "`validation_split` would hold back examples of the source. "
                f"Received: {validation_split}. Give labelled examples of "
                "the target in `validation_data`."
            )
        begin = TrainingPosition(epochs)
        self._steps_are_known = True
        if target is None:
            data, known = self._given_pairs(x, y, sample_weight), None
        else:
            source = self._source(x, y, sample_weight)
            data = pair(
                source, target, batch_size, seed, shuffle, begin.position
            )
            known = epoch_steps(source, target, batch_size)
            if not is_dataset(x):
                steps_per_epoch = steps_per_epoch or known
        self._check_images(data)
        if known is None and int(data.cardinality()) >= 0:
            known = int(data.cardinality())
        begin.steps = steps_per_epoch or known
        self._check_length(begin.steps)
        return super().fit(
            data,
            epochs=epochs,
            callbacks=[*(callbacks or []), begin],
            initial_epoch=initial_epoch,
            steps_per_epoch=steps_per_epoch,
            shuffle=False,
            **kwargs,
        )

    def _source(self, x, y, sample_weight):
        if is_dataset(x):
            if y is not None or sample_weight is not None:
                raise ValueError(
                    "`y` and `sample_weight` must be None where `x` is a data "
                    "set: it brings them. Put them into its elements."
                )
            return x
        if y is None:
            raise ValueError(
                "`y` must be the labels of the source. Received: None."
            )
        check_labels(y, self.labeler.output_shape[-1], self.loss)
        return (x, y) if sample_weight is None else (x, y, sample_weight)

    def _given_pairs(self, x, y, sample_weight):
        element = x.element_spec if is_dataset(x) else None
        paired = isinstance(element, tuple) and len(element) in (2, 3)
        paired = paired and isinstance(element[0], tuple)
        if not paired or len(element[0]) != 2 or y is not None:
            raise ValueError(
                "`fit` needs the images of the target. Received: no `target`, "
                "and an `x` that is no data set of ((source images, target "
                "images), labels). Call `fit(x, y, target=images)`, or give "
                "it `keras_latent.pair(...)`."
            )
        if sample_weight is not None:
            raise ValueError(
                "`sample_weight` must be None where `x` is a data set. Put "
                "the weights into its elements, after the labels."
            )
        return x

    def _check_images(self, data):
        source, target = data.element_spec[0]
        shapes = [tuple(spec.shape[1:]) for spec in (source, target)]
        check_same_images(
            (shapes[0], source.dtype.name), (shapes[1], target.dtype.name)
        )
        wanted = self.features.input_shape[1:]
        known = [
            None in (a, b) or a == b
            for a, b in zip(shapes[0], wanted, strict=False)
        ]
        if len(shapes[0]) != len(wanted) or not all(known):
            raise ValueError(
                "Images must have the shape that `features` takes. Received: "
                f"images of shape {shapes[0]}, features for {wanted}. Add the "
                "channel axis (`images[..., None]`) or resize."
            )

    def _check_length(self, steps):
        if self.weight is None and steps is None:
            raise ValueError(
                "`weight=None` spreads the paper's schedule over the steps of "
                "`fit`, which are unknown here. Give `steps_per_epoch`, or "
                "build the model with "
                "`weight=AdversarialSchedule(total_steps)`."
            )

    def known_total_steps(self) -> Any:
        """The steps of the whole training, as `fit` counted them.

        Returns:
            The variable `total_steps`.

        Raises:
            ValueError: no `fit` set it.
        """
        if not getattr(self, "_steps_are_known", False):
            raise ValueError(
                "`weight=None` spreads the paper's schedule over the steps of "
                "`fit`. Received: a step outside `fit`. Build the model with "
                "a number or `weight=AdversarialSchedule(total_steps)`."
            )
        return self.total_steps
