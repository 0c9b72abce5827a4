"""Multiply-adds, bytes and training cost, from shapes and sparsities alone.

The rules are those of the MicroNet challenge, with which the RigL paper counts.
`layer_counts.count` applies them to a Keras model.
"""

import dataclasses
import math

import numpy as np

PARAMETER_BITS = 32


@dataclasses.dataclass(frozen=True)
class Operations:
    """What one layer costs for one example.

    Attributes:
        multiplications: float, an activation function counts as one per output.
        additions: float.
        bytes: float, live weights, a 1-bit mask if there are zeros, biases.
    """

    multiplications: float = 0.0
    additions: float = 0.0
    bytes: float = 0.0

    @property
    def flops(self):
        """Multiplications plus additions."""
        return self.multiplications + self.additions

    def __add__(self, other):
        return Operations(
            self.multiplications + other.multiplications,
            self.additions + other.additions,
            self.bytes + other.bytes,
        )


def operations(
    shape, sparsity=0.0, positions=1, use_bias=True, use_activation=False
):
    """Counts a dense layer or a convolution.

    Args:
        shape: tuple of ints, shape of the kernel; outputs come last.
        sparsity: float in [0, 1], share of zeros in the kernel.
        positions: int, how often the kernel is applied: pixels of the output,
            1 for a dense layer on a vector.
        use_bias: bool, adds one number per output.
        use_activation: bool, adds one multiplication per output and position.

    Returns:
        `Operations`. A dot product of n weights takes n multiplications and
        n - 1 additions, and one more addition for the bias.

    Source: Evci et al. 2020, arXiv:1911.11134, appendix on FLOPs;
    google-research/google-research, `micronet_challenge/counting.py`.

    Example:
        >>> operations((784, 300), sparsity=0.5).flops
        235200.0
        >>> operations((784, 300)).bytes
        942000.0
    """
    size, outputs = math.prod(shape), shape[-1]
    live = size * (1 - sparsity)
    activations = outputs * positions * use_activation
    additions = live - outputs + outputs * use_bias
    bits = live * PARAMETER_BITS + outputs * use_bias * PARAMETER_BITS
    if sparsity > 0:
        bits += size
    return Operations(
        multiplications=float(live * positions + activations),
        additions=float(additions * positions),
        bytes=bits / 8,
    )


def fully_connected(sizes, layer_sparsity):
    """Counts a chain of dense layers with biases, activations left out.

    Args:
        sizes: sequence of ints, inputs, hidden units ..., outputs.
        layer_sparsity: sequence of floats in [0, 1], one per layer.

    Returns:
        `Operations`; `flops` is twice the number of live weights.

    Raises:
        ValueError: if the lengths do not match.

    Source: Evci et al. 2020, arXiv:1911.11134, Table 2, whose FLOPs and bytes
    for SBP, L0 and VIB this reproduces exactly.

    Example:
        >>> found = fully_connected([245, 160, 55, 10], [0, 0, 0])
        >>> found.flops, found.bytes
        (97100.0, 195100.0)
    """
    if len(layer_sparsity) != len(sizes) - 1:
        raise ValueError(
            "`layer_sparsity` must hold one number per layer, one less than "
            f"`sizes`. Received: {len(sizes)} sizes, {len(layer_sparsity)} "
            "sparsities. Pass 0 for a dense layer."
        )
    shapes = zip(sizes[:-1], sizes[1:], strict=True)
    layers = zip(shapes, layer_sparsity, strict=True)
    return sum((operations(*layer) for layer in layers), Operations())


def convolution_output_size(size, kernel_size, stride, padding="same"):
    """Length of a convolution's output, as the MicroNet rules have it.

    Args:
        size: int, length of the input in pixels.
        kernel_size: int, length of the kernel in pixels.
        stride: int, in pixels.
        padding: "same" or "valid".

    Returns:
        int. For an even kernel and "same" this is one more than Keras gives;
        `layer_counts.count` uses the shapes of the model itself.

    Raises:
        ValueError: for another padding.

    Source: google-research/google-research, `micronet_challenge/counting.py`,
    `get_conv_output_size`.

    Example:
        >>> convolution_output_size(224, 7, stride=2)
        112
    """
    if padding not in ("same", "valid"):
        raise ValueError(
            '`padding` must be "same" or "valid". '
            f"Received: padding={padding!r}. Pad the input yourself otherwise."
        )
    added = 2 * (kernel_size // 2) if padding == "same" else 0
    return math.ceil((size - kernel_size + 1 + added) / stride)


def training_flops(method, dense, sparse, update_every=100, backward=None):
    """FLOPs to train on one example: forward pass and twice that backward.

    Half of the backward pass makes the gradient of the layer's input, with the
    weights of the forward pass; the other half that of the weights, for all
    weights that the method looks at. The finished model costs one forward pass.

    Args:
        method: str,
            "dense";
            "static" (all fixed masks), "set", "deepr", "dsr": all inside the
            mask;
            "pruning" and "acdc": the same, with a `sparse` that changes;
            "snfs", "ste": dense gradient of the weights in each step;
            "topkast": gradient of the weights in its backward mask;
            "rigl", "itop" (RigL with rare updates), "granet" (with a `sparse`
            that changes): dense gradient at mask updates only.
        dense: float, FLOPs of the dense forward pass.
        sparse: float, FLOPs of the sparse forward pass, or a non-empty
            sequence of them, one per step, where the masks open and close.
        update_every: int >= 1, steps between mask updates ("rigl", "itop",
            "granet").
        backward: float, FLOPs of a forward pass through the weights in the
            backward mask ("topkast").

    Returns:
        float, averaged over the steps.

    Raises:
        ValueError: for an unknown method, "topkast" without `backward`, or an
            empty `sparse`.

    Source: Evci et al. 2020, arXiv:1911.11134, appendix on FLOPs: dense,
    static, SET, SNFS, RigL, pruning, and Table 1: Deep R and DSR cost what
    their mask costs. Counted from the definitions: STE (Bengio et al. 2013,
    arXiv:1308.3432), Top-KAST (Jayakumar et al. 2021, arXiv:2106.03517), AC/DC
    (Peste et al. 2021, arXiv:2106.12379), GraNet (Liu et al. 2021,
    arXiv:2106.10404), RigL-ITOP (Liu et al. 2021, arXiv:2102.02887).
    Differs from what this library does: `SparseOptimizer` masks dense weights
    and makes dense gradients in each step; these are the FLOPs that hardware
    for sparse training would need.

    Example:
        >>> round(training_flops("rigl", 1.0, 0.1) / 3, 4)
        0.103
        >>> round(training_flops("acdc", 1.0, [1.0, 0.1, 1.0, 0.1]) / 3, 4)
        0.55
    """
    if method not in ("dense", "topkast", *_DENSE_GRADIENTS):
        known = sorted(["dense", "topkast", *_DENSE_GRADIENTS])
        raise ValueError(
            f"`method` must be one of {known}. Received: method={method!r}. "
            'A method with a fixed mask costs what "static" does.'
        )
    if method == "topkast" and backward is None:
        raise ValueError(
            '`backward` must be a number for method "topkast". Received: '
            "backward=None. Pass the FLOPs of its backward mask."
        )
    if not np.size(sparse):
        raise ValueError(
            "`sparse` must be a number or a non-empty sequence, one per step. "
            f"Received: sparse={sparse!r}. Pass the FLOPs of each step."
        )
    if method == "dense":
        return 3.0 * dense
    sparse = np.mean(sparse)
    if method == "topkast":
        return float(2 * sparse + backward)
    share = _DENSE_GRADIENTS[method](update_every)
    return float(2 * sparse + (1 - share) * sparse + share * dense)


# Share of the steps with a dense gradient of the weights.
_DENSE_GRADIENTS = {
    **dict.fromkeys(
        ("static", "set", "deepr", "dsr", "pruning", "acdc"), lambda every: 0
    ),
    **dict.fromkeys(("snfs", "ste"), lambda every: 1),
    **dict.fromkeys(("rigl", "itop", "granet"), lambda every: 1 / (every + 1)),
}


def pruning_flops(dense, sparsities):
    """FLOPs to train on one example while the sparsity rises.

    Args:
        dense: float, FLOPs of the dense forward pass.
        sparsities: non-empty sequence of floats in [0, 1], one per step.

    Returns:
        float, `3 * dense * (1 - sparsity)` averaged over the steps.

    Source: Evci et al. 2020, arXiv:1911.11134, appendix on FLOPs.

    Example:
        >>> pruning_flops(100.0, [0.0, 0.5, 1.0])
        150.0
    """
    live = sum(1 - sparsity for sparsity in sparsities) / len(sparsities)
    return 3 * dense * live
