"""Pictures of a generator's samples, epoch by epoch."""

import doctest
import importlib
import json
import os

import keras
import matplotlib
import numpy as np
import pytest
from matplotlib import pyplot
from small_gans import make_gan, pixels

import keras_latent as kl
from keras_latent import sample_history
from keras_latent.sample_history import EpochCounter, generator_range
from keras_latent.sample_pictures import draw_panels

MODULES = [
    "gan_curves",
    "gan_data",
    "gan_findings",
    "gan_players",
    "gan_report",
    "sample_grids",
    "sample_history",
    "sample_pictures",
]
SHADES = np.array([0.0, 0.2, 0.4, 0.6, 0.8])


@pytest.mark.parametrize("name", MODULES)
def test_examples_run(name):
    module = importlib.import_module(f"keras_latent.{name}")
    failed, attempted = doctest.testmod(module)
    assert attempted > 0 and failed == 0


def flat(shades=SHADES, size=8, channels=1):
    """Images of one shade each."""
    return np.ones((1, size, size, channels)) * shades[:, None, None, None]


def cell(picture, row, column, rows, columns):
    """The middle of one image of a grid."""
    height, width = (
        n // m for n, m in zip(picture.shape, (rows, columns), strict=False)
    )
    return picture[height * row + height // 2, width * column + width // 2]


@pytest.mark.parametrize("low", [0.0, -1.0])
def test_images_go_row_by_row_and_the_rest_is_white(low):
    images = low + (1 - low) * flat()
    if low == 0:
        images[0, 0, 0] = 1.0  # so that the range is measured as (0, 1)
    else:
        images[0, 0, 0] = -1.0
    picture = pixels(kl.sample_grid(images, columns=3))
    expected = [*np.round(255 * SHADES), 255]
    found = [cell(picture, n // 3, n % 3, 2, 3) for n in range(6)]
    np.testing.assert_array_equal(found, np.repeat(expected, 3).reshape(6, 3))


def test_each_pixel_is_a_square_of_equally_many_dots():
    image = (np.indices((5, 7)).sum(axis=0) % 2).astype(float)
    picture = pixels(kl.sample_grid(image[None, :, :, None]))[..., 0]
    inside = picture[picture.min(axis=1) == 0]  # rows without white margins
    row = inside[0]
    starts = np.flatnonzero(np.diff(row)) + 1
    lengths = np.diff(starts)
    assert len(set(lengths.tolist())) == 1 and lengths[0] > 1


def test_colours_are_those_of_the_image():
    images = np.zeros((1, 4, 4, 3))
    images[..., 0], images[..., 2] = 1.0, 0.2
    picture = pixels(kl.sample_grid(images))
    np.testing.assert_array_equal(cell(picture, 0, 0, 1, 1), [255, 0, 51])


def test_the_declared_range_is_black_and_white():
    images = flat(np.array([2.0, 3.0]))
    picture = pixels(kl.sample_grid(images, columns=2, image_range=(1, 3)))
    assert set(cell(picture, 0, 0, 1, 2)) <= {127, 128}
    assert cell(picture, 0, 1, 1, 2).tolist() == [255] * 3


def test_points_lie_where_they_are():
    points = np.array([[-0.5, 0.8]] * 50)
    picture = pixels(kl.sample_grid(points, image_range=(-1, 1)))
    rows, columns = np.nonzero(picture[..., 2] - picture[..., 0] > 60)
    height, width = picture.shape[:2]
    assert abs(np.median(columns) / width - 0.25) < 0.03
    assert abs(np.median(rows) / height - 0.1) < 0.03


def test_panels_of_several_sizes_are_equally_large():
    small, large = flat(np.array([0.4]), 4), flat(np.array([0.6, 1.0]), 8)
    picture = pixels(draw_panels([small, large], ["4", "8"], columns=1))
    gray = [np.argwhere((picture == shade).all(-1)) for shade in (102, 153)]
    spans = [np.ptp(found, axis=0).tolist() for found in gray]
    assert spans[0][0] > 30 and np.abs(np.subtract(*spans)).max() <= 8
    assert gray[0][:, 1].max() < gray[1][:, 1].min()


def test_a_picture_is_written_and_leaves_pyplot_alone(tmp_path):
    plain = kl.sample_grid(flat(), tmp_path / "a.png")
    assert (tmp_path / "a.png").read_bytes() == plain
    with matplotlib.rc_context({"figure.facecolor": "red", "font.size": 30}):
        before = dict(matplotlib.rcParams), pyplot.get_fignums()
        assert kl.sample_grid(flat()) == plain
        assert (dict(matplotlib.rcParams), pyplot.get_fignums()) == before
    assert os.listdir(tmp_path) == ["a.png"]


@pytest.mark.parametrize(
    "changed, message",
    [
        ({"samples": np.ones((4, 8, 8))}, "`samples` must be images"),
        ({"samples": np.ones((4, 8, 8, 2))}, "`samples` must be images"),
        ({"samples": np.ones((4, 3))}, "`samples` must be images"),
        ({"samples": np.ones((0, 2))}, "at least one"),
        ({"samples": np.full((4, 2), np.nan)}, "`samples` must be finite"),
        ({"columns": 0}, "`columns`"),
        ({"image_range": (1, 1)}, "`image_range`"),
    ],
)
def test_what_cannot_be_drawn_is_refused(changed, message):
    with pytest.raises(ValueError, match=message):
        kl.sample_grid(**{"samples": flat(), **changed})


def play(callback, gan, epochs, first=0):
    """Calls a callback as a `fit` of two steps an epoch would."""
    callback.set_model(gan)
    callback.set_params({"epochs": first + epochs})
    callback.on_train_begin()
    for epoch in range(first, first + epochs):
        gan.step.assign_add(2)
        gan.generator.layers[3].bias.assign_add([0.1] * 16)
        callback.on_epoch_end(epoch, {})
    callback.on_train_end()


def test_the_range_is_that_of_the_generators_end():
    ends = {"tanh": (-1, 1), "sigmoid": (0, 1), None: None, "relu": None}
    for end, expected in ends.items():
        assert generator_range(make_gan(end=end)) == expected
    growing = kl.ProgressiveGAN(4, 1, latent_dim=2, channel_max=2)
    assert generator_range(growing) == (-1, 1)


def test_grids_are_of_the_same_latent_points_and_of_the_last_epoch(tmp_path):
    gan = make_gan(end="tanh")
    grids = kl.SampleGrid(tmp_path, rows=2, columns=3, every=2, seed=5)
    play(grids, gan, 3)
    assert {f.name for f in tmp_path.iterdir()} == {
        *("epoch_0002.png", "epoch_0003.png", "epochs.json")
    }
    expected = kl.sample_grid(gan.sample(6, seed=5), None, 3, (-1, 1))
    assert (tmp_path / "epoch_0003.png").read_bytes() == expected
    assert (tmp_path / "epoch_0002.png").read_bytes() != expected


def test_numbers_go_on_from_fit_to_fit_and_begin_anew_with_a_new_gan(tmp_path):
    grids = kl.SampleGrid(tmp_path, 1, 1)
    gan = make_gan()
    play(grids, gan, 2)
    play(grids, gan, 1)
    steps = json.loads((tmp_path / "epochs.json").read_text())
    assert steps == {"1": 2, "2": 4, "3": 6}
    play(grids, make_gan(), 1)
    assert json.loads((tmp_path / "epochs.json").read_text()) == {"1": 2}


@pytest.mark.parametrize("first", [0, 2])
def test_numbers_go_on_in_another_process(first, tmp_path):
    """A state of two epochs is resumed, though three had been drawn.

    Keras counts from `initial_epoch`, or from 0 as in a stage that goes on.
    """
    gan = make_gan()
    play(kl.SampleGrid(tmp_path, 1, 1), gan, 3)
    gan.step.assign(4)
    play(kl.SampleGrid(tmp_path, 1, 1), gan, 2, first)
    steps = json.loads((tmp_path / "epochs.json").read_text())
    assert steps == {"1": 2, "2": 4, "3": 6, "4": 8}
    assert len(list(tmp_path.glob("*.png"))) == 4


def test_a_counter_without_its_file_takes_the_number_of_keras():
    counter = EpochCounter()
    counter.begin(40)
    assert counter.count(4, 50) == 5 and counter.count(5, 60) == 6


def test_growing_images_are_drawn_at_each_size(tmp_path):
    images = np.random.default_rng(0).uniform(-1, 1, (8, 8, 8, 1))
    gan = kl.ProgressiveGAN(
        *(8, 1),
        latent_dim=2,
        channel_max=2,
        fade_steps=1,
        stable_steps=1,
    )
    gan.compile(run_eagerly=True)
    grids, kept = kl.SampleGrid(tmp_path, 1, 1), kl.SampleHistory(images=2)
    options = dict(steps_per_epoch=1, verbose=0, callbacks=[grids, kept])
    gan, _ = gan.fit_stages(images, batch_size=4, **options)
    names = sorted(f.name for f in tmp_path.glob("*.png"))
    assert names == [f"epoch_000{n}.png" for n in (1, 2, 3)]
    sides = {n: made.shape[1] for n, made in kept.samples.items()}
    assert sides == {1: 4, 2: 8, 3: 8}


def test_samples_beyond_the_declared_range_are_told_once(tmp_path):
    gan = make_gan()
    gan.generator.layers[3].bias.assign_add([3.0] * 16)
    grids = kl.SampleGrid(tmp_path, 1, 1, image_range=(-1, 1))
    with pytest.warns(UserWarning, match=r"\(-1, 1\), and the.*from 3\.1"):
        play(grids, gan, 1)
    play(grids, gan, 1)


def test_a_history_keeps_few_epochs_however_many_there_are(monkeypatch):
    monkeypatch.setattr(sample_history, "KEPT", 4)
    kept, gan = kl.SampleHistory(images=1), make_gan()
    play(kept, gan, 10)
    # 1 to 4; with the fifth every second; with the ninth every fourth.
    assert list(kept.samples) == [1, 5, 9]
    shown = kept.evenly(gan, 3)
    assert list(shown) == [1, 9, 10]
    np.testing.assert_array_equal(shown[10], gan.sample(1))
    assert not np.array_equal(shown[9], shown[10])


def test_a_resumed_history_is_that_of_a_whole_training(monkeypatch, tmp_path):
    monkeypatch.setattr(sample_history, "KEPT", 4)
    whole = kl.SampleHistory(images=1)
    play(whole, make_gan(), 8)
    gan, path = make_gan(), tmp_path / "kept.npz"
    play(kl.SampleHistory(path, images=1), gan, 6)
    # The state of epoch 4 is loaded; two more had been watched.
    gan.step.assign_sub(4)
    gan.generator.layers[3].bias.assign_sub([0.2] * 16)
    resumed = kl.SampleHistory(path, images=1)
    play(resumed, gan, 4, 4)
    assert list(resumed.samples) == list(whole.samples) == [1, 3, 5, 7]
    for number, made in whole.samples.items():
        np.testing.assert_allclose(resumed.samples[number], made, atol=1e-6)


def test_a_lost_history_is_told(tmp_path):
    gan = make_gan()
    gan.step.assign(4)
    kept = kl.SampleHistory(tmp_path / "gone.npz", images=1)
    with pytest.warns(UserWarning, match="gone.npz' is not there"):
        play(kept, gan, 1, 2)
    assert list(kept.samples) == [3]


@pytest.mark.parametrize("kind", [kl.SampleGrid, kl.SampleHistory])
def test_a_model_that_is_no_gan_is_refused(kind, tmp_path):
    callback = kind(tmp_path / "a.npz")
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    callback.set_model(model)
    with pytest.raises(ValueError, match="`gan` must be a `GAN`"):
        callback.on_train_begin()


def test_a_gan_of_something_else_is_refused(tmp_path):
    grids = kl.SampleGrid(tmp_path / "new")
    grids.set_model(make_gan(shape=(5,)))
    with pytest.raises(ValueError, match="`gan` must make images"):
        grids.on_train_begin()
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize("name", ["rows", "columns", "every"])
def test_counts_of_a_grid_are_at_least_one(name, tmp_path):
    with pytest.raises(ValueError, match=f"`{name}`"):
        kl.SampleGrid(tmp_path, **{name: 0})


def test_the_file_of_a_history_has_its_ending():
    with pytest.raises(ValueError, match="`path` must end in '.npz'"):
        kl.SampleHistory("kept.png")
