"""The information limit: by hand, and against a real coder."""

import lzma
import math

import keras
import numpy as np
import pytest

import keras_export
from keras_export.information import mask_bits


@pytest.mark.parametrize(
    "size, nonzeros, bits",
    [
        (4, 2, math.log2(6)),
        (8, 1, 3.0),
        (8, 7, 3.0),
        (5, 0, 0.0),
        (5, 5, 0.0),
        (0, 0, 0.0),
        (10, 3, math.log2(120)),
    ],
)
def test_mask_bits_by_hand(size, nonzeros, bits):
    assert mask_bits(size, nonzeros) == pytest.approx(bits, abs=1e-12)


def test_mask_bits_approach_the_entropy_from_below():
    size, density = 1_000_000, 0.1
    entropy = size * (-0.1 * math.log2(0.1) - 0.9 * math.log2(0.9))
    bits = mask_bits(size, round(density * size))
    assert entropy - 20 < bits < entropy


def test_limit_of_a_model_by_hand():
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2)])
    kernel = [[1.0, 0.0], [0.0, 0.0], [0.0, 0.5], [0.0, 0.0]]
    model.set_weights([np.array(kernel), np.zeros(2)])
    rows = keras_export.information_limit(model)
    assert [row.name for row in rows][-1] == "total"
    kernel, bias, total = rows
    assert kernel.name.endswith("/kernel")
    assert (kernel.size, kernel.nonzeros) == (8, 2)
    places = math.log2(28) / 8
    assert kernel.mask_bytes == pytest.approx(places)
    assert kernel.limit_bytes == pytest.approx(
        {32: 8 + places, 16: 4 + places, 8: 2 + places}
    )
    assert bias.limit_bytes == {32: 0.0, 16: 0.0, 8: 0.0}
    assert (total.size, total.nonzeros) == (10, 2)
    assert total.limit_bytes == pytest.approx(kernel.limit_bytes)


def test_a_strong_compressor_does_not_beat_it():
    generator = np.random.default_rng(0)
    values = generator.integers(1, 256, size=20_000).astype(np.uint8)
    values[generator.random(values.size) < 0.9] = 0
    bytes_at_8 = (
        np.count_nonzero(values)
        + mask_bits(values.size, np.count_nonzero(values)) / 8
    )
    packed = len(lzma.compress(values.tobytes(), preset=9))
    assert bytes_at_8 < packed < 1.3 * bytes_at_8


def test_refuses_what_is_no_built_model():
    with pytest.raises(ValueError, match="`model` must be built"):
        keras_export.information_limit(
            keras.Sequential([keras.layers.Dense(2)])
        )
