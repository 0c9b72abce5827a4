"""What every peer is given: one network, its first weights, the same batches.

Needs NumPy only, so that each peer can read it in an environment of its own.
"""

import dataclasses
import json
import math
import pathlib

import numpy as np

LEARNING_RATE = 0.1  # of SGD, down to 0 along half a cosine
MOMENTUM = 0.9
TIMED_STEPS = 200  # in one timed call, two updates of the masks


@dataclasses.dataclass(frozen=True)
class Plan:
    """One comparison; plain values, written to a folder that all peers read.

    Attributes:
        dataset: str, its name.
        model: "mlp", LeNet-300-100, or "cnn", two convolutions with stride 2
            and two dense layers.
        image_shape: sequence (height, width, channels).
        classes: int.
        batch_size, epochs, steps_per_epoch, seeds: int.
        sparsities: sequence of float, shares of zeros wanted.
        rounds: int, how often the steps are timed.
    """

    dataset: str
    model: str
    image_shape: tuple
    classes: int
    batch_size: int
    epochs: int
    steps_per_epoch: int
    seeds: int
    sparsities: tuple
    rounds: int

    @property
    def steps(self):
        """Steps of one training."""
        return self.epochs * self.steps_per_epoch

    @property
    def update_every(self):
        """Steps between two updates of the masks."""
        return min(100, max(1, self.steps // 20))

    @property
    def pruning_steps(self):
        """First and last update, at about 15 % and 75 % of the steps.

        Whole numbers of `update_every`, so that the last one reaches the
        final sparsity under everybody's schedule.
        """
        first, last = (
            round(share * self.steps / self.update_every) * self.update_every
            for share in (0.15, 0.75)
        )
        return first, last

    @property
    def timed_sparsity(self):
        """The one at which steps are timed."""
        return self.sparsities[len(self.sparsities) // 2]

    @property
    def kernels(self):
        """Shapes of the kernels, in the order of the layers."""
        height, width, channels = self.image_shape
        if self.model == "mlp":
            units = (height * width * channels, 300, 100, self.classes)
            return list(zip(units, units[1:], strict=False))
        flat = 32 * math.ceil(height / 4) * math.ceil(width / 4)
        convolutions = [(3, 3, channels, 16), (3, 3, 16, 32)]
        return [*convolutions, (flat, 128), (128, self.classes)]

    def first_weights(self, seed):
        """Kernel and bias of each layer, Glorot's uniform and zeros."""
        generator = np.random.default_rng(seed)
        weights = []
        for shape in self.kernels:
            field = math.prod(shape[:-2])
            bound = math.sqrt(6 / field / (shape[-2] + shape[-1]))
            kernel = generator.uniform(-bound, bound, shape)
            weights += [kernel.astype("float32"), np.zeros(shape[-1], "f4")]
        return weights


def write(plan, train, test, folder):
    """Writes a plan, its images (as bytes) and the order of its examples."""
    folder = pathlib.Path(folder)
    arrays = {}
    for name, (images, labels) in (("train", train), ("test", test)):
        arrays[f"{name}_images"] = np.round(255 * images).astype("uint8")
        arrays[f"{name}_labels"] = labels.astype("int32")
    size = plan.steps_per_epoch * plan.batch_size
    for seed in range(plan.seeds):
        generator = np.random.default_rng(seed)
        order = [
            generator.permutation(len(train[1]))[:size]
            for _ in range(plan.epochs)
        ]
        arrays[f"order_{seed}"] = np.concatenate(order).astype("int32")
        for number, weight in enumerate(plan.first_weights(seed)):
            arrays[f"weight_{seed}_{number}"] = weight
    for name, array in arrays.items():
        np.save(folder / f"{name}.npy", array)
    (folder / "plan.json").write_text(json.dumps(dataclasses.asdict(plan)))


class Inputs:
    """What `write` wrote.

    Args:
        folder: path.
    """

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        plan = json.loads((self.folder / "plan.json").read_text())
        self.plan = Plan(**plan)

    def _array(self, name):
        return np.load(self.folder / f"{name}.npy")

    def weights(self, seed):
        """The network's first weights, in the order of Keras."""
        count = 2 * len(self.plan.kernels)
        return [self._array(f"weight_{seed}_{i}") for i in range(count)]

    def split(self, name):
        """Images in [0, 1] and labels of "train" or "test"."""
        images = self._array(f"{name}_images")
        return images.astype("float32") / 255, self._array(f"{name}_labels")

    def batches(self, seed):
        """Yields the batches of one training, in order."""
        images = self._array("train_images")
        labels = self._array("train_labels")
        order = self._array(f"order_{seed}")
        for rows in order.reshape(self.plan.steps, self.plan.batch_size):
            yield images[rows].astype("float32") / 255, labels[rows]

    def stem(self, peer, sparsity):
        """Path, without a suffix, of what the first seed trained."""
        return self.folder / f"{peer}-{sparsity:g}"


def zeros(kernels):
    """Share of zeros among all entries of all kernels."""
    kernels = [np.asarray(kernel) for kernel in kernels]
    count = sum(int((kernel == 0).sum()) for kernel in kernels)
    return count / sum(kernel.size for kernel in kernels)
