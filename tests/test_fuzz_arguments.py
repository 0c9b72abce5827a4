"""Whatever a public function is given, it raises ValueError or TypeError."""

import inspect

import pytest
import tensorflow as tf
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

import keras_distill
import keras_export
import keras_latent
import keras_sparse

PACKAGES = {
    package.__name__: package
    for package in (keras_sparse, keras_distill, keras_latent, keras_export)
}
# Not functions of arguments, or ones that look for large files.
LEFT_OUT = {
    *("datasets", "distributed", "distributions", "quiet"),
    *("default_features", "dsprites", "inception_features", "load_inception"),
}
# What Keras itself refuses in its own words, not always of these kinds.
KERAS_ARGUMENTS = {"name", "dtype", "kwargs"}

scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-4, 40),
    st.floats(),
    st.text(max_size=4),
    st.sampled_from(["erk", "uniform", "layer", "normal", "mean", 0.5, 0.9]),
)
values = st.one_of(
    scalars,
    st.lists(scalars, max_size=3),
    st.tuples(scalars, scalars),
    st.dictionaries(st.text(max_size=2), scalars, max_size=2),
    arrays.arrays(
        st.sampled_from(["float32", "float64", "int32", "bool"]),
        arrays.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=4),
    ),
)


def functions(package):
    """Public functions and classes with arguments, by name."""
    found = {
        name: getattr(package, name)
        for name in package.__all__
        if name not in LEFT_OUT
    }
    if package is keras_sparse:
        for name in ("uniform", "erdos_renyi", "erdos_renyi_kernel"):
            found[name] = getattr(keras_sparse.distributions, name)
    return {
        name: one
        for name, one in found.items()
        if callable(one) and not _is_error(one)
    }


def _is_error(one):
    return isinstance(one, type) and issubclass(one, Exception)


@st.composite
def calls(draw, package):
    """Name of a function and arguments: the needed ones and up to three."""
    known = functions(package)
    name = draw(st.sampled_from(sorted(known)))
    needed, others = [], []
    for parameter in inspect.signature(known[name]).parameters.values():
        if parameter.name not in KERAS_ARGUMENTS:
            plain = parameter.kind not in (
                parameter.VAR_KEYWORD,
                parameter.VAR_POSITIONAL,
            )
            if plain and parameter.default is parameter.empty:
                needed.append(parameter.name)
            elif plain:
                others.append(parameter.name)
    if others:
        chosen = st.lists(st.sampled_from(others), max_size=3, unique=True)
        needed += draw(chosen)
    return name, {argument: draw(values) for argument in needed}


@pytest.mark.parametrize("name", PACKAGES)
def test_arguments_raise_clear_errors(name, tmp_path, monkeypatch):
    check(name, 10, tmp_path, monkeypatch)


@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("name", PACKAGES)
def test_many_arguments_raise_clear_errors(name, tmp_path, monkeypatch):
    check(name, 200, tmp_path, monkeypatch)


@pytest.mark.filterwarnings("ignore")
def check(name, count, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # a text may be taken for a path
    known = functions(PACKAGES[name])

    @settings(
        max_examples=count,
        derandomize=True,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(calls(PACKAGES[name]))
    def call(drawn):
        function, arguments = drawn
        try:
            known[function](**arguments)
        except (ValueError, TypeError, OSError) as error:
            assert str(error).strip()
        except tf.errors.OpError:
            pass  # the backend's own, of tensors that do not fit

    call()
