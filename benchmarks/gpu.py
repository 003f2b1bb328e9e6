"""The engine on a CUDA device beside itself on the processor: agreement, throughput, share of the arithmetic ceiling.

    pip install -e .[cuda]
    python benchmarks/gpu.py --problem qsp-40 --patients 10000 100000 1000000

Patients, doses and tolerances are those of `remission benchmark`. The batch is on the device before the clock starts; the clock stops
when the device has finished and statuses are back. The ceiling is measured on the same device by independent chains of fused
multiply-adds; operations of a step are those fixed for the problem. Without a device it says so and measures nothing.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from importlib import import_module
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from remission.benchmark.engine import batch_of
from remission.benchmark.machine import machine, now, versions
from remission.benchmark.problems import Problem, problem_of
from remission.engine.compile import compile_system
from remission.engine.devices import has_cuda
from remission.engine.ensemble import Options, advance
from remission.engine.layout import FAILURES
from remission.engine.steppers import Method

cuda: Any = import_module("numba.cuda")
RESULTS = Path(__file__).parent / "results"
REMEDY = "install `remission[cuda]` on a machine that has one"
TOLERANCE, TIGHT = 1e-5, 1e-9
COMPARED, ROUNDS = 1000, 3
CHAINS, REPEATS, THREADS, WAVES = 8, 20_000, 256, 64


def main() -> int:
    """Measure, print, keep; 2 where there is nothing to measure on."""
    chosen = _arguments()
    if not has_cuda() or (is_simulated() and not chosen.simulator):
        print(
            "no CUDA device can be used here, so nothing is measured; install `remission[cuda]` on a machine that has one", file=sys.stderr
        )
        return 2
    task = problem_of(chosen.problem)
    result = {
        "day": now(),
        "device": device(),
        "machine": machine(),
        "versions": versions(),
        "problem": task.name,
        "rtol": TOLERANCE,
        "agreement": agreement(task, min(COMPARED, max(chosen.patients))),
        "peak_gflops": float(f"{peak_gigaflops():.4g}"),
        "throughput": [],
    }
    for patients in chosen.patients:
        result["throughput"].append(throughput(task, patients, result["peak_gflops"]))
        print(json.dumps(result["throughput"][-1]), file=sys.stderr)
    text = json.dumps(result, indent=1)
    print(text)
    if chosen.keep:
        folder = RESULTS / f"{result['day'][:10]}-{_slug(result['device']['name'])}"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"gpu-{task.name}.json").write_text(text + "\n", encoding="utf-8")
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=str(__doc__).splitlines()[0])
    parser.add_argument("--problem", default="qsp-40")
    parser.add_argument("--patients", type=int, nargs="+", default=[10_000, 100_000, 1_000_000])
    parser.add_argument("--keep", action="store_true", help="write the result to benchmarks/results")
    parser.add_argument("--simulator", action="store_true", help="try this program in CUDA's simulator")
    return parser.parse_args()


def is_simulated() -> bool:
    """Whether CUDA's simulator stands for a device."""
    return bool(import_module("numba").config.ENABLE_CUDASIM)


def device() -> dict[str, Any]:
    """The device in words and numbers."""
    if is_simulated():
        return {"name": "simulator", "compute_capability": None, "processors": None}
    found = cuda.get_current_device()
    name = found.name.decode() if isinstance(found.name, bytes) else str(found.name)
    return {"name": name, "compute_capability": list(found.compute_capability), "processors": found.MULTIPROCESSOR_COUNT}


def _slug(name: str) -> str:
    return "-".join("".join(letter if letter.isalnum() else " " for letter in name.lower()).split())


def agreement(task: Problem, patients: int) -> dict[str, Any]:
    """Largest difference of every patient at the end, relative to 1 + |y|: device and processor, and each from a tight run."""
    ends = {}
    for name, where, rtol in (("cpu", "cpu", TOLERANCE), ("cuda", "cuda", TOLERANCE), ("tight", "cpu", TIGHT)):
        system, batch = _batch(task, patients)
        ends[name] = advance(system, batch, task.days, options=_options(where, rtol))
    failed = {name: int(np.isin(np.asarray(run.status), FAILURES).sum()) for name, run in ends.items()}
    y = {name: np.asarray(run.y) for name, run in ends.items()}
    pairs = {"cuda_to_cpu": ("cuda", "cpu"), "cuda_to_tight": ("cuda", "tight"), "cpu_to_tight": ("cpu", "tight")}
    return {"patients": patients, "failed": failed, **{name: _quantiles(y[a], y[b]) for name, (a, b) in pairs.items()}}


def _quantiles(a: np.ndarray, b: np.ndarray) -> dict[str, float]:
    worst = np.max(np.abs(a - b) / (1.0 + np.abs(b)), axis=1)
    return {"median": float(np.median(worst)), "q999": float(np.quantile(worst, 0.999)), "max": float(worst.max())}


def _batch(task: Problem, patients: int):
    made = task.system()
    system = compile_system(made)
    return system, batch_of(task, made, system, task.parameters(patients))


def _options(where: str, rtol: float = TOLERANCE) -> Options:
    return Options(method=Method.RODAS5P, rtol=rtol, faults=False, device=where)


def throughput(task: Problem, patients: int, peak: float) -> dict[str, Any]:
    """Patients per second, the compile apart, and the share of the measured peak."""
    gpu = import_module("remission.engine.gpu")
    system, batch = _batch(task, patients)
    begin = time.perf_counter()
    sent = gpu.on_device(batch)
    transfer = time.perf_counter() - begin
    begin = time.perf_counter()
    advance(system, sent, 0.01, options=_options("cuda"))
    first = time.perf_counter() - begin
    seconds, steps = [], 0.0
    for _ in range(ROUNDS):
        begin = time.perf_counter()
        result = advance(system, sent, task.days, options=_options("cuda"))
        seconds.append(time.perf_counter() - begin)
        steps = float(np.asarray(result.state.accepted + result.state.rejected).sum())
    operations = dict(task.operations).get(Method.RODAS5P.name)
    share = None if operations is None else operations * steps / median(seconds) / 1e9 / peak
    return {
        "patients": patients,
        "patients_per_s": round(patients / median(seconds), 1),
        "seconds": [round(x, 4) for x in seconds],
        "steps_per_patient": round(steps / patients, 1),
        "to_device_s": round(transfer, 3),
        "first_launch_s": round(first, 3),
        "peak_share": None if share is None else float(f"{share:.3g}"),
    }


def peak_gigaflops() -> float:
    """Billions of operations per second in independent chains of fused multiply-adds, a multiply-add counted as two."""
    processors = 1 if is_simulated() else cuda.get_current_device().MULTIPROCESSOR_COUNT
    blocks, threads, repeats = (1, 1, 10) if is_simulated() else (processors * WAVES, THREADS, REPEATS)
    kernel, found = cuda.jit(_chains), cuda.device_array(blocks * threads, np.float64)
    best = 0.0
    for _ in range(ROUNDS + 1):
        begin = time.perf_counter()
        kernel[blocks, threads](found, repeats, 0.999999, 1e-7)
        cuda.synchronize()
        best = max(best, 2.0 * CHAINS * repeats * blocks * threads / (time.perf_counter() - begin) / 1e9)
    return best


def _chains(found, repeats, factor, term):
    i = cuda.grid(1)
    a, b, c, d = 1.0 * i, 2.0, 3.0, 4.0
    e, f, g, h = 5.0, 6.0, 7.0, 8.0
    for _ in range(repeats):
        a, b, c, d = a * factor + term, b * factor + term, c * factor + term, d * factor + term
        e, f, g, h = e * factor + term, f * factor + term, g * factor + term, h * factor + term
    found[i] = a + b + c + d + e + f + g + h


if __name__ == "__main__":
    sys.exit(main())
