"""A training that is saved as it goes, and goes on where it stopped."""

import json
import math
import pathlib

import keras

from _keras_sparse_common.whole_files import recover, whole_folder
from keras_latent.cli_errors import TrainingError

SAVES = 20


def train(make, fit, epochs, state, console, name):
    """Trains a model, or goes on from its last saved epoch.

    Args:
        make: function without arguments -> new compiled `keras.Model`.
        fit: function of (model, initial_epoch, callbacks) that calls
            `model.fit` up to `epochs`, with `verbose=0`, and returns the
            trained model, or None for this one.
        epochs: int, number of the last epoch.
        state: path of the state, saved some 20 times.
        console: `rich.console.Console` to show the progress on.
        name: str, of the model, to be shown.

    Returns:
        tuple (model, history), the latter a list of dicts, logs of an epoch.

    Raises:
        TrainingError: a loss is not finite.
        ValueError: the state cannot be read.
    """
    from rich.progress import Progress

    model, history = load_state(state) or (make(), [])
    if len(history) < epochs:
        visible = console.is_terminal
        with Progress(console=console, disable=not visible) as progress:
            keep = _Keep(state, epochs, history)
            lines = None if visible else console
            show = _Show(progress, lines, name, epochs, history)
            model = fit(model, len(history), [keep, show]) or model
    return model, history


def save_state(state, model, history):
    """Writes a state; an older one stays until it is written."""
    with whole_folder(state) as new:
        model.save(new / "model.keras")
        (new / "history.json").write_text(json.dumps(history))


def load_state(state):
    """What `save_state` wrote: (model, history); None where there is none."""
    state = pathlib.Path(state)
    recover(state)
    if not state.exists():
        return None
    try:
        model = keras.models.load_model(state / "model.keras")
        history = json.loads((state / "history.json").read_text())
        return model, [dict(logs) for logs in history]
    except Exception as error:
        raise ValueError(
            f"`resume` must find a readable state in {str(state)!r}. Received: "
            f"{type(error).__name__}: {error}. Start anew with --overwrite."
        ) from error


class _Keep(keras.callbacks.Callback):
    """Adds an epoch's logs to the history; saves model and history."""

    def __init__(self, state, epochs, history):
        super().__init__()
        self.state, self.epochs, self.history = state, epochs, history
        self.every = max(1, epochs // SAVES)

    def on_epoch_end(self, epoch, logs=None):
        logs = {name: float(value) for name, value in logs.items()}
        for name, value in logs.items():
            if name.endswith("loss") and not math.isfinite(value):
                raise TrainingError(
                    f"`{name}` must stay finite, but after epoch {epoch + 1} "
                    f"it is {value}. Try another --seed."
                )
        self.history.append(logs)
        if (epoch + 1) % self.every == 0 or epoch + 1 == self.epochs:
            save_state(self.state, self.model, self.history)


class _Show(keras.callbacks.Callback):
    """A progress bar; a line now and then where there is no terminal."""

    def __init__(self, progress, console, name, epochs, history):
        super().__init__()
        self.progress, self.console, self.name = progress, console, name
        self.epochs = epochs
        self.task = progress.add_task(
            name, total=epochs, completed=len(history)
        )

    def on_epoch_end(self, epoch, logs=None):
        epochs = self.epochs
        words = f"{self.name} {epoch + 1}/{epochs}"
        values = "  ".join(f"{k} {float(v):.4f}" for k, v in logs.items())
        self.progress.update(self.task, completed=epoch + 1, description=words)
        last = epoch + 1 == epochs
        if self.console and (last or (epoch + 1) % max(1, epochs // 10) == 0):
            self.console.print(f"{words}  {values}", soft_wrap=True)
