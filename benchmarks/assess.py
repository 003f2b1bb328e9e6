"""How long an assessment takes: a file of a million rows beside `pandas.read_csv`, and a million simulated patients in memory.

    python benchmarks/assess.py                           # the file, and every criterion
    python benchmarks/assess.py --criteria recist1.1 --rounds 7

The file holds 10,000 patients with 20 visits and 5 lesions. Reading by pandas and assessing take turns in one process after a round
each that does not count, and only their ratio says something: speeds of two machines or days may not be compared. Each criterion in
memory has a process of its own, so that its peak of memory is its own; the peak of the patients alone is shown beside it, and the
seconds of all processors together, which say more than the others on a machine that does something else as well.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

import numpy as np

from remission.response import criteria
from remission.response.scans import Kind, Patients, Scans, Status

PATIENTS, VISITS, LESIONS = 10_000, 20, 5
SIMULATED = 1_000_000
LIMIT_RATIO, LIMIT_SECONDS = 10, 20
KINDS = (Kind.TARGET, Kind.TARGET_NODE, Kind.TARGET, Kind.NON_TARGET, Kind.NEW)
"""What the lesions of a patient are followed as, in order."""
FINDINGS = {
    "steroid": (0, 2, 4), "clinical": (-1, 0, 0, 0, 1), "flair": (-1, 0, 0, 0, 1), "pet_score": (2, 3, 4, 5), "spleen_cm": (12, 14, 16),
    "blasts": (1, 3, 10, 40), "anc": (0.4, 0.8, 2), "platelets": (30, 80, 200), "mrd": (0, 1e-5, 1e-3),
}  # fmt: skip


def simulated(patients: int, visits: int, lesions: int, criterion: str, seed: int = 1) -> Scans:
    """Patients whose lesions shrink or grow at random; some are not seen, some vanish; findings that the criterion reads."""
    random = np.random.default_rng(seed)
    kind = np.broadcast_to(np.array([KINDS[place % len(KINDS)] for place in range(lesions)], dtype=np.int8), (patients, lesions))
    size = np.empty((patients, visits, lesions))
    size[:, 0] = random.uniform(15, 60, (patients, lesions))
    for visit in range(1, visits):
        size[:, visit] = size[:, visit - 1] * random.uniform(0.8, 1.2, (patients, lesions))
    size[size < 3] = 0
    np.round(size, 1, out=size)
    followed = np.broadcast_to((kind >= Kind.NON_TARGET)[:, None, :], size.shape)
    status = np.where(followed, np.int8(Status.PRESENT), np.int8(Status.MEASURED))
    status[size == 0] = Status.ABSENT
    status[:, 1:][random.random((patients, visits - 1, lesions), dtype=np.float32) < 0.02] = Status.NOT_EVALUABLE
    for place in np.flatnonzero(kind[0] == Kind.NEW):
        seen = np.arange(visits) >= random.integers(2, 2 * visits, patients)[:, None]
        status[:, :, place] = np.where(seen, np.int8(Status.PRESENT), np.int8(Status.NOT_EVALUABLE))
    size[(status != Status.MEASURED)] = np.nan
    reads = {*criteria.get(criterion).needs, *criteria.get(criterion).uses}
    across = size * 0.8 if "perpendicular_mm" in reads else None
    found = {name: random.choice(np.array(values, dtype=float), (patients, visits)) for name, values in FINDINGS.items() if name in reads}
    day = np.broadcast_to(42 * np.arange(visits, dtype=np.float64), (patients, visits))
    return Scans(Patients.numbered(patients), day, kind, status, size, across, findings=found)


def write_file(scans: Scans, path: Path) -> int:
    """The patients as a spreadsheet; the number of its rows."""
    import polars as pl

    patients, _, lesions = scans.status.shape
    place = np.indices(scans.status.shape, dtype=np.int32).reshape(3, -1)
    kinds = np.array([kind.text for kind in Kind], dtype=object)[scans.kind[0]]
    words = np.array([status.text for status in Status], dtype=object)
    rows = pl.DataFrame(
        {
            "patient": np.char.add("P", np.arange(patients).astype(str))[place[0]],
            "day": scans.day[0].astype(int)[place[1]],
            "lesion": np.array([f"L{lesion}" for lesion in range(lesions)])[place[2]],
            "organ": np.array(["liver", "node", "lung", "bone", "brain"])[place[2] % 5],
            "kind": kinds[place[2]].astype(str),
            "diameter_mm": pl.Series(scans.diameter.ravel(), nan_to_null=True),
            "status": words[scans.status.ravel()].astype(str),
            "new": (scans.kind[0] == Kind.NEW).astype(int)[place[2]],
        }
    )
    rows.write_csv(path)
    return rows.height


def measure_file(rounds: int) -> dict[str, float]:
    """Seconds of pandas and of the assessment with its document, and their ratio, in turns."""
    import pandas

    from remission.assessing import assess

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "measurements.csv"
        rows = write_file(simulated(PATIENTS, VISITS, LESIONS, "recist1.1"), path)
        calls: dict[str, Callable[[], object]] = {
            "pandas": lambda: pandas.read_csv(path),
            "assess": lambda: assess(path, "recist1.1"),
            "assess + json": lambda: json.dumps(assess(path, "recist1.1").json()),
        }
        seconds: dict[str, list[float]] = {name: [] for name in calls}
        for _ in range(rounds + 1):
            for name, call in calls.items():
                seconds[name].append(_seconds(call))
    found = {name: median(times[1:]) for name, times in seconds.items()}
    for name in ("assess", "assess + json"):
        found[f"ratio of {name}"] = median(one / other for one, other in zip(seconds[name][1:], seconds["pandas"][1:], strict=True))
    return {"rows": rows, **found}


def measure_criterion(name: str, patients: int, lesions: int) -> dict[str, float]:
    """Seconds, those of all processors together, and peaks of memory (GiB) of a criterion; to be run in a process of its own."""
    scans = simulated(patients, VISITS, lesions, name)
    before = _peak()
    criterion = criteria.get(name)
    criterion.judge(scans.some(slice(0, 10_000)))
    start = time.process_time()
    seconds = _seconds(lambda: criterion.judge(scans))
    return {"seconds": seconds, "processor": time.process_time() - start, "peak of patients": before, "peak": _peak()}


def _seconds(call: Callable[[], object]) -> float:
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def _peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20


def _in_a_process(name: str, patients: int, lesions: int) -> dict[str, float]:
    call = [sys.executable, __file__, "--one", name, "--patients", str(patients), "--lesions", str(lesions)]
    return json.loads(subprocess.run(call, capture_output=True, text=True, check=True).stdout)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--criteria", nargs="*", default=list(criteria.names()))
    parser.add_argument("--patients", type=int, default=SIMULATED)
    parser.add_argument("--lesions", type=int, default=LESIONS)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--no-file", action="store_true")
    parser.add_argument("--one", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.one:
        print(json.dumps(measure_criterion(given.one, given.patients, given.lesions)))
        return
    if not given.no_file:
        found = measure_file(given.rounds)
        print(f"file of {found['rows']:,.0f} rows, medians of {given.rounds} rounds; the limit is {LIMIT_RATIO} times pandas")
        for name, value in found.items():
            print(f"  {name:24} {value:10.2f}")
    print(f"in memory, {given.patients:,} patients, {VISITS} visits, {given.lesions} lesions; the limit is {LIMIT_SECONDS} s")
    for name in given.criteria:
        one = _in_a_process(name, given.patients, given.lesions)
        took = f"{one['seconds']:6.1f} s, of processors {one['processor']:6.1f} s"
        print(f"  {name:10} {took}; peak {one['peak']:5.1f} GiB, of which patients {one['peak of patients']:5.1f}", flush=True)


if __name__ == "__main__":
    main()
