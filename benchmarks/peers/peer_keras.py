"""Keras 3, dense or under keras_sparse; KERAS_BACKEND says on what.

`compare.py` runs it: `python peer_keras.py FOLDER PEER dense|magnitude|rigl`.
"""

import sys

import keras
import peer_networks as networks
from peer_worker import work

import keras_sparse as ks

BACKEND = keras.backend.backend()
KIND = sys.argv[3]
NEVER = 10**6  # a step that no timing reaches


def method(sparsity, seed, every, first, last, start=0.0):
    """The method that is compared, with updates from `first` to `last`."""
    if KIND == "rigl":
        return ks.RigL(
            sparsity, update_every=every, update_until=last, seed=seed
        )
    schedule = ks.PolynomialDecay(start, sparsity, first, last, frequency=every)
    return ks.MagnitudePruning(schedule)


def compiled(inputs, seed, chosen=None):
    """A model ready to train, sparse if a method is `chosen`."""
    model = networks.build(keras, inputs, seed)
    optimizer = networks.sgd(keras, inputs.plan)
    if chosen is not None:
        optimizer = ks.SparseOptimizer(optimizer, chosen)
    networks.compile_model(keras, model, optimizer)
    return model


def train(inputs, peer, sparsity, seed):
    """Trains one model; saves it if it is the first of its kind."""
    plan, chosen = inputs.plan, None
    if KIND != "dense":
        first, last = plan.pruning_steps
        chosen = method(sparsity, seed, plan.update_every, first, last)
    model = compiled(inputs, seed, chosen)
    networks.fit(model, inputs, seed)
    if seed == 0:
        model.save(f"{inputs.stem(peer, sparsity)}.keras")
    found = networks.judge(model, inputs)
    keras.backend.clear_session()
    return found


def timed(inputs, peer):
    """Fits to be timed; masks move every 100 steps, as the methods advise."""
    chosen = {"dense": None}
    if KIND != "dense":
        share = inputs.plan.timed_sparsity
        chosen["sparse"] = method(share, 0, 100, 0, NEVER, start=share)
    tensorflow = None
    if BACKEND == "tensorflow":
        import tensorflow
    return {
        name: networks.timed_fit(
            compiled(inputs, 0, how), inputs, tensorflow=tensorflow
        )
        for name, how in chosen.items()
    }


if __name__ == "__main__":
    work(train, timed, ("keras", BACKEND))
