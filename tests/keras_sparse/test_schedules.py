"""Schedules equal those of the papers' code, or differ as documented."""

import importlib.util
import json
import pathlib
import subprocess
import sys

import numpy as np
import pytest
from keras import ops

import keras_sparse as ks
from keras_sparse.method import Moment
from keras_sparse.schedules import cosine_decay, linear_decay

CASES = json.loads(
    (pathlib.Path(__file__).parents[1] / "cases" / "engine.json").read_text()
)


def steps_due(due, count):
    return [step for step in range(count) if bool(due(step))]


@pytest.mark.parametrize("case", CASES["polynomial"])
def test_polynomial_decay_equals_jaxpruner_one_step_later(case):
    schedule = ks.PolynomialDecay(
        0.0,
        case["target"],
        begin_step=case["start"],
        end_step=case["end"],
        power=case["power"],
        frequency=case["update_freq"],
    )
    _, sparsity = schedule(case["step"] + 1)  # jaxpruner counts from 1
    assert float(sparsity) == pytest.approx(case["sparsity"], abs=1e-6)
    # Both prune at multiples of the frequency counted from the start; the
    # starts of the cases are multiples themselves.
    assert bool(schedule(case["step"])[0]) == case["is_update"]


@pytest.mark.parametrize(
    "initial, final, begin, end, power",
    [(0.0, 0.8, 0, 100, 3), (0.5, 0.9, 20, 60, 1), (0.9, 0.3, 5, 7, 2.5)],
)
def test_polynomial_decay_equals_the_formula(initial, final, begin, end, power):
    schedule = ks.PolynomialDecay(
        initial, final, begin, end, power, frequency=4
    )
    for step in range(end + 20):
        due, sparsity = schedule(step)
        left = 1 - np.clip((step - begin) / (end - begin), 0, 1)
        expected = final + (initial - final) * left**power
        assert float(sparsity) == pytest.approx(expected, abs=1e-6)
        on_time = (step - begin) % 4 == 0 and begin <= step <= end
        assert bool(due) == (on_time or step == end)


@pytest.mark.parametrize(
    "end, expected", [(-1, [3, 8, 13, 18]), (13, [3, 8, 13]), (12, [3, 8])]
)
def test_constant_sparsity_prunes_from_begin_to_end(end, expected):
    schedule = ks.ConstantSparsity(0.5, 3, end_step=end, frequency=5)
    assert steps_due(lambda step: schedule(step)[0], 20) == expected
    assert float(schedule(9)[1]) == 0.5


@pytest.mark.parametrize("case", CASES["cosine"])
def test_cosine_drop_fraction_equals_the_paper(case):
    decay = float(cosine_decay(case["t"], case["T_end"]))
    assert case["alpha"] * decay == pytest.approx(case["f"], abs=2e-7)
    method = ks.RigL(
        0.9, update_until=case["T_end"], drop_fraction=case["alpha"]
    )
    found = method.current_drop_fraction(Moment(case["t"], 1.0))
    assert float(found) == pytest.approx(case["f"], abs=2e-7)


@pytest.mark.parametrize(
    "schedule, expected",
    [
        ("constant", [0.4] * 5),
        ("linear", [0.4, 0.3, 0.2, 0.0, 0.0]),
        ("cosine", [0.4, 0.34142136, 0.2, 0.0, 0.0]),
        ("learning_rate", [0.2] * 5),
        (None, [0.4, 0.34142136, 0.2, 0.0, 0.0]),  # "cosine", as it ends
    ],
)
def test_how_the_drop_fraction_falls(schedule, expected):
    method = ks.SET(
        0.9, drop_fraction=0.4, update_until=80, drop_schedule=schedule
    )
    found = [
        float(method.current_drop_fraction(Moment(step, 0.5)))
        for step in (0, 20, 40, 80, 99)
    ]
    np.testing.assert_allclose(found, expected, atol=1e-6)
    endless = ks.SET(0.9, drop_fraction=0.4)  # follows the learning rate
    assert float(endless.current_drop_fraction(Moment(50, 0.25))) == (
        pytest.approx(0.1)
    )


def test_linear_decay_by_hand():
    found = [float(linear_decay(step, 10)) for step in (0, 1, 5, 10, 11)]
    np.testing.assert_allclose(found, [1, 0.9, 0.5, 0, 0], atol=1e-6)


@pytest.mark.parametrize("case", CASES["rigl_tf2_updates"])
def test_update_steps_equal_rigl_tf2_but_for_the_documented_ends(case):
    every, last = case["update_freq"], case["last_update_step"]
    method = ks.RigL(
        0.9,
        update_every=every,
        update_until=None if last < 0 else last,
        drop_schedule="constant",
    )
    # Documented differences: ours begins after `update_every` steps, not at
    # 0, and ends before `update_until`, not at it.
    expected = [step for step in case["update_steps"] if 0 < step != last]
    assert steps_due(method.due, 5 * every + 1) == expected
    from_zero = {**method.get_config(), "update_from": 0}
    expected = [step for step in case["update_steps"] if step != last]
    assert steps_due(ks.RigL(**from_zero).due, 5 * every + 1) == expected


@pytest.mark.parametrize("method", [ks.RigL, ks.SET])
@pytest.mark.parametrize(
    "arguments, expected",
    [
        (dict(update_every=5), [5, 10, 15]),
        (dict(update_every=5, update_from=0), [0, 5, 10, 15]),
        (dict(update_every=5, update_from=3), [3, 8, 13, 18]),
        (dict(update_every=5, update_until=15), [5, 10]),
        (dict(update_every=5, update_until=16), [5, 10, 15]),
        (dict(update_every=5, update_until=0), []),
        (dict(update_every=1, update_from=17), [17, 18, 19]),
    ],
)
def test_when_masks_move(method, arguments, expected):
    assert steps_due(method(0.9, **arguments).due, 20) == expected
    assert ks.Static(0.9).due(0) is None


class _Foreign:
    """What a schedule of tensorflow_model_optimization looks like."""

    def __init__(self, **arguments):
        self.arguments = arguments

    def __call__(self, step):
        raise AssertionError("ours is used instead")

    def get_config(self):
        return {
            "class_name": type(self).__name__,
            "config": dict(self.arguments),
        }


@pytest.mark.parametrize(
    "name, arguments",
    [
        (
            "PolynomialDecay",
            dict(
                initial_sparsity=0.1,
                final_sparsity=0.8,
                begin_step=2,
                end_step=40,
                power=2,
                frequency=5,
            ),
        ),
        (
            "ConstantSparsity",
            dict(target_sparsity=0.5, begin_step=7, end_step=-1, frequency=3),
        ),
    ],
)
def test_a_tfmot_schedule_becomes_ours(name, arguments):
    module = "tensorflow_model_optimization.fake"
    foreign = type(name, (_Foreign,), {"__module__": module})
    method = ks.MagnitudePruning(foreign(**arguments))
    assert type(method.schedule) is getattr(ks, name)
    assert method.schedule.get_config() == arguments


COMPARE_WITH_TFMOT = """
import keras_sparse as ks
from tensorflow_model_optimization.sparsity import keras as tfmot

for name, arguments in [
    ("PolynomialDecay", (0.1, 0.8, 2, 40, 2, 5)),
    ("ConstantSparsity", (0.5, 7, -1, 3)),
]:
    theirs = getattr(tfmot, name)(*arguments)
    ours = ks.MagnitudePruning(theirs).schedule
    assert type(ours).__module__ == "keras_sparse.schedules"
    for step in range(60):
        due, sparsity = theirs(step)
        assert bool(due) == bool(ours(step)[0]), step
        if due:
            assert abs(float(sparsity) - float(ours(step)[1])) < 1e-6, step
"""


@pytest.mark.skipif(
    not importlib.util.find_spec("tensorflow_model_optimization"),
    reason="tensorflow_model_optimization is not installed",
)
def test_a_real_tfmot_schedule_equals_ours():
    # In its own process: importing tfmot changes tf.keras for good.
    result = subprocess.run(
        [sys.executable, "-c", COMPARE_WITH_TFMOT],
        capture_output=True,
        text=True,
    )
    assert result.returncode == 0, result.stderr


def test_a_schedule_may_be_asked_with_a_traced_step():
    schedule = ks.PolynomialDecay(0.0, 0.8, 0, 100)
    due, sparsity = schedule(ops.convert_to_tensor(100, "int32"))
    assert bool(due) and float(sparsity) == pytest.approx(0.8)
