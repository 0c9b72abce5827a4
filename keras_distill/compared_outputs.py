"""Runs teacher and student, and pairs what each distillation loss compares."""

import threading

from keras import ops

from keras_distill.distiller_checks import select_output
from keras_distill.feature_adapter import FeatureAdapter
from keras_distill.features import FeatureReader
from keras_distill.penultimate import PenultimateDistillation


class ComparedOutputs:
    """Two models, each run once a step, and the losses' arguments from it.

    The student runs before its loss is computed. Its features wait in between
    in storage of the thread, for `tf.distribute` traces each replica in one.

    Args:
        teacher: built `keras.Model`.
        student: built `keras.Model`.
        terms: list of `keras_distill.distillation_terms.Term`.
    """

    def __init__(self, teacher, student, terms):
        self.terms = terms
        layers = {
            term.name: term.loss.layers(teacher, student)
            for term in terms
            if isinstance(term.loss, PenultimateDistillation)
        }
        self.layers = layers
        self.teacher = FeatureReader(teacher, [a for a, _ in layers.values()])
        self.student = FeatureReader(student, [b for _, b in layers.values()])
        self.adapters = [
            self._adapter(term) for term in terms if term.name in layers
        ]
        self._kept = threading.local()

    def _adapter(self, term):
        """The map from the student's features to a loss, built."""
        units, seed, name = term.loss.units, term.loss.seed, term.name
        adapter = FeatureAdapter(units, seed, name=f"{name}_adapter")
        adapter.build(self.student.shapes[self.layers[name][1]])
        return adapter

    def run_student(self, inputs, training):
        """The student's outputs; its features are kept for `pairs`."""
        outputs, features = self.student(inputs, training=training)
        if features:
            self._kept.run = outputs, features
        return outputs

    def pairs(self, inputs, outputs, training):
        """What each loss compares.

        Args:
            inputs: of both models.
            outputs: what `run_student` returned for them.
            training: bool.

        Returns:
            List of pairs of tensors, of the teacher and of the student, in
            the order of the terms; no gradient reaches the teacher.
        """
        targets, teacher_features = self.teacher(inputs, training=False)
        features = self._student_features(inputs, outputs, training)
        adapters, pairs = iter(self.adapters), []
        for term in self.terms:
            if term.name in self.layers:
                teacher_layer, student_layer = self.layers[term.name]
                target = teacher_features[teacher_layer]
                guess = next(adapters)(features[student_layer])
            else:
                target = select_output(targets, term.output, "teacher")
                guess = select_output(outputs, term.output, "student")
            pairs.append((ops.stop_gradient(target), guess))
        return pairs

    def _student_features(self, inputs, outputs, training):
        """Features of the run that gave `outputs`, or else of a new run."""
        if not self.layers:
            return {}
        kept, features = self._kept.__dict__.pop("run", (None, None))
        if kept is outputs:
            return features
        return self.student(inputs, training=training)[1]
