"""The command line: `keras-sparse train`, `export`, `inspect`, `benchmark`."""

import contextlib
import dataclasses
import os
import pathlib
import shlex
import sys
from typing import Annotated

import keras
import typer
from rich.console import Console

import keras_export
from _keras_sparse_common import run_folders
from keras_sparse import cli_exports as exports
from keras_sparse import main_job, tables, worker_training
from keras_sparse.cli_errors import UsageProblem, option, reading, usage
from keras_sparse.config import check_count
from keras_sparse.settings import Settings
from keras_sparse.summary import summary
from keras_sparse.training import TrainingError

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="Train sparse Keras models and export them small.",
)

INTERRUPTED = 130
_SETTINGS = [field.name for field in dataclasses.fields(Settings)]
_TYPED = {name: option(name) for name in _SETTINGS} | {"name": "--dataset"}


def run(arguments=None):
    """Runs the command line; returns the exit code.

    0: done; 1: it failed, or a file is damaged; 2: an argument must be
    changed; 130: stopped by Ctrl-C. An error is one line on standard error.
    """
    try:
        code = app(arguments, standalone_mode=False) or 0
        if code == INTERRUPTED:
            return _complain(
                "stopped; after a saved epoch, train --resume goes on", code
            )
        return code
    except KeyboardInterrupt:
        return _complain("stopped", INTERRUPTED)
    except UsageProblem as problem:
        return _complain(problem, 2)
    except Exception as error:
        if hasattr(error, "format_message") and hasattr(error, "exit_code"):
            # The parser's own usage errors.
            return _complain(error.format_message(), error.exit_code)
        if os.environ.get("KERAS_SPARSE_DEBUG"):
            raise
        expected = (ValueError, OSError, TrainingError)
        unexpected = not isinstance(error, expected)
        kind = f"{type(error).__name__}: " if unexpected else ""
        return _complain(f"{kind}{error}", 1)


def _complain(message, code):
    line = " ".join(str(message).split())
    sys.stderr.write(f"keras-sparse: error: {line}\n")
    return code


@app.command()
def train(
    dataset: Annotated[
        str, typer.Option(help="'digits', or a TensorFlow Datasets name.")
    ] = "digits",
    data_dir: Annotated[
        str | None, typer.Option(help="Folder with prepared datasets.")
    ] = None,
    model: Annotated[str, typer.Option(help="mlp or cnn.")] = "mlp",
    method: Annotated[
        str, typer.Option(help="rigl, set, static or magnitude.")
    ] = "rigl",
    sparsity: Annotated[
        float, typer.Option(help="Share of zeros, from 0 to below 1.")
    ] = 0.9,
    distribution: Annotated[
        str, typer.Option(help="erk, erdos_renyi or uniform.")
    ] = "erk",
    device_profile: Annotated[
        str,
        typer.Option(help="any, x86 or arm, or with -dynamic: what is fast."),
    ] = "",
    filters: Annotated[
        list[str] | None,
        typer.Option(help="Mask only weights whose path matches; repeatable."),
    ] = None,
    epochs: Annotated[int, typer.Option(help="0: 50 for digits, else 10.")] = 0,
    batch_size: Annotated[
        int, typer.Option(help="0: 32 for digits, else 128.")
    ] = 0,
    learning_rate: Annotated[
        float, typer.Option(help="Start of a cosine decay to 0.")
    ] = 0.1,
    update_every: Annotated[
        int, typer.Option(help="Steps between mask updates; 0: automatic.")
    ] = 0,
    seed: Annotated[int, typer.Option(help="Equal seeds, equal runs.")] = 0,
    strategy: Annotated[
        str, typer.Option(help="none, mirrored, multiworker or tpu.")
    ] = "none",
    output: Annotated[
        pathlib.Path | None,
        typer.Option(help="Folder; runs/<dataset>-<method>-<sparsity>."),
    ] = None,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace the folder.")
    ] = False,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with a stopped run.")
    ] = False,
) -> None:
    """Trains a dense model and its sparse twin, exports and compares both."""
    with usage(_TYPED):
        settings = Settings(
            dataset=dataset,
            data_dir=data_dir,
            model=model,
            method=method,
            sparsity=sparsity,
            distribution=distribution,  # type: ignore[arg-type]  # checked there
            device_profile=device_profile,
            filters=tuple(filters or ()),
            epochs=epochs,
            batch_size=batch_size,
            learning_rate=learning_rate,
            update_every=update_every,
            seed=seed,
            strategy=strategy,
        ).with_defaults()
    name = f"{settings.dataset}-{settings.method}-{settings.sparsity:g}"
    folder = output or pathlib.Path("runs") / name
    with usage(_TYPED):
        data = main_job.prepare(settings)
    if worker_training.assists(settings):
        worker_training.assist(settings, data, folder)
        return
    console = Console(highlight=False)
    with _claim(folder, settings, overwrite, resume) as work:
        metrics = main_job.run(
            settings, data, work, _command_line(), console.print
        )
    console.print(tables.comparison(metrics))
    console.print(f"Report: {folder / 'report.html'}", soft_wrap=True)


@app.command()
def export(
    model: Annotated[pathlib.Path, typer.Argument(help="A .keras file.")],
    output: Annotated[
        pathlib.Path | None,
        typer.Option(help="What to write; its name is MODEL's by default."),
    ] = None,
    format: Annotated[
        str, typer.Option(help="litert or saved_model.")
    ] = "litert",
    target: Annotated[str, typer.Option(help="any, arm or x86.")] = "any",
    quantize: Annotated[
        str | None, typer.Option(help="float16, dynamic or int8.")
    ] = None,
    sparse: Annotated[
        bool | None,
        typer.Option(
            "--sparse/--no-sparse",
            help="Smallest or dense; by default what is not slower than dense.",
        ),
    ] = None,
    representative_data: Annotated[
        pathlib.Path | None,
        typer.Option(help="For int8: typical inputs, .npy or .npz by name."),
    ] = None,
    batch_size: Annotated[
        int | None,
        typer.Option(help="Examples per call, for LiteRT; open by default."),
    ] = None,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace the file.")
    ] = False,
) -> None:
    """Writes a Keras model as LiteRT or SavedModel, verified."""
    options = {
        "target": target,
        "quantize": quantize,
        "sparse": "auto" if sparse is None else sparse,
        "representative_data": representative_data,
        "batch_size": batch_size,
    }
    with usage({}):
        exports.check_format(format, options)
    if representative_data is not None:
        name = "--representative-data"
        options["representative_data"] = exports.read_arrays(
            name, representative_data
        )
    loaded = _load(model)
    path = output or exports.default_path(model, format)
    with exports.export_usage():
        report = exports.write(loaded, path, format, overwrite, options)
    console = Console(highlight=False)
    if report.weights:
        console.print(tables.encodings(path.name, report.weights))
    console.print(exports.sentence(report), soft_wrap=True)


@app.command()
def inspect(
    model: Annotated[
        pathlib.Path, typer.Argument(help="A .keras or .tflite file.")
    ],
) -> None:
    """Shows what is sparse in a Keras or LiteRT model."""
    console = Console(highlight=False)
    if model.suffix == ".tflite":
        with reading("MODEL", model, ".tflite file"):
            found = keras_export.inspect_litert(model)
        console.print(tables.tensors(found))
        console.print(tables.operators(found))
        console.print(exports.size_accounting(found), soft_wrap=True)
        return
    loaded = _load(model)
    with usage({"model": "MODEL"}):
        summary(loaded)
    console.print(exports.limit_sentence(loaded), soft_wrap=True)


@app.command()
def benchmark(
    files: Annotated[list[pathlib.Path], typer.Argument(help=".tflite files.")],
    threads: Annotated[
        list[int] | None, typer.Option(help="Repeatable; 1 is the default.")
    ] = None,
    repeats: Annotated[int, typer.Option(help="Interleaved rounds.")] = 200,
    batch_size: Annotated[
        list[int] | None,
        typer.Option(help="Examples per call, repeatable; 1 by default."),
    ] = None,
) -> None:
    """Compares the latency of LiteRT files with that of the first."""
    used_threads = threads or [1]
    with usage({}):
        check_count("--repeats", repeats, 1)
        for number in batch_size or ():
            check_count("--batch-size", number, 1)
        for number in used_threads:
            check_count("--threads", number, 1)
    largest = max(batch_size or (1,))
    inputs = [_inputs(file, largest) for file in files]
    with exports.export_usage(inputs="inputs of the first of FILES"):
        rows = keras_export.benchmark(
            {str(file): file for file in files},
            inputs[0],
            threads=used_threads,
            repeats=repeats,
            batch_sizes=batch_size,
        )
    Console(highlight=False).print(tables.latencies(rows))


@contextlib.contextmanager
def _claim(folder, settings, overwrite, resume):
    # Only what `claim` itself refuses is a matter of usage.
    named = {name: option(name) for name in ("output", "resume", *_SETTINGS)}
    with usage(named):
        claimed = run_folders.claim(
            folder, settings, overwrite, resume, hopeless=TrainingError
        )
    with claimed as work:
        yield work


def _load(path):
    with reading("MODEL", path, ".keras file with known classes"):
        return keras.models.load_model(path)


def _inputs(file, batch_size):
    with reading("FILES", file, ".tflite file"):
        return keras_export.random_inputs(file, batch_size)


def _command_line():
    return shlex.join(["keras-sparse", *sys.argv[1:]])
