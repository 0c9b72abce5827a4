"""The page of a report on a Fader."""

from html import escape

from _keras_sparse_common.report_page import page, picture, table

HEADLINES = {
    "SUCCESS": "SUCCESS: the code has forgotten the label, and the decoder "
    "obeys the one it is told.",
    "FAILURE": "FAILURE: this is not a model that has forgotten the label "
    "and draws any other.",
}
READING = {
    "grid": (
        "Every image with every label",
        "A row for each image: the image itself, then decoded with each "
        "label. Red: its own label, the reconstruction. A good model keeps "
        "the style of the row and shows the label of the column.",
    ),
    "strips": (
        "From the own label to another, and beyond",
        "0 is the own label, 1 the other; the decoder has never seen what is "
        "between them, below 0 or above 1.",
    ),
    "curves": (
        "Training",
        "The loss of the classifier in training says little of the code; the "
        "fresh probe says what is in it.",
    ),
}


def fader_page(name, findings, limits, pictures):
    """Returns the whole document, which loads nothing.

    Args:
        name: str, of the model.
        findings: `FaderFindings`.
        limits: `FaderLimits`.
        pictures: dict from "grid", "strips" or "curves", with a number after
            it where there are several attributes, to PNG bytes.
    """
    parts = [f"<p>{escape(reason)}</p>" for reason in findings.reasons]
    parts.append(table(("measure", "value", "limit"), _rows(findings, limits)))
    several = len(findings.probe.accuracies) > 1
    if several:
        parts.append(_attributes(findings, limits))
    for key, content in pictures.items():
        kind, _, number = key.partition("_")
        heading, text = READING[kind]
        if number:
            heading = f"{heading}: attribute {number}"
        parts.append(picture(heading, text, content))
    if "curves" not in pictures:
        parts.append("<p>No training history was given, so no curves.</p>")
    parts.append(_matrices(findings.swap))
    title = f"What {name} has forgotten"
    return page(title, HEADLINES[findings.verdict], parts)


def _rows(findings, limits):
    probe, swap = findings.probe, findings.swap
    error, loss = findings.reconstruction, findings.classifier_loss
    most = _percent(limits.probe(probe.chance))
    rows = [
        ("fresh probe reads the label", _percent(probe.accuracy), most),
        ("guessing is right", _percent(probe.chance), ""),
        (
            "swap accuracy",
            _percent(swap.accuracy),
            f"at least {_percent(limits.swap)}",
        ),
        ("the same with the own label", _percent(swap.own_accuracy), ""),
        ("judge on the images themselves", _percent(swap.judge_accuracy), ""),
        ("reconstruction error", f"{error.error:.4g}", ""),
    ]
    if error.ratio is not None:
        ratio = f"{error.ratio:.2f}", f"at most {limits.error_ratio:g}"
        rows.append(("the same, relative to the baseline", *ratio))
    if loss is not None:
        rows.append(("loss of the classifier in training", f"{loss:.2f}", ""))
    rows.append(("loss of guessing", f"{findings.guessing_loss:.2f}", ""))
    rows[0] = (*rows[0][:2], f"at most {most}")
    return rows


def _attributes(findings, limits):
    pairs = zip(findings.probe.accuracies, findings.probe.chances, strict=True)
    rows = [
        (
            str(index),
            _percent(accuracy),
            _percent(chance),
            _percent(limits.probe(chance)),
        )
        for index, (accuracy, chance) in enumerate(pairs)
    ]
    return table(("attribute", "fresh probe", "guessing", "limit"), rows)


def _matrices(swap):
    """Swap accuracy of each source and target, in %."""
    parts = ["<h2>Swap accuracy by source and target, in %</h2>"]
    for matrix in swap.matrices:
        header = ["source", *map(str, range(len(matrix)))]
        rows = [
            [str(source), *(_whole(share) for share in shares)]
            for source, shares in enumerate(matrix)
        ]
        parts.append(table(header, rows))
    return "\n".join(parts)


def _whole(share):
    return f"{100 * share:.0f}" if share == share else "–"


def _percent(share):
    return f"{100 * share:.1f} %"
