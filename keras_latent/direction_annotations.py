"""What people call directions, and whether they can read them."""

import csv
import io
import pathlib
import re

import numpy as np

from _keras_sparse_common.whole_files import save_whole

COLUMNS = ("direction", "name")
AUTHORS_LINE = re.compile(r"\s*(\d+): (.*\S)\s*")


def write_annotations(path, names, assessors=()):
    """Writes a table to fill in, a row for each direction.

    Args:
        path: file to write.
        names: list of str.
        assessors: list of str; each gets an empty column.

    Raises:
        ValueError: assessors of one name, or named as the first columns.
    """
    header = [*COLUMNS, *map(str, assessors)]
    if len(set(header)) < len(header) or not all(header):
        raise ValueError(
            f"`assessors` must be names, all different, none of {COLUMNS}. "
            f"Received: {list(assessors)}."
        )
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(header)
    blank = [""] * len(assessors)
    rows.writerows([k, name, *blank] for k, name in enumerate(names))
    save_whole(text.getvalue().encode(), path)


def read_annotations(path, count):
    """Reads a filled-in table.

    Args:
        path: file of `write_annotations`, with commas or semicolons, of all
            directions or of some; or lines "index: name", as the authors of
            Voynov & Babenko 2020 keep them.
        count: int, directions there are.

    Returns:
        Pair (dict of index to name, float array (count,) of the share of
        assessors who marked a direction 1, NaN where nobody marked it).

    Raises:
        ValueError: neither form; directions that are twice or not there, no
            name, marks other than 0, 1 and nothing.

    Source: human_annotation.txt and `load_human_annotation` in loading.py of
        anvoynov/GANLatentDiscovery; marks of 0 and 1 by several people as in
        their paper, arXiv:2002.03754.
    """
    try:
        text = pathlib.Path(path).read_text("utf-8-sig")
    except UnicodeDecodeError as error:
        raise _bad(path, 1, "no text in UTF-8") from error
    names, marks = {}, {}
    for line, (k, name, row) in _rows(path, text):
        if not k.isdecimal() or int(k) >= count:
            raise _bad(path, line, f"direction {k!r} of {count}, from 0")
        if int(k) in names:
            raise _bad(path, line, f"direction {k} a second time")
        if not name:
            raise _bad(path, line, f"no name of direction {k}")
        if not set(row) <= {"", "0", "1"}:
            raise _bad(path, line, f"{row} where 0, 1 or nothing is expected")
        names[int(k)] = name
        marks[int(k)] = [int(mark) for mark in row if mark]
    shares = [
        np.mean(marks[k]) if marks.get(k) else np.nan for k in range(count)
    ]
    return names, np.array(shares)


def _rows(path, text):
    """Pairs of a line's number and its (direction, name, marks)."""
    lines = text.splitlines()
    separator = ";" if text.startswith(f"{COLUMNS[0]};") else ","
    if text.startswith(separator.join(COLUMNS)):
        table = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
        header = next(table)
        for row in filter(any, table):
            if len(row) != len(header):
                raise _bad(
                    path,
                    table.line_num,
                    f"{len(row)} columns under a header of {len(header)}",
                )
            k, name, *marks = (cell.strip() for cell in row)
            yield table.line_num, (k, name, marks)
        return
    if not any(map(AUTHORS_LINE.fullmatch, lines)):
        raise _bad(path, 1, f"{lines[0] if lines else 'nothing'!r}")
    for number, line in enumerate(lines, 1):
        found = AUTHORS_LINE.fullmatch(line)
        if found:
            yield number, (*found.groups(), [])
        elif line.strip():
            raise _bad(path, number, f"{line!r}")


def _bad(path, line, what):
    return ValueError(
        "`path` must be a table with the header direction,name and a column "
        "for each assessor, as `Directions.to_csv` writes, or lines "
        f"'index: name'. Received: {what}, in line {line} of {str(path)!r}."
    )
