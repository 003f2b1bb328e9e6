"""The docs say what the code does: generated sections are fresh, examples run, links lead somewhere, pictures can be drawn."""

from __future__ import annotations

import doctest
import re
from pathlib import Path

import pytest

from scripts.docs import pages, pictures, sections

PAGES = pages.pages()
REMEDY = "run `make docs`"
_LINK = re.compile(r"\]\((?!https?:)([^)#\s]*)(?:#([^)\s]+))?\)")
_CODE = re.compile(r"```.*?```|`[^`\n]*`", re.DOTALL)
_BLOCK = re.compile(r"^```python\n(.*?)^```", re.DOTALL | re.MULTILINE)


def name_of(path: Path) -> str:
    return str(path.relative_to(pages.ROOT))


@pytest.mark.parametrize("path", [path for path in PAGES if pages.markers(path.read_text(encoding="utf-8"))], ids=name_of)
def test_generated_sections_are_what_the_code_says(path):
    text = path.read_text(encoding="utf-8")
    assert pages.refreshed(text) == text, f"{name_of(path)} is out of date; {REMEDY}"


def test_the_stored_trial_was_run_with_the_numbers_of_today():
    assert sections.result()["made_of"] == pictures.digests(), f"the trial behind the README's picture is out of date; {REMEDY}"


@pytest.mark.parametrize("path", PAGES, ids=name_of)
def test_links_lead_somewhere(path):
    for target, anchor in links(path):
        found = (path.parent / target).resolve() if target else path
        assert found.exists(), f"{name_of(path)} points to `{target}`, which is not there"
        if anchor and found.suffix == ".md":
            assert anchor in headings(found), f"{name_of(path)} points to `#{anchor}` of {name_of(found)}, which has no such heading"


def links(path: Path) -> list[tuple[str, str]]:
    """Target and anchor of every link within the docs; code is no link."""
    return _LINK.findall(_CODE.sub("", path.read_text(encoding="utf-8")))


def headings(path: Path) -> set[str]:
    """Headings as links name them."""
    lines = re.findall(r"^#+ (.*)$", path.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", line.lower()).replace(" ", "-") for line in lines}


def test_every_page_is_reached_from_the_index_or_another_page():
    linked = {(path.parent / target).resolve() for path in PAGES for target, _ in links(path) if target}
    lost = [name_of(path) for path in PAGES if path.name != "README.md" and path.resolve() not in linked]
    assert lost == []


@pytest.mark.parametrize("page", ["extend.md", "judge_your_scans.md", "lane_language.md"])
def test_the_examples_of_a_page_run_as_they_stand(page):
    text = (pages.ROOT / "docs" / page).read_text(encoding="utf-8")
    globs: dict[str, object] = {"__name__": page.removesuffix(".md")}
    runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS | doctest.IGNORE_EXCEPTION_DETAIL)
    for number, block in enumerate(_BLOCK.findall(text)):
        if ">>>" in block:
            example = doctest.DocTestParser().get_doctest(block, globs, f"block {number}", f"docs/{page}", 0)
            runner.run(example, clear_globs=False)
            globs.update(example.globs)
        else:
            exec(compile(block, f"docs/{page}", "exec"), globs)
    assert runner.summarize(verbose=False).failed == 0


@pytest.mark.parametrize("name", pictures.scripts())
def test_a_figure_script_has_about_ten_lines(name):
    lines = (pictures.FIGURES / f"{name}.py").read_text(encoding="utf-8").splitlines()
    assert len([line for line in lines if line]) <= 16


@pytest.mark.slow
@pytest.mark.parametrize("name", pictures.scripts())
def test_a_figure_script_draws_its_picture(name, tmp_path):
    pictures.draw(name, tmp_path / "picture.svg")
    drawn = (tmp_path / "picture.svg").read_text(encoding="utf-8")
    assert drawn.startswith("<svg")
    assert drawn.count("<path") >= 1
    assert (pages.ROOT / "docs" / "images" / f"{name}.svg").exists(), REMEDY
