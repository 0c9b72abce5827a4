"""Subclass distillation and its baselines for Keras 3."""

from keras_distill.assignment import (
    normalized_mutual_information,
    subclass_assignment,
)
from keras_distill.cache_teacher import cache_teacher
from keras_distill.cached_distillation import CachedDistillation
from keras_distill.class_logits import ClassLogits, class_logits
from keras_distill.classifier import classifier
from keras_distill.distiller import Distiller
from keras_distill.diversity import diversity
from keras_distill.logits_distillation import (
    LogitsDistillation,
    SubclassDistillation,
)
from keras_distill.on_labels import OnLabels
from keras_distill.penultimate import PenultimateDistillation
from keras_distill.report import subclass_report
from keras_distill.report_findings import SubclassFindings
from keras_distill.subclass_crossentropy import SubclassCrossentropy
from keras_distill.subclass_metrics import SubclassAccuracy, SubclassDiversity
from keras_distill.teacher_cache import TeacherCache

__all__ = [
    "CachedDistillation",
    "ClassLogits",
    "Distiller",
    "LogitsDistillation",
    "OnLabels",
    "PenultimateDistillation",
    "SubclassAccuracy",
    "SubclassCrossentropy",
    "SubclassDistillation",
    "SubclassDiversity",
    "SubclassFindings",
    "TeacherCache",
    "cache_teacher",
    "class_logits",
    "classifier",
    "diversity",
    "normalized_mutual_information",
    "subclass_assignment",
    "subclass_report",
]
