"""A step is the paper's: the reversal, the losses, the domains apart."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from domain_models import (
    LOSS,
    TARGET,
    TARGET_Y,
    WEIGHTS,
    X,
    Y,
    domain_model,
    networks,
    values,
)
from sklearn.linear_model import LogisticRegression

import keras_latent as kl


def softplus(value):
    return np.logaddexp(0, value)


def by_hand(parts, adversarial_weight, domain_weight, domains, sample_weight):
    """Losses and gradients of one batch, without any of our code.

    The reversal is made of two losses: each network has the gradient of its
    own, the features that of the label loss minus the weighted domain loss.
    """
    features, labeler, critic = parts
    x, y, target = X[:16], Y[:16], TARGET[:12]
    with tf.GradientTape(persistent=True) as tape:
        source_code, target_code = features(x), features(target)
        each = keras.ops.sparse_categorical_crossentropy(
            y, labeler(source_code), from_logits=True
        )
        label = tf.reduce_mean(each * sample_weight)
        label += sum(features.losses)
        rows = []
        for code, domain in ((source_code, 0), (target_code, 1)):
            logits = critic(code)
            if domains == 1:
                logits = tf.concat([tf.zeros_like(logits), logits], axis=1)
            rows.append(-tf.nn.log_softmax(logits)[:, domain])
        domain = (tf.reduce_mean(rows[0]) + tf.reduce_mean(rows[1])) / 2
        adversary = domain_weight * domain
        opposed = label - adversarial_weight * adversary
    gradients = [
        *tape.gradient(opposed, features.trainable_variables),
        *tape.gradient(label, labeler.trainable_variables),
        *tape.gradient(adversary, critic.trainable_variables),
    ]
    return label.numpy(), domain.numpy(), [each.numpy() for each in gradients]


@pytest.mark.parametrize(
    "weight, domain_weight, domains, weighted",
    [(0.0, 1.0, 1, False), (0.7, 1.0, 2, False), (0.7, 2.0, 1, True)],
)
def test_a_step_is_the_one_by_hand(weight, domain_weight, domains, weighted):
    model = domain_model(
        domains=domains,
        weight=weight,
        domain_weight=domain_weight,
        compiled=dict(
            optimizer=keras.optimizers.SGD(1.0),
            run_eagerly=True,
            weighted_metrics=[],
        ),
    )
    parts = (model.features, model.labeler, model.domain_classifier)
    sample_weight = WEIGHTS[:16] if weighted else np.ones(16, "float32")
    label, domain, gradients = by_hand(
        parts, weight, domain_weight, domains, sample_weight
    )
    variables = [v for part in parts for v in part.trainable_variables]
    before = values(variables)
    batch = ((X[:16], TARGET[:12]), Y[:16], sample_weight)
    batch = batch if weighted else batch[:2]
    logs = model.fit(tf.data.Dataset.from_tensors(batch), verbose=0).history
    for old, new, gradient in zip(
        before, values(variables), gradients, strict=True
    ):
        np.testing.assert_allclose(old - new, gradient, atol=2e-6)
    np.testing.assert_allclose(logs["label_loss"], label, rtol=1e-5)
    np.testing.assert_allclose(logs["domain_loss"], domain, rtol=1e-5)
    np.testing.assert_allclose(
        logs["loss"], label + domain_weight * domain, rtol=1e-5
    )


def test_domain_accuracy_counts_both_domains():
    model = domain_model(weight=0.0, compiled=dict(run_eagerly=True))
    last = model.domain_classifier.layers[-1]
    last.kernel.assign(0 * last.kernel)
    batch = tf.data.Dataset.from_tensors(((X[:16], TARGET[:4]), Y[:16]))
    for bias, accuracy in ((-1.0, 16 / 20), (1.0, 4 / 20), (0.0, 0.5)):
        last.bias.assign([bias])
        found = model.evaluate(batch, verbose=0, return_dict=True)
        np.testing.assert_allclose(found["domain_accuracy"], accuracy)


def batch_statistics(rows, kernel, bias):
    hidden = np.maximum(rows @ kernel + bias, 0)
    return hidden.mean(0), hidden.var(0)


@pytest.mark.parametrize("statistics", ["both", "source", "target"])
def test_moving_statistics_are_of_the_domains_that_are_named(statistics):
    model = domain_model(
        norm=True,
        weight=1.0,
        statistics=statistics,
        compiled=dict(run_eagerly=True),
    )
    dense, norm = model.features.layers
    mean, variance = np.zeros(8), np.ones(8)
    for name, rows in (("source", X[:16]), ("target", TARGET[:16])):
        if statistics in ("both", name):
            new = batch_statistics(rows, *values(dense.variables))
            mean = 0.5 * mean + 0.5 * new[0]
            variance = 0.5 * variance + 0.5 * new[1]
    batch = ((X[:16], TARGET[:16]), Y[:16])
    model.fit(tf.data.Dataset.from_tensors(batch), verbose=0)
    np.testing.assert_allclose(norm.moving_mean, mean, atol=1e-5)
    np.testing.assert_allclose(norm.moving_variance, variance, atol=1e-5)


def test_in_training_each_domain_is_normalised_by_its_own_batch():
    model = domain_model(norm=True, weight=1.0)
    rows = TARGET[:16]
    alone = model.features(rows, training=True)
    _, _, beside = model((X[:16], rows), training=True)
    _, _, other = model((X[:16] * 5 + 9, rows), training=True)
    np.testing.assert_allclose(beside, other, rtol=1e-6)
    margin = model.domain_classifier(alone)[:, 0]
    np.testing.assert_allclose(beside, margin, rtol=1e-5, atol=1e-6)


def test_predictions_are_those_of_features_and_labeler(tmp_path):
    model = domain_model(norm=True, weight=1.0)
    model.fit(X, Y, target=TARGET, verbose=0)
    expected = model.labeler(model.features(TARGET)).numpy()
    found = model.predict(TARGET, verbose=0)
    np.testing.assert_allclose(found, expected, atol=1e-6)
    classifier = model.classifier
    np.testing.assert_allclose(classifier(TARGET), expected, atol=1e-6)
    known = model.features.weights + model.labeler.weights
    assert {id(v) for v in classifier.weights} == {id(v) for v in known}
    classifier.save(tmp_path / "classifier.keras")
    loaded = keras.saving.load_model(tmp_path / "classifier.keras")
    np.testing.assert_allclose(loaded(TARGET), expected, atol=1e-6)
    model.export(tmp_path / "exported", verbose=False)
    served = tf.saved_model.load(tmp_path / "exported")
    np.testing.assert_allclose(served.serve(TARGET), expected, atol=1e-6)


def test_logs_have_source_and_target_apart():
    model = domain_model(weight=1.0)
    logs = model.fit(
        X, Y, target=TARGET, validation_data=(TARGET, TARGET_Y), verbose=0
    ).history
    own = {"loss", "label_loss", "domain_loss", "domain_accuracy", "accuracy"}
    assert set(logs) == own | {"val_loss", "val_accuracy"}
    right = model.predict(TARGET, verbose=0).argmax(1) == TARGET_Y
    np.testing.assert_allclose(logs["val_accuracy"], right.mean(), rtol=1e-6)
    found = model.evaluate(X, Y, verbose=0, return_dict=True)
    predictions = model.predict(X, verbose=0)
    assert set(found) == {"loss", "accuracy"}
    label = float(LOSS(Y, predictions)) + float(sum(model.losses))
    np.testing.assert_allclose(found["loss"], label, rtol=1e-5)


def test_the_adversary_makes_the_domains_alike():
    target = X[:80] + [0, 0, 0, 0, 0, 2]
    domains = np.repeat([0, 1], [len(X), len(target)])
    found = {}
    for weight in (0.0, 1.0):
        model = domain_model(weight=weight)
        model.fit(X, Y, 32, 40, target=target.astype("float32"), verbose=0)
        codes = model.features(np.concatenate([X, target])).numpy()
        probe = LogisticRegression(max_iter=1000).fit(codes, domains)
        found[weight] = probe.score(codes, domains)
        right = model.predict(X, verbose=0).argmax(1) == Y
        assert right.mean() > 0.85
    assert found[1.0] < 0.75 and found[0.0] > 0.8, found


def test_the_paper_s_networks_may_have_two_domain_logits():
    model = kl.DomainAdversarial(*networks(domains=2), weight=1.0)
    one, two = model((X[:4], TARGET[:4]))[1:]
    logits = model.domain_classifier(model.features(X[:4])).numpy()
    np.testing.assert_allclose(one, logits[:, 1] - logits[:, 0], atol=1e-6)
    assert two.shape == (4,)
