"""Teacher outputs computed once, for students that train by a plain `fit`."""

from pathlib import Path
from typing import Any, Literal

import keras

from _keras_sparse_common.arguments import check_count
from keras_distill._types import PathLike
from keras_distill.chunk_files import (
    check_chunks,
    read_manifest,
    remove_cache,
    write_chunk,
    write_manifest,
)
from keras_distill.data_checks import check_length, check_record
from keras_distill.data_chunks import data_chunks, first_batch
from keras_distill.example_batches import example_batches
from keras_distill.fingerprints import teacher_fingerprint
from keras_distill.packed_labels import label_columns
from keras_distill.teacher_cache import TeacherCache
from keras_distill.teacher_outputs import (
    check_logits,
    check_teacher,
    teacher_outputs,
)


def cache_teacher(
    teacher: keras.Model,
    dataset: Any,
    path: PathLike,
    batch_size: int | None = None,
    dtype: Literal["float32", "float16"] = "float32",
    chunk_size: int = 4096,
    overwrite: bool = False,
    check: bool = True,
) -> TeacherCache:
    """Writes a teacher's outputs for a data set to disk, or finds them there.

    The data are read once, in their order, and never held: memory is that of
    one batch and of the outputs of one chunk. A run that was interrupted goes
    on after its last whole chunk; a complete cache does not run the teacher.

    Augment after the cache is attached, if at all: the outputs are those of
    the examples as they are cached.

    Args:
        teacher: built `keras.Model` with one output of logits, of shape
            (batch, K). It is run as `training=False`.
        dataset: `tf.data.Dataset` of batches, `keras.utils.PyDataset`, or
            arrays; x, (x, y) or (x, y, sample_weight), where x may be a dict
            or list of arrays. It must give the same examples in the same
            order on every pass, and end. Sample weights are not cached.
        path: folder, new or of the cache.
        batch_size: int, examples a batch, for arrays alone.
        dtype: "float32" or "float16", of the outputs on disk.
        chunk_size: int from 1, examples a file. A cache that exists keeps its
            own.
        overwrite: bool. True makes the cache anew whatever it holds.
        check: bool. False trusts that a complete cache is of this dataset,
            and does not read it.

    Returns:
        `TeacherCache`.

    Raises:
        ValueError: the folder holds the cache of another teacher, dataset or
            dtype, or other files; a teacher that is not built, has several
            outputs, emits probabilities or numbers that are not finite; a
            dataset that is empty, endless or in another order each time.

    Source: Hinton, Vinyals and Dean 2015, arXiv:1503.02531, soft targets.

    Example:
        >>> import tempfile
        >>> import keras
        >>> import numpy as np
        >>> import keras_distill as kd
        >>> layers = [keras.Input((4,)), keras.layers.Dense(10)]
        >>> data = np.ones((6, 4), "float32"), np.array([0, 1, 0, 1, 0, 1])
        >>> with tempfile.TemporaryDirectory() as path:
        ...     kd.cache_teacher(keras.Sequential(layers), data, path, 2)
        TeacherCache(examples=6, label_columns=1, width=10, dtype='float32')
    """
    check_teacher(teacher)
    check_count("chunk_size", chunk_size)
    _check_dtype(dtype)
    path = Path(path)
    manifest = read_manifest(path)
    if overwrite:
        manifest = None
    fingerprint = teacher_fingerprint(teacher)
    if manifest is not None:
        _check_settings(manifest, fingerprint, dtype, path)
        check_chunks(path, manifest)
        if manifest["complete"] and not check:
            return TeacherCache(path)
    x, y = first_batch(dataset, batch_size)
    if manifest is None:
        outputs = teacher_outputs(teacher, x, dtype)
        check_logits(outputs)
        manifest = {
            "teacher": fingerprint,
            "dtype": dtype,
            "width": outputs.shape[1],
            "label_columns": label_columns(y),
            "chunk_size": chunk_size,
            "complete": False,
            "chunks": [],
        }
        remove_cache(path)  # after all checks of what replaces it
        path.mkdir(parents=True, exist_ok=True)
        write_manifest(path, manifest)
    _fill(path, manifest, teacher, example_batches(dataset, batch_size))
    return TeacherCache(path)


def _fill(path, manifest, teacher, batches):
    """Checks the chunks that are there and writes those that are missing."""
    known, size = list(manifest["chunks"]), manifest["chunk_size"]

    def predict(x):
        return teacher_outputs(teacher, x, manifest["dtype"])

    predict = None if manifest["complete"] else predict
    records = data_chunks(batches, size, predict, len(known))
    count = 0
    for index, (record, outputs) in enumerate(records):
        count += record["rows"]
        if outputs is None:
            check_record(index, record, known, size)
        else:
            write_chunk(path, index, outputs)
            manifest["chunks"].append(record)
            manifest["complete"] = record["rows"] < size
            write_manifest(path, manifest)
    check_length(count, known)
    if not manifest["complete"]:
        write_manifest(path, {**manifest, "complete": True})


def _check_dtype(dtype):
    if dtype not in ("float32", "float16"):
        raise ValueError(
            '`dtype` must be "float32" or "float16". '
            f"Received: dtype={dtype!r}."
        )


def _check_settings(manifest, fingerprint, dtype, path):
    """Raises unless the cache is of this teacher and dtype."""
    if manifest["teacher"] != fingerprint:
        problem = "another teacher, or this one with other weights"
    elif manifest["dtype"] != dtype:
        problem = f"dtype {manifest['dtype']}, not {dtype}"
    else:
        return
    raise ValueError(
        f"The cache in `path` was made with {problem}. Received: "
        f"path={str(path)!r}. Choose another folder, or make the cache anew "
        "with `overwrite=True`."
    )
