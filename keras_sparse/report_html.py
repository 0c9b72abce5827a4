"""The parts a report's page is built of: style, tables, words for numbers."""

from html import escape

STYLE = """
:root { color-scheme: light dark; --paper: #fff; --ink: #1d2227;
  --soft: #5b646d; --rule: #dde1e5; --dense: #4f6f8f; --sparse: #c75f0a; }
@media (prefers-color-scheme: dark) { :root { --paper: #14171a;
  --ink: #e4e7ea; --soft: #9ba4ad; --rule: #30363c; --dense: #8fb0d0;
  --sparse: #f0913a; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink);
  font: 1rem/1.55 system-ui, -apple-system, "Segoe UI", Roboto,
  "Helvetica Neue", sans-serif; overflow-wrap: anywhere; }
main { max-width: 60rem; margin: 0 auto; padding: 2.5rem 1.25rem 4rem; }
h1 { font-size: 1.05rem; font-weight: 600; margin: 0 0 .75rem;
  color: var(--soft); }
h2 { font-size: 1.2rem; font-weight: 600; margin: 3rem 0 .5rem;
  padding-top: .9rem; border-top: 1px solid var(--rule); }
p { max-width: 44rem; margin: .5rem 0 1rem; }
.headline { font-size: 1.5rem; line-height: 1.35; max-width: 50rem;
  margin: 0 0 .9rem; }
.soft, figcaption { color: var(--soft); font-size: .875rem; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: .94rem;
  font-variant-numeric: tabular-nums; }
th, td { padding: .4rem .35rem .4rem .9rem; text-align: right;
  border-bottom: 1px solid var(--rule); }
th:first-child, td:first-child { text-align: left; padding-left: 0; }
thead th { color: var(--soft); font-size: .82rem; vertical-align: bottom;
  white-space: nowrap; }
tbody th { font-weight: 400; min-width: 6.4rem; }
td { white-space: nowrap; }
tr:last-child > * { border-bottom: 0; }
.bar { width: clamp(5.5rem, 24vw, 17rem); height: .8rem; margin-left: auto;
  background: linear-gradient(90deg, var(--sparse) var(--share),
  var(--rule) var(--share)); }
.pair { display: grid; gap: 1.5rem 2rem;
  grid-template-columns: repeat(auto-fit, minmax(min(20rem, 100%), 1fr)); }
figure { margin: .75rem 0; }
figcaption { margin-top: .35rem; max-width: 44rem; }
svg { display: block; width: 100%; height: auto; }
svg * { stroke-linejoin: round; }
svg image, .samples img { image-rendering: pixelated; }
.wide svg { max-width: 40rem; }
.map svg { max-width: 21rem; }
.scale { display: flex; gap: .5rem; align-items: center; max-width: 21rem;
  font-size: .875rem; margin: .4rem 0; }
.scale i { flex: 1; height: .7rem; border: 1px solid var(--rule);
  background: linear-gradient(90deg, transparent, #e6751a); }
.legend { display: flex; flex-wrap: wrap; gap: .25rem 1.25rem; padding: 0;
  margin: .75rem 0; list-style: none; font-size: .875rem; }
.legend li { display: flex; align-items: center; }
.legend i { flex: none; width: 1.75rem; margin-right: .45rem;
  border-top: 3px solid; }
.samples { display: grid; gap: 1.1rem 1rem; margin: 1rem 0; font-size: .82rem;
  grid-template-columns: repeat(auto-fill, minmax(6.8rem, 1fr)); }
.samples figure { margin: 0; line-height: 1.4; }
.samples img { display: block; width: 100%; aspect-ratio: 1;
  object-fit: contain; margin-bottom: .3rem; border: 1px solid var(--rule); }
.samples .missed img { outline: 3px solid var(--sparse); }
.samples span { display: block; }
pre { white-space: pre-wrap; padding: .8rem 1rem; font-size: .85rem;
  border: 1px solid var(--rule); border-radius: .3rem; }
dt { font-weight: 600; }
dd { margin: 0 0 .8rem; max-width: 44rem; }
@media (max-width: 34rem) {
  main { padding: 1.5rem 1rem 3rem; }
  .headline { font-size: 1.3rem; }
  th, td { padding-left: .5rem; font-size: .86rem; }
  #layers :is(table, thead, tbody) { display: block; }
  #layers tr { display: grid; border-bottom: 1px solid var(--rule);
    grid-template-columns: repeat(3, minmax(0, 1fr)) 6rem; }
  #layers .bar { width: 100%; margin-top: .3rem; }
  #layers tr > * { border: 0; }
  #layers th:first-child { grid-column: 1 / -1; padding-bottom: 0; }
}
"""

_POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"


def page(title, body):
    """Returns a whole document that is not allowed to load anything."""
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'\n<meta http-equiv="Content-Security-Policy" content="{_POLICY}">\n'
        f"<title>{escape(title)}</title>\n<style>{STYLE}</style>\n</head>\n"
        f"<body>\n<main>\n{body}\n</main>\n</body>\n</html>\n"
    )


def section(name, title, *parts):
    """Returns a section with the anchor `name`; `parts` are HTML."""
    inside = "\n".join(part for part in parts if part)
    return f'<section id="{name}">\n<h2>{title}</h2>\n{inside}\n</section>'


def table(header, rows):
    """Returns a table; `rows` are lists of HTML, the first cell a heading."""
    head = "".join(f'<th scope="col">{cell}</th>' for cell in header)
    lines = [
        f'<tr><th scope="row">{first}</th>'
        + "".join(f"<td>{cell}</td>" for cell in rest)
        + "</tr>"
        for first, *rest in rows
    ]
    return (
        '<div class="scroll"><table>\n'
        f"<thead><tr>{head}</tr></thead>\n<tbody>\n"
        + "\n".join(lines)
        + "\n</tbody></table></div>"
    )


def bar(share):
    """Returns a bar filled to `share`, 0 to 1; its number stands beside it."""
    return f'<div class="bar" style="--share:{100 * share:.2f}%"></div>'


def legend(entries):
    """Returns a list of (label, colour, border style) as line samples."""
    items = "".join(
        f'<li><i style="border-color:{colour};border-top-style:{line}"></i>'
        f"{escape(label)}</li>"
        for label, colour, line in entries
    )
    return f'<ul class="legend">{items}</ul>'


def scale(most, unit):
    """Returns the colour scale of a map from 0 to `most`."""
    return f'<div class="scale">0<i></i>{most:,} {escape(unit)}</div>'


def figure(svg, caption="", kind=""):
    """Returns a figure with an escaped caption, or nothing without `svg`."""
    if not svg:
        return ""
    below = f"<figcaption>{escape(caption)}</figcaption>" if caption else ""
    return f'<figure class="{kind}">{svg}{below}</figure>'


def percent(share):
    """Returns 0.9641 as "96.4 %"."""
    return "unknown" if share is None else f"{100 * share:.1f} %"


def count(number):
    """Returns 26620 as "26,620"."""
    return "unknown" if number is None else f"{number:,.0f}"


def megaflops(multiply_adds):
    """Returns 26620 multiply-adds as "0.053": two operations each."""
    if multiply_adds is None:
        return "unknown"
    return f"{2 * multiply_adds / 1e6:,.3f}"


def size(number):
    """Returns 1064800 bytes as "1,064.8 kB"."""
    return "unknown" if number is None else f"{number / 1000:,.1f} kB"


def decimals(number):
    """Returns 0.08314 as "0.0831"."""
    return "unknown" if number is None else f"{number:.3g}"


def two_decimals(number):
    """Returns 1.0312 as "1.03"."""
    return "unknown" if number is None else f"{number:.2f}"


def ratio(dense, sparse):
    """Returns sparse / dense as "0.10 ×"."""
    if dense is None or sparse is None or not dense:
        return ""
    return f"{sparse / dense:.2f} ×"


def points(dense, sparse):
    """Returns the difference of two shares as "−0.5 points"."""
    if dense is None or sparse is None:
        return ""
    return f"{round(100 * (sparse - dense), 1) + 0.0:+.1f} points".replace(
        "-", "−"
    )
