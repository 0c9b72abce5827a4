"""Swap accuracy, reconstruction error and the classifier that judges."""

import keras
import numpy as np
import pytest

import keras_latent as kl

LABELS = np.array([0, 1, 2, 0, 1, 0])
DATA = np.eye(3)[LABELS], LABELS


def copy(x):
    return np.array(x)


def told(inputs):
    """A decoder that draws the label it is told."""
    return inputs[1]


def kept(inputs):
    """A decoder that draws what the code holds."""
    return inputs[0]


def told_unless_two(inputs):
    """Draws label 0 where it is told label 2."""
    wanted = inputs[1].copy()
    wanted[wanted[:, 2] == 1] = [1, 0, 0]
    return wanted


@pytest.mark.parametrize(
    "decoder, swapped, own", [(told, 1.0, 1.0), (kept, 0.0, 1.0)]
)
def test_a_decoder_that_obeys_scores_1_and_one_that_copies_0(
    decoder, swapped, own
):
    found = kl.swap_accuracy((copy, decoder), copy, DATA)
    assert found.accuracy == float(found) == swapped
    assert found.own_accuracy == own
    assert found.judge_accuracy == 1.0


def test_matrix_is_source_by_target_as_a_loop_counts():
    found = kl.swap_accuracy((copy, told_unless_two), copy, DATA, batch_size=4)
    hits, counts = np.zeros((3, 3), int), np.zeros((3, 3), int)
    for source in LABELS:
        for target in range(3):
            counts[source, target] += 1
            hits[source, target] += target != 2
    np.testing.assert_array_equal(found.hits[0], hits)
    np.testing.assert_array_equal(found.counts[0], counts)
    np.testing.assert_array_equal(found.matrices[0], hits / counts)
    # 12 swaps, of which the five to label 2 fail.
    assert found.accuracy == 7 / 12
    assert found.own_accuracy == 5 / 6


def test_a_pair_without_examples_is_nan_in_the_matrix():
    found = kl.swap_accuracy((copy, told), copy, (np.eye(3)[:2], LABELS[:2]))
    assert np.isnan(found.matrices[0][2]).all()
    assert found.accuracy == 1.0


def test_random_targets_are_the_own_and_one_other_label():
    labels = np.arange(600) % 3
    data = np.eye(3)[labels], labels
    found, again = [
        kl.swap_accuracy((copy, told), copy, data, targets="random", seed=2)
        for _ in range(2)
    ]
    np.testing.assert_array_equal(np.diag(found.counts[0]), [200] * 3)
    np.testing.assert_array_equal(found.counts[0].sum(axis=1), [400] * 3)
    assert found.counts[0].min() > 60
    np.testing.assert_array_equal(found.counts[0], again.counts[0])


def test_of_several_attributes_one_changes_and_the_others_stay():
    table = np.array([[0, 2], [1, 0], [1, 1], [0, 0]])
    images = np.concatenate([np.eye(2)[table[:, 0]], np.eye(3)[table[:, 1]]], 1)
    seen = []

    def decoder(inputs):
        code, wanted = inputs
        seen.append((code, wanted))
        # Obeys the first attribute, copies the second.
        return np.concatenate([wanted[:, :2], code[:, 2:]], axis=1)

    found = kl.swap_accuracy(
        (copy, decoder), copy, (images, table), attribute_sizes=[2, 3]
    )
    assert [m.shape for m in found.matrices] == [(2, 2), (3, 3)]
    assert found.accuracy == 0.5  # mean of 1 and 0
    for code, wanted in seen:
        changed = [
            not np.array_equal(code[:, part], wanted[:, part])
            for part in (slice(0, 2), slice(2, 5))
        ]
        assert sum(changed) <= 1


def test_a_weak_judge_is_refused():
    with pytest.raises(ValueError, match="minimum_judge_accuracy"):
        kl.swap_accuracy((copy, told), lambda x: np.roll(x, 1, 1), DATA)
    found = kl.swap_accuracy(
        (copy, told),
        lambda x: np.roll(x, 1, 1),
        DATA,
        minimum_judge_accuracy=0,
    )
    assert found.judge_accuracy == found.accuracy == 0.0


@pytest.mark.parametrize(
    "model, options, message",
    [
        ((copy, told), {"targets": "most"}, "`targets`"),
        ((copy, told), {"minimum_judge_accuracy": 2}, "`minimum_judge"),
        ((copy, told), {"seed": 0.5}, "`seed`"),
        ((copy, told), {"attribute_sizes": 4}, "`classifier` must give"),
        ((copy, told), {"attribute_sizes": 2}, "`classifier` must give|from 0"),
        (copy, {}, "`model` must be a `Fader`"),
    ],
)
def test_bad_arguments_of_swap_are_refused(model, options, message):
    with pytest.raises(ValueError, match=message):
        kl.swap_accuracy(model, copy, DATA, **options)


def test_several_attributes_need_their_sizes():
    data = DATA[0], np.stack([LABELS, LABELS], axis=1)
    with pytest.raises(ValueError, match="`attribute_sizes` must be given"):
        kl.swap_accuracy((copy, told), copy, data)


def images(seed=0, examples=10):
    random = np.random.default_rng(seed)
    return random.uniform(-1, 1, (examples, 4, 4, 1)).astype("float32")


def test_reconstruction_error_is_the_mean_square_over_all_pixels():
    x, labels = images(), np.arange(10) % 2

    def decoder(inputs):
        code, wanted = inputs
        return code * 0.5 + wanted[:, 1][:, None, None, None]

    expected = np.mean(
        [
            np.mean((image - (0.5 * image + label)) ** 2)
            for image, label in zip(x.astype("float64"), labels, strict=True)
        ]
    )
    found = kl.reconstruction_error(
        (copy, decoder), (x, labels), 2, batch_size=3
    )
    np.testing.assert_allclose(found.error, expected, rtol=1e-6)
    assert float(found) == found.error
    assert found.ratio is None
    assert found.image_range == (x.min(), x.max())


@pytest.mark.parametrize(
    "baseline",
    [0.25, lambda x: x + 0.5, (copy, lambda inputs: inputs[0] + 0.5)],
)
def test_ratio_is_to_a_number_a_model_or_a_pair(baseline):
    data = images(), np.arange(10) % 2
    shifted = copy, lambda inputs: inputs[0] + 1.0
    found = kl.reconstruction_error(shifted, data, 2, baseline)
    np.testing.assert_allclose(found.ratio, 4.0, rtol=1e-5)


@pytest.mark.parametrize(
    "decoder, baseline, message",
    [
        (lambda inputs: inputs[0][..., 0], None, "shape of the images"),
        (lambda inputs: inputs[0] * np.nan, None, "finite numbers"),
        (kept, 0, "`baseline`"),
        (kept, "none", "`baseline` must be a number"),
    ],
)
def test_bad_arguments_of_reconstruction_are_refused(
    decoder, baseline, message
):
    data = images(), np.arange(10) % 2
    with pytest.raises(ValueError, match=message):
        kl.reconstruction_error((copy, decoder), data, 2, baseline)


def test_sizes_are_asked_for_where_they_are_unknown():
    with pytest.raises(ValueError, match="`attribute_sizes`"):
        kl.reconstruction_error((copy, kept), (images(), np.arange(10) % 2))


def test_metrics_of_a_fader_are_those_of_its_networks():
    keras.utils.set_random_seed(3)
    networks = kl.fader_networks((4, 4, 1), 3)
    fader = kl.Fader(*networks)
    x, labels = np.abs(images(examples=12)), np.arange(12) % 3
    found = kl.reconstruction_error(fader, (x, labels))
    by_hand = np.mean((x - fader.reconstruct(x, labels)) ** 2)
    np.testing.assert_allclose(found.error, by_hand, rtol=1e-5)

    def judge(pictures):
        return np.asarray(pictures).reshape(-1, 16)[:, :3]

    options = {"minimum_judge_accuracy": 0}
    whole = kl.swap_accuracy(fader, judge, (x, labels), **options)
    hits = 0
    for target in range(3):
        drawn = fader.reconstruct(x, np.full(12, target))
        read = judge(drawn).argmax(axis=1)
        hits += np.sum((read == target) & (labels != target))
    assert whole.accuracy == hits / 24


@pytest.fixture(scope="module")
def judged():
    """Judge of stripes: down or across, in noise."""
    random = np.random.default_rng(0)
    y = random.integers(0, 2, 400)
    down = np.tile([1.0, 0.0], 4) * np.ones((8, 1))
    x = np.where(y[:, None, None] == 0, down, down.T)
    x = (x + random.normal(0, 0.3, x.shape))[..., None]
    return x, y, *kl.train_classifier(x, y, epochs=3, batch_size=32)


def test_train_classifier_learns_and_measures_on_held_out_images(judged):
    x, y, model, accuracy = judged
    assert accuracy == 1.0
    assert model.output_shape == (None, 2)
    assert np.mean(model.predict(x, verbose=0).argmax(1) == y) > 0.98


def test_train_classifier_warns_of_a_judge_that_guesses(judged):
    x, _, model, _ = judged
    noise = np.random.default_rng(9).integers(0, 2, len(x))
    with pytest.warns(UserWarning, match="minimum_accuracy"):
        kl.train_classifier(x, noise, epochs=1, model=model)


@pytest.mark.parametrize(
    "x, y, message",
    [
        (np.zeros((20, 8, 8)), np.arange(20) % 2, "`x` must be finite"),
        (np.full((20, 8, 8, 1), np.nan), np.arange(20) % 2, "`x` must be"),
        (np.zeros((20, 8, 8, 1)), np.arange(19) % 2, "`y` must be ints"),
        (np.zeros((20, 8, 8, 1)), np.ones(20), "`y` must be ints"),
        (np.zeros((20, 8, 8, 1)), np.zeros(20, int), "at least two classes"),
    ],
)
def test_bad_data_of_the_judge_are_refused(x, y, message):
    with pytest.raises(ValueError, match=message):
        kl.train_classifier(x, y)


def test_a_judge_that_is_not_compiled_is_refused():
    data = np.zeros((20, 8, 8, 1)), np.arange(20) % 2
    with pytest.raises(ValueError, match="compiled"):
        kl.train_classifier(*data, model=keras.Sequential())
