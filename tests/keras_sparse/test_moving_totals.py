"""Laws that SNFS, DSR, DeepR and GraNet keep, whatever is inside and around."""

import itertools

import pytest
from keras import optimizers

from keras_sparse.deepr import DeepR
from keras_sparse.dsr import DSR
from keras_sparse.granet import GraNet
from keras_sparse.snfs import SNFS

METHODS = {
    "snfs": lambda: SNFS(0.6, update_every=2, update_until=100),
    "per layer": lambda: SNFS(0.6, update_every=2, redistribution=None),
    "dsr": lambda: DSR(0.6, update_every=2, threshold=0.1, target_fraction=0.3),
    "deepr": lambda: DeepR(0.6, l1=1.0, temperature=0.1),
    "granet": lambda: GraNet(0.5, 0.8, 2, 7, update_every=2),
}
INNER = {
    "momentum": lambda: optimizers.SGD(0.05, momentum=0.9, nesterov=True),
    "amsgrad": lambda: optimizers.Adam(0.05, amsgrad=True, weight_decay=0.01),
    "rmsprop": lambda: optimizers.RMSprop(0.01, centered=True, momentum=0.9),
}
QUICK = [
    ("snfs", "amsgrad"),
    ("per layer", "momentum"),
    ("dsr", "rmsprop"),
    ("deepr", "amsgrad"),
    ("granet", "rmsprop"),
]
PAIRS = [
    pair if pair in QUICK else pytest.param(*pair, marks=pytest.mark.slow)
    for pair in itertools.product(METHODS, INNER)
]


def total(masks):
    return sum(int(mask.sum()) for mask in masks.values())


@pytest.mark.parametrize("name, inner", PAIRS)
def test_the_total_is_exact_and_new_weights_are_new(bench, name, inner):
    run = bench(INNER[inner](), METHODS[name]())
    budget, num_grown = total(run.optimizer.masks), 0
    for step in range(8):
        before = run.optimizer.masks
        run.step(run.gradients(step))
        left = total(run.optimizer.masks)
        assert left == budget or (name == "granet" and left < budget)
        budget = left
        for path, (value, mask, slots) in run.snapshot().items():
            if mask is None:
                continue
            assert not value[~mask].any()
            grown = mask & ~before[path]
            num_grown += grown.sum()
            assert slots
            for tensor in (value, *slots):
                assert not tensor[grown].any()
    assert num_grown > 5
