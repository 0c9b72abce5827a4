"""Does an exported artefact compute what the Keras model computes?"""

import contextlib
import functools
import math

import keras

from keras_export._types import PathLike, Samples
from keras_export.contents import foreign_contents
from keras_export.expectation import expected_outputs
from keras_export.isolated import InterpreterError, IsolatedInterpreter
from keras_export.judging import Judge, VerificationError
from keras_export.models import check_model
from keras_export.representative import checked_arrays, fill_up, gather
from keras_export.running import SavedModelRunner, artefact_kind
from keras_export.tolerances import model_format, number_format

BATCH_SIZE = 32
# What users meet: XNNPACK by default or none, and one or more threads.
CONFIGURATIONS = {
    "default delegate, 1 thread": {"delegate": True, "threads": 1},
    "default delegate, 2 threads": {"delegate": True, "threads": 2},
    "no delegate, 1 thread": {"delegate": False, "threads": 1},
    "no delegate, 2 threads": {"delegate": False, "threads": 2},
}


def verify(
    model: keras.Model,
    path: PathLike,
    inputs: Samples,
    tolerance: float | None = None,
) -> float:
    """Compares an artefact's outputs with `model.predict`.

    A `.tflite` file runs in a child process, so that a bad one cannot end
    this one, in every configuration that its users may choose: with LiteRT's
    default delegate and without any, on one thread and on two. Each runs the
    first 32 examples (fewer if there are fewer) and the first one alone, both
    twice: what a misread file returns may change from run to run. The first
    configuration runs the remaining examples too. A SavedModel runs in
    TensorFlow. An artefact with a fixed batch size runs on that.

    The artefact must also hold nothing but the model: a SavedModel has no
    variable beyond the model's, by number and shape; a `.tflite` file none.

    Args:
        model: built `keras.Model`.
        path: str or path-like, a SavedModel folder or a `.tflite` file.
        inputs: what `model.predict` takes: array `(examples, ...)`, or a list
            or dict of arrays, or an iterable of batches of these; at least
            one example.
        tolerance: float >= 0, largest absolute difference allowed; None
            chooses by the artefact's numbers. Float32: 1e-5, times the largest
            output where that is above 1. Else the root mean square of the
            differences over that of the outputs: 0.01 for float16, 0.25 for
            whole numbers (dynamic range or int8).

    Returns:
        float, the largest absolute difference over all outputs and runs.

    Raises:
        VerificationError: (a `ValueError`) if outputs differ by more than
            `tolerance`, in names or in shape, if any is not a number, if a
            configuration refuses the file or crashes, if the artefact holds
            variables that are not the model's, or the model gives NaN.
        FileNotFoundError: if there is nothing at `path`.
        ValueError: if `path` is no artefact or `inputs` do not fit.

    Example:
        >>> import keras, keras_export, numpy, tempfile
        >>> model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2)])
        >>> path = tempfile.mkdtemp() + "/model.tflite"
        >>> report = keras_export.litert(model, path)
        >>> keras_export.verify(model, path, numpy.ones((3, 4))) < 1e-5
        True
    """
    return compare(model, path, inputs, tolerance)


def compare(model, path, inputs, tolerance=None, name="inputs"):
    """Does what `verify` says; `name` is the inputs' argument in errors."""
    check_model(model)
    _check_tolerance(tolerance)
    with _open(model, path) as (specs, runners, numbers):
        _check_contents(model, path)
        inputs = gather(inputs, name)
        arrays = checked_arrays(model, inputs, name)
        outputs = expected_outputs(model, inputs, arrays, BATCH_SIZE, name)
        arrays = _fit_to(specs, arrays, path)
        judge = Judge(path, outputs, tolerance, numbers)
        worst = 0.0
        for configuration, run in runners.items():
            complete = configuration == next(iter(runners))
            for start, batch in _batches(specs, arrays, complete):
                runs = _run(run, specs, batch, path, configuration)
                worst = max(worst, judge.compare(runs, start, configuration))
    return worst


@contextlib.contextmanager
def _open(model, path):
    """Yields the inputs, a function per configuration, the number format.

    Each function takes a dict of input arrays and returns a list of dicts of
    output arrays, one per run.
    """
    if artefact_kind(path) == "saved_model":
        runner = SavedModelRunner(path)
        runners = {"TensorFlow": lambda batch: [runner(batch)]}
        yield runner.inputs, runners, model_format(model)
        return
    with IsolatedInterpreter(path) as child:
        try:
            specs = child.inputs
        except InterpreterError as error:
            raise VerificationError(str(error)) from error
        runners = {
            words: functools.partial(child.run, times=2, **configuration)
            for words, configuration in CONFIGURATIONS.items()
        }
        yield specs, runners, number_format(path)


def _fit_to(specs, arrays, path):
    """Renames and casts `arrays` to what the artefact takes."""
    if len(arrays) == len(specs) == 1:
        # Keras numbers unnamed inputs anew in every process.
        arrays = dict(zip(specs, arrays.values(), strict=True))
    if set(arrays) != set(specs):
        raise VerificationError(
            f"The artefact {str(path)!r} must take the model's inputs "
            f"{sorted(arrays)}. It takes {sorted(specs)}. Name the "
            "model's `keras.Input`s and export it again."
        )
    return {
        name: array.astype(specs[name][1]) for name, array in arrays.items()
    }


def _batches(specs, arrays, complete):
    """Yields `(first example, dict of arrays)`.

    The first batch, the others too if `complete`, and then the first example
    alone where the size is not fixed.
    """
    total = len(next(iter(arrays.values())))
    fixed = _fixed_size(specs)
    size = fixed or BATCH_SIZE
    for start in range(0, total if complete else 1, size):
        yield start, {k: v[start : start + size] for k, v in arrays.items()}
    if not fixed and total > 1:
        yield 0, {k: v[:1] for k, v in arrays.items()}


def _run(run, specs, batch, path, configuration):
    """Runs one batch, filled up with its last example where size is fixed."""
    count = len(next(iter(batch.values())))
    try:
        runs = run(fill_up(batch, _fixed_size(specs) or count))
    except InterpreterError as error:
        raise VerificationError(
            f"The artefact {str(path)!r} must run at batch size {count} "
            f"({configuration}). {error}"
        ) from error
    return [{k: v[:count] for k, v in outputs.items()} for outputs in runs]


def _fixed_size(specs):
    fixed = {shape[0] for shape, _ in specs.values()} - {None}
    return max(fixed, default=None)


def _check_tolerance(tolerance):
    if tolerance is None:
        return
    if not tolerance >= 0 or math.isinf(tolerance):
        raise ValueError(
            "`tolerance` must be a finite number >= 0, or None. "
            f"Received: tolerance={tolerance}."
        )


def _check_contents(model, path):
    foreign = foreign_contents(model, path)
    if foreign:
        remedy = "Strip pruning wrappers from the model"
        if keras.backend.backend() != "tensorflow":
            remedy = "Save the model, load it with KERAS_BACKEND=tensorflow"
        raise VerificationError(
            f"The artefact {str(path)!r} must hold the model's weights only. "
            f"It also holds {', '.join(foreign)}. {remedy} and export it again "
            "with `keras_export`."
        )
