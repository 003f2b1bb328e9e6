"""`python -m scripts.docs`: make every generated part of the docs anew.

Options: `--text` only the sections taken from the code; `--patients N` the size of the trial behind the README's picture.
"""

from __future__ import annotations

import argparse

from scripts.docs import pages, pictures


def main() -> None:
    reader = argparse.ArgumentParser(prog="python -m scripts.docs", description="Make the generated parts of the docs anew.")
    reader.add_argument("--text", action="store_true", help="only the sections; no run, no picture")
    reader.add_argument("--patients", type=int, default=pictures.PATIENTS, help="patients per arm behind the README's picture")
    chosen = reader.parse_args()
    if not chosen.text:
        pictures.trial(chosen.patients)
        pictures.open_choices(max(chosen.patients // 2, 20))
        pictures.lung()
        for name in pictures.scripts():
            pictures.draw(name, pictures.FIGURES.parent / "images" / f"{name}.svg")
            print(f"docs/images/{name}.svg")
    for page in pages.pages():
        if pages.write(page):
            print(page.relative_to(pages.ROOT))


if __name__ == "__main__":
    main()
