"""What is wrong with a cell that should be a number or a date, and what to write instead."""

from __future__ import annotations

import re
from math import isinf

from remission.assessing.columns import Column

MISSING = ("na", "n/a", "nan", "nd", "n.d.", "none", "null", "-", ".", "?", "unknown", "#n/a")
MINUS = "\u2212\u2013\u2014"
ISO = re.compile(r"\d{4}-\d{2}-\d{2}")


def of_number(cell: object, column: Column) -> tuple[str, str]:
    """What is wrong with a cell that should be a number, and what to write instead."""
    text, unit = str(cell), f" (the column is in {column.unit})" if column.unit not in ("", "day") else ""
    if not text.strip():
        return "the cell holds only blanks", "leave it empty"
    if text != text.strip():
        return "the number begins or ends with a blank", "remove the blank"
    if any(mark in text for mark in MINUS):
        return "this is not a number: the minus is a typographic one", "write the minus of the keyboard, -"
    if text.lower() in MISSING:
        return "this is not a number", 'leave the cell empty where nothing was measured (R: `na = ""`)'
    if ISO.search(text) or re.fullmatch(r"\d{1,2}[./-]\d{1,2}[./-]\d{2,4}", text):
        if column.holds == "clock":
            return "this is a date, but the measurements have days", "write days on the clock of the measurements, or dates in both tables"
        remedy = (
            "write all visits as days in `day` or all as dates in `date`"
            if column.name == "day"
            else "write a number; did the program make it a date?"
        )
        return "this is a date, not a number", remedy
    if re.fullmatch(r"[-+]?\d{1,3}([,' \u00a0\u202f]\d{3})+(\.\d+)?", text) and not re.fullmatch(r"[-+]?0,\d{3}", text):
        return "this is not a plain number: thousands separators or a decimal comma", "write it without separators, decimals after a point"
    if re.fullmatch(r"[-+]?\d*,\d+", text):
        return "this is not a number: decimals are written after a comma", "write a point before the decimals"
    if _is_infinite(text):
        return "this is not a finite number", "write a plain number, or leave the cell empty"
    if text[0] in "<>~≤≥≈":
        return "this is not a number but a limit", _instead_of_limit(column)
    if re.fullmatch(r"[-+]?\d+(\.\d+)?\s*[A-Za-z%µ/^0-9]+", text):
        return "this is not a number: there is text behind it", f"write only the number{unit}"
    return "this is not a number", _plain_number(column, unit)


def _plain_number(column: Column, unit: str) -> str:
    if column.name == "day":
        return "write a plain number, the days from the day you call 0"
    if column.holds == "flag":
        return "write a plain number, 1 for yes and 0 for no"
    return f"write a plain number{unit}, or leave the cell empty"


def _instead_of_limit(column: Column) -> str:
    if column.name in ("diameter_mm", "perpendicular_mm"):
        return "write the number; for a lesion too small to measure leave it empty and set `status` to too_small"
    if column.name == "mrd":
        return "write the number, 0 where no residual disease was found"
    return "write the number, or leave the cell empty"


def _is_infinite(text: str) -> bool:
    try:
        return isinf(float(text))
    except ValueError:
        return False


def outside(cell: object, column: Column) -> tuple[str, str]:
    """What is wrong with a number beyond the limits of its column, and what to write instead."""
    limits = f"write {column.low:g} to {column.high:g} {column.unit}".rstrip()
    if float(str(cell)) < 0 <= column.low:
        return "this must not be negative", limits
    if column.name == "day" or column.holds == "clock":
        return "no clock of a patient runs that far", "write days from time zero; the serial numbers of dates of a spreadsheet are not days"
    return "this is out of range", limits


def of_date(text: str) -> tuple[str, str]:
    """What is wrong with a cell that should be a date, and what to write instead."""
    if re.fullmatch(r"[-+]?\d+(\.\d+)?", text):
        return "this is a number, not a date", "write all days as dates YYYY-MM-DD, or all as days (visits in `day`)"
    if ISO.fullmatch(text):
        return "there is no such date between 1900 and 2100", "correct it"
    if ISO.match(text):
        return "this is more than a date", "write YYYY-MM-DD without a time of day"
    return "this is not a date of the form YYYY-MM-DD", "write the year first, then the month, then the day, as 2024-03-07"
