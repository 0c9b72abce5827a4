"""The steps of a Fader, against the same steps written by hand."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from numpy.testing import assert_allclose, assert_array_equal

import keras_latent as kl
from keras_latent.fader_attributes import one_hot_attributes
from keras_latent.fader_steps import hiding_loss

GENERATOR = np.random.default_rng(0)
IMAGES = GENERATOR.uniform(size=(48, 4, 4, 1)).astype("float32")
LABELS = GENERATOR.integers(0, 3, size=48)
BATCH, CRITIC = 4, 3  # 48 rows: three steps of four batches
BETA, RAMP = 0.5, 2


def make(adversarial="negative", sizes=3, **options):
    keras.utils.set_random_seed(0)
    networks = kl.fader_networks((4, 4, 1), sizes, 4, width=8)
    options = dict(critic_steps=CRITIC, ramp_steps=RAMP, beta=BETA) | options
    if isinstance(sizes, list):
        options["attribute_sizes"] = sizes
    return kl.Fader(*networks, adversarial=adversarial, **options)


def trained(fader, labels=LABELS, dataset=False, **options):
    sgd = keras.optimizers.SGD
    fader.compile(sgd(0.5), sgd(0.3, momentum=0.9), **options)
    if dataset:
        pairs = tf.data.Dataset.from_tensor_slices((IMAGES, labels))
        pairs = pairs.batch(BATCH)
        return fader.fit(pairs, shuffle=False, verbose=0).history
    fit = dict(batch_size=BATCH, shuffle=False, verbose=0)
    return fader.fit(IMAGES, labels, **fit).history


def values(variables):
    return [np.array(variable) for variable in variables]


def by_hand(fader, labels, hide):
    """Plain gradient steps on batches in order; returns the logs."""
    networks = fader.encoder, fader.decoder, fader.classifier
    encoder, decoder, classifier = networks
    trained = encoder.trainable_variables + decoder.trainable_variables
    speed = [np.zeros(v.shape) for v in classifier.trainable_variables]
    batches = [slice(i, i + BATCH) for i in range(0, len(IMAGES), BATCH)]
    rows = {"classifier_loss": [], "reconstruction_loss": [], "beta": []}
    for step in range(len(batches) // (CRITIC + 1)):
        *critic, last = batches[step * (CRITIC + 1) :][: CRITIC + 1]
        for batch in critic:
            with tf.GradientTape() as tape:
                logits = classifier(encoder(IMAGES[batch]))
                log_share = tf.nn.log_softmax(logits)
                chosen = tf.gather(log_share, labels[batch], batch_dims=1)
                loss = -tf.reduce_mean(chosen)
            rows["classifier_loss"].append(float(loss))
            weights = classifier.trainable_variables
            gradients = tape.gradient(loss, weights)
            for index, weight in enumerate(weights):
                speed[index] = 0.9 * speed[index] - 0.3 * gradients[index]
                weight.assign_add(speed[index])
        beta = BETA * min(step / RAMP, 1.0)
        with tf.GradientTape() as tape:
            code = encoder(IMAGES[last])
            known = tf.one_hot(labels[last], 3)
            error = tf.reduce_mean((decoder([code, known]) - IMAGES[last]) ** 2)
            log_share = tf.nn.log_softmax(classifier(code))
            loss = error + beta * tf.reduce_mean(hide(log_share, known))
        rows["reconstruction_loss"].append(float(error))
        rows["beta"].append(beta)
        for weight, gradient in zip(
            trained, tape.gradient(loss, trained), strict=True
        ):
            weight.assign_sub(0.5 * gradient)
    return {name: np.mean(row) for name, row in rows.items()}


HIDE = {
    "negative": lambda log_share, known: tf.reduce_sum(known * log_share, -1),
    "entropy": lambda log_share, known: -tf.reduce_mean(log_share, -1),
}


@pytest.fixture(scope="module")
def eager():
    """Logs and networks of three steps, and of the same by hand."""
    found = {}
    for kind, hide in HIDE.items():
        fader, other = make(kind), make(kind)
        logs = trained(fader, run_eagerly=True)
        found[kind] = fader, logs, other, by_hand(other, LABELS, hide)
    return found


@pytest.mark.parametrize("kind", list(HIDE))
def test_fit_is_the_steps_by_hand(eager, kind):
    fader, logs, other, expected = eager[kind]
    assert set(logs) == {
        "loss",
        "reconstruction_loss",
        "classifier_loss",
        "classifier_accuracy",
        "beta",
    }
    for name, value in expected.items():
        assert_allclose(logs[name][0], value, rtol=1e-5, err_msg=name)
    pairs = zip(values(fader.weights), values(other.weights), strict=True)
    for ours, theirs in pairs:
        assert_allclose(ours, theirs, rtol=1e-4, atol=1e-6)
    start = values(make(kind).trainable_variables)
    moved = zip(values(fader.trainable_variables), start, strict=True)
    assert min(np.abs(a - b).max() for a, b in moved) > 1e-4


@pytest.mark.parametrize(
    "options",
    [
        dict(jit_compile=False, steps_per_execution=2, dataset=True),
        dict(jit_compile=True),
    ],
    ids=["two steps at once", "compiled"],
)
def test_graphs_train_as_eager_steps_do(eager, options):
    fader, logs, *_ = eager["negative"]
    other = make()
    other_logs = trained(other, **options)
    for name, row in logs.items():
        assert_allclose(other_logs[name], row, rtol=1e-4, err_msg=name)
    pairs = zip(values(fader.weights), values(other.weights), strict=True)
    for ours, theirs in pairs:
        assert_allclose(theirs, ours, rtol=1e-3, atol=1e-5)


def flip_losses(sizes, labels, seed, step):
    """Losses of classifiers that are sure of one class, by that class."""
    fader = make("flip", sizes, seed=seed)
    fader.compile()
    fader.optimizer.iterations.assign(step)
    targets = one_hot_attributes(labels, sizes)
    columns = np.eye(sum(sizes), dtype="float32")
    sure = [np.tile(20 * column, (len(labels), 1)) for column in columns]
    return np.array([hiding_loss(fader, row, targets) for row in sure])


def test_flip_draws_a_wrong_class_anew_in_each_step():
    def draw(seed, step):
        return flip_losses([3], LABELS[:, None], seed, step).argmin(axis=0)

    first = draw(0, 4)
    assert (first != LABELS).all()
    assert set((first - LABELS) % 3) == {1, 2}
    assert_array_equal(draw(0, 4), first)
    assert (draw(0, 5) != first).any()
    assert (draw(1, 4) != first).any()


def test_flip_of_binary_attributes_needs_no_draw():
    labels = np.stack([LABELS % 2, LABELS // 2], axis=1)
    losses = [flip_losses([2, 2], labels, *draw) for draw in ((0, 1), (9, 5))]
    assert_array_equal(*losses)
    assert_array_equal(losses[0][:2].argmin(axis=0), 1 - labels[:, 0])


def test_several_attributes_may_be_integers_or_one_hot():
    labels = np.stack([LABELS % 2, LABELS], axis=1)
    columns = np.concatenate([np.eye(2)[LABELS % 2], np.eye(3)[LABELS]], axis=1)
    fader = make(sizes=[2, 3])
    start = values(fader.trainable_variables)
    trained(fader, labels, run_eagerly=True)
    moved = zip(values(fader.trainable_variables), start, strict=True)
    assert min(np.abs(a - b).max() for a, b in moved) > 1e-6
    logs = [
        fader.evaluate(IMAGES, given, verbose=0, return_dict=True)
        for given in (labels, columns)
    ]
    assert logs[0] == logs[1]


def test_the_last_rows_of_an_epoch_are_trained_on():
    whole, cut = make(), make()
    for fader, rows in ((whole, 23), (cut, 16)):
        fader.compile(run_eagerly=True)
        fit = dict(batch_size=BATCH, shuffle=False, verbose=0)
        fader.fit(IMAGES[:rows], LABELS[:rows], **fit)
    assert int(whole.optimizer.iterations) == 2
    assert int(whole.classifier_optimizer.iterations) == 2 * CRITIC
    assert int(cut.optimizer.iterations) == 1


@pytest.fixture(scope="module")
def fader():
    made = make()
    trained(made, run_eagerly=True)
    return made


def test_evaluate_trains_nothing_and_gives_the_losses(fader):
    before = values(fader.weights)
    logs = fader.evaluate(IMAGES, LABELS, verbose=0, return_dict=True)
    for old, new in zip(before, values(fader.weights), strict=True):
        assert_array_equal(old, new)
    code = fader.encoder(IMAGES)
    images = fader.decoder([code, tf.one_hot(LABELS, 3)])
    error = np.mean((np.array(images) - IMAGES) ** 2)
    log_share = np.array(tf.nn.log_softmax(fader.classifier(code)))
    classifier_loss = -log_share[np.arange(48), LABELS].mean()
    hits = (log_share.argmax(-1) == LABELS).mean()
    assert_allclose(logs["reconstruction_loss"], error, rtol=1e-5)
    assert_allclose(logs["classifier_loss"], classifier_loss, rtol=1e-5)
    assert_allclose(logs["classifier_accuracy"], hits, rtol=1e-5)
    assert_allclose(logs["loss"], error - BETA * classifier_loss, rtol=1e-4)
    assert logs["beta"] == BETA


def test_predict_and_reconstruct_are_decoder_of_code_and_attribute(fader):
    code = fader.encode(IMAGES)
    expected = np.array(fader.decoder([code, np.eye(3)[LABELS]]))
    batches = tf.data.Dataset.from_tensor_slices((IMAGES, LABELS)).batch(20)
    for found in (
        fader.predict([IMAGES, LABELS], verbose=0),
        fader.predict(batches, verbose=0),
        fader.reconstruct(IMAGES, LABELS),
        fader.reconstruct(IMAGES, np.eye(3)[LABELS]),
    ):
        assert_allclose(found, expected, rtol=1e-4, atol=1e-5)
    swapped = fader.reconstruct(IMAGES, (LABELS + 1) % 3)
    assert np.abs(swapped - expected).max() > 1e-4


def test_reconstruct_takes_attributes_beyond_one(fader):
    between = np.tile([[-1.0, 2.0, 0.0]], (48, 1))
    expected = np.array(fader.decoder([fader.encode(IMAGES), between]))
    found = fader.reconstruct(IMAGES, between)
    assert_allclose(found, expected, rtol=1e-4, atol=1e-5)


def test_regularizers_of_each_network_go_to_its_own_loss():
    def network(strength):
        keras.utils.set_random_seed(0)
        encoder, decoder, _ = kl.fader_networks((4, 4, 1), 3, 4, width=8)
        regularizer = keras.regularizers.L2(strength)
        layers = [keras.Input((4,)), keras.layers.Dense(3)]
        layers[-1].kernel_regularizer = regularizer
        classifier = keras.Sequential(layers)
        return kl.Fader(encoder, decoder, classifier, 0.0, critic_steps=2)

    plain, decayed = network(0.0), network(0.1)
    for fader in (plain, decayed):
        trained(fader, run_eagerly=True)
    pairs = zip(plain.encoder.weights, decayed.encoder.weights, strict=True)
    for ours, theirs in pairs:
        assert_array_equal(values([ours]), values([theirs]))
    norms = [
        np.linalg.norm(f.classifier.layers[-1].kernel) for f in (plain, decayed)
    ]
    assert norms[1] < 0.99 * norms[0]
