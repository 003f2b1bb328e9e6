"""Good spreadsheets of scans: what every column means, in whatever order, form and program it was written."""

from __future__ import annotations

import csv
import io
import random
import time
from datetime import date
from pathlib import Path
from statistics import median
from zipfile import ZipFile

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import Workbook

from remission.assessing.reading import Read, read_options, read_scans
from remission.errors import InputError
from remission.response import criteria
from remission.response.scans import Kind, Scans, Status

HEADER = "patient,day,lesion,organ,kind,diameter_mm,status,new"


def file_of(folder: Path, *rows: str, header: str = HEADER, name: str = "measurements.csv") -> Path:
    (folder / name).write_text("\n".join([header, *rows]) + "\n")
    return folder / name


def read(folder: Path, *rows: str, header: str = HEADER, patients: tuple[str, ...] = ()) -> Read:
    table = file_of(folder, *patients[1:], header=patients[0], name="patients.csv") if patients else None
    return read_scans(file_of(folder, *rows, header=header), table)


def same(one: Scans, other: Scans) -> None:
    """Two readings hold the same scans of the same patients in the same order."""
    assert one.patients.patient.tolist() == other.patients.patient.tolist()
    np.testing.assert_array_equal(one.lesions, other.lesions)
    for name in ("day", "kind", "status", "diameter", "perpendicular"):
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name), err_msg=name)
    assert one.findings.keys() == other.findings.keys()
    for name, values in one.findings.items():
        np.testing.assert_array_equal(values, other.findings[name], err_msg=name)


def test_an_empty_status_follows_the_diameter(tmp_path: Path) -> None:
    found = read(tmp_path, "P1,0,A,liver,target,30,,", "P1,28,A,liver,target,0,,", "P1,56,A,liver,target,,,", "P1,84,A,liver,target,12.5,,")
    assert found.scans.status[0, :, 0].tolist() == [Status.MEASURED, Status.ABSENT, Status.NOT_EVALUABLE, Status.MEASURED]
    np.testing.assert_array_equal(found.scans.diameter[0, :, 0], [30, np.nan, np.nan, 12.5])


def test_every_status_is_read_as_written(tmp_path: Path) -> None:
    words = ["present", "progression", "absent", "not_evaluable", "measured", "too_small"]
    rows = [f"P1,{28 * at},N,bone,non-target,{'12' if word == 'measured' else ''},{word},0" for at, word in enumerate(words)]
    assert [Status(code).text for code in read(tmp_path, *rows).scans.status[0, :, 0]] == words


def test_a_target_may_progress_by_eye(tmp_path: Path) -> None:
    scans = read(tmp_path, "P1,0,A,liver,target,30,,", "P1,28,A,liver,target,,progression,").scans
    assert scans.status[0, :, 0].tolist() == [Status.MEASURED, Status.PROGRESSION]


def test_a_file_without_targets_needs_no_sizes(tmp_path: Path) -> None:
    rows = ["P1,0,N,bone,non-target,present", "P1,56,N,bone,non-target,absent"]
    path = file_of(tmp_path, *rows, header="patient,day,lesion,organ,kind,status")
    for criterion in ("recist1.1", "irecist", "rano2010"):
        assert read_scans(path, criterion=criteria.get(criterion)).scans.status[0, :, 0].tolist() == [Status.PRESENT, Status.ABSENT]


def test_every_kind_is_read_as_written(tmp_path: Path) -> None:
    rows = [f"P1,0,L{at},bone,{kind},20,,0" for at, kind in enumerate(["target", "target-node", "non-target", "non-target-node"])]
    found = read(tmp_path, *rows, "P1,28,L4,bone,new,20,,1")
    assert [Kind(code).text for code in found.scans.kind[0]] == ["target", "target-node", "non-target", "non-target-node", "new"]


def test_a_lesion_too_small_keeps_a_size_that_is_given(tmp_path: Path) -> None:
    scans = read(tmp_path, "P1,0,A,liver,target,30,,", "P1,28,A,liver,target,4,too_small,", "P1,56,A,liver,target,,too_small,").scans
    np.testing.assert_array_equal(scans.sizes(5.0)[0, :, 0], [30, 4, 5])


def test_a_lesion_without_a_row_at_a_visit_is_not_evaluated(tmp_path: Path) -> None:
    scans = read(tmp_path, "P1,0,A,liver,target,30,,", "P1,0,B,lung,target,20,,", "P1,28,A,liver,target,30,,").scans
    assert scans.status[0, 1].tolist() == [Status.MEASURED, Status.NOT_EVALUABLE]


def test_rows_of_one_day_are_one_visit(tmp_path: Path) -> None:
    scans = read(tmp_path, "P1,0,A,liver,target,30,,", "P1,0.0,B,lung,target,20,,").scans
    assert scans.day.tolist() == [[0.0]]


def test_patients_come_in_the_order_of_their_first_rows(tmp_path: Path) -> None:
    scans = read(tmp_path, "P9,0,A,liver,target,30,,", "P10,0,A,liver,target,30,,", "P1,0,A,liver,target,30,,").scans
    assert scans.patients.patient.tolist() == ["P9", "P10", "P1"]


def test_identifiers_keep_their_zeros(tmp_path: Path) -> None:
    assert read(tmp_path, "007,0,A,liver,target,30,,").scans.patients.patient.tolist() == ["007"]


def test_a_finding_may_stand_on_any_row_of_its_visit(tmp_path: Path) -> None:
    header = HEADER + ",steroid,clinical,flair,blasts"
    rows = ["P1,0,A,liver,target,30,,,,improved,,", "P1,0,B,lung,target,20,,,2,,,", "P1,0,,,,,,,,,1,", "P1,28,,,,,,,4,worse,-1,3.5"]
    scans = read(tmp_path, *rows, header=header).scans
    np.testing.assert_array_equal(scans.finding("steroid"), [[2, 4]])
    np.testing.assert_array_equal(scans.finding("clinical"), [[-1, 1]])
    np.testing.assert_array_equal(scans.finding("flair"), [[1, -1]])
    np.testing.assert_array_equal(scans.finding("blasts"), [[np.nan, 3.5]])


def test_a_leukemia_file_needs_no_lesions(tmp_path: Path) -> None:
    found = read(tmp_path, "P1,0,60,0.2,20,", "P1,28,3,1.2,110,1e-5", header="patient,day,blasts,anc,platelets,mrd")
    assert found.scans.kind.shape == (1, 0)
    np.testing.assert_array_equal(found.scans.finding("mrd"), [[np.nan, 1e-5]])


def test_patients_without_scans_stay_in_the_denominator(tmp_path: Path) -> None:
    found = read(tmp_path, "P1,0,A,liver,target,30,,", patients=("patient,arm,death", "P0,a,12", "P1,b,"))
    assert found.scans.patients.patient.tolist() == ["P1", "P0"]
    assert found.scans.patients.arm.tolist() == ["b", "a"]
    assert found.scans.baseline.tolist() == [0, -1]
    assert "patients without any scan, counted as not evaluable: P0" in found.notes


def test_patients_without_arms_are_one_arm(tmp_path: Path) -> None:
    assert read(tmp_path, "P1,0,A,liver,target,30,,").scans.patients.arm.tolist() == ["all"]
    found = read(tmp_path, "P1,0,A,liver,target,30,,", patients=("patient,arm", "P1,"))
    assert found.scans.patients.arm.tolist() == ["all"]


def test_days_count_from_each_patients_time_zero(tmp_path: Path) -> None:
    rows = ["P1,10,A,liver,target,30,,", "P1,66,A,liver,target,30,,", "P2,0,A,liver,target,30,,"]
    found = read(tmp_path, *rows, patients=("patient,time_zero,treatment_start,death", "P1,11,12,100", "P2,,,"))
    np.testing.assert_array_equal(found.scans.day, [[-1, 55], [0, np.nan]])
    np.testing.assert_array_equal(found.scans.patients.treatment_start, [1, np.nan])
    np.testing.assert_array_equal(found.scans.patients.death, [89, np.nan])
    np.testing.assert_array_equal(found.time_zero, [11, 0])


def test_dates_become_days_from_time_zero(tmp_path: Path) -> None:
    rows = ["P1,2024-02-28,A,target,30", "P1,2024-03-01,A,target,20", "P2,2023-12-31,A,target,30"]
    patients = ("patient,time_zero,death", "P2,2024-01-01,2024-12-31", "P1,2024-02-28,")
    found = read(tmp_path, *rows, header="patient,date,lesion,kind,diameter_mm", patients=patients)
    np.testing.assert_array_equal(found.scans.day, [[0, 2], [-1, np.nan]])
    np.testing.assert_array_equal(found.scans.patients.death, [np.nan, 365])
    assert found.dates
    assert found.time_zero.tolist() == [date(2024, 2, 28), date(2024, 1, 1)]


def test_organs_are_numbered_and_named(tmp_path: Path) -> None:
    found = read(tmp_path, "P1,0,A,lung,target,30,,", "P1,0,B,liver,target,30,,", "P1,0,C,,target,30,,", "P1,28,A,,target,30,,")
    assert found.organs == ("lung", "liver")
    assert found.scans.organ is not None
    assert found.scans.organ.tolist() == [[0, 1, -1]]


RICH = """\
patient,day,lesion,organ,kind,diameter_mm,status,new,perpendicular_mm,steroid,clinical
P1,0,A,liver,target,30,measured,0,20,2,0
P1,0,B,node,target-node,18,,0,24,,
P1,56,A,liver,target,21.5,measured,0,15,2,-1
P1,56,B,node,target-node,9,,0,12,,
P1,112,X,bone,new,,present,1,,,
P2,-3,A,liver,target,40,,0,30,,
P2,57,A,liver,target,0,absent,0,,,
P2,57,,,,,,,,4,
"""


def test_the_order_of_rows_changes_nothing(tmp_path: Path) -> None:
    lines = RICH.splitlines()
    good = read(tmp_path, *lines[1:], header=lines[0]).scans
    for seed in range(10):
        rows = lines[1:]
        random.Random(seed).shuffle(rows)
        found = read(tmp_path, *rows, header=lines[0]).scans
        order = [found.patients.patient.tolist().index(name) for name in good.patients.patient]
        same(good, found.some(np.array(order)))


def test_one_patient_alone_is_read_as_in_a_crowd(tmp_path: Path) -> None:
    lines = RICH.splitlines()
    crowd = read(tmp_path, *lines[1:], header=lines[0]).scans
    alone = read(tmp_path, *[line for line in lines[1:] if line.startswith("P2")], header=lines[0]).scans
    np.testing.assert_array_equal(alone.diameter[0], crowd.diameter[1, :2, :1])
    np.testing.assert_array_equal(alone.day[0], crowd.day[1, :2])


def test_csv_excel_parquet_and_tables_in_memory_are_read_alike(tmp_path: Path) -> None:
    lines = RICH.splitlines()
    text = read(tmp_path, *lines[1:], header=lines[0]).scans
    frame = pl.read_csv(io.StringIO(RICH))
    same(text, read_scans(frame).scans)
    same(text, read_scans(frame.cast({"kind": pl.Categorical, "new": pl.Boolean, "diameter_mm": pl.Float32})).scans)
    same(text, read_scans(pl.read_csv(io.StringIO(RICH), infer_schema=False)).scans)
    frame.write_parquet(tmp_path / "scans.parquet")
    same(text, read_scans(tmp_path / "scans.parquet").scans)
    book = Workbook()
    assert book.active is not None
    for row in [frame.columns, *frame.rows()]:
        book.active.append(row)
    book.save(tmp_path / "scans.xlsx")
    same(text, read_scans(tmp_path / "scans.xlsx").scans)


@pytest.mark.parametrize("form", ["windows", "no last line end", "quoted", "quotes of R", "empty rows", "empty cells in quotes"])
def test_forms_of_csv_that_mean_the_same_are_read_alike(form: str, tmp_path: Path) -> None:
    (tmp_path / "good.csv").write_text(RICH)
    quoted = "\n".join(",".join(f'"{cell}"' for cell in line.split(",")) for line in RICH.splitlines()) + "\n"
    text = {
        "windows": RICH.replace("\n", "\r\n"),
        "no last line end": RICH.rstrip("\n"),
        "quoted": quoted,
        "quotes of R": quoted.replace('""', ""),
        "empty rows": RICH.replace("\nP2,57", "\n\n,,,,,,,,,,\nP2,57") + "\n\n",
        "empty cells in quotes": RICH.replace(",,", ',"",'),
    }[form]
    (tmp_path / "form.csv").write_bytes(text.encode())
    found = read_scans(tmp_path / "form.csv")
    same(read_scans(tmp_path / "good.csv").scans, found.scans)
    assert any("rows without any entry were left out: 8, 9" in note for note in found.notes) == (form == "empty rows")


def test_names_with_commas_quotes_and_line_ends_count_as_one_row(tmp_path: Path) -> None:
    path = file_of(tmp_path, 'P1,0,"A, left ""upper""","liver, left",target,30,,', "P1,28,B,liver,target,x,,")
    with pytest.raises(InputError, match="row 3, column `diameter_mm`"):
        read_scans(path)
    found = read(tmp_path, 'P1,0,"A, left ""upper""","liver, left",target,30,,')
    assert found.scans.lesions is not None
    assert found.scans.lesions.tolist() == [['A, left "upper"']]
    assert found.organs == ("liver, left",)


def test_names_of_any_alphabet_are_kept(tmp_path: Path) -> None:
    found = read(tmp_path, "Ångström-7,0,リンパ節,печень,target-node,30,,")
    assert found.scans.patients.patient.tolist() == ["Ångström-7"]
    assert found.organs == ("печень",)


def test_a_formula_is_read_by_its_stored_value(tmp_path: Path) -> None:
    book = Workbook()
    assert book.active is not None
    for line in (["patient", "day", "lesion", "kind", "diameter_mm"], ["P1", 0, "A", "target", "=20+1.5"]):
        book.active.append(line)
    book.save(tmp_path / "bare.xlsx")
    with ZipFile(tmp_path / "bare.xlsx") as bare, ZipFile(tmp_path / "scans.xlsx", "w") as stored:
        for name in bare.namelist():
            stored.writestr(name, bare.read(name).replace(b"<v></v>", b"<v>21.5</v>").replace(b"<v />", b"<v>21.5</v>"))
    assert read_scans(tmp_path / "scans.xlsx").scans.diameter.tolist() == [[[21.5]]]


def test_dates_of_excel_are_dates(tmp_path: Path) -> None:
    book = Workbook()
    assert book.active is not None
    for line in (["patient", "date", "lesion", "kind", "diameter_mm"], ["P1", date(2024, 3, 1), "A", "target", 30]):
        book.active.append(line)
    book.save(tmp_path / "scans.xlsx")
    patients = file_of(tmp_path, "P1,2024-03-02", header="patient,time_zero", name="patients.csv")
    assert read_scans(tmp_path / "scans.xlsx", patients).scans.day.tolist() == [[-1.0]]


def test_numbers_as_identifiers_of_excel_match_those_of_a_csv(tmp_path: Path) -> None:
    book = Workbook()
    assert book.active is not None
    for line in (["patient", "day", "lesion", "kind", "diameter_mm"], [17, 0, 1, "target", 30]):
        book.active.append(line)
    book.save(tmp_path / "scans.xlsx")
    patients = file_of(tmp_path, "17,a", header="patient,arm", name="patients.csv")
    assert read_scans(tmp_path / "scans.xlsx", patients).scans.patients.arm.tolist() == ["a"]


# lesions that split and merge


def test_a_target_that_splits_counts_as_its_fragments(tmp_path: Path) -> None:
    for first, second in (("A.1", "A.2"), ("Aa", "Ab")):
        rows = [
            "P1,0,A,liver,target,40,,",
            "P1,28,A,liver,target,38,,",
            f"P1,56,{first},liver,target,18,,",
            f"P1,56,{second},liver,target,10,,",
        ]
        found = read(tmp_path, *rows)
        np.testing.assert_array_equal(found.scans.sizes(5.0).sum(axis=2), [[40, 38, 28]])
        assert any("split or merged" in note and f"{first} of P1" in note for note in found.notes)


def test_targets_that_merge_count_as_one(tmp_path: Path) -> None:
    rows = ["P1,0,A,liver,target,20,,", "P1,0,B,liver,target,25,,", "P1,56,A+B,liver,target,40,,", "P1,84,A+B,liver,target,41,,"]
    found = read(tmp_path, *rows)
    np.testing.assert_array_equal(found.scans.sizes(5.0).sum(axis=2), [[45, 40, 41]])


def test_a_part_that_is_not_measured_later_leaves_the_sum_unknown(tmp_path: Path) -> None:
    rows = ["P1,0,A,liver,target,40,,", "P1,56,A.1,liver,target,18,,", "P1,56,A.2,liver,target,10,,", "P1,84,A.1,liver,target,18,,"]
    sizes = read(tmp_path, *rows).scans.sizes(5.0)
    np.testing.assert_array_equal(sizes.sum(axis=2), [[40, 28, np.nan]])


def test_a_visit_missed_before_the_split_stays_unknown(tmp_path: Path) -> None:
    rows = [
        "P1,0,A,liver,target,40,,",
        "P1,28,N,bone,non-target,,present,",
        "P1,0,N,bone,non-target,,present,",
        "P1,56,A.1,liver,target,18,,",
    ]
    scans = read(tmp_path, *rows).scans
    targets = np.where(scans.is_kind(Kind.TARGET)[:, None, :], scans.sizes(5.0), 0)
    np.testing.assert_array_equal(targets.sum(axis=2), [[40, np.nan, 18]])


def test_a_target_that_leaves_a_fragment_keeps_its_own_size(tmp_path: Path) -> None:
    rows = ["P1,0,A,liver,target,40,,", "P1,56,A,liver,target,25,,", "P1,56,A.1,liver,target,10,,"]
    np.testing.assert_array_equal(read(tmp_path, *rows).scans.sizes(5.0).sum(axis=2), [[40, 35]])


@pytest.mark.parametrize("name", ["C.1", "Ca", "A+C", "C+D", "AB", "A.x", "+", "A+", ".1", "z"])
def test_a_part_of_nothing_that_was_there_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="first seen after the baseline visit"):
        read(tmp_path, "P1,0,A,liver,target,40,,", "P1,0,B,liver,target,40,,", f"P1,56,{name},liver,target,10,,")


# what is said in notes


@pytest.mark.parametrize(
    ("rows", "note"),
    [
        (
            ["P1,3,A,liver,target,30,,", "P1,56,A,liver,target,30,,"],
            "no visit at or before time zero, so the first visit is the baseline: P1",
        ),
        (
            ["P1,-30,A,liver,target,30,,", "P1,-2,A,liver,target,30,,"],
            "several visits at or before time zero, of which the last is the baseline: P1",
        ),
        (["P1,0,A,liver,target,30,,", "P1,0,A,liver,target,30,,"], "rows that repeat an earlier row were counted once: 3"),
        (["P1,0,A,liver,target,30,,", "P1,0,A,liver,target,30.0,measured,0"], "rows that repeat an earlier row were counted once: 3"),
        ([f"P1,0,{name},{name},target,30,," for name in "ABCDEF"], "more than 5 targets, judged as given: P1"),
        ([f"P1,0,{name},liver,target,30,," for name in "ABC"], "more than 2 targets in one organ, judged as given: P1"),
        ([f"P1,0,{name},n{name},target-node,30,," for name in "ABC"], "more than 2 targets in one organ, judged as given: P1"),
        (["P1,0,A,node,target-node,14,,"], "target nodes under 15 mm or other targets under 10 mm at baseline, judged as given: P1"),
        (["P1,0,A,liver,target,9.9,,"], "target nodes under 15 mm or other targets under 10 mm at baseline, judged as given: P1"),
        (["P1,0,A,liver,target,,too_small,"], "target nodes under 15 mm or other targets under 10 mm at baseline, judged as given: P1"),
        (["P1,0,A,liver,target,301,,"], "diameters over 300 mm, taken as millimeters: P1"),
        (["P1,0,A,liver,target,30,,", "P1,28,N,bone,non-target,,present,"], "non-targets not evaluated at baseline: P1"),
        (["P1,0,A,liver,target,30,,", "P1,3,A,liver,target,30,,"], "visits less than 7 days apart were judged one by one: P1"),
    ],
)
def test_what_is_clear_but_worth_knowing_becomes_a_note(rows: list[str], note: str, tmp_path: Path) -> None:
    found = read(tmp_path, *rows)
    assert len(found.notes) == 1, found.notes
    assert note in found.notes[0]


def test_a_usual_file_needs_no_note(tmp_path: Path) -> None:
    assert read(tmp_path, "P1,0,A,liver,target,30,,", "P1,0,B,node,target-node,15,,", "P1,56,A,liver,target,10,,").notes == ()


def test_a_note_names_five_patients_and_counts_the_others(tmp_path: Path) -> None:
    found = read(tmp_path, *[f"P{at},5,A,liver,target,30,," for at in range(1_205)])
    assert found.notes[0].endswith("P0, P1, P2, P3, P4 and 1,200 more")


def test_columns_a_criterion_does_not_use_are_named(tmp_path: Path) -> None:
    path = file_of(tmp_path, "P1,0,A,liver,target,30,,,4,3", header=HEADER + ",pet_score,blasts")
    assert read_scans(path, criterion=criteria.get("recist1.1")).notes == ("columns that recist1.1 does not use: pet_score, blasts",)


def test_a_column_of_second_axes_that_is_empty_asks_for_none(tmp_path: Path) -> None:
    path = file_of(tmp_path, "P1,0,A,chest,target-node,40,,,,4", header=HEADER + ",perpendicular_mm,pet_score")
    assert read_scans(path, criterion=criteria.get("lugano")).scans.finding("pet_score").tolist() == [[4.0]]


# against a reader that goes row by row


@st.composite
def good_rows(draw: st.DrawFn) -> list[str]:
    """Rows of a few patients whose targets are all measured at baseline."""
    rows = []
    for patient in range(draw(st.integers(1, 4))):
        days = draw(st.lists(st.integers(1, 400), max_size=5, unique=True))
        kinds = draw(st.lists(st.sampled_from(["target", "target-node", "non-target"]), min_size=1, max_size=4))
        for at, kind in enumerate(kinds):
            rows.append(f"P{patient},0,L{at},o{at},{kind},{draw(st.integers(10, 90))},,0")
            for day in days:
                said = draw(st.sampled_from(["12.5,", "0,", ",", ",absent", ",too_small", ",not_evaluable", "33,measured", "none"]))
                if said != "none":
                    rows.append(f"P{patient},{day},L{at},o{at},{kind},{said},0")
    return draw(st.permutations(rows))


@settings(max_examples=50, deadline=None)
@given(rows=good_rows())
def test_every_cell_goes_where_a_slow_reader_puts_it(rows: list[str]) -> None:
    scans = read_scans(pl.read_csv(io.StringIO("\n".join([HEADER, *rows])), infer_schema=False)).scans
    assert scans.lesions is not None
    seen = 0
    for row in csv.DictReader(io.StringIO("\n".join([HEADER, *rows]))):
        patient = scans.patients.patient.tolist().index(row["patient"])
        visit = scans.day[patient].tolist().index(float(row["day"]))
        lesion = scans.lesions[patient].tolist().index(row["lesion"])
        size = float(row["diameter_mm"]) if row["diameter_mm"] else float("nan")
        follows = "not_evaluable" if np.isnan(size) else "measured" if size else "absent"
        assert Status(scans.status[patient, visit, lesion]).text == (row["status"] or follows)
        assert Kind(scans.kind[patient, lesion]).text == row["kind"]
        np.testing.assert_equal(scans.diameter[patient, visit, lesion], size if size else float("nan"))
        seen += 1
    assert int((scans.status != Status.NOT_EVALUABLE).sum()) <= seen
    assert all(np.all(np.diff(days[np.isfinite(days)]) > 0) for days in scans.day)


# options


def test_options_may_be_flat_or_in_sections(tmp_path: Path) -> None:
    path = tmp_path / "options.toml"
    path.write_text('confirmed = true\n["recist1.1"]\nstable_days = 56\n[endpoints]\ncensoring = "ema"\n')
    assert read_options(path) == {"confirmed": True, "stable_days": 56, "censoring": "ema"}


def test_a_section_with_a_point_in_its_name_needs_no_quotes(tmp_path: Path) -> None:
    path = tmp_path / "options.toml"
    path.write_text("[recist1.1]\nstable_days = 56\n[rano-bm]\nconfirmation_days = 28\n")
    assert read_options(path, "recist1.1") == {"stable_days": 56}
    assert read_options(path, "rano-bm") == {"confirmation_days": 28}


@pytest.mark.parametrize("text", ["", "\n \n", "# the defaults\n"])
def test_a_file_without_options_leaves_the_defaults(text: str, tmp_path: Path) -> None:
    (tmp_path / "options.toml").write_text(text)
    assert read_options(tmp_path / "options.toml") == {}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("confirmed = yes", "not TOML"),
        ("confirmed = true\n[endpoints]\nconfirmed = false", "given twice"),
        ("[recist]\nstable_days = 56", "this is no option"),
        ("[endpoint]\ncensoring = 'ema'", "did you mean `endpoints`"),
        ("stable_days = [42]", "this is no option"),
    ],
)
def test_options_that_cannot_be_read_are_refused(text: str, message: str, tmp_path: Path) -> None:
    (tmp_path / "options.toml").write_text(text)
    with pytest.raises(InputError, match=message):
        read_options(tmp_path / "options.toml")


# size


@pytest.mark.slow
@pytest.mark.parametrize("quoted", [False, True])
def test_a_million_rows_are_read_in_at_most_four_times_what_pandas_takes(quoted: bool, tmp_path: Path) -> None:
    pandas = pytest.importorskip("pandas")
    patient, visit, lesion = (one.ravel() for one in np.meshgrid(np.arange(10_000), np.arange(20), np.arange(5), indexing="ij"))
    frame = pl.DataFrame({"patient": patient, "day": visit * 56, "lesion": lesion}).with_columns(
        pl.format("P{}", "patient").alias("patient"),
        pl.format("L{}", "lesion").alias("lesion"),
        pl.format("organ {}", "lesion").alias("organ"),
        pl.lit("target").alias("kind"),
        (20 + pl.col("lesion") + pl.col("day") / 100).alias("diameter_mm"),
        pl.lit("measured").alias("status"),
        pl.lit(0).alias("new"),
    )
    path = tmp_path / "measurements.csv"
    frame.write_csv(path, quote_style="non_numeric" if quoted else "necessary")
    theirs, ours = [], []
    for _ in range(5):
        start = time.perf_counter()
        pandas.read_csv(path)
        theirs.append(time.perf_counter() - start)
        start = time.perf_counter()
        scans = read_scans(path).scans
        ours.append(time.perf_counter() - start)
    assert scans.day.shape == (10_000, 20)
    assert median(ours) <= 4 * median(theirs), (ours, theirs)
