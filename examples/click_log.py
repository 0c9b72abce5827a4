"""Click prediction: a small student learns what kinds of clicks there are.

    python examples/click_log.py --quick
    python examples/click_log.py --rows 200000 --labelled 0.05
    python examples/click_log.py --data train.txt

The file has the format of the Criteo click logs: one line for each impression,
separated by tabs: the label (1: click), 13 integers, 26 categories in
hexadecimal; a field without a value is empty. Without --data such a file is
made up. It is read line by line, so that it may be larger than memory. Every
fifth line tests. The teacher sees all other lines, the students a share of them
(--labelled).
"""

import argparse
import pathlib
import tempfile

import keras
import numpy as np
import tensorflow as tf
from keras import layers
from sklearn.metrics import roc_auc_score

import keras_distill as kd

NUMBERS, CATEGORIES = 13, 26
CLASSES, SUBCLASSES = 2, 8
BUCKETS = 20_000
tf.get_logger().setLevel("ERROR")  # several models trace many functions


def main():
    """Trains a teacher and two students, and prints their AUC."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--data", help="file in the format of Criteo")
    parser.add_argument("--rows", type=int, default=100_000, help="to make up")
    parser.add_argument("--labelled", type=float, default=0.1)
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--batch-size", type=int, default=256)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--quick", action="store_true", help="a small run")
    options = parser.parse_args()
    if options.quick:
        options.rows, options.epochs, options.labelled = 4_000, 3, 0.5
    keras.utils.set_random_seed(options.seed)
    with tempfile.TemporaryDirectory() as folder:
        path = options.data or str(pathlib.Path(folder) / "clicks.tsv")
        if not options.data:
            make_clicks(path, options.rows, options.seed)
            print(f"Made up {options.rows:,} lines.")
        run(path, options)


def run(path, options):
    """Trains on the lines of one file."""
    train = read(path, "train", options.batch_size)
    test = read(path, "test", 1024)
    labelled = read(path, "train", 64, every=round(1 / options.labelled))
    adapted = layers.Normalization()
    adapted.adapt(train.map(lambda x, y: x["numbers"]))
    statistics = {
        "mean": np.squeeze(adapted.mean),
        "variance": np.squeeze(adapted.variance),
    }

    teacher = network(statistics, 16, (256, 128), dropout=0.3)
    teacher.compile("adam", kd.SubclassCrossentropy(CLASSES))
    teacher.fit(train, epochs=options.epochs, shuffle=False, verbose=0)
    show("teacher", teacher, test)

    epochs = options.epochs * (1 if options.quick else 2)
    loss = kd.SubclassCrossentropy(CLASSES, diversity_weight=0.0)
    alone = network(statistics, 4, (32,))
    alone.compile("adam", loss)
    alone.fit(labelled, epochs=epochs, shuffle=False, verbose=0)
    show("student alone", alone, test)

    student = network(statistics, 4, (32,))
    distiller = kd.Distiller(teacher, student, kd.SubclassDistillation())
    distiller.compile("adam", loss)
    distiller.fit(labelled, epochs=epochs, shuffle=False, verbose=0)
    show("student of the teacher's subclasses", student, test)


def read(path, part, batch_size, every=1):
    """Streams the lines of a file as batches of (inputs, labels).

    Args:
        path: str.
        part: "train" or "test", which has every fifth line.
        batch_size: int.
        every: int, n takes every n-th line of the part.

    Returns:
        `tf.data.Dataset`.
    """
    with open(path, encoding="ascii") as file:
        count = sum(1 for _ in file)
    tests = -(-count // 5)

    def wanted(index, line):
        return (index % 5 == 0) == (part == "test")

    lines = tf.data.TextLineDataset(path).enumerate().filter(wanted)
    lines = lines.map(lambda index, line: line)
    # So that Keras knows how long an epoch is.
    cardinality = tests if part == "test" else count - tests
    lines = lines.apply(tf.data.experimental.assert_cardinality(cardinality))
    batches = lines.shard(every, 0).batch(batch_size)
    return batches.map(parser(), tf.data.AUTOTUNE).prefetch(2)


def parser():
    """Returns a function from a batch of lines to (inputs, labels)."""
    hashing = layers.Hashing(BUCKETS)
    columns = tf.strings.as_string(tf.range(CATEGORIES))

    def parse(lines):
        fields = tf.strings.split(lines, "\t")
        expected = 1 + NUMBERS + CATEGORIES
        message = f"each line must have {expected} fields"
        lengths = tf.cast(fields.row_lengths(), "int32")
        tf.debugging.assert_equal(lengths, expected, message)
        fields = fields.to_tensor(shape=(None, expected))
        label, numbers, categories = tf.split(
            fields, (1, NUMBERS, CATEGORIES), axis=1
        )
        missing = numbers == ""
        values = tf.strings.to_number(tf.where(missing, "0", numbers))
        inputs = {
            "numbers": tf.math.log1p(tf.maximum(values, 0.0)),
            "missing": tf.cast(missing, "float32"),
            # The same category in another column is another one.
            "categories": hashing(columns + ":" + categories),
        }
        return inputs, tf.strings.to_number(label[:, 0], "int32")

    return parse


def network(statistics, width, units, dropout=0.0):
    """A network of embedded categories and normalized numbers.

    Args:
        statistics: dict of the numbers' mean and variance.
        width: int, of the embeddings.
        units: tuple of int, of the hidden layers.
        dropout: float.

    Returns:
        `keras.Model` that gives subclass logits.
    """
    inputs = {
        "numbers": keras.Input((NUMBERS,), name="numbers"),
        "missing": keras.Input((NUMBERS,), name="missing"),
        "categories": keras.Input(
            (CATEGORIES,), dtype="int32", name="categories"
        ),
    }
    embedded = layers.Embedding(BUCKETS, width)(inputs["categories"])
    x = layers.Concatenate()(
        [
            layers.Normalization(**statistics)(inputs["numbers"]),
            inputs["missing"],
            layers.Flatten()(embedded),
        ]
    )
    for count in units:
        x = layers.Dense(count, activation="relu")(x)
        x = layers.Dropout(dropout)(x)
    return keras.Model(inputs, layers.Dense(SUBCLASSES)(x))


def show(name, model, test):
    """Prints the area under the ROC curve, and the size."""
    clicks = np.concatenate([label for _, label in test.as_numpy_iterator()])
    probabilities = kd.classifier(model, CLASSES).predict(test, verbose=0)
    auc = roc_auc_score(clicks, probabilities[:, 1])
    weights = model.count_params()
    print(
        f"{name}: AUC {auc:.4f} on {len(clicks):,} lines, {weights:,} weights"
    )


def make_clicks(path, rows, seed):
    """Writes made up lines: several kinds of people, who click for reasons.

    Args:
        path: str.
        rows: int.
        seed: int.
    """
    generator = np.random.default_rng(seed)
    kinds, vocabulary = 6, 50
    # Each kind has numbers of its own size, categories of its own, and clicks
    # more or less often.
    size = generator.normal(2.0, 1.0, (kinds, NUMBERS))
    likes = generator.dirichlet(np.full(vocabulary, 0.1), (kinds, CATEGORIES))
    rates = np.linspace(0.02, 0.7, kinds)
    likes = likes.cumsum(axis=-1)
    with open(path, "w", encoding="ascii") as file:
        for _ in range(rows):
            kind = generator.integers(kinds)
            clicked = generator.random() < rates[kind]
            numbers = np.exp(generator.normal(size[kind], 1.5)).astype(int) - 1
            drawn = generator.random((CATEGORIES, 1))
            categories = (likes[kind] < drawn).sum(axis=-1)
            fields = [str(number) for number in numbers]
            fields += [f"{n * 2_654_435_761 % 2**32:08x}" for n in categories]
            missing = generator.random(len(fields)) < 0.15
            fields = np.where(missing, "", fields)
            file.write("\t".join([str(int(clicked)), *fields]) + "\n")


if __name__ == "__main__":
    main()
