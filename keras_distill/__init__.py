"""Subclass distillation and its baselines for Keras 3."""

from keras_distill.class_logits import ClassLogits, class_logits
from keras_distill.classifier import classifier
from keras_distill.diversity import diversity
from keras_distill.logits_distillation import (
    LogitsDistillation,
    SubclassDistillation,
)
from keras_distill.subclass_crossentropy import SubclassCrossentropy

__all__ = [
    "ClassLogits",
    "LogitsDistillation",
    "SubclassCrossentropy",
    "SubclassDistillation",
    "class_logits",
    "classifier",
    "diversity",
]
