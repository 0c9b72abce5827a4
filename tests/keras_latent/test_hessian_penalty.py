"""The penalty's closed forms, with Hessians that are known."""

import itertools

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

import keras_latent as kl

RANDOM = np.random.default_rng(0)
SIZE, OUTPUTS = 6, 3
HESSIANS = RANDOM.normal(size=(OUTPUTS, SIZE, SIZE))
HESSIANS = HESSIANS + HESSIANS.transpose(0, 2, 1)
OFF_DIAGONAL = (HESSIANS**2 * (1 - np.eye(SIZE))).sum(axis=(1, 2))
ALL_SIGNS = np.array(list(itertools.product([-1.0, 1.0], repeat=SIZE)))
POINTS = tf.constant(RANDOM.normal(size=(4, SIZE)))  # float64


def quadratic(z):
    """z' H z / 2 for each of the Hessians."""
    matrices = tf.constant(HESSIANS, z.dtype)
    return tf.einsum("bi,oij,bj->bo", z, matrices, z) / 2


def separable(z):
    """Each output a sum of curved functions of single numbers of z."""
    parts = [tf.sin(z), tf.exp(z / 4), z**3]
    return tf.stack([tf.reduce_sum(part, -1) for part in parts], -1)


def enumerated(rows, dtype="float64"):
    signs = np.repeat(ALL_SIGNS[:, None], rows, axis=1)
    return tf.constant(signs, dtype)


@pytest.mark.parametrize("reduction", [None, "max", "mean", "sum"])
def test_all_vectors_of_signs_give_twice_the_squares_off_the_diagonal(
    reduction,
):
    found = kl.hessian_penalty(
        quadratic,
        POINTS,
        reduction=reduction,
        unbiased=False,
        vectors=enumerated(len(POINTS)),
    )
    expected = np.broadcast_to(2 * OFF_DIAGONAL, (len(POINTS), OUTPUTS))
    reduce = {None: np.asarray, "max": np.max, "mean": np.mean, "sum": np.sum}
    expected = reduce[reduction](expected)
    np.testing.assert_allclose(found, expected, rtol=1e-9)


@pytest.mark.parametrize("num_vectors", [2, 5])
def test_the_mean_of_the_estimates_is_right_whatever_their_vectors(num_vectors):
    points = tf.zeros((20_000, SIZE))
    found = kl.hessian_penalty(
        quadratic, points, num_vectors, reduction=None, seed=1
    )
    ratio = np.mean(found, axis=0) / (2 * OFF_DIAGONAL)
    assert np.all((0.97 < ratio) & (ratio < 1.03))


def test_products_have_the_penalties_of_the_authors_example():
    def products(z):
        return tf.stack([z[:, 0] * z[:, 1], z[:, 0] ** 2 * z[:, 1]], -1)

    z = tf.constant(RANDOM.normal(size=(5, 2)))
    signs = list(itertools.product([-1.0, 1.0], repeat=2))
    signs = tf.repeat(tf.constant(signs, "float64")[:, None], 5, axis=1)
    found = kl.hessian_penalty(
        products, z, epsilon=1e-3, reduction=None, unbiased=False, vectors=signs
    )
    expected = np.stack([np.full(5, 4.0), 16 * z[:, 0].numpy() ** 2], -1)
    np.testing.assert_allclose(found, expected, rtol=1e-5)


@pytest.mark.parametrize("num_vectors", [2, 3, 8])
def test_the_biased_variance_is_a_known_share_of_the_unbiased(num_vectors):
    options = dict(num_vectors=num_vectors, reduction="sum", seed=3)
    unbiased = kl.hessian_penalty(quadratic, POINTS, **options)
    biased = kl.hessian_penalty(quadratic, POINTS, unbiased=False, **options)
    share = (num_vectors - 1) / num_vectors
    np.testing.assert_allclose(biased, share * unbiased, rtol=1e-12)


@pytest.mark.parametrize("dtype, zero", [("float64", 1e-18), ("float32", 1e-5)])
def test_a_separable_function_has_no_penalty(dtype, zero):
    found = kl.hessian_penalty(separable, tf.cast(POINTS, dtype))
    assert float(found) < zero


def test_one_estimate_is_that_of_a_reference_in_numpy():
    network = keras.Sequential(
        [keras.Input((3,)), layers.Dense(8, "tanh"), layers.Dense(2)]
    )
    z = RANDOM.normal(size=(5, 3)).astype("float32")
    vectors = RANDOM.choice([-1.0, 1.0], size=(4, 5, 3)).astype("float32")
    epsilon, second = 0.5, []
    for vector in vectors:
        ahead, here, behind = (
            np.asarray(network(z + step * vector), "float64")
            for step in (epsilon, 0.0, -epsilon)
        )
        second.append((ahead - 2 * here + behind) / epsilon**2)
    expected = np.var(second, axis=0, ddof=1).max()
    found = kl.hessian_penalty(network, z, epsilon=epsilon, vectors=vectors)
    np.testing.assert_allclose(found, expected, rtol=1e-4)


def test_gradients_of_weights_and_points_are_those_of_small_steps():
    weight = tf.Variable([[0.7], [-0.4]], dtype="float64")
    z = tf.Variable(RANDOM.normal(size=(3, 2)))
    signs = tf.constant(RANDOM.choice([-1.0, 1.0], size=(3, 3, 2)))

    def penalty():
        return kl.hessian_penalty(
            lambda z: tf.tanh(z @ weight),
            tf.convert_to_tensor(z),
            reduction="sum",
            vectors=signs,
        )

    with tf.GradientTape() as tape:
        value = penalty()
    for variable, slope in zip(
        (weight, z), tape.gradient(value, (weight, z)), strict=True
    ):
        values, step = variable.numpy(), 1e-5
        for place in np.ndindex(values.shape):
            moved = []
            for sign in (1, -1):
                shifted = values.copy()
                shifted[place] += sign * step
                variable.assign(shifted)
                moved.append(float(penalty()))
            variable.assign(values)
            expected = (moved[0] - moved[1]) / (2 * step)
            np.testing.assert_allclose(slope[place], expected, rtol=1e-4)


def layered():
    return keras.Sequential(
        [
            keras.Input((3,)),
            layers.Dense(4, "tanh", name="first"),
            layers.Dense(4, "tanh", name="second"),
            layers.Dense(2, name="last"),
        ]
    )


def test_several_layers_are_summed_or_kept_apart():
    network, z = layered(), RANDOM.normal(size=(5, 3))
    options = dict(layers=["first", "second"], seed=2)
    apart = kl.hessian_penalty(network, z, separately=True, **options)
    summed = kl.hessian_penalty(network, z, **options)
    assert len(apart) == 2 and float(min(apart)) > 0
    np.testing.assert_allclose(summed, sum(apart), rtol=1e-6)

    def both(z):
        first = network.layers[0](z)
        return [first, network.layers[1](first)]

    np.testing.assert_allclose(
        summed, kl.hessian_penalty(both, z, seed=2), rtol=1e-6
    )


def test_a_centre_that_is_known_saves_a_call_and_changes_nothing():
    network, calls = layered(), []

    def counted(z):
        calls.append(z)
        return network(z)

    z = tf.constant(RANDOM.normal(size=(5, 3)), "float32")
    whole = kl.hessian_penalty(counted, z, num_vectors=3)
    assert len(calls) == 2 * 3 + 1
    centre = network(z)
    found = kl.hessian_penalty(counted, z, num_vectors=3, centre=centre)
    assert len(calls) == 2 * 3 + 1 + 2 * 3
    assert float(found) == float(whole)


def test_a_model_is_called_in_inference_mode_and_stays_as_it_is():
    network = keras.Sequential(
        [
            keras.Input((3,)),
            layers.Dense(8, "tanh"),
            layers.BatchNormalization(),
            layers.Dropout(0.5),
        ]
    )
    before = network.get_weights()
    z = RANDOM.normal(size=(5, 3))
    one, again = (float(kl.hessian_penalty(network, z)) for _ in range(2))
    assert one == again > 0
    for old, new in zip(before, network.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)


def test_conditioning_reaches_every_call():
    def scaled(z, scale, bias):
        return scale * quadratic(z) + bias

    plain = kl.hessian_penalty(quadratic, POINTS)
    conditioning = {"scale": 3.0, "bias": tf.ones((4, 1), "float64")}
    found = kl.hessian_penalty(scaled, POINTS, conditioning=conditioning)
    same = kl.hessian_penalty(scaled, POINTS, **conditioning)
    np.testing.assert_array_equal(found, same)
    np.testing.assert_allclose(found, 9 * plain, rtol=1e-9)


def test_a_graph_of_unknown_batch_gives_the_same():
    network = layered()

    @tf.function(input_signature=[tf.TensorSpec((None, 3))])
    def penalty(z):
        return kl.hessian_penalty(network, z, reduction="mean")

    z = tf.constant(RANDOM.normal(size=(5, 3)), "float32")
    eager = kl.hessian_penalty(network, z, reduction="mean")
    np.testing.assert_allclose(penalty(z), eager, rtol=1e-3)

    @tf.function
    def given(z, vectors):
        return kl.hessian_penalty(quadratic, z, vectors=vectors)

    signs = enumerated(len(POINTS))
    expected = kl.hessian_penalty(quadratic, POINTS, vectors=signs)
    np.testing.assert_allclose(given(POINTS, signs), expected, rtol=1e-9)


def test_the_seed_makes_the_vectors():
    found = [
        float(kl.hessian_penalty(quadratic, POINTS, seed=seed))
        for seed in (0, 0, 1)
    ]
    assert found[0] == found[1] != found[2]


@pytest.mark.parametrize("epsilon, warns", [(0.1, True), (1.0, False)])
def test_a_step_that_half_precision_rounds_away_is_told(epsilon, warns):
    half = keras.Sequential(
        [keras.Input((3,)), layers.Dense(2, dtype="mixed_float16")],
    )
    half.dtype_policy = keras.DTypePolicy("mixed_float16")
    z = np.ones((2, 3), "float16")
    if warns:
        with pytest.warns(UserWarning, match="`epsilon`=0.1 .* float16"):
            kl.hessian_penalty(half, z, epsilon=epsilon)
    else:
        assert kl.hessian_penalty(half, z, epsilon=epsilon).dtype == "float32"


def two(z):
    return [z, z**2]


@pytest.mark.parametrize(
    "wanted, change",
    [
        ("`num_vectors`", dict(num_vectors=1)),
        ("`epsilon`", dict(epsilon=0.0)),
        ("`epsilon`", dict(epsilon=float("nan"))),
        ("`reduction`", dict(reduction="median")),
        ("`seed`", dict(seed=-1)),
        ("`generator`", dict(generator="model.keras")),
        ("`generator`.*row", dict(generator=lambda z: z[:2])),
        ("`generator`.*row", dict(generator=tf.reduce_sum)),
        ("`centre`.*row", dict(centre=tf.ones((3, 2)))),
        ("`centre`.*shapes", dict(centre=tf.ones((4, 2)))),
        ("`centre`.*shapes", dict(centre=[POINTS, POINTS])),
        ("`z`", dict(z=[1.0, 2.0])),
        ("`vectors`", dict(vectors=tf.ones((1, 4, SIZE)))),
        ("`vectors`", dict(vectors=tf.ones((3, 4, SIZE + 1)))),
        ("`layers`.*first", dict(generator=layered(), layers=["third"])),
        ("`layers`.*at least one", dict(generator=layered(), layers=[])),
        ("`layers`.*function", dict(layers=["first"])),
        ("`separately`", dict(generator=two, reduction=None)),
    ],
)
def test_bad_input_is_told(wanted, change):
    given = dict(generator=quadratic, z=POINTS) | change
    with pytest.raises(ValueError, match=f"(?s){wanted}.*Received"):
        kl.hessian_penalty(**given)
