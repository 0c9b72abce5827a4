"""A PyDataset joined to its cached teacher outputs."""

import keras

from keras_distill.attached_arrays import packed_batch
from keras_distill.data_chunks import batch_fingerprint, first_batch
from keras_distill.example_batches import count_rows, example_batches


class AttachedBatches(keras.utils.PyDataset):
    """Batches (x, targets, sample_weight) by number, read when asked for.

    Keras shuffles the order of the batches; what is in them must stay. A
    data set that shuffles its examples after an epoch is refused then.

    Args:
        cache: `TeacherCache` of these examples.
        dataset: `keras.utils.PyDataset`; its batches but the last are of one
            size.
        class_weight: dict of class to weight, or None.
    """

    def __init__(self, cache, dataset, class_weight):
        super().__init__(
            workers=dataset.workers,
            use_multiprocessing=dataset.use_multiprocessing,
            max_queue_size=dataset.max_queue_size,
        )
        self._cache = cache
        self._dataset = dataset
        self._class_weight = class_weight
        first = first_batch(dataset)
        self._batch_size = count_rows(first[0])
        self._first = batch_fingerprint(*first)

    @property
    def num_batches(self):
        return self._dataset.num_batches

    def __getitem__(self, index):
        batch = self._dataset[index]
        x, y, sample_weight = keras.utils.unpack_x_y_sample_weight(batch)
        rows, start = count_rows(x), index * self._batch_size
        last = index == self.num_batches - 1
        if rows > self._batch_size or (rows < self._batch_size and not last):
            raise ValueError(
                "`dataset` must have batches of one size, except the last. "
                f"Received: batch {index} of {rows} examples after batches of "
                f"{self._batch_size}."
            )
        outputs = self._cache.read(start, start + rows)
        targets, weights = packed_batch(
            self._cache, y, sample_weight, outputs, self._class_weight
        )
        return x, targets, weights

    def on_epoch_begin(self):
        self._dataset.on_epoch_begin()
        self._check_order()

    def on_epoch_end(self):
        self._dataset.on_epoch_end()
        self._check_order()

    def _check_order(self):
        first = next(example_batches(self._dataset))
        if batch_fingerprint(*first) != self._first:
            raise ValueError(
                "`dataset` must keep its examples in the order that was "
                "cached. Received: a "
                f"{type(self._dataset).__name__} that changes them between "
                "epochs. Leave shuffling to `fit`, which shuffles the order "
                "of the batches."
            )
