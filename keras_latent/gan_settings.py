"""What the command `gan` is asked to do."""

import dataclasses

from _keras_sparse_common.arguments import check_choice
from keras_latent.cli_settings import SMALL, check_counts, plain_name
from keras_latent.gan_losses import LOSSES
from keras_latent.gaussian_toys import gaussian_grid, gaussian_ring

TOYS = {"gaussian_grid": gaussian_grid, "gaussian_ring": gaussian_ring}
KINDS = {
    "gan": "GAN",
    "evolutionary": "EvolutionaryGAN",
    "info": "InfoGAN",
    "progressive": "ProgressiveGAN",
}
SMALLEST = 16
SMALL_SIZE, SIZE = 16, 32  # pixels of a side: of "digits", of others
# Of "digits", of a toy, of others; with `quick`.
EPOCHS, QUICK_EPOCHS = (30, 20, 10), (4, 4, 2)
BATCH_SIZE = 64


@dataclasses.dataclass(frozen=True)
class GANSettings:
    """The arguments of `gan` that change its result.

    Attributes:
        dataset: "gaussian_grid", "gaussian_ring", or as `name` of
            `datasets.load`.
        data_dir: as in `datasets.load`.
        kind: "gan", "evolutionary", "info" or "progressive".
        loss: name of a loss of `GAN`; empty: "hinge", of toys and "info"
            "non_saturating", of "progressive" "wasserstein". None for
            "evolutionary", which has mutations instead.
        image_size: int, pixels a side, a power of two from 16, that images
            are resized to; 0: 16 for "digits", else 32. None of a toy.
        epochs: int; 0: 30 for "digits", 20 for a toy, else 10; with `quick` 4
            or 2. For "progressive" rounded up, so that the fade-ins and the
            stages of full resolution have equally many each.
        batch_size: int, of each step; 0: 64.
        seed: int from 0.
        quick: bool, a small run: fewer epochs, at most 2,000 examples.
    """

    dataset: str = SMALL
    data_dir: str | None = None
    kind: str = "gan"
    loss: str = ""
    image_size: int = 0
    epochs: int = 0
    batch_size: int = 0
    seed: int = 0
    quick: bool = False

    def __post_init__(self):
        check_choice("kind", self.kind, KINDS)
        check_counts(self)
        if self.kind == "evolutionary" and self.loss:
            raise ValueError(
                '`loss` must be left out with `kind` "evolutionary", whose '
                "generators are trained by several losses. Received: "
                f"loss={self.loss!r}."
            )
        if self.loss:
            check_choice("loss", self.loss, LOSSES)
        if self.toy and self.kind == "progressive":
            raise ValueError(
                '`kind` must be another than "progressive" for points, which '
                f"cannot grow. Received: dataset={self.dataset!r}."
            )
        if self.toy and self.image_size:
            raise ValueError(
                "`image_size` must be left out for points of the plane. "
                f"Received: image_size={self.image_size}."
            )
        size = self.image_size
        if size and (size < SMALLEST or size & (size - 1)):
            raise ValueError(
                f"`image_size` must be a power of two from {SMALLEST}. "
                f"Received: image_size={size}."
            )

    @property
    def toy(self):
        """bool, whether the data are points of the plane."""
        return self.dataset in TOYS

    @property
    def name(self):
        """str, of the folder of the output by default."""
        return f"gan-{self.kind}-{plain_name(self.dataset)}"

    @property
    def phases(self):
        """int, equal parts of the training: of "progressive" the stages'."""
        if self.kind != "progressive":
            return 1
        # 4 pixels have no fade-in; each doubling has one.
        return 2 * (self.image_size.bit_length() - 3) + 1

    def with_defaults(self):
        """The same with a value in place of each that means a default."""
        small = self.dataset == SMALL
        row = 0 if small else 1 if self.toy else 2
        size = 0 if self.toy else SMALL_SIZE if small else SIZE
        epochs = (QUICK_EPOCHS if self.quick else EPOCHS)[row]
        filled = dataclasses.replace(
            self,
            loss=self.loss or self._loss(),
            image_size=self.image_size or size,
            epochs=self.epochs or epochs,
            batch_size=self.batch_size or BATCH_SIZE,
        )
        rounded = -(-filled.epochs // filled.phases) * filled.phases
        return dataclasses.replace(filled, epochs=rounded)

    def _loss(self):
        if self.kind == "evolutionary":
            return ""
        if self.kind == "progressive":
            return "wasserstein"
        soft = self.toy or self.kind == "info"
        return "non_saturating" if soft else "hinge"
