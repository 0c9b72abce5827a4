"""Checks of the networks and images of a `Fader`."""

import warnings

import keras
import numpy as np
from keras import ops

from keras_latent.fader_attributes import check_attributes

RANGES = {"sigmoid": (0, 1), "hard_sigmoid": (0, 1), "tanh": (-1, 1)}


def check_networks(encoder, decoder, classifier, sizes):
    """Raises unless three built models fit each other and `sizes`.

    Args:
        encoder: `keras.Model` of an image to a code.
        decoder: `keras.Model` of [code, attributes] to an image.
        classifier: `keras.Model` of a code to logits.
        sizes: list of int, classes of each attribute.

    Raises:
        ValueError: not models, not built, shared weights, shapes that do not
            meet, probabilities for logits.
    """
    networks = dict(encoder=encoder, decoder=decoder, classifier=classifier)
    for argument, network in networks.items():
        check_built(argument, network)
    check_separate(networks)
    code, columns = tuple(encoder.output_shape[1:]), sum(sizes)
    taken = decoder.input_shape
    if not isinstance(taken, list) or len(taken) != 2:
        raise ValueError(
            "`decoder` must take two inputs, [code, attributes]. Received: "
            f"input shape {taken}. `keras_latent.conditional_decoder` makes "
            "such a model of layers."
        )
    image = tuple(encoder.input_shape[1:])
    meetings = [
        ("decoder", "takes codes", taken[0], "encoder's output", code),
        (
            "decoder",
            "takes attributes",
            taken[1],
            f"attributes of {sizes} classes, one-hot",
            (columns,),
        ),
        ("decoder", "gives images", decoder.output_shape, "input", image),
        (
            "classifier",
            "takes codes",
            classifier.input_shape,
            "encoder's output",
            code,
        ),
        (
            "classifier",
            "gives logits",
            classifier.output_shape,
            f"attributes of {sizes} classes",
            (columns,),
        ),
    ]
    wrong = [
        f"`{argument}` {does} of shape {tuple(shape[1:])}, but the {other} "
        f"has {expected}"
        for argument, does, shape, other, expected in meetings
        if not shapes_meet(tuple(shape[1:]), expected)
    ]
    if wrong:
        raise ValueError(
            f"The networks do not meet: {'; '.join(wrong)}. Change the widths, "
            "or begin with `keras_latent.fader_networks(image_shape, "
            "attribute_sizes)`."
        )
    if last_activation(classifier) in ("softmax", "sigmoid", "log_softmax"):
        raise ValueError(
            f"`classifier` must emit logits. Received: model "
            f"{classifier.name!r} that ends in {last_activation(classifier)}. "
            "Leave its last activation out (`activation=None`)."
        )


def check_built(argument, network):
    """Raises unless `network` is a built model with known shapes."""
    if not isinstance(network, keras.Model):
        raise ValueError(
            f"`{argument}` must be a `keras.Model`. "
            f"Received: an object of type {type(network).__name__}."
        )
    known = getattr(network, "inputs", None)
    if not network.built or not known:
        raise ValueError(
            f"`{argument}` must be a built Sequential or functional model. "
            f"Received: model {network.name!r} without known inputs. Begin it "
            "with a `keras.Input`; a subclassed model goes into "
            "`keras.Model(inputs, model(inputs))`."
        )


def check_pairs(fader, images, attributes, one_hot=True):
    """Raises unless there are images, each with its attributes."""
    check_images(images, fader.encoder, fader.decoder)
    check_attributes(attributes, fader.attribute_sizes, one_hot=one_hot)
    if len(images) != len(attributes):
        raise ValueError(
            "`attributes` must have a row for each image. Received: "
            f"{len(attributes)} rows and {len(images)} images."
        )


def refuse_weights(options, kind="Fader"):
    """Raises if options of `fit` or `evaluate` weigh examples."""
    for name in ("sample_weight", "class_weight"):
        if options.get(name) is not None:
            raise ValueError(
                f"`{name}` must be None: a `{kind}` weighs all examples alike. "
                f"Received: {name} of type {type(options[name]).__name__}. "
                "Repeat examples in the data instead."
            )


def check_separate(networks):
    """Raises if networks, by the names of their arguments, share a weight."""
    owners = {}
    for argument, network in networks.items():
        for weight in network.weights:
            other = owners.setdefault(id(weight), argument)
            if other != argument:
                raise ValueError(
                    f"`{argument}` must not share weights with the {other}: "
                    "they are trained towards opposite ends. Received: shared "
                    f"weight {weight.path!r}. `keras.models.clone_model` "
                    "makes another network."
                )


def shapes_meet(shape, expected):
    """Whether two shapes are equal wherever both are known."""
    pairs = zip(shape, expected, strict=False)
    return len(shape) == len(expected) and all(
        a is None or b is None or a == b for a, b in pairs
    )


def last_activation(model):
    """Name of the activation that ends a model, or None if unknown."""
    for layer in reversed(model.layers):
        if isinstance(layer, keras.layers.Wrapper):
            layer = layer.layer
        if isinstance(layer, keras.Model):
            return last_activation(layer)
        if isinstance(layer, keras.layers.Softmax):
            return "softmax"
        activation = getattr(layer, "activation", None)
        if activation is not None:
            return getattr(activation, "__name__", None)
        if layer.weights:
            return None
    return None


def check_images(
    images, encoder, decoder, argument="images", roles=("encoder", "decoder")
):
    """Raises unless images are finite and of the encoder's shape.

    Warns of images that the decoder's last activation cannot reach.

    Args:
        images: array of shape (batch, ...).
        encoder: `keras.Model`.
        decoder: `keras.Model`.
        argument: str, the name in an error.
        roles: pair of str, what an error calls the two networks.

    Raises:
        ValueError: another shape, no images, NaN or infinity.
    """
    values = np.asarray(ops.convert_to_numpy(images))
    expected = tuple(encoder.input_shape[1:])
    if not shapes_meet(values.shape[1:], expected) or not len(values):
        raise ValueError(
            f"`{argument}` must have the shape (batch, "
            f"{', '.join(map(str, expected))}), as the {roles[0]} takes "
            f"them. Received: shape {values.shape}."
        )
    low, high = float(values.min()), float(values.max())
    if not np.isfinite([low, high]).all():
        row = np.argwhere(~np.isfinite(values))[0][0]
        raise ValueError(
            f"`{argument}` must be finite. Received: NaN or infinity, first "
            f"in row {int(row)}. Clean the data, or train on the rest."
        )
    least, most = RANGES.get(last_activation(decoder), (low, high))
    if low < least or high > most:
        warnings.warn(
            f"`{argument}` are in [{low:g}, {high:g}], but the {roles[1]} ends "
            f"in {last_activation(decoder)} and reaches only [{least}, {most}]."
            f" Scale the images, or end the {roles[1]} otherwise.",
            stacklevel=3,
        )
