"""compact: random graphs with dead units planted at random."""

import keras
import numpy as np
import pytest
from keras import layers

from keras_export import compact, compaction


def convolution(draw, x):
    activation = draw.choice(["relu", "tanh", "linear"])
    padding = draw.choice(["same", "valid"]) if x.shape[1] > 3 else "same"
    return layers.Conv2D(
        int(draw.integers(2, 6)),
        int(draw.choice([1, 3])),
        padding=padding,
        strides=int(draw.choice([1, 1, 2])),
        activation=activation,
        use_bias=bool(draw.integers(2)),
    )(x)


def depthwise(draw, x):
    return layers.DepthwiseConv2D(
        int(draw.choice([1, 3])),
        padding="same",
        depth_multiplier=int(draw.choice([1, 1, 2])),
        activation=draw.choice(["relu", "linear"]),
        use_bias=bool(draw.integers(2)),
    )(x)


def separable(draw, x):
    multiplier = int(draw.choice([1, 2]))
    padding = draw.choice(["same", "valid"]) if x.shape[1] > 3 else "same"
    return layers.SeparableConv2D(
        4, 3, padding=padding, depth_multiplier=multiplier, activation="relu"
    )(x)


def one_of(*kinds):
    return lambda draw, x: kinds[draw.integers(len(kinds))]()(x)


simple = one_of(
    layers.BatchNormalization,
    layers.ReLU,
    lambda: layers.PReLU(shared_axes=[1, 2]),
    layers.PReLU,
    lambda: layers.Activation("silu"),
    lambda: layers.Dropout(0.5),
    lambda: layers.Dense(5, "relu"),
    lambda: layers.Conv2DTranspose(3, 2, strides=2),
)
spatial = one_of(
    lambda: layers.ZeroPadding2D(1),
    lambda: layers.MaxPooling2D(2, padding="same"),
    lambda: layers.AveragePooling2D(2, padding="same"),
    layers.UpSampling2D,
    lambda: layers.UpSampling2D(interpolation="bilinear"),
)
barriers = one_of(
    layers.LayerNormalization,
    lambda: layers.Conv2D(4, 1, groups=1, activation="softmax"),
    lambda: lambda x: keras.ops.flip(x, axis=-1),
    lambda: lambda x: keras.ops.relu(x * 2.0 + 1.0),
)


def merged(draw, x):
    kinds = [layers.Add, layers.Subtract, layers.Maximum, layers.Multiply]
    kind = kinds[draw.integers(len(kinds))]
    branch = layers.Conv2D(x.shape[-1], 3, padding="same")(x)
    if draw.integers(2):
        branch = layers.BatchNormalization()(branch)
    return kind()([x, branch])


def joined(draw, x):
    branch = layers.Conv2D(3, 1, activation="relu")(x)
    return layers.Concatenate()(
        [x, branch] if draw.integers(2) else [branch, x]
    )


def gated(draw, x):
    channels = x.shape[-1] if draw.integers(3) else 1
    gate = layers.GlobalAveragePooling2D()(x)
    gate = layers.Dense(3, "relu")(gate)
    gate = layers.Dense(channels, "hard_sigmoid")(gate)
    return layers.Multiply()([layers.Reshape((1, 1, channels))(gate), x])


def nested(draw, x):
    inner = keras.Input(x.shape[1:], dtype=x.dtype)
    return keras.Model(inner, convolution(draw, simple(draw, inner)))(x)


def attended(draw, x):
    rows = layers.Reshape((x.shape[1] * x.shape[2], x.shape[3]))(x)
    rows = layers.MultiHeadAttention(3, 2)(rows, rows)
    return layers.Reshape(x.shape[1:])(rows)


STEPS = [convolution] * 4 + [
    depthwise,
    separable,
    simple,
    simple,
    spatial,
    barriers,
    merged,
    merged,
    joined,
    gated,
    nested,
    attended,
]


def random_model(seed):
    draw = np.random.default_rng(seed)
    tensors = [keras.Input((6, 6, 2), dtype="float64")]
    for _ in range(6):
        x = tensors[-1 if draw.random() < 0.7 else draw.integers(len(tensors))]
        if x.shape[1] < 2 or x.shape[1] > 16:
            continue
        tensors.append(STEPS[draw.integers(len(STEPS))](draw, x))
    ends = [layers.Flatten()(tensors[-1])]
    ends.append(layers.GlobalAveragePooling2D()(tensors[len(tensors) // 2]))
    outputs = [layers.Dense(2)(end) for end in ends]
    return plant(keras.Model(tensors[0], outputs), draw)


def plant(model, draw):
    """Random weights; a third of all rows, columns and scales are zero."""
    for weight in model.weights:
        scale = max(1, np.prod(weight.shape[:-1])) ** -0.5
        value = draw.normal(size=weight.shape, scale=scale)
        if weight.name == "moving_variance":
            value = np.abs(value) + 0.5
        elif len(weight.shape) > 1:
            value *= draw.random(weight.shape[-1:]) > 0.3
            value *= draw.random((*weight.shape[-2:-1], 1)) > 0.3
            if weight.name == "kernel" and len(weight.shape) == 3:
                value *= draw.random((weight.shape[0], 1, 1)) > 0.3
        else:
            value *= draw.random(weight.shape) > 0.3
        weight.assign(value)
    return model


@pytest.fixture(autouse=True)
def double_precision():
    """So that what is nearly equal, and not equal, is seen."""
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy("float64")
    yield
    keras.config.set_dtype_policy(before)


def check(seed):
    """Compacts one random model; returns the share of parameters left."""
    model = random_model(seed)
    x = np.random.default_rng(seed).normal(size=(2, 6, 6, 2))
    small = compact(model)
    for one, other in zip(model(x), small(x), strict=True):
        assert np.isfinite(one).all()
        np.testing.assert_allclose(other, one, rtol=1e-9, atol=1e-9)
    again = compact(small)
    assert again.count_params() == small.count_params()
    for row, layer in zip(compaction(small), compaction(again), strict=True):
        assert (row.before, row.after) == (layer.before, layer.after)
        assert row.before == row.after
    # Folding adds biases; nothing else can grow.
    biases = sum(w.shape[0] for w in small.weights if w.name == "bias")
    assert small.count_params() - biases <= model.count_params()
    return small.count_params() / model.count_params()


def test_random_models_keep_their_outputs():
    assert np.mean([check(seed) for seed in range(10)]) < 0.8


@pytest.mark.slow
def test_many_random_models_keep_their_outputs():
    assert np.mean([check(seed) for seed in range(100, 200)]) < 0.8
