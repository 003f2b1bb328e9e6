"""The whole run with fake contestants, and what the command line makes of it."""

import json
from types import SimpleNamespace

import pytest

from remission import cli
from remission.benchmark import command, comparison
from remission.benchmark.command import run_benchmark
from remission.benchmark.contestant import Family
from remission.benchmark.peers import PEERS
from remission.benchmark.worker import WorkerError
from remission.errors import RunError
from tests.benchmark.fakes import Fake, flat_reference

RODAS, LSODA = Family("RODAS5P", None), Family("LSODA")
FIGURES = {"engine": ((RODAS, 1.0, 1200.0),), "one-lane": ((RODAS, 1.0, 400.0),), "roadrunner": ((LSODA, 10.0, 25.0),)}


class FakeRemote(Fake):
    def __init__(self, name, made_by, problem, cores, limit):
        super().__init__(name, FIGURES.get(name, ((LSODA, 1.0, 100.0),)), 0 if name == "scipy" else None)
        self.shape, self.ends = (problem.outputs.size, len(problem.equations.states)), problem.end_points and name == "engine"


@pytest.fixture
def fakes(monkeypatch):
    """No process is made and nothing compiled; numbalsoda is not installed, scipy breaks."""
    starts = {"compile_s": 4.0, "cached_start_s": 0.2, "import_s": 1.0, "process_s": 1.4}
    peak = SimpleNamespace(start=lambda limit: None, call=lambda method, limit: 50.0, close=lambda: None)
    peers = tuple(
        type(peer)(peer.name, peer.title, ("no_such_module",) if peer.name == "numbalsoda" else (), peer.packages, peer.made_by)
        for peer in PEERS
    )
    monkeypatch.setattr(command, "PEERS", peers)
    monkeypatch.setattr(command, "Worker", lambda made_by, arguments: peak)
    monkeypatch.setattr(command, "startup", lambda problem, limit: starts)
    monkeypatch.setattr(command, "reference", flat_reference)
    monkeypatch.setattr(comparison, "Remote", FakeRemote)
    monkeypatch.setattr(comparison, "can_choose_lanes", lambda: True)
    monkeypatch.setattr(command.curves, "over_patients", lambda *given: [])
    monkeypatch.setattr(command.curves, "over_lesions", lambda *given: [])
    monkeypatch.setattr(command.curves, "over_cores", lambda *given: [])


def test_the_document_has_what_was_promised(fakes):
    document = run_benchmark(["qsp-40"]).json()
    own, peer = document["problems"]["qsp-40"]["engine"], document["problems"]["qsp-40"]["peers"]["roadrunner"]
    assert {"patients_per_s", "error_median", "peak_share", "compile_s", "cached_start_s"} <= set(own)
    assert {"patients_per_s", "error_median", "ratio"} <= set(peer)
    assert (own["compile_s"], own["cached_start_s"]) == (4.0, 0.2)
    assert {"processor", "cores"} <= set(document["machine"])
    assert document["versions"]["remission"]


def test_everybody_is_compared_at_the_error_asked_for(fakes):
    found = run_benchmark(["qsp-40"]).json()["problems"]["qsp-40"]
    errors = [found["engine"]["error_median"], *(peer["error_median"] for peer in found["peers"].values())]
    assert all(2e-6 < error <= 5e-6 for error in errors)
    assert found["engine"]["one_lane"]["ratio"] == pytest.approx(3.0)
    ratio = found["engine"]["patients_per_s"] / found["peers"]["roadrunner"]["patients_per_s"]
    assert found["peers"]["roadrunner"]["ratio"] == pytest.approx(ratio)


def test_the_share_of_the_peak_counts_operations_and_cores(fakes):
    """Steps times operations times patients a second, on each core, beside the peak of one core."""
    own = run_benchmark(["qsp-40"]).json()["problems"]["qsp-40"]["engine"]
    cores = command.machine.cores()
    assert own["peak_share"] == pytest.approx(1000 * 16300 * own["patients_per_s"] / cores / 50e9)


def test_who_was_not_compared_is_told_with_the_reason(fakes):
    document = run_benchmark(["qsp-40"]).json()
    missing = document["not_compared"]
    assert "no_such_module" in missing["numbalsoda"]
    assert missing["scipy"] == "it broke"
    assert "julia" in missing
    assert set(document["problems"]["qsp-40"]["missed"]) == {"numbalsoda", "scipy"}


def test_a_quick_run_has_three_problems_and_two_peers(fakes):
    document = run_benchmark(quick=True).json()
    assert list(document["problems"]) == ["qsp-40", "cart-6", "cart-6-endpoints"]
    assert document["settings"]["rounds"] == 3
    assert document["not_compared"]["diffrax"] == "left out of a quick run"
    assert document["curves"] == {}


def test_an_engine_that_cannot_be_measured_is_a_failed_run(fakes, monkeypatch):
    def broken(problem, limit):
        raise WorkerError("it broke")

    monkeypatch.setattr(command, "startup", broken)
    with pytest.raises(RunError, match="it broke"):
        run_benchmark(["cart-6"])


def test_a_result_is_saved_as_json_a_page_and_a_figure(fakes, tmp_path):
    run_benchmark(["cart-6"]).save(tmp_path / "out")
    assert json.loads((tmp_path / "out" / "benchmark.json").read_text())["problems"]["cart-6"]["engine"]["failed"] == 0
    page = (tmp_path / "out" / "benchmark.md").read_text()
    assert "libroadrunner, CVODE, one process a core" in page
    assert "- scipy: it broke" in page
    assert "remission, one lane" in page
    assert (tmp_path / "out" / "work_precision_cart-6.svg").read_text().startswith("<svg")


def test_json_is_alone_on_stdout(fakes, capsys):
    assert cli.run(["benchmark", "--quick", "--problem", "cart-6", "--json"]) == 0
    printed = capsys.readouterr()
    assert set(json.loads(printed.out)["problems"]) == {"cart-6"}
    assert "cart-6: rounds" in printed.err


def test_the_table_names_everybody(fakes, capsys):
    assert cli.run(["benchmark", "--quick", "--problem", "cart-6"]) == 0
    printed = capsys.readouterr()
    assert "libroadrunner" in printed.out
    assert "julia: not compared" in printed.err


def test_an_unknown_problem_is_wrong_input(capsys):
    assert cli.run(["benchmark", "--problem", "cart6"]) == 2
    assert "did you mean `cart-6`" in capsys.readouterr().err


def test_a_folder_with_other_things_is_refused_before_anything_is_run(tmp_path, capsys):
    (tmp_path / "letter.txt").write_text("mine")
    assert cli.run(["benchmark", "--quick", "--out", str(tmp_path)]) == 2
    assert "other things" in capsys.readouterr().err
