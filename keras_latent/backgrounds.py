"""Coloured patches to put digits on: out of photographs, or made of noise."""

import numpy as np

from keras_latent.image_arrays import check_range, resize_matrix, to_float

CELLS = 4


def color_noise(generators, image_size, contrast, brightness):
    """Smooth coloured patches, one per random generator.

    A patch is a mean colour plus noise of low frequency: a grid of uniform
    random colours, `CELLS` a side, enlarged linearly.

    Args:
        generators: list of n `numpy.random.Generator`.
        image_size: (height, width), in pixels.
        contrast: number from 0, factor of the noise, which is in
            [-0.5, 0.5] before.
        brightness: (low, high) in [0, 1], range of the mean of a channel.

    Returns:
        float32 array (n, height, width, 3) in [0, 1].
    """
    low, high = brightness
    grid = (CELLS, CELLS, 3)
    noise = np.stack([each.random(grid, "float32") for each in generators])
    mean = np.stack([each.uniform(low, high, 3) for each in generators])
    rows, columns = (resize_matrix(CELLS, size) for size in image_size)
    smooth = np.einsum(
        "hi,wj,nijc->nhwc", rows, columns, noise - 0.5, optimize=True
    )
    patches = mean[:, None, None, :] + contrast * smooth
    return np.clip(patches, 0.0, 1.0).astype("float32")


def random_patches(generators, image_size, backgrounds):
    """Patches of random images at random places, one per random generator.

    Args:
        generators: list of n `numpy.random.Generator`.
        image_size: (height, width), in pixels.
        backgrounds: what `check_backgrounds` returned.

    Returns:
        float32 array (n, height, width, 3) in [0, 1].
    """
    height, width = image_size
    patches = []
    for each in generators:
        image = backgrounds[each.integers(len(backgrounds))]
        top = each.integers(image.shape[0] - height + 1)
        left = each.integers(image.shape[1] - width + 1)
        patch = image[top : top + height, left : left + width]
        patches.append(np.broadcast_to(to_float(patch), (height, width, 3)))
    return np.stack(patches)


def check_backgrounds(backgrounds, image_size):
    """Raises unless every background is an image that a patch fits into.

    Args:
        backgrounds: array of images, or list of images of different sizes,
            each uint8 or float in [0, 1], of shape (height, width),
            (height, width, 1) or (height, width, 3).
        image_size: (height, width) of a patch.

    Returns:
        List of arrays with channels.

    Raises:
        ValueError: no image, or one of another shape, dtype or range; all
            that are too small are named.
    """
    images = [np.asarray(image) for image in backgrounds]
    if not images:
        raise ValueError(
            "`backgrounds` must hold at least one image. Received: none. "
            "Leave it out for patches of coloured noise."
        )
    images = [
        image[..., None] if image.ndim == 2 else image for image in images
    ]
    for index, image in enumerate(images):
        if image.ndim != 3 or image.shape[-1] not in (1, 3) or not image.size:
            raise ValueError(
                "`backgrounds` must be images of shape (height, width), or "
                "(height, width, channels) with 1 or 3 channels. Received: "
                f"shape {image.shape} for number {index}. Convert it."
            )
        check_range(f"backgrounds[{index}]", image)
    small = {
        index: image.shape[:2]
        for index, image in enumerate(images)
        if image.shape[0] < image_size[0] or image.shape[1] < image_size[1]
    }
    if small:
        shown = ", ".join(f"{i}: {size}" for i, size in list(small.items())[:5])
        raise ValueError(
            "`backgrounds` must be at least as large as the digits, "
            f"{tuple(image_size)}. Received: {len(small)} smaller ones "
            f"({shown}{', ...' if len(small) > 5 else ''}). Leave them out, or "
            "enlarge them."
        )
    return images
