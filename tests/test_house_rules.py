"""What the design promises of the source, read without importing it."""

import pathlib

import pytest
from source_imports import (
    circles,
    internal_imports,
    modules_of,
    private_imports,
)

ROOT = pathlib.Path(__file__).parents[1]
FOLDERS = {
    "keras_sparse": ROOT / "keras_sparse",
    "keras_distill": ROOT / "keras_distill",
    "keras_latent": ROOT / "keras_latent",
    "keras_export": ROOT / "export",
}
REASON = "Over 300 lines because"
# The command line composes keras_sparse and keras_export.
COMPOSING = {
    "keras_sparse/cli.py",
    "keras_sparse/cli_exports.py",
    "keras_sparse/job_exports.py",
    "keras_sparse/main_job.py",
    "keras_sparse/tables.py",
}
# Each file of keras_sparse, from the ground up. A file imports from its own
# layer and those above it in this table only.
LAYERS = {
    "tools": """_types autodiff backend balanced batches cli_errors
        config datasets given_masks image_dataset layer_calls model_ends models
        tensor_values""",
    "pure maths": """budgets counting dead_units distributions kth_largest
        schedules selection tempered topk""",
    "methods": """acdc deepr device_profiles dsr first_masks fixed_budget
        global_masks granet hard_concrete magnitude_pruning method pattern
        patterns periodic rigl snfs straight_through topology""",
    "optimizer": """accumulation masked_weight optimizer slots sparse_step
        wrapper""",
    "sparsify": """compact_mlp data_free data_scores fingerprint
        layer_counts lottery lottery_model lottery_state lottery_training
        pure_model saliency saliency_losses saliency_scores score_masks
        sparsify synflow_model twice_differentiable""",
    "several machines": """distributed distributed_backup distributed_build
        distributed_checks distributed_data distributed_loop distributed_state
        distributed_step distributed_strategies distributed_workers""",
    "reports": """backup callbacks checkpoint mask_plots plots report
        report_html report_pictures report_sections summary tables""",
    "command line": """cli cli_exports job_exports main_job settings training
        worker_training""",
}

pytestmark = pytest.mark.skipif(
    not FOLDERS["keras_export"].is_dir(), reason="needs a checkout"
)


def source_files():
    more = ("_keras_sparse_common", "tests", "benchmarks", "examples", ".ci")
    for folder in (*FOLDERS.values(), *more):
        yield from sorted((ROOT / folder).rglob("*.py"))


def test_long_files_say_why():
    long = {}
    for path in source_files():
        lines = path.read_text().splitlines()
        if len(lines) > 300 and REASON not in "\n".join(lines[:10]):
            long[path.relative_to(ROOT).as_posix()] = len(lines)
    assert not long, f"Split, or say within 10 lines: {REASON} ..."


@pytest.mark.parametrize("package", FOLDERS)
def test_packages_do_not_import_each_other(package):
    for name, path in modules_of(FOLDERS[package]).items():
        if f"{package}/{path.name}" in COMPOSING:
            continue
        for other in FOLDERS:
            if other != package:
                assert not internal_imports(path, other), (name, other)


@pytest.mark.parametrize("package", FOLDERS)
def test_no_circle_of_imports(package):
    modules = modules_of(FOLDERS[package])
    graph = {
        name: internal_imports(path, package) & set(modules)
        for name, path in modules.items()
        if not name.startswith("__")
    }
    assert circles(graph) == []


def test_files_of_keras_sparse_import_from_the_ground_up():
    rank = {
        name: number
        for number, names in enumerate(LAYERS.values())
        for name in names.split()
    }
    modules = modules_of(FOLDERS["keras_sparse"])
    modules.pop("__init__")
    assert sorted(rank) == sorted(modules), "Put each file into LAYERS."
    wrong = [
        f"{name} (of {list(LAYERS)[rank[name]]}) imports {other}"
        for name, path in modules.items()
        for other in internal_imports(path, "keras_sparse")
        if rank[other] > rank[name]
    ]
    assert not wrong


def test_nothing_private_of_keras_or_tensorflow_is_imported():
    for path in source_files():
        assert not private_imports(path), path


def test_circles_are_found():
    assert circles({"a": {"b"}, "b": {"c"}, "c": set()}) == []
    assert circles({"a": {"b"}, "b": {"c"}, "c": {"a"}}) == [["a", "b", "c"]]


@pytest.mark.parametrize(
    "line, private",
    [
        ("import keras.src.layers", {"keras.src.layers"}),
        ("from keras.src import layers", {"keras.src"}),
        (
            "from tensorflow.python.eager import context",
            {"tensorflow.python.eager"},
        ),
        ("import tensorflow as tf\ntf.python.x", {"tf.python"}),
        ("import tensorflow as tf\ntf.__internal__.x", {"tf.__internal__"}),
        ("from keras import ops, _private", {"keras._private"}),
        ("import keras\nkeras.__version__", set()),
    ],
)
def test_private_imports_are_found(line, private, tmp_path):
    path = tmp_path / "module.py"
    path.write_text(line)
    assert private_imports(path) == private
