"""The net of magnitudes that SynFlow sends ones through."""

import contextlib
import warnings

import keras
import numpy as np
from keras import ops

from keras_sparse.autodiff import derivative_sum
from keras_sparse.model_ends import ones_for, without_last_activation
from keras_sparse.pure_model import computing_in
from keras_sparse.saliency_scores import synflow_score
from keras_sparse.score_masks import check_finite
from keras_sparse.tensor_values import float64_allowed

_ADDED = ("bias", "beta", "mean", "moving_mean")
_NOT_FELT = 1e-6  # the scores of a layer should sum to 1
_FAR = 120  # powers of two between 1 and the end of float32


class SynFlowModel:
    """Scores the weights of a model by the flow of a signal of ones.

    Args:
        pure: `PureModel`.
        biases: "zero" or "absolute", as in `synflow`.
        input_shape: as in `synflow`.

    Raises:
        ValueError: the shape of the input is not known.
    """

    def __init__(self, pure, biases, input_shape=None):
        self.pure = pure
        self.constants = [magnitude_of(v, biases) for v in pure.others]
        self._ones = ones_for(pure.model, input_shape)
        self._exponent = 0  # the input is 2 to the power of it
        self._gradient = derivative_sum(self._normalised_flow)

    @contextlib.contextmanager
    def prepared(self, dtype):
        """Context in which the model computes logits, in `dtype` or as is."""
        with contextlib.ExitStack() as stack:
            if dtype is not None:
                stack.enter_context(float64_allowed())
                stack.enter_context(computing_in(self.pure.model, dtype))
            stack.enter_context(without_last_activation(self.pure.model))
            yield

    def scores(self, masks):
        """Scores of the masked weights; those of a layer sum to about 1.

        Args:
            masks: dict path -> boolean array.

        Returns:
            Dict path -> float tensor, -1 where the mask is false.
        """
        scores = self._scores(masks)
        if not _usable(scores) and self._rescale(masks):
            scores = self._scores(masks)
        return scores

    def _scores(self, masks):
        values = self._magnitudes(masks)
        batches = [self._inputs(self._exponent)]
        gradients = self._gradient(values, self.constants, batches)
        return {
            path: synflow_score(values.pop(0), gradients.pop(0), mask)
            for path, mask in masks.items()
        }

    def _magnitudes(self, masks):
        return [
            ops.abs(value) * ops.cast(masks[path], value.dtype)
            for path, value in zip(
                self.pure.weights, self.pure.values(), strict=True
            )
        ]

    def _inputs(self, exponent):
        return keras.tree.map_structure(
            lambda ones: (
                ones * ones.dtype.type(2.0**exponent)
                if ones.dtype.kind == "f"
                else ones
            ),
            self._ones,
        )

    def _flow(self, values, constants, inputs):
        outputs = self.pure(values, constants, inputs, training=False)
        parts = [ops.sum(part) for part in keras.tree.flatten(outputs)]
        return sum(parts[1:], parts[0])

    def _normalised_flow(self, values, constants, inputs):
        flow = self._flow(values, constants, inputs)
        # Divided by its own size, so that gradients with respect to float32
        # weights do not overflow: the order of the scores is the same.
        size = ops.stop_gradient(ops.abs(flow))
        return flow / ops.where(size > 0, size, ops.ones_like(size))

    def _rescale(self, masks):
        """Finds another size of the input, for a flow that left the range.

        Of a net that is positively homogeneous, as one of ReLU without biases,
        the input's size changes all scores by one factor. It is chosen so that
        the signal passes 1 half way: neither it nor its gradient runs far out.
        Keras computes sums and batch normalisation in float32 at most, but on
        TensorFlow.

        Returns:
            bool, whether there is one.
        """
        values = self._magnitudes(masks)

        def flow_at(exponent):
            inputs = self._inputs(exponent)
            return float(self._flow(values, self.constants, inputs))

        # From near to far: at the end of the range CPUs differ in how they
        # round numbers that are no longer normal.
        for exponent in sorted(range(-_FAR, _FAR + 1, 20), key=abs):
            flow, half = flow_at(exponent), flow_at(exponent - 1)
            if 0 < half < flow < np.inf and abs(flow / half - 2) < 1e-3:
                gain = np.log2(flow) - exponent
                self._exponent = int(np.clip(-gain / 2, -_FAR, _FAR))
                return True
        return False


def _usable(scores):
    peaks = [float(ops.max(score)) for score in scores.values()]
    finite = all(bool(ops.all(ops.isfinite(s))) for s in scores.values())
    return finite and max(peaks) > 0


def check_flow(scores, number):
    """Raises ValueError if nothing flows at first, and warns if later.

    Args:
        scores: dict path -> tensor.
        number: int from 0, how many rounds of pruning came before.
    """
    check_finite(scores)
    flows = any(float(ops.max(score)) > 0 for score in scores.values())
    if number and not flows:
        warnings.warn(
            "No path from input to output is left, so that the weights still "
            "to be removed are taken in order. Lower the sparsity.",
            stacklevel=3,
        )
    sums = [float(ops.sum(score)) for score in scores.values()]
    if not number and max(sums) < _NOT_FELT:
        raise ValueError(
            "`model` must have outputs that grow with its weights. Received: "
            "outputs that stay the same, as those of a softmax do, or that are "
            "0. Pass a model that returns logits, such as "
            "keras.Model(model.inputs, last_layer.input)."
        )


def magnitude_of(variable, biases):
    """The value that a variable which is not scored has in the net.

    Args:
        variable: `keras.Variable`.
        biases: "zero" or "absolute": what becomes of one that is added.

    Returns:
        Numpy array: the magnitudes; 0 for what is added, if "zero"; integers
        stay.
    """
    value = ops.convert_to_numpy(variable)
    if "float" not in keras.backend.standardize_dtype(variable.dtype):
        return value
    added = variable.path.split("/")[-1] in _ADDED
    return np.zeros_like(value) if added and biases == "zero" else np.abs(value)
