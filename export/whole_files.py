"""Artefacts that are whole or absent, whenever the process dies."""

import contextlib
import errno
import os
import pathlib
import shutil
import tempfile

import tensorflow as tf

from _keras_sparse_common.whole_files import sync, sync_entries


@contextlib.contextmanager
def replacing(path):
    """Yields a temporary name beside `path`; renames it to `path` at the end.

    When the block raises, nothing is left behind and what was at `path`
    stays as it was. The disk holds all of the new before it is renamed. A
    symbolic link stays one: what it points to is replaced.
    """
    path = path.resolve() if path.is_symlink() else path
    try:
        working = tempfile.mkdtemp(prefix=f".{path.name}-", dir=path.parent)
    except OSError as error:
        raise type(error)(
            "`path` must lie in a folder that can be written to. Received: "
            f"path={str(path)!r} ({error.strerror}). Choose another folder or "
            "change its permissions."
        ) from error
    working = pathlib.Path(working)
    try:
        temporary = working / path.name
        yield temporary
        sync(temporary)
        _swap(temporary, path, working / "previous")
    finally:
        shutil.rmtree(working, ignore_errors=True)
    sync_entries(path.parent)


def _swap(temporary, path, previous):
    if not path.is_dir():
        os.replace(temporary, path)
        return
    # A folder cannot be renamed over a folder that has files in it.
    os.replace(path, previous)
    try:
        os.replace(temporary, path)
    except BaseException:
        os.replace(previous, path)
        raise


@contextlib.contextmanager
def naming_full_disk(path):
    """Turns what TensorFlow raises where the disk is full into an `OSError`."""
    try:
        yield
    except tf.errors.OpError as error:
        for number in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            if os.strerror(number) in str(error):
                raise OSError(
                    number,
                    f"{os.strerror(number)}: the SavedModel must be written "
                    f"whole, also on the way to `.tflite`. Received: "
                    f"{str(path)!r}. Make room there, or set TMPDIR to a "
                    "folder that has some",
                ) from error
        raise
