"""The table, the file and the options of benchmarks of steps."""

import argparse
import json
import pathlib

from rich.console import Console
from rich.table import Table


def run(description, cases, measure, output, title, unit):
    """Times the cases asked for, prints a table, writes a JSON file.

    Args:
        description: str, for `--help`.
        cases: names to choose from.
        measure: function of (names, rounds) -> list of dicts of `compare`.
        output: path to write unless the command names another.
        title: str, of the table.
        unit: str, what the milliseconds are of.
    """
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--rounds", type=int, default=60)
    parser.add_argument("--cases", nargs="+", choices=cases, default=[*cases])
    parser.add_argument("--output", type=pathlib.Path, default=output)
    options = parser.parse_args()
    rows = measure(options.cases, options.rounds)
    Console().print(_table(rows, title, unit))
    options.output.parent.mkdir(parents=True, exist_ok=True)
    options.output.write_text(json.dumps(rows, indent=1) + "\n")


def _table(rows, title, unit):
    result = Table(title=title)
    result.add_column("step", no_wrap=True)
    for heading in ("wall", "quartiles", "CPU", f"{unit}, ms", "bound"):
        result.add_column(heading, justify="right")
    for row in rows:
        low, high = row["wall_quartiles"]
        holds = "holds" if row["wall"] <= row["at_most"] else "fails"
        result.add_row(
            row["measure"],
            f"{row['wall']:.3f}",
            f"{low:.3f}-{high:.3f}",
            f"{row['cpu']:.3f}",
            f"{row['unit_ms']:.1f}",
            f"<= {row['at_most']} {holds}",
        )
    return result
