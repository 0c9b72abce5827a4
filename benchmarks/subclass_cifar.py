"""Students of CIFAR-10 2x5, taught by ten subclasses.

    python benchmarks/subclass_cifar.py --data-dir DIR
    python benchmarks/subclass_cifar.py --data-dir DIR --full
    python benchmarks/subclass_cifar.py --data-dir DIR --examples 2000

DIR holds CIFAR-10 as TensorFlow Datasets prepares it. The classes are airplane,
automobile, bird, cat and deer against dog, frog, horse, ship and truck; no
training sees more. The teacher is a residual network that trains on flipped and
shifted images, the students are smaller ones that train on the images and their
mirror images. Without --full everything is reduced, for under half an hour on
two cores. Errors are those of the last epoch on the test set. Prints a table
and writes a JSON file.
"""

import argparse
import dataclasses
import functools
import pathlib
import tempfile
import time

import keras
import numpy as np
import subclass_models as models
import tensorflow as tf
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
BATCH = 128


@dataclasses.dataclass(frozen=True)
class Schedule:
    """How large the networks are, and how long they train.

    Attributes:
        teacher_depth, teacher_width: int, of `subclass_models.resnet`.
        student_depth, student_width: likewise.
        first_strides: int, of the first convolution of both.
        teacher_epochs: int, over the images.
        student_epochs: int, over the images and their mirror images.
    """

    teacher_depth: int
    teacher_width: int
    student_depth: int
    student_width: int
    first_strides: int
    teacher_epochs: int
    student_epochs: int


REDUCED = Schedule(14, 16, 8, 8, 2, 12, 4)
FULL = Schedule(20, 16, 8, 16, 1, 100, 50)


def main():
    """Trains, prints, writes."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--data-dir", required=True)
    parser.add_argument("--full", action="store_true")
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--examples", type=int, help="to train on")
    parser.add_argument("--teacher-epochs", type=int)
    parser.add_argument("--student-epochs", type=int)
    parser.add_argument("--diversity-temperature", type=float, default=1.0)
    parser.add_argument(
        "--output", type=pathlib.Path, default=RESULTS / "subclass_cifar.json"
    )
    options = parser.parse_args()
    changed = {
        name: getattr(options, name)
        for name in ("teacher_epochs", "student_epochs")
        if getattr(options, name)
    }
    schedule = FULL if options.full else REDUCED
    schedule = dataclasses.replace(schedule, **changed)
    data = load(options.data_dir, options.examples)
    plain = dataclasses.asdict(schedule)
    for name in ("examples", "diversity_temperature"):
        plain[name] = getattr(options, name)
    repeat(
        functools.partial(
            experiment, data, schedule, options.diversity_temperature
        ),
        options.seeds,
        plain,
        options.output,
        "full" if options.full else "reduced",
        "CIFAR-10 2x5",
    )


def load(data_dir, examples=None):
    """Returns (images, fine labels) to train and to test on; 0 to 255."""
    data = datasets.load("cifar10", data_dir)
    (x, y), test = data.arrays("train"), data.arrays("test")
    return [
        ((255 * images).round().astype("uint8"), fine)
        for images, fine in ((x[:examples], y[:examples]), test)
    ]


def experiment(data, schedule, diversity_temperature, seed):
    """Trains a teacher and a student of each kind; measures all."""
    (x, fine), test = data
    statistics = x.mean((0, 1, 2)), x.var((0, 1, 2))
    start = time.perf_counter()
    teacher = models.resnet(
        schedule.teacher_depth,
        schedule.teacher_width,
        10,
        statistics,
        schedule.first_strides,
    )
    recipe = Recipe(
        schedule.teacher_epochs, BATCH, seed, True, flip_and_shift, sgd
    )
    train_teacher(teacher, x, fine // 5, recipe, diversity_temperature)
    found = {"teacher": evaluate(teacher, *test)}
    found["teacher"]["seconds"] = time.perf_counter() - start
    print(f"teacher: {found['teacher']}", flush=True)
    # Logits are cached for an image and its mirror image, as both are.
    doubled = np.concatenate([x, x[:, :, ::-1]]), np.tile(fine // 5, 2)
    recipe = Recipe(schedule.student_epochs, BATCH, seed, True, optimizer=sgd)
    with tempfile.TemporaryDirectory() as folder:
        for name, lesson in lessons().items():
            start = time.perf_counter()
            keras.utils.set_random_seed(seed)
            student = models.resnet(
                schedule.student_depth,
                schedule.student_width,
                lesson.outputs,
                statistics,
                schedule.first_strides,
            )
            teachers = {"teacher": teacher}
            train_student(student, lesson, teachers, *doubled, recipe, folder)
            found[name] = evaluate(student, *test)
            found[name]["seconds"] = time.perf_counter() - start
            print(f"{name}: {found[name]}", flush=True)
    return found


def flip_and_shift(images):
    """Mirrors half of the images; moves a batch up to 4 pixels each way."""
    shape = tf.shape(images)
    images = tf.image.random_flip_left_right(images)
    images = tf.pad(images, [[0, 0], [4, 4], [4, 4], [0, 0]], "REFLECT")
    return tf.image.random_crop(images, shape)


def sgd(steps):
    """Nesterov momentum under a cosine."""
    rate = keras.optimizers.schedules.CosineDecay(0.1, steps)
    return keras.optimizers.SGD(rate, momentum=0.9, nesterov=True)


if __name__ == "__main__":
    main()
