"""Variables that Keras makes late, made before the first step."""

import keras
import tensorflow as tf


def build_metrics(model, strategy, iterator):
    """Makes the variables of compiled metrics, before there are replicas.

    Keras makes them while it traces the first step, where variables of several
    replicas cannot be made: the first call would fail under `MirroredStrategy`.

    Args:
        model: compiled `keras.Model`.
        strategy: `tf.distribute.Strategy` in whose scope it was made.
        iterator: of distributed batches; no batch is taken from it.
    """
    built = all(getattr(metric, "built", True) for metric in model.metrics)
    outputs = keras.tree.flatten(getattr(model, "outputs", None) or [])
    if built and len(outputs) < 2:
        return
    seen = []

    def look(batch):
        seen.append(keras.tree.map_structure(_symbol, batch))

    def trace(iterator):
        strategy.run(look, args=(iterator.get_next(),))

    tf.function(trace, autograph=False).get_concrete_function(iterator)
    with strategy.scope():
        _TestStep(model).compute_output_spec(seen[0])


def _symbol(tensor):
    return keras.KerasTensor(tensor.shape, tensor.dtype.name)


class _TestStep(keras.layers.Layer):
    """Lets Keras trace the test step as it traces layers: nothing is run."""

    def __init__(self, model):
        super().__init__()
        self.model = model

    def call(self, batch):
        return self.model.test_step(batch)
