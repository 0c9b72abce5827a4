"""Masks of what a direction leaves alone, and a network that learns them."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import keras_latent as kl
from keras_latent.otsu_threshold import otsu_threshold

NAMES = ["background", "horizontal", "hue"]
DIRECTIONS = kl.Directions(np.eye(3), NAMES)


def fading(z):
    """Shapes whose background goes from black to white with z[:, 0]."""
    return drawing(z)[0]


def drawing(z):
    z = tf.cast(z, "float32")
    middle = tf.fill((len(z),), 0.5)
    places = tf.sigmoid(z[:, 1])
    hues = tf.sigmoid(z[:, 2])
    factors = tf.stack([hues, middle, places, middle, middle], axis=1)
    return kl.render_shapes(factors, 24, 0.9 * tf.sigmoid(z[:, 0]))


def latents(count=12, seed=0):
    draw = np.random.default_rng(seed)
    return draw.normal(size=(count, 3)).astype("float32")


@pytest.mark.parametrize("k", [0, "background"])
@pytest.mark.parametrize("threshold", [None, 0.6])
def test_what_stays_before_a_fading_background_is_the_object(k, threshold):
    z = latents()
    found = kl.saliency_masks(fading, DIRECTIONS, k, z, threshold=threshold)
    images, truth = drawing(z)
    np.testing.assert_allclose(found.images, images, atol=1e-6)
    np.testing.assert_array_equal(found.rows, np.arange(12))
    assert kl.mask_iou(found.masks, truth).mean() > 0.95
    assert found.masks.dtype == np.int32 and set(found.masks.flat) == {0, 1}


def test_the_sign_of_the_direction_does_not_matter():
    z, turned = latents(), kl.Directions(-np.eye(3))
    one = kl.saliency_masks(fading, DIRECTIONS, 0, z).masks
    two = kl.saliency_masks(fading, turned, 0, z).masks
    np.testing.assert_array_equal(one, two)


def test_what_changes_is_the_object_of_a_direction_of_its_hue():
    z = latents()
    found = kl.saliency_masks(fading, DIRECTIONS, "hue", z, changes="object")
    truth = drawing(z)[1]
    assert kl.mask_iou(found.masks, truth).mean() > 0.95


def test_a_fixed_threshold_is_the_authors_mask():
    """Their lines, in NumPy: signed means, brought to [0, 1], below .6."""
    z, shift = latents(), 4.0
    step = shift / 2 * np.eye(3)[0]
    low, high = (np.mean(fading(z + s * step), -1) for s in (-1, 1))
    difference = high - low
    expected = []
    for each in difference:
        scaled = (each - each.min()) / (each.max() - each.min())
        expected.append(scaled < 0.6)
    found = kl.saliency_masks(fading, DIRECTIONS, 0, z, shift, 0.6)
    np.testing.assert_array_equal(found.masks, expected)


def test_batches_change_nothing():
    z = latents()
    whole = kl.saliency_masks(fading, DIRECTIONS, 0, z)
    parts = kl.saliency_masks(fading, DIRECTIONS, 0, z, batch_size=5)
    np.testing.assert_array_equal(whole.masks, parts.masks)
    np.testing.assert_allclose(whole.images, parts.images, atol=1e-6)


def test_masks_of_another_area_are_left_out_and_rows_tell():
    def sized(z):
        factors = tf.fill((len(z), 4), 0.5)
        sizes = tf.sigmoid(z[:, 1:2])
        factors = tf.concat([factors, sizes], axis=1)
        return kl.render_shapes(factors, 32, tf.sigmoid(z[:, 0]))[0]

    z = np.array([[0, -9, 0], [0, 9, 0], [0, 0, 0]], "float32")
    found = kl.saliency_masks(sized, DIRECTIONS, 0, z, area=(0.03, 0.06))
    assert found.rows.tolist() == [2] and len(found.masks) == 1
    with pytest.raises(ValueError, match="`area`.*0.5.*cover from 0.0"):
        kl.saliency_masks(sized, DIRECTIONS, 0, z, area=(0.5, 1))


def test_conditioning_goes_with_its_latent_points():
    def conditioned(z, shift, scale):
        return fading(z * scale + shift)

    z, shift = latents(5), latents(5, seed=1)
    found = kl.saliency_masks(
        conditioned,
        DIRECTIONS,
        0,
        z,
        conditioning={"shift": shift, "scale": 0.5},
        batch_size=2,
    )
    expected = fading(0.5 * z + shift)
    np.testing.assert_allclose(found.images, expected, atol=1e-6)


def same(z):
    return tf.zeros((len(z), 8, 8, 1)) + z[:, :1, None, None]


@pytest.mark.parametrize(
    "options, words",
    [
        (dict(shift=0), "`shift`"),
        (dict(threshold=1.5), "`threshold`"),
        (dict(changes="colour"), "`changes`"),
        (dict(area=(0.5, 0.5)), "`area`"),
        (dict(batch_size=0), "`batch_size`"),
        (dict(k="depth"), "`k`.*'depth'"),
        (dict(z=np.zeros((2, 4))), r"`z`.*\(2, 4\)"),
        (dict(generator=same), r"`directions`.*\[0, 1, 2, 3, 4\]"),
        (dict(generator=lambda z: z), r"`generator`.*\(12, 3\)"),
        (dict(generator=lambda z: np.nan * same(z)), "`generator`.*NaN"),
    ],
    ids=range(10),
)
def test_bad_input_is_named(options, words):
    given = dict(generator=fading, directions=DIRECTIONS, k=0, z=latents())
    with pytest.raises(ValueError, match=words):
        kl.saliency_masks(**{**given, **options})


def test_iou_is_the_share_of_the_union_of_each_image():
    masks = np.array([[[1, 1, 0, 0]], [[0, 0, 0, 0]], [[2, 0, 0, 0]]])
    truth = np.array([[[0, 3, 3, 0]], [[0, 0, 0, 0]], [[0, 0, 0, 1]]])
    assert kl.mask_iou(masks, truth).tolist() == [1 / 3, 1, 0]
    with pytest.raises(ValueError, match=r"`truth`.*\(3, 1, 4\).*\(2, 1, 4\)"):
        kl.mask_iou(masks, truth[:2])


@pytest.mark.parametrize("seed", range(5))
def test_otsu_leaves_the_least_variance_within_groups(seed):
    draw = np.random.default_rng(seed)
    values = np.concatenate([draw.normal(0, 1, 80), draw.normal(4, 0.5, 30)])
    edges = np.histogram_bin_edges(values, 64)
    middles = (edges[1:] + edges[:-1]) / 2
    binned = middles[np.clip(np.digitize(values, edges) - 1, 0, 63)]

    def within(edge):
        groups = binned[binned < edge], binned[binned >= edge]
        return sum(len(group) * group.var() for group in groups)

    least = min(map(within, edges[1:-1]))
    assert within(otsu_threshold(values, 64)) == pytest.approx(least)


@pytest.mark.parametrize("values", [[1.0, 1.0], [0.0, np.nan], []], ids=str)
def test_otsu_needs_numbers_that_differ(values):
    with pytest.raises(ValueError, match="`values`"):
        otsu_threshold(values)


def test_the_network_learns_masks_and_comes_back_from_a_file(tmp_path):
    data = kl.shapes(128, 16, seed=1)
    network = kl.segmentation_network((16, 16, 3), width=4, depth=1, seed=0)
    keras.utils.set_random_seed(0)
    masks = data.masks > 0
    network.fit(data.images, masks, batch_size=8, epochs=8, verbose=0)
    test = kl.shapes(64, 16, seed=2)
    logits = network.predict(test.images, verbose=0)
    found = kl.mask_iou(logits.argmax(-1), test.masks).mean()
    assert found > 0.7
    network.save(tmp_path / "network.keras")
    again = keras.models.load_model(tmp_path / "network.keras")
    np.testing.assert_allclose(
        again.predict(test.images, verbose=0), logits, atol=1e-5
    )


def test_seeds_of_the_network_decide_its_weights():
    one, two, other = (
        kl.segmentation_network((8, 8, 1), width=2, seed=seed).get_weights()
        for seed in (3, 3, 4)
    )
    assert all(np.array_equal(a, b) for a, b in zip(one, two, strict=True))
    assert not np.array_equal(one[0], other[0])


@pytest.mark.parametrize(
    "options, words",
    [
        (dict(image_shape=(30, 32, 3)), "`image_shape`.*multiples of 4"),
        (dict(image_shape=(32, 32)), "`image_shape`"),
        (dict(image_shape=(None, 32, 3)), "`image_shape`"),
        (dict(depth=6), "`image_shape`.*multiples of 64"),
        (dict(num_classes=1), "`num_classes`"),
        (dict(width=0), "`width`"),
    ],
    ids=range(6),
)
def test_bad_networks_are_named(options, words):
    with pytest.raises(ValueError, match=words):
        kl.segmentation_network(**{"image_shape": (32, 32, 3), **options})
