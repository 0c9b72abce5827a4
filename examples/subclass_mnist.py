"""MNIST 2x5: a teacher that finds the digits, and a student small to deploy.

    python examples/subclass_mnist.py --data-dir DIR
    python examples/subclass_mnist.py --quick

The classes are the digits 0 to 4 and 5 to 9; nothing else is ever told to a
network. DIR holds MNIST as TensorFlow Datasets prepares it. --quick takes the
small digits inside scikit-learn instead. Writes a report on the subclasses and
the student's `.tflite` file to --output.
"""

import argparse
import pathlib

import keras
from keras import layers

import keras_distill as kd
import keras_export as ke
from keras_sparse import datasets

CLASSES, SUBCLASSES = 2, 10


def main():
    """Trains a teacher and a student, reports, exports."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--data-dir", help="of TensorFlow Datasets")
    parser.add_argument("--epochs", type=int, default=8)
    parser.add_argument("--output", default="runs/subclass_mnist")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--quick", action="store_true", help="a small run")
    options = parser.parse_args()
    keras.utils.set_random_seed(options.seed)
    name = "digits" if options.quick else "mnist"
    epochs = 20 if options.quick else options.epochs
    data = datasets.load(name, options.data_dir)
    (x, digits), test = data.arrays("train"), data.arrays("test")
    y = digits // 5

    teacher = make_teacher(data.image_shape)
    teacher.compile("adam", kd.SubclassCrossentropy(CLASSES))
    teacher.fit(x, y, batch_size=128, epochs=epochs, verbose=0)
    show("teacher", teacher, test)

    student = make_student(data.image_shape)
    distiller = kd.Distiller(teacher, student, kd.SubclassDistillation())
    distiller.compile(
        "adam", kd.SubclassCrossentropy(CLASSES, diversity_weight=0.0)
    )
    distiller.fit(x, y, batch_size=128, epochs=epochs, verbose=0)
    show("student", student, test)

    folder = pathlib.Path(options.output)
    kd.subclass_report(student, *test, folder / "student", CLASSES)
    print(f"What the student's subclasses are: {folder}/student/report.html")
    deployed = kd.classifier(student, CLASSES)
    report = ke.litert(
        deployed, folder / "student.tflite", overwrite=True, samples=x[:32]
    )
    print(
        f"{report.path}: {report.bytes:,} bytes, differs from Keras by at most "
        f"{report.difference:.1e}"
    )


def make_teacher(image_shape):
    """A convolutional network that gives subclass logits."""
    return keras.Sequential(
        [
            keras.Input(image_shape),
            layers.Conv2D(32, 3, padding="same", activation="relu"),
            layers.MaxPooling2D(),
            layers.Conv2D(64, 3, padding="same", activation="relu"),
            layers.MaxPooling2D(),
            layers.Flatten(),
            layers.Dropout(0.5),
            layers.Dense(128, activation="relu"),
            layers.Dropout(0.5),
            layers.Dense(SUBCLASSES),
        ]
    )


def make_student(image_shape):
    """A small network that gives subclass logits."""
    return keras.Sequential(
        [
            keras.Input(image_shape),
            layers.Flatten(),
            layers.Dense(64, activation="relu"),
            layers.Dense(64, activation="relu"),
            layers.Dense(SUBCLASSES),
        ]
    )


def show(name, model, test):
    """Prints how well a model knows the classes, and the digits."""
    x, digits = test
    logits = model.predict(x, verbose=0)
    accuracy = kd.SubclassAccuracy(CLASSES)(digits // 5, logits)
    assignment, _ = kd.subclass_assignment(logits, digits)
    print(
        f"{name}: {float(accuracy):.4f} of the classes right; subclasses are "
        f"the digits for {assignment:.4f} of the images"
    )


if __name__ == "__main__":
    main()
