"""The batches of distributed training, as each replica gets them."""

import keras
import tensorflow as tf

from keras_sparse.config import check_count


def training_batches(strategy, dataset, steps_per_epoch):
    """Shares an endless stream of batches out to the replicas.

    Args:
        strategy: `tf.distribute.Strategy`.
        dataset: `tf.data.Dataset` of global batches; or a function
            `tf.distribute.InputContext` -> dataset of one replica's batches;
            or an already distributed dataset.
        steps_per_epoch: int, or None: what the dataset holds.

    Returns:
        tuple (distributed dataset to iterate over, int steps per epoch).

    Raises:
        TypeError: `dataset` is none of these.
        ValueError: its batches cannot be counted, or not be shared equally.
    """
    check_count("steps_per_epoch", steps_per_epoch, 1, none_allowed=True)
    kind = _kind("dataset", dataset)
    number = _cardinality(dataset) if kind != "function" else None
    steps = steps_per_epoch or number
    if steps is None:
        raise ValueError(
            "`steps_per_epoch` must be given for a dataset whose batches "
            "cannot be counted. Received: steps_per_epoch=None and "
            f"dataset={type(dataset).__name__}, endless or of unknown length. "
            "Pass it, or dataset.apply(tf.data.experimental."
            "assert_cardinality(number))."
        )
    if kind == "dataset":
        _check_equal_shares(dataset, strategy.num_replicas_in_sync)
        dataset = (
            dataset
            if number is None and _endless(dataset)
            else (dataset.repeat())
        )
    elif kind == "function":
        make = dataset

        def dataset(context):
            return make(context).repeat()

    return _distributed(strategy, kind, dataset), steps


def validation_batches(strategy, dataset, steps):
    """Shares the batches of one pass out to the replicas.

    Args:
        strategy: `tf.distribute.Strategy`.
        dataset: as in `training_batches`; the last batch may be smaller.
        steps: int, or None: all there are.

    Returns:
        tuple (distributed dataset, int steps or None where the dataset ends).

    Raises:
        TypeError: `dataset` is none of these.
        ValueError: it does not end, and `steps` is None.
    """
    check_count("validation_steps", steps, 1, none_allowed=True)
    kind = _kind("validation_data", dataset)
    if steps is None and kind != "function" and _endless(dataset):
        raise ValueError(
            "`validation_steps` must be given for a dataset without end. "
            "Received: validation_steps=None. Pass it, or leave out repeat()."
        )
    return _distributed(strategy, kind, dataset), steps


def _kind(name, dataset):
    if isinstance(dataset, tf.distribute.DistributedDataset):
        return "distributed"
    if isinstance(dataset, tf.data.Dataset):
        return "dataset"
    if callable(dataset):
        return "function"
    raise TypeError(
        f"`{name}` must be a tf.data.Dataset of global batches, a distributed "
        "dataset, or a function of tf.distribute.InputContext. Received: "
        f"{type(dataset).__name__}. For arrays pass tf.data.Dataset."
        "from_tensor_slices((x, y)).batch(size, drop_remainder=True)."
    )


def _distributed(strategy, kind, dataset):
    if kind == "dataset":
        return strategy.experimental_distribute_dataset(dataset)
    if kind == "function":
        return strategy.distribute_datasets_from_function(dataset)
    return dataset


def _count(dataset):
    """Batches; -1: without end, -2: not known."""
    number = dataset.cardinality
    return int(number() if callable(number) else number)


def _cardinality(dataset):
    number = _count(dataset)
    if number == 0:
        raise ValueError(
            "`dataset` must hold at least one batch. Received: an empty "
            f"{type(dataset).__name__}. With batch(size, drop_remainder=True) "
            "the size must not exceed the number of examples."
        )
    return number if number > 0 else None


def _endless(dataset):
    return _count(dataset) == -1


def _check_equal_shares(dataset, replicas):
    """Unequal shares would weigh the examples of a batch unequally."""
    if replicas == 1:
        return
    sizes: set = {
        spec.shape[0] if spec.shape.rank else None
        for spec in keras.tree.flatten(dataset.element_spec)
    }
    if None in sizes or any(size % replicas for size in sizes):
        found = "a size that differs" if None in sizes else f"{sorted(sizes)}"
        raise ValueError(
            "`dataset` must have global batches of a fixed size that the "
            f"{replicas} replicas can share equally. Received: {found}. Use "
            f"batch(size, drop_remainder=True) with a multiple of {replicas}."
        )
