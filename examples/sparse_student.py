"""A dense teacher, a student of which 90 % is zero, one `fit`; then exported.

    python examples/sparse_student.py
    python examples/sparse_student.py --dataset mnist --data-dir DIR --epochs 10
    python examples/sparse_student.py --quick

The digits 0 to 4 are one class, 5 to 9 the other. The student learns the
teacher's subclasses while RigL moves its connections: the distiller is compiled
with a sparse optimizer as any model is. What is exported is the student alone,
as a LiteRT file and a SavedModel, each compared with the Keras model.
"""

import argparse
import pathlib

import keras
import numpy as np
from keras import layers

import keras_distill as kd
import keras_export as ke
import keras_sparse as ks

CLASSES, SUBCLASSES = 2, 10


def main():
    """Trains, exports, and prints accuracies and sizes."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--dataset", default="digits")
    parser.add_argument("--data-dir", help="of TensorFlow Datasets")
    parser.add_argument("--sparsity", type=float, default=0.9)
    parser.add_argument("--epochs", type=int, default=60)
    parser.add_argument("--output", default="runs/sparse_student")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--quick", action="store_true", help="a small run")
    options = parser.parse_args()
    epochs = 15 if options.quick else options.epochs
    keras.utils.set_random_seed(options.seed)
    data = ks.datasets.load(options.dataset, options.data_dir)
    (x, digits), (x_test, test_digits) = (
        data.arrays("train"),
        data.arrays("test"),
    )
    y, y_test = digits // 5, test_digits // 5

    teacher = network(data.image_shape, 256, dropout=0.5)
    teacher.compile("adam", kd.SubclassCrossentropy(CLASSES, 1.0, 0.3))
    teacher.fit(x, y, batch_size=128, epochs=epochs, verbose=0)

    student = network(data.image_shape, 128)
    distiller = kd.Distiller(teacher, student, kd.SubclassDistillation())
    optimizer = ks.SparseOptimizer(
        keras.optimizers.Adam(3e-3),
        ks.RigL(options.sparsity, update_every=20, seed=options.seed),
    )
    distiller.compile(
        optimizer, kd.SubclassCrossentropy(CLASSES, diversity_weight=0.0)
    )
    distiller.fit(x, y, batch_size=32, epochs=epochs, verbose=0)

    classifiers = {
        name: kd.classifier(model, CLASSES)
        for name, model in (("teacher", teacher), ("student", student))
    }
    for name, model in classifiers.items():
        right = model.predict(x_test, verbose=0).argmax(-1) == y_test
        kernels = [w.numpy() for w in model.weights if len(w.shape) > 1]
        live = sum(np.count_nonzero(kernel) for kernel in kernels)
        print(
            f"{name}: test accuracy {np.mean(right):.4f}, {live:,} of "
            f"{sum(kernel.size for kernel in kernels):,} weights are not zero"
        )
    export(classifiers, pathlib.Path(options.output), x_test)


def network(image_shape, units, dropout=0.0):
    """Two hidden layers and subclass logits."""
    return keras.Sequential(
        [
            keras.Input(image_shape),
            layers.Flatten(),
            layers.Dense(units, activation="relu"),
            layers.Dropout(dropout),
            layers.Dense(units, activation="relu"),
            layers.Dropout(dropout),
            layers.Dense(SUBCLASSES),
        ]
    )


def export(classifiers, folder, x):
    """Writes both models, and the student as a SavedModel too.

    Each file is run before it is put in place, and must do what Keras does.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for name, model in classifiers.items():
        path = folder / f"{name}.tflite"
        report = ke.litert(model, path, overwrite=True, samples=x[:64])
        show_file(report)
        encodings = ", ".join(row.encoding for row in report.weights)
        print(f"  weights are {encodings}")
    path = folder / "student_saved_model"
    show_file(
        ke.saved_model(
            classifiers["student"], path, overwrite=True, samples=x[:64]
        )
    )


def show_file(report):
    """Prints what an exporter wrote."""
    print(
        f"{report.path}: {report.bytes:,} bytes, differs from Keras by at most "
        f"{report.difference:.1e}"
    )


if __name__ == "__main__":
    main()
