"""Students of MNIST 2x5: 0 to 4 against 5 to 9, taught by ten subclasses.

    python benchmarks/subclass_mnist.py --data-dir DIR
    python benchmarks/subclass_mnist.py --data-dir DIR --few --seeds 5
    python benchmarks/subclass_mnist.py --data-dir DIR --full --epochs 1

DIR holds MNIST as TensorFlow Datasets prepares it. --few: teachers of 20,000
images, students of 250 of these. --full: all images, as in the authors'
notebook `subclass_distillation/mnist_colab.ipynb`. Without either: both. No
network sees which digit an image is, only on which side it is. Errors are those
of the last epoch on the test set. Prints tables and writes a JSON file with
each seed.
"""

import argparse
import functools
import pathlib
import tempfile
import time

import keras
import numpy as np
import subclass_models as models
from subclass_results import repeat
from subclass_training import (
    Recipe,
    evaluate,
    lessons,
    train_student,
    train_teacher,
)

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
    parser.add_argument("--data-dir", required=True)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--epochs", type=int, help="of every network")
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--few", action="store_true")
    which.add_argument("--full", action="store_true")
    parser.add_argument(
        "--output", type=pathlib.Path, default=RESULTS / "subclass_mnist.json"
    )
    options = parser.parse_args()
    data = datasets.load("mnist", options.data_dir)
    data = data.arrays("train"), data.arrays("test")
    parts = {"few": few_labels, "full": all_labels}
    if options.few or options.full:
        del parts["full" if options.few else "few"]
    for name, experiment in parts.items():
        repeat(
            functools.partial(experiment, data, options.epochs),
            options.seeds,
            {"epochs": options.epochs},
            options.output,
            name,
            f"MNIST 2x5, {name}",
            NOTEBOOK if name == "full" else None,
        )


def few_labels(data, epochs, seed):
    """Two teachers of 20,000 images, students of 250 of them."""
    (x, digits), test = data
    rows = np.random.default_rng(seed).permutation(len(x))[:TAUGHT]
    x, labels = x[rows], digits[rows] // 5
    few = x[:LABELLED], labels[:LABELLED]
    outputs = {"teacher": 10, "plain teacher": 2}
    recipe = Recipe(epochs or 8, 256, seed, drop_remainder=True)
    student = Recipe(epochs or 80, 64, seed)
    return experiment(outputs, (x, labels), few, test, recipe, student, 256)


def all_labels(data, epochs, seed):
    """The authors' notebook."""
    (x, digits), test = data
    train = x, digits // 5
    recipe = Recipe(epochs or 12, 256, seed, drop_remainder=True)
    return experiment({"teacher": 10}, train, train, test, recipe, recipe, 784)


def experiment(outputs, taught, labelled, test, recipe, student, units):
    """Trains teachers, then a student of each kind; measures all.

    Args:
        outputs: dict from a teacher's name to its number of logits.
        taught, labelled: (x, labels) of teachers and of students.
        test: (x, digits).
        recipe, student: `Recipe` of teachers and of students.
        units: int, of the students' hidden layers.
    """
    teachers, found = {}, {}
    for name, number in outputs.items():
        start = time.perf_counter()
        keras.utils.set_random_seed(recipe.seed)
        model = models.convolutional(number)
        teachers[name] = train_teacher(model, *taught, recipe)
        found[name] = evaluate(model, *test)
        found[name]["seconds"] = time.perf_counter() - start
    with tempfile.TemporaryDirectory() as folder:
        for name, lesson in lessons("plain teacher" in teachers).items():
            start = time.perf_counter()
            keras.utils.set_random_seed(student.seed)
            model = models.perceptron(units, lesson.outputs)
            train_student(model, lesson, teachers, *labelled, student, folder)
            found[name] = evaluate(model, *test)
            found[name]["seconds"] = time.perf_counter() - start
    return found


if __name__ == "__main__":
    main()
