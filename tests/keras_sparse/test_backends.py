"""The tests that name no backend pass on JAX, and on PyTorch where it is.

A process has one backend, so they run in a process of their own.
"""

import pathlib

import keras
import pytest
from other_backends import passes_on

FOLDER = pathlib.Path(__file__).parent
pytestmark = pytest.mark.skipif(
    keras.backend.backend() != "tensorflow", reason="runs inside this very test"
)
NEUTRAL = [
    "acdc",
    "bad_input",
    "bad_methods",
    "budgets",
    "config",
    "deepr",
    "device_profiles",
    "dsr",
    "every_method",
    "execution",
    "granet",
    "layers",
    "lottery",
    "model_files",
    "moving_totals",
    "optimizers",
    "patterns",
    "random_draws",
    "rigl_traces",
    "saliency_bad_input",
    "saliency_cases",
    "saliency_derivatives",
    "saliency_inputs",
    "saliency_masks",
    "saliency_synflow",
    "saving",
    "schedules",
    "selection",
    "slots",
    "snfs",
    "straight_through",
    "topk",
    "topology",
]
# Quick, and each kind of step: counts, traces, slots, resuming, compiled.
RESUMING = "test_saving.py::test_resuming_from_a_file_gives_identical_losses"
QUICK = [
    "test_execution.py::test_jit_compile_changes_nothing[adam-rigl]",
    "test_execution.py::test_jit_compile_changes_nothing[accumulating-top_kast]",
    "test_layers.py::test_counts_and_zeros_are_exact_after_every_step"
    "[functional-rigl]",
    "test_optimizers.py::test_accumulated_steps_equal_one_step_with_the_mean_"
    "gradient",
    "test_random_draws.py::test_random_scores_are_the_murmur_finaliser",
    "test_rigl_traces.py",
    f"{RESUMING}[adam-set-subclassed]",
    "test_topk.py::test_equals_jaxpruner",
    "test_topology.py::test_drop_and_grow_equals_the_authors",
]


@pytest.mark.parametrize("backend", ["jax", "torch"])
def test_the_engine_on_another_backend(backend):
    passes_on(backend, FOLDER, QUICK)


@pytest.mark.slow
@pytest.mark.timeout(3600)  # a thousand tests behind one
@pytest.mark.parametrize("backend", ["jax", "torch"])
def test_every_neutral_test_on_another_backend(backend):
    passes_on(backend, FOLDER, [f"test_{name}.py" for name in NEUTRAL])
