"""Errors of pruning before training: argument, what came, a remedy."""

import re

import keras
import numpy as np
import pytest
from keras import layers

from keras_sparse.balanced import balanced_batch
from keras_sparse.saliency import grasp, magnitude, random, snip, synflow
from keras_sparse.score_masks import masks_from_scores

X, Y = np.ones((6, 4), "float32"), np.arange(6) % 3
ONCE = ((X, Y) for _ in range(2))


def net(compiled=True):
    model = keras.Sequential(
        [keras.Input((4,)), layers.Dense(5), layers.Dense(3)], name="net"
    )
    if compiled:
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        model.compile("sgd", loss)
    return model


class Endless(keras.utils.PyDataset):
    @property
    def num_batches(self):
        return None

    def __getitem__(self, index):
        return X, Y


def frozen():
    model = net()
    model.trainable = False
    return model


def broken():
    model = net()
    kernel = model.layers[1].kernel
    kernel.assign(np.full(kernel.shape, np.nan))
    return model


DATA_FREE = [magnitude, random, synflow]
ERRORS = [
    *[
        (
            lambda method=method, value=value: method(net(), sparsity=value),
            "`sparsity` must be a number in [0, 1), a share and not a "
            f"percentage. Received: sparsity={value!r}. Write 0.9 for 90 %.",
        )
        for method in DATA_FREE
        for value in (1.0, 90, -0.1, "0.9", None, float("nan"))
    ],
    *[
        (
            lambda method=method: method(net(), X, Y),
            "`sparsity` must be a number in [0, 1), a share",
        )
        for method in (snip, grasp)
    ],
    *[
        (
            lambda method=method: method(
                keras.Sequential([layers.Dense(2)]), sparsity=0.5
            ),
            "`model` must be built and have trainable weights. Received: ",
        )
        for method in DATA_FREE
    ],
    (lambda: snip(frozen(), X, Y, 0.5), "with 0 trainable variables. Call"),
    (lambda: snip("model", X, Y, 0.5), "`model` must be a keras.Model. Recei"),
    (
        lambda: synflow(net(), 0.5, filters="conv"),
        "`filters` must match at least one weight with every pattern. "
        "Received: 'conv', which matches none. The paths are: net/",
    ),
    (
        lambda: snip(net(), X, sparsity=0.5),
        "`y` must be given, unless `x` is a tf.data.Dataset, a PyDataset or an "
        "iterable of batches. Received: x=ndarray and y=None.",
    ),
    (lambda: snip(net(), {"a": X}, sparsity=0.5), "Received: x=dict and y=No"),
    (lambda: snip(net(), None, sparsity=0.5), "Received: x=NoneType and y=No"),
    (lambda: snip(net(), X[:0], Y[:0], 0.5), "`x` must hold at least one exa"),
    (lambda: snip(net(), [], sparsity=0.5), "`x` must yield at least one bat"),
    (
        lambda: snip(net(), [X], sparsity=0.5),
        "`x` must yield batches (x, y) or (x, y, sample_weight). Received: a "
        "ndarray. Add the targets",
    ),
    (
        lambda: snip(net(), [(X,)], sparsity=0.5),
        "Received: a tuple of 1. Add the targets",
    ),
    (
        lambda: snip(net(), X, Y[:4], 0.5),
        "`x`, `y` and `sample_weight` must be arrays with the same number of "
        "examples on their first axis. Received: shapes [(6, 4), (4,)]. ",
    ),
    (lambda: snip(net(), X, [0, 1, 2, 0, 1, 2], 0.5), "pass lists as numpy a"),
    (
        lambda: snip(net(), X, Y, 0.5, batch_size=0),
        "`batch_size` must be an integer of at least 1. Received: batch_size=0",
    ),
    (
        lambda: snip(net(), Endless(), sparsity=0.5),
        "`x` must end. Received: an infinite Endless. Take as many",
    ),
    (
        lambda: snip(net(), Endless(), Y, 0.5),
        "`y` must be None together with a dataset, which holds the targets. ",
    ),
    (
        lambda: snip(net(), [(X, Y)], sparsity=0.5, sample_weight=Y),
        "`sample_weight` must come with the batches of a dataset. Received: ",
    ),
    (
        lambda: grasp(net(), ONCE, sparsity=0.5),
        "`x` must be an iterable that can be gone through 2 times. Received: "
        "generator, which one pass uses up. Pass a dataset",
    ),
    (
        lambda: snip(net(compiled=False), X, Y, 0.5),
        "`loss` must be given for a model that is compiled without one. "
        "Received: loss=None and model 'net'. Pass a keras.losses.Loss, or",
    ),
    (
        lambda: grasp(net(), X, Y, 0.5, loss="mse"),
        "`outputs` must say what the model returns, for its loss does not: "
        "'logits', 'softmax', 'sigmoid'. Received: outputs=None and loss",
    ),
    *[
        (
            lambda value=value: grasp(net(), X, Y, 0.5, value),
            "`temperature` must be a finite number above 0. Received: "
            f"temperature={value!r}. The authors use 200.",
        )
        for value in (0, -1.0, float("inf"), "200", None, True)
    ],
    (
        lambda: grasp(net(), X, Y, 0.5, reduction="max"),
        "`reduction` must be one of 'mean', 'sum'. Received: reduction='max'.",
    ),
    (
        lambda: grasp(net(), X, Y, 0.5, outputs="tanh"),
        "`outputs` must be one of None, 'logits', 'softmax', 'sigmoid'. Recei",
    ),
    (
        lambda: magnitude(net(), 0.5, scope="model"),
        "`scope` must be one of 'global', 'layer'. Received: scope='model'.",
    ),
    (
        lambda: magnitude(net(), 0.5, distribution="erk"),
        "`scope` must be 'layer' for the sparsity of single layers. Received: "
        "scope='global' and {'distribution': 'erk'}. Pass scope='layer', or",
    ),
    (
        lambda: magnitude(net(), 0.5, "layer", distribution="even"),
        "`distribution` must be one of 'uniform', 'erdos_renyi',",
    ),
    (
        lambda: magnitude(net(), 0.5, "layer", custom={"dense": 0.5}),
        "`custom` must name layers of the model. Received: ['dense']. Use",
    ),
    (lambda: random(net(), 0.5, seed=-1), "`seed` must be an integer of at l"),
    (lambda: synflow(net(), 0.5, 0), "`rounds` must be an integer of at leas"),
    (
        lambda: synflow(net(), 0.5, biases="none"),
        "`biases` must be one of 'zero', 'absolute'. Received: biases='none'.",
    ),
    (
        lambda: synflow(net(), 0.5, dtype="float16"),
        "`dtype` must be one of 'float64', None. Received: dtype='float16'.",
    ),
    *[
        (
            lambda act=act: act(broken()),
            "`scores` must be finite. Received: NaN or infinity in net/",
        )
        for act in (
            lambda model: magnitude(model, 0.5),
            lambda model: synflow(model, 0.5, 2),
            lambda model: snip(model, X, Y, 0.5),
            lambda model: grasp(model, X, Y, 0.5),
        )
    ],
    (
        lambda: snip(net(), X * np.nan, Y, 0.5),
        "`scores` must be finite. Received: NaN or infinity in net/",
    ),
    (
        lambda: masks_from_scores(
            {"a": np.ones(3), "b": np.array([0.0])}, 1, never_empty=True
        ),
        "`sparsity` must leave a weight for each of the 2 layers if "
        "`never_empty`. Received: a sparsity that keeps 1. Lower it",
    ),
    (
        lambda: balanced_batch(X, np.array([0, 0, 0, 1, 1, 2]), 2),
        "`samples_per_class` must not exceed the examples of any class. "
        "Received: samples_per_class=2, but classes with fewer: {2: 1}. Lower",
    ),
    (
        lambda: balanced_batch(X, Y, 0),
        "`samples_per_class` must be an integer of at least 1. Received: ",
    ),
    (
        lambda: balanced_batch(X, np.ones((6, 2, 2)), 1),
        "`y` must be integer labels (n,) or (n, 1), or one-hot (n, classes). "
        "Received: shape (6, 2, 2). Pass class labels.",
    ),
    (lambda: balanced_batch(X, Y[:3], 1), "must be arrays with the same numb"),
]


@pytest.mark.parametrize("act, message", ERRORS)
def test_errors_name_the_argument_what_came_and_a_remedy(act, message):
    with pytest.raises(ValueError, match=re.escape(message)) as raised:
        act()
    assert re.match(
        r"`\w+`.* must .* Received: .*\. [A-Z].*\.$",
        str(raised.value),
    )


def test_an_infinite_dataset_is_refused():
    tf = pytest.importorskip("tensorflow")
    data = tf.data.Dataset.from_tensors((X, Y)).repeat()
    with pytest.raises(ValueError, match="`x` must end. Received: an infinite"):
        snip(net(), data, sparsity=0.5)
