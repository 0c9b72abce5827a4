"""Students of MNIST 2x5: 0 to 4 against 5 to 9, taught by ten subclasses.

    python benchmarks/subclass_mnist.py --data-dir DIR
    python benchmarks/subclass_mnist.py --data-dir DIR --few --seeds 5
    python benchmarks/subclass_mnist.py --data-dir DIR --full --epochs 1

DIR holds MNIST as TensorFlow Datasets prepares it. --few: teachers of 20,000
images, students of 250 of these with the labels. --full: all images, as in
the authors' notebook `subclass_distillation/mnist_colab.ipynb`. Without either,
both. No training sees a digit's own label. Errors are those of the last epoch
on the test set. Prints a table and writes the JSON with each seed.
"""

import argparse
import pathlib

import keras
import numpy as np
import subclass_models as models
import subclass_training as training
from rich.console import Console
from rich.table import Table

import keras_distill as kd
from keras_sparse import datasets

RESULTS = pathlib.Path(__file__).parent / "results"
TAUGHT, LABELLED = 20_000, 250
# Test errors that the authors' notebook prints, one run each.
NOTEBOOK = {
    "teacher": 0.0065,
    "scratch": 0.0147,
    "conventional, same teacher": 0.0128,
    "subclass": 0.0099,
}


def main():
    """Trains, prints, writes."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--data-dir", default="../shared/data/tfds")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--epochs", type=int, help="of every network")
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--few", action="store_true")
    which.add_argument("--full", action="store_true")
    parser.add_argument(
        "--output", type=pathlib.Path, default=RESULTS / "subclass_mnist.json"
    )
    options = parser.parse_args()
    data = load(options.data_dir)
    if not options.full:
        run("few", few_labels, data, options)
    if not options.few:
        run("full", all_labels, data, options)


def run(name, experiment, data, options):
    """Repeats an experiment, and shows and writes what it found."""
    seeds = []
    for seed in range(options.seeds):
        keras.utils.set_random_seed(seed)
        found = experiment(data, seed, options.epochs)
        print(f"{name}, seed {seed}: {found}", flush=True)
        seeds.append({"seed": seed, "networks": found})
        content = {
            **training.environment(),
            "epochs": options.epochs or "as published",
            "mean": means(seeds),
            "seeds": seeds,
        }
        training.save(options.output, name, content)
        keras.backend.clear_session()
    show(name, seeds)


def load(data_dir):
    """Returns (x, digits) to train on and to test on."""
    data = datasets.load("mnist", data_dir)
    return data.arrays("train"), data.arrays("test")


def few_labels(data, seed, epochs):
    """Two teachers of 20,000 images, students of 250; errors by name."""
    (x, digits), test = data
    rows = np.random.default_rng(seed).permutation(len(x))[:TAUGHT]
    x, labels = x[rows], digits[rows] // 5
    few = slice(0, LABELLED)
    teachers = {
        "teacher": train_teacher(x, labels, 10, epochs or 8, seed),
        "plain teacher": train_teacher(x, labels, 2, epochs or 8, seed),
    }
    found = {name: evaluate(model, test) for name, model in teachers.items()}
    lessons = student_lessons(teachers, x[few])
    for name, lesson in lessons.items():
        keras.utils.set_random_seed(seed)
        student = models.perceptron(256, lesson["outputs"])
        seconds = train_student(
            student, lesson, x[few], labels[few], 64, epochs or 80, seed
        )
        found[name] = {**evaluate(student, test), "seconds": seconds}
    return found


def all_labels(data, seed, epochs):
    """The authors' notebook: errors by name."""
    (x, digits), test = data
    labels = digits // 5
    teacher = train_teacher(x, labels, 10, epochs or 12, seed)
    found = {"teacher": evaluate(teacher, test)}
    lessons = student_lessons({"teacher": teacher}, x)
    for name, lesson in lessons.items():
        keras.utils.set_random_seed(seed)
        student = models.perceptron(784, lesson["outputs"])
        seconds = train_student(
            student, lesson, x, labels, 256, epochs or 12, seed
        )
        found[name] = {**evaluate(student, test), "seconds": seconds}
    return found


def train_teacher(x, labels, outputs, epochs, seed):
    """A convolutional network: with subclasses, or plain with 2 outputs."""
    model = models.convolutional(outputs)
    plain = outputs == training.CLASSES
    loss = training.PLAIN if plain else training.teacher_loss()
    data = training.batches((x, labels), 256, seed, True)
    training.train(model, loss, data, epochs)
    return model


def student_lessons(teachers, x):
    """What each kind of student learns: outputs, loss, a teacher's logits.

    Args:
        teachers: dict with "teacher", and maybe "plain teacher".
        x: images that the students see.

    Returns:
        dict from a name to {"outputs", "loss", "targets"}.
    """
    subclasses = training.logits_of(teachers["teacher"], x)
    classes = training.class_logits(subclasses)
    lessons = {"scratch": lesson(2, training.PLAIN)}
    conventional = training.distilled(
        kd.LogitsDistillation(training.TEMPERATURE), training.PLAIN
    )
    lessons["conventional, same teacher"] = lesson(2, conventional, classes)
    if "plain teacher" in teachers:
        plain = training.logits_of(teachers["plain teacher"], x)
        name = "conventional, plain teacher"
        lessons[name] = lesson(2, conventional, plain)
    subclass = training.distilled(
        kd.SubclassDistillation(training.TEMPERATURE),
        training.teacher_loss(diversity_weight=0.0),
    )
    lessons["subclass"] = lesson(10, subclass, subclasses)
    return lessons


def lesson(outputs, loss, targets=None):
    """The number of outputs, the loss and the teacher's logits."""
    return {"outputs": outputs, "loss": loss, "targets": targets}


def train_student(model, lesson, x, labels, batch_size, epochs, seed):
    """Trains on labels alone, or with a teacher's logits; returns seconds."""
    if lesson["targets"] is not None:
        labels = training.with_teacher(labels, lesson["targets"])
    drop = len(x) > TAUGHT
    data = training.batches((x, labels), batch_size, seed, drop)
    return training.train(model, lesson["loss"], data, epochs)


def evaluate(model, test):
    """Measures on the test set."""
    x, digits = test
    return training.measure(model, x, digits, digits // 5)


def means(seeds):
    """The mean of each number over the seeds, by network."""
    names = seeds[0]["networks"]
    return {
        name: {
            key: float(np.mean([s["networks"][name][key] for s in seeds]))
            for key in names[name]
        }
        for name in names
    }


def show(name, seeds):
    """Prints the errors of the seeds beside the authors'."""
    table = Table(title=f"MNIST 2x5, {name}: test error in %")
    table.add_column("network")
    for seed in seeds:
        table.add_column(f"seed {seed['seed']}", justify="right")
    for column in ("mean", "authors' run", "10-way", "NMI", "used"):
        table.add_column(column, justify="right")
    for network, mean in means(seeds).items():
        errors = [s["networks"][network]["error"] for s in seeds]
        theirs = NOTEBOOK.get(network) if name == "full" else None
        cells = [f"{100 * error:.2f}" for error in (*errors, mean["error"])]
        cells.append("" if theirs is None else f"{100 * theirs:.2f}")
        keys = ("assignment", "nmi", "used")
        cells += [f"{mean[k]:.3g}" if k in mean else "" for k in keys]
        table.add_row(network, *cells)
    Console(width=120).print(table)


if __name__ == "__main__":
    main()
