"""Batches of two domains, side by side, as a function of the step."""

from typing import Any

import numpy as np
import tensorflow as tf

from _keras_sparse_common.arguments import check_count
from keras_latent.domain_data_checks import (
    check_arrays,
    check_datasets,
    is_dataset,
)


def pair(
    source: Any,
    target: Any,
    batch_size: int | None = None,
    seed: int | None = None,
    shuffle: bool | None = None,
    step: Any = 0,
) -> tf.data.Dataset:
    """Batches of a labelled domain beside batches of an unlabelled one.

    Arrays give an endless data set: each domain is shuffled anew on each pass
    and begins again on its own, so the shorter one is seen more often. Batch
    number t depends on `seed` and t alone, so that a resumed training sees
    what it would have seen. Give `fit` the `steps_per_epoch` then, or let
    `DomainAdversarial.fit(x, y, target=...)` do all of it.

    Data sets keep their batches and their order. The shorter one begins again
    until the longer one ends; where a length is unknown, the source ends it.

    Args:
        source: tuple (images, labels) or (images, labels, sample weights) of
            arrays with as many rows, or a batched `tf.data.Dataset` of such.
        target: array of images of the shape of the source's, any number of
            rows; or a batched `tf.data.Dataset` of images.
        batch_size: int from 1, rows of each domain in a batch; None: 32.
            Only for arrays.
        seed: int from 0; None: 0. Only for arrays.
        shuffle: bool; None: True. Only for arrays.
        step: int from 0 or scalar `tf.Variable`, number of the first batch;
            a variable is read when the iteration begins. Only for arrays.

    Returns:
        `tf.data.Dataset` of ((source images, target images), labels), with
        the sample weights after the labels where they are given.

    Raises:
        ValueError: an empty domain, images of different shapes or dtypes or
            with NaN, labels in `target`, one array and one data set.

    Source: halves of a batch as in Ganin et al. 2016, arXiv:1505.07818,
        section 5.2.

    Example:
        >>> import numpy as np, keras_latent as kl
        >>> source = np.zeros((9, 8, 8)), np.arange(9)
        >>> batches = kl.pair(source, np.ones((5, 8, 8)), batch_size=4)
        >>> (left, right), labels = next(iter(batches))
        >>> left.shape.as_list(), right.shape.as_list(), labels.shape.rank
        ([4, 8, 8], [4, 8, 8], 1)
    """
    if is_dataset(source) or is_dataset(target):
        given = {"batch_size": batch_size, "seed": seed, "shuffle": shuffle}
        return _pair_datasets(source, target, given)
    batch_size = 32 if batch_size is None else batch_size
    seed = 0 if seed is None else seed
    check_count("batch_size", batch_size)
    check_count("seed", seed, minimum=0)
    source, target = check_arrays(source, target)
    shuffle = shuffle is None or bool(shuffle)
    source_rows = _batches(source, batch_size, 2 * seed, shuffle, step)
    target_rows = _batches((target,), batch_size, 2 * seed + 1, shuffle, step)
    both = tf.data.Dataset.zip(source_rows, target_rows)
    return both.map(_arrange).prefetch(tf.data.AUTOTUNE)


def epoch_steps(source, target, batch_size):
    """Steps that show the longer domain once.

    Args:
        source: as for `pair`.
        target: as for `pair`.
        batch_size: int or None, as for `pair`.

    Returns:
        int; None where a data set is endless or of unknown length.
    """
    if is_dataset(source):
        lengths = [int(each.cardinality()) for each in (source, target)]
        return max(lengths) if min(lengths) >= 0 else None
    rows = max(len(source[0]), len(target))
    return -(-rows // (32 if batch_size is None else batch_size))


def _arrange(source, target):
    images, *labels = source
    return ((images, target[0]), *labels)


def _batches(arrays, batch_size, seed, shuffle, step):
    """Endless batches of rows, from batch number `step` on."""
    count = len(arrays[0])
    columns = [tf.constant(np.asarray(array)) for array in arrays]

    def rows_of_pass(number):
        rows = tf.range(tf.constant(count, tf.int64))
        if shuffle:
            key = tf.stack([tf.constant(seed, tf.int64), number])
            rows = tf.random.experimental.stateless_shuffle(rows, key)
        return tf.data.Dataset.from_tensor_slices(rows)

    def from_step(_):
        done = tf.cast(step, tf.int64) * batch_size
        passes = tf.data.Dataset.range(done // count, tf.int64.max)
        return passes.flat_map(rows_of_pass).skip(done % count)

    # Inside a map, so that a variable `step` is read when it is iterated.
    rows = tf.data.Dataset.from_tensors(0).flat_map(from_step)
    rows = rows.batch(batch_size, drop_remainder=True)
    return rows.map(lambda some: tuple(tf.gather(c, some) for c in columns))


def _pair_datasets(source, target, given):
    check_datasets(source, target, given)
    lengths = [int(each.cardinality()) for each in (source, target)]
    if min(lengths) >= 0:
        both = tf.data.Dataset.zip(source.repeat(), target.repeat())
        both = both.take(max(lengths))
    else:
        both = tf.data.Dataset.zip(source, target.repeat())
    return both.map(_check_values).map(_arrange)


def _check_values(source, target):
    """The same batch; iterating fails where an image is not finite."""
    for name, images in (("source", source[0]), ("target", target)):
        if images.dtype.is_floating:
            tf.debugging.assert_all_finite(
                images, f"`{name}` images must be finite: NaN or infinity"
            )
    return source, (target,)
