"""Dying by kill -9 at a counted moment, and living on a disk that is full."""

import contextlib
import os
import resource
import signal
import sys
import threading
import time

import keras

CHANGES = {
    *("open", "os.mkdir", "os.remove", "os.rename", "os.rmdir"),
    *("os.truncate", "shutil.rmtree", "shutil.copyfile", "tests.batch"),
}


class Moments(keras.callbacks.Callback):
    """Makes the beginning of each batch a moment."""

    def on_train_batch_begin(self, batch, logs=None):
        sys.audit("tests.batch")


@contextlib.contextmanager
def killed_at(moment, delay):
    """Kills this process so many seconds after a moment of the block.

    Moments are changes of files (by Python; what libraries write between two
    of them is hit by the delay) and batches.

    Args:
        moment: int from 1; 0: the process lives on.
        delay: seconds; the block may end before, the process then waits.

    Yields:
        Function () -> number of moments so far.
    """
    seen = [0]

    def watch(event, arguments):
        if event in CHANGES and (event != "open" or _writes(*arguments)):
            seen[0] += 1
            if seen[0] == moment:
                _die(delay)

    sys.addaudithook(watch)  # for good: the process ends with its job
    yield lambda: seen[0]
    if moment:
        assert seen[0] >= moment, seen
        time.sleep(60)


def fill_disk(size):
    """From now on no file of this process can grow beyond `size` bytes."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))


def _writes(_, mode, flags):
    return bool(set(mode or "") & set("wax+")) or bool(
        (flags or 0) & (os.O_WRONLY | os.O_RDWR)
    )


def _die(delay):
    def later():
        time.sleep(delay)
        os.kill(os.getpid(), signal.SIGKILL)

    if delay:
        threading.Thread(target=later, daemon=True).start()
    else:
        os.kill(os.getpid(), signal.SIGKILL)
