"""Errors of methods and schedules: the argument, what came, a remedy."""

import re

import pytest

import keras_sparse as ks

Polynomial, Constant = ks.PolynomialDecay, ks.ConstantSparsity
ERRORS = [
    *[
        (
            lambda kind=kind, value=value: kind(value),
            "`sparsity` must be a number in [0, 1), a share and not a "
            f"percentage. Received: sparsity={value!r}. Write 0.9 for 90 %.",
        )
        for kind in (ks.Static, ks.SET, ks.RigL)
        for value in (1.0, -0.1, 90, "0.9", None, True, float("nan"))
    ],
    (
        lambda: ks.RigL(0.9, "random"),
        "`distribution` must be one of 'uniform', 'erdos_renyi', "
        "'erdos_renyi_kernel', 'er', 'erk'. Received: distribution='random'.",
    ),
    (
        lambda: ks.Static(0.9, seed=-1),
        "`seed` must be an integer of at least 0",
    ),
    (
        lambda: ks.RigL(0.9, update_every=0),
        "`update_every` must be an integer of at least 1. Received: "
        "update_every=0. Pass a whole number.",
    ),
    (
        lambda: ks.SET(0.9, update_until=0.75),
        "`update_until` must be an integer of at least 0 or None. Received: "
        "update_until=0.75. Pass a whole number.",
    ),
    (lambda: ks.SET(0.9, update_from=-1), "Received: update_from=-1."),
    (
        lambda: ks.RigL(0.9, drop_fraction=30),
        "`drop_fraction` must be a number in [0, 1], a share",
    ),
    (
        lambda: ks.RigL(0.9, drop_schedule="step"),
        "`drop_schedule` must be one of None, 'cosine', 'linear', 'constant', "
        "'learning_rate'. Received: drop_schedule='step'.",
    ),
    *[
        (
            lambda name=name: ks.RigL(0.9, drop_schedule=name),
            f"`update_until` must be set for `drop_schedule` {name!r}, which "
            "falls to 0 there. Received: update_until=None. Pass the step of "
            "the last update.",
        )
        for name in ("cosine", "linear")
    ],
    (
        lambda: ks.MagnitudePruning(0.9),
        "`schedule` must be a schedule such as PolynomialDecay, called with "
        "a step. Received: schedule=0.9. For one sparsity use",
    ),
    (
        lambda: ks.MagnitudePruning(Constant(0.5, 0), scope="model"),
        "`scope` must be one of 'global', 'layer'. Received: scope='model'.",
    ),
    (lambda: Constant(1.0, 0), "`target_sparsity` must be a number in [0, 1)"),
    (lambda: Polynomial(0, 95, 0, 9), "`final_sparsity` must be a number in"),
    (lambda: Polynomial(-1, 0.5, 0, 9), "`initial_sparsity` must be a number"),
    (lambda: Polynomial(0, 0.5, 0, 9, power=0), "`power` must be a positive"),
    (lambda: Polynomial(0, 0.5, 0, 9, frequency=0), "`frequency` must be an"),
    (lambda: Polynomial(0, 0.5, 0.5, 9), "`begin_step` must be an integer"),
    (lambda: Polynomial(0, 0.5, 0, -1), "`end_step` must be an integer of"),
    (
        lambda: Polynomial(0, 0.5, 20, 10),
        "`end_step` must not lie before `begin_step`. Received: "
        "begin_step=20, end_step=10. Raise `end_step`.",
    ),
]


@pytest.mark.parametrize("act, message", ERRORS)
def test_errors_name_the_argument_what_came_and_a_remedy(act, message):
    with pytest.raises(ValueError, match=re.escape(message)) as raised:
        act()
    assert re.match(r"`\w+` must .* Received: .*\. ", str(raised.value))
