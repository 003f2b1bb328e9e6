"""Write `docs/validation.md` from the calibration that the package carries: `python scripts/validation_page.py`."""

from pathlib import Path

from remission.printing import progress_on_stderr
from remission.validating import page, validate

PAGE = Path(__file__).parent.parent / "docs" / "validation.md"


def main() -> None:
    with progress_on_stderr() as progress:
        result = validate(progress=progress)
    PAGE.write_text(page(result), encoding="utf-8")
    print(PAGE)


if __name__ == "__main__":
    main()
