"""Relative latency of `.tflite` files, measured interleaved."""

import dataclasses
import math
import time

import numpy as np

from keras_export.artefacts import sizes
from keras_export.running import LiteRTRunner, is_litert

# Seconds of one sample: far above the clock's and the call's own cost.
SAMPLE = 1e-3


@dataclasses.dataclass(frozen=True)
class BenchmarkRow:
    """One artefact at one number of threads.

    Attributes:
        name: str, its key in `artefacts`.
        threads: int, threads of the interpreter.
        ratio: float, median of latency / latency of the first artefact.
        ratio_low: float, lower quartile of the same ratios.
        ratio_high: float, upper quartile of the same ratios.
        milliseconds: float, median latency of one call; says little on
            another machine.
        bytes: int, size of the file.
        gzip_bytes: int, size of the file after gzip level 9.
    """

    name: str
    threads: int
    ratio: float
    ratio_low: float
    ratio_high: float
    milliseconds: float
    bytes: int
    gzip_bytes: int


def benchmark(artefacts, inputs, threads=(1,), repeats=50, warmup=5):
    """Compares the latency of `.tflite` files with the first one's.

    All interpreters live in one process and take turns, so that a change in
    the machine's load meets all of them; each round gives one ratio per file,
    and the median over rounds is reported. Ratios travel between machines of
    a kind; milliseconds do not.

    Args:
        artefacts: dict from a name to the path of a `.tflite` file; ratios
            refer to the first entry.
        inputs: array `(batch, ...)` fed to every file as one batch; a dict
            from input name to array where there are several inputs.
        threads: sequence of positive int, threads per interpreter.
        repeats: positive int, rounds measured.
        warmup: int >= 0, rounds before that.

    Returns:
        list of `BenchmarkRow`, by number of threads and then in the order of
        `artefacts`.

    Raises:
        ValueError: if an argument is out of range, a path is not a `.tflite`
            file, or `inputs` do not fit a file's inputs.

    Example:
        >>> import keras, keras_export, numpy, tempfile
        >>> model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2)])
        >>> path = tempfile.mkdtemp() + "/model.tflite"
        >>> report = keras_export.litert(model, path)
        >>> rows = keras_export.benchmark({"dense": path}, numpy.ones((1, 4)))
        >>> rows[0].name, rows[0].ratio
        ('dense', 1.0)
    """
    threads = _check_arguments(artefacts, threads, repeats, warmup)
    rows = []
    for count in threads:
        runners = [
            _prepared(name, path, inputs, count)
            for name, path in artefacts.items()
        ]
        seconds = _measure(runners, repeats, warmup)
        rows += _rows(artefacts, count, seconds)
    return rows


def _measure(runners, repeats, warmup):
    """Returns seconds per call, shape `(repeats, artefacts)`."""
    calls = [_calls_per_sample(runner) for runner in runners]
    seconds = np.empty((warmup + repeats, len(runners)))
    for turn in range(warmup + repeats):
        # The starting place moves, so that none always follows the same one.
        for place in range(len(runners)):
            which = (place + turn) % len(runners)
            seconds[turn, which] = _time(runners[which], calls[which])
    return seconds[warmup:]


def _time(runner, calls):
    invoke = runner.interpreter.invoke
    start = time.perf_counter()
    for _ in range(calls):
        invoke()
    return (time.perf_counter() - start) / calls


def _calls_per_sample(runner):
    _time(runner, 1)
    fastest = min(_time(runner, 1) for _ in range(3))
    return max(1, math.ceil(SAMPLE / fastest))


def _rows(artefacts, threads, seconds):
    ratios = seconds / seconds[:, :1]
    low, middle, high = np.quantile(ratios, (0.25, 0.5, 0.75), axis=0)
    milliseconds = 1e3 * np.median(seconds, axis=0)
    return [
        BenchmarkRow(
            name,
            threads,
            float(middle[i]),
            float(low[i]),
            float(high[i]),
            float(milliseconds[i]),
            *sizes(path),
        )
        for i, (name, path) in enumerate(artefacts.items())
    ]


def _prepared(name, path, inputs, threads):
    runner = LiteRTRunner(path, threads)
    arrays = inputs if isinstance(inputs, dict) else {None: inputs}
    if len(arrays) == len(runner.inputs) == 1:
        arrays = dict(zip(runner.inputs, arrays.values(), strict=True))
    if set(arrays) != set(runner.inputs):
        raise ValueError(
            "`inputs` must be one array, or a dict of arrays with the names "
            f"that the file takes. Received: {sorted(map(str, arrays))} for "
            f"{name!r}, which takes {sorted(runner.inputs)}."
        )
    arrays = {k: np.asarray(v, runner.inputs[k][1]) for k, v in arrays.items()}
    for key, array in arrays.items():
        _check_shape(name, key, array.shape, runner.inputs[key][0])
    runner.prepare(arrays)
    return runner


def _check_shape(name, key, shape, wanted):
    fits = len(shape) == len(wanted) and all(
        b in (None, a) for a, b in zip(shape, wanted, strict=True)
    )
    if not fits:
        raise ValueError(
            f"`inputs` must fit {name!r}, whose input {key!r} has shape "
            f"{wanted} (None: any size). Received: shape {shape}."
        )


def _check_arguments(artefacts, threads, repeats, warmup):
    threads = (threads,) if isinstance(threads, int) else tuple(threads)
    if not isinstance(artefacts, dict) or not artefacts:
        raise ValueError(
            "`artefacts` must be a dict from a name to a `.tflite` file, with "
            f"at least one entry. Received: artefacts={artefacts!r}."
        )
    wrong = {k: str(v) for k, v in artefacts.items() if not is_litert(v)}
    if wrong:
        raise ValueError(
            "`artefacts` must be `.tflite` files, the only format that is "
            f"benchmarked. Received: {wrong}. Write them with "
            "`keras_export.litert`."
        )
    if not threads or min(threads) < 1 or repeats < 1 or warmup < 0:
        raise ValueError(
            "`threads` must be positive ints, `repeats` >= 1 and `warmup` >= "
            f"0. Received: threads={threads}, repeats={repeats}, "
            f"warmup={warmup}."
        )
    return threads


def random_inputs(path, batch_size=1):
    """Makes inputs to time a `.tflite` file with.

    Args:
        path: str or path-like, a `.tflite` file.
        batch_size: positive int, for an open first dimension; other open
            dimensions become 1.

    Returns:
        Dict from input name to an array: uniform in [0, 1) for floats, zeros
        for whole numbers; the same at every call.

    Raises:
        FileNotFoundError, ValueError: `path` is no `.tflite` file.

    Example:
        >>> import keras, keras_export, tempfile
        >>> model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2)])
        >>> path = tempfile.mkdtemp() + "/model.tflite"
        >>> report = keras_export.litert(model, path)
        >>> inputs = keras_export.random_inputs(path, batch_size=3)
        >>> [array.shape for array in inputs.values()]
        [(3, 4)]
    """
    if not is_litert(path):
        raise ValueError(
            "`path` must be a `.tflite` file. "
            f"Received: path={str(path)!r}. Write one with "
            "`keras_export.litert`."
        )
    generator = np.random.default_rng(0)
    inputs = {}
    for name, (shape, dtype) in LiteRTRunner(path).inputs.items():
        first, *rest = shape or (1,)
        shape = (first or batch_size, *(length or 1 for length in rest))
        values = generator.random(shape)
        inputs[name] = (
            values if dtype.kind == "f" else np.zeros(shape)
        ).astype(dtype)
    return inputs
