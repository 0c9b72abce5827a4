"""How the benchmarks of subclass distillation train teachers and students."""

import dataclasses
import pathlib

import keras
import numpy as np
import tensorflow as tf

import keras_distill as kd

CLASSES, SUBCLASSES = 2, 10
TEMPERATURE = 4.0  # of the authors' notebook, as is the weight 1/2
PLAIN = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
tf.get_logger().setLevel("ERROR")  # many small models trace many functions


@dataclasses.dataclass(frozen=True)
class Recipe:
    """How one network trains.

    Attributes:
        epochs: int.
        batch_size: int.
        seed: int, of the order of the examples.
        drop_remainder: bool, leave out what fills no whole batch.
        augment: function from a batch of x to one of x, or None.
        optimizer: function of the number of steps to an optimizer.
    """

    epochs: int
    batch_size: int
    seed: int
    drop_remainder: bool = False
    augment: object = None
    optimizer: object = lambda steps: keras.optimizers.Adam()


@dataclasses.dataclass(frozen=True)
class Lesson:
    """What a kind of student learns from.

    Attributes:
        outputs: int, logits of the student.
        loss: `keras.losses.Loss` against a teacher, or None.
        teacher: str, its key among the teachers.
    """

    outputs: int
    loss: object = None
    teacher: str = "teacher"


def lessons(plain_teacher=False):
    """Returns the kinds of students by name.

    Args:
        plain_teacher: bool, whether there is a teacher without subclasses
            too, which then gives the penultimate features.
    """
    other = "plain teacher" if plain_teacher else "teacher"
    conventional = kd.LogitsDistillation(TEMPERATURE, num_classes=CLASSES)
    found = {
        "scratch": Lesson(CLASSES),
        "conventional, same teacher": Lesson(CLASSES, conventional),
        "conventional, plain teacher": Lesson(CLASSES, conventional, other),
        "penultimate": Lesson(
            CLASSES, kd.PenultimateDistillation(SUBCLASSES), other
        ),
        "subclass": Lesson(SUBCLASSES, kd.SubclassDistillation(TEMPERATURE)),
    }
    if not plain_teacher:
        del found["conventional, plain teacher"]
    return found


def train_teacher(model, x, labels, recipe, diversity_temperature=1.0):
    """Trains with subclasses, or plainly where there are 2 outputs."""
    loss = PLAIN
    if model.output_shape[-1] == SUBCLASSES:
        loss = kd.SubclassCrossentropy(
            CLASSES, diversity_temperature=diversity_temperature
        )
    _fit(model, loss, (x, labels), recipe)
    return model


def train_student(model, lesson, teachers, x, labels, recipe, folder):
    """Trains on the labels and, but for "scratch", on a teacher's outputs.

    Args:
        model: student with `lesson.outputs` logits.
        lesson: `Lesson`.
        teachers: dict of trained models.
        x, labels: arrays.
        recipe: `Recipe`.
        folder: path-like, for the teachers' logits, computed once for each.
    """
    own = kd.SubclassCrossentropy(CLASSES, diversity_weight=0.0)
    teacher = teachers[lesson.teacher]
    if lesson.loss is None:
        _fit(model, own, (x, labels), recipe)
    elif isinstance(lesson.loss, kd.PenultimateDistillation):
        distiller = kd.Distiller(teacher, model, lesson.loss)
        _fit(distiller, own, (x, labels), recipe)
    else:
        path = pathlib.Path(folder) / lesson.teacher
        cache = kd.cache_teacher(teacher, (x, labels), path, batch_size=500)
        targets = cache.attach((x, labels))["y"]
        loss = kd.CachedDistillation(own, lesson.loss)
        _fit(model, loss, (x, targets), recipe)


def _fit(model, loss, arrays, recipe):
    data = batches(arrays, recipe)
    optimizer = recipe.optimizer(recipe.epochs * len(data))
    model.compile(
        optimizer,
        loss,
        jit_compile=False,
        steps_per_execution=min(20, len(data)),
    )
    model.fit(data, epochs=recipe.epochs, shuffle=False, verbose=0)


def batches(arrays, recipe):
    """Batches of the arrays' rows, in another order each epoch.

    Args:
        arrays: tuple (x, targets) with equally many rows.
        recipe: `Recipe`.

    Returns:
        `tf.data.Dataset` that gathers whole batches, for speed.
    """
    x, targets = (tf.convert_to_tensor(array) for array in arrays)
    augment = recipe.augment or (lambda images: images)

    def gather(rows):
        return augment(tf.gather(x, rows)), tf.gather(targets, rows)

    count = len(arrays[0])
    rows = tf.data.Dataset.range(count).shuffle(count, seed=recipe.seed)
    rows = rows.batch(recipe.batch_size, recipe.drop_remainder)
    return rows.map(gather, tf.data.AUTOTUNE).prefetch(4)


def evaluate(model, x, fine_labels):
    """Measures the last epoch's network on a test set.

    Args:
        model: `keras.Model` that gives logits.
        x: array.
        fine_labels: int array in [0, 10); the class is half as fine.

    Returns:
        dict with "error"; where the model has subclasses, also "assignment"
        (accuracy against the fine labels), "nmi" and "used" (subclasses with
        more than 2 % of the examples).
    """
    logits = model.predict(x, batch_size=500, verbose=0)
    classes = kd.class_logits(logits, CLASSES)
    guesses = keras.ops.convert_to_numpy(classes).argmax(-1)
    found = {"error": float(np.mean(guesses != fine_labels // 5))}
    if logits.shape[-1] == SUBCLASSES:
        accuracy, _ = kd.subclass_assignment(logits, fine_labels)
        nmi = kd.normalized_mutual_information(logits, fine_labels)
        share = np.bincount(logits.argmax(-1)) / len(logits)
        found |= {"assignment": float(accuracy), "nmi": float(nmi)}
        found["used"] = int(np.sum(share > 0.02))
    return found
