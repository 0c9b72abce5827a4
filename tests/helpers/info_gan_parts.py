"""Small networks of an `InfoGAN`, the same each time."""

import keras

import keras_latent as kl


def network(taken, made, hidden=(), seed=0):
    """Dense layers of seeded weights, the last without activation."""
    layers = [keras.Input((taken,))]
    for index, width in enumerate([*hidden, made]):
        start = keras.initializers.HeNormal(seed=seed + index)
        activation = None if index == len(hidden) else "relu"
        layers.append(
            keras.layers.Dense(width, activation, kernel_initializer=start)
        )
    return keras.Sequential(layers)


def make(shared=False, categorical=(4,), continuous=0, width=64, **options):
    """An `InfoGAN` of points in the plane, with 4 numbers of noise."""
    columns = sum(categorical) + continuous
    hidden = (width, width)
    parts = dict(generator=network(columns + 4, 2, hidden, 10))
    taken, inner = 2, hidden
    if shared:
        body = network(2, width, (width,), 20)
        body.add(keras.layers.LeakyReLU())
        parts["features"] = body
        taken, inner = width, ()
    columns += continuous * options.get("learned_variance", False)
    parts["discriminator"] = network(taken, 1, inner, 30)
    parts["recognizer"] = network(taken, columns, inner, 40)
    codes = dict(categorical=categorical, continuous=continuous)
    return kl.InfoGAN(**parts, **codes, **options)
