"""What RigL with momentum holds and moves, on paper: bytes by weight.

All figures are of float32 weights, one slot per weight (SGD with momentum),
one boolean mask, on a device that holds the whole model.
"""

import math

WEIGHT, MASK, SLOT, GRADIENT = 4, 1, 4, 4  # bytes per weight
REST = WEIGHT + MASK + SLOT
# The masked gradient, and the next momentum before it is assigned: Keras'
# SGD has the latter without masks, too.
STEP = 8
# Of the largest kernel: two histograms' keys and digits, twice (drop and
# grow), the scores, the moved weight and slot: about eleven int32 or float32.
OF_LARGEST = 44


def kernels(width, blocks):
    """Shapes of the kernels of transformer blocks: 12 width ** 2 each."""
    square = [(width, width)] * 4
    return [*square, (width, 4 * width), (4 * width, width)] * blocks


def plan(shapes):
    """Bytes by phase.

    Args:
        shapes: list of tuples of ints, the masked kernels.

    Returns:
        Dict of ints: "parameters"; bytes held at "rest"; the most while the
        optimizer is built ("build": a copy of the weights and of the masks on
        the host), in an ordinary "step" and in an "update"; what each replica
        reduces in both ("step_collective", "update_collective").
    """
    sizes = [math.prod(shape) for shape in shapes]
    size, largest = sum(sizes), max(sizes)
    held = (REST + GRADIENT) * size
    return {
        "parameters": size,
        "rest": REST * size,
        "build": (REST + WEIGHT + MASK) * size,
        "step": held + STEP * size + 2 * WEIGHT * largest,
        "update": held + OF_LARGEST * largest,
        "step_collective": GRADIENT * size,
        "update_collective": GRADIENT * size,
    }
