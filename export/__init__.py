"""Export of Keras 3 models to SavedModel and LiteRT, verified."""

from keras_export.artefacts import ExportReport, LayerRow, WeightRow
from keras_export.benchmarking import BenchmarkRow, benchmark
from keras_export.compact_model import CompactionRow, compact, compaction
from keras_export.explaining import ExplainRow, explain
from keras_export.flatbuffer import read_weights
from keras_export.information import LimitRow, information_limit
from keras_export.input_specs import random_inputs
from keras_export.inspecting import (
    LiteRTInspection,
    OperatorRow,
    TensorRow,
    inspect_litert,
)
from keras_export.isolated import InterpreterError
from keras_export.judging import VerificationError
from keras_export.machine import cpu_model
from keras_export.prediction import predict
from keras_export.quiet import quiet
from keras_export.to_litert import litert
from keras_export.to_saved_model import saved_model
from keras_export.verification import verify
from keras_export.xnnpack_rewriting import xnnpack_ready

__all__ = [
    "BenchmarkRow",
    "CompactionRow",
    "ExplainRow",
    "ExportReport",
    "InterpreterError",
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
    "explain",
    "information_limit",
    "inspect_litert",
    "litert",
    "predict",
    "quiet",
    "random_inputs",
    "read_weights",
    "saved_model",
    "verify",
    "xnnpack_ready",
]
