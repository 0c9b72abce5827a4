"""Export of Keras 3 models to SavedModel and LiteRT, verified."""

from keras_export.artefacts import ExportReport, WeightRow
from keras_export.benchmarking import BenchmarkRow, benchmark
from keras_export.to_litert import litert
from keras_export.to_saved_model import saved_model
from keras_export.verification import VerificationError, verify

__all__ = [
    "BenchmarkRow",
    "ExportReport",
    "VerificationError",
    "WeightRow",
    "benchmark",
    "litert",
    "saved_model",
    "verify",
]
