"""Patterns that do not fit are refused, all offenders by name."""

import re

import numpy as np
import pytest
from every_pattern import net

import keras_sparse as ks
from keras_sparse.patterns import Block, Channels, ConstantFanIn, NofM


@pytest.mark.parametrize(
    "make, shapes, message",
    [
        (
            lambda: ks.RigL(0.9, pattern=Block(3, 1)),
            {"a": (8, 4), "b": (9, 4), "c": (7, 2)},
            "`pattern` must divide the weights that it masks. Received: "
            "Block(rows=3, columns=1) with a (8, 4): dimension -2 is not "
            "divisible by rows=3; c (7, 2): dimension -2 is not divisible by "
            "rows=3. Leave these weights dense with `custom={path: 0.0}`",
        ),
        (
            lambda: ks.Static(0.5, pattern=NofM(2, 4, axis=5)),
            {"a": (8, 4)},
            "a (8, 4): it has no dimension 5",
        ),
        (
            lambda: ks.MagnitudePruning(
                ks.ConstantSparsity(0.5, 10), pattern=NofM(2, 4)
            ),
            {"a": (9, 4)},
            "a (9, 4): dimension -2 is not divisible by m=4",
        ),
    ],
)
def test_all_shapes_that_do_not_fit_are_named(make, shapes, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        make().initial_masks({p: np.zeros(s) for p, s in shapes.items()})


def test_custom_leaves_an_unfit_weight_dense():
    method = ks.RigL(0.5, custom={"b": 0.0}, pattern=NofM(2, 4))
    weights = {"a": np.zeros((8, 4)), "b": np.zeros((3, 4))}
    masks = method.initial_masks(weights)
    assert masks["b"].all() and NofM(2, 4).holds(masks["a"])


@pytest.mark.parametrize(
    "act, message",
    [
        (
            lambda: ks.SNFS(0.5, pattern=Channels()),
            "`redistribution` must be None with a pattern",
        ),
        (
            lambda: ks.ACDC(0.5, 1, 1, 1, pattern=Channels()),
            '`scope` must be "layer" with a pattern',
        ),
        (
            lambda: ks.ACDC(0.6, 1, 1, 1, scope="layer", pattern=NofM(2, 4)),
            "`sparsity` must be 0.5 with NofM",
        ),
        (
            lambda: ks.magnitude(net(), 0.5, pattern=Channels()),
            '`scope` must be "layer" with a pattern',
        ),
        (
            lambda: ks.magnitude(net(), 0.5, "layer", pattern=Block(3, 1)),
            "`pattern` must divide the weights that it masks",
        ),
        (lambda: Block(0, 1), "`rows` must be an integer of at least 1"),
        (lambda: NofM(4, 4), "`n` must be less than `m`, the size of a group"),
        (lambda: NofM(2, 4, axis=None), "`axis` must be an integer"),
        (lambda: ConstantFanIn(1.0), "`min_salient` must be a number in"),
        (
            lambda: ks.RigL(0.9, pattern="2:4"),
            "`pattern` must be Block(rows, columns), NofM(n, m), Channels(), "
            "ConstantFanIn() or None. Received: pattern='2:4'.",
        ),
        (
            lambda: ks.RigL(0.9, pattern=NofM(2, 4)),
            "`sparsity` must be 0.5 with NofM(n=2, m=4, axis=-2), which allows "
            "no other. Received: sparsity=0.9. Pass 0.5, or another pattern.",
        ),
        (
            lambda: ks.MagnitudePruning(
                ks.PolynomialDecay(0, 0.8, 0, 9), pattern=NofM(2, 4)
            ),
            "`schedule` must end at 0.5 with NofM",
        ),
        (
            lambda: ks.MagnitudePruning(
                ks.ConstantSparsity(0.5, 9), "global", pattern=Channels()
            ),
            '`scope` must be "layer" with a pattern',
        ),
    ],
)
def test_bad_patterns(act, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        act()


def test_given_masks_must_follow_the_pattern(bench):
    mask = np.zeros((8, 6), bool)
    mask[:3] = True
    with pytest.raises(ValueError, match="`masks` must follow the method's"):
        bench("sgd", ks.Static(0.5, pattern=NofM(2, 4)), {"m/a/kernel": mask})
    mask[:] = [[1], [1], [0], [0]] * 2
    bench("sgd", ks.Static(0.5, pattern=NofM(2, 4)), {"m/a/kernel": mask})
