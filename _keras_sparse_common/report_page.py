"""The parts a report's page is built of; the page loads nothing."""

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
th:first-child { text-align: left; }
thead th { color: var(--soft); font-size: .82rem; vertical-align: bottom; }
img { display: block; max-width: 100%; height: auto; background: #fff;
  border: 1px solid var(--rule); }
"""
_POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"


def page(title, headline, parts):
    """The whole document.

    Args:
        title: str, plain text.
        headline: str, plain text, what was found.
        parts: list of str of HTML.
    """
    title = escape(title)
    body = [f"<h1>{title}</h1>", f'<p class="headline">{escape(headline)}</p>']
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'\n<meta http-equiv="Content-Security-Policy" content="{_POLICY}">\n'
        f"<title>{title}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n"
        "<main>\n"
        + "\n".join([*body, *parts])
        + "\n</main>\n</body>\n</html>\n"
    )


def picture(heading, text, content):
    """A heading, a paragraph and a picture.

    Args:
        heading, text: str, plain text.
        content: bytes of a PNG.
    """
    source = base64.b64encode(content).decode()
    return (
        f"<h2>{escape(heading)}</h2>\n<p>{escape(text)}</p>\n"
        f'<img alt="{escape(heading)}" src="data:image/png;base64,{source}">'
    )


def table(header, rows):
    """A table; the first cell of a row names it. Cells are plain text."""
    head = "".join(f'<th scope="col">{escape(cell)}</th>' for cell in header)
    lines = "\n".join(
        f'<tr><th scope="row">{escape(first)}</th>'
        + "".join(f"<td>{escape(cell)}</td>" for cell in rest)
        + "</tr>"
        for first, *rest in rows
    )
    return (
        f'<div class="scroll"><table>\n<thead><tr>{head}</tr></thead>\n'
        f"<tbody>\n{lines}\n</tbody></table></div>"
    )
