"""Export of Keras 3 models to SavedModel and LiteRT, verified."""

from keras_export.artefacts import ExportReport, LayerRow, WeightRow
from keras_export.benchmarking import BenchmarkRow, benchmark
from keras_export.compact_model import CompactionRow, compact, compaction
from keras_export.flatbuffer import read_weights
from keras_export.information import LimitRow, information_limit
from keras_export.input_specs import random_inputs
from keras_export.inspecting import (
    LiteRTInspection,
    OperatorRow,
    TensorRow,
    inspect_litert,
)
from keras_export.judging import VerificationError
from keras_export.machine import cpu_model
from keras_export.prediction import predict
from keras_export.quiet import quiet
from keras_export.to_litert import litert
from keras_export.to_saved_model import saved_model
from keras_export.verification import verify

__all__ = [
    "BenchmarkRow",
    "CompactionRow",
    "ExportReport",
    "LayerRow",
    "LimitRow",
    "LiteRTInspection",
    "OperatorRow",
    "TensorRow",
    "VerificationError",
    "WeightRow",
    "benchmark",
    "compact",
    "compaction",
    "cpu_model",
    "information_limit",
    "inspect_litert",
    "litert",
    "predict",
    "quiet",
    "random_inputs",
    "read_weights",
    "saved_model",
    "verify",
]
