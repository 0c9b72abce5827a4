"""SeFa gives back the singular vectors that were planted in a kernel."""

import keras
import numpy as np
import pytest

import keras_latent as kl

DIM = 6
SINGULAR = np.array([3.0, 2.5, 2.0, 1.5, 1.0, 0.5])


def orthogonal(rows, columns, seed):
    draw = np.random.default_rng(seed).normal(size=(rows, columns))
    return np.linalg.qr(draw)[0]


def planted(seed=0):
    """Kernel (DIM, 8) of known left singular vectors, columns of length 1.

    Rotations of two columns at a time bring them to one length (the Schur
    and Horn construction) and leave the left singular vectors.
    """
    left = orthogonal(DIM, DIM, seed)
    values = SINGULAR * np.sqrt(8 / (SINGULAR**2).sum())
    kernel = np.zeros((DIM, 8))
    kernel[:, :DIM] = left * values
    for _ in range(8):
        lengths = (kernel**2).sum(0)
        low, high = lengths.argmin(), lengths.argmax()
        if lengths[high] - lengths[low] < 1e-12:
            break
        # The angle at which column `low` gets length 1.
        a, b = lengths[low], lengths[high]
        c = kernel[:, low] @ kernel[:, high]
        angles = np.linspace(0, np.pi, 200001)
        found = (
            a * np.cos(angles) ** 2
            + b * np.sin(angles) ** 2
            + 2 * c * np.sin(angles) * np.cos(angles)
        )
        angle = angles[np.abs(found - 1).argmin()]
        pair = kernel[:, [low, high]]
        turn = [
            [np.cos(angle), -np.sin(angle)],
            [np.sin(angle), np.cos(angle)],
        ]
        kernel[:, [low, high]] = pair @ np.array(turn)
    return kernel, left.T, values**2


def model_of(*layers, dim=DIM):
    return keras.Sequential([keras.Input((dim,)), *layers])


def agreement(matrix, axes):
    return np.abs((matrix * axes).sum(axis=1))


def test_planted_singular_vectors_are_recovered_in_order():
    kernel, axes, squares = planted()
    dense = keras.layers.Dense(8)
    model = model_of(dense, keras.layers.Dense(3))
    dense.kernel.assign(kernel * np.linspace(0.1, 9, 8))  # lengths are undone
    found = kl.sefa(model)
    np.testing.assert_allclose(agreement(found.matrix, axes), 1, atol=1e-5)
    np.testing.assert_allclose(found.scores["eigenvalue"], squares, rtol=1e-4)
    largest = np.abs(found.matrix).argmax(axis=1)
    assert (found.matrix[np.arange(DIM), largest] > 0).all()
    some = kl.sefa(model, num_directions=2)
    np.testing.assert_array_equal(some.matrix, found.matrix[:2])


def reference(kernels):
    """The authors' lines: normalized columns, the eigenvectors of A A'."""
    columns = np.concatenate(kernels, axis=1).astype("float64")
    columns = columns / np.linalg.norm(columns, axis=0)
    values, vectors = np.linalg.eig(columns @ columns.T)
    order = np.argsort(-values)
    return vectors.T[order], values[order]


def test_several_layers_stand_beside_each_other():
    z = keras.Input((DIM,))
    styles = [
        keras.layers.Dense(units, name=f"style{units}") for units in (4, 9)
    ]
    outputs = keras.layers.Concatenate()([style(z) for style in styles])
    model = keras.Model(z, outputs)
    found = kl.sefa(model, ["style4", styles[1]])
    axes, values = reference([style.kernel.numpy() for style in styles])
    np.testing.assert_allclose(agreement(found.matrix, axes), 1, atol=1e-5)
    np.testing.assert_allclose(found.scores["eigenvalue"], values, rtol=1e-5)
    one = kl.sefa(model, "style9")
    axes, _ = reference([styles[1].kernel.numpy()])
    np.testing.assert_allclose(agreement(one.matrix, axes), 1, atol=1e-5)


@pytest.mark.parametrize("kind", ["Conv2D", "Conv2DTranspose"])
def test_convolutions_of_z_as_channels_are_read_by_their_inputs(kind):
    layer = getattr(keras.layers, kind)(5, 3, padding="same")
    model = model_of(keras.layers.Reshape((1, 1, DIM)), layer)
    kernel = layer.kernel.numpy()
    order = (2, 0, 1, 3) if kind == "Conv2D" else (3, 0, 1, 2)
    axes, values = reference([kernel.transpose(order).reshape(DIM, -1)])
    found = kl.sefa(model)
    np.testing.assert_allclose(agreement(found.matrix, axes), 1, atol=1e-5)
    np.testing.assert_allclose(found.scores["eigenvalue"], values, rtol=1e-4)


@pytest.mark.parametrize("way", ["nested", "wrapped", "equalized"])
def test_the_first_kernel_is_found_inside_of_other_layers(way):
    dense = keras.layers.Dense(7)
    if way == "nested":
        layers = [model_of(keras.layers.Dropout(0.5), dense)]
    elif way == "wrapped":
        layers = [keras.layers.SpectralNormalization(dense)]
    else:
        dense = kl.EqualizedDense(7, seed=0)
        layers = [kl.PixelNormalization(), dense]
    model = model_of(*layers, keras.layers.Dense(2))
    axes, _ = reference([dense.kernel.numpy()])
    found = kl.sefa(model)
    np.testing.assert_allclose(agreement(found.matrix, axes), 1, atol=1e-5)


def test_units_without_weights_change_nothing():
    dense = keras.layers.Dense(4)
    model = model_of(dense)
    kernel = dense.kernel.numpy()
    kernel[:, 2] = 0
    dense.kernel.assign(kernel)
    axes, values = reference([kernel[:, [0, 1, 3]]])
    found = kl.sefa(model, num_directions=3)
    np.testing.assert_allclose(agreement(found.matrix, axes[:3]), 1, atol=1e-5)
    np.testing.assert_allclose(
        found.scores["eigenvalue"], values[:3], rtol=1e-5
    )


def unbuilt():
    return keras.layers.Dense(3, name="unbuilt")


@pytest.mark.parametrize(
    "options, words",
    [
        (dict(layer="absent"), r"`layer`.*\['a', 'b'\].*'absent'"),
        (dict(layer=[]), "`layer`"),
        (dict(layer="b"), "`layer`.*6 numbers.*'b'.*4 inputs"),
        (dict(layer=["a", "b"]), "`layer`.*'b'.*4 inputs"),
        (dict(layer=unbuilt()), "`layer`.*'unbuilt'.*Dense"),
        (dict(num_directions=7), "`num_directions`.*6"),
        (dict(num_directions=0), "`num_directions`"),
    ],
    ids=range(7),
)
def test_bad_input_is_named(options, words):
    dense = keras.layers.Dense
    model = model_of(dense(4, name="a"), dense(5, name="b"))
    with pytest.raises(ValueError, match=words):
        kl.sefa(model, **options)


def test_generators_without_a_good_kernel_are_named():
    with pytest.raises(ValueError, match="`generator`.*Keras model.*function"):
        kl.sefa(lambda z: z)
    with pytest.raises(ValueError, match="`generator`.*kernel"):
        kl.sefa(model_of(keras.layers.Flatten()))
    reshaped = [keras.layers.Reshape((1, 3, 2)), keras.layers.Conv2D(6, 1)]
    with pytest.raises(ValueError, match="`layer`.*6 numbers.*2 inputs"):
        kl.sefa(model_of(*reshaped, keras.layers.Conv2D(3, 1)))
    dense = keras.layers.Dense(4, kernel_initializer="zeros", name="a")
    with pytest.raises(ValueError, match="`layer`.*not all 0.*'a'"):
        kl.sefa(model_of(dense))
