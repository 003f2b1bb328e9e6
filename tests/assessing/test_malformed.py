"""Malformed spreadsheets: each test breaks one thing of a good file, and the message must name file, row, column and remedy."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from zipfile import ZipFile

import numpy as np
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openpyxl import Workbook

from remission.assessing.reading import Read, read_scans
from remission.errors import InputError
from remission.response import criteria

MEASUREMENTS = """\
patient,day,lesion,organ,kind,diameter_mm,status,new,perpendicular_mm,steroid,clinical,flair,pet_score,spleen_cm,blasts,anc,platelets,mrd
P1,0,A,liver,target,30,measured,0,20,2,stable,stable,4,13.5,3,1.2,110,0.0001
P1,0,B,node,target-node,18,,0,24,,,,,,,,,
P1,0,N,lung,non-target,,present,0,,,,,,,,,,
P1,56,A,liver,target,21.5,measured,0,15,2,improved,,3,13,,,,
P1,56,B,node,target-node,9,,0,12,,,,,,,,,
P1,56,N,lung,non-target,,present,0,,,,,,,,,,
P1,112,A,liver,target,,too_small,0,,,,,,,,,,
P1,112,B,node,target-node,,not_evaluable,0,,,,,,,,,,
P1,112,X,bone,new,,present,1,,,,,,,,,,
P2,-3,A,liver,target,40,,0,30,,,,,,,,,
P2,57,A,liver,target,0,absent,0,,,,,,,,,,
P2,57,,,,,,,,4,,,,,,,,
"""
PATIENTS = """\
patient,arm,time_zero,treatment_start,treatment_end,radiation_end,cycles,new_therapy,last_contact,death
P1,control,0,1,60,,3,130,200,200
P2,treated,0,1,,-30,,,90,
"""
DATED = """\
patient,date,lesion,organ,kind,diameter_mm
P1,2024-01-05,A,liver,target,30
P1,2024-03-01,A,liver,target,21
P2,2024-02-10,A,lung,target,25
"""
DATED_PATIENTS = """\
patient,time_zero,death
P1,2024-01-07,2024-09-30
P2,2024-02-10,
"""


@dataclass(frozen=True)
class Break:
    """One thing broken: in which file, what for what, and what the message must hold."""

    title: str
    old: str
    new: str
    row: int
    column: str
    says: str
    remedy: str
    file: str = "measurements.csv"


def cell(row: str, before: str, after: str) -> tuple[str, str]:
    """A change inside one row of the good file."""
    return row, row.replace(before, after, 1)


def broken_row(title: str, row: int, before: str, after: str, column: str, says: str, remedy: str, file: str = "measurements.csv") -> Break:
    """A change of the row with that number, as a spreadsheet program counts."""
    text = (MEASUREMENTS if file == "measurements.csv" else PATIENTS).splitlines()[row - 1]
    assert before in text
    return Break(title, text + "\n", text.replace(before, after, 1) + "\n", row, column, says, remedy, file)


def added_row(title: str, text: str, column: str, says: str, remedy: str, file: str = "measurements.csv") -> Break:
    """A row more at the end."""
    good = MEASUREMENTS if file == "measurements.csv" else PATIENTS
    last = good.splitlines()[-1] + "\n"
    return Break(title, last, f"{last}{text}\n", good.count("\n") + 1, column, says, remedy, file)


P = "patients.csv"
REST = "," * 10
CELLS = [
    broken_row(
        "a unit behind the number", 2, ",30,", ",30 mm,", "diameter_mm", "text behind it", "write only the number (the column is in mm)"
    ),
    broken_row("a limit instead of a number", 8, "target,,", "target,<5,", "diameter_mm", "not a number but a limit", "too_small"),
    broken_row("a decimal comma in quotes", 5, "21.5", '"21,5"', "diameter_mm", "decimals are written after a comma", "write a point"),
    broken_row("a thousands separator", 2, ",110,", ',"1,100",', "platelets", "thousands separators", "without separators"),
    broken_row("a word for missing", 9, "node,,not", "node,NA,not", "diameter_mm", "not a number", "leave the cell empty"),
    broken_row("a typographic minus", 11, "-3", "\u22123", "day", "minus is a typographic one", "minus of the keyboard"),
    broken_row("a blank before a number", 5, "21.5", " 21.5", "diameter_mm", "begins or ends with a blank", "remove the blank"),
    broken_row("a cell of blanks", 8, "target,,", "target, ,", "diameter_mm", "only blanks", "leave it empty"),
    broken_row("two decimal points", 5, "21.5", "2.1.5", "diameter_mm", "not a number", "write a plain number"),
    broken_row("an error of a formula", 5, "21.5", "#REF!", "diameter_mm", "not a number", "write a plain number"),
    broken_row("a negative diameter", 5, "21.5", "-21.5", "diameter_mm", "must not be negative", "0 to 2000 mm"),
    broken_row("a diameter of a house", 5, "21.5", "21500", "diameter_mm", "out of range", "0 to 2000 mm"),
    broken_row("not a number", 5, "21.5", "nan", "diameter_mm", "not a number", "leave the cell empty"),
    broken_row("an infinite number", 5, "21.5", "inf", "diameter_mm", "not a finite number", "write a plain number"),
    broken_row("a number too large for the machine", 5, "21.5", "1e999", "diameter_mm", "not a finite number", "write a plain number"),
    broken_row("a negative perpendicular", 5, ",15,", ",-15,", "perpendicular_mm", "must not be negative", "0 to 2000 mm"),
    broken_row("a date among days", 5, ",56,", ",2024-03-01,", "day", "this is a date", "all visits as days in `day` or all as dates"),
    broken_row("a serial number of a date", 5, ",56,", ",45352,", "day", "no clock of a patient", "serial numbers of dates"),
    broken_row("a day that is empty", 5, ",56,", ",,", "day", "the day is empty", "fill it in"),
    broken_row("a word for a day", 5, ",56,", ",week 8,", "day", "not a number", "write a plain number"),
    broken_row("a misspelled status", 2, "measured", "messured", "status", "did you mean `measured`?", "write measured, too_small"),
    broken_row("a status in capitals", 2, "measured", "Measured", "status", "did you mean `measured`?", "write measured, too_small"),
    broken_row("an unknown kind", 2, "target", "index lesion", "kind", "this is not a kind", "write target, target-node"),
    broken_row("a kind with a blank", 3, "target-node", "target node", "kind", "did you mean `target-node`?", "write target, target-node"),
    broken_row("a kind that is empty", 2, "target", "", "kind", "the kind is empty", "write target, target-node"),
    broken_row("new is a word", 10, "present,1", "present,yes", "new", "not a number", "write a plain number"),
    broken_row("new is 2", 10, "present,1", "present,2", "new", "out of range", "write 0 to 1"),
    broken_row("new is a half", 10, "present,1", "present,0.5", "new", "whole number", "without decimals"),
    broken_row("a PET score of 6", 2, "stable,4", "stable,6", "pet_score", "out of range", "write 1 to 5"),
    broken_row("a PET score between two", 2, "stable,4", "stable,3.5", "pet_score", "whole number", "without decimals"),
    broken_row("blasts over 100 %", 2, "13.5,3,", "13.5,103,", "blasts", "out of range", "0 to 100 %"),
    broken_row("residual disease in percent", 2, "0.0001", "12", "mrd", "out of range", "0 to 1 fraction"),
    broken_row("platelets per microliter", 2, ",110,", ",110000,", "platelets", "out of range", "10^9/L"),
    broken_row("neutrophils per microliter", 2, ",1.2,", ",1200,", "anc", "out of range", "10^9/L"),
    broken_row("a spleen in millimeters", 2, "13.5", "135", "spleen_cm", "out of range", "1 to 60 cm"),
    broken_row("a negative steroid dose", 2, "20,2,", "20,-2,", "steroid", "must not be negative", "mg/day"),
    broken_row("an unknown clinical state", 2, "stable,stable", "so-so,stable", "clinical", "this is not a change", "improved"),
    broken_row("a clinical state of 2", 2, "stable,stable", "2,stable", "clinical", "this is not a change", "improved"),
    broken_row("a FLAIR word misspelled", 2, "stable,stable", "stable,incresed", "flair", "did you mean `increased`?", "improved"),
    broken_row("a patient that is empty", 3, "P1", "", "patient", "`patient` is empty", "unmerge"),
    broken_row("a blank behind a patient", 3, "P1", "P1 ", "patient", "begins or ends with a blank", "write it without"),
    broken_row("a blank that cannot be seen", 3, "P1", "P1\u200b", "patient", "not printed", "write it without"),
    broken_row(
        "a patient in another case", 11, "P2", "p1", "patient", "differ by case or zeros alone", "write the same patient in one way"
    ),
    broken_row("a lesion in another case", 5, ",A,", ",a,", "lesion", "differ by case or zeros alone", "write the same lesion in one way"),
    broken_row(
        "an organ in another case", 11, "liver", "Liver", "organ", "differ by case or zeros alone", "write the same organ in one way"
    ),
    broken_row("a lesion without name", 5, ",A,", ",,", "lesion", "without naming it", "fill in `lesion`"),
    broken_row(
        "a missing lesion as R writes it", 13, ",57,,", ",57,NA,", "lesion", "a word of a program for nothing", "leave the cell empty"
    ),
    broken_row("an organ of a broken formula", 5, "liver", "#REF!", "organ", "a word of a program for nothing", "write the name"),
    added_row("a row of totals", "Total,112,,,,,,,,,,,,,,,,", "patient", "a row of totals", "delete the row"),
]
CONTRADICTIONS = [
    broken_row("measured at 0", 5, "21.5", "0", "diameter_mm", "measured, yet the diameter is 0", "absent"),
    broken_row("measured without diameter", 5, "21.5", "", "diameter_mm", "measured, yet its diameter is not given", "write the diameter"),
    broken_row("a node without axis", 6, "9,", ",measured", "diameter_mm", "its short axis is not given", "write the short axis"),
    broken_row("absent with a diameter", 12, "0,absent", "12,absent", "diameter_mm", "absent, yet there is a diameter", "correct one"),
    broken_row(
        "not evaluable with a diameter", 9, "node,,", "node,9,", "diameter_mm", "not_evaluable, yet there is a diameter", "empty one"
    ),
    broken_row(
        "too small at 25 mm", 8, "target,,", "target,25,", "diameter_mm", "too_small, yet the diameter is 10 mm or more", "measured"
    ),
    broken_row("too small at 0", 8, "target,,", "target,0,", "diameter_mm", "too_small, yet the diameter is 0", "absent"),
    broken_row("present at 0", 7, "target,,", "target,0,", "diameter_mm", "the lesion is there, yet the diameter is 0", "absent"),
    broken_row("a target only present", 5, "measured", "present", "status", "only present, yet it has a diameter", "write measured"),
    broken_row(
        "a target progressing by eye", 5, "measured", "progression", "status", "progresses by eye, yet it has a diameter", "write measured"
    ),
    broken_row(
        "absent with a second axis", 12, "absent,0,,", "absent,0,8,", "perpendicular_mm", "absent, yet there is a perpendicular", "correct"
    ),
    broken_row("a second axis of 0", 5, ",15,", ",0,", "perpendicular_mm", "measured, yet this diameter is 0", "correct"),
    broken_row(
        "a second axis alone", 9, "evaluable,0,,", "evaluable,0,8,", "perpendicular_mm", "without a longest one", "fill in diameter_mm"
    ),
    broken_row("a new lesion not marked as new", 10, "present,1", "present,0", "new", "`new` is not 1", "write 1 on every row"),
    broken_row("a new lesion with new empty", 10, "present,1", "present,", "new", "`new` is not 1", "write 1 on every row"),
    broken_row("a baseline lesion marked as new", 5, "measured,0", "measured,1", "new", "yet the kind is not new", "write `kind` new"),
    broken_row("a lesion that changes its kind", 5, "target", "non-target", "kind", "another kind than in row 2", "write the same"),
    broken_row("a lesion that changes its organ", 5, "liver", "lung", "organ", "another organ than in row 2", "write the same"),
    added_row(
        "a new lesion at baseline", "P1,0,Y,bone,new,,present,1" + REST, "new", "at the baseline visit is not new", "target or non-target"
    ),
    added_row(
        "a new lesion before baseline", "P2,-9,Y,bone,new,,present,1" + REST, "new", "at the baseline visit is not new", "non-target"
    ),
    added_row(
        "a target first seen later", "P1,56,C,lung,target,12,,0" + REST, "diameter_mm", "first seen after the baseline", "`kind` new"
    ),
    Break(
        "a target without row at the later of two days before time zero",
        "P2,57,,,,,,,,4,,,,,,,,\n",
        "P2,57,,,,,,,,4,,,,,,,,\nP2,0,N,lung,non-target,,present,0" + REST + "\n",
        11,
        "diameter_mm",
        "no row at the baseline visit",
        "add its row there",
    ),
    broken_row(
        "a target without size at baseline", 2, "30,measured,0,20", ",,0,", "diameter_mm", "no size at the baseline", "write the diameter"
    ),
    broken_row(
        "a target node without size at baseline",
        3,
        "18,,0,24",
        ",,0,",
        "diameter_mm",
        "no size at the baseline",
        "of a node the short axis",
    ),
    broken_row("a target absent at baseline", 3, "18,,0,24", "0,,0,", "diameter_mm", "absent at the baseline visit", "`kind` new"),
    broken_row(
        "a non-target that comes later", 4, "present", "absent", "kind", "absent at the baseline visit and there later", "`kind` new"
    ),
    added_row(
        "two baselines of one lesion",
        "P1,0,A,liver,target,28,,0" + REST,
        "diameter_mm",
        "another diameter_mm at the same visit in row 2",
        "keep one",
    ),
    added_row(
        "two statuses of one lesion",
        "P1,0,N,lung,non-target,,absent,0" + REST,
        "status",
        "another status at the same visit in row 4",
        "keep one",
    ),
    added_row(
        "a row repeated without its size",
        "P1,56,A,liver,target,,,0" + REST,
        "diameter_mm",
        "another diameter_mm at the same visit",
        "keep one",
    ),
    broken_row("two steroid doses at one visit", 6, ",12,,", ",12,4,", "steroid", "another steroid in row 5", "one value per visit"),
    broken_row(
        "two clinical states at one visit", 6, ",12,,,", ",12,,worse,", "clinical", "another clinical in row 5", "one value per visit"
    ),
]
PEOPLE = [
    added_row("a patient twice", "P1,control,0,,,,,,,", "patient", "stands in row 2 already", "keep one row per patient", P),
    added_row("two time zeros", "P2,treated,5,,,,,,,", "patient", "stands in row 3 already", "keep one row per patient", P),
    broken_row("a death before time zero", 2, "200,200", "200,-200", "death", "before time zero", "correct one", P),
    broken_row("a death before a scan", 3, "90,", ",30", "death", "before a scan (", "correct the death", P),
    broken_row("a last contact before a scan", 3, "90,", "40,", "last_contact", "before a scan (", "at least the last scan", P),
    broken_row("a last contact after the death", 2, "200,200", "220,200", "last_contact", "after the death", "correct one", P),
    broken_row("a treatment that ends before it starts", 2, ",1,60", ",1,-5", "treatment_end", "ends before it starts", "correct one", P),
    broken_row(
        "a treatment after the death", 2, ",1,60,,3,130", ",210,,,3,", "treatment_start", "starts after the death", "correct one", P
    ),
    broken_row("a new therapy after the death", 2, "130", "230", "new_therapy", "starts after the death", "correct one", P),
    broken_row("a new therapy before the treatment", 2, "130", "-20", "new_therapy", "before the treatment", "correct one", P),
    broken_row("a date where the scans have days", 2, "200,200", "200,2024-05-01", "death", "measurements have days", "dates in both", P),
    broken_row("cycles with decimals", 2, ",3,", ",2.5,", "cycles", "whole number", "without decimals", P),
    broken_row("negative cycles", 2, ",3,", ",-3,", "cycles", "must not be negative", "0 to 1000", P),
    broken_row("an arm that is empty", 2, "control", "", "arm", "the arm is empty", "fill it in", P),
    broken_row("an arm in another case", 3, "treated", "Control", "arm", "differ by case", "write the same arm", P),
    added_row("a row of totals below the patients", "Total,,,,,,3,,,", "patient", "a row of totals", "delete the row", P),
    broken_row("an unknown column of patients", 1, "death", "date_of_death", "date_of_death", "unknown column", "rename or delete it", P),
    broken_row(
        "patients without the column patient", 1, "patient,", "subject,", "patient", "the column `patient` is missing", "columns are", P
    ),
]
HEADERS = [
    broken_row("a misspelled column", 1, "steroid", "steriod", "steriod", "did you mean `steroid`?", "rename or delete it"),
    broken_row("a column in capitals", 1, "steroid", "Steroid", "Steroid", "did you mean `steroid`?", "rename or delete it"),
    broken_row("a blank in the header", 1, ",steroid", ", steroid", " steroid", "did you mean `steroid`?", "rename or delete it"),
    broken_row("a column twice", 1, "flair", "clinical", "clinical", "stands twice", "keep one"),
    broken_row("both days and dates", 1, "flair", "date", "date", "both `day` and `date`", "keep one"),
    broken_row("no column of days", 1, ",day,", ",mrd_day,", "day", "the column `day` is missing", "add `day`"),
    broken_row("no column of lesions", 1, ",lesion,", ",tumour,", "lesion", "the column `lesion` is missing", "add it"),
    broken_row("no column of kinds", 1, ",kind,", ",type,", "kind", "the column `kind` is missing", "add it"),
    broken_row("no column of patients", 1, "patient,", "subject,", "patient", "the column `patient` is missing", "add it"),
    broken_row("a row with a cell too many", 5, "21.5", "21,5", "", "more cells than the header", "decimals with a point"),
    broken_row("a row cut short", 12, "absent,0,,,,,,,,,,", "absent", "", "fewer cells than the header", "a comma for every column"),
    broken_row("a quote that is not closed", 5, "liver", '"liver', "", "a quote is not closed", "quote the whole cell"),
    broken_row("a quote inside a cell", 5, "liver", 'li"v"er', "", "a quote is not closed, or stands inside", "remove the quote"),
    broken_row("a null character", 5, "liver", "liv\0er", "", "null character", "save it again"),
]


def written(folder: Path, measurements: str | bytes = MEASUREMENTS, patients: str | bytes | None = PATIENTS) -> tuple[Path, Path | None]:
    """The files of a good reading, or of a broken one."""
    paths = []
    for name, text in (("measurements.csv", measurements), ("patients.csv", patients)):
        if text is not None:
            (folder / name).write_bytes(text.encode() if isinstance(text, str) else text)
        paths.append(folder / name if text is not None else None)
    return paths[0], paths[1]


def refused(measurements: Path | pl.DataFrame, patients: Path | pl.DataFrame | None = None, criterion: str | None = None) -> InputError:
    with pytest.raises(InputError) as caught:
        read_scans(measurements, patients, criteria.get(criterion) if criterion else None)
    return caught.value


def says(error: InputError, file: str, row: int | None, column: str, message: str, remedy: str) -> None:
    """One problem of the error names the place and the way out."""
    place = file + (f", row {row}" if row else "") + (f", column `{column}`" if column else "")
    found = [one for one in error.problems if place in str(one.place) and message in one.message and remedy in (one.remedy or "")]
    assert found, f"{place}: {message}; {remedy}\n{error}"


def test_the_good_files_are_read(tmp_path: Path) -> None:
    found = read_scans(*written(tmp_path))
    assert found.scans.day.shape == (2, 3)
    assert found.notes == ()


@pytest.mark.parametrize("one", [*CELLS, *CONTRADICTIONS, *PEOPLE, *HEADERS], ids=lambda one: one.title)
def test_one_broken_thing_is_refused_with_its_place_and_the_way_out(one: Break, tmp_path: Path) -> None:
    good = {"measurements.csv": MEASUREMENTS, "patients.csv": PATIENTS}
    assert good[one.file].count(one.old) == 1
    good[one.file] = good[one.file].replace(one.old, one.new)
    error = refused(*written(tmp_path, *good.values()))
    says(error, one.file, one.row, one.column, one.says, one.remedy)


@pytest.mark.parametrize("one", [*CELLS, *CONTRADICTIONS, *PEOPLE[:-2]], ids=lambda one: one.title)
def test_one_broken_thing_is_one_problem(one: Break, tmp_path: Path) -> None:
    """Nothing is said of rows that are wrong only because another is."""
    good = {"measurements.csv": MEASUREMENTS, "patients.csv": PATIENTS}
    good[one.file] = good[one.file].replace(one.old, one.new)
    error = refused(*written(tmp_path, *good.values()))
    assert len(error.problems) == 1, str(error)


FILES: dict[str, tuple[bytes, int | None, str, str]] = {
    "a byte-order mark": (b"\xef\xbb\xbf" + MEASUREMENTS.encode(), 1, "byte-order mark", "CSV (Comma delimited)"),
    "UTF-16": (MEASUREMENTS.encode("utf-16"), 1, "UTF-16", "encoding UTF-8"),
    "Latin-1": (
        MEASUREMENTS.replace("node,target-node,18", "n\u0153ud,target-node,18").replace("\u0153", "\u00f6").encode("latin-1"),
        3,
        "not UTF-8",
        "UTF-8",
    ),
    "semicolons": (MEASUREMENTS.replace(",", ";").encode(), 1, "separated by semicolons", "commas between cells"),
    "semicolons and decimal commas": (
        MEASUREMENTS.replace(",", ";").replace(".", ",").encode(),
        1,
        "separated by semicolons",
        "points in decimals",
    ),
    "tabs": (MEASUREMENTS.replace(",", "\t").encode(), 1, "separated by tabs", "commas between cells"),
    "old line ends": (MEASUREMENTS.replace("\n", "\r").encode(), None, "carriage return", "Unix or Windows"),
    "nothing": (b"", None, "the file is empty", "write a header"),
    "blanks": (b" \n\n \n", None, "the file is empty", "write a header"),
    "a header alone": (MEASUREMENTS.splitlines()[0].encode() + b"\n", None, "no rows below the header", "at least one row"),
    "a header and empty rows": (MEASUREMENTS.splitlines()[0].encode() + b"\n,,\n\n", 2, "fewer cells", "a comma for every column"),
    "an empty first row": (b"\n" + MEASUREMENTS.encode(), 1, "row 1 is empty", "names of the columns in row 1"),
    "no header": (MEASUREMENTS.partition("\n")[2].encode(), 1, "row 1 is not a header", "names of the columns in row 1"),
    "a title above the header": (b"Study 7" + b"," * 17 + b"\n" + MEASUREMENTS.encode(), 1, "row 1 is not a header", "in row 1"),
    "a column without name": (MEASUREMENTS.replace("\n", ",\n").encode(), 1, "a column has no name", "delete the column"),
    "numbers of rows": (
        "\n".join(f'"{at or ""}",{line}' for at, line in enumerate(MEASUREMENTS.splitlines())).encode(),
        1,
        "no name",
        "row.names",
    ),
    "an old Excel workbook": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), 1, "an old Excel", "save it as .xlsx"),
    "gzip": (b"\x1f\x8b\x08" + bytes(60), 1, "compressed with gzip", "unpack"),
    "Parquet": (b"PAR1" + bytes(60), 1, "this is Parquet", ".parquet"),
    "a quote open to the end": (MEASUREMENTS.encode() + b'P2,90,"A,liver,target', 14, "a quote is not closed", "quote the whole cell"),
}


@pytest.mark.parametrize("title", FILES)
def test_a_file_of_the_wrong_form_is_refused(title: str, tmp_path: Path) -> None:
    data, row, message, remedy = FILES[title]
    says(refused(*written(tmp_path, data)), "measurements.csv", row, "", message, remedy)


@pytest.mark.parametrize("name", ["measurements.docx", "measurements", "measurements.ods", "measurements.xls"])
def test_an_ending_that_is_not_read_is_refused(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text(MEASUREMENTS)
    says(refused(tmp_path / name), name, None, "", "no kind of file", ".csv")


def test_a_zip_archive_named_csv_is_refused(tmp_path: Path) -> None:
    with ZipFile(tmp_path / "measurements.csv", "w") as archive:
        archive.writestr("scans.csv", MEASUREMENTS)
    says(refused(tmp_path / "measurements.csv"), "measurements.csv", 1, "", "zip archive or an Excel workbook", ".xlsx")


def test_a_missing_file_a_folder_and_a_name_that_cannot_be_are_refused(tmp_path: Path) -> None:
    says(refused(tmp_path / "scans.csv"), "scans.csv", None, "", "no such file", "check the name")
    (tmp_path / "folder.csv").mkdir()
    says(refused(tmp_path / "folder.csv"), "folder.csv", None, "", "a folder, not a file", "name the file inside")
    says(refused(Path("a\0b.csv")), "a\0b.csv", None, "", "cannot be read", "check the name")


DATES = [
    ("a day of 30 February", "2024-03-01", "2024-02-30", 3, "no such date", "correct it"),
    ("the thirteenth month", "2024-03-01", "2024-13-01", 3, "no such date", "correct it"),
    ("day first", "2024-03-01", "01.03.2024", 3, "not a date of the form YYYY-MM-DD", "the year first"),
    ("month or day first", "2024-03-01", "03/01/2024", 3, "not a date of the form YYYY-MM-DD", "the year first"),
    ("slashes", "2024-03-01", "2024/03/01", 3, "not a date of the form YYYY-MM-DD", "the year first"),
    ("no zero in front", "2024-03-01", "2024-3-1", 3, "not a date of the form YYYY-MM-DD", "the year first"),
    ("a month in words", "2024-03-01", "1 March 2024", 3, "not a date of the form YYYY-MM-DD", "the year first"),
    ("two digits of a year", "2024-03-01", "24-03-01", 3, "not a date of the form YYYY-MM-DD", "the year first"),
    ("the year 24", "2024-03-01", "0024-03-01", 3, "no such date between 1900 and 2100", "correct it"),
    ("a time of day", "2024-03-01", "2024-03-01 14:30:00", 3, "more than a date", "without a time of day"),
    ("a day among dates", "2024-03-01", "56", 3, "a number, not a date", "all days as dates"),
    ("a date that is empty", "2024-03-01", "", 3, "the date is empty", "fill it in"),
]


@pytest.mark.parametrize(("title", "old", "new", "row", "message", "remedy"), DATES, ids=lambda one: str(one)[:30])
def test_a_date_that_could_mean_two_things_is_refused(
    title: str, old: str, new: str, row: int, message: str, remedy: str, tmp_path: Path
) -> None:
    error = refused(*written(tmp_path, DATED.replace(old, new), DATED_PATIENTS))
    says(error, "measurements.csv", row, "date", message, remedy)
    assert len(error.problems) == 1, title


def test_dates_without_time_zero_are_refused(tmp_path: Path) -> None:
    says(refused(written(tmp_path, DATED)[0]), "measurements.csv", 1, "date", "dates, but no time zero", "`time_zero`")
    without = written(tmp_path, DATED, "patient,death\nP1,2024-09-30\nP2,\n")
    says(refused(*without), "patients.csv", 1, "", "`time_zero` is missing", "`time_zero`")
    empty = written(tmp_path, DATED, DATED_PATIENTS.replace("P2,2024-02-10", "P2,"))
    says(refused(*empty), "patients.csv", 3, "time_zero", "time zero is empty", "fill it in")


def test_patients_with_days_beside_scans_with_dates_are_refused(tmp_path: Path) -> None:
    error = refused(*written(tmp_path, DATED, DATED_PATIENTS.replace("2024-09-30", "267")))
    says(error, "patients.csv", 2, "death", "a number, not a date", "all days as dates")


def test_a_patient_who_is_not_in_the_table_of_patients_is_refused(tmp_path: Path) -> None:
    error = refused(*written(tmp_path, MEASUREMENTS, PATIENTS.replace("P2,treated,0,1,,-30,,,90,\n", "")))
    says(error, "measurements.csv", 11, "patient", "does not stand in", "add the patient there")
    assert len(error.problems) == 1


def test_a_target_with_one_axis_is_refused_where_products_are_judged(tmp_path: Path) -> None:
    text = MEASUREMENTS.replace("node,target-node,18,,0,24", "node,target-node,18,,0,")
    for criterion in ("lugano", "rano2010", "rano2"):
        error = refused(*written(tmp_path, text), criterion)
        says(error, "measurements.csv", 3, "perpendicular_mm", "second axis of a measured target is not given", "not_evaluable")
    for criterion in ("recist1.1", "rano-bm"):
        read_scans(*written(tmp_path, text), criteria.get(criterion))
    for criterion, option, choice in (
        ("lugano", "single_axis", "round"),
        ("rano2", "dimension", "1d"),
        ("rano2010", "missing_perpendicular", "round"),
    ):
        read_scans(*written(tmp_path, text), criteria.get(criterion), {option: choice})


def test_a_column_that_the_criterion_needs_is_missed(tmp_path: Path) -> None:
    lines = [line.split(",") for line in MEASUREMENTS.splitlines()]
    kept = "\n".join(",".join(line[:5] + line[6:]) for line in lines)
    error = refused(*written(tmp_path, kept), "recist1.1")
    says(error, "measurements.csv", 1, "diameter_mm", "recist1.1 needs", "add it")


def test_all_problems_of_both_files_are_told_at_once(tmp_path: Path) -> None:
    measurements = (
        MEASUREMENTS.replace("21.5", "21 mm").replace("steroid", "steriod").replace("P2,57,,", "P2,57").replace("bone,new", "bone,nwe")
    )
    patients = PATIENTS.replace("130", "230").replace("-30", "x")
    error = refused(*written(tmp_path, measurements, patients))
    says(error, "measurements.csv", 5, "diameter_mm", "text behind it", "only the number")
    says(error, "measurements.csv", 1, "steriod", "unknown column", "rename")
    says(error, "measurements.csv", 13, "", "fewer cells", "a comma for every column")
    says(error, "measurements.csv", 10, "kind", "did you mean `new`?", "write target")
    says(error, "patients.csv", 2, "new_therapy", "after the death", "correct one")
    says(error, "patients.csv", 3, "radiation_end", "not a number", "write a plain number")
    assert len(error.problems) == 6
    assert str(error).startswith("6 problems:")


@pytest.mark.parametrize("form", ["a byte-order mark", "semicolons", "tabs", "UTF-16", "Latin-1", "old line ends"])
def test_a_file_of_the_wrong_form_is_read_on_for_what_else_is_wrong(form: str, tmp_path: Path) -> None:
    text = MEASUREMENTS.replace("21.5", "21 mm").replace("bone,new", "bone,nwe").replace("P2", "P\u00e9")
    patients = PATIENTS.replace("P2", "P\u00e9").replace("-30", "x")
    data = {
        "a byte-order mark": b"\xef\xbb\xbf" + text.encode(),
        "semicolons": text.replace(",", ";").encode(),
        "tabs": text.replace(",", "\t").encode(),
        "UTF-16": text.encode("utf-16"),
        "Latin-1": text.encode("latin-1"),
        "old line ends": text.replace("\n", "\r").encode(),
    }[form]
    error = refused(*written(tmp_path, data, patients))
    says(error, "measurements.csv", 5, "diameter_mm", "text behind it", "only the number")
    says(error, "measurements.csv", 10, "kind", "did you mean `new`?", "write target")
    says(error, "patients.csv", 3, "radiation_end", "not a number", "write a plain number")
    assert len(error.problems) == 4, str(error)


def test_fifty_problems_are_shown_of_every_kind_and_all_are_counted(tmp_path: Path) -> None:
    rows = "".join(f"P{at},0,A,liver,target,1 cm\n" for at in range(500)) + "P500,0,A,liver,terget,10\nP501,zero,A,liver,target,10\n"
    error = refused(written(tmp_path, "patient,day,lesion,organ,kind,diameter_mm\n" + rows)[0])
    assert str(error).startswith("502 problems, 50 of them shown:")
    assert len(error.problems) == 51
    says(error, "measurements.csv", 502, "kind", "did you mean `target`?", "write target")
    says(error, "measurements.csv", 503, "day", "not a number", "write a plain number")
    assert error.problems[-1].message == "and 452 more"


@pytest.fixture(scope="module")
def million() -> pl.DataFrame:
    """Scans of 10,000 patients with 20 visits and 5 lesions, in text."""
    patient, visit, lesion = (one.ravel() for one in np.meshgrid(np.arange(10_000), np.arange(20), np.arange(5), indexing="ij"))
    return pl.DataFrame({"patient": patient, "day": visit * 56, "lesion": lesion}).with_columns(
        pl.format("P{}", "patient").alias("patient"),
        pl.format("L{}", "lesion").alias("lesion"),
        pl.lit("target").alias("kind"),
        (20 + pl.col("lesion") + pl.col("day") / 100).cast(pl.String).alias("diameter_mm"),
    )


@pytest.mark.slow
@pytest.mark.parametrize(
    ("column", "value", "message"), [("diameter_mm", "2O.5", "not a number"), ("kind", "targt", "did you mean"), ("day", "", "is empty")]
)
def test_one_bad_row_of_a_million_is_found_and_named(million: pl.DataFrame, column: str, value: str, message: str, tmp_path: Path) -> None:
    changed = million.with_columns(
        pl.when(pl.int_range(pl.len()) == 654_321).then(pl.lit(value)).otherwise(pl.col(column).cast(pl.String)).alias(column)
    )
    changed.write_csv(tmp_path / "measurements.csv")
    start = time.perf_counter()
    error = refused(tmp_path / "measurements.csv")
    assert time.perf_counter() - start < 10
    says(error, "measurements.csv", 654_323, column, message, "")
    assert len(error.problems) == 1


Change = Callable[[Workbook], None]


def workbook(folder: Path, change: Change = lambda book: None, text: str = MEASUREMENTS) -> Path:
    """The good measurements as a workbook, with one thing changed."""
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    for line in text.splitlines():
        sheet.append([_typed(cell) for cell in line.split(",")])
    change(book)
    book.save(folder / "measurements.xlsx")
    return folder / "measurements.xlsx"


def _typed(cell: str) -> object:
    try:
        return float(cell) if "." in cell else int(cell)
    except ValueError:
        return cell or None


def setting(place: str, value: object) -> Change:
    def change(book: Workbook) -> None:
        book.active[place] = value  # type: ignore[index]

    return change


def merging(book: Workbook) -> None:
    book.active.merge_cells("A5:A7")  # type: ignore[union-attr]


def hiding_a_row(book: Workbook) -> None:
    book.active.row_dimensions[6].hidden = True  # type: ignore[union-attr]


def hiding_a_column(book: Workbook) -> None:
    book.active.column_dimensions["F"].hidden = True  # type: ignore[union-attr]


def adding_a_sheet(book: Workbook) -> None:
    book.create_sheet("more")["A1"] = "patient"


def moving_down(book: Workbook) -> None:
    book.active.insert_rows(1)  # type: ignore[union-attr]


WORKBOOKS: dict[str, tuple[Change, str, str, str]] = {
    "merged cells": (merging, "row 5, cells A5:A7", "cells are merged", "unmerge"),
    "a hidden row": (hiding_a_row, "row 6", "the row is hidden", "show all rows"),
    "a hidden column": (hiding_a_column, "row 1, column F", "the column is hidden", "show all columns"),
    "two sheets": (adding_a_sheet, "measurements.xlsx", "several sheets", "keep one sheet"),
    "an empty first row": (moving_down, "row 1", "row 1 is empty", "names of the columns"),
    "a number as text": (setting("F5", "21.5"), "row 5, column `diameter_mm`", "stored as text", "Convert to Number"),
    "a day as text": (setting("B5", "56"), "row 5, column `day`", "stored as text", "Convert to Number"),
    "a unit": (setting("F5", "21.5 mm"), "row 5, column `diameter_mm`", "text behind it", "only the number"),
    "a formula without value": (setting("F5", "=20+1.5"), "row 5, column `diameter_mm`", "no stored value", "open and save"),
    "a date among days": (setting("B5", date(2024, 3, 1)), "row 5, column `day`", "this is a date", "all visits as days"),
    "a size made a date": (
        setting("F5", datetime(2024, 5, 10)),
        "row 5, column `diameter_mm`",
        "this is a date",
        "did the program make it a date",
    ),
    "a truth for a size": (setting("F5", True), "row 5, column `diameter_mm`", "not a number", "plain number"),
    "an error value": (setting("F5", "#DIV/0!"), "row 5, column `diameter_mm`", "not a number", "plain number"),
    "a row of totals": (setting("A14", "Mean"), "row 14, column `patient`", "row of totals", "delete the row"),
    "a note beside the table": (setting("T4", "check with M."), "row 1, cell 19", "a column has no name", "delete the column"),
    "a remark below the table": (
        setting("B16", "read by two radiologists"),
        "row 16, column `patient`",
        "`patient` is empty",
        "fill it in",
    ),
}


@pytest.mark.parametrize("title", WORKBOOKS)
def test_a_workbook_that_shows_one_thing_and_holds_another_is_refused(title: str, tmp_path: Path) -> None:
    change, place, message, remedy = WORKBOOKS[title]
    error = refused(workbook(tmp_path, change))
    found = [one for one in error.problems if place in str(one.place) and message in one.message and remedy in (one.remedy or "")]
    assert found, str(error)


def test_a_workbook_that_is_none_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "measurements.xlsx"
    path.write_text(MEASUREMENTS)
    says(refused(path), "measurements.xlsx", None, "", "not an Excel workbook", "ending .csv")
    with ZipFile(path, "w") as archive:
        archive.writestr("scans.csv", MEASUREMENTS)
    says(refused(path), "measurements.xlsx", None, "", "cannot be read", "save it again")
    Workbook().save(path)
    says(refused(path), "measurements.xlsx", None, "", "the workbook is empty", "write a header")


def test_parquet_that_is_none_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "measurements.parquet"
    path.write_text(MEASUREMENTS)
    says(refused(path), "measurements.parquet", None, "", "not Parquet", "ending .csv")
    path.write_bytes(b"PAR1" + bytes(50) + b"PAR1")
    says(refused(path), "measurements.parquet", None, "", "it is broken", "write it again")


@pytest.mark.parametrize(
    ("change", "row", "column", "message"),
    [
        ({"diameter_mm": [30.0, float("nan")]}, 3, "diameter_mm", "not a number"),
        ({"diameter_mm": [30.0, -1.0]}, 3, "diameter_mm", "must not be negative"),
        ({"diameter_mm": ["30", "21 mm"]}, 3, "diameter_mm", "text behind it"),
        ({"diameter_mm": [[30.0], [21.0]]}, 1, "diameter_mm", "the column is of the type List"),
        ({"diameter_mm": [True, True]}, 1, "diameter_mm", "the column is of the type Boolean"),
        ({"day": [date(2024, 1, 5), date(2024, 3, 1)]}, 2, "day", "this is a date"),
        ({"lesion": [None, "A"]}, 2, "lesion", "without naming it"),
        ({"patient": ["P1", None]}, 3, "patient", "`patient` is empty"),
        ({"kind": [1, 2]}, 2, "kind", "this is not a kind"),
    ],
)
def test_a_table_in_memory_is_refused_by_the_same_rules(change: dict, row: int, column: str, message: str) -> None:
    good = {"patient": ["P1", "P1"], "day": [0, 56], "lesion": ["A", "A"], "kind": ["target", "target"], "diameter_mm": [30.0, 21.0]}
    read_scans(pl.DataFrame(good))
    says(refused(pl.DataFrame({**good, **change}, strict=False)), "measurements", row, column, message, "")


def test_a_table_of_another_library_is_refused() -> None:
    says(refused({"patient": ["P1"]}), "measurements", None, "", "this is no table", "polars.from_pandas")  # type: ignore[arg-type]


def test_a_crowd_padded_to_one_patient_of_many_scans_is_refused_before_the_memory_is_full() -> None:
    crowd = pl.DataFrame({"patient": [f"P{at}" for at in range(20_000)], "lesion": "L0", "day": 0})
    one = pl.DataFrame({"patient": "Q", "lesion": [f"L{at}" for at in range(200)], "day": list(range(200))})
    table = pl.concat([crowd, one], how="vertical_relaxed").with_columns(kind=pl.lit("non-target"), status=pl.lit("present"))
    says(refused(table), "measurements", None, "", "do not fit into memory", "split the file by patients")


ALPHABET = st.sampled_from(list("0123456789,;.-\n\r\t\"' \0<>PABNXeEµé\u2212\u200b\ufeff=+#/|"))
DAMAGE = st.lists(st.tuples(st.integers(0, 1300), st.integers(0, 12), st.text(ALPHABET, max_size=6)), min_size=1, max_size=4)
ONE_FOLDER = [HealthCheck.function_scoped_fixture]


def damaged(text: str, damage: list[tuple[int, int, str]]) -> str:
    """Text with pieces cut out and others put in."""
    for start, cut, put in damage:
        start = start % len(text) if text else 0
        text = text[:start] + put + text[start + cut :]
    return text


@settings(max_examples=100, deadline=None, suppress_health_check=ONE_FOLDER)
@given(damage=DAMAGE, with_patients=st.booleans())
def test_random_damage_is_refused_or_read_and_never_breaks_the_program(damage: list, with_patients: bool, tmp_path: Path) -> None:
    _refused_or_read(written(tmp_path, damaged(MEASUREMENTS, damage), PATIENTS if with_patients else None))


@settings(max_examples=50, deadline=None, suppress_health_check=ONE_FOLDER)
@given(damage=DAMAGE)
def test_random_damage_to_patients_is_refused_or_read(damage: list, tmp_path: Path) -> None:
    _refused_or_read(written(tmp_path, MEASUREMENTS, damaged(PATIENTS, damage)))


@settings(max_examples=50, deadline=None, suppress_health_check=ONE_FOLDER)
@given(damage=DAMAGE)
def test_random_damage_to_dates_is_refused_or_read(damage: list, tmp_path: Path) -> None:
    _refused_or_read(written(tmp_path, damaged(DATED, damage), DATED_PATIENTS))


@settings(max_examples=80, deadline=None, suppress_health_check=ONE_FOLDER)
@given(data=st.binary(max_size=200), ending=st.sampled_from([".csv", ".xlsx", ".parquet"]))
def test_random_bytes_are_refused_or_read(data: bytes, ending: str, tmp_path: Path) -> None:
    path = tmp_path / f"measurements{ending}"
    path.write_bytes(data)
    _refused_or_read((path, None))


@settings(max_examples=80, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["P1", "P2", "p1", "", " P1"]),
            st.sampled_from(["0", "56", "-7", "x", "", "1e5", "2024-01-01"]),
            st.sampled_from(["A", "B", "A.1", "Aa", "A+B", ""]),
            st.sampled_from(["target", "target-node", "non-target", "new", "", "tumor"]),
            st.sampled_from(["30", "0", "9", "-1", "", "12 mm", "nan"]),
            st.sampled_from(["", "measured", "absent", "too_small", "present", "progression", "not_evaluable", "gone"]),
            st.sampled_from(["", "0", "1", "2"]),
        ),
        min_size=1,
        max_size=12,
    )
)
def test_random_rows_are_refused_or_read(rows: list) -> None:
    columns = ["patient", "day", "lesion", "kind", "diameter_mm", "status", "new"]
    _refused_or_read((pl.DataFrame(rows, schema=columns, orient="row"), None))


def _refused_or_read(files: tuple) -> None:
    try:
        found = read_scans(*files)
    except InputError as error:
        assert all(problem.remedy for problem in error.problems), str(error)
        assert all(problem.place for problem in error.problems[:50]), str(error)
    else:
        assert isinstance(found, Read)
