"""A report on what a GAN draws, in HTML and pictures."""

import pathlib
from collections.abc import Mapping
from typing import Any

import keras
import numpy as np

from _keras_sparse_common.arguments import check_count, check_number
from _keras_sparse_common.whole_files import save_whole
from keras_latent._types import ArrayLike, Network, PathLike, Range
from keras_latent.gan_curves import (
    as_columns,
    curves_picture,
    win_shares,
    winners_picture,
)
from keras_latent.gan_findings import GANFindings, measure_gan
from keras_latent.gan_report_page import gan_page
from keras_latent.image_range import check_image_range
from keras_latent.sample_history import (
    POINTS,
    SampleHistory,
    check_gan,
    generator_range,
)
from keras_latent.sample_pictures import check_samples, draw_panels

EXAMPLES, MOST_EXAMPLES = 1000, 10_000
EPOCHS_SHOWN = 8


class GANReport(keras.callbacks.Callback):
    """Says what a GAN draws: numbers, pictures, one page.

    As a callback of `fit` it watches the epochs and writes at the end of the
    training; `write` does so at any time. The folder gets `report.html`,
    which holds its pictures and loads nothing, `samples.png`, and where there
    is something to draw `evolution.png`, `curves.png` and `winners.png`. What
    cannot be measured is named on the page, with the reason.

    Args:
        path: folder; made if there is none.
        real: array of real examples like the generator's, at best not trained
            on: images of 1 or 3 channels, or points of the plane. None: no
            distances.
        features: as for `frechet_distance`, best a `FeatureExtractor`, whose
            name and description the page gives. None: of points their
            coordinates, of images no distances.
        classifier: network of images to logits, for the inception score;
            None: that of a `FeatureExtractor`, where it has one.
        centres: array (modes, 2) of a known mixture, to count covered modes.
        standard_deviation: number above 0, of each mode; with `centres`.
        examples: int from 2, how many are generated to measure. None: as many
            as `real` has, at most 10,000; without these 1,000.
        rows, columns: int from 1, of the grids of samples.
        image_range: as for `SampleGrid`.
        evolution: `SampleHistory` of a training that is resumed in another
            process; None: one without a file.
        seed: int from 0, of the latent points.

    Attributes:
        findings: `GANFindings` of the last report, or None.

    Raises:
        ValueError: arguments out of range; a model that is no `GAN`.

    Source: none; the measures are those of `frechet_distance`,
        `kernel_distance`, `inception_score` and `mode_coverage`.

    Example:
        >>> import tempfile, keras_latent as kl
        >>> points, centres, deviation = kl.gaussian_ring(64)
        >>> gan = kl.GAN(*kl.mlp_gan_networks((2,), 2, width=4))
        >>> modes = dict(centres=centres, standard_deviation=deviation)
        >>> with tempfile.TemporaryDirectory() as path:
        ...     found = kl.GANReport(path, points, **modes).write(gan)
        >>> len(found.modes.counts), found.frechet.real_examples
        (8, 64)
    """

    def __init__(
        self,
        path: PathLike,
        real: ArrayLike | None = None,
        features: Network | None = None,
        classifier: Network | None = None,
        centres: ArrayLike | None = None,
        standard_deviation: float | None = None,
        examples: int | None = None,
        rows: int = 8,
        columns: int = 8,
        image_range: Range | None = None,
        evolution: SampleHistory | None = None,
        seed: int = 0,
    ) -> None:
        check_count("rows", rows)
        check_count("columns", columns)
        check_count("seed", seed, minimum=0)
        if examples is not None:
            check_count("examples", examples, minimum=2)
        if real is not None:
            real = check_samples("real", real)
        if centres is not None:
            check_number(
                "standard_deviation", standard_deviation, open_low=True
            )
        for name, given in (("features", features), ("classifier", classifier)):
            _check_callable(name, given)
        super().__init__()
        self.path, self.real, self.features = pathlib.Path(path), real, features
        self.classifier, self.centres = classifier, centres
        self.standard_deviation, self.examples = standard_deviation, examples
        self.rows, self.columns, self.seed = rows, columns, seed
        self.image_range = check_image_range(image_range)
        self.evolution = evolution or SampleHistory(seed=seed)
        self.logs: list[Mapping[str, Any]] = []
        self.findings: GANFindings | None = None

    def on_train_begin(self, logs: Mapping[str, Any] | None = None) -> None:
        check_gan(self.model)
        self.evolution.set_model(self.model)
        self.evolution.on_train_begin()
        if int(self.model.step) == 0:
            self.logs = []

    def on_epoch_end(
        self, epoch: int, logs: Mapping[str, Any] | None = None
    ) -> None:
        self.evolution.on_epoch_end(epoch)
        self.logs.append(dict(logs or {}))

    def on_train_end(self, logs: Mapping[str, Any] | None = None) -> None:
        names = dict.fromkeys(name for logs in self.logs for name in logs)
        missing = float("nan")
        history = {
            name: [float(logs.get(name, missing)) for logs in self.logs]
            for name in names
        }
        self.write(self.model, history)

    def write(self, gan: keras.Model, history: Any = None) -> GANFindings:
        """Measures a GAN and writes the report.

        Args:
            gan: `GAN` or one of its kinds.
            history: what `fit` or `fit_stages` returned, or a dict of lists
                of logs; None: no curves.

        Returns:
            `GANFindings`, also in `report.findings`.

        Raises:
            ValueError: a model that is no `GAN`; samples that are neither
                images nor points of the plane, or not finite.
        """
        check_gan(gan)
        history = as_columns(history)
        examples = self.examples or EXAMPLES
        if self.examples is None and self.real is not None:
            examples = min(len(self.real), MOST_EXAMPLES)
        generated = gan.sample(max(2, examples), seed=self.seed)
        generated = check_samples("samples", generated)
        findings = self.findings = measure_gan(
            generated,
            self.real,
            self.features,
            self.classifier,
            self.centres,
            self.standard_deviation,
        )
        pictures = self._pictures(gan, generated)
        pictures["curves"] = curves_picture(history)
        pictures["winners"] = winners_picture(history)
        pictures = {k: drawn for k, drawn in pictures.items() if drawn}
        self.path.mkdir(parents=True, exist_ok=True)
        for key, content in pictures.items():
            save_whole(content, self.path / f"{key}.png")
        description = getattr(self.features, "description", None)
        wins = win_shares(history)
        text = gan_page(gan.name, description, self.findings, wins, pictures)
        save_whole(text.encode(), self.path / "report.html")
        return findings

    def _pictures(self, gan, generated):
        """Samples beside real examples, and the epochs."""
        count = POINTS if generated.ndim == 2 else self.rows * self.columns
        limits = self.image_range or generator_range(gan)
        shown, titles = [generated[:count]], ["generated"]
        if self.real is not None and self.real.ndim == generated.ndim:
            shown.insert(0, self.real[:count])
            titles.insert(0, "real")
            if limits is None:
                limits = _ends(self.real)
        drawn = {"samples": draw_panels(shown, titles, self.columns, limits)}
        epochs = self.evolution.evenly(gan, EPOCHS_SHOWN)
        if epochs:
            titles = [str(number) for number in epochs]
            panels = list(epochs.values())
            drawn["evolution"] = draw_panels(panels, titles, 1, limits)
        return drawn


def _ends(real):
    """The range of real points, to see the samples on the same axes."""
    if real.ndim != 2:
        return None
    low, high = float(np.min(real)), float(np.max(real))
    margin = 0.1 * (high - low) or 1.0
    return low - margin, high + margin


def _check_callable(name, given):
    if given is not None and not callable(given):
        raise ValueError(
            f"`{name}` must be a network or function of images, or None. "
            f"Received: {name}={given!r}."
        )
