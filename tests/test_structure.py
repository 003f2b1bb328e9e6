"""How the package hangs together: imports go down only, and the public names are those of the list."""

import ast
from pathlib import Path

import pytest

import remission

ROOT = Path(remission.__file__).parent
PUBLIC_NAMES = Path(__file__).parent / "public_names.txt"

# From the ground up; a module may import from its own layer and from those below it.
LAYERS = (
    ("errors", "units", "durations", "version", "random"),
    (
        *("distributions", "laws", "formulas", "tables", "layers", "spreadsheets", "overrides", "correlations", "draws", "parameters"),
        *("reading", "visits"),
    ),
    ("model",),
    ("tumor", "immune", "therapies", "harms", "engine"),
    ("diseases", "response", "inference", "interop"),
    ("catalog", "protocol_rules", "scenario"),
    (
        *("run_directory", "population", "history", "protocol", "patient", "dose_rows", "measurement", "arm_run", "validation"),
        *("readings", "plan_of_visits", "arms", "parts", "enrolled", "stored_cohort", "results", "cache"),
    ),
    ("forecast", "trial", "plan", "calibration", "simulation", "design", "validating", "assessing"),
    ("plots", "report", "options", "printing", "describe", "benchmark", "cli", "__main__"),
)
# Folders of one layer that do not know each other: what one adds, another reads through ports and shared states.
APART = ("tumor", "immune", "therapies", "harms", "engine")


def part_of(module: str) -> str:
    """The file or folder directly in the package that a module belongs to."""
    return module.removeprefix("remission").lstrip(".").split(".")[0]


def imported(path: Path) -> set[str]:
    """The parts of the package that a file imports, anywhere in it."""
    package = ["remission", *path.relative_to(ROOT).parent.parts]
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {part_of(alias.name) for alias in node.names if alias.name.split(".")[0] == "remission"}
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) + 1 - node.level] if node.level else []
            module = ".".join([*base, *([node.module] if node.module else [])])
            if module == "remission":
                found |= {alias.name for alias in node.names}
            elif module.startswith("remission."):
                found.add(part_of(module))
    return found - {""}


def layer_of(part: str) -> int | None:
    return next((number for number, parts in enumerate(LAYERS) if part in parts), None)


FILES = sorted(path for path in ROOT.rglob("*.py") if path != ROOT / "__init__.py")


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_imports_go_down_only(path):
    own = path.relative_to(ROOT).parts[0].removesuffix(".py")
    level = layer_of(own)
    assert level is not None, f"`{own}` has no layer yet; give it one in LAYERS"
    for part in sorted(imported(path) - {own}):
        below = layer_of(part)
        if below is None:
            assert part in remission.__dict__ or part.isupper(), f"{own} imports `{part}`, which has no layer"
            continue
        assert below <= level, f"{own} imports `{part}`, which lies above it"
        assert not (own in APART and part in APART), f"{own} imports its sibling `{part}`; meet through a port or a shared state"


def test_the_public_names_are_those_of_the_list():
    listed = [line for line in PUBLIC_NAMES.read_text(encoding="utf-8").splitlines() if line and not line.startswith("#")]
    assert sorted(getattr(remission, "__all__", ())) == sorted(listed)


def test_the_command_line_holds_no_science():
    text = (ROOT / "cli.py").read_text(encoding="utf-8")
    assert not {"numpy", "scipy", "numba"} & {
        line.split()[1].split(".")[0] for line in text.splitlines() if line.startswith(("import ", "from "))
    }
