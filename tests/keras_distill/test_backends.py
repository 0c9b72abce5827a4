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
    "assignment",
    "cache_attach",
    "cache_bad_input",
    "cache_teacher",
    "cached_distillation",
    "class_logits",
    "classifier",
    "config",
    "diversity",
    "labels",
    "losses",
    "metrics",
    "saving",
    "soft_targets",
]
# Quick, and each law: blocks, formula, invariance, gradient, shift, labels.
QUICK = [
    "test_cached_distillation.py::test_student_equals_the_one_of_a_distiller",
    "test_class_logits.py::test_softmax_of_class_logits_sums_the_subclasses"
    "[2-10]",
    "test_diversity.py::test_mean_is_the_formula_of_the_authors[shape0-0.3]",
    "test_diversity.py::test_collapse_is_zero[1.0]",
    "test_diversity.py::test_scaling_and_shifting_an_example_changes_nothing",
    "test_diversity.py::test_equal_clusters_on_a_simplex_reach_the_known_value",
    "test_labels.py::test_compiled_by_xla_the_loss_and_its_gradient_are_nan[2]",
    "test_saving.py::test_distillation_losses_come_back_compiled[loss0]",
    "test_soft_targets.py::test_gradient_is_the_difference_of_the_softmaxes"
    "[4.0]",
    "test_soft_targets.py::test_a_gap_of_30_has_the_full_gradient",
    "test_soft_targets.py::test_shifting_the_students_logits_changes_nothing"
    "[5.0]",
]


@pytest.mark.parametrize("backend", ["jax", "torch"])
def test_the_maths_on_another_backend(backend):
    passes_on(backend, FOLDER, QUICK)


@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("backend", ["jax", "torch"])
def test_every_neutral_test_on_another_backend(backend):
    passes_on(backend, FOLDER, [f"test_{name}.py" for name in NEUTRAL])
