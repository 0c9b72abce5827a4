"""Interpolation on the sphere: end points to the bit, and no NaN."""

import numpy as np
import pytest
import tensorflow as tf

import keras_latent as kl

RANDOM = np.random.default_rng(0)


def rows(count=200, size=7, dtype="float32"):
    return RANDOM.normal(size=(2, count, size)).astype(dtype)


def by_hand(a, b, t, norms):
    sizes = np.linalg.norm(a), np.linalg.norm(b)
    a, b = a / sizes[0], b / sizes[1]
    angle = np.arccos(a @ b)
    result = np.sin((1 - t) * angle) * a + np.sin(t * angle) * b
    size = 1 if norms == "unit" else (1 - t) * sizes[0] + t * sizes[1]
    return size * result / np.sin(angle)


@pytest.mark.parametrize("norms", ["linear", "unit"])
def test_it_is_the_formula(norms):
    a, b = rows(dtype="float64")
    t = RANDOM.uniform(-0.2, 1.2, size=200)
    expected = [by_hand(*case, norms) for case in zip(a, b, t, strict=True)]
    for shaped in (t, t[:, None]):
        found = kl.slerp(a, b, shaped, norms)
        np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-12)
    halfway = kl.slerp(a, b, 0.5, norms)
    assert halfway.dtype == "float64"
    np.testing.assert_allclose(
        halfway[3], by_hand(a[3], b[3], 0.5, norms), rtol=1e-10
    )


def pairs(kind, dtype):
    a, b = rows(dtype=dtype)
    b = {
        "any": b,
        "equal": a,
        "parallel": 3 * a,
        "opposite": -a,
        "nearly opposite": -a + b * np.asarray(1e-6, dtype),
        "nearly equal": a + b * np.asarray(1e-6, dtype),
    }[kind]
    return a, b


KINDS = [
    "any",
    "equal",
    "parallel",
    "opposite",
    "nearly opposite",
    "nearly equal",
]


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
@pytest.mark.parametrize("kind", KINDS)
def test_end_points_are_exact_to_the_bit(kind, dtype):
    a, b = pairs(kind, dtype)
    for t, end in ((0.0, a), (1.0, b)):
        np.testing.assert_array_equal(kl.slerp(a, b, t), end)
        if dtype != "float16":
            size = np.asarray(tf.norm(end, axis=-1, keepdims=True))
            np.testing.assert_array_equal(kl.slerp(a, b, t, "unit"), end / size)


@pytest.mark.parametrize("jit", [False, True])
def test_end_points_are_exact_in_compiled_functions(jit):
    go = tf.function(kl.slerp, jit_compile=jit)
    for kind in KINDS:
        a, b = pairs(kind, "float32")
        t = np.repeat(np.float32([0, 1]), 100)
        ends = np.concatenate([a[:100], b[100:]])
        np.testing.assert_array_equal(go(a, b, t), ends)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("t", [0.25, 0.5, 0.9])
def test_norms_go_linearly_and_nothing_is_nan(kind, t):
    a, b = pairs(kind, "float32")
    found = kl.slerp(a, b, t)
    expected = (1 - t) * np.linalg.norm(a, axis=1)
    expected += t * np.linalg.norm(b, axis=1)
    np.testing.assert_allclose(np.linalg.norm(found, axis=1), expected, 1e-4)
    unit = kl.slerp(a, b, t, norms="unit")
    np.testing.assert_allclose(np.linalg.norm(unit, axis=1), 1.0, 1e-4)


def test_opposite_rows_are_joined_by_a_half_circle():
    a = rows(dtype="float64")[0]
    a /= np.linalg.norm(a, axis=1, keepdims=True)
    points = [kl.slerp(a, -a, t, "unit").numpy() for t in np.linspace(0, 1, 19)]
    steps = [
        np.sum(here * there, axis=1)
        for here, there in zip(points[:-1], points[1:], strict=True)
    ]
    np.testing.assert_allclose(steps, np.cos(np.pi / 18), rtol=1e-10)


@pytest.mark.parametrize("kind", KINDS)
def test_gradients_are_finite(kind):
    a, b = map(tf.constant, pairs(kind, "float64"))
    with tf.GradientTape() as tape:
        tape.watch([a, b])
        found = tf.reduce_sum(kl.slerp(a, b, 0.3))
    for gradient in tape.gradient(found, [a, b]):
        assert np.isfinite(gradient).all()


@pytest.mark.parametrize(
    "change, message",
    [
        ({"b": np.ones((3, 4))}, "`a` and `b` must have the same dtype"),
        ({"b": np.ones((2, 3), "float32")}, "float64 .2, 3. and float32"),
        ({"a": np.ones((2, 1)), "b": np.ones((2, 1))}, "d from 2"),
        ({"a": np.array([[1.0, 0, 0], [0, 0, 0]])}, "`a` must have no row"),
        ({"t": np.ones((2, 3))}, "`t` must be a number"),
        ({"t": np.ones((2, 1, 1))}, "`t` must be a number"),
        ({"norms": "none"}, "`norms`"),
    ],
)
def test_bad_arguments_are_refused(change, message):
    good = dict(a=np.ones((2, 3)), b=np.eye(2, 3), t=0.5)
    with pytest.raises(ValueError, match=message):
        kl.slerp(**{**good, **change})
