"""No step of any method has a shape that depends on values: TPUs compile it.

The whole graph of a step is searched, with both branches of a mask update,
for operations whose result has as many elements as values decide.
"""

import keras
import numpy as np
import pytest
from method_table import METHODS

import keras_sparse as ks
from keras_sparse.backend import in_turn
from keras_sparse.method import Moment, SparseWeight, Update

if keras.backend.backend() != "tensorflow":
    pytest.skip("tf.function", allow_module_level=True)
import tensorflow as tf

# tf.where(mask), tf.boolean_mask, tf.unique, and what XLA cannot sort out.
DYNAMIC = {
    "BooleanMask",
    "DynamicPartition",
    "ListDiff",
    "RandomShuffle",
    "StringSplit",
    "Unique",
    "UniqueV2",
    "UniqueWithCounts",
    "UniqueWithCountsV2",
    "Where",
}
SHAPES = {"a/kernel": (16, 8), "b/kernel": (3, 3, 4, 8)}
# Each kind of graph; the others are slow.
TRACED = ("rigl", "dsr", "top_kast")
COMPILED = ("rigl",)


def rows(quick):
    """Every method, marked slow but for `quick`."""
    return [
        pytest.param(name, marks=() if name in quick else pytest.mark.slow)
        for name in METHODS
    ]


def nodes_of(function):
    """Every node of a concrete function, those of its branches included."""
    graph = function.graph.as_graph_def(add_shapes=True)
    yield from graph.node
    for inner in graph.library.function:
        yield from inner.node_def


def faults_of(function):
    """Names of nodes with a dynamic operation or a shape not known."""
    faults = set()
    for node in nodes_of(function):
        shapes = node.attr["_output_shapes"].list.shape
        unknown = any(
            shape.unknown_rank or any(dim.size < 0 for dim in shape.dim)
            for shape in shapes
        )
        if node.op in DYNAMIC or unknown:
            faults.add(f"{node.op} {node.name}")
    return faults


def step_of(method):
    """The concrete function of one optimizer step, due or not."""
    keras.utils.set_random_seed(0)
    inputs = keras.Input((8, 8, 4))
    x = keras.layers.Conv2D(8, 3, name="conv")(inputs)
    x = keras.layers.Flatten()(x)
    model = keras.Model(inputs, keras.layers.Dense(4, name="dense")(x))
    inner = keras.optimizers.Adam(0.01, gradient_accumulation_steps=2)
    optimizer = ks.sparsify(model, inner, method)
    variables = model.trainable_variables
    step = tf.function(lambda *grads: optimizer.apply(grads, variables))
    return step.get_concrete_function(
        *(tf.TensorSpec(v.shape, v.dtype) for v in variables)
    )


@pytest.mark.parametrize("method", rows(TRACED))
def test_no_step_has_a_shape_that_depends_on_values(method):
    step = step_of(METHODS[method][0]())
    operations = [node.op for node in nodes_of(step)]
    assert faults_of(step) == set()
    if method != "static":
        assert {"If", "StatelessIf"} & set(operations)


class ByBooleanMask(ks.RigL):
    """Reads the smallest live weight by a mask: a dynamic shape."""

    def update(self, weights, moment):
        live = [tf.boolean_mask(w.value, w.mask) for w in weights]
        smallest = [tf.reduce_min(tf.abs(values)) for values in live]
        return [
            abs(weight.value) > least
            for weight, least in zip(weights, smallest, strict=True)
        ]


class Shuffled(ks.RigL):
    """Draws by a shuffle, which XLA cannot compile."""

    def grow_score(self, weight, moment):
        return tf.random.shuffle(weight.gradient)


@pytest.mark.parametrize(
    "method, operation", [(ByBooleanMask, "Where"), (Shuffled, "RandomShuffle")]
)
def test_a_method_with_a_dynamic_shape_is_found(method, operation):
    faults = faults_of(step_of(method(0.5, update_every=3)))
    assert any(fault.startswith(operation) for fault in faults)


def update_of(method, jit_compile):
    """A function of tensors alone; the step, and so each k, is traced."""

    @tf.function(jit_compile=jit_compile)
    def update(values, masks, gradients, memories, scalars, step, rate):
        weights = [
            SparseWeight(*arguments)
            for arguments in zip(
                SHAPES, values, masks, gradients, memories, strict=True
            )
        ]
        found = method.update(weights, Moment(step, rate, rate, scalars))
        found = found if isinstance(found, Update) else Update(found)
        return found.masks, found.values, found.memories, found.scalars

    return update


def arguments_of(method, step, rate):
    """Weights, gradients and memories as in the middle of a training."""
    generator = np.random.default_rng(0)
    normal = [generator.normal(size=shape) for shape in SHAPES.values()]
    start = dict(zip(SHAPES, normal, strict=True))
    masks = method.initial_masks(start)
    memory = method.initial_memory(start, masks)
    memories = [
        {
            name: tf.constant(
                memory.get(name, {}).get(path, generator.normal(size=shape)),
                "float32",
            )
            for name in method.memory
        }
        for path, shape in SHAPES.items()
    ]
    values = [
        start[p] * (masks[p] | method.keeps_dormant_weights) for p in SHAPES
    ]
    gradients = [generator.normal(size=shape) for shape in SHAPES.values()]
    return (
        [tf.constant(value, "float32") for value in values],
        [tf.constant(masks[path]) for path in SHAPES],
        [tf.constant(gradient, "float32") for gradient in gradients],
        memories,
        {name: tf.constant(v) for name, v in method.scalars.items()},
        tf.constant(step, "int64"),
        tf.constant(rate),
    )


def tensors(structure):
    """All tensors of a structure, without its Nones."""
    return [leaf for leaf in tf.nest.flatten(structure) if leaf is not None]


@pytest.mark.parametrize("name", rows(COMPILED)[1:])  # Static has none
def test_each_update_compiles_once_for_every_k(name):
    method = METHODS[name][0]()
    plain, compiled = (update_of(method, jit) for jit in (False, True))
    for step, rate in ((3, 1.0), (9, 0.5), (18, 0.1)):
        arguments = arguments_of(method, step, rate)
        found, expected = compiled(*arguments), plain(*arguments)
        for mask, other in zip(found[0], expected[0], strict=True):
            np.testing.assert_array_equal(mask, other)
        pairs = zip(tensors(found[1:]), tensors(expected[1:]), strict=True)
        for tensor, other in pairs:
            np.testing.assert_allclose(tensor, other, rtol=1e-5, atol=1e-6)
    assert compiled.experimental_get_tracing_count() == 1


def test_layers_are_updated_one_after_the_other():
    @tf.function
    def doubled(*items):
        return in_turn(tf.exp, items)

    graph = doubled.get_concrete_function(*[tf.constant(1.0)] * 3).graph
    exponentials = [op for op in graph.get_operations() if op.type == "Exp"]
    assert len(exponentials) == 3 and not exponentials[0].control_inputs
    for before, after in zip(exponentials, exponentials[1:], strict=False):
        assert before in after.control_inputs
