"""A discovery of directions that is made at once."""

import keras

import keras_latent as kl


def make_reconstructor(numbers, directions, width=16, seed=0):
    """A hidden layer between pairs of points and the two outputs."""
    pair = keras.Input((2 * numbers,))
    starts = [
        keras.initializers.GlorotUniform(seed=10 * seed + k) for k in range(3)
    ]

    def dense(units, start, activation=None):
        return keras.layers.Dense(
            units, activation, kernel_initializer=starts[start]
        )

    hidden = dense(width, 0, "relu")(pair)
    return keras.Model(
        pair, [dense(directions, 1)(hidden), dense(1, 2)(hidden)]
    )


def make_discovery(generator, numbers, directions, compiled=True, **options):
    """A discovery of a generator of points of so many numbers."""
    reconstructor = make_reconstructor(numbers, directions)
    discovery = kl.DirectionDiscovery(
        generator, reconstructor, directions, **options
    )
    if compiled:
        discovery.compile()
    return discovery
