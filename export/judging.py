"""The comparison of an artefact's outputs with its model's."""

from keras_export.tolerances import differences, disagreement


class VerificationError(ValueError):
    """An exported artefact does not stand for its Keras model.

    Example:
        >>> import keras_export
        >>> issubclass(keras_export.VerificationError, ValueError)
        True
    """


class Judge:
    """Compares the outputs of one artefact with what its model predicts.

    Coarse number formats are judged by their noise as a whole, and the first
    example alone may be the noisiest of all: then it may instead be what it
    was in the batch before.

    Args:
        path: str or path-like, the artefact, for messages.
        expected: dict from output name to array, for all examples.
        tolerance: float, largest absolute difference; None chooses by
            `number_format`.
        number_format: str, as `tolerances.number_format` gives it.
    """

    def __init__(self, path, expected, tolerance, number_format):
        self._path = path
        self._expected = expected
        self._tolerance = tolerance
        self._format = number_format
        # Of the batches that begin with the first example and were right.
        self._first = {}

    def compare(self, runs, start, where):
        """Returns the largest absolute difference, or raises.

        Args:
            runs: list of dicts from output name to array; the same batch, run
                once or more.
            start: int, the number of the batch's first example.
            where: str, the configuration that ran it.

        Raises:
            VerificationError: if a run differs too much from the model.
        """
        worst = 0.0
        for outputs in runs:
            self._check_names(outputs)
            for name, actual in outputs.items():
                expected = self._expected[name]
                expected = expected[start : start + len(actual)]
                self._check_shape(name, expected, actual)
                first = runs[0][name]
                change = max(_largest(first, run[name]) for run in runs)
                judgement = self._judgement(name, expected, actual)
                if start == 0:
                    judgement = self._eased(judgement, name, actual, where)
                self._check(name, judgement, len(actual), where, change)
                worst = max(worst, _largest(expected, actual))
        if start == 0:
            self._first.setdefault(where, runs[0])
        return worst

    def _check(self, name, judgement, count, where, change):
        difference, limit, measure = judgement
        # Written so that NaN fails.
        if not difference <= limit:
            raise VerificationError(
                f"The artefact {str(self._path)!r} must equal `model.predict` "
                f"within {limit:.3g} in {name!r}. The {measure} is "
                f"{difference:.3g} at batch size {count} ({where}; "
                f"number format {self._format}); from run to run its outputs "
                f"change by {change:.3g}. Export the model again; if it still "
                "differs, the converter is at fault."
            )

    def _judgement(self, name, wanted, actual):
        if self._tolerance is not None:
            difference = _largest(wanted, actual)
            return difference, self._tolerance, "largest difference"
        everything = self._expected[name]
        return disagreement(self._format, wanted, actual, everything)

    def _eased(self, judgement, name, actual, where):
        """The judgement by the batch before, if that is better."""
        batch = self._first.get(where, {}).get(name, actual)
        is_exact = self._tolerance is not None or self._format == "float32"
        if is_exact or len(batch) <= len(actual):
            return judgement
        # NaN is never smaller.
        by_batch = self._judgement(name, batch[: len(actual)], actual)
        return by_batch if by_batch < judgement else judgement

    def _check_names(self, outputs):
        if set(outputs) != set(self._expected):
            raise VerificationError(
                f"The artefact {str(self._path)!r} must give the model's "
                f"outputs {sorted(self._expected)}. It gives "
                f"{sorted(outputs)}. Export the model again."
            )

    def _check_shape(self, name, expected, actual):
        if actual.shape != expected.shape:
            raise VerificationError(
                f"The artefact {str(self._path)!r} must give shape "
                f"{expected.shape} for {name!r}. It gives {actual.shape}. "
                "Export the model again."
            )


def _largest(expected, actual):
    return float(differences(expected, actual).max(initial=0.0))
