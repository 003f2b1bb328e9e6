"""The peers: how each is found and set up. A peer that is not installed is not compared, and the result says so."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.util import find_spec

FOLDER = "remission.benchmark.peers"
ADVICE = "pip install -e .[benchmark]"


@dataclass(frozen=True)
class Peer:
    """One peer: its name, the modules it needs, the packages whose versions are told, and what makes it a contestant."""

    name: str
    title: str
    needs: tuple[str, ...]
    packages: tuple[str, ...]
    made_by: str
    advice: str = ADVICE

    @property
    def missing(self) -> tuple[str, ...]:
        """Modules that are not installed."""
        return tuple(module for module in self.needs if find_spec(module) is None)


PEERS = (
    Peer(
        "roadrunner", "libroadrunner, CVODE, one process a core",
        ("roadrunner", "antimony"), ("libroadrunner", "antimony"), f"{FOLDER}.roadrunner:RoadRunner",
    ),
    Peer(
        "numbalsoda", "numbalsoda, LSODA, prange over patients",
        ("numbalsoda", "numba"), ("numbalsoda", "numba"), f"{FOLDER}.numbalsoda:NumbaLsoda",
    ),
    Peer(
        "diffrax", "diffrax, Tsit5, vmap and jit",
        ("diffrax", "jax"), ("diffrax", "jax", "jaxlib"), f"{FOLDER}.diffrax:Diffrax",
    ),
    Peer(
        "scipy", "scipy, solve_ivp LSODA with rates compiled by numba, one process a core",
        ("scipy", "numba"), ("scipy", "numba"), f"{FOLDER}.scipy_lsoda:ScipyLsoda",
    ),
    Peer(
        "amici", "AMICI, CVODES, one process a core",
        ("amici", "antimony"), ("amici",), f"{FOLDER}.amici:Amici", "install AMICI by its own instructions; it needs a C++ compiler",
    ),
)  # fmt: skip
QUICK = ("roadrunner", "numbalsoda")
NEVER = {"julia": "not compared: the ensemble solver of Julia is outside Python and is not installed by this package"}
