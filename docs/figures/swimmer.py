"""The patients of the example over time, colored by the response last seen."""

import sys
from pathlib import Path

from remission.assessing import assess
from remission.catalog import copies
from scripts.docs.drawing import on_paper

measurements, patients = copies("scans-example")
found = assess(measurements, "recist1.1", patients)
Path(sys.argv[1]).write_text(on_paper(found.plot("swimmer").svg(760.0)), encoding="utf-8")
