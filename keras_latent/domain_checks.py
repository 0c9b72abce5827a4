"""Checks of the three networks of domain-adversarial training."""

import itertools

import keras
import numpy as np


def check_networks(features, labeler, domain_classifier):
    """Raises unless the networks are built, fit together and share nothing.

    Args:
        features: network image -> code.
        labeler: network code -> class.
        domain_classifier: network code -> one or two domain logits.

    Raises:
        ValueError: see `DomainAdversarial`.
    """
    networks = {
        "features": features,
        "labeler": labeler,
        "domain_classifier": domain_classifier,
    }
    for name, network in networks.items():
        _check_graph(name, network)
    for (name, one), (other, two) in itertools.combinations(
        networks.items(), 2
    ):
        known = {id(variable) for variable in one.weights}
        shared = [v.path for v in two.weights if id(v) in known]
        if one is two or shared:
            raise ValueError(
                f"`{name}` and `{other}` must not share weights: they are "
                f"trained against each other. Received: {len(shared)} shared "
                f"weights {shared[:3]}. Build each network anew."
            )
    code = features.output_shape[1:]
    for name in ("labeler", "domain_classifier"):
        wanted = networks[name].input_shape[1:]
        if not _meet(code, wanted):
            raise ValueError(
                f"`{name}` must take what `features` gives. Received: "
                f"features of shape {code} and an input of shape {wanted}. "
                f"Begin `{name}` with `keras.Input({code})`."
            )
    _check_domain_logits(domain_classifier)


def _check_graph(name, network):
    if not isinstance(network, keras.Model):
        raise ValueError(
            f"`{name}` must be a `keras.Model`. "
            f"Received: an object of type {type(network).__name__}."
        )
    single = all(
        len(getattr(network, ends, None) or ()) == 1
        for ends in ("inputs", "outputs")
    )
    if not network.built or not single:
        raise ValueError(
            f"`{name}` must be a built functional or Sequential model of one "
            f"input and one output. Received: {type(network).__name__} "
            f"{network.name!r}. Begin a Sequential model with a "
            "`keras.Input`; wrap a subclassed one: "
            "`keras.Model(inputs, model(inputs))`."
        )


def _meet(one, other):
    pairs = itertools.zip_longest(one, other, fillvalue=0)
    return all(a is None or b is None or a == b for a, b in pairs)


def _check_domain_logits(network):
    shape = network.output_shape
    if len(shape) != 2 or shape[-1] not in (1, 2):
        raise ValueError(
            "`domain_classifier` must give one or two logits per example: "
            f"source or target. Received: output of shape {shape}. End it "
            "with `Flatten` and `Dense(1)`."
        )
    last = network
    while isinstance(last, keras.Model):
        last = last.layers[-1]
    ends = (keras.activations.sigmoid, keras.activations.softmax)
    if isinstance(last, keras.layers.Softmax) or (
        getattr(last, "activation", None) in ends
    ):
        raise ValueError(
            "`domain_classifier` must give logits. Received: "
            f"{network.name!r}, which ends in a sigmoid or softmax. Leave "
            "out the last activation."
        )


def check_labels(labels, num_classes, loss):
    """Raises unless labels fit the classes and the declared loss.

    Args:
        labels: array of labels of the source, (rows,), (rows, 1) or one-hot
            (rows, num_classes).
        num_classes: int, outputs of the labeler.
        loss: what `compile` got; other losses than the categorical
            cross-entropies are not checked.

    Raises:
        ValueError: labels out of range, or of the other form.
    """
    form = _label_form(loss)
    labels = np.asarray(labels)
    if form is None:
        return
    if form == "one-hot":
        if labels.ndim != 2 or labels.shape[1] != num_classes:
            raise ValueError(
                f"Labels must be one-hot with the {num_classes} classes of "
                f"`labeler`, as the loss says. Received: `y` of shape "
                f"{labels.shape}. For integers compile with "
                "'sparse_categorical_crossentropy'."
            )
        rows = labels.sum(axis=1, dtype="float64")
        if labels.min() < 0 or np.abs(rows - 1).max() > 1e-3:
            raise ValueError(
                "One-hot labels must be from 0, with rows of sum 1. Received: "
                f"`y` from {labels.min()}, rows of sum {rows.min():g} to "
                f"{rows.max():g}."
            )
        return
    if labels.ndim > 2 or (labels.ndim == 2 and labels.shape[1] != 1):
        raise ValueError(
            "Labels must be integers of shape (rows,), as the loss says. "
            f"Received: `y` of shape {labels.shape}. For one-hot labels "
            "compile with 'categorical_crossentropy'."
        )
    whole = np.all(labels == np.floor(labels))
    if not whole or labels.min() < 0 or labels.max() >= num_classes:
        raise ValueError(
            f"Labels must be whole numbers from 0 to {num_classes - 1}, the "
            f"classes of `labeler`. Received: `y` from {labels.min()} to "
            f"{labels.max()}. Give the labeler as many outputs as classes."
        )


def _label_form(loss):
    sparse = keras.losses.SparseCategoricalCrossentropy
    dense = keras.losses.CategoricalCrossentropy
    words = str(getattr(loss, "name", None) or loss)
    if isinstance(loss, sparse) or "sparse_categorical" in words.lower():
        return "integers"
    if isinstance(loss, dense) or "categorical_cross" in words.lower():
        return "one-hot"
    return None
