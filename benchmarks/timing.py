"""What both sides of a comparison share: the clock, the models, the data.

Nothing here imports Keras, so that tf_keras can be timed by the same code.
"""

import os
import statistics
import time

import numpy as np

UPDATE_EVERY = 100  # steps between two mask updates
BATCH_SIZES = {"CNN": 64, "MLP": 128}


def build_model(keras, name):
    """Builds a compiled model out of `keras` or `tf_keras`.

    Args:
        keras: the module to take layers from.
        name: "CNN", three blocks of convolution, batch normalisation and ReLU
            on 32x32x3, or "MLP", four layers of 1024 units.

    Returns:
        `keras.Model` compiled with `sgd(keras)`; compile it anew for others.
    """
    layers = keras.layers
    if name == "CNN":
        stack = [keras.Input((32, 32, 3))]
        for filters, strides in ((32, 1), (64, 2), (128, 2)):
            conv = layers.Conv2D(
                filters, 3, strides, padding="same", use_bias=False
            )
            stack += [conv, layers.BatchNormalization(), layers.ReLU()]
        stack.append(layers.GlobalAveragePooling2D())
    else:
        stack = [keras.Input((1024,))]
        stack += [layers.Dense(1024, activation="relu") for _ in range(4)]
    model = keras.Sequential([*stack, layers.Dense(10)])
    compile_model(keras, model, sgd(keras))
    return model


def sgd(keras):
    """The optimizer of every step that is timed."""
    return keras.optimizers.SGD(0.01, momentum=0.9)


def compile_model(keras, model, optimizer, **options):
    """Compiles `model` for integer labels, with more options of `compile`."""
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(optimizer, loss, **options)


def training_step(model, name):
    """Returns a function that makes one step as `model.fit` does.

    It calls the compiled function that `fit` calls for each batch, on one
    batch that stays in memory: no callbacks, no input pipeline, so whatever
    masking costs is not diluted.
    """
    import tensorflow as tf

    generator = np.random.default_rng(0)
    shape = (BATCH_SIZES[name], *model.input_shape[1:])
    images = generator.normal(size=shape).astype("float32")
    labels = generator.integers(0, 10, size=shape[0])
    dataset = tf.data.Dataset.from_tensors((images, labels)).repeat()
    batches = iter(dataset)
    model.make_train_function()
    return lambda: model.train_function(batches)


def matmul_pass(tf, size=1000, rows=64):
    """Returns a function: forward and backward of a matmul, the yardstick."""
    weight = tf.Variable(tf.random.normal((size, size)))
    batch = tf.constant(tf.random.normal((rows, size)))

    @tf.function
    def forward_and_backward():
        output = tf.matmul(batch, weight)
        weight_gradient = tf.matmul(batch, output, transpose_a=True)
        batch_gradient = tf.matmul(output, weight, transpose_b=True)
        return output, weight_gradient, batch_gradient

    return forward_and_backward


def limit_threads(tf, threads):
    """Gives TensorFlow so many threads; 0: as many as there are cores."""
    if threads:
        tf.config.threading.set_intra_op_parallelism_threads(threads)
        tf.config.threading.set_inter_op_parallelism_threads(threads)


def interleave(steps, rounds):
    """Times every function once a round, so that all meet the same noise.

    Each is preceded by an untimed call that brings its data into the caches.
    Every second round runs backwards.

    Args:
        steps: dict name -> function, or (function to run before it, function).
        rounds: int, number of times each function is timed, after two more.

    Returns:
        Dict "wall" or "cpu" -> dict name -> array of seconds (rounds,).
    """
    pairs = {
        name: step if isinstance(step, tuple) else (step, step)
        for name, step in steps.items()
    }
    times = {clock: {name: [] for name in pairs} for clock in ("wall", "cpu")}
    for number in range(rounds + 2):
        for name in list(pairs) if number % 2 else reversed(pairs):
            before, step = pairs[name]
            before()
            wall, cpu = time.perf_counter(), time.process_time()
            step()
            wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
            if number >= 2:
                times["wall"][name].append(wall)
                times["cpu"][name].append(cpu)
    return {
        clock: {name: np.array(seconds) for name, seconds in taken.items()}
        for clock, taken in times.items()
    }


def compare(times, measure, ratio, unit="plain", at_most=None):
    """Makes one row of results: the median over rounds of a ratio.

    Args:
        times: what `interleave` returned.
        measure: str, what the row is about.
        ratio: function dict name -> seconds, to the ratio in each round.
        unit: name whose median time in milliseconds is given beside it.
        at_most: float, the bound that the ratio should keep, or None.

    Returns:
        Dict of plain numbers.
    """
    wall = ratio(times["wall"])
    quartiles = statistics.quantiles(wall, n=4)
    return {
        "measure": measure,
        "wall": float(np.median(wall)),
        "wall_quartiles": [quartiles[0], quartiles[2]],
        "cpu": float(np.median(ratio(times["cpu"]))),
        "unit": unit,
        "unit_ms": float(np.median(times["wall"][unit]) * 1000),
        "rounds": len(wall),
        "load": os.getloadavg()[0],
        "at_most": at_most,
    }


def over(name, unit="plain"):
    """The ratio of one function's time to another's."""
    return lambda times: times[name] / times[unit]


def amortised(ordinary, due, unit="plain"):
    """The same for a step of which one in `UPDATE_EVERY` moves the masks."""

    def ratio(times):
        total = times[ordinary] * (UPDATE_EVERY - 1) + times[due]
        return total / UPDATE_EVERY / times[unit]

    return ratio
