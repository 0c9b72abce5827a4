"""The plan of big models counts what small ones hold."""

import pathlib

import keras
import numpy as np
import pytest

import keras_sparse as ks

BENCHMARKS = pathlib.Path(__file__).parents[1] / "benchmarks"


@pytest.fixture
def plan_of(monkeypatch):
    monkeypatch.syspath_prepend(BENCHMARKS)
    from big_model_plan import kernels, plan

    return lambda width, blocks: (kernels(width, blocks), plan)


def test_the_bytes_at_rest_are_those_of_the_variables(plan_of):
    shapes, plan = plan_of(8, 2)
    variables = [
        keras.Variable(np.ones(shape, "float32"), name="kernel")
        for shape in shapes
    ]
    inner = keras.optimizers.SGD(0.1, momentum=0.9)
    optimizer = ks.SparseOptimizer(inner, ks.RigL(0.5, "uniform"))
    optimizer.build(variables)
    held = sum(
        np.asarray(keras.ops.convert_to_numpy(v)).nbytes
        for v in [*variables, *optimizer.variables]
        if len(v.shape)  # counters are not counted
    )
    assert plan(shapes)["rest"] == held
    assert plan(shapes)["parameters"] == 2 * 12 * 8**2


def test_an_update_of_a_billion_weights_holds_little_more_than_a_step(plan_of):
    shapes, plan = plan_of(2048, 20)
    found = plan(shapes)
    assert found["parameters"] == 1_006_632_960
    assert found["update"] < found["step"]
    assert found["update_collective"] == 4 * found["parameters"]
