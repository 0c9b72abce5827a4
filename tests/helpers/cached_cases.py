"""A tiny data set, teachers and students for the tests of cached teachers."""

import keras
import numpy as np

EXAMPLES, INPUTS, LOGITS = 50, 6, 4


def arrays():
    """50 examples of 6 numbers, with labels 0 and 1."""
    generator = np.random.default_rng(0)
    x = generator.normal(size=(EXAMPLES, INPUTS)).astype("float32")
    return x, generator.integers(0, 2, EXAMPLES)


def teacher(seed=1, activation=None, units=LOGITS):
    """A linear teacher with weights of a seed."""
    dense = keras.layers.Dense(units, activation=activation)
    model = keras.Sequential([keras.Input((INPUTS,)), dense])
    generator = np.random.default_rng(seed)
    model.set_weights([generator.normal(size=w.shape) for w in model.weights])
    return model


def logits(model, x):
    """What a linear teacher emits, by numpy."""
    kernel, bias = (np.asarray(w) for w in model.get_weights())
    return x @ kernel + bias


class Batches(keras.utils.PyDataset):
    """Batches of arrays by number.

    Args:
        parts: arrays, cut together.
        size: int, examples a batch.
    """

    def __init__(self, *parts, size=16):
        super().__init__()
        self.parts, self.size = list(parts), size

    def __len__(self):
        return -(-len(self.parts[0]) // self.size)

    def __getitem__(self, index):
        rows = slice(index * self.size, (index + 1) * self.size)
        batch = tuple(part[rows] for part in self.parts)
        return batch if len(batch) > 1 else batch[0]


def tf_batches(*parts, size=16):
    """The same as a `tf.data.Dataset`."""
    import tensorflow as tf

    parts = parts if len(parts) > 1 else parts[0]
    return tf.data.Dataset.from_tensor_slices(parts).batch(size)


def as_numpy(batches):
    """All batches of a dataset or PyDataset, each a list of arrays."""
    return [
        [keras.ops.convert_to_numpy(part) for part in batch]
        for batch in batches
    ]
