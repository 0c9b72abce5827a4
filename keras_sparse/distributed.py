"""Training on several replicas and workers, where Keras' `fit` stops.

Keras 3's own `fit` fails under `tf.distribute.MultiWorkerMirroredStrategy`
(keras-team/keras#20585). `fit` here is a loop of its own around
`strategy.run`; it trains any compiled model, sparse or not, and it is the same
call on one process. TensorFlow is imported when it is used.
"""

from collections.abc import Sequence
from typing import Any, Literal

import keras

from keras_sparse._types import PathLike
from keras_sparse.config import check_count, check_number
from keras_sparse.fingerprint import fingerprint

__all__ = ["fingerprint", "fit", "is_chief", "strategy"]


def fit(
    model: keras.Model,
    dataset: Any,
    epochs: int,
    callbacks: Sequence[keras.callbacks.Callback] | None = None,
    steps_per_epoch: int | None = None,
    validation_data: Any = None,
    validation_steps: int | None = None,
    backup_dir: PathLike | None = None,
    backup_every: int | None = None,
    initial_epoch: int = 0,
    verbose: Literal["auto", 0, 1, 2] = "auto",
) -> keras.callbacks.History:
    """Trains a model under the strategy in whose scope it was made.

    Every worker runs the same program. Masks and weights are bit-identical on
    all of them, and those of one device on the same global batches, up to the
    order of sums. Moving statistics (BatchNormalization) become their mean
    over the replicas at each end of an epoch and at each backup. When a worker
    dies, the others raise; the whole job is started again and resumes.

    Args:
        model: built and compiled `keras.Model`; model and optimizer made in
            `strategy(...).scope()`.
        dataset: `tf.data.Dataset` of global batches, shared out as its
            auto-shard policy says; or a function of
            `tf.distribute.InputContext` that gives one replica's batches; or
            a distributed dataset that repeats. The first two are repeated.
            What shuffles must have a seed, for a resume to find its place.
        epochs: int, epochs to end with, those before a resume included.
        callbacks: list of `keras.callbacks.Callback` or None. What writes
            files (ModelCheckpoint, CSVLogger, TensorBoard, and your own with
            an attribute `chief_only = True`) runs on the chief alone.
        steps_per_epoch: int; None: the batches that `dataset` holds.
        validation_data: as `dataset`, gone through once per epoch, or None.
        validation_steps: int; None: all of `validation_data`.
        backup_dir: folder, seen by the chief, of the state to resume from, or
            None. A call that finds a state there goes on with it; it stays
            after the last epoch. Delete the folder to start anew.
        backup_every: int, steps between two backups; None: epochs' ends only.
        initial_epoch: int, number of the first epoch where nothing resumes.
        verbose: "auto", 0, 1 or 2, as in `Model.fit`; "auto" is silent on all
            but the chief.

    Returns:
        `keras.callbacks.History` of all epochs, those before a resume too; the
        values are those of all replicas together.

    Raises:
        TypeError, ValueError: an argument is not as above, or the workers
            start with different weights.
        RuntimeError: another worker has stopped. Start all workers again.

    Source: tf.distribute's guide to custom training loops; `Model.fit` and
        `keras.callbacks.BackupAndRestore` for the meaning of the arguments.

    Differs from it: the state is one file that the chief writes whole and all
        workers receive from it; it holds the place in the data and the plain
        numbers that callbacks keep (EarlyStopping, ReduceLROnPlateau).

    Example:
        >>> import keras, numpy as np, tensorflow as tf, keras_sparse as ks
        >>> model = keras.Sequential([keras.Input((8,)), keras.layers.Dense(4)])
        >>> model.compile(ks.SparseOptimizer("adam", ks.RigL(0.5)), "mse")
        >>> x, y = np.ones((6, 8), "float32"), np.ones((6, 4), "float32")
        >>> data = tf.data.Dataset.from_tensor_slices((x, y)).batch(2)
        >>> history = ks.distributed.fit(model, data, epochs=2, verbose=0)
        >>> len(history.history["loss"])
        2
    """
    check_count("epochs", epochs, 1)
    check_count("initial_epoch", initial_epoch, 0)
    check_count("backup_every", backup_every, 1, none_allowed=True)
    if backup_every and backup_dir is None:
        raise ValueError(
            "`backup_dir` must be given together with `backup_every`. "
            "Received: backup_dir=None. Name a folder, or leave both out."
        )
    _check_tensorflow()
    from keras_sparse.distributed_checks import check_callbacks, check_model
    from keras_sparse.distributed_loop import Loop

    check_model(model)
    loop = Loop(
        model,
        (dataset, steps_per_epoch),
        (validation_data, validation_steps),
        check_callbacks(callbacks),
        backup_dir,
        backup_every,
    )
    return loop.run(initial_epoch, epochs, verbose)


def strategy(
    name: Literal["none", "mirrored", "multiworker", "tpu"],
    tpu: str = "local",
    timeout: float = 60.0,
) -> Any:
    """Makes a strategy by its name; the first thing that a program does.

    Args:
        name: "none", "mirrored" (the devices of this machine), "multiworker"
            (the machines that the environment variable TF_CONFIG names) or
            "tpu". TPUs are wired up, but nothing here has run on one.
        tpu: str, for "tpu": name or address as of `TPUClusterResolver`.
        timeout: float, seconds to wait for the TPU.

    Returns:
        `tf.distribute.Strategy`; for "multiworker" the same one at each call.

    Raises:
        ValueError: an argument or TF_CONFIG is not as it must be.
        RuntimeError: no TPU answers.

    Example:
        >>> import keras_sparse as ks
        >>> ks.distributed.strategy("none").num_replicas_in_sync
        1
    """
    check_number("timeout", timeout)
    _check_tensorflow()
    from keras_sparse import distributed_strategies

    return distributed_strategies.make(name, tpu, timeout)


def is_chief(model: Any) -> bool:
    """Whether this process is the one that writes files.

    Args:
        model: `keras.Model` made in the scope of a strategy, or without one;
            or that strategy.

    Returns:
        bool; true where there is one process only.

    Raises:
        ValueError: Keras does not run on TensorFlow.

    Example:
        >>> import keras, keras_sparse as ks
        >>> ks.distributed.is_chief(keras.Sequential())
        True
    """
    _check_tensorflow()
    from keras_sparse.distributed_workers import Workers

    strategy = getattr(model, "distribute_strategy", model)
    return Workers(strategy).is_chief


def _check_tensorflow():
    if keras.backend.backend() != "tensorflow":
        raise ValueError(
            "`KERAS_BACKEND` must be 'tensorflow' for tf.distribute. Received: "
            f"{keras.backend.backend()!r}. On JAX use keras.distribution and "
            "Model.fit."
        )
