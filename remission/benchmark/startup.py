"""How long the first result takes in a fresh process: with an empty cache, and with the cache of an earlier one.

Run as a program it composes, compiles and integrates a few patients, and prints the seconds of each step as JSON.
"""

from __future__ import annotations

import time

BEGIN = time.perf_counter()

import json  # noqa: E402
import os  # noqa: E402
import subprocess  # noqa: E402
import sys  # noqa: E402
import tempfile  # noqa: E402
from statistics import median  # noqa: E402

from remission.benchmark.problems import Problem, problem_of  # noqa: E402

PATIENTS = 8
CACHED_STARTS = 3
STEPS = ("compose", "compile", "run")


def first_result(problem: Problem) -> dict[str, float]:
    """Seconds to import, compose, compile and integrate a few patients here and now."""
    from remission.benchmark.engine import batch_of
    from remission.engine.compile import compile_system
    from remission.engine.ensemble import advance

    times = [time.perf_counter()]
    system = problem.system()
    times.append(time.perf_counter())
    compiled = compile_system(system)
    times.append(time.perf_counter())
    batch = batch_of(problem, system, compiled, problem.parameters(PATIENTS))
    advance(compiled, batch, problem.days, problem.outputs)
    times.append(time.perf_counter())
    steps = {name: after - before for name, before, after in zip(STEPS, times[:-1], times[1:], strict=True)}
    return {"import": times[0] - BEGIN, **steps}


def startup(problem: Problem, limit: float) -> dict[str, float]:
    """Seconds with an empty cache and with a full one.

    `compile_s`: composing, compiling and a first result, nothing kept anywhere. `cached_start_s`: the same with the cache of the
    process before, median of a few. `import_s`: loading the packages, which both need besides. `process_s`: a whole cached process,
    from its start to its end.
    """
    with tempfile.TemporaryDirectory(prefix="remission-benchmark-") as folder:
        cold, _ = _in_fresh_process(problem, folder, limit)
        warm = [_in_fresh_process(problem, folder, limit) for _ in range(CACHED_STARTS)]
    return {
        "compile_s": _after_import(cold),
        "cached_start_s": median(_after_import(steps) for steps, _ in warm),
        "import_s": median(steps["import"] for steps, _ in warm),
        "process_s": median(seconds for _, seconds in warm),
    }


def _after_import(steps: dict[str, float]) -> float:
    return sum(steps[name] for name in STEPS)


def _in_fresh_process(problem: Problem, folder: str, limit: float) -> tuple[dict[str, float], float]:
    kept = {"REMISSION_CACHE": os.path.join(folder, "remission"), "NUMBA_CACHE_DIR": os.path.join(folder, "numba")}
    begin = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-m", __name__ if __name__ != "__main__" else "remission.benchmark.startup", problem.name],
        env={**os.environ, **kept}, capture_output=True, text=True, timeout=limit, check=True,
    )  # fmt: skip
    seconds = time.perf_counter() - begin
    return json.loads(done.stdout.splitlines()[-1]), seconds


if __name__ == "__main__":
    print(json.dumps(first_result(problem_of(sys.argv[1]))))
