"""A whole arm, and the benchmark program, in CUDA's simulator."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from remission.scenario import read_scenario
from remission.trial import run_scenario

ROOT = Path(__file__).parents[2]
SIMULATOR = {"NUMBA_ENABLE_CUDASIM": "1", "PYTHONWARNINGS": "ignore"}
ARM = """
import json, sys
from remission.scenario import read_scenario
from remission.trial import run_scenario

if __name__ == "__main__":
    result = run_scenario(read_scenario("b-all-car-t").only(["car_t"]), patients=2, seed=3, workers=1, device="cuda")
    print(json.dumps(result.json()["arms"]))
"""


def flat(value, place=""):
    """Every number of a document by its place."""
    if isinstance(value, dict):
        return {inner: number for key, part in value.items() for inner, number in flat(part, f"{place}/{key}").items()}
    if isinstance(value, list):
        return {inner: number for i, part in enumerate(value) for inner, number in flat(part, f"{place}/{i}").items()}
    return {place: value}


@pytest.mark.slow
def test_an_arm_of_the_bundled_trial_is_the_same(tmp_path):
    """Lymphodepletion, infusion, relapse, visits that decide, later lines and death: figures of two patients agree to rounding."""
    program = tmp_path / "arm.py"
    program.write_text(ARM)
    done = subprocess.run([sys.executable, str(program)], check=True, capture_output=True, text=True, env={**os.environ, **SIMULATOR})
    found = flat(json.loads(done.stdout))
    expected = flat(run_scenario(read_scenario("b-all-car-t").only(["car_t"]), patients=2, seed=3, workers=1).json()["arms"])
    assert found.keys() == expected.keys()
    for place, value in expected.items():
        assert found[place] == (pytest.approx(value, rel=1e-5) if isinstance(value, float) else value), place


def benchmark(*options, **surroundings):
    command = [sys.executable, str(ROOT / "benchmarks" / "gpu.py"), "--problem", "cart-6-endpoints", "--patients", "2", *options]
    return subprocess.run(command, capture_output=True, text=True, env={**os.environ, **surroundings})


@pytest.mark.slow
def test_the_benchmark_measures_agreement_and_throughput():
    done = benchmark("--simulator", **SIMULATOR)
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    assert result["agreement"]["failed"] == {"cpu": 0, "cuda": 0, "tight": 0}
    assert result["agreement"]["cuda_to_cpu"]["max"] < 1e-7
    assert result["throughput"][0]["patients"] == 2
    assert result["throughput"][0]["patients_per_s"] > 0


@pytest.mark.slow
def test_the_benchmark_measures_nothing_in_the_simulator_unless_told():
    done = benchmark(**SIMULATOR)
    assert done.returncode == 2
    assert done.stdout == ""
    assert "nothing is measured" in done.stderr
