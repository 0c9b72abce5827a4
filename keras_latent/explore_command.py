"""`python -m keras_latent explore`: a page to move a generator by sliders."""

import pathlib
import warnings
from typing import Annotated

import keras
import typer
from rich.console import Console

from keras_latent.cli_errors import UsageProblem, usage
from keras_latent.directions import Directions
from keras_latent.explore_server import serve
from keras_latent.explorer import Explorer


def explore(
    generator: Annotated[
        pathlib.Path, typer.Option(help="Generator, a .keras file.")
    ],
    directions: Annotated[
        pathlib.Path | None, typer.Option(help="Directions, a .npz file.")
    ] = None,
    layer: Annotated[
        str | None,
        typer.Option(help="Layer whose units can be set: name or number."),
    ] = None,
    samples: Annotated[int, typer.Option(help="Images at once.")] = 8,
    shift: Annotated[
        float, typer.Option(help="How far a slider goes either way.")
    ] = 6.0,
    image_range: Annotated[
        tuple[float, float] | None,
        typer.Option(help="Values of black and white; as measured."),
    ] = None,
    latent_distribution: Annotated[
        str, typer.Option(help="normal, uniform or signed_uniform.")
    ] = "normal",
    host: Annotated[
        str, typer.Option(help="Address; others let the network in.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="0: a free one.")] = 8000,
) -> None:
    """Shows a generator in a browser, with a slider for each direction."""
    with usage(path="--directions"):
        explorer = Explorer(
            read_generator(generator),
            None if directions is None else Directions.load(directions),
            layer=as_layer(layer),
            samples=samples,
            shift=shift,
            image_range=image_range,
            latent_distribution=latent_distribution,
        )
    console = Console(highlight=False)

    def ready(address):
        console.print(f"Explore at {address} (Ctrl-C ends it)", soft_wrap=True)

    serve(explorer, host, port, ready)


def as_layer(text):
    """A layer's number as an int, a name as it is, None as None."""
    return int(text) if text and text.lstrip("-").isdecimal() else text


def read_generator(path):
    """A generator of a .keras file; code in it is not executed.

    Args:
        path: `pathlib.Path`.

    Raises:
        UsageProblem: no such file, or not of a Keras model.
    """
    if not path.is_file():
        raise UsageProblem(
            f"`--generator` must be a .keras file. Received: {str(path)!r}, "
            "which is not there."
        )
    try:
        with warnings.catch_warnings():
            # Saved uncompiled or not: it is only called here.
            warnings.simplefilter("ignore", UserWarning)
            model = keras.saving.load_model(path, compile=False)
    except Exception as error:
        raise UsageProblem(
            f"`--generator` must be a .keras file of a generator. Received: "
            f"{str(path)!r}, which cannot be loaded: {error}"
        ) from error
    return getattr(model, "ema_generator", None) or getattr(
        model, "generator", model
    )
