"""The network and its training, out of Keras 3 or of tf_keras.

Imports neither: `keras` is an argument, so that both run the same lines.
"""

import itertools

from peer_plan import LEARNING_RATE, MOMENTUM, TIMED_STEPS, zeros


def build(keras, inputs, seed):
    """Builds the plan's network with its first weights; it gives logits."""
    layers, plan = keras.layers, inputs.plan
    stack = [keras.Input(tuple(plan.image_shape))]
    flat = False
    for number, shape in enumerate(plan.kernels):
        last = number == len(plan.kernels) - 1
        activation = None if last else "relu"
        if len(shape) == 4:
            stack.append(
                layers.Conv2D(
                    shape[-1], 3, 2, padding="same", activation=activation
                )
            )
            continue
        if not flat:
            stack.append(layers.Flatten())
            flat = True
        stack.append(layers.Dense(shape[-1], activation=activation))
    model = keras.Sequential(stack)
    model.set_weights(inputs.weights(seed))
    return model


def sgd(keras, plan):
    """The optimizer of every training."""
    schedule = keras.optimizers.schedules.CosineDecay(LEARNING_RATE, plan.steps)
    return keras.optimizers.SGD(schedule, momentum=MOMENTUM)


def compile_model(keras, model, optimizer):
    """Compiles with everything that the framework chooses by itself."""
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(optimizer, loss)


def fit(model, inputs, seed, callbacks=()):
    """Trains a compiled model as the plan says."""
    plan = inputs.plan
    model.fit(
        inputs.batches(seed),
        steps_per_epoch=plan.steps_per_epoch,
        epochs=plan.epochs,
        callbacks=list(callbacks),
        verbose=0,
    )


def judge(model, inputs):
    """Accuracy on the test set, and the share of zeros in the kernels."""
    images, labels = inputs.split("test")
    guesses = model.predict(images, batch_size=1000, verbose=0).argmax(-1)
    kernels = [weight for weight in model.get_weights() if weight.ndim > 1]
    return {
        "accuracy": float((guesses == labels).mean()),
        "zeros": zeros(kernels),
    }


def timed_fit(model, inputs, callbacks=(), tensorflow=None):
    """Returns a function that calls `fit` for `TIMED_STEPS` steps.

    Args:
        model: compiled.
        inputs: `Inputs`.
        callbacks: what training needs.
        tensorflow: the module, where the framework runs on it: the batch
            stays in its memory, so that an input pipeline hides no cost.
    """
    batch = next(inputs.batches(0))

    def data():
        if tensorflow is None:
            return (batch for _ in itertools.count())
        return tensorflow.data.Dataset.from_tensors(batch).repeat()

    return lambda: model.fit(
        data(),
        steps_per_epoch=TIMED_STEPS,
        callbacks=list(callbacks),
        verbose=0,
    )
