"""The real ResNet-50 of keras.applications, against MicroNet's own count."""

import importlib.util
import json
import pathlib

import keras
import pytest

import keras_sparse as ks

ROOT = pathlib.Path(__file__).parents[2]
CASES = json.loads((ROOT / "tests/cases/counting.json").read_text())
EXPECTED = CASES["resnet50"]
ROWS = {row["S"]: row for row in EXPECTED["rows"]}
SCRIPT = ROOT / "benchmarks" / "resnet50_counts.py"


@pytest.fixture(scope="module")
def script():
    spec = importlib.util.spec_from_file_location("resnet50_counts", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def v1():
    return keras.applications.ResNet50(weights=None)


@pytest.fixture(scope="module")
def v15(script, v1):
    return script.with_stride_in_3x3(v1)


def test_dense_equals_the_published_size_and_flops(script, v15):
    flops, num_bytes = script.figures(v15)
    assert flops == EXPECTED["dense_flops"]
    assert num_bytes / 1e6 == EXPECTED["dense_MB"]


def test_stride_in_the_first_convolution_is_all_that_v1_saves(script, v1):
    flops, num_bytes = script.figures(v1)
    assert num_bytes / 1e6 == EXPECTED["dense_MB"]
    # The first 1x1 convolution of a stage sees a quarter of the pixels.
    shapes = [(256, 128, 28), (512, 256, 14), (1024, 512, 7)]
    saved = sum(
        3 * size**2 * (2 * inputs * outputs + outputs)
        for inputs, outputs, size in shapes
    )
    assert flops == EXPECTED["dense_flops"] - saved


@pytest.mark.parametrize(
    "kind, sparsity, distribution, dense_first",
    [
        ("erk", 0.8, "erk", False),
        ("erk", 0.9, "erk", False),
        ("erk_firstdense", 0.95, "erk", True),
        ("uniform", 0.965, "uniform", True),
        ("erk", 0.99, "erk", False),
    ],
)
def test_sparse_sizes_and_flops_to_a_thousandth(
    script, v15, kind, sparsity, distribution, dense_first
):
    method = ks.Static(sparsity, distribution, dense_first=dense_first)
    flops, num_bytes = script.figures(v15, method)
    expected = ROWS[sparsity]
    share = flops / EXPECTED["dense_flops"]
    assert share == pytest.approx(expected[f"{kind}_flops_frac"], rel=1e-3)
    assert num_bytes / 1e6 == pytest.approx(expected[f"{kind}_MB"], rel=1e-3)


@pytest.mark.parametrize("case", CASES["resnet50_published"])
def test_micronet_count_agrees_with_the_published_sizes(case):
    kind = {"ERK": "erk", "ERK, first dense": "erk_firstdense"}.get(
        case["masks"], "uniform"
    )
    assert ROWS[case["S"]][f"{kind}_MB"] == pytest.approx(
        case["MB"], abs=0.0007
    )
