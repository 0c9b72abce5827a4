"""Small real models, with zeros in them, for all export tests."""

import keras
import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema
from keras import layers

import keras_export
from keras_export import flatbuffer


@keras.saving.register_keras_serializable(package="keras_export_tests")
class Subclassed(keras.Model):
    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.hidden = layers.Dense(16, activation="relu")
        self.norm = layers.BatchNormalization()
        self.dropout = layers.Dropout(0.5)
        self.out = layers.Dense(3)

    def call(self, inputs, training=None):
        hidden = self.norm(self.hidden(inputs), training=training)
        return self.out(self.dropout(hidden, training=training))


def mlp():
    return keras.Sequential(
        [
            keras.Input((64,)),
            layers.Dense(256, activation="relu"),
            layers.Dense(256, activation="relu"),
            layers.Dense(8),
        ]
    )


def convolutional():
    return keras.Sequential(
        [
            keras.Input((12, 12, 3)),
            layers.Conv2D(16, 3, padding="same"),
            layers.BatchNormalization(),
            layers.ReLU(),
            layers.DepthwiseConv2D(3),
            layers.BatchNormalization(),
            layers.Conv2D(16, 1),
            layers.GlobalAveragePooling2D(),
            layers.Dense(5),
        ]
    )


def attention():
    inputs = keras.Input((6, 16))
    hidden = layers.MultiHeadAttention(2, 8)(inputs, inputs)
    hidden = layers.LayerNormalization()(layers.Add()([inputs, hidden]))
    return keras.Model(inputs, layers.Dense(4)(hidden))


def recurrent(unroll=True):
    return keras.Sequential(
        [
            keras.Input((5, 4)),
            layers.LSTM(8, unroll=unroll),
            layers.Dense(2),
        ]
    )


def subclassed():
    model = Subclassed()
    model(np.zeros((2, 10), "float32"))
    return model


def two_inputs():
    left = keras.Input((3,), name="z")
    right = keras.Input((4,), name="a")
    joined = layers.Concatenate()([layers.Dense(6)(left), right])
    # Keys that sort against the order of the inputs and of the outputs.
    return keras.Model(
        {"z": left, "a": right},
        {"wide": layers.Dense(3)(joined), "narrow": layers.Dense(1)(joined)},
    )


def listed():
    left, right = keras.Input((3,)), keras.Input((4,))
    joined = layers.Concatenate()([right, layers.Dense(6)(left)])
    return keras.Model([right, left], [joined, layers.Dense(1)(joined)])


MODELS = {
    "attention": attention,
    "convolutional": convolutional,
    "listed": listed,
    "mlp": mlp,
    "recurrent": recurrent,
    "subclassed": subclassed,
    "two_inputs": two_inputs,
}


def random_mask(shape, share, pattern, generator):
    """0/1 array; "1x4" drops runs of 4 inputs of one output together."""
    if pattern == "1x4" and len(shape) == 2 and shape[0] % 4 == 0:
        blocks = random_mask((shape[0] // 4, shape[1]), share, "", generator)
        return blocks.repeat(4, axis=0)
    mask = np.ones(np.prod(shape), "float32")
    mask[generator.permutation(mask.size)[: round(share * mask.size)]] = 0
    return mask.reshape(shape)


def randomise(model, zeros, pattern="unstructured"):
    generator = np.random.default_rng(0)
    for weight in model.weights:
        value = generator.normal(size=weight.shape, scale=0.2)
        if "variance" in weight.path:
            value = np.abs(value) + 0.5
        if "kernel" in weight.path:
            value *= random_mask(weight.shape, zeros, pattern, generator)
        weight.assign(value.astype("float32"))
    return model


def example_inputs(model_name, count):
    shapes = {
        "attention": (6, 16),
        "convolutional": (12, 12, 3),
        "mlp": (64,),
        "recurrent": (5, 4),
        "subclassed": (10,),
    }
    generator = np.random.default_rng(1)

    def draw(shape):
        return generator.normal(size=(count, *shape)).astype("float32")

    if model_name == "two_inputs":
        return {"z": draw((3,)), "a": draw((4,))}
    if model_name == "listed":
        return [draw((4,)), draw((3,))]
    return draw(shapes[model_name])


@pytest.fixture(params=sorted(MODELS))
def named_model(request):
    """Each model in turn with 90 % zeros: `(name, model)`."""
    return request.param, randomise(MODELS[request.param](), 0.9)


@pytest.fixture(scope="session")
def make_model():
    """Function `(name, zeros=0.9, pattern=..., **kwargs)` to a model."""

    def make(name, zeros=0.9, pattern="unstructured", **kwargs):
        return randomise(MODELS[name](**kwargs), zeros, pattern)

    return make


@pytest.fixture(scope="session")
def make_inputs():
    """Function `(name, count)` to what the model's `predict` takes."""
    return example_inputs


@pytest.fixture
def tiny():
    """The smallest model: 4 inputs, 2 outputs, ones in the kernel."""
    model = keras.Sequential([keras.Input((4,)), layers.Dense(2)])
    model.set_weights([np.ones((4, 2)), np.zeros(2)])
    return model


@pytest.fixture(scope="session")
def damaged(make_model, tmp_path_factory):
    """A file that opens, and whose sparse index ends the interpreter."""
    path = tmp_path_factory.mktemp("damaged") / "damaged.tflite"
    model = make_model("mlp", 0.95, "1x4")
    keras_export.litert(model, path, sparse=True, verify=False)
    content = flatbuffer.read_model(path)
    sparse = [t for t in content.subgraphs[0].tensors if t.sparsity is not None]
    rows = sparse[0].sparsity.dimMetadata[1]
    # Where each row's blocks end: far behind the last block there is.
    segments = np.array(rows.arraySegments.values, np.int32)
    segments[1:-1] = 2**28
    rows.arraySegments = schema.Int32VectorT(values=segments)
    rows.arraySegmentsType = schema.SparseIndexVector.Int32Vector
    path.write_bytes(flatbuffer.pack_model(content))
    return path
