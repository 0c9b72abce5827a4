"""A report on what a Fader has forgotten, in HTML and pictures."""

import pathlib
from collections.abc import Mapping, Sequence
from typing import Any

import keras
import numpy as np

from _keras_sparse_common.arguments import check_count
from _keras_sparse_common.whole_files import save_whole
from keras_latent._types import (
    FaderLike,
    LabelledData,
    Network,
    PathLike,
    Sizes,
)
from keras_latent.fader_curves import curves_picture, last_value
from keras_latent.fader_pictures import (
    fader_grid,
    interpolation_strips,
)
from keras_latent.fader_report_page import fader_page
from keras_latent.fader_verdict import (
    FaderFindings,
    FaderLimits,
    guessing_loss,
    judge_fader,
)
from keras_latent.frozen_networks import encoder_and_decoder
from keras_latent.labelled_data import attribute_table, labelled_batches
from keras_latent.probe import probe_accuracy
from keras_latent.reconstruction_error import (
    attribute_sizes_of,
    reconstruction_error,
)
from keras_latent.swap import swap_accuracy


class FaderReport(keras.callbacks.Callback):
    """Says whether a Fader works: numbers, a verdict, pictures, one page.

    As a callback of `fit` it writes at the end of the training; `write` does
    so at any time, for any encoder and decoder. The folder gets
    `report.html`, which holds its pictures and loads nothing, and `grid.png`,
    `strips.png` and `curves.png`; with several attributes `grid_0.png` and so
    on. The verdict goes by the fresh probe, the swap accuracy and, with a
    `baseline`, the reconstruction error; never by the classifier in training,
    which can look fooled while the label is plain in the code.

    Args:
        path: folder; made if there is none.
        data: (images, labels) as for `probe_accuracy`, images of 1 or 3
            channels, at best not trained on. All are held in memory.
        judge: classifier of images, as for `swap_accuracy`.
        baseline: as for `reconstruction_error`, or None.
        attribute_sizes: int or list of int; None: those of the `Fader`.
        class_names: list of str; with several attributes a list of lists.
        limits: `FaderLimits`, or None for its defaults.
        swap_examples: int from 1, most images for the swap accuracy; each is
            decoded with every label.
        seed: int from 0, of the probe.
        probe_data: (images, labels) for the probe to learn from, as those of
            the training; then it is judged on all of `data`. None: it learns
            from one part of `data` and is judged on the rest.

    Raises:
        ValueError: as the functions that it calls.

    Source: the pictures as in interpolate.py of facebookresearch/
        FaderNetworks and the project's recipe for MNIST.

    Example:
        >>> import tempfile, keras_latent as kl
        >>> y = np.arange(200) % 4
        >>> data = np.eye(4)[y].reshape(-1, 2, 2, 1), y
        >>> options = {"judge": keras.layers.Flatten(), "attribute_sizes": 4}
        >>> whole_image = np.copy, lambda inputs: inputs[0]
        >>> with tempfile.TemporaryDirectory() as path:
        ...     kl.FaderReport(path, data, **options).write(whole_image).verdict
        'FAILURE'
    """

    def __init__(
        self,
        path: PathLike,
        data: LabelledData,
        judge: Network,
        baseline: Any = None,
        attribute_sizes: Sizes | None = None,
        class_names: Sequence[Any] | None = None,
        limits: FaderLimits | None = None,
        swap_examples: int = 1000,
        seed: int = 0,
        probe_data: LabelledData | None = None,
    ) -> None:
        check_count("swap_examples", swap_examples)
        check_count("seed", seed, minimum=0)
        if not callable(judge):
            raise ValueError(
                "`judge` must be a classifier of images, as the first that "
                f"`train_classifier` returns. Received: judge={judge!r}."
            )
        super().__init__()
        self.path, self.data, self.judge = pathlib.Path(path), data, judge
        self.baseline, self.attribute_sizes = baseline, attribute_sizes
        self.class_names, self.limits = class_names, limits or FaderLimits()
        self.swap_examples, self.seed = swap_examples, seed
        self.probe_data, self.findings = probe_data, None

    def on_train_begin(self, logs: Mapping[str, Any] | None = None) -> None:
        encoder_and_decoder(self.model)

    def on_train_end(self, logs: Mapping[str, Any] | None = None) -> None:
        self.write(self.model, self.model.history)

    def write(self, model: FaderLike, history: Any = None) -> FaderFindings:
        """Measures a model and writes the report.

        Args:
            model: `Fader`, or a pair (encoder, decoder).
            history: what `fit` returned, or its dict; None: no curves.

        Returns:
            `FaderFindings`, also in `report.findings`.
        """
        history = getattr(history, "history", history) or {}
        batches = list(labelled_batches(self.data))
        images, labels = map(np.concatenate, zip(*batches, strict=True))
        sizes = self.attribute_sizes or attribute_sizes_of(model)
        table, sizes = attribute_table(labels, sizes)
        encoder, _ = encoder_and_decoder(model)
        few = images[: self.swap_examples], table[: self.swap_examples]
        guessing = guessing_loss(table, sizes)
        findings = judge_fader(
            self._probe(encoder, (images, table), sizes),
            swap_accuracy(model, self.judge, few, sizes),
            reconstruction_error(model, few, sizes, self.baseline),
            last_value(history, "classifier_loss"),
            guessing,
            self.limits,
        )
        pictures = self._pictures(model, images, table, sizes)
        self.findings, chance = findings, findings.probe.chance
        curves = curves_picture(history, guessing, chance)
        if curves is not None:
            pictures["curves"] = curves
        self._save(getattr(model, "name", "the model"), pictures)
        return findings

    def _probe(self, encoder, data, sizes):
        apart = self.probe_data is not None
        return probe_accuracy(
            encoder,
            self.probe_data if apart else data,
            test_data=data if apart else None,
            attribute_sizes=sizes,
            seed=self.seed,
        )

    def _pictures(self, model, images, table, sizes):
        pictures = {}
        for attribute in range(len(sizes)):
            names, end = self.class_names, ""
            if len(sizes) > 1:
                names = names and names[attribute]
                end = f"_{attribute}"
            options = {
                "attribute_sizes": sizes,
                "attribute": attribute,
                "class_names": names,
            }
            given = model, images, table
            pictures[f"grid{end}"] = fader_grid(*given, **options)
            pictures[f"strips{end}"] = interpolation_strips(*given, **options)
        return pictures

    def _save(self, name, pictures):
        self.path.mkdir(parents=True, exist_ok=True)
        for key, content in pictures.items():
            save_whole(content, self.path / f"{key}.png")
        text = fader_page(name, self.findings, self.limits, pictures)
        save_whole(text.encode(), self.path / "report.html")
