"""A pass over a data set in chunks of so many examples, fingerprinted."""

import numpy as np

from keras_distill.example_batches import (
    count_rows,
    example_batches,
    take_rows,
)
from keras_distill.fingerprints import DataFingerprint
from keras_distill.packed_labels import label_columns


def data_chunks(batches, chunk_size, predict=None, known=0):
    """Goes through batches and closes a chunk every `chunk_size` examples.

    Holds one batch of the data and one chunk of the outputs, no more.

    Args:
        batches: iterator of (x, y or None), as `example_batches` gives them.
        chunk_size: int from 1.
        predict: function of x that gives one row per example, or None.
        known: int, how many chunks at the start need no outputs.

    Returns:
        Iterator of (record, outputs): a dict of the chunk's number of `rows`
        and the fingerprints of its `inputs` and `labels`; and an array
        (rows, width), or None where there is no `predict` or it is known.
    """
    position, chunk = 0, _Chunk()
    for x, y in batches:
        label_columns(y)
        count, start, outputs = count_rows(x), 0, None
        while start < count:
            stop = min(count, start + chunk_size - position % chunk_size)
            chunk.update(take_rows(x, start, stop), take_rows(y, start, stop))
            if predict is not None and position // chunk_size >= known:
                outputs = predict(x) if outputs is None else outputs
                chunk.outputs.append(outputs[start:stop])
            position += stop - start
            start = stop
            if position % chunk_size == 0:
                yield chunk.close()
                chunk = _Chunk()
    if chunk.rows:
        yield chunk.close()


class _Chunk:
    """What is known of the chunk that is being read."""

    def __init__(self):
        self.rows = 0
        self.inputs = DataFingerprint()
        self.labels = DataFingerprint()
        self.outputs = []

    def update(self, x, y):
        self.rows += count_rows(x)
        self.inputs.update(x)
        if y is not None:
            self.labels.update(y)

    def close(self):
        record = {
            "rows": self.rows,
            "inputs": self.inputs.hexdigest(),
            "labels": self.labels.hexdigest(),
        }
        return record, np.concatenate(self.outputs) if self.outputs else None


def batch_fingerprint(x, y):
    """Fingerprint of one batch of inputs and labels."""
    fingerprint = DataFingerprint()
    fingerprint.update((x,) if y is None else (x, y))
    return fingerprint.hexdigest()


def first_batch(dataset, batch_size=None):
    """The first batch (x, y), after a check that every pass starts with it.

    Raises:
        ValueError: two passes start with other examples.
    """
    first = next(example_batches(dataset, batch_size))
    again = next(example_batches(dataset, batch_size))
    if batch_fingerprint(*first) != batch_fingerprint(*again):
        raise ValueError(
            "`dataset` must give the same examples in the same order on every "
            "pass, so that each meets its own teacher outputs. Received: a "
            "dataset that starts with other examples on a second pass. "
            "Shuffle and augment after the cache is attached, or shuffle "
            "once, by `shuffle(..., reshuffle_each_iteration=False)`."
        )
    return first
