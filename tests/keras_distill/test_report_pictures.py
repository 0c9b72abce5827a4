"""What the pictures of a report show, and where its points lie."""

import io

import numpy as np
import pytest
from matplotlib.image import imread

from keras_distill.pictures import confusion_picture, images_picture
from keras_distill.projection import project
from keras_distill.report_findings import find_subclasses
from keras_distill.report_images import find_images


def clusters(seed=0):
    """90 logits in three clusters, and the cluster of each."""
    generator = np.random.default_rng(seed)
    number = np.repeat(np.arange(3), 30)
    return 8 * np.eye(6)[number] + generator.normal(size=(90, 6)), number


def test_principal_components_are_those_of_the_covariance():
    x, _ = clusters()
    values, vectors = np.linalg.eigh(np.cov(x.T))
    points = project(x, "pca")
    for column in range(2):
        expected = (x - x.mean(0)) @ vectors[:, -1 - column]
        sign = np.sign(expected @ points[:, column])
        np.testing.assert_allclose(points[:, column], sign * expected)
        assert np.isclose(points[:, column].var(ddof=1), values[-1 - column])


@pytest.mark.parametrize("kind", ["tsne", "pca"])
def test_clusters_stay_apart(kind):
    x, number = clusters()
    points = project(x, kind)
    distances = np.linalg.norm(points[:, None] - points, axis=-1)
    np.fill_diagonal(distances, np.inf)
    assert np.mean(number[distances.argmin(axis=1)] == number) > 0.95


def test_seed_moves_the_map():
    x = clusters()[0][::3]
    assert not np.array_equal(project(x, seed=1), project(x, seed=2))


def test_each_row_of_images_is_of_one_subclass():
    # Subclass k's images have the brightness (k + 1) / 4; 2 has none.
    subclasses = np.array([1, 0, 3, 1, 0, 3, 3])
    fine = np.array([0, 1, 2, 0, 1, 2, 2])
    found = find_subclasses(np.eye(4)[subclasses], fine, 2)
    bright = ((subclasses + 1) / 4)[:, None, None, None]
    images = np.ones((7, 6, 6, 1)) * bright
    shown = imread(io.BytesIO(images_picture(images, found, 2)))[..., 0]
    # The middle of each image, in rows by `order`: 1, 0, 3, then empty.
    assert found.order.tolist() == [1, 0, 3, 2]
    inside = shown[:, shown.shape[1] // 4 :]
    rows = [inside[int((row + 0.5) * len(shown) / 4)].min() for row in range(4)]
    np.testing.assert_allclose(rows, [0.5, 0.25, 1.0, 1.0], atol=0.01)


def test_dark_cells_of_the_confusion_are_where_the_examples_are():
    subclasses = np.array([2, 2, 0, 0, 1, 1])
    fine = np.array([0, 0, 1, 1, 2, 2])
    found = find_subclasses(np.eye(3)[subclasses], fine, 3)
    assert found.order.tolist() == [2, 0, 1]
    picture = imread(
        io.BytesIO(confusion_picture(found, dict.fromkeys(fine, "a")))
    )
    blue = (picture[..., 2] - picture[..., 0] > 0.25) & (picture[..., 0] < 0.1)
    rows, columns = np.nonzero(blue)
    # A diagonal from the upper left to the lower right.
    assert np.corrcoef(rows, columns)[0, 1] > 0.85
    third = np.linspace(rows.min(), rows.max() + 1, 4).astype(int)
    for low, high, middle in zip(third[:-1], third[1:], range(3), strict=True):
        inside = columns[(rows > low + 5) & (rows < high - 5)]
        width = np.ptp(columns)
        expected = columns.min() + (middle + 0.5) * width / 3
        assert abs(inside.mean() - expected) < width / 20


@pytest.mark.parametrize(
    "images, expected",
    [
        (np.array([0, 255, 51], "uint8"), [0.0, 1.0, 0.2]),
        (np.array([0.0, 0.5, 0.25]), [0.0, 0.5, 0.25]),
        (np.array([-2.0, 2.0, 0.0]), [0.0, 1.0, 0.5]),
    ],
)
def test_images_are_scaled_by_their_kind(images, expected):
    found = find_images(None, images.reshape(3, 1, 1), 3)
    np.testing.assert_allclose(found.reshape(-1), expected, rtol=1e-6)
