"""Teachers and students of digits 2x5: 0 to 4 against 5 to 9, in a minute.

    python benchmarks/subclass_digits.py --seeds 10 11 12 13 14

The 8 x 8 digits of scikit-learn, 1200 to train on and 597 to test on, split
anew for each seed. Teachers know which half a digit belongs to, never the
digit; "no diversity" is a teacher without the diversity loss. Students see
100 examples. Prints a table and writes the JSON with each seed.
"""

import argparse
import json
import pathlib

import keras
import numpy as np
from keras import layers
from rich.console import Console
from rich.table import Table
from sklearn.datasets import load_digits

import keras_distill as kd

OUTPUT = pathlib.Path(__file__).parent / "results" / "subclass_digits.json"
TRAINED, LABELLED = 1200, 100
CLASSES, SUBCLASSES = 2, 10
TEMPERATURE = 4.0  # of the authors' notebook, as is the weight 1/2


def main():
    """Trains, prints, writes."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    seeds = [10, 11, 12, 13, 14]
    parser.add_argument("--seeds", type=int, nargs="+", default=seeds)
    parser.add_argument("--output", type=pathlib.Path, default=OUTPUT)
    options = parser.parse_args()
    found = []
    for seed in options.seeds:
        found.append({"seed": seed, "networks": run(seed)})
        print(found[-1], flush=True)
    content = {
        "keras": keras.__version__,
        "backend": keras.backend.backend(),
        "mean": means([each["networks"] for each in found]),
        "seeds": found,
    }
    options.output.parent.mkdir(parents=True, exist_ok=True)
    options.output.write_text(json.dumps(content, indent=1) + "\n")
    show(content["mean"], len(found))


def run(seed):
    """One seed: measures of the teachers and of the students, by name."""
    train, test = load(seed)
    teacher = train_teacher(train, seed)
    control = train_teacher(train, seed, diversity_weight=0.0)
    networks = {"teacher": teacher, "no diversity": control}
    networks |= train_students(teacher, train, seed)
    found = {name: measure(model, test) for name, model in networks.items()}
    keras.backend.clear_session()
    return found


def load(seed):
    """Returns (x, digits) to train on and to test on; x in [0, 1]."""
    x, digits = load_digits(return_X_y=True)
    x = (x / 16).astype("float32")
    rows = np.random.default_rng(seed).permutation(len(x))
    train, test = rows[:TRAINED], rows[TRAINED:]
    return (x[train], digits[train]), (x[test], digits[test])


def train_teacher(train, seed, diversity_weight=1.0):
    """A perceptron with ten subclasses, of labels of two classes."""
    keras.utils.set_random_seed(seed)
    hidden = []
    for _ in range(2):
        hidden += [layers.Dense(256, activation="relu"), layers.Dropout(0.5)]
    model = keras.Sequential(
        [keras.Input((64,)), *hidden, layers.Dense(SUBCLASSES)]
    )
    loss = kd.SubclassCrossentropy(
        CLASSES, diversity_weight, diversity_temperature=0.3
    )
    x, digits = train
    model.compile(keras.optimizers.Adam(1e-3), loss, steps_per_execution=10)
    model.fit(x, digits // 5, batch_size=128, epochs=60, verbose=0)
    return model


def train_students(teacher, train, seed):
    """Dict from a way of teaching to a student of 100 examples."""
    x, digits = (array[:LABELLED] for array in train)
    labels = (digits // 5)[:, None].astype("float32")
    subclasses = logits_of(teacher, x)
    own = kd.SubclassCrossentropy(CLASSES, diversity_weight=0.0)
    same_classes = kd.LogitsDistillation(TEMPERATURE, num_classes=CLASSES)
    same_subclasses = kd.SubclassDistillation(TEMPERATURE)
    taught = np.concatenate([labels, subclasses], axis=-1)
    lessons = {
        "scratch": (CLASSES, own, labels),
        "conventional": (
            CLASSES,
            kd.CachedDistillation(own, same_classes, 0.5),
            taught,
        ),
        "subclass": (
            SUBCLASSES,
            kd.CachedDistillation(own, same_subclasses, 0.5),
            taught,
        ),
    }
    return {
        name: train_student(outputs, loss, x, targets, seed)
        for name, (outputs, loss, targets) in lessons.items()
    }


def train_student(outputs, loss, x, targets, seed):
    """A perceptron of 32 units, on the few examples."""
    keras.utils.set_random_seed(seed)
    hidden = layers.Dense(32, activation="relu")
    model = keras.Sequential(
        [keras.Input((64,)), hidden, layers.Dense(outputs)]
    )
    model.compile(keras.optimizers.Adam(3e-3), loss, steps_per_execution=4)
    model.fit(x, targets, batch_size=25, epochs=100, verbose=0)
    return model


def logits_of(model, x):
    """Outputs for all rows at once: few rows, so no graph is worth it."""
    return keras.ops.convert_to_numpy(model(x, training=False))


def measure(model, test):
    """Accuracy of the classes, and what the subclasses are, if any."""
    x, digits = test
    logits = logits_of(model, x)
    accuracy = kd.SubclassAccuracy(CLASSES)
    accuracy.update_state(digits // 5, logits)
    found = {"accuracy": float(accuracy.result())}
    if logits.shape[-1] == SUBCLASSES:
        share = np.bincount(logits.argmax(axis=-1)) / len(logits)
        found |= {
            "assignment": kd.subclass_assignment(logits, digits)[0],
            "nmi": kd.normalized_mutual_information(logits, digits),
            "used": int(np.sum(share > 0.02)),
        }
    return found


def means(runs):
    """Mean over the runs of each measure of each network."""
    return {
        network: {
            name: float(np.mean([run[network][name] for run in runs]))
            for name in measures
        }
        for network, measures in runs[0].items()
    }


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
