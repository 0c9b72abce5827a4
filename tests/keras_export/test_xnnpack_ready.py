"""xnnpack_ready: equal outputs, symmetric padding, the original untouched."""

import keras
import numpy as np
import pytest
from keras import layers

import keras_export
from keras_export.xnnpack_padding import Windows, same_padding


def randomise(model, zeros=0.0):
    """Weights that keep the scale of activations; BatchNormalization drawn."""
    generator = np.random.default_rng(0)
    for weight in model.weights:
        shape = tuple(weight.shape)
        value = generator.normal(size=shape, scale=0.1)
        if "variance" in weight.path:
            value = generator.uniform(0.5, 1.5, shape)
        elif "gamma" in weight.path:
            value = generator.uniform(0.8, 1.2, shape)
        elif "kernel" in weight.path:
            depthwise = len(shape) == 4 and shape[-1] == 1
            fan = np.prod(shape[:2] if depthwise else shape[:-1])
            value = generator.normal(size=shape) / np.sqrt(fan)
            if len(shape) == 4 and shape[:2] == (1, 1):
                value *= generator.random(shape) >= zeros
        weight.assign(value.astype(weight.dtype))
    return model


def lite(size=32, keepdims=False):
    """EfficientNet-Lite-like: MBConv 3x3 and 5x5, ReLU6, a residual."""

    def block(image, kernel, strides, filters):
        hidden = layers.Conv2D(24, 1, use_bias=False)(image)
        hidden = layers.BatchNormalization()(hidden)
        hidden = layers.ReLU(6.0)(hidden)
        hidden = layers.DepthwiseConv2D(
            kernel, strides=strides, padding="same", use_bias=False
        )(hidden)
        hidden = layers.BatchNormalization()(hidden)
        hidden = layers.ReLU(6.0)(hidden)
        hidden = layers.Conv2D(filters, 1, use_bias=False)(hidden)
        hidden = layers.BatchNormalization()(hidden)
        if strides == 1 and filters == image.shape[-1]:
            hidden = layers.Add()([image, hidden])
        return hidden

    inputs = image = keras.Input((size, size, 3))
    image = layers.Conv2D(8, 3, strides=2, padding="same")(image)
    image = layers.BatchNormalization()(image)
    image = layers.ReLU(6.0)(image)
    for kernel, strides, filters in ((3, 1, 8), (5, 2, 12), (3, 2, 16)):
        image = block(image, kernel, strides, filters)
    image = layers.GlobalAveragePooling2D(keepdims=keepdims)(image)
    image = layers.Dropout(0.2)(image)
    outputs = layers.Conv2D(4, 1)(image) if keepdims else layers.Dense(4)(image)
    return keras.Model(inputs, outputs)


def images(model, seed=1):
    generator = np.random.default_rng(seed)
    return generator.normal(size=(2, *model.input_shape[1:]))


def difference(model, other):
    batch = images(model)
    expected, got = np.asarray(model(batch)), np.asarray(other(batch))
    assert expected.shape == got.shape
    assert np.ptp(expected) > 1e-3
    return np.abs(expected - got).max()


def mobile_net(size=32, alpha=0.25, kind=keras.applications.MobileNet):
    return kind(
        (size, size, 3),
        alpha=alpha,
        weights=None,
        classifier_activation=None,
        classes=10,
    )


def nested():
    whole = lite()
    backbone = keras.Model(
        whole.inputs, whole.get_layer(index=-4).output, name="backbone"
    )
    return keras.Sequential(
        [
            keras.Input((32, 32, 3)),
            layers.Rescaling(2.0, offset=-1.0),
            backbone,
            layers.GlobalAveragePooling2D(),
            layers.Dense(3),
        ]
    )


MODELS = {
    "lite": lite,
    "lite keepdims": lambda: lite(keepdims=True),
    "lite odd": lambda: lite(31),
    "MobileNet": mobile_net,
    "MobileNetV2": lambda: mobile_net(
        alpha=0.35, kind=keras.applications.MobileNetV2
    ),
    "nested": nested,
}


@pytest.mark.parametrize("name", MODELS)
def test_outputs_are_equal(name):
    model = randomise(MODELS[name]())
    before = model.get_weights()
    ready = keras_export.xnnpack_ready(model)
    assert difference(model, ready) < 1e-5
    for old, new in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)
    assert ready.count_params() == model.count_params()


def test_equality_is_exact_up_to_rounding_of_float64():
    before = keras.config.floatx()
    try:
        keras.config.set_floatx("float64")
        keras.config.set_dtype_policy("float64")
        model = randomise(lite())
        assert difference(model, keras_export.xnnpack_ready(model)) < 1e-13
    finally:
        keras.config.set_floatx(before)
        keras.config.set_dtype_policy(before)


def test_names_stay_and_result_is_plain_keras(tmp_path):
    model = randomise(lite())
    ready = keras_export.xnnpack_ready(model)
    old = {layer.name for layer in model.layers[1:]}
    new = {layer.name for layer in ready.layers}
    assert old <= new
    entry = model.layers[1].name
    assert ready.get_layer(f"{entry}_pad").padding == ((1, 1), (1, 1))
    assert ready.get_layer(entry).padding == "valid"
    ready.save(tmp_path / "ready.keras")
    loaded = keras.models.load_model(tmp_path / "ready.keras")
    assert difference(model, loaded) < 1e-5


def test_kernels_are_mirrored_by_hand():
    inputs = keras.Input((4, 4, 3))
    image = layers.Conv2D(1, 3, strides=2, padding="same", use_bias=False)(
        inputs
    )
    outputs = layers.GlobalAveragePooling2D()(image)
    model = keras.Model(inputs, outputs)
    kernel = np.arange(27.0).reshape(3, 3, 3, 1)
    model.set_weights([kernel])
    ready = keras_export.xnnpack_ready(model)
    (mirrored,) = ready.get_weights()
    np.testing.assert_array_equal(mirrored, kernel[::-1, ::-1])
    assert difference(model, ready) < 1e-4  # values about 300


def test_nothing_is_mirrored_where_the_order_counts():
    inputs = keras.Input((8, 8, 3))
    image = layers.Conv2D(4, 3, strides=2, padding="same")(inputs)
    outputs = layers.Dense(2)(layers.Flatten()(image))
    model = randomise(keras.Model(inputs, outputs))
    ready = keras_export.xnnpack_ready(model)
    assert [type(x) for x in ready.layers] == [type(x) for x in model.layers]
    assert difference(model, ready) == 0.0


def test_ready_twice_is_ready_once():
    ready = keras_export.xnnpack_ready(randomise(lite()))
    again = keras_export.xnnpack_ready(ready)
    assert [x.name for x in again.layers][1:] == [x.name for x in ready.layers][
        1:
    ]


@pytest.mark.parametrize("kernel", [2, 3, 5])
@pytest.mark.parametrize("stride", [1, 2, 3])
@pytest.mark.parametrize("size", [5, 6, 9])
def test_mirrored_windows_see_the_same(size, kernel, stride):
    windows = Windows(size, kernel, stride, *same_padding(size, kernel, stride))
    mirrored = windows.mirrored()
    values = np.arange(1.0, size + 1)

    def seen(w, axis):
        padded = np.pad(axis, (max(w.before, 0), w.after))
        padded = padded[max(-w.before, 0) :]
        return [padded[i * stride :][:kernel] for i in range(w.count)]

    forward = seen(windows, values)
    backward = [v[::-1] for v in seen(mirrored, values[::-1])][::-1]
    np.testing.assert_array_equal(forward, backward)


@pytest.mark.parametrize(
    "size, kernel, stride, straight, mirrored",
    [
        (6, 3, 2, False, True),  # "same" pads (0, 1)
        (5, 3, 2, True, True),  # (1, 1)
        (6, 5, 2, False, True),  # (1, 2)
        (6, 5, 1, True, True),  # (2, 2)
    ],
)
def test_which_order_makes_padding_symmetric(
    size, kernel, stride, straight, mirrored
):
    windows = Windows(size, kernel, stride, *same_padding(size, kernel, stride))
    assert windows.equals_padding(kernel // 2) == straight
    assert windows.mirrored().equals_padding(kernel // 2) == mirrored


@pytest.mark.parametrize(
    "model, message",
    [
        (lambda: keras.Sequential([keras.Input((4,)), layers.Dense(2)]), "3x3"),
        (lambda: lite(None), "fixed image size"),
    ],
)
def test_refuses(model, message):
    with pytest.raises(ValueError, match=message):
        keras_export.xnnpack_ready(model())


def loose(before_pooling):
    """A network with a normalization in its middle, or one of its image."""
    inputs = image = keras.Input((8, 8, 3))
    if not before_pooling:
        image = layers.BatchNormalization()(image)
    image = layers.Conv2D(4, 3, strides=2, padding="same")(image)
    image = layers.ReLU()(image)
    if before_pooling:
        image = layers.BatchNormalization(name="loose")(image)
    image = layers.Conv2D(4, 1)(image)
    return keras.Model(inputs, layers.GlobalAveragePooling2D()(image))


def test_refuses_what_the_runtime_computes_wrongly_when_sparse():
    with pytest.raises(ValueError, match="'loose'"):
        keras_export.xnnpack_ready(loose(before_pooling=True))
    model = randomise(loose(before_pooling=False))
    assert difference(model, keras_export.xnnpack_ready(model)) < 1e-5


def test_refuses_what_is_no_model():
    with pytest.raises(TypeError, match="`model`"):
        keras_export.xnnpack_ready(layers.Dense(2))


@pytest.mark.slow
@pytest.mark.parametrize(
    "kind", [keras.applications.MobileNet, keras.applications.MobileNetV2]
)
def test_stock_networks_of_full_size(kind):
    model = randomise(mobile_net(224, 1.0, kind))
    assert difference(model, keras_export.xnnpack_ready(model)) < 1e-5
