"""jaxpruner around optax, and plain JAX as its dense baseline.

`compare.py` runs it: `python peer_jaxpruner.py FOLDER jaxpruner magnitude`.
"""

import functools

import jax
import jax.numpy as jnp
import jaxpruner
import numpy as np
import optax
from jaxpruner.sparsity_distributions import uniform
from peer_plan import LEARNING_RATE, MOMENTUM, TIMED_STEPS, zeros
from peer_worker import work


def parameters(inputs, seed):
    """The first weights, layer by layer."""
    weights = iter(inputs.weights(seed))
    return {
        f"layer_{number}": {
            "kernel": jnp.array(kernel),
            "bias": jnp.array(bias),
        }
        for number, (kernel, bias) in enumerate(
            zip(weights, weights, strict=True)
        )
    }


def logits(layers, x):
    """The plan's network."""
    for number in range(len(layers)):
        layer = layers[f"layer_{number}"]
        if layer["kernel"].ndim == 4:
            x = jax.lax.conv_general_dilated(
                x,
                layer["kernel"],
                (2, 2),
                "SAME",
                dimension_numbers=("NHWC", "HWIO", "NHWC"),
            )
        else:
            x = x.reshape(len(x), -1) @ layer["kernel"]
        x = x + layer["bias"]
        if number < len(layers) - 1:
            x = jax.nn.relu(x)
    return x


def trainer(plan, pruner=None):
    """Returns what starts the optimizer, and a compiled step."""
    schedule = optax.cosine_decay_schedule(LEARNING_RATE, plan.steps)
    optimizer = optax.sgd(schedule, momentum=MOMENTUM)
    if pruner is not None:
        optimizer = pruner.wrap_optax(optimizer)

    def loss(layers, x, y):
        losses = optax.softmax_cross_entropy_with_integer_labels(
            logits(layers, x), y
        )
        return losses.mean()

    @functools.partial(jax.jit, donate_argnums=(0, 1))
    def step(layers, state, x, y):
        gradients = jax.grad(loss)(layers, x, y)
        updates, state = optimizer.update(gradients, state, layers)
        layers = optax.apply_updates(layers, updates)
        if pruner is not None:
            layers = pruner.post_gradient_update(layers, state)
        return layers, state

    return optimizer.init, step


def magnitude(sparsity, scheduler):
    """jaxpruner's gradual magnitude pruning, the same share in each layer."""
    return jaxpruner.MagnitudePruning(
        sparsity_distribution_fn=functools.partial(uniform, sparsity=sparsity),
        scheduler=scheduler,
    )


def train(inputs, peer, sparsity, seed):
    """Trains one network; saves its weights if it is the first of its kind."""
    scheduler = jaxpruner.PolynomialSchedule(
        inputs.plan.update_every, *inputs.plan.pruning_steps
    )
    start, step = trainer(inputs.plan, magnitude(sparsity, scheduler))
    layers = parameters(inputs, seed)
    state = start(layers)
    for x, y in inputs.batches(seed):
        layers, state = step(layers, state, x, y)
    images, labels = inputs.split("test")
    guesses = np.asarray(jax.jit(logits)(layers, images)).argmax(-1)
    if seed == 0:
        arrays = [
            np.asarray(layers[f"layer_{number}"][name])
            for number in range(len(layers))
            for name in ("kernel", "bias")
        ]
        np.savez(f"{inputs.stem(peer, sparsity)}.npz", *arrays)
    return {
        "accuracy": float((guesses == labels).mean()),
        "zeros": zeros(layer["kernel"] for layer in layers.values()),
    }


def timed(inputs, peer):
    """Loops of steps to be timed, as `fit` of the others."""
    scheduler = jaxpruner.PeriodicSchedule(100, 0, 10**6)
    pruner = magnitude(inputs.plan.timed_sparsity, scheduler)
    return {
        "dense": loop(inputs, *trainer(inputs.plan)),
        "sparse": loop(inputs, *trainer(inputs.plan, pruner)),
    }


def loop(inputs, start, step):
    """Returns a function that makes `TIMED_STEPS` steps on one batch."""
    x, y = next(inputs.batches(0))
    layers = parameters(inputs, 0)
    carried = [layers, start(layers)]

    def steps():
        for _ in range(TIMED_STEPS):
            carried[:] = step(*carried, x, y)
        jax.block_until_ready(carried)

    return steps


if __name__ == "__main__":
    work(train, timed, ("jaxpruner", "jax", "flax", "optax"))
