"""Which encoding of a weight is correct, and which pays, on which CPU."""

import dataclasses

import numpy as np

from keras_export.break_even import break_even, percent_of_zeros
from keras_export.sparse_weights import compress, pad_inputs, zero_share

TARGETS = ("any", "arm", "x86")
# Operations whose weight the interpreter can unpack when it loads a file.
UNPACKED = (
    "CONV_2D",
    "DEPTHWISE_CONV_2D",
    "FULLY_CONNECTED",
    "TRANSPOSE_CONV",
)
# Inputs per block that the sparse kernel of FULLY_CONNECTED takes.
BLOCKS = {"float": 4, "dynamic": 16, "int8": 16}
# The kernel keeps a block's place in its row in one byte.
MOST_DYNAMIC_BLOCKS = 255
# Of the break-even share, what is asked for before a file grows for speed: a
# sixth to two thirds of the time are saved there, least in small layers.
WORTH_BYTES = 2 / 3
# Bytes that an operation and a tensor more cost in the file, and some.
OVERHEAD = 256


@dataclasses.dataclass(frozen=True)
class Setting:
    """What the choice of encodings depends on besides the weight.

    Attributes:
        target: str, `"x86"`, `"arm"` or `"any"` (good on both).
        sparse: `"auto"` (no slower than dense), True (smallest) or False.
        threads: positive int, threads of the interpreter.
    """

    target: str = "any"
    sparse: bool | str = "auto"
    threads: int = 1


@dataclasses.dataclass(frozen=True)
class Choice:
    """How one weight is stored, and why.

    Attributes:
        encoding: str, `"dense"`, `"csr"`, `"block 1x4"` or `"block 1x16"`.
        reason: str, one sentence.
        block: int, inputs per block; 1 for `"csr"`, 0 for `"dense"`.
    """

    encoding: str
    reason: str
    block: int = 0


def choose(weight, operator, arithmetic, setting, rows=1, obstacle=""):
    """Chooses the encoding of one weight.

    Args:
        weight: float32, float16 or int8 array with its zeros;
            `(outputs, inputs)` for dense layers.
        operator: str, the operation that reads it, `"FULLY_CONNECTED"`.
        arithmetic: str, `"float"`, `"dynamic"` (int8 weights, float inputs)
            or `"int8"` (both).
        setting: `Setting`.
        rows: positive int, rows of inputs per call, examples times positions;
            None if unknown, judged as many.
        obstacle: str, why nothing but dense is safe; empty if there is none.

    Returns:
        `Choice`. With `sparse="auto"` blocks where they are smallest and the
        sparse kernel is no slower than dense, or larger and the kernel is
        clearly faster; else what makes the file smaller at equal speed. With
        `sparse=True` the smallest, slower or not.
    """
    if setting.sparse is False:
        return Choice("dense", "`sparse=False`.")
    if obstacle:
        return Choice("dense", obstacle)
    if not weight.any():
        return Choice("dense", "All zeros: a file cannot hold no value at all.")
    block = _kernel_block(weight, operator, arithmetic)
    zeros = zero_share(weight, block) if block else 0.0
    limit = _limit(weight.shape, arithmetic, setting, rows) if block else 0.0
    sizes = _sizes(weight, operator, arithmetic, block)
    chosen = min(sizes, key=sizes.get)
    # Where dense is smaller than blocks they are not chosen at all.
    worth = limit * WORTH_BYTES if chosen == 1 else limit
    if setting.sparse == "auto" and block:
        at_equal_speed = {key: sizes[key] for key in sizes if key != block}
        chosen = min(at_equal_speed, key=at_equal_speed.get)
        if 1 - zeros <= worth and sizes[block] < sizes[0]:
            chosen = block
    limits = (limit, worth)
    verdict = _verdict(weight, block, zeros, limits, arithmetic, rows, setting)
    if chosen == 0:
        reason = _dense_reason(weight, operator, arithmetic)
        return Choice("dense", _join(reason, verdict))
    if chosen == 1:
        reason = _csr_reason(operator, setting)
        return Choice("csr", _join(reason, verdict), 1)
    slower = "" if 1 - zeros <= limit else "Smallest, but slower than dense:"
    return Choice(f"block 1x{block}", _join(slower, verdict), block)


def as_blocks(weight, block, arithmetic):
    """Whole blocks, of float32 where they were float16.

    There is no float16 sparse kernel; a float16 weight of blocks behind
    DEQUANTIZE, which the converter writes, gives NaN. A dynamic weight is
    always padded, if need be by a whole block: right behind AVX-512 code its
    kernel, which uses SSE, was seen to take up to 3 times as long, and a PAD
    between the two to mend that.
    """
    padded = pad_inputs(weight, block)
    if arithmetic == "dynamic" and padded.shape == weight.shape:
        padded = pad_inputs(weight, weight.shape[-1] + block)
    return padded.astype(np.float32) if padded.dtype == np.float16 else padded


def _can_unpack(operator, weight):
    # Of open batch size, a float16 TRANSPOSE_CONV gets wrong numbers from the
    # default interpreter: NaN, or what changes from run to run.
    is_wrong = operator == "TRANSPOSE_CONV" and weight.dtype == np.float16
    return operator in UNPACKED and not is_wrong


def _kernel_block(weight, operator, arithmetic):
    """Inputs per block of the sparse kernel, 0 where there is none."""
    if operator != "FULLY_CONNECTED":
        return 0
    block = BLOCKS[arithmetic]
    too_wide = -(-weight.shape[-1] // block) > MOST_DYNAMIC_BLOCKS
    return 0 if arithmetic == "dynamic" and too_wide else block


def _sizes(weight, operator, arithmetic, block):
    """Bytes by encoding: 0 for dense, else by the inputs per block."""
    sizes = {0: weight.nbytes - OVERHEAD}
    if arithmetic == "float" and _can_unpack(operator, weight):
        sizes[1] = compress(weight).nbytes
    if block:
        padded = as_blocks(weight, block, arithmetic)
        sizes[block] = compress(padded, block).nbytes
    return sizes


def _limit(shape, arithmetic, setting, rows):
    if rows != 1:
        # At 90 % zeros .97 of dense with 8 rows and 1.53 with 32, measured.
        return 0.0
    return break_even(shape, arithmetic, setting.target, setting.threads)


def _verdict(weight, block, zeros, limits, arithmetic, rows, setting):
    """Says what the sparse kernel would need; nothing where there is none."""
    if not block:
        return ""
    least, worth = map(percent_of_zeros, limits)
    pays = f"pays from {least}%" if least else "never pays"
    if worth and worth > least:
        pays += f" and is worth a larger file from {worth}%"
    missing = -weight.shape[-1] % block
    padding = f"Whole blocks need {missing} inputs more." if missing else ""
    if arithmetic == "dynamic" and not missing:
        padding = f"Blocks are padded by {block} inputs, for speed."
    return _join(
        f"{zeros:.0%} of its 1x{block} blocks are zero, the sparse kernel "
        f"{pays} ({arithmetic}, target={setting.target!r}, threads="
        f"{setting.threads}, rows per call: {rows or 'unknown'}).",
        padding,
    )


def _csr_reason(operator, setting):
    reason = "Smaller file; unpacked on loading, so as fast as dense"
    if operator == "CONV_2D" and setting.target != "x86":
        reason += " (faster on ARM inside XNNPACK's sparse cluster)"
    return reason + "."


def _dense_reason(weight, operator, arithmetic):
    is_float = arithmetic == "float"
    is_wrong = is_float and not _can_unpack(operator, weight)
    if is_wrong or operator not in UNPACKED:
        kind = f"{weight.dtype} {operator or 'tensor that nothing reads'}"
        reason = f"No correct sparse form of a {kind} exists."
        # Such an operation can unpack it as float32.
        single = compress(weight.astype(np.float32)).nbytes
        if operator in UNPACKED and single < weight.nbytes:
            reason += " Float32 'csr' would be smaller."
        return reason
    share = f"{zero_share(weight):.0%} zeros"
    if is_float:
        return f"{share}: an index would cost what it saves."
    return (
        f"{share}, which stay and which gzip shrinks: the default interpreter "
        "cannot unpack single int8 values."
    )


def _join(*sentences):
    return " ".join(filter(None, sentences))
