"""The fresh classifier of a probe: trained on codes, chosen on others."""

import copy

import keras
import numpy as np
from sklearn.neural_network import MLPClassifier
from threadpoolctl import threadpool_limits

MOST_EPOCHS = 60
PATIENCE = 8
HIDDEN = (256, 256)


def standardize(train, *others):
    """Scales columns by the mean and deviation that `train` has.

    Args:
        train: float array (examples, numbers); a constant column becomes 0.
        *others: float arrays (..., numbers), scaled the same way.

    Returns:
        List of arrays, `train` first.

    Example:
        >>> from keras_latent.probe_classifier import standardize
        >>> train, other = standardize(np.array([[1.0], [3.0]]), [[5.0]])
        >>> train.tolist(), other.tolist()
        ([[-1.0], [1.0]], [[3.0]])
    """
    mean, deviation = train.mean(axis=0), train.std(axis=0)
    # Rounding gives a constant column a deviation that is not quite 0.
    constant = deviation <= 1e-6 * np.maximum(np.abs(mean), 1e-30)
    scale = np.where(constant, np.inf, deviation)
    return [(array - mean) / scale for array in (train, *others)]


def fit_mlp(train, chosen, num_classes, seed):
    """Trains a perceptron; keeps the epoch that is best on other examples.

    Two hidden layers of 256 units, Adam at 0.001, batches of 128; it ends
    after 60 epochs, or after 8 without progress.

    Args:
        train: pair (codes (examples, numbers), int labels) to learn from.
        chosen: pair to choose the epoch by.
        num_classes: int.
        seed: int, of the weights and of the order of examples.

    Returns:
        Function from codes to int labels.
    """
    network = MLPClassifier(
        HIDDEN, batch_size=min(128, len(train[0])), random_state=seed
    )
    best, best_score, best_epoch = None, -1.0, 0
    # Products this small lose time to a second thread, much on a busy machine.
    with threadpool_limits(limits=1, user_api="blas"):
        for epoch in range(MOST_EPOCHS):
            network.partial_fit(*train, classes=np.arange(num_classes))
            score = np.mean(network.predict(chosen[0]) == chosen[1])
            if score > best_score:
                best, best_score = copy.deepcopy(network), score
                best_epoch = epoch
            elif epoch - best_epoch >= PATIENCE:
                break
    return best.predict


def fit_given(model, train, chosen, num_classes):
    """Trains the user's classifier; see `fit_mlp`.

    A `keras.Model` is fitted as it was compiled and keeps the weights of its
    lowest validation loss. Anything else is fitted on all examples, in the
    manner of scikit-learn.

    Raises:
        ValueError: a Keras model that is not compiled, or without a number
            for each class; an object without `fit` and `predict`.
    """
    if not isinstance(model, keras.Model):
        if not all(hasattr(model, name) for name in ("fit", "predict")):
            raise ValueError(
                "`classifier` must be a function of (code_size, num_classes) "
                "that returns a compiled keras.Model, or an object with `fit` "
                f"and `predict`. Received: it returned {model!r}."
            )
        pairs = zip(train, chosen, strict=True)
        model.fit(*[np.concatenate(pair) for pair in pairs])
        return model.predict
    if not model.compiled:
        raise ValueError(
            "`classifier` must return a compiled model. Received: "
            f"{model.name!r}, not compiled. Call `model.compile(optimizer, "
            "loss)` in the function."
        )
    stop = keras.callbacks.EarlyStopping(
        "val_loss", patience=PATIENCE, restore_best_weights=True
    )
    model.fit(
        *train,
        validation_data=chosen,
        epochs=MOST_EPOCHS,
        batch_size=128,
        callbacks=[stop],
        verbose=0,
    )

    def predict(codes):
        scores = model.predict(codes, batch_size=1024, verbose=0)
        if scores.shape != (len(codes), num_classes):
            raise ValueError(
                "`classifier` must return a model with one output for each of "
                f"the {num_classes} classes. Received: outputs of shape "
                f"{scores.shape}."
            )
        return scores.argmax(axis=-1)

    return predict
