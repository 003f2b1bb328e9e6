"""Every rule and every option of a criterion is read by the code that the criterion is made of."""

import ast
import csv
from pathlib import Path

import pytest

import remission.response

FOLDER = Path(remission.response.__file__).parent
READERS = {"endpoints.options": "scan_endpoints", "resistance": "refractory"}
"""The file that reads a table, where it is not the one beside it alone."""
ALIKE = {"tumor": {"non-enhancing", "mixed"}}
"""Choices that are words for one rule: RANO 2.0 reads FLAIR in both."""
TABLES = sorted(path for path in FOLDER.glob("*.csv") if "name" in path.read_text(encoding="utf-8").split("\n")[0].split(","))


def reader_of(table: Path) -> str:
    return READERS.get(table.stem, table.stem.split(".")[0])


def parts_of(reader: str) -> set[str]:
    """The files a criterion is made of: its own and those of `response` that it imports, directly or not."""
    found, waiting = set(), [reader]
    while waiting:
        stem = waiting.pop()
        if stem in found or not (FOLDER / f"{stem}.py").exists():
            continue
        found.add(stem)
        for node in ast.walk(ast.parse((FOLDER / f"{stem}.py").read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("remission.response"):
                waiting += [alias.name for alias in node.names] + [(node.module or "").split(".")[-1]]
    return found


def names_read(text: str) -> set[str]:
    """The words by which a file may look something up: all its texts but the docstrings."""
    tree = ast.parse(text)
    prose = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    return {
        node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in prose
    }


def spellings(name: str, unit: str) -> set[str]:
    """What a row may be called in the code: limits in months are also asked for in days, and RANO 2.0 has thresholds by dimension."""
    stem, _, dimension = name.rpartition("_")
    made = {name.replace("_months", "_days")} if unit == "month" else set()
    return {name, *made} | ({stem} if dimension in ("1d", "2d", "3d") else set())


def names_known_to(table: Path) -> set[str]:
    return set().union(*(names_read((FOLDER / f"{stem}.py").read_text(encoding="utf-8")) for stem in parts_of(reader_of(table))))


def rows_of(table: Path) -> list[dict[str, str]]:
    with table.open(encoding="utf-8", newline="") as text:
        return list(csv.DictReader(text))


@pytest.mark.parametrize("table", TABLES, ids=lambda path: path.name)
def test_every_row_of_a_table_is_read_by_its_criterion(table):
    known, rows = names_known_to(table), rows_of(table)
    unread = [row["name"] for row in rows if not spellings(row["name"], row["unit"]) & known]
    assert rows
    assert not unread, f"nobody reads {', '.join(unread)}"


@pytest.mark.parametrize("table", [path for path in TABLES if path.name.endswith(".options.csv")], ids=lambda path: path.name)
def test_every_choice_of_an_option_but_one_is_named_in_the_code(table):
    """The one left is what remains when no other was chosen."""
    known = names_known_to(table)
    left = {row["name"]: set(row["choices"].split("|")) - known for row in rows_of(table) if row["choices"] not in ("number", "true|false")}
    idle = [name for name, choices in left.items() if len(choices) > 1 and choices != ALIKE.get(name)]
    assert not idle, f"choices of {', '.join(idle)} that nobody tells apart"


def test_a_row_that_nobody_reads_is_found():
    read = names_read('"""On nothing."""\nlimit = rules["used"].value')
    assert "used" in read
    assert not {"nothing", "On nothing."} & read
    assert spellings("durable_months", "month") & {"durable_days"}
