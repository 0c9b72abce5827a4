"""Silence for converters and interpreters that write to the terminal."""

import contextlib
import io
import logging
import os
import sys
import tempfile
import threading
from collections.abc import Iterator

import tensorflow as tf

# The descriptors and streams belong to the process: one thread at a time.
_TURN = threading.RLock()


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Holds back what the enclosed code writes; shows it only on error.

    TensorFlow's converter, MLIR, absl and XNNPACK write from C++ straight to
    the file descriptors 1 and 2, where Python's own redirection does not
    reach. So both descriptors, both Python streams and TensorFlow's loggers
    are redirected for the length of the block. When it raises an `Exception`
    everything held back goes to `sys.stderr`. The redirection holds for the
    whole process: other threads are silent meanwhile, and those that come to
    a `quiet` block wait for their turn. Blocks may be nested.

    Yields:
        None.

    Raises:
        Exception: what the block raises.

    Example:
        >>> import keras_export
        >>> with keras_export.quiet():
        ...     print("not shown")
    """
    with (
        _TURN,
        tempfile.TemporaryFile() as log,
        _loggers_at(logging.ERROR),
    ):
        try:
            with _descriptors_to(log), _streams_to(log):
                yield
        except Exception:
            log.seek(0)
            if sys.stderr is not None:
                sys.stderr.write(log.read().decode(errors="replace"))
            raise


@contextlib.contextmanager
def _descriptors_to(log):
    _flush()
    saved = {}
    for descriptor in (1, 2):
        # A process without a terminal may have closed them.
        with contextlib.suppress(OSError):
            saved[descriptor] = os.dup(descriptor)
    try:
        for descriptor in saved:
            os.dup2(log.fileno(), descriptor)
        yield
    finally:
        _flush()
        for descriptor, original in saved.items():
            os.dup2(original, descriptor)
            os.close(original)


@contextlib.contextmanager
def _streams_to(log):
    # Notebooks and tests put streams without a descriptor into `sys`.
    stream = io.TextIOWrapper(
        os.fdopen(os.dup(log.fileno()), "ab", buffering=0),
        encoding="utf-8",
        errors="replace",
        write_through=True,
    )
    with (
        stream,
        _no_handlers_on(stream),
        contextlib.redirect_stdout(stream),
        contextlib.redirect_stderr(stream),
    ):
        yield


@contextlib.contextmanager
def _no_handlers_on(stream):
    """Takes away the handlers that were put on `stream` in the block.

    `logging.warning` gives the root logger one if it has none; it would
    outlive the stream, and keep `logging.basicConfig` from having effect.
    """
    try:
        yield
    finally:
        for logger in (logging.getLogger(), *_loggers()):
            for handler in logger.handlers[:]:
                if getattr(handler, "stream", None) is stream:
                    logger.removeHandler(handler)


@contextlib.contextmanager
def _loggers_at(level):
    # Their handlers keep the stream they were created with; TensorFlow's is
    # created here at the latest, and not while the streams are redirected.
    loggers = _loggers()
    levels = [logger.level for logger in loggers]
    try:
        for logger in loggers:
            logger.setLevel(max(level, logger.level))
        yield
    finally:
        for logger, original in zip(loggers, levels, strict=True):
            logger.setLevel(original)


def _loggers():
    return [tf.get_logger(), logging.getLogger("absl")]


def _flush():
    for stream in (sys.stdout, sys.stderr):
        # `None` under pythonw; closed or odd streams are not our concern.
        with contextlib.suppress(AttributeError, OSError, ValueError):
            stream.flush()
