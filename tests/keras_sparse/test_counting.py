import json
import pathlib
import re

import pytest

from keras_sparse import counting, distributions

FOLDER = pathlib.Path(__file__).parents[1] / "cases"
CASES = json.loads((FOLDER / "counting.json").read_text())
RESNET = json.loads((FOLDER / "distributions.json").read_text())["models"][
    "resnet50"
]


@pytest.mark.parametrize("case", CASES["mlp_counting"])
def test_dense_nets_equal_micronet_and_the_paper(case):
    found = counting.fully_connected(case["sizes"], case["layer_sparsity"])
    assert found.flops == case["flops"] and found.bytes == case["bytes"]
    if case["paper_bytes"]:
        assert found.bytes == case["paper_bytes"]
        assert round(found.flops / 1000, 1) == case["paper_kflops"]


@pytest.mark.parametrize("case", CASES["paper_table2"])
def test_sparse_nets_are_near_the_paper_whose_sparsity_is_rounded(case):
    sizes = [*case["arch"], 10]
    found = counting.fully_connected(sizes, [case["sparsity"]] * 3)
    assert found.flops / 1000 == pytest.approx(case["inf_KFLOPs"], rel=0.015)
    assert found.bytes == pytest.approx(case["bytes"], rel=0.002)


def resnet_position_counts():
    for name in RESNET:
        if name == "fc":
            yield name, 1
        elif name == "conv1":
            size = counting.convolution_output_size(224, 7, stride=2)
            yield name, size**2
        else:
            group, block = int(name[1]), int(name[3])
            size = 56 // 2**group
            first = group > 0 and block == 0 and name.endswith("conv1")
            yield name, (2 * size if first else size) ** 2


def resnet_operations(sparsities):
    return sum(
        (
            counting.operations(
                RESNET[name], sparsities[name], positions, use_activation=True
            )
            for name, positions in resnet_position_counts()
        ),
        counting.Operations(),
    )


def test_dense_resnet50_equals_micronet():
    found = resnet_operations(dict.fromkeys(RESNET, 0.0))
    assert found.flops == CASES["resnet50"]["dense_flops"]
    assert found.bytes / 1e6 == CASES["resnet50"]["dense_MB"]


@pytest.mark.parametrize("case", CASES["resnet50"]["rows"])
def test_sparse_resnet50_equals_micronet(case):
    first_dense = {"conv1": 0.0}
    by_kernel = distributions.erdos_renyi_kernel
    for name, sparsities in {
        "erk": by_kernel(RESNET, case["S"]),
        "erk_firstdense": by_kernel(RESNET, case["S"], first_dense),
        "uniform": distributions.uniform(RESNET, case["S"], first_dense),
    }.items():
        found = resnet_operations(sparsities)
        share = found.flops / CASES["resnet50"]["dense_flops"]
        assert share == pytest.approx(case[f"{name}_flops_frac"], rel=1e-9)
        assert found.bytes / 1e6 == pytest.approx(case[f"{name}_MB"], rel=1e-9)


@pytest.mark.parametrize("case", CASES["training"])
def test_training_flops_relative_to_dense_training(case):
    dense = counting.training_flops("dense", case["fd"], case["fs"])
    for method in ("static", "snfs", "rigl"):
        found = counting.training_flops(
            method, case["fd"], case["fs"], update_every=case["dT"]
        )
        assert found / dense == pytest.approx(case[method], rel=1e-9)
    same = counting.training_flops("set", case["fd"], case["fs"])
    assert same == counting.training_flops("static", case["fd"], case["fs"])


# Of 10 dense FLOPs 2 are left, 4 in the backward mask; an update in 4 steps.
@pytest.mark.parametrize(
    "method, expected",
    [
        ("dense", 10 + 10 + 10),
        ("static", 2 + 2 + 2),
        ("set", 2 + 2 + 2),
        ("deepr", 2 + 2 + 2),
        ("dsr", 2 + 2 + 2),
        ("snfs", 2 + 2 + 10),
        ("ste", 2 + 2 + 10),
        ("topkast", 2 + 2 + 4),
        ("rigl", (3 * (2 + 2 + 2) + (2 + 2 + 10)) / 4),
        ("itop", (3 * (2 + 2 + 2) + (2 + 2 + 10)) / 4),
    ],
)
def test_training_flops_by_hand(method, expected):
    found = counting.training_flops(method, 10, 2, update_every=3, backward=4)
    assert found == expected and type(found) is float


@pytest.mark.parametrize("method", ["acdc", "pruning"])
def test_masks_that_open_and_close_are_averaged_over_the_steps(method):
    found = counting.training_flops(method, 10, [10, 10, 2, 2, 2])
    assert found == pytest.approx((2 * 30 + 3 * 6) / 5)
    assert found == pytest.approx(
        counting.pruning_flops(10, [0, 0, 0.8, 0.8, 0.8])
    )


def test_granet_is_pruning_with_the_updates_of_rigl():
    by_step = [
        counting.training_flops("rigl", 10, live, update_every=3)
        for live in (10, 6, 2)
    ]
    found = counting.training_flops("granet", 10, [10, 6, 2], update_every=3)
    assert found == pytest.approx(sum(by_step) / 3)


def test_gradual_pruning_averages_over_the_steps():
    assert counting.pruning_flops(10.0, [0.0]) == 30
    assert counting.pruning_flops(10.0, [0.0, 0.8]) == pytest.approx(18)


@pytest.mark.parametrize(
    "arguments, expected",
    [
        ((32, 3, 1), 32),
        ((32, 3, 2), 16),
        ((224, 7, 2), 112),
        ((32, 3, 1, "valid"), 30),
        ((32, 5, 2, "valid"), 14),
        ((32, 2, 1), 33),  # the rules' own answer; Keras gives 32
    ],
)
def test_convolution_output_size(arguments, expected):
    assert counting.convolution_output_size(*arguments) == expected


FORMULA_ERRORS = [
    (
        lambda: counting.training_flops("snip", 1.0, 0.1),
        "Received: method='snip'. A method with a fixed mask costs what "
        '"static" does.',
    ),
    (
        lambda: counting.training_flops("topkast", 1.0, 0.1),
        '`backward` must be a number for method "topkast".',
    ),
    (
        lambda: counting.training_flops("acdc", 1.0, []),
        "`sparse` must be a number or a non-empty sequence, one per step.",
    ),
    (
        lambda: counting.fully_connected([4, 3], [0, 0]),
        "Received: 2 sizes, 2 sparsities. Pass 0 for a dense layer.",
    ),
    (
        lambda: counting.convolution_output_size(8, 3, 1, "causal"),
        "Received: padding='causal'.",
    ),
]


@pytest.mark.parametrize("act, message", FORMULA_ERRORS)
def test_errors_of_the_formulas(act, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        act()
