"""A complete cache of teacher outputs, to read and to train from."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from keras_distill._types import PathLike
from keras_distill.attached_arrays import attach_arrays
from keras_distill.attached_batches import AttachedBatches
from keras_distill.attached_tf_dataset import attach_tf_dataset
from keras_distill.chunk_files import (
    check_chunks,
    chunk_path,
    header_bytes,
    read_manifest,
    read_rows,
)
from keras_distill.class_weights import check_class_weight
from keras_distill.data_checks import check_dataset
from keras_distill.data_chunks import first_batch
from keras_distill.example_batches import (
    count_rows,
    is_arrays,
    is_tf_dataset,
)
from keras_distill.packed_labels import check_columns


class TeacherCache:
    """Teacher outputs on disk, in the order of the data set.

    Args:
        path: folder that `cache_teacher` filled.

    Raises:
        ValueError: there is no cache, or it is not complete or not whole.

    Example:
        >>> import tempfile
        >>> import keras
        >>> import numpy as np
        >>> import keras_distill as kd
        >>> x, teacher = np.ones((6, 4)), keras.layers.Dense(10)
        >>> teacher = keras.Sequential([keras.Input((4,)), teacher])
        >>> with tempfile.TemporaryDirectory() as path:
        ...     kd.cache_teacher(teacher, x, path, 2).read(1, 5).shape
        (4, 10)
    """

    def __init__(self, path: PathLike) -> None:
        self.path = Path(path)
        manifest = read_manifest(self.path)
        if manifest is None or not manifest["complete"]:
            raise ValueError(
                "`path` must hold a complete cache. Received: "
                f"path={str(path)!r}. Call `cache_teacher`; it goes on where "
                "an interrupted run ended."
            )
        check_chunks(self.path, manifest)
        self.manifest = manifest
        self.header_bytes = header_bytes(self.path)

    @property
    def examples(self) -> int:
        """Number of examples."""
        return sum(chunk["rows"] for chunk in self.manifest["chunks"])

    @property
    def width(self) -> int:
        """Number of logits of the teacher."""
        return self.manifest["width"]

    @property
    def dtype(self) -> str:
        """Dtype of the outputs on disk."""
        return self.manifest["dtype"]

    @property
    def label_columns(self) -> int:
        """Columns of labels in the targets of `attach`; 0: no labels."""
        return self.manifest["label_columns"]

    @property
    def files(self) -> list[str]:
        """Paths of the chunks, in order; each is a .npy file."""
        count = len(self.manifest["chunks"])
        return [str(chunk_path(self.path, index)) for index in range(count)]

    def read(self, start: int = 0, stop: int | None = None) -> np.ndarray:
        """Outputs of the examples from `start` up to `stop`.

        Args:
            start: int from 0.
            stop: int up to `examples`, or None for all to the end.

        Returns:
            Array of shape (stop - start, width), dtype as on disk.

        Raises:
            ValueError: the range is not inside the cache.
        """
        stop = self.examples if stop is None else stop
        if not 0 <= start <= stop <= self.examples:
            raise ValueError(
                f"Rows must be from 0 to {self.examples}. Received: "
                f"start={start}, stop={stop}."
            )
        return read_rows(
            self.path, self.manifest, self.header_bytes, start, stop
        )

    def attach(
        self,
        dataset: Any,
        class_weight: Mapping[int, float] | None = None,
        check: bool = True,
    ) -> Any:
        """Joins the outputs to the data: what the student's `fit` takes.

        Targets become one float32 array, [labels, teacher outputs], for
        `CachedDistillation` and `OnLabels`. Every example gets a sample
        weight, 1 where there is none, so that Keras refuses `class_weight`
        in `fit`, which would read packed targets as one-hot labels.

        Args:
            dataset: the data set of `cache_teacher`, in the same order; the
                size of batches may differ. All but the last are of one size.
            class_weight: dict of class to weight, or None; multiplies the
                sample weights. For labels that are integers or one-hot.
            check: bool. True reads the data once and compares them with what
                was cached. False trusts that they are the same.

        Returns:
            For a `tf.data.Dataset` or `PyDataset`, the same with batches (x,
            targets, sample_weight): `student.fit(cache.attach(dataset))`.
            Shuffle, augment, repeat or drop the remainder of a
            `tf.data.Dataset` afterwards, examples apart by
            `.unbatch().shuffle(10_000).batch(64, drop_remainder=True)`;
            `fit` shuffles the batches of a `PyDataset`. For arrays, a dict:
            `student.fit(**cache.attach((x, y)))`.

        Raises:
            ValueError: another data set, another order, or unequal batches.

        Source: Keras 3 takes one target array for each output.
        """
        size = 1024 if is_arrays(dataset) else None
        x, y = first_batch(dataset, size)
        check_columns(y, self.label_columns)
        check_class_weight(class_weight, self.label_columns)
        if check:
            check_dataset(dataset, size, self.manifest)
        if is_arrays(dataset):
            return attach_arrays(self, dataset, class_weight)
        if is_tf_dataset(dataset):
            batch_size = count_rows(x)
            return attach_tf_dataset(self, dataset, batch_size, class_weight)
        return AttachedBatches(self, dataset, class_weight)

    def __repr__(self) -> str:
        return (
            f"TeacherCache(examples={self.examples}, "
            f"label_columns={self.label_columns}, width={self.width}, "
            f"dtype={self.dtype!r})"
        )
