"""Which operations of a graph a delegate has taken."""

DELEGATE = "DELEGATE"


def delegated(operators):
    """Finds the operations that run inside a delegate.

    LiteRT keeps the operations that it hands over in its list, and adds one
    "DELEGATE" for each group of them. A group is what computes the delegate's
    outputs from its inputs.

    Args:
        operators: list of `[name, inputs, outputs]`, the latter two being
            lists of int, indices of tensors.

    Returns:
        set of int, places in `operators`.

    Example:
        >>> operators = [["EXP", [0], [1]], ["ABS", [1], [2]],
        ...              ["NEG", [2], [3]], ["DELEGATE", [0], [2]]]
        >>> sorted(delegated(operators))
        [0, 1]
    """
    producers = {
        tensor: index
        for index, (name, _, outputs) in enumerate(operators)
        for tensor in outputs
        if name != DELEGATE
    }
    taken = set()
    for name, inputs, outputs in operators:
        pending = list(outputs) if name == DELEGATE else []
        while pending:
            tensor = pending.pop()
            index = producers.get(tensor)
            if index is None or tensor in inputs or index in taken:
                continue
            taken.add(index)
            pending += operators[index][1]
    return taken
