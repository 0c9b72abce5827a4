"""Errors of the optimizer: the argument, what came, and a remedy."""

import re

import keras
import numpy as np
import pytest
from keras import layers, optimizers

import keras_sparse as ks
from keras_sparse.selection import select


def model(*more):
    stack = [keras.Input((4,)), layers.Dense(3, name="a"), *more]
    return keras.Sequential(stack, name="m")


def built(optimizer):
    optimizer.build(model().trainable_variables)
    return optimizer


def wrapped(inner="sgd", method=None, filters=None):
    return ks.SparseOptimizer(inner, method or ks.Static(0.5), filters)


def sparsified(masks=None, filters=None, of=None):
    of = of or model()
    return ks.sparsify(of, "sgd", ks.Static(0.5), masks, filters)


def other_models_optimizer():
    optimizer = sparsified()
    other = model()
    variables = other.trainable_variables
    optimizer.apply([keras.ops.ones(v.shape) for v in variables], variables)


def unprunable():
    return keras.Sequential([keras.Input((4,)), layers.BatchNormalization()])


def oddly_named():
    class Scale(layers.Layer):
        def build(self, shape):
            self.scale = self.add_weight(shape=(shape[-1], 3), name="scale")

        def call(self, inputs):
            return inputs @ self.scale

    return keras.Sequential([keras.Input((4,)), Scale(name="s")], name="m")


OPTIMIZERS = [
    (
        lambda: wrapped(optimizers.LossScaleOptimizer(optimizers.SGD())),
        "`inner` must be a plain Keras optimizer. Received: "
        "LossScaleOptimizer. Put it outside: LossScaleOptimizer("
        "SparseOptimizer(inner, method)); with mixed_float16 `compile` does.",
    ),
    (
        lambda: wrapped(wrapped()),
        "`inner` must be a plain Keras optimizer. Received: SparseOptimizer.",
    ),
    (
        lambda: wrapped(built(optimizers.Adam())),
        "`inner` must not be built yet, so that its slots can be followed. "
        "Received: a built Adam, perhaps of another model. Pass a new one: ",
    ),
    (
        lambda: wrapped(method="rigl"),
        "`method` must be a sparse training method such as RigL(0.9). "
        "Received: method='rigl'.",
    ),
    (
        lambda: wrapped(method=ks.RigL),
        "`method` must be a sparse training method such as RigL(0.9).",
    ),
    (
        other_models_optimizer,
        "`optimizer` must have been built for the variables it is given, "
        "but 'm/a/kernel' and 1 others are unknown to it: it belongs to "
        "another model",
    ),
    (
        lambda: sparsified(filters="b/kernel"),
        "`filters` must match at least one weight with every pattern. "
        "Received: 'b/kernel', which matches none. The paths are: m/a/kernel.",
    ),
    (
        lambda: sparsified(filters=["a", "b"]),
        "Received: 'b', which matches none. The paths are: m/a/kernel.",
    ),
    (lambda: sparsified(filters=lambda path: False), "which matches none."),
    (lambda: sparsified(filters=[]), "`filters` must match at least one"),
    (
        lambda: sparsified(filters="a("),
        "`filters` must be a regular expression, a list of them or a function "
        "path -> bool. Received: 'a('",
    ),
    (lambda: sparsified(filters=[3]), "Received: 3 ("),
    (
        lambda: sparsified(of=unprunable()),
        "`model` must have a trainable weight that can be masked: a kernel "
        "or embedding. Received: ",
    ),
    (
        lambda: sparsified(of=oddly_named()),
        "`filters` must choose weights here, because none has a name that "
        "is masked by default (kernel, depthwise_kernel,",
    ),
    (lambda: sparsified(of=oddly_named()), "Choose among m/s/scale."),
    (lambda: select([]), "Received: no weight. Build the model"),
]
MODELS = [
    (
        lambda: sparsified(
            masks={
                "a/kernel": np.ones((4, 3)),
                "m/a/bias": np.ones(3),
                "m/a/kernel": np.ones((3, 4)),
            }
        ),
        "`masks` must hold arrays of 0 and 1 in the shapes of weights that can "
        "be masked. Received: 'a/kernel', which is not a path; 'm/a/bias', "
        "which is not a path; 'm/a/kernel' of shape (3, 4), not (4, 3). The "
        "paths are: m/a/kernel.",
    ),
    (
        lambda: sparsified(masks={"m/a/kernel": np.full((4, 3), 0.5)}),
        "Received: 'm/a/kernel' with values from 0.5 to 0.5. The paths are",
    ),
    (
        lambda: sparsified({"m/a/kernel": np.ones((4, 3))}, filters="a"),
        "`filters` must be None together with `masks`, which names the "
        "weights. Received: filters='a'. Leave one out.",
    ),
    (
        lambda: sparsified(masks={}),
        "`masks` must be a dict variable path -> 0/1 array that holds at least "
        "one mask. Received: {}. The paths are: m/a/kernel.",
    ),
    (
        lambda: sparsified(of=keras.Sequential([layers.Dense(3)], name="n")),
        "`model` must be built and have trainable weights. Received: 'n', "
        "not built, with 0 trainable variables. Call model.build(input_shape)",
    ),
    (
        lambda: ks.masks(model()),
        "`model` must be compiled with a SparseOptimizer. Received: a model "
        "whose optimizer is NoneType. Compile it with SparseOptimizer(inner",
    ),
]


@pytest.mark.parametrize("act, message", [*OPTIMIZERS, *MODELS])
def test_errors_name_the_argument_what_came_and_a_remedy(act, message):
    with pytest.raises(ValueError, match=re.escape(message)) as raised:
        act()
    text = str(raised.value)
    assert (
        re.search(r"`[\w\[\]'/]+`", text)
        and "Received" in text
        or ("unknown to it" in text)
    )


def test_an_optimizer_that_keras_cannot_find():
    with pytest.raises(ValueError, match="Could not interpret"):
        wrapped(inner=3)


@pytest.mark.skipif(
    not hasattr(optimizers, "MultiOptimizer"), reason="this Keras has none"
)
def test_multi_optimizer_is_refused():
    inner = optimizers.MultiOptimizer(lambda variable: optimizers.SGD())
    with pytest.raises(ValueError, match="Received: MultiOptimizer. Its opt"):
        wrapped(inner)


def test_a_model_compiled_with_a_plain_optimizer_has_no_masks():
    plain = model()
    plain.compile("adam", "mse")
    with pytest.raises(ValueError, match="whose optimizer is Adam"):
        ks.sparsity(plain)


def test_before_it_is_built_a_model_has_no_masks_yet():
    fresh = model()
    fresh.compile(wrapped(), "mse")
    assert ks.masks(fresh) == {}
