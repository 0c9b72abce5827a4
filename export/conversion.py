"""TensorFlow's converter: a Keras model to a dense `.tflite` file."""

import re
import tempfile
import warnings

import keras
import tensorflow as tf

from keras_export.loops import loop_paths
from keras_export.quiet import quiet
from keras_export.representative import examples
from keras_export.to_saved_model import export_inference

QUANTIZATIONS = (None, "float16", "dynamic", "int8")


def convert(model, quantize=None, batch_size=None, arrays=None):
    """Returns the dense flatbuffer of `model` as bytes, printing nothing.

    Args:
        model: built `keras.Model`.
        quantize: one of `QUANTIZATIONS`.
        batch_size: positive int, or None to leave it open.
        arrays: dict from input name to array, for int8's ranges.

    Raises:
        ValueError: if the model needs operations that LiteRT does not have,
            or int8 of a model with loops; names the layers they come from.
    """
    with tempfile.TemporaryDirectory() as folder:
        with quiet():
            export_inference(model, folder, batch_size)
            loops = loop_paths(folder) if quantize == "int8" else []
        _refuse_loops(model, loops)
        with quiet(), warnings.catch_warnings():
            # The converter's own use of it, to calibrate int8 ranges.
            warnings.filterwarnings("ignore", r"\s*Warning: tf\.lite\.Int")
            converter = tf.lite.TFLiteConverter.from_saved_model(folder)
            _set_quantization(converter, quantize, arrays, batch_size)
            try:
                return converter.convert()
            except Exception as error:
                operations = _unsupported(str(error))
                if not operations:
                    raise
                cause = error
    pattern = rf'"([\w/.-]+)/(?:{"|".join(operations)})[@"]'
    layers = _layers(model, re.findall(pattern, str(cause)))
    raise ValueError(
        "`model` must use operations that LiteRT has. Received: model "
        f"{model.name!r}, which needs {', '.join(operations)} of "
        f"TensorFlow{layers}. {_remedy(operations)}"
    ) from cause


def _set_quantization(converter, quantize, arrays, batch_size):
    if quantize is None:
        return
    # As the enum: the converter ignores strings silently.
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    if quantize == "float16":
        converter.target_spec.supported_types = [tf.float16]
    if quantize == "int8":
        converter.representative_dataset = lambda: examples(arrays, batch_size)


def _unsupported(message):
    patterns = (
        r"'tf\.(\w+)' op is neither a custom op nor a flex op",
        r"'tf\.(\w+)' op requires element_shape to be static",
    )
    found = (name for text in patterns for name in re.findall(text, message))
    return sorted(set(found))


def _refuse_loops(model, paths):
    """Raises for loops: they crash TensorFlow's calibrator of int8 ranges."""
    if paths:
        raise ValueError(
            "`model` must have no loops for `quantize='int8'`. Received: model "
            f"{model.name!r} with {len(paths)} of them"
            f"{_layers(model, paths)}. Build recurrent layers with "
            "`unroll=True`, or pass `quantize='dynamic'`."
        )


def _layers(model, paths):
    """Says which layers the operations come from, as far as it can be read.

    Paths are such as `"model_1/layer_1"`; Keras numbers the parts anew when a
    model is exported.
    """
    parts = {
        re.sub(r"_\d+$", "", part) for path in paths for part in path.split("/")
    }
    layers = [
        f"{layer.name!r} ({type(layer).__name__})"
        for layer in _walk(model)
        if {layer.name, re.sub(r"_\d+$", "", layer.name)} & parts
    ]
    return f", in the layers {', '.join(layers)}" if layers else ""


def _walk(model):
    for layer in model.layers:
        if isinstance(layer, keras.Model):
            yield from _walk(layer)
        else:
            yield layer


def _remedy(operations):
    if any(name.startswith("TensorList") for name in operations):
        return (
            "A recurrent layer does this when the batch size is open: pass "
            "`batch_size=1`, or build the layer with `unroll=True`."
        )
    return (
        "Compute in float32 and replace the layers that use them; this "
        "exporter does not add TensorFlow's select operations, which plain "
        "LiteRT interpreters cannot run."
    )
