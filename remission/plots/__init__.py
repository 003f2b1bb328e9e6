"""Figures of trials and assessments. Each function takes tidy tables and returns a `Figure`: `.svg(width)`, `.html()`, `.save(path)`."""

from remission.plots.endpoints import endpoints_versus_published
from remission.plots.figure import DESK, PHONE, Figure
from remission.plots.flow import flow_of_patients
from remission.plots.forest import forest
from remission.plots.kinetics import kinetics_fan
from remission.plots.relapse import relapse_phenotype
from remission.plots.spider import spider
from remission.plots.survival import kaplan_meier
from remission.plots.swimmer import swimmer
from remission.plots.timeline import timeline
from remission.plots.toxicity import toxicity_by_grade
from remission.plots.waterfall import waterfall

__all__ = [
    "DESK",
    "PHONE",
    "Figure",
    "endpoints_versus_published",
    "flow_of_patients",
    "forest",
    "kaplan_meier",
    "kinetics_fan",
    "relapse_phenotype",
    "spider",
    "swimmer",
    "timeline",
    "toxicity_by_grade",
    "waterfall",
]
