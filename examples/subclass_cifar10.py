"""CIFAR-10 2x5: what a teacher of two classes finds out about ten.

    python examples/subclass_cifar10.py --data-dir DIR
    python examples/subclass_cifar10.py --data-dir DIR --quick

One class is airplane, automobile, bird, cat and deer, the other dog, frog,
horse, ship and truck; nothing else is ever told to a network. DIR holds
CIFAR-10 as TensorFlow Datasets prepares it. The teacher's logits are computed
once, and the student trains by a plain `fit` on them. Writes a report on the
teacher's subclasses to --output.
"""

import argparse
import pathlib
import tempfile

import keras
from keras import layers

import keras_distill as kd
from keras_sparse import datasets

CLASSES, SUBCLASSES = 2, 10


def main():
    """Trains a teacher, caches its logits, trains a student, reports."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--data-dir", help="of TensorFlow Datasets")
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--output", default="runs/subclass_cifar10")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--quick", action="store_true", help="a small run")
    options = parser.parse_args()
    keras.utils.set_random_seed(options.seed)
    data = datasets.load("cifar10", options.data_dir)
    (x, fine), (x_test, fine_test) = data.arrays("train"), data.arrays("test")
    epochs = options.epochs
    if options.quick:
        x, fine, epochs = x[:1000], fine[:1000], 2
        x_test, fine_test = x_test[:500], fine_test[:500]
    y = fine // 5  # in the order of the labels: five of each class

    teacher = network(data.image_shape, (32, 64, 128), augment=True)
    teacher.compile("adam", kd.SubclassCrossentropy(CLASSES))
    teacher.fit(x, y, batch_size=128, epochs=epochs, verbose=0)
    show("teacher", teacher, x_test, fine_test)

    student = network(data.image_shape, (8, 16, 32))
    with tempfile.TemporaryDirectory() as folder:
        cache = kd.cache_teacher(teacher, (x, y), folder, batch_size=128)
        loss = kd.CachedDistillation(
            kd.SubclassCrossentropy(CLASSES, diversity_weight=0.0),
            kd.SubclassDistillation(),
        )
        student.compile("adam", loss)
        student.fit(
            **cache.attach((x, y)), batch_size=128, epochs=epochs, verbose=0
        )
    show("student", student, x_test, fine_test)

    folder = pathlib.Path(options.output)
    kd.subclass_report(
        teacher, x_test, fine_test, folder, CLASSES, list(data.class_names)
    )
    print(f"What the teacher's subclasses are: {folder}/report.html")


def network(image_shape, widths, augment=False):
    """A convolutional network that gives subclass logits.

    Args:
        image_shape: tuple (height, width, channels).
        widths: tuple of int, filters of each stage.
        augment: bool, mirror half of the images in training.
    """
    inputs = x = keras.Input(image_shape)
    if augment:
        x = layers.RandomFlip("horizontal")(x)
    for width in widths:
        for strides in (1, 2):
            x = layers.Conv2D(
                width, 3, strides, padding="same", use_bias=False
            )(x)
            x = layers.BatchNormalization(momentum=0.9)(x)
            x = layers.ReLU()(x)
    x = layers.GlobalAveragePooling2D()(x)
    return keras.Model(inputs, layers.Dense(SUBCLASSES)(x))


def show(name, model, x, fine_labels):
    """Prints how well a model knows the classes, and their parts."""
    logits = model.predict(x, verbose=0)
    accuracy = kd.SubclassAccuracy(CLASSES)(fine_labels // 5, logits)
    assignment, _ = kd.subclass_assignment(logits, fine_labels)
    print(
        f"{name}: {float(accuracy):.4f} of the classes right; subclasses are "
        f"the ten for {assignment:.4f} of the images"
    )


if __name__ == "__main__":
    main()
