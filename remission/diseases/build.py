"""From a disease and therapies to one system: layers of numbers are laid, modules are composed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from remission import diseases
from remission.model.compose import compose, module_rows
from remission.model.disease import Disease, Lesion
from remission.model.module import AbstractModule
from remission.model.system import System
from remission.parameters import ParameterSet, Table, layer, read_correlations
from remission.therapies import get as therapy


def build(
    disease: str | Disease,
    therapies: Iterable[str | AbstractModule] = (),
    lesions: Iterable[Lesion | str] | None = None,
    overrides: Mapping[str, float | str] | None = None,
    tables: Iterable[Table] = (),
) -> System:
    """The system of a disease with all therapies that a trial may give, by name (`car_t`) or as values.

    `lesions` are lesions or sites; without them, those of the disease. Numbers come from the modules' tables, then agents',
    then the disease's, then its calibrated population's, then `tables` (another population or a patient), then `overrides`
    (`{"car_t.recall": 0.02}`).
    InputError and ModelError name what is unknown or does not fit.
    """
    disease = diseases.get(disease) if isinstance(disease, str) else disease
    modules = all_modules(disease, therapies)
    parameters = parameters_of(disease, modules, tables).with_values(overrides or {})
    sites = [lesion.site if isinstance(lesion, Lesion) else lesion for lesion in (disease.lesions if lesions is None else lesions)]
    return compose(disease.name, modules, disease.clones, sites, parameters)


def all_modules(disease: Disease, names: Iterable[str | AbstractModule]) -> tuple[AbstractModule, ...]:
    """The modules of the disease and of the therapies, each label once."""
    made = [*disease.modules, *(therapy(name) if isinstance(name, str) else name for name in names)]
    return tuple({module.label: module for module in made}.values())


def _numbers_of_product(module: AbstractModule) -> list[str]:
    """Keys that the table of a product sets where products share one label: a population calibrated on another product leaves them."""
    table = module.agent_table
    if table is None or not table.exists() or table.stem in module.label:
        return []
    return [f"{module.label}.{name}" for name, row in Table.read(table, override=True).rows.items() if row.value is not None]


def parameters_of(disease: Disease, modules: Iterable[AbstractModule], tables: Iterable[Table] = ()) -> ParameterSet:
    """The numbers of these modules in this disease, with their correlations."""
    modules = tuple(modules)
    rows = layer(module_rows(modules), Table.read(disease.table, override=True), disease.name, skip_absent=True)
    population = disease.table.with_suffix(".population.csv")
    if population.exists():
        own = {key: rows[key] for module in modules for key in _numbers_of_product(module)}
        rows = {**layer(rows, Table.read(population, override=True), "population", skip_absent=True), **own}
    for table in tables:
        rows = layer(rows, table, table.place, skip_absent=True)
    correlations = disease.table.with_suffix(".correlations.csv")
    return ParameterSet(rows, read_correlations(correlations) if correlations.exists() else ())
