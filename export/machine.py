"""The processor that measurements were made on."""

import pathlib
import platform

CPU_INFO = pathlib.Path("/proc/cpuinfo")


def cpu_model(cpu_info=CPU_INFO):
    """Names this machine's processor, to be printed beside measurements.

    Args:
        cpu_info: path-like, where Linux describes its processors.

    Returns:
        str, `"Intel(R) Xeon(R) Processor @ 2.60GHz"`; where the system names
        no model, the architecture: `"aarch64"`.

    Example:
        >>> import keras_export
        >>> len(keras_export.cpu_model()) > 0
        True
    """
    if pathlib.Path(cpu_info).is_file():
        for line in pathlib.Path(cpu_info).read_text().splitlines():
            key, _, value = line.partition(":")
            if key.strip().lower() == "model name":
                return value.strip()
    return platform.processor() or platform.machine()
