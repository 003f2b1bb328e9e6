"""The battery: what must hold of every module, agent, disease and table in the folders, whatever it is about.

Courses through time: `test_doses.py` and `test_courses.py`. Exchange formats and a second device have no tests here, because the
package has neither yet.
"""

import ast
import csv

import pytest

from remission import diseases, therapies
from remission.diseases.build import all_modules, build, parameters_of
from remission.formulas import parse_formula
from remission.measurement import LABEL, TABLE
from remission.model.compose import compose, module_rows
from remission.parameters import resolve
from remission.tables import Table, columns, evidence_words, split_key
from remission.units import unit
from tests.battery.found import (
    DISEASES,
    FOLDERS,
    MODULE_FILES,
    PACKAGE,
    agents,
    every_therapy,
    headers,
    is_override,
    modules,
    parameter_tables,
    references,
    sites,
    whole,
)

COVARIATES = "patient."
# Rows that no equation reads, with the file that reads them.
READ_BY_THE_PROTOCOL = {
    "supply.failure_probability": "arms.py",
    "supply.vein_to_vein": "arms.py",
    "supply.dropout_rate": "arms.py",
    "supply.bridging_probability": "arms.py",
    "supply.cell_yield": "arms.py",
    "later_line.delay": "protocol.py",
    "transplant.rate_in_remission": "protocol.py",
    "transplant.first_day": "protocol.py",
    "transplant.last_day": "protocol.py",
    "transplant.rate_after_chemotherapy": "protocol.py",
    "transplant.first_day_after_chemotherapy": "protocol.py",
}
READERS_OF_MEASUREMENT = ("measurement.py", "protocol.py", "arms.py")
# Rules of criteria, in `response`, quote their source in words.
WITH_SOURCES = [path for path, header in headers().items() if "source" in header and path.parent.name != "response"]

every_disease = pytest.mark.parametrize("disease", DISEASES)
every_table = pytest.mark.parametrize("path", parameter_tables(), ids=lambda path: str(path.relative_to(PACKAGE)))


def name_of(value) -> str:
    return getattr(value, "label", str(value))


def used_by_equations(system) -> set[str]:
    """Rows that equations name, and those that formulas of used rows name."""
    rows, found, waiting = system.parameters.rows, set(), [name for name, _, _ in system.parameter_names]
    while waiting:
        key = waiting.pop()
        if key not in found:
            found.add(key)
            waiting += [resolve(name, key, rows) for name in (parse_formula(rows[key].formula).names if rows[key].formula else ())]
    return found


# ---- modules and agents compose -----------------------------------------------------------------------------------------------
@every_disease
@pytest.mark.parametrize("module", modules(), ids=name_of)
def test_every_module_composes_within_every_disease(disease, module):
    """Composition checks every unit; what a module declares is there under its name."""
    system = build(disease, [module])
    assert (module.label in {agent.name for agent in system.agents}) == module.is_agent
    declared = {split_key(key)[0] for key in system.parameters.rows}
    assert module.label in declared or not module.table.exists()


@every_disease
@pytest.mark.parametrize("agent", agents())
def test_every_agent_composes_within_every_disease(disease, agent):
    system = build(disease, [agent])
    assert therapies.get(agent).label in {found.name for found in system.agents}
    assert all(key in system.parameters.rows for key, _, _ in system.parameter_names)


@every_disease
def test_a_disease_composes_alone_and_with_every_therapy(disease):
    alone, together = build(disease), whole(disease)
    assert {state.name for state in alone.states} <= {state.name for state in together.states}
    assert {therapies.get(name).label for name in every_therapy()} <= {agent.name for agent in together.agents}


@every_disease
def test_the_order_of_modules_does_not_matter(disease):
    own = diseases.get(disease)
    made = all_modules(own, every_therapy())
    digests = {compose(disease, some, own.clones, sites(own), parameters_of(own, some)).digest for some in (made, made[::-1])}
    assert len(digests) == 1


@every_disease
def test_states_and_outputs_have_units_that_are_known(disease):
    for item in (*whole(disease).states, *whole(disease).outputs):
        unit(item.unit)


@pytest.mark.parametrize("agent", agents())
def test_every_table_of_an_agent_is_claimed_by_one_modality(agent):
    assert [name for name in agents() if name.split(":")[1] == agent.split(":")[1]] == [agent]


# ---- tables and equations -----------------------------------------------------------------------------------------------------
@every_disease
def test_every_row_is_used_by_an_equation_or_the_protocol(disease):
    rows = whole(disease).parameters.rows
    idle = set(rows) - used_by_equations(whole(disease)) - set(READ_BY_THE_PROTOCOL)
    assert sorted(key for key in idle if not key.startswith(COVARIATES)) == []


@every_disease
def test_what_the_protocol_reads_is_no_excuse_for_what_equations_use(disease):
    assert sorted(used_by_equations(whole(disease)) & set(READ_BY_THE_PROTOCOL)) == []


@pytest.mark.parametrize("key", READ_BY_THE_PROTOCOL)
def test_the_protocol_reads_what_it_is_said_to_read(key):
    """By its whole key, or by its bare name in a file that names the module."""
    text = (PACKAGE / READ_BY_THE_PROTOCOL[key]).read_text(encoding="utf-8")
    module, name = split_key(key)
    assert f'"{key}"' in text or (f'"{module}"' in text and (f'"{name}"' in text or f"}}.{name}" in text))


@pytest.mark.parametrize("name", Table.read(TABLE).rows)
def test_every_row_of_measurement_is_read(name):
    texts = [(PACKAGE / file).read_text(encoding="utf-8") for file in READERS_OF_MEASUREMENT]
    assert any(f'"{name}"' in text for text in texts), f"`{LABEL}.{name}` is read nowhere"


@every_disease
def test_every_parameter_that_equations_use_is_in_the_table_of_its_module(disease):
    own = module_rows(all_modules(diseases.get(disease), every_therapy()))
    assert [key for key, _, _ in whole(disease).parameter_names if key not in own] == []


# ---- what tables say ----------------------------------------------------------------------------------------------------------
@every_disease
def test_every_number_has_a_unit_a_meaning_and_a_word_of_evidence(disease):
    for key, row in whole(disease).parameters.rows.items():
        assert row.unit, f"`{key}` has no unit; write 1 for a number without"
        assert row.meaning, f"`{key}` has no meaning"
        assert row.formula is not None or row.evidence in evidence_words, f"`{key}` has no evidence"


@every_disease
def test_what_is_measured_or_fitted_names_where(disease):
    rows = whole(disease).parameters.rows
    assert [key for key, row in rows.items() if row.evidence in ("measured", "fitted") and not row.source] == []


@every_table
def test_every_table_reads_and_says_what_each_row_means(path):
    for row in Table.read(path, override=is_override(path)).rows.values():
        inherited = path.name.endswith(".population.csv")  # it changes numbers only; what they mean stands where they come from
        assert row.meaning or inherited, f"{row.place}: `{row.name}` has no meaning"
        said = row.evidence is not None or row.formula is not None or row.value is None
        assert said, f"{row.place}: `{row.name}` has a new number without a word of evidence"
        assert row.evidence not in ("measured", "fitted") or row.source, f"{row.place}: `{row.name}` is {row.evidence} without source"


@every_table
def test_typical_values_are_inside_their_limits(path):
    for row in Table.read(path, override=is_override(path)).rows.values():
        if isinstance(row.value, float):
            assert row.limits[0] <= row.value <= row.limits[1], f"{row.place}: `{row.name}`"


@pytest.mark.parametrize("path", WITH_SOURCES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_every_source_is_in_the_references(path):
    with path.open(encoding="utf-8", newline="") as file:
        sources = {row["source"] for row in csv.DictReader(file)} - {""}
    assert sorted(source for source in sources if source not in references() and not source.startswith("assumed: ")) == []


def test_every_reference_stands_once():
    assert len(set(references())) == len(references())


@pytest.mark.parametrize("path", [p for p in parameter_tables() if is_override(p) and p.parent.name != "agents"], ids=lambda p: p.name)
def test_tables_of_diseases_and_populations_change_rows_that_exist(path):
    """A name that is misspelled would be taken for a therapy that this run leaves out."""
    known = {key for disease in DISEASES for key in whole(disease).parameters.rows}
    assert sorted(set(Table.read(path, override=True).rows) - known) == []


@every_disease
def test_correlated_rows_exist(disease):
    path = diseases.get(disease).table.with_suffix(".correlations.csv")
    if path.exists():
        with path.open(encoding="utf-8", newline="") as file:
            named = {row[column] for row in csv.DictReader(file) for column in ("a", "b")}
        assert named <= set(whole(disease).parameters.rows)


def test_every_table_of_parameters_is_seen_here():
    """A CSV beside a module has the columns of a parameter table."""
    beside = [path for path in headers() if path.parent.name in (*FOLDERS, "agents")]
    assert [path.name for path in beside if headers()[path] != columns] == []


# ---- siblings -----------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("path", MODULE_FILES, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_no_module_imports_a_sibling(path):
    """Nor one of another folder of modules: they meet through ports and shared states."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    names = [node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    names += [alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names]
    relative = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.level]
    assert not relative
    assert not [name for name in names if name.split(".")[:1] == ["remission"] and name.split(".")[1:2] != ["model"]]


@pytest.mark.parametrize("path", MODULE_FILES, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_every_module_says_what_is_left_out(path):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    kinds = [node for node in tree.body if isinstance(node, ast.ClassDef)]
    assert kinds
    assert all("Not represented:" in (ast.get_docstring(kind) or "") for kind in kinds)
