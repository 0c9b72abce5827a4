"""Subclass distillation and its baselines for Keras 3."""

from keras_distill.assignment import (
    normalized_mutual_information,
    subclass_assignment,
)
from keras_distill.class_logits import ClassLogits, class_logits
from keras_distill.classifier import classifier
from keras_distill.diversity import diversity
from keras_distill.logits_distillation import (
    LogitsDistillation,
    SubclassDistillation,
)
from keras_distill.subclass_crossentropy import SubclassCrossentropy
from keras_distill.subclass_metrics import SubclassAccuracy, SubclassDiversity

__all__ = [
    "ClassLogits",
    "LogitsDistillation",
    "SubclassAccuracy",
    "SubclassCrossentropy",
    "SubclassDistillation",
    "SubclassDiversity",
    "class_logits",
    "classifier",
    "diversity",
    "normalized_mutual_information",
    "subclass_assignment",
]
