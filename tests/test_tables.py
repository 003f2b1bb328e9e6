"""A table is read strictly, and everything wrong with it is said at once."""

import re
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from remission.distributions import Fixed, LogNormal, Normal
from remission.errors import InputError
from remission.parameters import ParameterSet, Table, layer, split_key

HEADER = "name,value,unit,per,distribution,low,high,evidence,source,meaning"
VOLUME = "volume,6.0,L,patient,lognormal(sd=0.2),3,10,fitted,someone2017,volume the antibody spreads in"
HALF_LIFE = "half_life,22,day,patient,normal(sd=4),8,40,measured,someone2017,time to halve the amount"
CLEARANCE = "clearance,=log(2)*volume/half_life,L/day,patient,,,,,,volume cleared per day"
RELEASE = "release,2.5,1,lesion,,0,10,assumed,,extra activity at full block"
GOOD = [VOLUME, HALF_LIFE, CLEARANCE, RELEASE]


@pytest.fixture
def write(tmp_path, monkeypatch):
    """Writes a table in the working folder and returns its name."""
    monkeypatch.chdir(tmp_path)

    def write_lines(*lines, header=HEADER, name="antibody.csv"):
        (tmp_path / name).write_text("\n".join([header, *lines]) + "\n", encoding="utf-8")
        return name

    return write_lines


@pytest.fixture
def base(write):
    return Table.read(write(*GOOD)).of_module("antibody")


def test_a_good_table_reads_as_written(write):
    table = Table.read(write(*GOOD))
    assert list(table.rows) == ["volume", "half_life", "clearance", "release"]
    volume = table.rows["volume"]
    assert (volume.value, volume.unit, volume.per, volume.low, volume.high) == (6.0, "L", "patient", 3.0, 10.0)
    assert volume.law == LogNormal(0.2)
    assert volume.place == "antibody.csv row 2"
    assert table.rows["clearance"].formula == "log(2)*volume/half_life"
    assert table.rows["release"].law == Fixed()
    assert table.rows["release"].source is None


def test_columns_may_stand_in_any_order_and_blank_lines_are_skipped(write):
    name = write(
        "", "1,x,0,assumed,,,patient,,what it is,", ",,,,,,,,,", header="value,name,low,evidence,source,high,per,unit,meaning,distribution"
    )
    with pytest.raises(InputError, match="antibody.csv row 3: `x` has no unit"):
        Table.read(name)
    name = write("", "1,x,0,assumed,,,patient,1,what it is,", header="value,name,low,evidence,source,high,per,unit,meaning,distribution")
    assert Table.read(name).rows["x"].limits == (0.0, float("inf"))


def test_a_file_saved_by_a_spreadsheet_is_read(tmp_path):
    path = tmp_path / "t.csv"
    path.write_bytes(b"\xef\xbb\xbf" + (HEADER + "\r\n" + VOLUME + "\r\n").encode())
    assert Table.read(path).rows["volume"].value == 6.0


@pytest.mark.parametrize(
    ("line", "row", "message"),
    [
        (VOLUME.replace("6.0", "six"), 3, "`volume` value: this is no finite number (value `six`)"),
        (VOLUME.replace("6.0", "nan"), 3, "no finite number (value `nan`)"),
        (VOLUME.replace("6.0", "6_0"), 3, "no finite number (value `6_0`)"),
        (VOLUME.replace("6.0", '"6,0"'), 3, "with a decimal point"),
        (VOLUME.replace("6.0", ""), 3, "`volume` has no value"),
        (VOLUME.replace("6.0", "11"), 3, "allowed range 3..10 (value 11.0)"),
        (VOLUME.replace(",3,10,", ",10,3,"), 3, "low 10 is above high 3"),
        (VOLUME.replace(",3,10,", ",three,10,"), 3, "`volume` low: this is no finite number (value `three`)"),
        (VOLUME.replace(",L,", ",litres/dya,"), 3, "`volume` unit: `dya` is no known unit, did you mean `day`?"),
        (VOLUME.replace(",L,", ",,"), 3, "`volume` has no unit"),
        (VOLUME.replace("patient", "person"), 3, "(value `person`); write one of patient, lesion, clone"),
        (VOLUME.replace("patient", "patients"), 3, "did you mean `patient`?"),
        (VOLUME.replace("patient", ""), 3, "`volume` has no per"),
        (VOLUME.replace("lognormal(sd=0.2)", "lognorm(sd=0.2)"), 3, "unknown distribution `lognorm`, did you mean `lognormal`?"),
        (VOLUME.replace("lognormal(sd=0.2)", "lognormal(sd=-1)"), 3, "`sd` must be positive (value `lognormal(sd=-1)`)"),
        (VOLUME.replace("fitted", "guess"), 3, "write one of measured, fitted, calibrated, computed, assumed"),
        (VOLUME.replace("fitted", ""), 3, "`volume` has no evidence"),
        (VOLUME.replace("someone2017", ""), 3, "is fitted but has no source; name the source, or write `assumed`"),
        (VOLUME.replace("volume the antibody spreads in", ""), 3, "`volume` has no meaning"),
        (VOLUME.replace("volume,", "vol ume,"), 3, "this is no name (value `vol ume`)"),
        (VOLUME.replace("volume,", "car_t.volume,"), 3, "this is no name"),
        (VOLUME.replace("volume,", "log,"), 3, "another meaning in formulas"),
        (VOLUME.replace("volume,", "lambda,"), 3, "another meaning in formulas"),
        (VOLUME.replace("volume,", ","), 3, "this is no name"),
        (HALF_LIFE, 3, "the name stands twice (value `half_life`); keep one; the other is antibody.csv row 2"),
        (CLEARANCE.replace("volume/", "volume//"), 3, "`clearance` value: `log(2) * volume // half_life` cannot stand in a formula"),
        (CLEARANCE.replace("patient,,", "patient,normal(sd=1),"), 3, "is a formula and cannot have a distribution"),
        (CLEARANCE.replace("patient,,,", "patient,,0,"), 3, "is a formula and cannot have limits; use min() and max()"),
        (VOLUME + ",more", 3, "11 cells where the header has 10 (value `volume`); put a text that has a comma in double quotes"),
    ],
)
def test_a_mistake_in_one_cell_is_named_with_file_row_value_and_remedy(write, line, row, message):
    with pytest.raises(InputError, match=re.escape(message)) as caught:
        Table.read(write(HALF_LIFE, line))
    problem = caught.value.problems[0]
    assert str(problem).startswith(f"antibody.csv row {row}")
    assert problem.remedy
    assert len(caught.value.problems) == 1


def test_all_mistakes_of_a_table_are_listed(write):
    broken = [
        VOLUME.replace("6.0", "six").replace("patient", "person"),
        HALF_LIFE.replace("measured", "heard"),
        RELEASE.replace("2.5", "11"),
    ]
    with pytest.raises(InputError) as caught:
        Table.read(write(*broken))
    assert [re.search(r"row \d", str(problem))[0] for problem in caught.value.problems] == ["row 2", "row 2", "row 3", "row 4"]


@pytest.mark.parametrize(
    ("header", "message"),
    [
        (HEADER.replace("unit", "units"), "row 1: unknown column `units`, did you mean `unit`?"),
        (HEADER.replace(",unit", ""), "row 1: missing column `unit`"),
        (HEADER + ",unit", "the column `unit` stands twice; keep one"),
        (HEADER.replace(",", ";"), "missing column"),
        ("", "missing column"),
    ],
)
def test_a_wrong_header_is_explained(write, header, message):
    with pytest.raises(InputError, match=re.escape(message)):
        Table.read(write(header=header))


def test_files_that_cannot_be_read_are_named(tmp_path):
    with pytest.raises(InputError, match=r"nothing.csv: there is no such table"):
        Table.read(tmp_path / "nothing.csv")
    latin = tmp_path / "latin.csv"
    latin.write_bytes((HEADER + "\n" + VOLUME).encode() + b"\xe9\n")
    with pytest.raises(InputError, match="not UTF-8"):
        Table.read(latin)
    open_quote = tmp_path / "quote.csv"
    open_quote.write_text(HEADER + '\n"volume,6')
    with pytest.raises(InputError, match="cannot be read"):
        Table.read(open_quote)
    with pytest.raises(InputError, match="cannot be read"):
        Table.read(tmp_path)


@settings(deadline=None, max_examples=60)
@given(st.binary(max_size=60), st.booleans())
def test_any_bytes_are_a_table_or_an_input_error(tmp_path_factory, content, with_header):
    path = tmp_path_factory.mktemp("any") / "t.csv"
    path.write_bytes(HEADER.encode() * with_header + b"\n" * with_header + content)
    with suppress(InputError):
        assert Table.read(path).place == str(path)


# --- layers ---------------------------------------------------------------------------------------------------------


def override(write, *lines, header=HEADER, name="b_all.csv"):
    return Table.read(write(*lines, header=header, name=name), override=True)


def test_cells_left_empty_are_inherited(write, base):
    rows = layer(base, override(write, "antibody.volume,5,,,,,,assumed,,"), "disease b_all")
    volume = rows["antibody.volume"]
    assert (volume.value, volume.unit, volume.law, volume.high) == (5.0, "L", LogNormal(0.2), 10.0)
    assert (volume.evidence, volume.source) == ("assumed", "someone2017")
    assert [(said.name, said.value, said.place) for said in volume.layers] == [
        ("module", "6.0", "antibody.csv row 2"),
        ("disease b_all", "5.0", "b_all.csv row 2"),
    ]
    assert rows["antibody.release"] is base["antibody.release"]
    assert base["antibody.volume"].value == 6.0


def test_columns_that_change_nothing_may_be_left_out(write, base):
    rows = layer(base, override(write, "antibody.volume,5,measured,else2020", header="name,value,evidence,source"), "population")
    assert (rows["antibody.volume"].value, rows["antibody.volume"].source) == (5.0, "else2020")


def test_a_new_number_without_a_word_of_evidence_counts_as_assumed(write, base):
    volume = layer(base, override(write, "antibody.volume,5", header="name,value"), "patient")["antibody.volume"]
    assert (volume.evidence, volume.source) == ("assumed", None)
    spread = layer(base, override(write, "antibody.volume,normal(sd=1)", header="name,distribution"), "patient")["antibody.volume"]
    assert (spread.evidence, spread.law) == ("fitted", Normal(1.0))


def test_a_number_in_another_unit_is_converted(write, base):
    lines = ["antibody.volume,5000,mL,,,4000,8000,assumed,,", "antibody.half_life,480,hour,,normal(sd=24),,,assumed,,"]
    rows = layer(base, override(write, *lines), "disease")
    volume, half_life = rows["antibody.volume"], rows["antibody.half_life"]
    assert (volume.value, volume.low, volume.high, volume.unit) == (5.0, 4.0, 8.0, "L")
    assert half_life.value == pytest.approx(20)
    assert half_life.law.sd == pytest.approx(1.0)
    assert half_life.unit == "day"


def test_a_formula_takes_the_place_of_number_spread_and_limits(write, base):
    volume = layer(base, override(write, "antibody.volume,=0.1*half_life", header="name,value"), "disease")["antibody.volume"]
    assert (volume.formula, volume.law, volume.limits, volume.evidence) == ("0.1*half_life", Fixed(), (float("-inf"), float("inf")), None)
    again = layer({"antibody.volume": volume}, override(write, "antibody.volume,5", header="name,value"), "patient")["antibody.volume"]
    assert (again.value, again.evidence) == (5.0, "assumed")


def test_fixed_takes_a_spread_away_and_inf_takes_a_limit_away(write, base):
    volume = layer(base, override(write, "antibody.volume,,,,fixed,-inf,inf,,,"), "patient")["antibody.volume"]
    assert volume.law == Fixed()
    assert volume.limits == (float("-inf"), float("inf"))


def test_an_agent_lies_over_its_modality_with_bare_names(write):
    base = Table.read(write(*GOOD)).of_module("targeted:osimertinib")
    table = override(write, "half_life,9,assumed", header="name,value,evidence", name="osimertinib.csv")
    rows = layer(base, table, "agent", module="targeted:osimertinib")
    assert rows["targeted:osimertinib.half_life"].value == 9.0
    assert split_key("targeted:osimertinib.half_life") == ("targeted:osimertinib", "half_life")


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("antibody.volum,5,,,,,,,,", "b_all.csv row 2: no parameter `antibody.volum` to change, did you mean `antibody.volume`?"),
        ("car_t.volume,5,,,,,,,,", "no parameter `car_t.volume` to change"),
        ("volume,5,,,,,,,,", "no parameter `volume` to change"),
        ("antibody.volume,50,,,,,,,,", "b_all.csv row 2: `volume`: outside the allowed range 3..10 (value 50.0)"),
        ("antibody.volume,5,kg,,,,,,,", "`volume`: `kg` does not convert to `L`"),
        ("antibody.volume,=half_life,mL,,,,,,,", "cannot change its unit (value `mL`); write it in `L`"),
        ("antibody.clearance,,,,normal(sd=1),,,,,", "is a formula and cannot have a distribution"),
        ("antibody.volume,,,,,,,measured,,", None),
        ("antibody.release,,,,,,,measured,,", "is measured but has no source"),
    ],
)
def test_a_layer_that_does_not_fit_is_refused(write, base, line, message):
    table = override(write, line)
    if message is None:
        assert layer(base, table, "disease")["antibody.volume"].evidence == "measured"
        return
    with pytest.raises(InputError, match=re.escape(message)):
        layer(base, table, "disease")


def test_a_disease_may_speak_of_therapies_that_a_run_leaves_out(write, base):
    table = override(write, "car_t.volume,5,,,,,,,,", "antibody.volum,5,,,,,,,,")
    with pytest.raises(InputError) as caught:
        layer(base, table, "disease", skip_absent=True)
    assert [problem.place for problem in caught.value.problems] == ["b_all.csv row 3"]


def test_layered_rows_make_a_set(write, base):
    parameters = ParameterSet(layer(base, override(write, "antibody.volume,5,assumed", header="name,value,evidence"), "disease"))
    assert parameters.assumed() == ["antibody.volume", "antibody.release"]
    assert parameters.table()["layers"].to_list()[0] == "module < disease"


def test_a_row_with_too_many_cells_does_not_hide_the_next_mistake(write):
    with pytest.raises(InputError) as caught:
        Table.read(write(VOLUME + ",more", HALF_LIFE.replace("22", "x")))
    assert [problem.place for problem in caught.value.problems] == ["antibody.csv row 2", "antibody.csv row 3: `half_life` value"]
