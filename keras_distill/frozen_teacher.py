"""A model that trains all of itself but its teacher."""

import keras


class FrozenTeacher(keras.Model):
    """Base class: a model whose attribute `teacher` is not trained.

    The teacher's own flags `trainable` stay as they are, also if training is
    interrupted; its variables are listed among those that do not train.
    """

    @property
    def trainable_variables(self) -> list[keras.Variable]:
        return self._without_teacher(super().trainable_variables)

    @property
    def non_trainable_variables(self) -> list[keras.Variable]:
        return _others(self.variables, self.trainable_variables)

    @property
    def trainable_weights(self) -> list[keras.Variable]:
        return self._without_teacher(super().trainable_weights)

    @property
    def non_trainable_weights(self) -> list[keras.Variable]:
        return _others(self.weights, self.trainable_weights)

    def _without_teacher(self, variables):
        return _others(variables, self.teacher.variables)


def _others(variables, left_out):
    """The variables that are not the same objects as one of `left_out`."""
    known = {id(variable) for variable in left_out}
    return [variable for variable in variables if id(variable) not in known]
