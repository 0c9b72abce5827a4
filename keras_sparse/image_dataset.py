"""An image classification set as repeatable pipelines and arrays.

TensorFlow is imported when a pipeline is made, not before: on a machine without
it the rest of the package works.
"""

import dataclasses
from collections.abc import Mapping
from typing import Any, Literal

import numpy as np

STREAM_WINDOW = 10_000


@dataclasses.dataclass(frozen=True)
class ImageDataset:
    """Images with one class label each, split into train and test.

    Attributes:
        name: str.
        image_shape: tuple (height, width, channels).
        num_classes: int.
        num_train, num_test: int, number of examples.
        class_names: tuple of str.
        stored: dict, "train" and "test" -> `tf.data.Dataset` of (image, label),
            one example each, in a fixed order, as they are stored.
        scale: float, the stored value that means 1.
        in_memory: bool, whether `batches` keeps the stored images in memory.

    Example:
        >>> from keras_sparse import datasets
        >>> digits = datasets.load("digits")
        >>> digits.name, digits.scale, digits.class_names[:3]
        ('digits', 16.0, ('0', '1', '2'))
    """

    name: str
    image_shape: tuple[int, ...]
    num_classes: int
    num_train: int
    num_test: int
    class_names: tuple[str, ...]
    stored: Mapping[str, Any] = dataclasses.field(repr=False)
    scale: float = 255.0
    in_memory: bool = True
    _tensors: dict = dataclasses.field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    @property
    def train(self) -> Any:
        """Pipeline of (float32 image in [0, 1], int32 label), fixed order."""
        return self._examples("train")

    @property
    def test(self) -> Any:
        """Pipeline of (float32 image in [0, 1], int32 label), fixed order."""
        return self._examples("test")

    def steps(
        self,
        split: Literal["train", "test"],
        batch_size: int,
        drop_remainder: bool = False,
    ) -> int:
        """Counts the batches of one epoch.

        Args:
            split: "train" or "test".
            batch_size: int >= 1.
            drop_remainder: bool, leave out a last, smaller batch.

        Returns:
            int >= 1.

        Raises:
            ValueError: for a split or size out of range.

        Example:
            >>> from keras_sparse import datasets
            >>> datasets.load("digits").steps("train", 128)
            12
        """
        size = self._size(split)
        limit = size if drop_remainder else None
        _check_size("batch_size", batch_size, limit)
        return size // batch_size if drop_remainder else -(-size // batch_size)

    def batches(
        self,
        split: Literal["train", "test"],
        batch_size: int,
        epochs: int = 1,
        seed: int = 0,
        first_epoch: int = 0,
        shuffle: bool = True,
        drop_remainder: bool = False,
    ) -> Any:
        """Makes the batches of several epochs, each in an order of its own.

        The order depends on `seed` and the number of the epoch only. So a run
        that resumes at `first_epoch` sees, bit for bit, what it would have
        seen without the break.

        Args:
            split: "train" or "test".
            batch_size: int >= 1.
            epochs: int, number of the epoch to stop before.
            seed: int in [0, 2**63).
            first_epoch: int in [0, epochs), number of the epoch to start with.
            shuffle: bool; False keeps the fixed order of the split.
            drop_remainder: bool, leave out a last, smaller batch per epoch.

        Returns:
            `tf.data.Dataset` of (images, labels): float32 (batch, height,
            width, channels) in [0, 1] and int32 (batch,). Its length is known:
            `steps(...)` per epoch. No batch crosses epochs. A set that is not
            `in_memory` is shuffled in a window of 10,000 images, and the global
            seed of TensorFlow changes its order too.

        Raises:
            ValueError: for a split, size or epoch out of range.

        Example:
            >>> from keras_sparse import datasets
            >>> digits = datasets.load("digits")
            >>> resumed = digits.batches("train", 128, epochs=5, first_epoch=3)
            >>> len(resumed)
            24
        """
        import tensorflow as tf

        steps = self.steps(split, batch_size, drop_remainder)
        if not 0 <= first_epoch < epochs:
            raise ValueError(
                "`first_epoch` must be in [0, epochs). Received: first_epoch="
                f"{first_epoch}, epochs={epochs}. Count epochs from 0."
            )
        examples = self._from_memory if self.in_memory else self._from_stream
        epoch_of = examples(split, seed, shuffle, batch_size, drop_remainder)
        run = tf.data.Dataset.range(first_epoch, epochs).flat_map(epoch_of)
        length = steps * (epochs - first_epoch)
        run = run.apply(tf.data.experimental.assert_cardinality(length))
        return run.prefetch(tf.data.AUTOTUNE)

    def arrays(
        self, split: Literal["train", "test"], limit: int | None = None
    ) -> tuple[np.ndarray, np.ndarray]:
        """Reads images and labels into NumPy arrays, in the fixed order.

        Args:
            split: "train" or "test".
            limit: int >= 1, read only so many from the start. None: all.

        Returns:
            tuple (images, labels): float32 (n, height, width, channels) in
            [0, 1] and int32 (n,).

        Raises:
            ValueError: for a split or limit out of range.

        Example:
            >>> from keras_sparse import datasets
            >>> images, labels = datasets.load("digits").arrays("test", limit=9)
            >>> images.shape, labels.shape
            ((9, 8, 8, 1), (9,))
        """
        size = self._size(split)
        if limit is not None:
            _check_size("limit", limit)
            size = min(size, limit)
        images, labels = self._read(split, size)
        return images.astype("float32") / np.float32(self.scale), labels

    def _size(self, split):
        sizes = {"train": self.num_train, "test": self.num_test}
        if split not in sizes:
            raise ValueError(
                '`split` must be "train" or "test". '
                f"Received: split={split!r}. Use one of these two."
            )
        return sizes[split]

    def _examples(self, split):
        import tensorflow as tf

        def convert(image, label):
            return self._to_unit(image), tf.cast(label, tf.int32)

        return self.stored[split].map(convert, tf.data.AUTOTUNE)

    def _to_unit(self, images):
        import tensorflow as tf

        return tf.cast(images, tf.float32) / tf.constant(self.scale, tf.float32)

    def _read(self, split, size):
        data = self.stored[split].take(size).batch(1024).as_numpy_iterator()
        images, labels = zip(*data, strict=True)
        return np.concatenate(images), np.concatenate(labels).astype("int32")

    def _from_memory(self, split, seed, shuffle, batch_size, drop_remainder):
        import tensorflow as tf

        size = self._size(split)
        if split not in self._tensors:
            # On a machine with a GPU they would go there, and back each step.
            with tf.device("CPU:0"):
                arrays = self._read(split, size)
                self._tensors[split] = [tf.constant(array) for array in arrays]
        images, labels = self._tensors[split]

        def pick(index):
            picked = self._to_unit(tf.gather(images, index))
            return picked, tf.gather(labels, index)

        def epoch_of(epoch):
            order = tf.range(size)
            if shuffle:
                order = tf.argsort(_random_integers([size], seed, epoch))
            order = tf.data.Dataset.from_tensor_slices(order)
            order = order.batch(batch_size, drop_remainder)
            return order.map(pick, tf.data.AUTOTUNE)

        return epoch_of

    def _from_stream(self, split, seed, shuffle, batch_size, drop_remainder):
        import tensorflow as tf

        examples = self._examples(split)

        def epoch_of(epoch):
            data = examples
            if shuffle:
                drawn = tf.cast(_random_integers([], seed, epoch), tf.int64)
                data = data.shuffle(
                    STREAM_WINDOW, drawn, reshuffle_each_iteration=False
                )
            return data.batch(batch_size, drop_remainder)

        return epoch_of


def _random_integers(shape, seed, epoch):
    """Full-range int32, a function of `seed` and `epoch` alone."""
    import tensorflow as tf

    return tf.random.stateless_uniform(
        shape, [seed, epoch], minval=None, maxval=None, dtype=tf.int32
    )


def _check_size(name, value, limit=None):
    if value < 1 or (limit is not None and value > limit):
        most = (
            "" if limit is None else f" and <= {limit}, the size of the split"
        )
        raise ValueError(
            f"`{name}` must be >= 1{most}. Received: {name}={value}. "
            "Pass a number of images."
        )
