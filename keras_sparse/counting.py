"""Multiply-adds, bytes and training cost, from shapes and sparsities alone.

The rules are those of the MicroNet challenge, with which the RigL paper counts.
`layer_counts.count` applies them to a Keras model.
"""

import dataclasses
import math

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


def training_flops(method, dense, sparse, update_every=100):
    """FLOPs to train on one example: forward pass and twice that backward.

    Args:
        method: "dense", "static", "set", "snfs" or "rigl". "static" stands for
            all methods with a fixed mask.
        dense: float, FLOPs of the dense forward pass.
        sparse: float, FLOPs of the sparse forward pass.
        update_every: int >= 1, steps between mask updates (RigL).

    Returns:
        float, averaged over the steps. For gradual pruning see
        `pruning_flops`.

    Raises:
        ValueError: for an unknown method.

    Source: Evci et al. 2020, arXiv:1911.11134, appendix on FLOPs.

    Example:
        >>> round(training_flops("rigl", 1.0, 0.1) / 3, 4)
        0.103
    """
    if method == "rigl":
        update = 2 * sparse + dense
        return (3 * sparse * update_every + update) / (update_every + 1)
    per_step = {
        "dense": 3 * dense,
        "static": 3 * sparse,
        "set": 3 * sparse,
        "snfs": 2 * sparse + dense,
    }
    if method not in per_step:
        raise ValueError(
            f"`method` must be one of {sorted([*per_step, 'rigl'])}. "
            f"Received: method={method!r}. For gradual pruning call "
            "`pruning_flops`."
        )
    return float(per_step[method])


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
