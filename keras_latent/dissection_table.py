"""What dissection finds: a table of units."""

import csv
import dataclasses
from typing import Any

import numpy as np

from _keras_sparse_common.arguments import check_count
from _keras_sparse_common.whole_files import whole_file
from keras_latent._types import PathLike


@dataclasses.dataclass(frozen=True)
class Unit:
    """One unit of a layer, and the class that it meets best.

    Attributes:
        number: int, its place among the units.
        label: int, of the class with the largest IoU; 0 where it meets none.
        class_name: str, the name of the class; "" where it meets none.
        iou: float in [0, 1], with that class.
        threshold: float, activations above it are the unit's mask.
        interpretable: bool, whether the IoU exceeds the limit.
        top_images: tuple of int, the rows of `z` whose images activate the
            unit most, the largest first.

    Example:
        >>> import keras_latent as kl
        >>> kl.Unit(7, 2, "sky", 0.3, 1.5, True, (4, 0)).class_name
        'sky'
    """

    number: int
    label: int
    class_name: str
    iou: float
    threshold: float
    interpretable: bool
    top_images: tuple[int, ...]


@dataclasses.dataclass(frozen=True, eq=False)
class Dissection:
    """Units of a layer, and the classes that they draw.

    Attributes:
        units: tuple of `Unit`.
        class_names: tuple of str, of each label; that of 0 is "background".
        ious: float64 array (units, labels), 0 for the background.
        thresholds: float32 array (units,).
        exact: bool, whether thresholds are those of all activations; else
            of a sample, see `UnitQuantiles`.
        images: int, images that the IoU was counted on.
        layer: str, the layer's name.
        z: float32 array (points, latent_dim), which `top_images` count.

    Example:
        >>> import keras_latent as kl
        >>> ious = np.array([[0.0, 0.9]])
        >>> unit = kl.Unit(0, 1, "sky", 0.9, 0.5, True, (3,))
        >>> found = kl.Dissection(
        ...     (unit,), ("background", "sky"), ious, np.array([0.5]), True,
        ...     4, "units", np.zeros((4, 2)))
        >>> found.counts(), found.ranking("sky").tolist()
        ({'sky': 1}, [0])
    """

    units: tuple[Unit, ...]
    class_names: tuple[str, ...]
    ious: np.ndarray
    thresholds: np.ndarray
    exact: bool
    images: int
    layer: str
    z: np.ndarray

    def counts(self) -> dict[str, int]:
        """dict of class name to its interpretable units, most first."""
        names = [u.class_name for u in self.units if u.interpretable]
        counts = {name: names.count(name) for name in dict.fromkeys(names)}
        return dict(sorted(counts.items(), key=lambda pair: -pair[1]))

    def ranking(self, class_: int | str) -> np.ndarray:
        """Units by their IoU with a class, the largest first.

        Args:
            class_: int from 1, a label; or str, its name.

        Returns:
            int array (units,).

        Raises:
            ValueError: there is no such class.
        """
        label = class_label(class_, self.class_names)
        return np.argsort(-self.ious[:, label], kind="stable")

    def rows(self) -> list[dict[str, Any]]:
        """The table: list of dicts, one of each unit."""
        rows = [dataclasses.asdict(unit) for unit in self.units]
        for row in rows:
            row["top_images"] = " ".join(map(str, row["top_images"]))
        return rows

    def to_csv(self, path: PathLike) -> None:
        """Writes the table as CSV, with a line of names.

        Args:
            path: file to write.
        """
        with (
            whole_file(path) as new,
            open(new, "w", newline="", encoding="utf-8") as file,
        ):
            fields = [field.name for field in dataclasses.fields(Unit)]
            writer = csv.DictWriter(file, fields)
            writer.writeheader()
            writer.writerows(self.rows())


def class_label(class_, class_names):
    """Label of a class given by its label or its name.

    Args:
        class_: int from 1, or str.
        class_names: tuple of str, of each label.

    Raises:
        ValueError: there is none of it.
    """
    if isinstance(class_, str):
        if class_ in class_names[1:]:
            return class_names.index(class_, 1)
        raise ValueError(
            f"`class_` must be one of {list(class_names[1:])}. Received: "
            f"class_={class_!r}."
        )
    check_count("class_", class_)
    if class_ >= len(class_names):
        raise ValueError(
            f"`class_` must be less than {len(class_names)}, the labels there "
            f"are. Received: class_={class_}."
        )
    return int(class_)


def label_names(class_names, labels):
    """A name for each label, as a tuple of str.

    Args:
        class_names: None: "class 1", ...; or list of str, of labels 0, 1,
            ..., or dict of label to str.
        labels: int, how many labels were seen, with the background.

    Raises:
        ValueError: a list of fewer names than labels.
    """
    if class_names is None or isinstance(class_names, dict):
        given = class_names or {}
        labels = max([labels, *(label + 1 for label in given)])
        names = [given.get(k, f"class {k}") for k in range(labels)]
        names[0] = given.get(0, "background")
    else:
        names = [str(name) for name in class_names]
    if isinstance(class_names, str) or len(names) < labels:
        raise ValueError(
            "`class_names` must be a list of names of all labels, the "
            f"background first, or a dict. Received: {class_names!r} for "
            f"labels up to {labels - 1}."
        )
    return tuple(names)
