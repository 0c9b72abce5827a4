"""Examples without labels, batch by batch, as rows of features."""

import keras
import numpy as np
import tensorflow as tf

from _keras_sparse_common.arguments import check_count
from keras_latent.frozen_networks import call_frozen
from keras_latent.image_range import RangeWatch

AS_GIVEN = "as given"


def features_name(features):
    """What a result says of the features it was computed with.

    Args:
        features: None, Keras model, extractor or function.

    Returns:
        str: the name of it; "as given" for None.
    """
    if features is None:
        return AS_GIVEN
    kind = type(features).__name__
    return getattr(features, "name", getattr(features, "__name__", kind))


def example_batches(name, data, batch_size=64):
    """Reads examples once, as batches of numpy arrays.

    Args:
        name: str, the argument to name in messages.
        data: array or tensor (examples, ...); or a finite `tf.data.Dataset`
            or other iterable of such batches, without labels.
        batch_size: int from 1, for arrays; iterables have their own batches.

    Returns:
        Iterator of arrays (batch, ...), none of them empty.

    Raises:
        ValueError: a dataset without end, batches with labels, no examples.

    Example:
        >>> from keras_latent.feature_batches import example_batches
        >>> [len(x) for x in example_batches("real", np.zeros((5, 2)), 3)]
        [3, 2]
    """
    check_count("batch_size", batch_size)
    if hasattr(data, "shape"):
        array = np.asarray(keras.ops.convert_to_numpy(data))
        starts = range(0, len(array) if array.ndim else 0, batch_size)
        return _checked(name, (array[s : s + batch_size] for s in starts))
    if isinstance(data, tf.data.Dataset):
        if int(data.cardinality()) == tf.data.INFINITE_CARDINALITY:
            raise ValueError(
                f"`{name}` must have an end. Received: an infinite dataset. "
                "Add `.take(number_of_batches)`."
            )
        data = data.as_numpy_iterator()
    elif not hasattr(data, "__iter__") or isinstance(data, (str, dict)):
        raise ValueError(
            f"`{name}` must be an array, a tf.data.Dataset or an iterable of "
            f"batches. Received: {type(data).__name__}."
        )
    return _checked(name, data)


def feature_batches(name, data, features=None, batch_size=64, image_range=None):
    """Features of examples, of which only a batch is in memory.

    Args:
        name: str, the argument to name in messages.
        data: as for `example_batches`.
        features: Keras model or function from a batch to features of shape
            (batch, d). None: `data` holds the features.
        batch_size: int from 1, for arrays.
        image_range: (low, high), the range that `data` should have; at the
            end of the data a warning tells of another. None: that of the
            extractor, where it has an `image_range`.

    Returns:
        Iterator of float64 arrays (batch, d), all of the same d.

    Raises:
        ValueError: as `example_batches`; features of another shape, or not
            finite.

    Example:
        >>> from keras_latent.feature_batches import feature_batches
        >>> rows = feature_batches("real", np.ones((3, 2)), lambda x: 2 * x, 2)
        >>> [row.sum(axis=1).tolist() for row in rows]
        [[4.0, 4.0], [4.0]]
    """
    watch = RangeWatch(name, range_for(features, image_range))
    examples = example_batches(name, data, batch_size)
    return _features(name, examples, features, watch)


def range_for(features, image_range):
    """The declared range, or else that of the extractor, if it has one."""
    if image_range is None:
        return getattr(features, "image_range", None)
    return image_range


def _features(name, examples, features, watch):
    width = None
    for batch in examples:
        watch.see(batch)
        rows = batch if features is None else call_frozen(features, batch)
        if rows.ndim != 2 or len(rows) != len(batch):
            raise ValueError(_shape_message(name, features, batch, rows))
        if rows.shape[1] != (width or rows.shape[1]):
            raise ValueError(
                f"`{name}` must have as many features in each batch. "
                f"Received: {width}, then {rows.shape[1]}."
            )
        if not np.isfinite(rows).all():
            raise ValueError(
                f"`{name}` must hold finite features. Received: NaN or "
                "infinite numbers. The generator may have diverged."
            )
        width = rows.shape[1]
        yield rows.astype("float64")
    watch.tell()


def _shape_message(name, features, batch, rows):
    if features is None:
        return (
            f"`{name}` must hold features of shape (examples, d) where "
            f"`features` is None. Received: shape {batch.shape}. Give a model "
            "in `features` that reads images, as from `feature_extractor`."
        )
    return (
        "`features` must give an array (batch, d). Received: shape "
        f"{rows.shape} for {len(batch)} examples of `{name}`. Maps become "
        "rows by a `GlobalAveragePooling2D` or `Flatten` layer."
    )


def _checked(name, batches):
    empty = True
    for batch in batches:
        if isinstance(batch, (tuple, list, dict)):
            raise ValueError(
                f"`{name}` must give batches of examples alone. Received: a "
                f"{type(batch).__name__} of {len(batch)} parts. Select the "
                "images by `dataset.map(lambda x, *rest: x)`."
            )
        batch = np.asarray(keras.ops.convert_to_numpy(batch))
        if batch.ndim == 0 or batch.dtype.kind in "OSUMmc":
            raise ValueError(
                f"`{name}` must give batches of numbers. Received: dtype "
                f"{batch.dtype}, shape {batch.shape}. Single examples become "
                "batches by `dataset.batch(64)`."
            )
        if batch.size:
            empty = False
            yield batch
    if empty:
        raise ValueError(
            f"`{name}` must hold at least one example. Received: none. Check "
            "`take`, `filter`, and whether an iterator was read before."
        )
