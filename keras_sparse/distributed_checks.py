"""What must hold before distributed training starts."""

import keras
import tensorflow as tf

from keras_sparse.distributed_strategies import check_tf_config

_COMPILABLE = (tf.distribute.OneDeviceStrategy,)


def check_model(model):
    """Raises TypeError or ValueError where `fit` cannot train this model."""
    if not isinstance(model, keras.Model):
        raise TypeError(
            "`model` must be a keras.Model. Received: "
            f"{type(model).__name__}. Wrap your layers in one."
        )
    if not model.compiled or model.optimizer is None:
        raise ValueError(
            "`model` must be compiled with an optimizer. Received: "
            f"{model.name!r}, which is not. Call model.compile(optimizer, "
            "loss) in the scope of the strategy."
        )
    if not model.built or not model.trainable_variables:
        raise ValueError(
            "`model` must be built and have trainable weights. Received: "
            f"{model.name!r}, {'' if model.built else 'not '}built. Begin it "
            "with keras.Input(shape), in the scope of the strategy."
        )
    if model.run_eagerly:
        raise ValueError(
            "`run_eagerly` must be False: the steps are compiled. Received: "
            "a model compiled with run_eagerly=True. Debug it with Model.fit."
        )
    _check_strategy(model)


def _check_strategy(model):
    strategy = model.distribute_strategy
    kind = type(strategy).__name__
    if isinstance(strategy, tf.distribute.ParameterServerStrategy):
        raise ValueError(
            "`model` must be made in the scope of a synchronous strategy. "
            f"Received: {kind}, whose workers have different weights. Use "
            "MirroredStrategy or MultiWorkerMirroredStrategy."
        )
    workers = check_tf_config()
    several = isinstance(strategy, tf.distribute.MultiWorkerMirroredStrategy)
    if workers > 1 and not several:
        raise ValueError(
            "`model` must be made in the scope of a "
            "MultiWorkerMirroredStrategy where TF_CONFIG names several "
            f"workers. Received: {kind} and {workers} workers. Use "
            'keras_sparse.distributed.strategy("multiworker").scope(), or '
            "unset TF_CONFIG."
        )
    with strategy.scope():
        plain = not tf.distribute.has_strategy()
    if (
        model.jit_compile
        and not plain
        and not isinstance(strategy, _COMPILABLE)
    ):
        raise ValueError(
            "`jit_compile` must be False under a strategy of several replicas: "
            f"XLA cannot reach the others. Received: jit_compile=True and "
            f"{kind}. Leave it out of compile; TPUStrategy compiles by itself."
        )


def check_callbacks(callbacks):
    """Returns the list of callbacks; raises where one cannot take part."""
    callbacks = list(keras.tree.flatten(callbacks or []))
    for callback in callbacks:
        if not isinstance(callback, keras.callbacks.Callback):
            raise TypeError(
                "`callbacks` must be a list of keras.callbacks.Callback. "
                f"Received: {callback!r}. Make an object of its class."
            )
        if isinstance(callback, keras.callbacks.BackupAndRestore):
            raise ValueError(
                "`callbacks` must hold no BackupAndRestore, which Keras ties "
                "to Model.fit. Received: one. Pass its folder as backup_dir, "
                "and its save_freq as backup_every."
            )
    return callbacks
