"""What the command line is asked to do."""

import dataclasses

from _keras_sparse_common.arguments import (
    check_choice,
    check_count,
    check_number,
)

SMALL = "digits"
QUICK_EXAMPLES = 2000


@dataclasses.dataclass(frozen=True)
class FaderSettings:
    """The arguments of `fader` that change its result.

    Attributes:
        dataset, data_dir: as `name` and `data_dir` of `datasets.load`.
        adversarial: "negative", "flip" or "entropy".
        beta: number from 0, weight of hiding the label; 0: 0.01 for
            "digits", else 0.02.
        critic_steps: int from 1, updates of the classifier per step.
        code_size: int from 1, numbers of a code.
        epochs: int; 0: 150 for "digits", else 20; with `quick` 60 or 10.
        batch_size: int; 0: 32 for "digits", else 128.
        seed: int from 0.
        quick: bool, a small run: fewer epochs, at most 2,000 examples.
    """

    dataset: str = SMALL
    data_dir: str | None = None
    adversarial: str = "negative"
    beta: float = 0.0
    critic_steps: int = 5
    code_size: int = 8
    epochs: int = 0
    batch_size: int = 0
    seed: int = 0
    quick: bool = False

    def __post_init__(self):
        choices = ("negative", "flip", "entropy")
        check_choice("adversarial", self.adversarial, choices)
        check_number("beta", self.beta)
        check_count("critic_steps", self.critic_steps)
        check_count("code_size", self.code_size)
        check_counts(self)

    @property
    def name(self):
        """str, of the folder of the output by default."""
        return f"fader-{plain_name(self.dataset)}"

    def with_defaults(self):
        """The same with a number in place of each 0 that means a default."""
        small = self.dataset == SMALL
        epochs = (60, 10) if self.quick else (150, 20)
        return dataclasses.replace(
            self,
            beta=self.beta or (0.01 if small else 0.02),
            epochs=self.epochs or epochs[0 if small else 1],
            batch_size=self.batch_size or (32 if small else 128),
        )


@dataclasses.dataclass(frozen=True)
class AdaptationSettings:
    """The arguments of `adapt` that change its result.

    Attributes:
        source: name of the labelled set, as in `datasets.load`.
        target: name of the other set, whose labels only judge; empty: the
            source's digits on coloured noise.
        data_dir: as in `datasets.load`, of both sets.
        image_size: int, pixels a side of both; 0: of the larger of the two,
            at least 16.
        epochs: int; 0: 30 for "digits", else 2; with `quick` 10 or 5.
        batch_size: int from 1, of each domain; 0: 32.
        seed: int from 0.
        quick: bool, a small run: fewer epochs, at most 2,000 examples.
    """

    source: str = SMALL
    target: str = ""
    data_dir: str | None = None
    image_size: int = 0
    epochs: int = 0
    batch_size: int = 0
    seed: int = 0
    quick: bool = False

    def __post_init__(self):
        check_count("image_size", self.image_size, 0)
        check_counts(self)
        if self.source == (self.target or f"{self.source}_m"):
            raise ValueError(
                "`target` must be another set than `source`. Received: "
                f"target={self.target!r}. Leave it out for the source's "
                "digits on coloured noise."
            )

    @property
    def name(self):
        """str, of the folder of the output by default."""
        target = self.target or f"{self.source}_m"
        return f"adapt-{plain_name(self.source)}-{plain_name(target)}"

    def with_defaults(self):
        """The same with a value in place of each that means a default."""
        small = self.source == SMALL
        epochs = (10, 5) if self.quick else (30, 2)
        return dataclasses.replace(
            self,
            target=self.target or f"{self.source}_m",
            epochs=self.epochs or epochs[0 if small else 1],
            batch_size=self.batch_size or 32,
        )


def limited(data, settings):
    """The examples of a set to use: with `quick` only the first 2,000."""
    images, labels = data
    end = QUICK_EXAMPLES if settings.quick else len(images)
    return images[:end], labels[:end]


def check_counts(settings):
    """Raises unless the counts that all commands share are ints from 0."""
    for name in ("epochs", "batch_size", "seed"):
        check_count(name, getattr(settings, name), 0)


def plain_name(name):
    """A set's name, or that of its file, fit for the name of a folder."""
    return name.replace("\\", "/").split("/")[-1].removesuffix(".npz")
