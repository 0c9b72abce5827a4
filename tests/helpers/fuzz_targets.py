"""What reads files that others wrote, called with broken ones."""

import os
import pathlib
import random
import resource
import shutil
import signal
import sys
import tempfile

from forked_jobs import serve
from fuzz_files import TARGETS, make

from keras_latent import cli_errors as latent_errors
from keras_sparse import cli_errors as sparse_errors

SECONDS, BYTES = 60, 4 << 30  # that a case may take
ALLOWED = (
    *(ValueError, OSError),
    *(latent_errors.UsageProblem, sparse_errors.UsageProblem),
)


class TooLong(BaseException):
    """Not an `Exception`: nothing that is fuzzed may swallow it."""


def whole(target, folder):
    """Reads the file that is not broken."""
    name, _, read = TARGETS[target]
    with tempfile.TemporaryDirectory() as copy:
        path = _broken(pathlib.Path(copy), folder, name, lambda c, _: c, None)
        read(path)


def fuzz(target, first, count, folder, log):
    """Reads broken files, cases `first` to `first + count`.

    Args:
        target: str of `TARGETS`.
        folder: path of the folder of `make`.
        log: path of a file that gets the number of each case begun.

    Returns:
        dict: "bad", list of [case, what was raised that must not be];
        "counts", dict of the numbers of cases "refused" and "read".
    """
    name, mutate, read = TARGETS[target]
    signal.signal(signal.SIGALRM, _too_long)
    resource.setrlimit(resource.RLIMIT_AS, (_address_space() + BYTES,) * 2)
    bad, counts = [], {"refused": 0, "read": 0}
    sys.stdout = sys.stderr = open(os.devnull, "w")
    for case in range(first, first + count):
        pathlib.Path(log).write_text(str(case))
        rng = random.Random(f"{target}-{case}")
        with tempfile.TemporaryDirectory() as copy:
            path = _broken(pathlib.Path(copy), folder, name, mutate, rng)
            signal.alarm(SECONDS)
            try:
                read(path)
                counts["read"] += 1
            except ALLOWED as error:
                counts["refused"] += 1
                if not str(error).strip():
                    bad.append([case, f"{error!r} says nothing"])
            except BaseException as error:
                bad.append([case, f"{type(error).__name__}: {error}"])
            finally:
                signal.alarm(0)
        if os.path.exists("/tmp/escaped.txt"):
            bad.append([case, "wrote outside of its folder"])
    return {"bad": bad, "counts": counts}


def _broken(copy, folder, name, mutate, rng):
    source = pathlib.Path(folder, name)
    path = copy / name
    if source.parent == pathlib.Path(folder):
        path.write_bytes(b"")
    else:
        shutil.copytree(source.parent, path.parent)
    path.write_bytes(mutate(source.read_bytes(), rng))
    return path


def _address_space():
    pages = pathlib.Path("/proc/self/statm").read_text().split()[0]
    return int(pages) * resource.getpagesize()


def _too_long(*_):
    raise TooLong(f"more than {SECONDS} seconds")


if __name__ == "__main__":
    serve({"make": make, "whole": whole, "fuzz": fuzz})
