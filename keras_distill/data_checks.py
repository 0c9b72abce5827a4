"""Whether a data set is the one that was cached, in the same order."""

from keras_distill.data_chunks import data_chunks
from keras_distill.example_batches import count_rows, example_batches

_FIX = (
    "Received: other examples, or the same in another order. Give the dataset "
    "that was cached, before it is shuffled or augmented; or cache this one in "
    "another `path`, or with `overwrite=True`."
)


def check_dataset(dataset, batch_size, manifest):
    """Reads a data set once and compares it with a complete cache.

    Args:
        dataset: as for `example_batches`.
        batch_size: int for arrays, else None.
        manifest: dict of the cache.

    Raises:
        ValueError: other examples, another order, or batches of unequal size.
    """
    known, size = manifest["chunks"], manifest["chunk_size"]
    batches = _equal_batches(example_batches(dataset, batch_size))
    count = 0
    for index, (record, _) in enumerate(data_chunks(batches, size)):
        check_record(index, record, known, size)
        count += record["rows"]
    check_length(count, known)


def _equal_batches(batches):
    first = last = None
    for x, y in batches:
        if first is not None and last != first:
            raise ValueError(
                "`dataset` must have batches of one size, except the last. "
                f"Received: batches of {first} and of {last} examples. "
                "Call `dataset.unbatch().batch(...)`."
            )
        last = count_rows(x)
        first = last if first is None else first
        yield x, y


def check_record(index, record, known, chunk_size):
    """Raises unless a chunk of the data is the one that was cached.

    Args:
        index: int, the number of the chunk.
        record: dict of the chunk read, from `data_chunks`.
        known: list of the cached chunks' records, all of them.
        chunk_size: int.
    """
    start = index * chunk_size
    total = sum(chunk["rows"] for chunk in known)
    if index >= len(known):
        problem = f"has more than the {total} examples of the cache"
    elif record["inputs"] == known[index]["inputs"]:
        if record["labels"] == known[index]["labels"]:
            return
        problem = f"has other labels from example {start} on"
    elif record["rows"] < known[index]["rows"]:
        problem = (
            f"has {start + record['rows']} examples, the cache at least "
            f"{start + known[index]['rows']}"
        )
    elif record["rows"] > known[index]["rows"]:
        problem = f"has more than the {total} examples of the cache"
    else:
        problem = f"has other inputs from example {start} on"
    raise ValueError(
        f"The cache was made of another dataset: `dataset` {problem}. {_FIX}"
    )


def check_length(count, known):
    """Raises if the data ended before the chunks that are cached."""
    total = sum(chunk["rows"] for chunk in known)
    if count < total:
        raise ValueError(
            "The cache was made of another dataset: `dataset` has "
            f"{count} examples, the cache at least {total}. {_FIX}"
        )
