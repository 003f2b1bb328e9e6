"""Shared by all tests: a small catalog, and no tests marked `gpu` where there is no CUDA device."""

import pytest

from remission import catalog, diseases, therapies
from remission.model.disease import Clones, Disease, Lesion
from remission.model.module import AbstractTherapy
from tests.small_scenario import CarT, Chemotherapy


def has_cuda_device() -> bool:
    from numba import cuda

    return bool(cuda.is_available())


def pytest_collection_modifyitems(items):
    marked = [item for item in items if item.get_closest_marker("gpu")]
    if marked and not has_cuda_device():
        for item in marked:
            item.add_marker(pytest.mark.skip(reason="needs a CUDA device"))


@pytest.fixture
def small_catalog(monkeypatch, tmp_path):
    """One disease, two modalities, one agent."""
    disease = Disease("b_all", "B-ALL", (Lesion("marrow"),), Clones(), (), "leukemia", "day 28", tmp_path / "b_all.csv")
    agents = tmp_path / "agents"
    agents.mkdir()
    (agents / "flag.csv").write_text("")
    monkeypatch.setattr(diseases, "names", lambda: ("b_all",))
    monkeypatch.setattr(diseases, "_diseases", lambda: {"b_all": disease})
    monkeypatch.setattr(therapies, "modalities", lambda: {"chemotherapy": Chemotherapy, "car_t": CarT})
    monkeypatch.setattr(catalog, "agents", lambda: ("flag",))
    monkeypatch.setattr(AbstractTherapy, "agent_table", property(lambda self: agents / f"{self.agent}.csv" if self.agent else None))
