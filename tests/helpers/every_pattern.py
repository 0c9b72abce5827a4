"""All patterns, and a network that they fit."""

import keras
import numpy as np
import pytest
from keras import ops

import keras_sparse as ks
from keras_sparse.patterns import Block, Channels, ConstantFanIn, NofM

SHAPES = [(8, 4), (3, 3, 4, 8), (2, 12, 6)]
PATTERNS = [Block(4, 1), Block(1, 2), Block(2, 2), NofM(2, 4), Channels()]
PATTERNS += [NofM(1, 2, axis=-1), ConstantFanIn(), ConstantFanIn(0.3)]
PATTERNS += [ks.DenseBlocks(4)]
every_pattern = pytest.mark.parametrize("pattern", PATTERNS, ids=repr)
every_shape = pytest.mark.parametrize("shape", SHAPES)


def net():
    return keras.Sequential(
        [keras.Input((8,)), keras.layers.Dense(8), keras.layers.Dense(4)]
    )


def array(values, dtype="float32"):
    return ops.convert_to_tensor(np.array(values, dtype))
