"""Where members run: the processor, or a CUDA device that is asked for. Nothing of CUDA is imported before it is needed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeGuard

from remission.engine.batch import Batch
from remission.errors import InputError

DEVICES = ("cpu", "cuda")
Place = tuple[str, str]


@dataclass(frozen=True)
class DeviceBatch(Batch):
    """A batch with an image of its arrays on the device: of each, by group and field, the host's array and the device's."""

    images: Mapping[Place, tuple[Any, Any]] = field(default_factory=dict, repr=False, compare=False)


def is_on_device(batch: Batch) -> TypeGuard[DeviceBatch]:
    """Whether the arrays of a batch have images on a device."""
    return isinstance(batch, DeviceBatch)


def has_cuda() -> bool:
    """Whether numba's CUDA is installed and finds a device (or its simulator stands for one)."""
    try:
        from numba import cuda
    except ImportError:
        return False
    return bool(cuda.is_available())


def chosen_device(device: str) -> str:
    """The device that is meant. `auto` is the processor as long as no device has been measured, see docs/gpu.md.

    InputError for a device that has another name or is not there.
    """
    device = "cpu" if device == "auto" else device
    uses_cuda(device)
    return device


def uses_cuda(device: str) -> bool:
    """Whether a run asks for CUDA. InputError for a device that has another name or is not there."""
    if device not in DEVICES:
        raise InputError("no such device", "Options.device", device, "write `cpu` or `cuda`")
    if device == "cuda" and not has_cuda():
        raise InputError("no CUDA device can be used here", "Options.device", device, "install `remission[cuda]`, or use `cpu`")
    return device == "cuda"
