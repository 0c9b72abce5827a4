import numpy as np
import pytest

from keras_sparse import mask_plots, plots, report_pictures


def test_small_layers_share_one_entry_of_the_moves():
    moved = {f"layer_{i}": i for i in range(9)}
    updates = [{"step": 1, "moved": moved}, {"step": 2, "moved": moved}]
    found = plots.moved_per_layer(updates, [])
    assert len(found) == len(plots.layer_colours(found)) == plots.MOST_LAYERS
    assert found["4 other layers"].tolist() == [6, 6]  # 0 + 1 + 2 + 3
    assert found["layer_8"].tolist() == [8, 8]


@pytest.mark.parametrize(
    "shape, tiles",
    [
        ((3, 3, 1, 24), (3, 8)),  # one channel: filters wrap
        ((3, 3, 1, 5), (1, 5)),
        ((5, 5, 3, 6), (3, 6)),
        ((3, 3, 12, 1), (2, 8)),  # depthwise; 4 places stay empty
        ((3, 3, 40, 40), (8, 16)),  # a part of a large kernel
    ],
)
def test_convolution_masks_are_a_grid_of_slices(shape, tiles):
    mask = np.ones(shape, bool)
    shades, *_ = mask_plots._kernels(mask)
    height, width = (
        n * (k + 1) + 1 for n, k in zip(tiles, shape, strict=False)
    )
    assert shades.shape == (height, width, 4)
    seen = 12 if shape[2] == 12 else min(np.prod(shape[2:]), np.prod(tiles))
    assert (shades[..., 3] == 1).sum() == seen * shape[0] * shape[1]


@pytest.mark.parametrize(
    "shape", [(3, 3, 1, 8), (1, 1, 4, 8), (3, 4, 8), (7, 1), (900, 401)]
)
def test_any_mask_has_a_picture(shape):
    mask = np.random.default_rng(0).random(shape) < 0.5
    text = report_pictures.masks([(10, mask)], (4, 4, 1), [])
    assert text.count('aria-label="Mask at step 10') == 1
    assert "pixel row" not in text


def test_pixel_map_counts_the_connections_of_each_pixel(monkeypatch):
    shown = []
    monkeypatch.setattr(
        mask_plots, "_show", lambda *args: shown.append(args[3][..., 3])
    )
    mask = np.zeros((2, 2, 3, 5), bool)
    mask[0, 1, 0, :4] = mask[0, 1, 2, :4] = mask[1, 0, 1, :2] = True
    history = [(0, mask.reshape(12, 5))]
    assert mask_plots.sees_pixels(history[0][1], (2, 2, 3))
    _, most = mask_plots.pixel_maps(history, (2, 2, 3))
    assert most == 8
    np.testing.assert_array_equal(shown[0], [[0, 1], [0.25, 0]])


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_images_of_any_depth_have_a_picture(channels):
    image = np.full((300, 200, channels), 0.5)
    uri = mask_plots.image_uri(image)
    assert uri.startswith("data:image/png;base64,") and len(uri) < 4000


@pytest.mark.parametrize("steps", [[100], [100, 200, 400]])
def test_each_update_is_a_step_of_the_stack(monkeypatch, steps):
    stairs = []

    class Axes:
        xaxis = yaxis = property(lambda self: self)

        def stairs(self, top, edges, baseline, **_):
            stairs.append((top.tolist(), baseline.tolist(), edges.tolist()))

        def __getattr__(self, name):
            return lambda *args, **kwargs: None

    monkeypatch.setattr(plots, "draw", lambda *args: args[-1](Axes()))
    counts = np.arange(len(steps))
    plots.connections_moved(steps, {"first": counts + 1, "second": counts})
    (below, ground, edges), (above, between, _) = stairs
    assert ground == [0] * len(steps) and between == below
    np.testing.assert_array_equal(above, 2 * counts + 1)
    expected = {1: [99.5, 100.5], 3: [50, 150, 300, 500]}
    assert edges == expected[len(steps)]
