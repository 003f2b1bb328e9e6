"""Virtual trials of refractory and metastatic cancers, and scans judged by the clinic's criteria. Research use only; no advice.

Six verbs are planned: `build`, `simulate`, `fit`, `forecast`, `run_trial`, `optimize`; this version has those named below.
"""

from importlib import import_module

_HOMES = {
    "Arm": "remission.design",
    "Population": "remission.design",
    "Trial": "remission.design",
    "assess": "remission.assessing",
    "run_trial": "remission.design",
    "Regimen": "remission.model.regimen",
    "build": "remission.diseases.build",
}
__all__ = sorted(_HOMES)


def __getattr__(name: str):
    """Load a public name when it is first used, so that importing the package is quick."""
    if name not in _HOMES:
        raise AttributeError(f"module `remission` has no `{name}`; it has {', '.join(__all__)}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return __all__
