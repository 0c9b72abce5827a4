"""Callbacks that measure a model while it trains."""

import math
from collections.abc import Mapping
from typing import Any

import keras

from _keras_sparse_common.arguments import check_count
from keras_latent._types import LabelledData, Network
from keras_latent.probe import ProbeFindings, probe_accuracy


class ProbeMonitor(keras.callbacks.Callback):
    """Writes what a fresh probe reads from the codes into the epoch's logs.

    So `History`, `CSVLogger` and the progress bar show the truth beside the
    loss of the adversary that trains along. Between two probes the log holds
    NaN, so that every epoch has a value; the last epoch is always probed.
    Put it before callbacks that read its log, such as `EarlyStopping`.

    Args:
        data: (x, labels), as for `probe_accuracy`; examples the model does
            not train on are best.
        every: int from 1, epochs from one probe to the next.
        encoder: Keras model or function to probe. None: the `encoder` of the
            model in training, or its `features`.
        name: str, of the log; `name + "_chance"` is written too.
        **options: further arguments of `probe_accuracy`.

    Raises:
        ValueError: `every` below 1, no encoder, or as `probe_accuracy`.

    Source: none; the reason is in `probe_accuracy`.

    Example:
        >>> import numpy as np, keras_latent as kl
        >>> x, y = np.eye(4)[np.arange(80) % 4], np.arange(80) % 4
        >>> model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)])
        >>> model.compile("sgd", "mse", run_eagerly=True)
        >>> monitor = kl.ProbeMonitor((x, y), encoder=lambda x: x)
        >>> fitted = model.fit(x, y, verbose=0, callbacks=[monitor])
        >>> fitted.history["probe_accuracy"]
        [1.0]
    """

    def __init__(
        self,
        data: LabelledData,
        every: int = 1,
        encoder: Network | None = None,
        name: str = "probe_accuracy",
        **options: Any,
    ) -> None:
        check_count("every", every)
        super().__init__()
        self.data, self.every, self.encoder = data, every, encoder
        self.name, self.options = name, options
        self.findings: list[tuple[int, ProbeFindings]] = []

    def on_train_begin(self, logs: Mapping[str, Any] | None = None) -> None:
        self.findings = []
        self._probed()

    def on_epoch_end(
        self, epoch: int, logs: dict[str, Any] | None = None
    ) -> None:
        due = (epoch + 1) % self.every == 0
        last = epoch + 1 == (self.params or {}).get("epochs")
        accuracy = chance = math.nan
        if due or last:
            found = probe_accuracy(self._probed(), self.data, **self.options)
            self.findings.append((epoch, found))
            accuracy, chance = found.accuracy, found.chance
        if logs is not None:
            logs[self.name] = accuracy
            logs[f"{self.name}_chance"] = chance

    def _probed(self):
        candidates = (
            self.encoder,
            getattr(self.model, "encoder", None),
            getattr(self.model, "features", None),
        )
        for candidate in candidates:
            if candidate is not None:
                return candidate
        raise ValueError(
            "`ProbeMonitor` needs an encoder to probe. Received: encoder=None "
            f"and a model {self.model.name!r} without `encoder` or `features`."
            " Give `encoder=`, as in `keras.Model(model.inputs[0], "
            "model.get_layer('code').output)`."
        )
