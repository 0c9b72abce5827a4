"""The processor that measurements were made on."""

import pathlib
import platform

from keras_export._types import PathLike

CPU_INFO = pathlib.Path("/proc/cpuinfo")
# What LiteRT's kernels use, the newest last: int8 gains most from VNNI.
EXTENSIONS = ("avx", "avx2", "avx512f", "avx_vnni", "avx512_vnni", "amx_int8")


def cpu_model(cpu_info: PathLike = CPU_INFO) -> str:
    """Names this machine's processor, to be printed beside measurements.

    Args:
        cpu_info: path-like, where Linux describes its processors.

    Returns:
        str, `"Intel(R) Xeon(R) Processor @ 2.60GHz (avx, avx2, avx512f)"`, with
        those of x86's vector extensions that decide how fast LiteRT is; where
        the system names no model, the architecture: `"aarch64"`.

    Example:
        >>> import keras_export
        >>> len(keras_export.cpu_model()) > 0
        True
    """
    facts: dict[str, str] = {}
    if pathlib.Path(cpu_info).is_file():
        for line in pathlib.Path(cpu_info).read_text().splitlines():
            key, _, value = line.partition(":")
            facts.setdefault(key.strip().lower(), value.strip())
    name = facts.get("model name")
    flags = facts.get("flags", "").split()
    found = ", ".join(name for name in EXTENSIONS if name in flags)
    name = name or platform.processor() or platform.machine()
    return f"{name} ({found})" if found else name
