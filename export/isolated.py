"""The LiteRT interpreter in a child process: a bad file cannot end ours."""

import functools
import json
import pathlib
import signal
import subprocess
import sys
import tempfile
import threading

import numpy as np

CHILD = pathlib.Path(__file__).with_name("child.py")
# Seconds for one answer: far above what any sensible batch takes.
TIMEOUT = 600


class InterpreterError(ValueError):
    """A `.tflite` file that the LiteRT interpreter cannot run.

    Example:
        >>> import keras_export
        >>> issubclass(keras_export.InterpreterError, ValueError)
        True
    """


class IsolatedInterpreter:
    """Runs a `.tflite` file in a process of its own; a context manager.

    A damaged file can make the interpreter read outside its memory, which
    ends the process without an exception. Here it ends a child process, and
    an `InterpreterError` says so.

    Args:
        path: str or path-like, a `.tflite` file that exists.
        timeout: positive float, seconds that one call may take.

    Raises:
        InterpreterError: (a `ValueError`) by `inputs`, `run` and `call`, if
            the interpreter refuses the file, crashes or takes too long.
    """

    def __init__(self, path, timeout=TIMEOUT):
        self._path = str(path)
        self._timeout = timeout

    def __enter__(self):
        self._folder = tempfile.TemporaryDirectory()
        self._log = open(pathlib.Path(self._folder.name, "log"), "w+b")
        self._process = subprocess.Popen(
            [sys.executable, "-P", str(CHILD)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
        )
        return self

    def __exit__(self, *exception):
        self._process.kill()
        # Closes the pipes too.
        self._process.communicate()
        self._log.close()
        self._folder.cleanup()

    @functools.cached_property
    def inputs(self):
        """Dict from input name to `(shape, dtype)`; None: any length."""
        description = self.call("describe")
        if description["signatures"] != 1:
            raise ValueError(
                "`path` must be a `.tflite` file with one signature. Received: "
                f"path={self._path!r} with {description['signatures']}. Write "
                "it with `keras_export.litert`."
            )
        return {
            name: (
                tuple(None if length < 0 else length for length in shape),
                np.dtype(dtype),
            )
            for name, (shape, dtype) in description["inputs"].items()
        }

    def run(self, arrays, delegate=True, threads=1, times=1):
        """Runs a new interpreter `times` times on one batch.

        Args:
            arrays: dict from input name to array.
            delegate: bool, whether with LiteRT's default delegate, XNNPACK.
            threads: positive int, threads of the interpreter.
            times: positive int.

        Returns:
            list of dicts from output name to array, one per run.
        """
        folder = pathlib.Path(self._folder.name)
        results = [folder / f"outputs_{i}.npz" for i in range(times)]
        np.savez(folder / "inputs.npz", *arrays.values())
        names = self.call(
            "run",
            arrays=str(folder / "inputs.npz"),
            names=list(arrays),
            results=list(map(str, results)),
            delegate=delegate,
            threads=threads,
        )
        return [_read(result, names) for result in results]

    def call(self, command, **arguments):
        """Returns what a command of `child.py` answers, a plain value."""
        arguments["path"] = self._path
        request = json.dumps({"command": command, "arguments": arguments})
        timer = threading.Timer(self._timeout, self._process.kill)
        timer.start()
        try:
            answer = self._ask(request)
        finally:
            in_time = timer.is_alive()
            timer.cancel()
        if not answer:
            raise InterpreterError(self._obituary(in_time))
        answer = json.loads(answer)
        if "error" in answer:
            raise InterpreterError(
                f"The file {self._path!r} must run in the LiteRT interpreter, "
                f"which refuses it: {answer['error'].strip()}. Write it again."
            )
        return answer["result"]

    def _ask(self, request):
        try:
            self._process.stdin.write(request.encode() + b"\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            return b""
        return self._process.stdout.readline()

    def _obituary(self, in_time):
        code = self._process.wait()
        if not in_time:
            what = f"took more than {self._timeout} seconds"
        elif code < 0:
            what = f"crashed ({signal.Signals(-code).name})"
        else:
            what = f"ended with exit code {code}"
        self._log.seek(0)
        last_words = self._log.read().decode(errors="replace").strip()
        return (
            f"The file {self._path!r} must run in the LiteRT interpreter, "
            f"which {what}. The file is damaged or was converted wrongly; "
            f"write it again. Its last words: {last_words[-300:] or 'none'}"
        )


def _read(path, names):
    with np.load(path) as arrays:
        return dict(zip(names, arrays.values(), strict=True))
