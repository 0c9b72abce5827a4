"""Relative latency of `.tflite` files, measured interleaved."""

import dataclasses
import math
import time
from collections.abc import Mapping, Sequence

import numpy as np
from ai_edge_litert.interpreter import Interpreter

from keras_export._types import ArrayLike, PathLike
from keras_export.artefacts import sizes
from keras_export.benchmark_inputs import (
    check_artefacts,
    check_rounds,
    checked_batches,
    positive_numbers,
)
from keras_export.machine import cpu_model
from keras_export.quiet import quiet

# Seconds of one sample: far above the clock's and the call's own cost.
SAMPLE = 1e-3


@dataclasses.dataclass(frozen=True)
class BenchmarkRow:
    """One artefact at one number of threads and one batch size.

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
        batch_size: int, examples per call.
        cpu: str, what `cpu_model` says.

    Example:
        >>> import keras_export
        >>> row = keras_export.BenchmarkRow(
        ...     "sparse", 1, 0.5, 0.4, 0.6, 1.2, 900, 500, 1, "an unknown CPU")
        >>> f"{row.name} takes {row.ratio:.0%} of the time"
        'sparse takes 50% of the time'
    """

    name: str
    threads: int
    ratio: float
    ratio_low: float
    ratio_high: float
    milliseconds: float
    bytes: int
    gzip_bytes: int
    batch_size: int
    cpu: str


def benchmark(
    artefacts: Mapping[str, PathLike],
    inputs: ArrayLike | Mapping[str, ArrayLike],
    threads: Sequence[int] = (1,),
    repeats: int = 50,
    warmup: int = 5,
    batch_sizes: Sequence[int] | None = None,
) -> list[BenchmarkRow]:
    """Compares the latency of `.tflite` files with the first one's.

    All interpreters live in one process and take turns, so that a change in
    the machine's load meets all of them; each round gives one ratio per file,
    and the median over rounds is reported. Ratios travel between machines of
    a kind; milliseconds do not. Each file runs once in a child process
    before, so that a damaged one is refused and does not end this process.

    Args:
        artefacts: dict from a name to the path of a `.tflite` file; ratios
            refer to the first entry.
        inputs: array `(examples, ...)`; a dict from input name to array where
            there are several inputs.
        threads: sequence of positive int, threads per interpreter.
        repeats: positive int, rounds measured.
        warmup: int >= 0, rounds before that.
        batch_sizes: sequence of positive int, examples per call, taken from
            `inputs` over and over; None feeds all of them as one batch.

    Returns:
        list of `BenchmarkRow`, by batch size, by number of threads and then
        in the order of `artefacts`.

    Raises:
        ValueError: if an argument is out of range, a path is not a `.tflite`
            file, a file is damaged or gives NaN, or `inputs` do not fit a
            file's inputs.

    Example:
        >>> import keras, keras_export, numpy, tempfile
        >>> model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2)])
        >>> path = tempfile.mkdtemp() + "/model.tflite"
        >>> report = keras_export.litert(model, path)
        >>> rows = keras_export.benchmark({"dense": path}, numpy.ones((1, 4)))
        >>> rows[0].name, rows[0].ratio
        ('dense', 1.0)
    """
    check_artefacts(artefacts)
    check_rounds(repeats, warmup)
    threads = positive_numbers("threads", threads)
    if batch_sizes is not None:
        batch_sizes = positive_numbers("batch_sizes", batch_sizes)
    batches = [
        checked_batches(name, path, inputs, batch_sizes, threads)
        for name, path in artefacts.items()
    ]
    rows = []
    # Each item holds one batch per file, all of one size.
    for matching in zip(*batches, strict=True):
        size = len(next(iter(matching[0].values())))
        for count in threads:
            interpreters = [
                _prepared(path, batch, count)
                for path, batch in zip(
                    artefacts.values(), matching, strict=True
                )
            ]
            seconds = _measure(interpreters, repeats, warmup)
            rows += _rows(artefacts, count, size, seconds)
    return rows


def _measure(interpreters, repeats, warmup):
    """Returns seconds per call, shape `(repeats, artefacts)`."""
    calls = [_calls_per_sample(interpreter) for interpreter in interpreters]
    seconds = np.empty((warmup + repeats, len(interpreters)))
    for turn in range(warmup + repeats):
        # The starting place moves, so that none always follows the same one.
        for place in range(len(interpreters)):
            which = (place + turn) % len(interpreters)
            seconds[turn, which] = _time(interpreters[which], calls[which])
    return seconds[warmup:]


def _time(interpreter, calls):
    invoke = interpreter.invoke
    start = time.perf_counter()
    for _ in range(calls):
        invoke()
    return (time.perf_counter() - start) / calls


def _calls_per_sample(interpreter):
    _time(interpreter, 1)
    fastest = min(_time(interpreter, 1) for _ in range(3))
    return max(1, math.ceil(SAMPLE / fastest))


def _rows(artefacts, threads, batch_size, seconds):
    ratios = seconds / seconds[:, :1]
    low, middle, high = np.quantile(ratios, (0.25, 0.5, 0.75), axis=0)
    milliseconds = 1e3 * np.median(seconds, axis=0)
    cpu = cpu_model()
    return [
        BenchmarkRow(
            name,
            threads,
            float(middle[i]),
            float(low[i]),
            float(high[i]),
            float(milliseconds[i]),
            *sizes(path),
            batch_size,
            cpu,
        )
        for i, (name, path) in enumerate(artefacts.items())
    ]


def _prepared(path, arrays, threads):
    """An interpreter in this process, with its inputs set."""
    with quiet():
        interpreter = Interpreter(str(path), num_threads=threads)
        details = interpreter.get_signature_runner().get_input_details()
        places = {name: detail["index"] for name, detail in details.items()}
        for name, array in arrays.items():
            interpreter.resize_tensor_input(places[name], array.shape)
        interpreter.allocate_tensors()
        for name, array in arrays.items():
            interpreter.set_tensor(places[name], array)
    return interpreter
