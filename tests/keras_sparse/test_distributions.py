import json
import math
import pathlib
import re

import numpy as np
import pytest

from keras_sparse import distributions

CASES = json.loads(
    (
        pathlib.Path(__file__).parents[1] / "cases" / "distributions.json"
    ).read_text()
)
MODELS = CASES["models"]
ALL = (
    distributions.uniform,
    distributions.erdos_renyi,
    distributions.erdos_renyi_kernel,
)
SCALED = ALL[1:]


def live_weights(shapes, sparsities):
    sizes = {name: math.prod(shape) for name, shape in shapes.items()}
    return [
        sizes[name] - distributions.num_zeros(sizes[name], sparsities[name])
        for name in shapes
    ]


@pytest.mark.parametrize("case", CASES["num_zeros"])
def test_num_zeros_equals_rigl(case):
    found = distributions.num_zeros(case["size"], case["sparsity"])
    assert found == case["n_zeros"] and type(found) is int


@pytest.mark.parametrize("case", CASES["erk"])
def test_sparsities_equal_rigl_and_jaxpruner(case):
    shapes = MODELS[case["model"]]
    distribution = getattr(distributions, case["method"])
    found = distribution(
        shapes, case["sparsity"], case["custom"], case["power"]
    )
    assert list(found) == list(shapes)
    np.testing.assert_allclose(
        list(found.values()), case["expected"], rtol=0, atol=1e-10
    )
    if case["live"] is not None:
        assert live_weights(shapes, found) == case["live"]
        uniform = distributions.uniform(shapes, case["sparsity"])
        assert sum(live_weights(shapes, uniform)) == case["target"]


@pytest.mark.parametrize("case", CASES["erk_edge_cases"])
def test_edges_equal_the_references_or_are_mended(case):
    shapes = MODELS[case["model"]]
    arguments = shapes, case["sparsity"], case["custom"]
    error = case["error"] or ""
    if case["sparsity"] == 1:  # they return all ones: nothing left to train
        with pytest.raises(ValueError, match="`sparsity` must be"):
            distributions.erdos_renyi_kernel(*arguments)
    elif "No masks are found" in error:
        with pytest.raises(ValueError, match="`custom` must name"):
            distributions.erdos_renyi_kernel(*arguments)
    elif "ZeroDivisionError" in error:
        found = distributions.erdos_renyi_kernel(*arguments)
        assert found == case["custom"]
    else:
        found = distributions.erdos_renyi_kernel(*arguments)
        expected = case["expected"] or [0.0] * len(shapes)
        np.testing.assert_allclose(list(found.values()), expected, atol=1e-10)


@pytest.mark.parametrize("case", CASES["jaxpruner"])
def test_numbers_of_jaxpruner_unit_tests(case):
    by_kernel = case.get("include_kernel", True)
    distribution = SCALED[1] if by_kernel else SCALED[0]
    # jaxpruner passes vectors through as None; here they are not layers.
    shapes = {n: s for n, s in case["shapes"].items() if len(s) > 1}
    found = distribution(shapes, case["sparsity"], power=case.get("power", 1.0))
    for name, value in found.items():
        assert value == pytest.approx(case["expected"][name], abs=0.005)


@pytest.mark.parametrize("case", CASES["rigl"][0]["cases"])
def test_mask_fractions_of_rigl_unit_tests(case):
    shape, sparsity, ones = case
    size = math.prod(shape)
    assert size - distributions.num_zeros(size, sparsity) == ones


@pytest.mark.parametrize("case", CASES["rigl"][1]["cases"])
def test_proportions_of_rigl_unit_tests(case):
    shapes = {"a": tuple(case[0]), "b": tuple(case[1])}
    found = distributions.erdos_renyi(shapes, case[2])
    uniform = distributions.uniform(shapes, case[2])
    zeros = [
        sum(math.prod(s) * sparsities[n] for n, s in shapes.items())
        for sparsities in (found, uniform)
    ]
    assert abs(zeros[0] - zeros[1]) <= 2
    scales = []
    for name, (*_, inputs, outputs) in shapes.items():
        ratio = (inputs + outputs) / (inputs * outputs)
        scales.append((1 - found[name]) / ratio)
    assert scales[0] == pytest.approx(scales[1])


def random_shapes(rng):
    shapes = {}
    for layer in range(rng.integers(1, 12)):
        channels = rng.integers(1, 512, size=2)
        kernel = rng.choice([1, 3, 5], size=rng.choice([0, 1, 2]))
        shapes[f"layer_{layer}"] = tuple(int(n) for n in [*kernel, *channels])
    return shapes


@pytest.mark.parametrize("distribution", SCALED)
def test_total_density_hits_the_target_in_600_random_nets(distribution):
    choices = [0.0, 0.05, 0.1, 0.3, 0.5, 0.8, 0.9, 0.95, 0.98, 0.99, 0.999]
    for seed in range(600):
        rng = np.random.default_rng(seed)
        shapes = random_shapes(rng)
        sparsity = float(rng.choice(choices))
        power = float(rng.choice([0.0, 0.5, 1.0, 2.0]))
        custom = {"layer_0": 0.25} if rng.random() < 0.3 else {}
        found = distribution(shapes, sparsity, custom, power)
        assert all(0 <= value <= 1 for value in found.values()), seed
        free = {n: math.prod(s) for n, s in shapes.items() if n not in custom}
        target = sum(n - math.floor(sparsity * n) for n in free.values())
        total = sum((1 - found[n]) * size for n, size in free.items())
        # The second term is the rounding of `1 - density` to a sparsity.
        rounding = np.finfo(float).eps / 2 * sum(free.values())
        assert abs(total - target) <= 5e-14 * target + rounding, seed
        assert all(found[name] == custom[name] for name in custom), seed


def test_no_sparsity_is_no_sparsity_where_rigl_divides_by_zero():
    shapes = {"a": (11, 6), "b": (184, 449)}
    for distribution in ALL:
        assert distribution(shapes, 0.0) == {"a": 0.0, "b": 0.0}


def test_power_zero_is_uniform_up_to_the_floor():
    shapes = {"a": (10, 10), "b": (30, 20), "c": (3, 3, 10, 10)}
    for distribution in SCALED:
        found = distribution(shapes, 0.9, power=0)
        assert list(found.values()) == pytest.approx([0.9] * 3)


def test_order_of_kernel_dimensions_does_not_matter():
    shapes = {"a": (3, 3, 16, 64), "b": (64, 10)}
    turned = {"a": (64, 16, 3, 3), "b": (10, 64)}
    by_kernel = distributions.erdos_renyi_kernel
    assert by_kernel(shapes, 0.9) == by_kernel(turned, 0.9)


@pytest.mark.parametrize("distribution", ALL)
def test_custom_layers_keep_their_value_and_leave_the_dict_alone(distribution):
    shapes = {"a": (20, 30), "b": (30, 40), "c": (40, 10)}
    custom = {"a": 0.0}
    found = distribution(shapes, 0.8, custom)
    alone = distribution({n: shapes[n] for n in "bc"}, 0.8)
    assert found == {"a": 0.0} | alone and custom == {"a": 0.0}
    everything = {"a": 0.1, "b": 0.2, "c": 0.3}
    assert distribution(shapes, 0.8, everything) == everything


def test_a_vector_is_fine_where_its_shape_is_not_used():
    shapes = {"a": (20, 30), "b": (30,)}
    assert distributions.uniform(shapes, 0.5) == {"a": 0.5, "b": 0.5}
    for distribution in SCALED:
        assert distribution(shapes, 0.5, {"b": 0.0}) == {"a": 0.5, "b": 0.0}


SHAPES = {"a": (4, 4), "b": (4, 2)}
ERRORS = [
    (({}, 0.5), "a dict that names at least one layer. Received: shapes={}."),
    (({"a": (0, 4)}, 0.5), "without weights. Received: {'a': (0, 4)}."),
    ((SHAPES, 1.0), "`sparsity` must be in [0, 1)"),
    ((SHAPES, -0.1), "Received: sparsity=-0.1. For 90 % zeros pass 0.9."),
    ((SHAPES, math.nan), "Received: sparsity=nan."),
    ((SHAPES, 0.5, {"z": 0.1}), "Received: ['z']. Use names out of ['a', 'b']"),
    (
        (SHAPES, 0.5, {"a": 1.0}),
        "1 would empty the layer. Received: {'a': 1.0}",
    ),
    ((SHAPES, 0.5, {"a": -1}), "Pass 0 to keep a layer dense."),
    ((SHAPES, 0.5, None, -1.0), "`power` must be a finite number >= 0."),
    ((SHAPES, 0.5, None, math.nan), "Received: power=nan."),
]


@pytest.mark.parametrize("distribution", ALL)
@pytest.mark.parametrize("arguments, message", ERRORS)
def test_errors_name_argument_value_and_fix(distribution, arguments, message):
    with pytest.raises(ValueError, match=re.escape(message)) as raised:
        distribution(*arguments)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("distribution", SCALED)
def test_vectors_are_refused_all_at_once(distribution):
    shapes = {"a": (4, 4), "b": (4,), "c": ()}
    with pytest.raises(ValueError, match=r"\{'b': \(4,\), 'c': \(\)\}"):
        distribution(shapes, 0.5)
