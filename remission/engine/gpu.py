"""The kernel on a CUDA device: one patient per thread, from the text that the processor runs, by numba-cuda.

With `Options(device="cuda")` `advance`, `observe` and `simulate` work here, with the same options and outputs: the host decides at
visits, the batch stays on the device, and only what the host reads (measurements, records) or has changed (dose rows) travels.
Results agree with the processor's to solver tolerance; draws of luck are the same to the bit.

Left out: the choice among several devices, and a batch shared between device and processor.
"""

from __future__ import annotations

from dataclasses import replace
from importlib import import_module
from typing import Any

import numpy as np

from remission.engine.batch import Batch
from remission.engine.compiled import Compiled
from remission.engine.cpu import variant_of
from remission.engine.devices import DeviceBatch, Place
from remission.engine.ensemble import DEFAULTS, Options, advance, model_of, observe, settings_of
from remission.engine.gpu_kernels import DeviceKernel, Room, device_kernel, quiet_about_small_runs, record_of
from remission.engine.gpu_memory import THREADS, blocks, copied, filled, restore, rows_of, to_device, to_host, with_devices
from remission.engine.layout import FAILURES, Status
from remission.engine.steppers import Method

__all__ = ["advance_on_device", "look_on_device", "observe_on_device", "on_device", "run_on_device", "to_host"]

cuda: Any = import_module("numba.cuda")
quiet_about_small_runs()
FETCHED: frozenset[Place] = frozenset(
    {("state", name) for name in ("t", "status", "trigger", "fatal", "n_lesions")} | {("doses", "next_row"), ("events", "count")}
)
UNCHANGED = {
    "state": ("patient", "c", "until"),
    "doses": ("day", "agent", "amount", "duration", "lesion", "input"),
    "watch": ("grid", "output", "above", "below", "rise", "trigger_output", "trigger_level", "trigger_sign"),
}
GROUPS = ("state", "doses", "clones", "events", "watch")


def on_device(batch: Batch) -> DeviceBatch:
    """The same members with their arrays on the device."""
    return to_device(batch)


def advance_on_device(system: Compiled, batch: Batch, until, save=None, options: Options = DEFAULTS) -> DeviceBatch:
    """`advance` on the device; the batch need not be there yet."""
    result = advance(system, batch, until, save, replace(options, device="cuda"))
    assert isinstance(result, DeviceBatch)
    return result


def observe_on_device(system: Compiled, batch: DeviceBatch, which: np.ndarray | None = None) -> np.ndarray:
    """`observe` of a batch on the device."""
    return observe(system, batch, which)


def run_on_device(system: Compiled, first: Batch, options: Options) -> DeviceBatch:
    """Run a batch that `advance` has prepared; a solver failure is repeated once at a tenth of the tolerance."""
    status, watch = np.asarray(first.status), first.watch
    is_ok = status == Status.OK
    watching = watch.days + watch.outputs + watch.triggers > 0
    going = np.flatnonzero(is_ok & ((np.asarray(first.t) < np.asarray(first.state.until)) | watching))
    disarmed = first.state._replace(trigger=np.where(is_ok, -1, np.asarray(first.state.trigger)))
    sent = to_device(replace(first, state=disarmed))
    devices = {place: copied(device) for place, (_, device) in sent.images.items() if place[1] not in UNCHANGED.get(place[0], ())}
    devices["watch", "saved"] = filled((first.size, watch.days, system.n_observed(first.capacity)), np.nan)
    _launch(system, sent, devices, going, options, 1.0)
    failed = np.flatnonzero(np.isin(devices["state", "status"].copy_to_host(), FAILURES) & is_ok)
    if failed.size:
        again = cuda.to_device(failed)
        for place, device in devices.items():
            if place != ("watch", "saved"):
                restore(device, sent.images[place][1], again)
        _launch(system, sent, devices, failed, options, 0.1)
    return with_devices(sent, devices, FETCHED)


def _launch(system: Compiled, batch: DeviceBatch, devices: dict[Place, Any], which: np.ndarray, options: Options, tighter: float) -> None:
    """Run the members `which` in place; members with about equally many lesions share a warp."""
    if which.size == 0:
        return
    member = which[np.argsort(np.asarray(batch.state.n_lesions)[which], kind="stable")]
    model = model_of(system, batch.capacity)
    tables = {name: cuda.to_device(array) for name, array in zip(model._fields, model, strict=True) if isinstance(array, np.ndarray)}
    groups = [_record(batch, name, devices) for name in GROUPS]
    run = _kernel_for(system, batch, options.method).run
    arguments = (record_of(model, tables), *groups, record_of(settings_of(options, tighter)), cuda.to_device(member))
    run[blocks(member.size), THREADS](*arguments)
    cuda.synchronize()


def _record(batch: DeviceBatch, name: str, devices: dict[Place, Any]) -> Any:
    """A group of the batch with its arrays on the device."""
    group = getattr(batch, name)
    arrays = {field: devices.get((name, field), batch.images[name, field][1]) for field in group._fields}
    return record_of(group, {field: array if array.size else _stand_in(array.ndim, array.dtype) for field, array in arrays.items()})


def _stand_in(axes: int, kind: Any) -> Any:
    """For an array that has no values: one that nobody reads, so that a kernel serves with and without them."""
    return cuda.device_array((1,) * axes, kind)


def _kernel_for(system: Compiled, batch: Batch, method: Method) -> DeviceKernel:
    watch = batch.watch
    return device_kernel(system, variant_of(watch, method, 1), Room(batch.capacity, watch.outputs, watch.triggers))


def look_on_device(system: Compiled, batch: DeviceBatch, which: np.ndarray) -> np.ndarray:
    """Outputs of the members `which` (numbers) as they are now [M, O]; nan for the others and for lesions not there."""
    result = np.full((batch.size, system.n_observed(batch.capacity)), np.nan)
    if which.size:
        sent, members = to_device(batch), cuda.to_device(np.ascontiguousarray(which, np.int64))
        seen = filled(result.shape, np.nan)
        look = _kernel_for(system, sent, Method.RODAS5P).look
        look[blocks(which.size), THREADS](_record(sent, "state", {}), members, seen)
        result[which] = rows_of(seen, members)
    return result
