"""Peak memory of caching and training; `cached_teacher.py` runs it.

    python benchmarks/cached_teacher_memory.py 20000

Caches a streamed data set of so many examples and trains a student on it for
one epoch. The last line of the output is a JSON object. Linux only.
"""

import argparse
import json
import os
import resource
import tempfile

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")
os.environ["KERAS_BACKEND"] = "tensorflow"

import keras
import tensorflow as tf
from subclass_models import convolutional, perceptron

import keras_distill as kd

BATCH_SIZE = 250


def streamed(size):
    """Batches made up one by one, so that nobody ever holds them all."""

    def batch(number):
        seed = tf.stack([number, tf.zeros_like(number)])
        shape = (BATCH_SIZE, 28, 28, 1)
        images = tf.random.stateless_uniform(shape, seed)
        return images, tf.range(BATCH_SIZE) % 2

    return tf.data.Dataset.range(size // BATCH_SIZE).map(batch)


def measure(size):
    """Peak memory of this process, in MB, after all is done."""
    data = streamed(size)
    student = perceptron(256, 10)
    own = kd.SubclassCrossentropy(2, diversity_weight=0.0)
    loss = kd.CachedDistillation(own, kd.SubclassDistillation())
    student.compile(keras.optimizers.Adam(), loss)
    with tempfile.TemporaryDirectory() as folder:
        cache = kd.cache_teacher(convolutional(10), data, folder)
        student.fit(cache.attach(data), shuffle=False, verbose=0)
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("size", type=int)
    size = parser.parse_args().size
    print(json.dumps({"examples": size, "peak_MB": measure(size)}))
