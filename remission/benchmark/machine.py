"""What a result was measured on: processor, cores, memory, versions, day."""

from __future__ import annotations

import os
import platform
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import llvmlite.binding as llvm

from remission.benchmark.peak import vector_width
from remission.benchmark.peers import PEERS
from remission.version import VERSION

ALWAYS = ("numpy", "scipy", "llvmlite")


def cores() -> int:
    """Cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def machine() -> dict[str, object]:
    """The machine in words and numbers."""
    return {
        "processor": _field("/proc/cpuinfo", "model name") or platform.processor() or platform.machine(),
        "architecture": llvm.get_host_cpu_name(),
        "vector_bits": 64 * vector_width(),
        "cores": cores(),
        "memory_gb": round(_memory() / 2**30, 1),
        "system": f"{platform.system()} {platform.machine()}",
    }


def versions() -> dict[str, str]:
    """Versions of this package, Python, and the packages that are compared, where they are installed."""
    found = {"remission": VERSION, "python": platform.python_version()}
    for package in dict.fromkeys([*ALWAYS, *(package for peer in PEERS for package in peer.packages)]):
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


def now() -> str:
    return datetime.now(UTC).isoformat(timespec="minutes")


def load() -> float | None:
    """Processes that wanted a core over the last minute; more than 1 before a run means that others use the machine."""
    return round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else None


def _field(path: str, name: str) -> str:
    try:
        lines = Path(path).read_text(encoding="utf-8").splitlines()
    except OSError:
        return ""
    return next((line.split(":", 1)[1].strip() for line in lines if line.startswith(name)), "")


def _memory() -> int:
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):
        return 0
