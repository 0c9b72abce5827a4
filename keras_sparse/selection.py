"""Which variables of a model get a mask."""

import re

PRUNABLE_NAMES = (
    "kernel",
    "depthwise_kernel",
    "pointwise_kernel",
    "embeddings",
    "recurrent_kernel",
)
_NEVER_NAMES = ("bias", "gamma", "beta")


def unique_paths(variables):
    """Paths of the variables, `#2`, `#3`, ... appended where one repeats.

    Args:
        variables: list of `keras.Variable`.

    Returns:
        List of str, all different, in the order of `variables`.
    """
    counts: dict[str, int] = {}
    paths = []
    for variable in variables:
        count = counts[variable.path] = counts.get(variable.path, 0) + 1
        paths.append(f"{variable.path}#{count}" if count > 1 else variable.path)
    return paths


def select(variables, filters=None):
    """Chooses the variables to mask.

    Without `filters`: every kernel (by name: kernel, pointwise_kernel,
    recurrent_kernel, embeddings) but those of depthwise convolutions. A kernel
    of rank 3 or more whose last dimension is 1 counts as depthwise, for that
    is all its variable tells. With `filters`: every variable of rank 2 or more
    that matches, biases and normalisation scales excepted.

    Args:
        variables: list of trainable `keras.Variable`.
        filters: None, a regular expression, a list of them, or a function
            path -> bool. Expressions are searched in the variable's path, as
            `keras.Model.quantize(filters=...)` does with layer names. Or, from
            a saved optimizer, a dict name -> index in `variables`.

    Returns:
        Dict path -> variable, in the order of `variables`.

    Raises:
        ValueError: nothing can be masked, or a pattern matches nothing.
    """
    named = dict(zip(unique_paths(variables), variables, strict=True))
    candidates = {p: v for p, v in named.items() if _is_candidate(v)}
    if not candidates:
        raise ValueError(
            "`model` must have a trainable weight that can be masked: a "
            f"kernel or embedding. Received: {_listed(named)}. Build the model "
            "and check `layer.trainable`."
        )
    if isinstance(filters, dict):
        return _placed(variables, filters)
    if filters is None:
        chosen = {p: v for p, v in candidates.items() if _is_default(p, v)}
        if not chosen:
            raise ValueError(
                "`filters` must choose weights here, because none has a "
                "name that is masked by default "
                f"({', '.join(PRUNABLE_NAMES)}). Received: filters=None. "
                f"Choose among {_listed(candidates)}."
            )
        return chosen
    return _matching(candidates, filters)


def _placed(variables, places):
    """What a saved optimizer masked: name -> index of the variable."""
    chosen = {}
    for name, place in places.items():
        known = place < len(variables)
        path = variables[place].path if known else "nothing"
        if path.split("/")[-1] != name.split("#")[0].split("/")[-1]:
            raise ValueError(
                "`filters` of a saved optimizer must fit its model: "
                f"{name!r} was variable {place}. Received: {path!r} there. "
                "Give another model a new SparseOptimizer."
            )
        chosen[name] = variables[place]
    return chosen


def _matching(candidates, filters):
    if callable(filters):
        chosen = {p for p in candidates if filters(p)}
        unmatched = [] if chosen else [filters]
    else:
        patterns = [filters] if isinstance(filters, str) else list(filters)
        hits = {pattern: _hits(pattern, candidates) for pattern in patterns}
        chosen = set().union(*hits.values())
        unmatched = [p for p, hit in hits.items() if not hit] or (
            [] if patterns else [filters]
        )
    if unmatched:
        raise ValueError(
            "`filters` must match at least one weight with every pattern. "
            f"Received: {unmatched[0]!r}, which matches none. "
            f"The paths are: {_listed(candidates)}."
        )
    return {path: candidates[path] for path in candidates if path in chosen}


def _hits(pattern, candidates):
    try:
        return {path for path in candidates if re.search(pattern, path)}
    except (re.error, TypeError) as error:
        raise ValueError(
            "`filters` must be a regular expression, a list of them or a "
            f"function path -> bool. Received: {pattern!r} ({error}). "
            "Escape special characters with re.escape."
        ) from None


def _is_candidate(variable):
    name = variable.path.split("/")[-1]
    return (
        len(variable.shape) >= 2
        and name not in _NEVER_NAMES
        and not getattr(variable, "overwrite_with_gradient", False)
    )


def _is_default(path, variable):
    name = variable.path.split("/")[-1]
    depthwise = "depthwise" in path.rsplit("/", 2)[-2 if "/" in path else -1]
    depthwise |= name == "depthwise_kernel"
    depthwise |= len(variable.shape) >= 3 and variable.shape[-1] == 1
    return name in PRUNABLE_NAMES and not depthwise


def _listed(paths, limit=30):
    paths = list(paths)
    more = f", ... ({len(paths)} in all)" if len(paths) > limit else ""
    return ", ".join(paths[:limit]) + more if paths else "no weight"
