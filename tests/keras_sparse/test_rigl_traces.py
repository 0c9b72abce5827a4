"""Step by step, weights, slots and masks equal those of the authors' RigL."""

import json
import pathlib

import keras
import numpy as np
import pytest
from keras import ops

import keras_sparse as ks

TRACES = json.loads(
    (
        pathlib.Path(__file__).parents[1] / "cases" / "rigl_tf1_traces.json"
    ).read_text()
)
X, Y, W0, M0 = (
    np.array(TRACES[name], "float32") for name in ("X", "Y", "W0", "M0")
)
MOMENTUM = 0.9  # of the traces' MomentumOptimizer
RUNS = {f"{run['opt']}-{run['anneal']}": run for run in TRACES["runs"]}


def dense_gradient(weight):
    """Of mean((x W - y)^2) over all elements, by hand."""
    error = X @ weight - Y
    return 2 / error.size * X.T @ error


def calls_of_step(run, step):
    """Our step for the authors' global step: they do not count updates."""
    return step + -(-step // run["freq"])


def rigl_like(run):
    # They update at a call once `freq` steps have been trained since the last
    # update; with the update itself that is every freq + 1 of our steps.
    return ks.RigL(
        0.5,
        update_every=run["freq"] + 1,
        update_from=run["begin"],
        update_until=calls_of_step(run, run["end"]),
        drop_fraction=run["drop_fraction"],
        drop_schedule=run["anneal"],
    )


def sparse_layer(run):
    model = keras.Sequential(
        [keras.Input((4,)), keras.layers.Dense(5, use_bias=False)]
    )
    kernel = model.layers[0].kernel
    kernel.assign(W0)
    inner = {
        "momentum": lambda rate: keras.optimizers.SGD(rate, momentum=MOMENTUM),
        "adam": lambda rate: keras.optimizers.Adam(rate),
    }[run["opt"]](TRACES["lr"][run["opt"]])
    optimizer = ks.sparsify(
        model, inner, rigl_like(run), masks={kernel.path: M0}
    )
    return kernel, optimizer


def slots_like_theirs(run, inner, kernel):
    """Our slots with the meaning that TF1 gives to its slots."""
    values = [
        ops.convert_to_numpy(variable)
        for variable in inner.variables
        if tuple(variable.shape) == tuple(kernel.shape)
    ]
    if run["opt"] == "momentum":
        # Keras: v = momentum * v - rate * g; TF1: v = momentum * v + g.
        return {"momentum": values[0] / -TRACES["lr"]["momentum"]}
    return dict(zip(("m", "v"), values, strict=True))


def test_the_traces_follow_the_call_pattern_that_we_count_by():
    for run in RUNS.values():
        method = rigl_like(run)
        trained = [c["step_after"] - c["step_before"] for c in run["trace"]]
        due = [bool(method.due(call["call"])) for call in run["trace"]]
        assert due == [increment == 0 for increment in trained]
        for call in run["trace"]:
            if due[call["call"]]:
                theirs = call["step_before"]
                assert call["call"] == calls_of_step(run, theirs)


@pytest.mark.parametrize("name", RUNS)
def test_every_call_equals_the_authors(name):
    run = RUNS[name]
    kernel, optimizer = sparse_layer(run)
    weight = ops.convert_to_numpy(kernel)
    np.testing.assert_array_equal(weight, W0 * M0)
    for call in run["trace"]:
        gradient = dense_gradient(weight)
        np.testing.assert_allclose(
            gradient, call["dense_grad_before"], rtol=1e-4, atol=1e-5
        )
        optimizer.apply([ops.convert_to_tensor(gradient)], [kernel])
        weight = ops.convert_to_numpy(kernel)
        mask = np.array(call["mask_after"], bool)
        np.testing.assert_array_equal(optimizer.masks[kernel.path], mask)
        assert not weight[~mask].any()
        theirs = np.array(call["weights_after"], "float32")
        np.testing.assert_allclose(
            weight[mask], theirs[mask], rtol=1e-5, atol=2e-6
        )
        slots = slots_like_theirs(run, optimizer.inner_optimizer, kernel)
        assert set(slots) == set(call["slots_after"])
        for slot, theirs in call["slots_after"].items():
            theirs = np.array(theirs, "float32")
            assert not slots[slot][~mask].any()
            np.testing.assert_allclose(
                slots[slot][mask], theirs[mask], rtol=1e-4, atol=1e-5
            )
    assert int(optimizer.iterations) == len(run["trace"])
