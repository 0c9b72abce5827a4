"""Teachers and students of digits 2x5: 0 to 4 against 5 to 9, in a minute.

    python benchmarks/subclass_digits.py --seeds 10 11 12 13 14

The 8 x 8 digits of scikit-learn, 1200 to train on and 597 to test on, split
anew for each seed. Teachers know which half a digit belongs to, never the
digit; "no diversity" is a teacher without the diversity loss. Students see
100 examples. Prints a table and writes the JSON with each seed.
"""

import argparse
import pathlib

import keras
import numpy as np
import subclass_training as training
from keras import layers
from rich.console import Console
from rich.table import Table
from sklearn.datasets import load_digits

import keras_distill as kd

OUTPUT = pathlib.Path(__file__).parent / "results" / "subclass_digits.json"
TRAINED, LABELLED = 1200, 100
DIVERSITY_TEMPERATURE = 0.3


def main():
    """Trains, prints, writes."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    seeds = [10, 11, 12, 13, 14]
    parser.add_argument("--seeds", type=int, nargs="+", default=seeds)
    parser.add_argument("--output", type=pathlib.Path, default=OUTPUT)
    options = parser.parse_args()
    found = [run(seed) for seed in options.seeds]
    means = {
        network: {
            key: float(
                np.mean([each["networks"][network][key] for each in found])
            )
            for key in found[0]["networks"][network]
        }
        for network in found[0]["networks"]
    }
    content = {**training.environment(), "mean": means, "seeds": found}
    training.save(options.output, "digits 2x5", content)
    show(means, len(found))


def run(seed):
    """One seed: measures of the teachers and of the students, by name."""
    train, test = load(seed)
    teacher = train_teacher(train, seed)
    control = train_teacher(train, seed, diversity_weight=0.0)
    found = {
        "teacher": measure(teacher, test),
        "no diversity": measure(control, test),
    }
    for name, student in train_students(teacher, train, seed).items():
        found[name] = measure(student, test)
    keras.backend.clear_session()
    return {"seed": seed, "networks": found}


def load(seed):
    """Returns (x, digits) to train on and to test on; x in [0, 1]."""
    x, digits = load_digits(return_X_y=True)
    x = (x / 16).astype("float32")
    rows = np.random.default_rng(seed).permutation(len(x))
    train, test = rows[:TRAINED], rows[TRAINED:]
    return (x[train], digits[train]), (x[test], digits[test])


def train_teacher(train, seed, diversity_weight=1.0, epochs=60):
    """A perceptron with ten subclasses, of labels of two classes."""
    keras.utils.set_random_seed(seed)
    model = keras.Sequential(
        [
            keras.Input((64,)),
            layers.Dense(256, activation="relu"),
            layers.Dropout(0.5),
            layers.Dense(256, activation="relu"),
            layers.Dropout(0.5),
            layers.Dense(training.SUBCLASSES),
        ]
    )
    x, digits = train
    loss = kd.SubclassCrossentropy(
        training.CLASSES, diversity_weight, DIVERSITY_TEMPERATURE
    )
    data = training.batches((x, digits // 5), 128, seed, False)
    training.train(model, loss, data.repeat(epochs), 1, "adam")
    return model


def train_students(teacher, train, seed):
    """Dict from a way of teaching to a student of 100 examples."""
    x, digits = (array[:LABELLED] for array in train)
    labels = digits // 5
    subclasses = training.logits_of(teacher, x)
    classes = training.class_logits(subclasses)
    conventional = training.distilled(
        kd.LogitsDistillation(training.TEMPERATURE), training.PLAIN
    )
    subclass = training.distilled(
        kd.SubclassDistillation(training.TEMPERATURE),
        training.teacher_loss(diversity_weight=0.0),
    )
    lessons = {
        "scratch": (training.CLASSES, training.PLAIN, labels),
        "conventional": (
            training.CLASSES,
            conventional,
            training.with_teacher(labels, classes),
        ),
        "subclass": (
            training.SUBCLASSES,
            subclass,
            training.with_teacher(labels, subclasses),
        ),
    }
    return {
        name: train_student(outputs, loss, x, targets, seed)
        for name, (outputs, loss, targets) in lessons.items()
    }


def train_student(outputs, loss, x, targets, seed, epochs=100):
    """A perceptron of 32 units, on the few examples."""
    keras.utils.set_random_seed(seed)
    model = keras.Sequential(
        [
            keras.Input((64,)),
            layers.Dense(32, activation="relu"),
            layers.Dense(outputs),
        ]
    )
    data = training.batches((x, targets), 25, seed, False)
    optimizer = keras.optimizers.Adam(3e-3)
    training.train(model, loss, data.repeat(epochs), 1, optimizer)
    return model


def measure(model, test):
    """Accuracy of the classes, and what the subclasses are, if any."""
    x, digits = test
    found = training.measure(model, x, digits, digits // 5)
    return {"accuracy": 1.0 - found.pop("error"), **found}


def show(means, seeds):
    """Prints a table."""
    table = Table(title=f"digits 2x5, test set, mean of {seeds} seeds")
    table.add_column("network")
    names = ("accuracy", "assignment", "nmi", "used")
    for name in names:
        table.add_column(name, justify="right")
    for network, row in means.items():
        cells = [f"{row[name]:.3f}" if name in row else "" for name in names]
        table.add_row(network, *cells)
    Console(width=100).print(table)


if __name__ == "__main__":
    main()
