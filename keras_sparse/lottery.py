"""Lottery tickets: iterative magnitude pruning with rewinding."""

import dataclasses
from collections.abc import Callable
from typing import Any, Literal

import keras
import numpy as np
from keras import ops

from keras_sparse._types import Filters, Masks, PathLike, Scope
from keras_sparse.config import check_choice, check_count, check_fraction
from keras_sparse.global_masks import check_scope, keep_largest, num_kept
from keras_sparse.lottery_model import compiled_for_masks
from keras_sparse.lottery_state import RoundStore, TrainingState
from keras_sparse.lottery_training import Watch, train_once
from keras_sparse.pattern import Pattern, check_fit, check_pattern
from keras_sparse.selection import unique_paths
from keras_sparse.sparsify import find_optimizer


@dataclasses.dataclass(frozen=True)
class Round:
    """One training.

    Attributes:
        sparsity: float in [0, 1), share of zeros that it was trained with.
        steps: int, optimizer steps done at its end.
        returned: what `train_fn` returned; of a `History` its `history`.
    """

    sparsity: float
    steps: int
    returned: Any


@dataclasses.dataclass(frozen=True)
class LotteryTicket:
    """What `lottery_ticket` returns.

    Attributes:
        model: compiled `keras.Model`, trained inside the last masks.
        masks: dict variable path -> boolean array, true = live.
        rounds: list of `Round`: the dense training and one per pruning.
        start: `TrainingState` from which the last training began: the ticket.
    """

    model: keras.Model
    masks: Masks
    rounds: list[Round]
    start: TrainingState

    def rewind(self) -> None:
        """Puts the model back to where the last training began."""
        self.start.restore(self.model)


def lottery_ticket(
    model_fn: Callable[[], keras.Model],
    train_fn: Callable[[keras.Model, list[keras.callbacks.Callback]], Any],
    sparsity: float,
    rounds: int,
    rewind_step: int = 0,
    rewind: Literal["weights", "learning_rate"] | None = "weights",
    scope: Scope = "global",
    filters: Filters = None,
    directory: PathLike | None = None,
    pattern: Pattern | None = None,
) -> LotteryTicket:
    """Finds a sparse subnetwork that trains as well as the whole network.

    Trains, prunes the smallest weights, rewinds what is left to an early step,
    and trains again; `rounds` times. Each round prunes the same share of what
    is left, so that the last one reaches `sparsity` exactly.

    Args:
        model_fn: function without arguments, called once: returns a built
            model, compiled with a plain optimizer, whose weights are the start.
            A loss or metric that Keras cannot make anew from its config (a
            lambda, a `compile` of your own) needs the optimizer
            `SparseOptimizer(inner, Static(0.0))` there.
        train_fn: function (model, callbacks) that trains to the end by
            `model.fit(..., callbacks=callbacks)`. It is called `rounds` + 1
            times; see `rewind_step` for where it starts and ends. What it
            draws at random should depend on seeds of its own.
        sparsity: float in [0, 1), share of zeros over all masked weights.
        rounds: int from 1, prunings.
        rewind_step: int from 0, optimizer steps done at the point to rewind
            to. Above 0, later trainings start there and are stopped at the
            step at which the first one ended; where it is whole epochs, pass
            `fit` the `initial_epoch`, to which
            `int(model.optimizer.iterations)` leads.
        rewind: "weights": all variables of model and optimizer go back to
            that step; "learning_rate": only step and learning rate do, so that
            the schedule runs again; None: training goes on as it is.
        scope: "global": the smallest weights of all layers go, wherever they
            are; "layer": each weight reaches the sparsity by itself.
        filters: which weights get a mask, as in `SparseOptimizer`.
        directory: path of a folder that keeps each round, or None. Called
            again with the same arguments, it goes on after the last whole
            round.
        pattern: what is kept or dropped as a whole: `Block`, `NofM`,
            `Channels`, `ConstantFanIn`, or None: single weights. With scope
            "layer" only.

    Returns:
        `LotteryTicket`.

    Raises:
        ValueError: an argument is not as above; `train_fn` did not train, or
            trained past `rewind_step` without stopping for the callback
            (`steps_per_execution`), or past the last step; weights that are
            not finite.

    Source: Frankle & Carbin 2019, arXiv:1803.03635, section 2; Frankle et al.
        2020, arXiv:1912.05671 (rewinding to a step); Renda et al. 2020,
        arXiv:2003.02389 (learning-rate rewinding); facebookresearch/open_lth,
        `lottery/runner.py`, `pruning/sparse_global.py`.
    Differs from open_lth: exactly the wanted number is kept, however many
        weights are equal; slots of the optimizer are rewound to
        `rewind_step` too (there they start at 0); the order of the data is up
        to `train_fn`.

    Example:
        >>> import keras, keras_sparse.lottery
        >>> x, y = keras.ops.ones((4, 8)), keras.ops.ones((4, 1))
        >>> def model_fn():
        ...     stack = [keras.Input((8,)), keras.layers.Dense(1)]
        ...     model = keras.Sequential(stack)
        ...     model.compile("sgd", "mse")
        ...     return model
        >>> def train_fn(model, callbacks):
        ...     return model.fit(x, y, verbose=0, callbacks=callbacks)
        >>> found = lottery_ticket(model_fn, train_fn, sparsity=0.75, rounds=2)
        >>> [round.sparsity for round in found.rounds]
        [0.0, 0.5, 0.75]
    """
    sparsity = check_fraction("sparsity", sparsity)
    rounds = check_count("rounds", rounds, 1)
    rewind_step = check_count("rewind_step", rewind_step, 0)
    check_choice("rewind", rewind, ("weights", "learning_rate", None))
    check_scope(scope, pattern)
    check_pattern(pattern, sparsity)
    if rewind is None and rewind_step:
        raise ValueError(
            "`rewind_step` must be 0 with rewind=None, which goes back to no "
            f"step. Received: rewind_step={rewind_step}. Leave it out."
        )
    arguments = {
        "sparsity": sparsity,
        "rounds": rounds,
        "rewind_step": rewind_step,
        "rewind": rewind,
        "scope": scope,
        "pattern": pattern and repr(pattern),
    }
    store = RoundStore(directory, arguments)
    model = compiled_for_masks(model_fn(), filters)
    masks = find_optimizer(model).masks
    check_fit(pattern, {path: mask.shape for path, mask in masks.items()})
    started = store.load("start")
    if started:
        started[0].restore(model)
    store.save("start", TrainingState.of(model), {})
    watch, done = Watch(rewind_step), []
    for number in range(rounds + 1):
        start = TrainingState.of(model)
        if not rewind_step and not number:
            watch.early = start
        stored = store.load(f"round-{number}")
        if stored:
            state, notes = stored
            state.restore(model)
            watch.early, _ = store.load("rewind-point")
        else:
            notes = train_once(model, train_fn, watch, directory)
            if not number:
                store.save("rewind-point", watch.early, {})
            if number < rounds:
                target = _sparsity_after(number + 1, rounds, sparsity)
                masks = _pruned(model, target, scope, pattern)
                _rewind(model, watch.early, rewind)
                find_optimizer(model).set_masks(masks)
            store.save(f"round-{number}", TrainingState.of(model), notes)
        done.append(Round(**notes))
        if rewind_step:
            watch.last_step = done[0].steps
    return LotteryTicket(model, find_optimizer(model).masks, done, start)


def _sparsity_after(number, rounds, sparsity):
    """Every round prunes the same share of what is left."""
    if number == rounds:
        return sparsity
    # Rounded, so that floor() finds a fifth of 100 to be 20 and not 19.
    return round(1 - (1 - sparsity) ** (number / rounds), 12)


def _pruned(model, sparsity, scope, pattern):
    """The masks of the largest weights: dict path -> boolean array."""
    variables = model.trainable_variables
    named = dict(zip(unique_paths(variables), variables, strict=True))
    masks = find_optimizer(model).masks
    values = [ops.convert_to_numpy(named[path]) for path in masks]
    wrong = [
        path
        for path, value in zip(masks, values, strict=True)
        if not np.isfinite(value).all()
    ]
    if wrong:
        raise ValueError(
            "`train_fn` must end with finite weights, for the largest are "
            f"kept. Received: NaN or infinity in {', '.join(wrong)}. Lower the "
            "learning rate."
        )
    shapes = [value.shape for value in values]
    numbers = num_kept(shapes, sparsity, scope, pattern)
    among = [ops.convert_to_tensor(mask) for mask in masks.values()]
    kept = keep_largest(
        list(map(ops.convert_to_tensor, values)), among, numbers, pattern
    )
    return {
        path: ops.convert_to_numpy(mask)
        for path, mask in zip(masks, kept, strict=True)
    }


def _rewind(model, early, rewind):
    if rewind == "weights":
        early.restore(model)
    elif rewind == "learning_rate":
        early.restore_schedule(model)
    elif not float(ops.convert_to_numpy(model.optimizer.learning_rate)):
        raise ValueError(
            '`rewind` must be "weights" or "learning_rate" with a schedule '
            "that has come to 0, where nothing more is learned. Received: "
            "rewind=None. Rewind, or let the schedule end above 0."
        )
