"""Masks that come from outside: do they fit the model?"""

import numpy as np


def check_masks(masks, variables):
    """Raises ValueError that names every mask that does not fit.

    Args:
        masks: what came as the argument of that name.
        variables: dict path -> variable that may have a mask.
    """
    known = f"The paths are: {', '.join(variables)}."
    if not isinstance(masks, dict) or not masks:
        raise ValueError(
            "`masks` must be a dict variable path -> 0/1 array that holds at "
            f"least one mask. Received: {masks!r}. {known}"
        )
    wrong = [_fault(path, mask, variables) for path, mask in masks.items()]
    wrong = [fault for fault in wrong if fault]
    if wrong:
        raise ValueError(
            "`masks` must hold arrays of 0 and 1 in the shapes of weights that "
            f"can be masked. Received: {'; '.join(wrong)}. {known}"
        )


def _fault(path, mask, variables):
    """What is wrong with one mask, or None."""
    if path not in variables:
        return f"{path!r}, which is not a path"
    mask, shape = np.asarray(mask), tuple(variables[path].shape)
    if mask.shape != shape:
        return f"{path!r} of shape {mask.shape}, not {shape}"
    if not np.isin(mask, (0, 1)).all():
        return f"{path!r} with values from {mask.min()} to {mask.max()}"
    return None
