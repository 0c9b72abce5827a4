"""The page of a report on a dissection; it sorts without a script."""

import base64
from html import escape

from _keras_sparse_common.report_page import page, table

ORDERS = {"iou": "best first", "class": "by class", "number": "by number"}
STYLE = """
main { max-width: 62rem; }
.sort { margin: 1rem 0; }
.sort + * { margin-top: 0; }
input[name="order"] { margin: 0 .35rem 0 0; }
label { margin-right: 1.4rem; }
.units { display: grid; gap: 1.2rem; margin-top: 1.2rem; padding: 0;
  list-style: none; }
.unit { order: var(--iou); }
#by-class:checked ~ .units .unit { order: var(--class); }
#by-number:checked ~ .units .unit { order: var(--number); }
.unit p { margin: 0 0 .3rem; }
.unit small { color: var(--soft); font-variant-numeric: tabular-nums; }
.bars { display: grid; grid-template-columns: max-content 1fr;
  gap: .3rem .8rem; align-items: center; max-width: 44rem; }
.bar { background: #3b6fb6; height: 1rem; display: inline-block;
  vertical-align: middle; margin-right: .4rem; }
"""


def dissection_page(dissection, strips):
    """Returns the whole document, which loads nothing.

    Args:
        dissection: `Dissection`.
        strips: list of PNG bytes, one of each unit.

    Example:
        >>> import numpy as np, keras_latent as kl
        >>> from keras_latent.dissection_page import dissection_page
        >>> found = kl.dissect(
        ...     kl.dcgan_networks((16, 16, 1), 4, 4)[0], 3, 8,
        ...     lambda images: images[..., 0] > 0)
        >>> page = dissection_page(found, [b""] * len(found.units))
        >>> page.count('<li class="unit"'), "<script" in page
        (8, False)
    """
    units = dissection.units
    named = sum(unit.interpretable for unit in units)
    counts = dissection.counts()
    headline = (
        f"{named} of {len(units)} units of layer {dissection.layer!r} meet "
        f"one of {len(counts)} classes."
    )
    parts = [
        f"<style>{STYLE}</style>",
        _facts(dissection),
        "<h2>Units of each class</h2>",
        _bars(counts),
        "<h2>Units</h2>",
        "<p>The images that activate a unit most, the strongest first. "
        "Yellow: the edge of where its activation exceeds its threshold. IoU: "
        "of that mask and the class, over all images.</p>",
        _list(dissection, strips),
    ]
    return page(f"Units of {dissection.layer}", headline, parts)


def _facts(dissection):
    exact = "of all activations" if dissection.exact else "of a random sample"
    ious = [unit.iou for unit in dissection.units]
    rows = [
        ("images that the IoU is counted on", f"{dissection.images:,}"),
        ("units", f"{len(dissection.units):,}"),
        ("classes", f"{len(dissection.class_names) - 1:,}"),
        ("thresholds", exact),
        ("largest IoU", f"{max(ious):.3f}"),
    ]
    return table(("measure", "value"), rows)


def _bars(counts):
    if not counts:
        return "<p>No unit exceeds the limit of the IoU.</p>"
    most = max(counts.values())
    rows = "\n".join(
        f"<span>{escape(name)}</span><span><span class='bar' "
        f"style='width: {80 * count / most:.1f}%'></span>{count}</span>"
        for name, count in counts.items()
    )
    return f'<div class="bars">\n{rows}\n</div>'


def _list(dissection, strips):
    """Radio buttons, and the units, whose order the chosen one sets."""
    units = dissection.units
    best = sorted(units, key=lambda unit: -unit.iou)
    classes = sorted(
        best, key=lambda unit: (not unit.interpretable, unit.label)
    )
    place = {
        unit.number: (best.index(unit), classes.index(unit)) for unit in units
    }
    inputs = "\n".join(
        f'<input type="radio" name="order" id="by-{key}"'
        f"{' checked' if key == 'iou' else ''}>"
        f'<label for="by-{key}">{words}</label>'
        for key, words in ORDERS.items()
    )
    items = "\n".join(
        _item(unit, *place[unit.number], strips[unit.number]) for unit in best
    )
    return (
        f'<div class="sort">\n{inputs}\n<ol class="units">\n{items}\n</ol>\n'
        "</div>"
    )


def _item(unit, best, of_class, strip):
    name = unit.class_name if unit.interpretable else "no class"
    alt = escape(f"Top images of unit {unit.number}")
    source = base64.b64encode(strip).decode()
    nearest = ""
    if unit.class_name and not unit.interpretable:
        nearest = f", nearest {unit.class_name}"
    words = (
        f"IoU {unit.iou:.3f}{nearest}, threshold {unit.threshold:.3g}, images "
        f"{', '.join(map(str, unit.top_images))}"
    )
    return (
        f'<li class="unit" style="--iou: {best}; --class: {of_class}; '
        f'--number: {unit.number}">\n<p>unit {unit.number}: '
        f"<strong>{escape(name)}</strong> <small>{escape(words)}</small></p>\n"
        f'<img alt="{alt}" loading="lazy" '
        f'src="data:image/png;base64,{source}">\n</li>'
    )
