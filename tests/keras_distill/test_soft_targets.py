"""Distillation has the exact gradient, at any logit gap."""

import keras
import numpy as np
import pytest
from gradients import gradient
from numpy.testing import assert_allclose

import keras_distill as kd
from keras_distill.soft_targets import soft_target_crossentropy


def draw(*shape, seed=0):
    return (2 * np.random.default_rng(seed).normal(size=shape)).astype(
        "float32"
    )


def softmax(logits):
    powers = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return powers / powers.sum(axis=-1, keepdims=True)


def crossentropy(teacher, student, temperature):
    teacher, student = np.float64(teacher), np.float64(student)
    targets = softmax(teacher / temperature)
    logs = np.log(softmax(student / temperature))
    return -(targets * logs).sum(axis=-1) * temperature**2


@pytest.mark.parametrize("temperature", [0.5, 1.0, 4.0, 20.0])
def test_equals_the_formula_in_double_precision(temperature):
    teacher, student = draw(6, 5), draw(6, 5, seed=1)
    found = soft_target_crossentropy(teacher, student, temperature)
    found = keras.ops.convert_to_numpy(found)
    expected = crossentropy(teacher, student, temperature)
    assert_allclose(found, expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("temperature", [0.5, 1.0, 4.0])
def test_gradient_is_the_difference_of_the_softmaxes(temperature):
    teacher, student = draw(6, 5), draw(6, 5, seed=1)
    loss = kd.SubclassDistillation(temperature)
    found = gradient(lambda z: loss(teacher, z), student)
    gap = softmax(student / temperature) - softmax(teacher / temperature)
    assert_allclose(found, temperature * gap / len(teacher), atol=1e-5)


def test_a_gap_of_30_has_the_full_gradient():
    loss = kd.SubclassDistillation(1.0)
    found = gradient(lambda z: loss([[0.0, 30.0]], z), [[30.0, 0.0]])
    assert_allclose(found, [[1.0, -1.0]], atol=1e-6)
    assert_allclose(float(loss([[0.0, 30.0]], [[30.0, 0.0]])), 30.0, rtol=1e-6)


@pytest.mark.parametrize("shift", [5.0, -1e4])
def test_shifting_the_students_logits_changes_nothing(shift):
    teacher, student = draw(6, 5), draw(6, 5, seed=1)
    student = np.round(student * 64) / 64  # exact after the shift
    loss = kd.SubclassDistillation(4.0)
    moved, plain = loss(teacher, student + shift), loss(teacher, student)
    assert_allclose(float(moved), float(plain), atol=1e-5)


def test_the_teacher_gets_no_gradient():
    student = draw(3, 4)

    def both(logits):
        loss = kd.SubclassDistillation(2.0)(logits, student)
        return loss + 0.0 * keras.ops.sum(logits)

    assert not gradient(both, draw(3, 4, seed=1)).any()


def test_least_where_the_student_is_the_teacher():
    teacher = draw(3, 4)
    loss = kd.SubclassDistillation(4.0)
    assert np.abs(gradient(lambda z: loss(teacher, z), teacher)).max() < 1e-6
    assert float(loss(teacher, teacher)) < float(loss(teacher, 1.1 * teacher))


def test_half_precision_is_finite_where_keras_is_not():
    teacher, student = draw(4, 6), draw(4, 6, seed=1)
    halves = [(50 * z).astype("float16") for z in (teacher, student)]
    found = keras.ops.convert_to_numpy(soft_target_crossentropy(*halves, 4.0))
    expected = crossentropy(*halves, 4.0)
    assert_allclose(found, expected, rtol=1e-5)


def test_class_distillation_compares_sums_of_subclasses():
    teacher, student = draw(5, 6), draw(5, 2, seed=1)
    found = kd.LogitsDistillation(3.0, num_classes=2)(teacher, student)
    sums = softmax(teacher).reshape(5, 2, 3).sum(axis=-1)
    expected = crossentropy(np.log(sums), student, 3.0).mean()
    assert_allclose(float(found), expected, rtol=1e-5)


def test_without_classes_both_losses_agree():
    teacher, student = draw(5, 6), draw(5, 6, seed=1)
    found = float(kd.LogitsDistillation(4.0)(teacher, student))
    assert found == float(kd.SubclassDistillation(4.0)(teacher, student))


def test_sample_weights_weigh_examples():
    teacher, student = draw(4, 6), draw(4, 6, seed=1)
    weights = np.array([0.0, 1.0, 2.0, 5.0])
    found = kd.SubclassDistillation(4.0)(teacher, student, weights)
    expected = (weights * crossentropy(teacher, student, 4.0)).mean()
    assert_allclose(float(found), expected, rtol=1e-5)


def test_keras_own_interface_gives_the_same():
    teacher, student = draw(4, 6), draw(4, 6, seed=1)
    for loss in (kd.SubclassDistillation(2.0), kd.LogitsDistillation(2.0)):
        assert isinstance(loss, keras.distillation.DistillationLoss)
        assert float(loss.compute_loss(teacher, student)) == float(
            loss(teacher, student)
        )


@pytest.mark.parametrize("temperature", [0, -1.0, np.inf, np.nan, None])
@pytest.mark.parametrize(
    "loss", [kd.SubclassDistillation, kd.LogitsDistillation]
)
def test_the_temperature_is_positive(loss, temperature):
    with pytest.raises(ValueError, match="`temperature` must be .*greater"):
        loss(temperature)


@pytest.mark.parametrize(
    "teacher, student", [((4, 6), (4, 2)), ((1, 6), (4, 6)), ((6,), (4, 6))]
)
def test_shapes_must_agree(teacher, student):
    with pytest.raises(ValueError, match="Teacher and student must .*same sha"):
        kd.SubclassDistillation()(draw(*teacher), draw(*student))


def test_class_distillation_takes_a_class_count_that_divides():
    with pytest.raises(ValueError, match="`num_classes` must be an int"):
        kd.LogitsDistillation(num_classes=0)
    with pytest.raises(ValueError, match="multiple of `num_classes`"):
        kd.LogitsDistillation(num_classes=4)(draw(3, 6), draw(3, 4))
