"""When the sparse kernel pays, and the blocks that it is given."""

import numpy as np
import pytest

import keras_sparse
from keras_export.break_even import break_even
from keras_export.encodings import as_blocks


def test_limits_by_hand():
    wanted = 0.17 - 5 / 200 - 1_600 / (100 * 200)
    assert break_even((100, 200), "float", "x86") == pytest.approx(wanted)
    wanted = 0.25 - 18 / 800 - 12 / 500 - 22_000 / (500 * 800)
    assert break_even((500, 800), "dynamic", "arm") == pytest.approx(wanted)
    half = break_even((500, 800), "dynamic", "arm", threads=2)
    assert half == pytest.approx(wanted / 2)


def test_where_it_never_pays():
    assert break_even((64, 64), "float", "x86") == 0
    assert break_even((4096, 64), "dynamic", "any") == 0
    assert break_even((1000, 1000), "int8", "x86") == 0
    assert break_even((1000, 1000), "int8", "any") == 0
    assert break_even((1000, 1000), "int8", "arm") > 0.1


@pytest.mark.parametrize("target", ["x86", "arm"])
@pytest.mark.parametrize(
    "suffix, kind", [("", "float"), ("-dynamic", "dynamic")]
)
def test_device_profiles_know_it(target, suffix, kind):
    profile = keras_sparse.device_profile(target + suffix)
    zeros = 1 - break_even((1000, 1000), kind, target)
    assert 0 <= profile.lowest_sparsity - zeros < 0.01


def test_float16_blocks_become_float32_and_whole():
    blocks = as_blocks(np.ones((2, 6), "float16"), 4, "float")
    assert blocks.dtype == np.float32
    assert blocks.tolist() == [[1] * 6 + [0] * 2] * 2


def test_dynamic_blocks_always_have_a_pad_before_their_kernel():
    weight = np.ones((2, 32), "int8")
    assert (
        as_blocks(weight, 16, "dynamic").tolist() == [[1] * 32 + [0] * 16] * 2
    )
    assert as_blocks(weight[:, :31], 16, "dynamic").shape == (2, 32)
    assert as_blocks(weight, 16, "int8").shape == (2, 32)
