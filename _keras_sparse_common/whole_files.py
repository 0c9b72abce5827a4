"""Files and folders that are whole or absent, whenever the process dies.

Each is written under another name beside it, synced to the disk and renamed;
a folder's own entries are synced too, so that a power cut does not undo it.
"""

import contextlib
import os
import pathlib
import shutil


@contextlib.contextmanager
def whole_file(path):
    """Gives the name of a file to write, which becomes `path` at the end.

    Where the block raises, as on a full disk, nothing is left of it and what
    was at `path` stays.

    Args:
        path: path-like, of a file.

    Yields:
        `pathlib.Path` in the same folder.

    Example:
        >>> import pathlib, tempfile
        >>> from _keras_sparse_common.whole_files import whole_file
        >>> path = pathlib.Path(tempfile.mkdtemp()) / "notes.txt"
        >>> with whole_file(path) as new:
        ...     size = new.write_text("all of it")
        >>> path.read_text(), len(list(path.parent.iterdir()))
        ('all of it', 1)
    """
    path = pathlib.Path(path)
    # The number keeps two processes that write the same file apart.
    new = path.with_name(f".{path.name}-{os.getpid()}")
    try:
        yield new
        sync(new)
        os.replace(new, path)
    finally:
        new.unlink(missing_ok=True)
    sync_entries(path.parent)


def save_whole(content, path):
    """Writes bytes to a file, whole or not at all, unless `path` is None.

    Returns:
        bytes, the content.
    """
    if path is not None:
        with whole_file(path) as new:
            new.write_bytes(content)
    return content


@contextlib.contextmanager
def whole_folder(folder):
    """Gives an empty folder, which becomes `folder` at the end.

    A folder that is replaced has another name for the moment between two
    renames: read `folder` after `recover`. One process writes it at a time.

    Args:
        folder: path-like.

    Yields:
        `pathlib.Path` of the folder to fill.
    """
    folder = pathlib.Path(folder)
    new = folder.with_name(f".{folder.name}.new")
    shutil.rmtree(new, ignore_errors=True)  # of a process that was killed
    new.mkdir(parents=True)
    try:
        yield new
        replace_folder(new, folder)
    finally:
        shutil.rmtree(new, ignore_errors=True)


def replace_folder(new, folder):
    """Puts a finished folder in the place of another one, or of nothing."""
    old = _old(folder)
    sync(new)
    recover(folder)
    if folder.exists():
        shutil.rmtree(old, ignore_errors=True)
        os.replace(folder, old)
    try:
        os.replace(new, folder)
    finally:
        recover(folder)
    sync_entries(folder.parent)
    shutil.rmtree(old, ignore_errors=True)


def recover(folder):
    """Puts back what a process left that was killed between two renames."""
    if not folder.exists() and _old(folder).exists():
        os.replace(_old(folder), folder)


def sync(path):
    """Has the disk hold a file, or all of a folder, before this returns."""
    if path.is_dir():
        for entry in path.iterdir():
            sync(entry)
        sync_entries(path)
    elif not path.is_symlink():
        with open(path, "rb+") as file:
            os.fsync(file.fileno())


def sync_entries(folder):
    """Has the disk hold which files a folder has."""
    if os.name == "nt":  # opens no folders
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _old(folder):
    return folder.with_name(f".{folder.name}.replaced")
