"""The folder of a cache: chunks of outputs, and a manifest that lists them."""

import io
import json
import os
from pathlib import Path

import numpy as np

from _keras_sparse_common.whole_files import sync_entries

MANIFEST = "manifest.json"
FORMAT = "keras_distill teacher cache 1"
KINDS = {
    "teacher": str,
    "dtype": str,
    "width": int,
    "label_columns": int,
    "chunk_size": int,
    "complete": bool,
    "chunks": list,
}
RECORD = {"rows", "inputs", "labels"}


def chunk_path(folder, index):
    """Path of the chunk of that number."""
    return Path(folder) / f"outputs-{index:06d}.npy"


def write_whole(path, write):
    """Writes a file that, whenever the process dies, is whole or absent.

    Args:
        path: `pathlib.Path`.
        write: function that writes to the open binary file it is given.
    """
    partial = path.with_name(path.name + ".partial")
    try:
        with open(partial, "wb") as file:
            write(file)
            file.flush()
            os.fsync(file.fileno())
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)
    sync_entries(path.parent)


def write_manifest(folder, manifest):
    """Writes the manifest: a dict of plain values."""
    text = json.dumps({"format": FORMAT, **manifest}, indent=1) + "\n"
    write_whole(Path(folder) / MANIFEST, lambda file: file.write(text.encode()))


def read_manifest(folder):
    """The manifest of a cache's folder, or None where there is none yet.

    Raises:
        ValueError: `folder` is a file, holds other things, or its manifest is
            none of ours.
    """
    folder = Path(folder)
    if folder.exists() and not folder.is_dir():
        raise ValueError(
            "`path` must be a folder, new or of a cache. "
            f"Received: path={str(folder)!r}, which is a file."
        )
    path = folder / MANIFEST
    if not path.exists():
        if folder.exists() and set(os.listdir(folder)) - {
            path.name + ".partial"
        }:
            raise ValueError(
                "`path` must be a new or empty folder, or the folder of a "
                f"cache. Received: path={str(folder)!r}, which holds other "
                "files. Choose another name."
            )
        return None
    try:
        manifest = json.loads(path.read_text())
    except ValueError:
        manifest = None
    if not _is_manifest(manifest):
        raise ValueError(
            f"`path` holds a {MANIFEST} that is damaged or not of this "
            f"version's `cache_teacher`. Received: path={str(folder)!r}. "
            "Choose another name, or delete that folder."
        )
    return manifest


def _is_manifest(manifest):
    """Whether a value is what `write_manifest` writes, all of it."""
    if not isinstance(manifest, dict) or manifest.get("format") != FORMAT:
        return False
    if {name: type(manifest.get(name)) for name in KINDS} != KINDS:
        return False
    if manifest["dtype"] not in ("float32", "float16"):
        return False
    size, chunks = manifest["chunk_size"], manifest["chunks"]
    if manifest["width"] < 1 or size < 1 or manifest["label_columns"] < 0:
        return False
    for chunk in chunks:
        if not isinstance(chunk, dict) or not RECORD <= set(chunk):
            return False
    rows = [chunk["rows"] for chunk in chunks]
    return all(type(count) is int for count in rows) and all(
        1 <= count <= size and (count == size or index + 1 == len(rows))
        for index, count in enumerate(rows)
    )


def remove_cache(folder):
    """Removes a cache's own files; the manifest first."""
    manifest = read_manifest(folder)
    if manifest is None:
        return
    (Path(folder) / MANIFEST).unlink()
    for pattern in ("outputs-*.npy", "*.partial"):
        for path in Path(folder).glob(pattern):
            path.unlink()


def write_chunk(folder, index, outputs):
    """Writes one chunk of outputs, an array of shape (rows, width)."""
    content = io.BytesIO()
    np.save(content, outputs)  # into a file, it is silent of a full disk
    path = chunk_path(folder, index)
    write_whole(path, lambda file: file.write(content.getbuffer()))


def check_chunks(folder, manifest):
    """Raises unless the chunks that the manifest lists are there, whole."""
    for index, chunk in enumerate(manifest["chunks"]):
        path = chunk_path(folder, index)
        expected = (chunk["rows"], manifest["width"])
        try:
            found = np.load(path, mmap_mode="r")
        except Exception:  # a damaged header raises as Python's tokenizer
            found = None
        if (
            found is None
            or found.shape != expected
            or found.dtype != manifest["dtype"]
        ):
            raise ValueError(
                f"The cache lost or changed its file {str(path)!r}, which "
                f"must hold {manifest['dtype']} of shape {expected}. Make it "
                "anew with `overwrite=True`."
            )


def header_bytes(folder):
    """Length of what stands before the numbers in every chunk."""
    return np.load(chunk_path(folder, 0), mmap_mode="r").offset


def read_rows(folder, manifest, header, start, stop):
    """Outputs of the examples from `start` up to `stop`, across chunks.

    Only these rows are read: an array of shape (stop - start, width).
    """
    dtype, width = np.dtype(manifest["dtype"]), manifest["width"]
    parts = [np.empty((0, width), dtype)]
    while start < stop:
        index, first = divmod(start, manifest["chunk_size"])
        count = min(stop - start, manifest["chunk_size"] - first)
        offset = header + first * width * dtype.itemsize
        path = chunk_path(folder, index)
        flat = np.fromfile(path, dtype, count * width, offset=offset)
        parts.append(flat.reshape(count, width))
        start += count
    return np.concatenate(parts)
