"""The command line: reads options, calls a job, prints what it returns. It holds no science.

Exit codes: 0 done; 1 the run failed; 2 the input is wrong; 3 too many members failed. With `--json` stdout holds exactly
one JSON document; progress, notes and errors go to stderr. Commands of jobs that are not part of this version are absent.
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Any

import typer

from . import catalog, diseases, options, run_directory
from .describe import KINDS, listing
from .describe import describe as describe_name
from .errors import InputError, RemissionError
from .printing import ProgressCallback, print_json, print_table, progress_on_stderr, say
from .scenario import Scenario, read_scenario
from .version import VERSION

INTERRUPTED = 130
UsageError: type[Exception] = typer.BadParameter.__bases__[0]

app = typer.Typer(name="remission", no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)

SeedOption = Annotated[str | None, typer.Option("--seed", metavar="S", help="Seed of all chance; default: the scenario's.")]
OutOption = Annotated[Path | None, typer.Option("--out", metavar="DIR", help="Folder for the results; new, empty, or an earlier run.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON document on stdout.")]


@contextmanager
def _progress() -> Iterator[ProgressCallback]:
    """Progress of a job on stderr, with what is compiled on the way."""
    from .engine.kernels import listening

    with progress_on_stderr() as progress, listening(lambda what, done: progress(what, int(done), 1)):
        yield progress


@app.command()
def trial(
    scenario: Annotated[str, typer.Argument(metavar="SCENARIO|NAME", help="A scenario file, or the name of a bundled one.")],
    patients: Annotated[str | None, typer.Option(metavar="N", help="Patients enrolled per arm.")] = None,
    arms: Annotated[str | None, typer.Option(metavar="A,B", help="Only these arms.")] = None,
    seed: SeedOption = None,
    settings: Annotated[list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="Change a parameter; may be repeated.")] = None,
    out: OutOption = None,
    as_json: JsonOption = False,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with the run in the folder.")] = False,
    workers: Annotated[str, typer.Option(metavar="N|auto", help="Threads to use.")] = "auto",
    device: Annotated[str, typer.Option(metavar="auto|cpu|cuda", help="Where to compute.")] = "auto",
    max_failed: Annotated[str, typer.Option(metavar="SHARE", help="Share of members that may fail before exit code 3.")] = "0",
) -> None:
    """Run a virtual trial: arms, endpoints with intervals, toxicity, survival curves and a report."""
    design = read_scenario(scenario)
    chosen_seed = options.whole("--seed", seed, 0, 2**63 - 1)
    request: dict[str, Any] = {
        "patients": options.whole("--patients", patients),
        "arms": _arm_keys(design, options.names("--arms", arms)),
        "seed": chosen_seed,
        "overrides": options.assignments(settings or ()),
        "out": out or run_directory.default_directory(design.name, design.seed if chosen_seed is None else chosen_seed),
        "resume": resume,
        "workers": options.workers(workers),
        "device": options.device(device),
        "max_failed": options.share("--max-failed", max_failed),
    }
    run_directory.check(request["out"])
    result = _run_trial(design, request)
    _show_trial(result, as_json, request["out"])
    if result.failure is not None:  # told after the results are saved and shown
        raise result.failure


def _arm_keys(design: Scenario, keys: list[str] | None) -> list[str] | None:
    return None if keys is None else [arm.key for arm in design.only(keys).arms]


def _run_trial(design: Scenario, request: dict[str, Any]) -> Any:
    with _progress() as progress:
        return _job("trial", "run_scenario")(design, progress=progress, **request)


def _job(module: str, name: str) -> Callable[..., Any]:
    """A job, loaded when it is called for, so that `--help` is quick."""
    return getattr(import_module(f"{__package__}.{module}"), name)


def _show_trial(result: Any, as_json: bool, out: Path) -> None:
    """Save the result and its report, then print the JSON document, or a small table."""
    result.save(out)
    report = _job("report", "write")(result, out / "report.html")
    if as_json:
        print_json(result.json())
    else:
        print(_job("report", "text_table")(result))
    say(f"report: {report}")


def _show(result: Any, as_json: bool, out: Path | None) -> None:
    """Save a result, then print the JSON document, or its table."""
    if out is not None:
        result.save(out)
    if as_json:
        print_json(result.json())
    else:
        print_table(result.table())
    if out is not None:
        say(f"results: {out}")


def assess(
    measurements: Annotated[str, typer.Argument(metavar="MEASUREMENTS", help="Lesions and findings by visit: CSV, Excel or Parquet.")],
    criterion: Annotated[str, typer.Option("--criteria", metavar="NAME", help="How to judge: a name of `remission list criteria`.")],
    patients: Annotated[Path | None, typer.Option(metavar="FILE", help="Arms, dates of treatment, last contact and death.")] = None,
    settings: Annotated[Path | None, typer.Option("--options", metavar="FILE", help="TOML file of options; see `describe`.")] = None,
    out: OutOption = None,
    as_json: JsonOption = False,
) -> None:
    """Judge measurements by a named criterion: every visit, best responses, times to events, with a report."""
    if out is not None:
        run_directory.check(out)
    with progress_on_stderr() as progress:
        result = _job("assessing", "assess")(measurements, criterion, patients, settings, progress)
    if out is not None:
        result.save(out)
        report = _job("report.assessment", "write")(result, out / "report.html")
    if as_json:
        print_json(result.json())
    else:
        print(_job("report.assessment", "text_table")(result))
    if out is not None:
        say(f"report: {report}")


def calibrate(
    disease: Annotated[str, typer.Argument(metavar="DISEASE", help="Name of a disease.")],
    targets: Annotated[Path | None, typer.Option(metavar="FILE", help="Table of targets; default: the bundled one.")] = None,
    out: OutOption = None,
) -> None:
    """Fit the population of a disease to its published targets."""
    name = diseases.get(disease).name
    folder = out or Path("runs") / f"calibrate-{name.replace('_', '-')}"
    run_directory.check(folder)
    with _progress() as progress:
        result = _job("calibration", "calibrate")(name, targets=targets, out=folder, progress=progress)
    _show(result, False, folder)


def validate(
    names: Annotated[list[str] | None, typer.Argument(metavar="[NAME ...]", help="Diseases; default: all that have targets.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Compare the calibrated model with every published target, misses included."""
    wanted = [diseases.get(name).name for name in names or ()]
    with _progress() as progress:
        result = _job("calibration", "validate")(wanted or None, progress=progress)
    _show(result, as_json, None)


def simulate(
    scenario: Annotated[str, typer.Argument(metavar="NAME|FILE", help="A scenario file, or the name of a bundled one.")],
    patients: Annotated[str, typer.Option(metavar="N", help="How many patients.")] = "1",
    seed: SeedOption = None,
    out: OutOption = None,
    as_json: JsonOption = False,
) -> None:
    """Follow single patients of a scenario through time, in every arm."""
    design = read_scenario(scenario)
    request = {"patients": options.whole("--patients", patients), "seed": options.whole("--seed", seed, 0, 2**63 - 1)}
    if out is not None:
        run_directory.check(out)
    with _progress() as progress:
        result = _job("simulation", "simulate_scenario")(design, progress=progress, **request)
    _show(result, as_json, out)


def benchmark(
    quick: Annotated[bool, typer.Option("--quick", help="Fewer peers, patients and rounds; within ten minutes.")] = False,
    problem: Annotated[list[str] | None, typer.Option(metavar="NAME", help="Only this problem; may be repeated.")] = None,
    out: OutOption = None,
    as_json: JsonOption = False,
) -> None:
    """Measure the engine beside other solvers, at equal achieved error."""
    if out is not None:
        run_directory.check(out)
    with _progress() as progress:
        keep = (lambda found: found.save(out)) if out is not None else (lambda found: None)
        result = _job("benchmark.command", "run_benchmark")(problem, quick=quick, progress=progress, keep=keep)
    _show(result, as_json, out)
    for note in result.notes:
        say(note)


@app.command("list")
def list_names(kind: Annotated[str | None, typer.Argument(metavar="|".join(KINDS), help="What to list.")] = None) -> None:
    """List what is in the package."""
    if kind is None:
        raise InputError("nothing is named to list", remedy=f"write `remission list` and one of {', '.join(KINDS)}")
    names = listing(kind)
    width = max((len(name) for name, _ in names), default=0)
    for name, title in names:
        print(f"{name.ljust(width)}  {title}".rstrip())


@app.command()
def describe(name: Annotated[str, typer.Argument(metavar="NAME", help="A scenario, disease, therapy, agent or criterion.")]) -> None:
    """Say what a name stands for, with its numbers and their sources."""
    print(describe_name(name))


@app.command()
def check(scenario: Annotated[str, typer.Argument(metavar="SCENARIO", help="A scenario file, or the name of a bundled one.")]) -> None:
    """Check a scenario: every problem at once, each with its remedy."""
    design = read_scenario(scenario)
    _job("trial", "prepare")(design)
    print(f"{scenario}: fine ({len(design.arms)} arms, {len(design.protocol.visits)} visits, disease {design.disease})")


@app.command()
def copy(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Name of a bundled scenario, or scans-example.")],
    directory: Annotated[Path, typer.Argument(metavar="[DIR]", help="Folder to copy it to.")] = Path("."),
) -> None:
    """Copy a bundled scenario, or the example of measurements, as files to edit."""
    targets = [(source, directory / source.name) for source in catalog.copies(name)]
    for _, target in targets:
        if target.exists():
            raise InputError("the file exists", target, remedy="move it away, or name another folder")
    for source, target in targets:
        try:
            directory.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, target)
        except OSError as error:
            raise InputError(f"the file cannot be written: {error.strerror}", target, remedy="name another folder") from error
        print(target)


@app.command()
def cache(
    clear: Annotated[bool, typer.Option("--clear", help="Remove what is kept.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Show or clear what is kept to save time: compiled models and cohorts."""
    found = _job("cache", "clear" if clear else "kept")()
    if as_json:
        print_json({"removed": clear, **found.json()})
    else:
        print(f"removed {found}" if clear else found)


def _show_version(wanted: bool) -> None:
    if wanted:
        print(f"remission {VERSION}")
        raise typer.Exit


@app.callback()
def root(
    show_version: Annotated[bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version.")] = False,
) -> None:
    """Virtual trials of cancer therapy, and scans judged by the clinic's criteria. Research use only."""


COMMANDS: tuple[tuple[str, Callable[..., None]], ...] = (
    ("remission.assessing", assess),
    ("remission.calibration", calibrate),
    ("remission.calibration", validate),
    ("remission.simulation", simulate),
    ("remission.benchmark", benchmark),
)
for _module, _command in COMMANDS:
    if find_spec(_module) is not None:
        app.command()(_command)


def run(arguments: Sequence[str] | None = None) -> int:
    """Run a command and return its exit code; what is wrong is told on stderr, without a traceback."""
    try:
        code = int(app(args=None if arguments is None else list(arguments), standalone_mode=False) or 0)
    except RemissionError as error:
        say(f"remission: {error}")
        return error.exit_code
    except UsageError as error:
        say(f"remission: {_said(error).rstrip('.') or 'name a command'}; see `{_command_of(error)} --help`")
        return 2
    except BrokenPipeError:
        return 1
    except (KeyboardInterrupt, typer.Abort):
        code = INTERRUPTED
    if code == INTERRUPTED:
        say("remission: stopped; `--resume` goes on with the run")
    return code


def _said(error: Exception) -> str:
    """What is wrong in the words of the command line: `--criteria`, not the name of the argument in the code."""
    return str(getattr(error, "format_message", error.__str__)())


def _command_of(error: Exception) -> str:
    context = getattr(error, "ctx", None)
    return f"remission {context.info_name}" if context is not None and context.parent else "remission"


def main() -> None:
    """Run the command line and leave with its exit code."""
    sys.exit(run())
