"""The page of a report on subclasses."""

import base64

from _keras_sparse_common import report_page

_READING = {
    "map": (
        "Map of the examples",
        "Each point is one example, placed by its subclass logits ({how}); "
        "its colour is the fine label, its marker the class. Each number is a "
        "subclass, at the median of its points.",
    ),
    "confusion": (
        "Subclasses against fine labels",
        "Share of each fine label, in %, that is in each subclass. The "
        "subclasses are in the order of the fine labels they stand for, so "
        "that what counts as right is on the diagonal; subclasses that stand "
        "for none come last.",
    ),
    "images": (
        "Examples of each subclass",
        "The first examples of each subclass, in the order of the data.",
    ),
}
_WAYS = {"tsne": "t-SNE", "pca": "principal components"}


def page(name, findings, fine_names, pictures, projection):
    """Returns the whole document, which loads nothing.

    Args:
        name: str, of the model.
        findings: `SubclassFindings`.
        fine_names: dict from a fine label to its name.
        pictures: dict from "map", "confusion", maybe "images" to PNG bytes.
        projection: "tsne" or "pca".
    """
    parts = [_numbers(findings), _subclasses(findings, fine_names)]
    for key, picture in pictures.items():
        heading, text = _READING[key]
        parts.append(f'<h2 id="{key}">{heading}</h2>')
        parts.append(f"<p>{text.format(how=_WAYS[projection])}</p>")
        source = base64.b64encode(picture).decode()
        parts.append(
            f'<img alt="{heading}" src="data:image/png;base64,{source}">'
        )
    if "images" not in pictures:
        parts.append(
            "<p>The examples are no images, so that none are shown.</p>"
        )
    title = f"Subclasses of {name}"
    return report_page.page(title, _headline(findings), parts)


def _headline(findings):
    return (
        f"{_percent(findings.accuracy)} of {findings.counts.sum():,} examples "
        "are in the subclass that stands for their fine label; "
        f"{findings.used} of {len(findings.counts)} subclasses are in use."
    )


def _numbers(findings):
    most = findings.counts.sum(axis=0).max() / findings.counts.sum()
    rows = [
        ("assignment accuracy", _percent(findings.accuracy)),
        ("the same of one subclass for all", _percent(most)),
        (
            "normalized mutual information",
            f"{findings.mutual_information:.3f}",
        ),
        ("subclasses in use", f"{findings.used} of {len(findings.counts)}"),
    ]
    return report_page.table(("measure", "value"), rows)


def _subclasses(findings, fine_names):
    rows = []
    for subclass in findings.order:
        counts = findings.counts[subclass]
        label = findings.permutation[subclass]
        inside = counts[findings.fine_labels == label].sum()
        pure = _percent(inside / counts.sum()) if counts.sum() else ""
        rows.append(
            (
                str(subclass),
                str(findings.class_of(subclass)),
                f"{counts.sum():,}",
                fine_names[label] if label >= 0 else "none",
                pure if label >= 0 else "",
            )
        )
    header = ("subclass", "class", "examples", "stands for", "of which right")
    return '<h2 id="subclasses">Subclasses</h2>' + report_page.table(
        header, rows
    )


def _percent(share):
    return f"{100 * share:.1f} %"
