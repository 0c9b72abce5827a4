"""The page of a report on subclasses."""

import base64
from html import escape

STYLE = """
:root { color-scheme: light dark; --paper: #fff; --ink: #1d2227;
  --soft: #5b646d; --rule: #dde1e5; }
@media (prefers-color-scheme: dark) { :root { --paper: #14171a;
  --ink: #e4e7ea; --soft: #9ba4ad; --rule: #30363c; } }
body { margin: 0; background: var(--paper); color: var(--ink);
  font: 1rem/1.55 system-ui, -apple-system, "Segoe UI", Roboto,
  "Helvetica Neue", sans-serif; overflow-wrap: anywhere; }
main { max-width: 54rem; margin: 0 auto; padding: 2.5rem 1.25rem 4rem; }
h1 { font-size: 1.05rem; font-weight: 600; color: var(--soft); }
h2 { font-size: 1.2rem; font-weight: 600; margin: 3rem 0 .5rem;
  padding-top: .9rem; border-top: 1px solid var(--rule); }
p { max-width: 44rem; }
.headline { font-size: 1.5rem; line-height: 1.35; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; font-size: .94rem;
  font-variant-numeric: tabular-nums; }
th, td { padding: .4rem 1.4rem .4rem 0; text-align: right;
  border-bottom: 1px solid var(--rule); font-weight: 400; }
thead th { color: var(--soft); font-size: .82rem; vertical-align: bottom; }
img { display: block; max-width: 100%; height: auto; background: #fff;
  border: 1px solid var(--rule); }
"""
_POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
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
    title = escape(f"Subclasses of {name}")
    body = [f"<h1>{title}</h1>", _headline(findings), _numbers(findings)]
    body.append(_subclasses(findings, fine_names))
    for key, picture in pictures.items():
        heading, text = _READING[key]
        body.append(f'<h2 id="{key}">{heading}</h2>')
        body.append(f"<p>{text.format(how=_WAYS[projection])}</p>")
        source = base64.b64encode(picture).decode()
        body.append(
            f'<img alt="{heading}" src="data:image/png;base64,{source}">'
        )
    if "images" not in pictures:
        body.append(
            "<p>The examples are no images, so that none are shown.</p>"
        )
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'\n<meta http-equiv="Content-Security-Policy" content="{_POLICY}">\n'
        f"<title>{title}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n"
        "<main>\n" + "\n".join(body) + "\n</main>\n</body>\n</html>\n"
    )


def _headline(findings):
    return (
        '<p class="headline">'
        f"{_percent(findings.accuracy)} of {findings.counts.sum():,} examples "
        "are in the subclass that stands for their fine label; "
        f"{findings.used} of {len(findings.counts)} subclasses are in use.</p>"
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
    return _table(("measure", "value"), rows)


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
                escape(fine_names[label]) if label >= 0 else "none",
                pure if label >= 0 else "",
            )
        )
    header = ("subclass", "class", "examples", "stands for", "of which right")
    return '<h2 id="subclasses">Subclasses</h2>' + _table(header, rows)


def _table(header, rows):
    head = "".join(f'<th scope="col">{cell}</th>' for cell in header)
    lines = "\n".join(
        f'<tr><th scope="row">{first}</th>'
        + "".join(f"<td>{cell}</td>" for cell in rest)
        + "</tr>"
        for first, *rest in rows
    )
    return (
        f'<div class="scroll"><table>\n<thead><tr>{head}</tr></thead>\n'
        f"<tbody>\n{lines}\n</tbody></table></div>"
    )


def _percent(share):
    return f"{100 * share:.1f} %"
