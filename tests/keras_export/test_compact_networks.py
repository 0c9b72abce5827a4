"""compact: known networks, sizes predicted from what was planted."""

import keras
import numpy as np
import pytest
from keras import layers

import keras_sparse
from keras_export import compact, compaction


def randomise(model, seed=0):
    """Outputs around 1; all weights and statistics count."""
    draw = np.random.default_rng(seed)
    for weight in model.weights:
        shape = weight.shape
        if weight.name == "moving_variance":
            value = draw.uniform(0.5, 1.5, shape)
        elif weight.name == "gamma":
            value = draw.uniform(0.8, 1.2, shape)
        elif len(shape) == 1:
            value = draw.normal(size=shape, scale=0.2)
        else:
            scale = (2 / np.prod(shape[:-1])) ** 0.5
            if weight.path.split("/")[-2].count("depthwise"):
                scale = (2 / np.prod(shape[:-2])) ** 0.5
            value = draw.normal(size=shape, scale=scale)
        weight.assign(value)
    return model


def zero(weight, index, value=0):
    array = np.array(weight)
    array[index] = value
    weight.assign(array)


class Planter:
    """Makes channels dead, and counts what that must save."""

    def __init__(self, model):
        self.model, self.inputs, self.outputs = model, {}, {}
        self.biased = set()

    def unread(self, producers, consumer, which):
        zero(self.model.get_layer(consumer).kernel, (..., which, slice(None)))
        self._count(producers, consumer, which)

    def constant(self, producers, consumer, which, value):
        """The first producer's kernel is 0; the last one emits `value`."""
        first, *_, last = (self.model.get_layer(name) for name in producers)
        zero(first.kernel, (..., which))
        if first.use_bias:
            zero(first.bias, which, 0.3)
        zero(last.gamma, which, 1)
        zero(last.beta, which, value)
        zero(last.moving_mean, which, self._entering(producers, which))
        self._count(producers, consumer, which)
        if value > 0 and not self.model.get_layer(consumer).use_bias:
            self.biased.add(consumer)

    def _entering(self, producers, which):
        """What comes into the last normalisation, which takes it off."""
        first = self.model.get_layer(producers[0])
        return 0.3 if first.use_bias else 0.0

    def _count(self, producers, consumer, which):
        for name in producers:
            self.outputs[name] = self.outputs.get(name, 0) + len(which)
        self.inputs[consumer] = self.inputs.get(consumer, 0) + len(which)

    def predicted(self):
        """Kernel weights and parameters of each layer, by arithmetic."""
        kernels, total = {}, 0
        for layer in self.model.layers:
            gone_in = self.inputs.get(layer.name, 0)
            gone_out = self.outputs.get(layer.name, 0)
            if isinstance(layer, layers.BatchNormalization):
                total += 4 * (len(np.array(layer.gamma)) - gone_out)
            elif hasattr(layer, "kernel"):
                *window, inputs, outputs = layer.kernel.shape
                if isinstance(layer, layers.DepthwiseConv2D):
                    inputs -= gone_out
                    bias = inputs * layer.use_bias
                else:
                    inputs, outputs = inputs - gone_in, outputs - gone_out
                    added = layer.name in self.biased
                    bias = outputs * (layer.use_bias or added)
                size = int(np.prod([*window, inputs, outputs]))
                kernels[layer.name] = size
                total += size + bias
        return kernels, total

    def check(self):
        model, small = self.model, compact(self.model)
        assert_same(model, small)
        kernels, total = self.predicted()
        assert small.count_params() == total
        rows = keras_sparse.count(small)
        counted = {row.path: row.weights for row in rows if row.weights}
        assert counted == kernels
        assert sum(row.dense_bytes for row in rows) == 4 * total
        assert all(row.before == row.after for row in compaction(small))


def assert_same(model, small):
    shape = (2, *model.inputs[0].shape[1:])
    x = np.random.default_rng(1).normal(size=shape).astype("float32")
    expected, actual = (m.predict(x, verbose=0) for m in (model, small))
    scale = np.abs(expected).max()
    assert 0.1 < scale < 1e4
    np.testing.assert_allclose(actual / scale, expected / scale, atol=1e-5)


def application(name, **kwargs):
    make = getattr(keras.applications, name)
    kwargs |= {"classes": 10, "classifier_activation": None}
    model = make(weights=None, input_shape=(64, 64, 3), **kwargs)
    return randomise(model)


@pytest.mark.slow
def test_resnet50():
    model = application("ResNet50")
    planter = Planter(model)
    blocks = {2: 3, 3: 4, 4: 6, 5: 3}
    for stage, count in blocks.items():
        for number in range(1, count + 1):
            name = f"conv{stage}_block{number}_"
            first = [name + "1_conv", name + "1_bn"]
            second = [name + "2_conv", name + "2_bn"]
            planter.unread(first, name + "2_conv", range(0, 7))
            # Before a 3x3 kernel with zero padding only 0 is constant.
            planter.constant(first, name + "2_conv", range(7, 11), -0.5)
            planter.unread(second, name + "3_conv", range(5, 10))
            planter.constant(second, name + "3_conv", range(10, 13), 0.5)
    planter.check()


@pytest.mark.slow
def test_mobilenet_v2():
    model = application("MobileNetV2", alpha=0.35)
    planter = Planter(model)
    for number in range(1, 17):
        name = f"block_{number}_"
        chain = [
            name + end
            for end in ("expand", "expand_BN", "depthwise", "depthwise_BN")
        ]
        planter.unread(chain, name + "project", range(0, 5))
        planter.constant(chain, name + "project", range(5, 9), 0.7)
        beta = model.get_layer(name + "expand_BN").beta
        zero(beta, range(5, 9), -9)  # 0 after the activation
        # Here the depthwise kernel is what cuts off the channel.
        cut = range(9, 12)
        planter.constant(chain[2:], name + "project", [], 0.7)
        zero(model.get_layer(chain[2]).kernel, (..., cut, slice(None)))
        planter._count(chain, name + "project", cut)
    planter.check()


@pytest.mark.slow
@pytest.mark.parametrize("name", ["MobileNetV3Small", "EfficientNetV2B0"])
def test_squeeze_and_excite_networks(name):
    model = application(name)
    dead = 0
    for layer in model.layers:
        if not isinstance(layer, layers.Conv2D) or layer.filters < 16:
            continue
        zero(layer.kernel, (..., range(0, 4)))
        if layer.use_bias:
            zero(layer.bias, range(0, 4))
        dead += 4
        if layer.kernel.shape[-2] >= 16:
            zero(layer.kernel, (..., range(6, 9), slice(None)))
    for layer in model.layers:
        if isinstance(layer, layers.BatchNormalization):
            zero(layer.beta, range(0, 4))
            zero(layer.moving_mean, range(0, 4))
    small = compact(model)
    assert_same(model, small)
    rows = [row for row in compaction(model) if row.before]
    assert sum(row.before - row.after for row in rows) >= dead / 2
    assert small.count_params() < 0.95 * model.count_params()


def vit(blocks, width=24, heads=4, size=6, hidden=96):
    inputs = keras.Input((32, 32, 3))
    x = layers.Conv2D(width, 8, strides=8, name="patches")(inputs)
    x = layers.Reshape((16, width))(x)
    places = keras.ops.cumsum(keras.ops.ones_like(x[..., 0]), axis=1) - 1
    x = layers.Add()([x, layers.Embedding(16, width)(places)])
    for block in range(blocks):
        y = layers.LayerNormalization()(x)
        attend = layers.MultiHeadAttention(heads, size, name=f"attend{block}")
        x = layers.Add()([x, attend(y, y)])
        y = layers.LayerNormalization()(x)
        y = layers.Dense(hidden, "gelu", name=f"wide{block}")(y)
        y = layers.Dense(width, name=f"narrow{block}")(y)
        x = layers.Add()([x, y])
    x = layers.GlobalAveragePooling1D()(layers.LayerNormalization()(x))
    return randomise(keras.Model(inputs, layers.Dense(10)(x)))


@pytest.mark.parametrize("blocks", [1, pytest.param(4, marks=pytest.mark.slow)])
def test_vision_transformer(blocks):
    model = vit(blocks)
    saved = 0
    for block in range(blocks):
        attend = model.get_layer(f"attend{block}")
        zero(attend.value_dense.kernel, (slice(None), 0))  # a constant head
        gone = 1
        if block % 2 == 0:
            zero(attend.output_dense.kernel, 2)  # an unread one
            gone = 2
        saved += gone * 6 * (4 * 24 + 3)  # three biases, four kernels
        wide = model.get_layer(f"wide{block}")
        zero(wide.kernel, (slice(None), range(10)))
        zero(model.get_layer(f"narrow{block}").kernel, range(8, 20))
        saved += 20 * (24 + 1 + 24)
    small = compact(model)
    assert_same(model, small)
    assert small.count_params() == model.count_params() - saved
    bytes_ = sum(row.dense_bytes for row in keras_sparse.count(small))
    assert bytes_ == 4 * (model.count_params() - saved)
