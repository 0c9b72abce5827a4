"""Fingerprints of teachers and of data, so that a cache fits both."""

import hashlib
import json

import keras
import numpy as np

_NAMED = ("name", "keras_history", "input_layers", "output_layers")
_IGNORED = ("trainable", "shared_object_id")


def teacher_fingerprint(teacher):
    """Fingerprint of a model's architecture and weights.

    The names of layers, which depend on what else the program built, and
    `trainable`, which does not change what a model emits, do not count.

    Args:
        teacher: built `keras.Model`. Where it has no `get_config`, its class
            stands for its architecture.

    Returns:
        String of hexadecimal digits.

    Example:
        >>> from keras_distill.fingerprints import teacher_fingerprint
        >>> layers = [keras.Input((2,)), keras.layers.Dense(1)]
        >>> one, other = keras.Sequential(layers), keras.Sequential(layers)
        >>> teacher_fingerprint(one) == teacher_fingerprint(other)
        True
    """
    fingerprint = hashlib.blake2b(digest_size=16)
    kind = type(teacher)
    fingerprint.update(f"{kind.__module__}.{kind.__qualname__}".encode())
    config = json.dumps(_architecture(teacher), sort_keys=True, default=repr)
    fingerprint.update(config.encode())
    for weight in teacher.weights:
        _update(fingerprint, keras.ops.convert_to_numpy(weight))
    return fingerprint.hexdigest()


def _architecture(teacher):
    """The configuration with the names of layers replaced by their ranks."""
    try:
        config = teacher.get_config()
    except NotImplementedError:
        return None
    names = {}
    _collect_names(config, names)
    return _without_names(config, names)


def _collect_names(config, names):
    if isinstance(config, dict):
        if isinstance(config.get("name"), str):
            names.setdefault(config["name"], f"name {len(names)}")
        for value in config.values():
            _collect_names(value, names)
    elif isinstance(config, list | tuple):
        for value in config:
            _collect_names(value, names)


def _without_names(config, names):
    """Replaces names only where names stand: "relu" may be one, and is not."""
    if isinstance(config, dict):
        return {
            key: _renamed(value, names)
            if key in _NAMED
            else _without_names(value, names)
            for key, value in config.items()
            if key not in _IGNORED
        }
    if isinstance(config, list | tuple):
        return [_without_names(value, names) for value in config]
    return config


def _renamed(value, names):
    """A name, or nested lists that refer to layers by name."""
    if isinstance(value, dict):
        return {key: _renamed(part, names) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_renamed(part, names) for part in value]
    return names.get(value, value) if isinstance(value, str) else value


class DataFingerprint:
    """Fingerprint of rows in their order, however they are cut into batches.

    Batches padded to their longest row are the exception: their rows depend
    on how they are cut.

    Example:
        >>> from keras_distill.fingerprints import DataFingerprint
        >>> whole, parts = DataFingerprint(), DataFingerprint()
        >>> whole.update(np.arange(4.0))
        >>> for part in np.arange(4.0).reshape(2, 2):
        ...     parts.update(part)
        >>> whole.hexdigest() == parts.hexdigest()
        True
    """

    def __init__(self):
        self._arrays = {}

    def update(self, rows):
        """Adds rows: an array, or nested arrays, with examples first."""
        for path, array in keras.tree.flatten_with_path(rows):
            header = f"{path} {array.dtype} {array.shape[1:]}"
            known = self._arrays.setdefault(path, [hashlib.blake2b(), None])
            if known[1] != header:
                known[0].update(header.encode())
                known[1] = header
            _update(known[0], array)

    def hexdigest(self):
        """String of hexadecimal digits of all rows so far."""
        whole = hashlib.blake2b(digest_size=16)
        for fingerprint, _ in self._arrays.values():
            whole.update(fingerprint.digest())
        return whole.hexdigest()


def _update(fingerprint, array):
    if array.dtype == object:  # strings of tf.data
        for value in array.ravel():
            raw = value if isinstance(value, bytes) else str(value).encode()
            fingerprint.update(len(raw).to_bytes(8, "little") + raw)
    else:
        contiguous = np.ascontiguousarray(array).reshape(-1)
        fingerprint.update(contiguous.view(np.uint8))
