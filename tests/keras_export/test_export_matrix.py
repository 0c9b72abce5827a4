"""Pattern x sparsity x number format: every file is right, or refused.

Every interpreter configuration (with the default delegate and without, 1 and
2 threads) is run and compared here, apart from `verify`, and nothing may have
fallen back to dense unnoticed. The thinned matrix does without `verify`.
"""

import itertools

import keras
import numpy as np
import pytest
from ai_edge_litert.interpreter import Interpreter, OpResolverType
from keras import layers

import keras_export
from keras_export.quiet import quiet

PATTERNS = ("none", "unstructured", "1x4", "1x16", "2:4", "rows")
SPARSITIES = (0.5, 0.9, 0.95)
FORMATS = (None, "float16", "dynamic", "int8")
RESOLVERS = (
    OpResolverType.AUTO,
    OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES,
)


def mlp(inputs=64, hidden=(200, 96)):
    # 200 is no multiple of 16: blocks need padded inputs.
    return keras.Sequential(
        [
            keras.Input((inputs,)),
            *(layers.Dense(units, activation="relu") for units in hidden),
            layers.Dense(5),
        ]
    )


def wide():
    return mlp(256, (512, 512))


def cnn():
    return keras.Sequential(
        [
            keras.Input((12, 12, 3)),
            layers.ZeroPadding2D(1),
            layers.Conv2D(16, 3, strides=2, use_bias=False),
            layers.BatchNormalization(),
            layers.ReLU(),
            layers.DepthwiseConv2D(3, padding="same"),
            layers.ReLU(),
            layers.Conv2D(64, 1, activation="relu"),
            layers.GlobalAveragePooling2D(),
            layers.Dense(64),
        ]
    )


def mask(shape, pattern, sparsity, generator):
    """0/1 array of a kernel's shape; inputs are the last dimension but one."""
    if pattern == "none" or pattern == "2:4" and shape[-2] % 4:
        return np.ones(shape)
    if pattern == "2:4":
        fours = generator.random((*shape[:-2], shape[-2] // 4, 4, shape[-1]))
        return (fours.argsort(-2).argsort(-2) < 2).reshape(shape)
    if pattern == "rows" and shape[-1] == 1:  # depthwise: outputs are inputs
        return np.ones(shape)
    if pattern == "rows":
        return np.broadcast_to(generator.random(shape[-1]) > sparsity, shape)
    block = {"unstructured": 1, "1x4": 4, "1x16": 16}[pattern]
    places = -(-shape[-2] // block)
    stays = generator.random((*shape[:-2], places, shape[-1])) > sparsity
    return stays.repeat(block, axis=-2)[..., : shape[-2], :]


def sparse_model(make, pattern, sparsity):
    model = make()
    generator = np.random.default_rng(0)
    for weight in model.weights:
        scale = np.sqrt(2 / np.prod(weight.shape[:-1]))
        value = generator.normal(size=weight.shape) * scale
        if "variance" in weight.path:
            value = np.abs(value) + 0.5
        is_last = weight is model.layers[-1].kernel
        if "kernel" in weight.path and not (is_last and pattern == "rows"):
            value *= mask(weight.shape, pattern, sparsity, generator)
            value /= np.sqrt(max(np.mean(value != 0), 0.05))
        weight.assign(value)
    return model


def noise(path, inputs, expected, threads, resolver):
    """Root mean square of the differences over that of the outputs."""
    with quiet():
        interpreter = Interpreter(
            str(path),
            num_threads=threads,
            experimental_op_resolver_type=resolver,
        )
        place = interpreter.get_input_details()[0]["index"]
        interpreter.resize_tensor_input(place, inputs.shape)
        interpreter.allocate_tensors()
    interpreter.set_tensor(place, inputs)
    interpreter.invoke()
    place = interpreter.get_output_details()[0]["index"]
    difference = interpreter.get_tensor(place) - expected
    return np.sqrt(np.mean(difference**2) / np.mean(expected**2))


def check(make, pattern, sparsity, quantize, path, **options):
    model = sparse_model(make, pattern, sparsity)
    generator = np.random.default_rng(1)
    inputs = generator.normal(size=(40, *model.input_shape[1:]))
    inputs = inputs.astype("float32")
    report = keras_export.litert(
        model,
        path,
        target="arm",  # which has most encodings
        quantize=quantize,
        representative_data=inputs[:32],
        overwrite=True,
        **options,
    )
    for row in report.layers:
        assert "failed verification" not in row.reason, row
    assert [(row.name, row.encoding) for row in report.layers] == [
        (row.name, row.encoding) for row in report.weights
    ]
    expected = np.asarray(model(inputs))
    limit = {None: 1e-5, "float16": 5e-3}.get(quantize, 0.15)
    for size, threads, resolver in itertools.product(
        (1, 40), (1, 2), RESOLVERS
    ):
        batch = (inputs[:size], expected[:size])
        found = noise(path, *batch, threads, resolver)
        assert found <= limit, (size, threads, resolver)
    return report


@pytest.mark.parametrize(
    "make, pattern, sparsity, quantize, encodings",
    [
        (mlp, "unstructured", 0.5, None, {"csr"}),
        (mlp, "unstructured", 0.5, "float16", {"csr", "dense"}),
        (mlp, "unstructured", 0.9, "int8", {"block 1x16", "dense"}),
        (mlp, "1x4", 0.9, None, {"block 1x4"}),
        (mlp, "1x4", 0.95, "float16", {"csr"}),
        (mlp, "1x16", 0.9, "dynamic", {"block 1x16", "block 1x4"}),
        (mlp, "1x16", 0.95, "int8", {"block 1x16"}),
        (mlp, "rows", 0.9, "dynamic", {"block 1x16", "dense"}),
        (cnn, "unstructured", 0.9, None, {"csr"}),
        (cnn, "1x16", 0.9, "float16", {"csr", "dense"}),
        (cnn, "rows", 0.5, "dynamic", {"dense"}),
        (cnn, "2:4", 0.5, "int8", {"dense"}),
    ],
)
def test_thinned_matrix(make, pattern, sparsity, quantize, encodings, tmp_path):
    path = tmp_path / "m.tflite"
    # Sparse at any price: layers of this size pay by size only.
    options = {"sparse": True, "verify": False}
    report = check(make, pattern, sparsity, quantize, path, **options)
    assert {row.encoding for row in report.layers} == encodings


@pytest.mark.slow
@pytest.mark.parametrize("make", [mlp, wide, cnn])
@pytest.mark.parametrize("quantize", FORMATS)
def test_full_matrix(make, quantize, tmp_path):
    path = tmp_path / "m.tflite"
    cells = itertools.product(PATTERNS, SPARSITIES, ("auto", True))
    for pattern, sparsity, sparse in cells:
        if pattern == "none" and sparse is True:
            continue  # refused: there are no zeros
        check(make, pattern, sparsity, quantize, path, sparse=sparse)
