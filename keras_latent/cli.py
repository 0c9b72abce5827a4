"""The command line: `python -m keras_latent fader`, `adapt`, `gan`, ..."""

import contextlib
import os
import pathlib
import sys
from typing import Annotated

import tensorflow as tf
import typer
from rich.console import Console
from rich.table import Table

from _keras_sparse_common import run_folders
from keras_latent import adaptation_job, fader_job, gan_job
from keras_latent.cli_errors import TrainingError, UsageProblem, usage
from keras_latent.cli_settings import AdaptationSettings, FaderSettings
from keras_latent.explore_command import explore
from keras_latent.gan_settings import GANSettings

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="Adversarial networks: representations that forget; generators.",
)
app.command()(explore)

INTERRUPTED = 130
DataDir = Annotated[
    str | None, typer.Option(help="Folder with prepared datasets or .npz.")
]
Epochs = Annotated[int, typer.Option(help="0: as suits the dataset.")]
BatchSize = Annotated[int, typer.Option(help="0: as suits the dataset.")]
Seed = Annotated[int, typer.Option(help="Equal seeds, equal runs.")]
Quick = Annotated[
    bool,
    typer.Option(
        "--quick",
        help="Fewer epochs, 2,000 examples: to see it run, too few to judge.",
    ),
]
Output = Annotated[
    pathlib.Path | None, typer.Option(help="Folder; runs/<job>-<dataset>.")
]
Overwrite = Annotated[
    bool, typer.Option("--overwrite", help="Replace the folder.")
]
Resume = Annotated[
    bool, typer.Option("--resume", help="Go on with a stopped run.")
]


def run(arguments=None):
    """Runs the command line; returns the exit code.

    0: done; 1: it failed; 2: an argument must be changed; 130: stopped by
    Ctrl-C. An error is one line on standard error; all of it is shown where
    the environment variable KERAS_LATENT_DEBUG is set.
    """
    try:
        code = app(arguments, standalone_mode=False) or 0
        if code == INTERRUPTED:
            return _complain("stopped; --resume goes on", code)
        return code
    except KeyboardInterrupt:
        return _complain("stopped", INTERRUPTED)
    except UsageProblem as problem:
        return _complain(problem, 2)
    except Exception as error:
        if hasattr(error, "exit_code"):  # the parser's own usage errors
            return _complain(error.format_message(), error.exit_code)
        if os.environ.get("KERAS_LATENT_DEBUG"):
            raise
        expected = isinstance(error, (ValueError, OSError, TrainingError))
        kind = "" if expected else f"{type(error).__name__}: "
        return _complain(f"{kind}{error}", 1)


def _complain(message, code):
    line = " ".join(str(message).split())
    sys.stderr.write(f"keras_latent: error: {line}\n")
    return code


@app.command()
def fader(
    dataset: Annotated[
        str, typer.Option(help="digits, a TFDS name, or a .npz file.")
    ] = "digits",
    data_dir: DataDir = None,
    adversarial: Annotated[
        str, typer.Option(help="negative, flip or entropy.")
    ] = "negative",
    beta: Annotated[
        float,
        typer.Option(help="Weight of hiding the label; 0: as suits it."),
    ] = 0.0,
    critic_steps: Annotated[
        int, typer.Option(help="Updates of the classifier per step.")
    ] = 5,
    code_size: Annotated[int, typer.Option(help="Numbers of a code.")] = 8,
    epochs: Epochs = 0,
    batch_size: BatchSize = 0,
    seed: Seed = 0,
    quick: Quick = False,
    output: Output = None,
    overwrite: Overwrite = False,
    resume: Resume = False,
) -> None:
    """Trains an autoencoder whose code forgets the label, and its control."""
    with usage():
        settings = FaderSettings(
            dataset=dataset,
            data_dir=data_dir,
            adversarial=adversarial,
            beta=beta,
            critic_steps=critic_steps,
            code_size=code_size,
            epochs=epochs,
            batch_size=batch_size,
            seed=seed,
            quick=quick,
        ).with_defaults()
    _run(fader_job, settings, output, overwrite, resume)


@app.command()
def adapt(
    source: Annotated[
        str, typer.Option(help="digits, a TFDS name, or a .npz file.")
    ] = "digits",
    target: Annotated[
        str, typer.Option(help="Another; by default SOURCE_m, on noise.")
    ] = "",
    data_dir: DataDir = None,
    image_size: Annotated[
        int, typer.Option(help="Pixels a side; 0: of the larger set.")
    ] = 0,
    epochs: Epochs = 0,
    batch_size: BatchSize = 0,
    seed: Seed = 0,
    quick: Quick = False,
    output: Output = None,
    overwrite: Overwrite = False,
    resume: Resume = False,
) -> None:
    """Trains on one set for another without labels, and on one alone."""
    with usage():
        settings = AdaptationSettings(
            source=source,
            target=target,
            data_dir=data_dir,
            image_size=image_size,
            epochs=epochs,
            batch_size=batch_size,
            seed=seed,
            quick=quick,
        ).with_defaults()
    _run(adaptation_job, settings, output, overwrite, resume)


@app.command()
def gan(
    dataset: Annotated[
        str,
        typer.Option(
            help="digits, gaussian_grid, gaussian_ring, a TFDS name, or a "
            ".npz file."
        ),
    ] = "digits",
    data_dir: DataDir = None,
    kind: Annotated[
        str, typer.Option(help="gan, evolutionary, info or progressive.")
    ] = "gan",
    loss: Annotated[
        str,
        typer.Option(
            help="minimax, non_saturating, least_squares, wasserstein or "
            "hinge; empty: as suits the kind."
        ),
    ] = "",
    image_size: Annotated[
        int, typer.Option(help="Pixels a side, 16, 32, ...; 0: as suits it.")
    ] = 0,
    epochs: Epochs = 0,
    batch_size: BatchSize = 0,
    seed: Seed = 0,
    quick: Quick = False,
    output: Output = None,
    overwrite: Overwrite = False,
    resume: Resume = False,
) -> None:
    """Trains a generator of images, or of points of the plane."""
    with usage():
        settings = GANSettings(
            dataset=dataset,
            data_dir=data_dir,
            kind=kind,
            loss=loss,
            image_size=image_size,
            epochs=epochs,
            batch_size=batch_size,
            seed=seed,
            quick=quick,
        ).with_defaults()
    _run(gan_job, settings, output, overwrite, resume)


def _run(job, settings, output, overwrite, resume):
    """One of the jobs, in its folder; prints its table."""
    folder = output or pathlib.Path("runs") / settings.name
    data = job.prepare(settings)
    console = Console(highlight=False)
    with contextlib.ExitStack() as stack:
        with usage():
            claimed = run_folders.claim(
                folder, settings, overwrite, resume, hopeless=TrainingError
            )
        work = stack.enter_context(claimed)
        tf.config.experimental.enable_op_determinism()
        metrics = job.run(settings, data, work, console)
    console.print(_table(job.TITLE, *job.rows(metrics)))
    console.print(f"Report: {folder / 'report.html'}", soft_wrap=True)


def _table(title, header, rows):
    table = Table(title=title)
    for index, name in enumerate(header):
        table.add_column(name, justify="right" if index else "left")
    for row in rows:
        table.add_row(*row)
    return table
