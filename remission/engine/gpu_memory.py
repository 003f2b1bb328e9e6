"""A batch whose arrays live on the device, seen from the host as an ordinary `Batch`.

Every array of the batch has an image on the device. An array that the host has not replaced is not sent again, one that the
device has not changed is not fetched again, and an array that nobody on the host reads is never fetched. Arrays that both sides
know are read-only on the host, so that a change can only come as a new array; of a new array of the same shape only the rows that
differ are sent.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import fields
from importlib import import_module
from typing import Any

import numpy as np
from numpy.lib.mixins import NDArrayOperatorsMixin

from remission.engine.batch import SHARED, Batch
from remission.engine.devices import DeviceBatch, Place

cuda: Any = import_module("numba.cuda")
THREADS = 128


class Distant(NDArrayOperatorsMixin):
    """An array on the device that is fetched when the host first reads it."""

    def __init__(self, device: Any):
        self._device, self._host = device, None
        self.shape, self.dtype = tuple(device.shape), np.dtype(device.dtype)
        self.ndim, self.size = len(self.shape), int(np.prod(self.shape, dtype=int))

    @property
    def host(self) -> np.ndarray:
        """The values, read-only."""
        if self._host is None:
            self._host = fetched(self._device)
        return self._host

    @property
    def is_fetched(self) -> bool:
        """Whether the host has read it."""
        return self._host is not None

    def __array__(self, dtype=None, copy=None):
        return np.array(self.host, dtype=dtype) if copy else np.asarray(self.host, dtype=dtype)

    def __array_ufunc__(self, ufunc, method, *inputs, **options):
        return getattr(ufunc, method)(*(x.host if isinstance(x, Distant) else x for x in inputs), **options)

    def __getitem__(self, key):
        return self.host[key]

    def __len__(self) -> int:
        return self.shape[0]

    def __getattr__(self, name: str):
        if name.startswith("_"):
            raise AttributeError(name)
        return getattr(self.host, name)

    def __reduce__(self):
        return np.array, (self.host,)


def arrays_of(batch: Batch) -> Iterator[tuple[Place, Any]]:
    """Every array of a batch with its place: the group and the field."""
    for name, group in _groups(batch):
        yield from (((name, field), array) for field, array in zip(group._fields, group, strict=True))


def _groups(batch: Batch) -> Iterator[tuple[str, Any]]:
    named = ((own.name, getattr(batch, own.name)) for own in fields(Batch))
    return ((name, group) for name, group in named if hasattr(group, "_fields"))


def _with_arrays(batch: Batch, arrays: Mapping[Place, Any], images: Mapping[Place, tuple[Any, Any]]) -> DeviceBatch:
    groups = {name: group._make(arrays[name, field] for field in group._fields) for name, group in _groups(batch)}
    return DeviceBatch(capacity=batch.capacity, images=images, **groups)


def to_device(batch: Batch) -> DeviceBatch:
    """The same members with all arrays on the device; only what the device does not have yet is sent."""
    known = batch.images if isinstance(batch, DeviceBatch) else {}
    images = {place: _image(place, array, known.get(place)) for place, array in arrays_of(batch)}
    return _with_arrays(batch, {place: host for place, (host, _) in images.items()}, images)


def with_devices(batch: DeviceBatch, devices: Mapping[Place, Any], fetch: frozenset[Place]) -> DeviceBatch:
    """The batch with other arrays on the device: those in `fetch` are fetched now, the others when the host reads them."""
    images = dict(batch.images)
    for place, device in devices.items():
        images[place] = (fetched(device) if place in fetch else Distant(device), device)
    return _with_arrays(batch, {place: host for place, (host, _) in images.items()}, images)


def to_host(batch: Batch) -> Batch:
    """An ordinary batch with the same values, in arrays of its own."""
    groups = {name: group._make(np.array(array) for array in group) for name, group in _groups(batch)}
    return Batch(capacity=batch.capacity, **groups)


def _image(place: Place, array: Any, known: tuple[Any, Any] | None) -> tuple[Any, Any]:
    if known is not None and known[0] is array:
        return known
    own = _kept(np.array(array, order="C"))
    if known is not None and place[1] not in SHARED and _can_mend(known[0], own):
        changed = np.flatnonzero(_differs(np.asarray(known[0]), own))
        if changed.size < own.shape[0] // 2:
            return own, _mended(known[1], own, changed)
    return own, cuda.to_device(own)


def _can_mend(before: Any, now: np.ndarray) -> bool:
    is_here = not isinstance(before, Distant) or before.is_fetched
    return is_here and before.shape == now.shape and before.dtype == now.dtype and now.size > 0


def _differs(before: np.ndarray, now: np.ndarray) -> np.ndarray:
    """Which rows differ in any bit."""
    before, now = (np.ascontiguousarray(x).view(np.uint8).reshape(now.shape[0], -1) for x in (before, now))
    return (before != now).any(axis=1)


def _mended(device: Any, now: np.ndarray, changed: np.ndarray) -> Any:
    """A copy of the device's array with some rows as the host has them now; the same array if there are none."""
    if changed.size == 0:
        return device
    result, rows = copied(device), cuda.to_device(_as_rows(np.ascontiguousarray(now[changed])))
    put_rows[blocks(changed.size), THREADS](_as_rows(result), rows, cuda.to_device(changed))
    return result


@cuda.jit
def put_rows(target, rows, which):
    """target[which[i]] = rows[i]"""
    i = cuda.grid(1)
    if i < which.size:
        for j in range(rows.shape[1]):
            target[which[i], j] = rows[i, j]


@cuda.jit
def take_rows(target, source, which):
    """target[i] = source[which[i]]"""
    i = cuda.grid(1)
    if i < which.size:
        for j in range(source.shape[1]):
            target[i, j] = source[which[i], j]


@cuda.jit
def copy_rows(target, source, which):
    """target[which[i]] = source[which[i]]"""
    i = cuda.grid(1)
    if i < which.size:
        for j in range(source.shape[1]):
            target[which[i], j] = source[which[i], j]


@cuda.jit
def fill_rows(target, value):
    """target[i] = value"""
    i = cuda.grid(1)
    if i < target.shape[0]:
        for j in range(target.shape[1]):
            target[i, j] = value


def _as_rows(array: Any) -> Any:
    """An array that has values as one of two axes, the first being its own."""
    return array.reshape(array.shape[0], array.size // array.shape[0])


def copied(device: Any) -> Any:
    """An array of its own on the device with the same values."""
    result = cuda.device_array(device.shape, device.dtype)
    if result.size:
        result.copy_to_device(device)
    return result


def filled(shape: tuple[int, ...], value: float) -> Any:
    """An array of numbers on the device, all the same."""
    result = cuda.device_array(shape, np.float64)
    if result.size:
        fill_rows[blocks(shape[0]), THREADS](_as_rows(result), value)
    return result


def restore(target: Any, source: Any, which: Any) -> None:
    """Give the members `which` (on the device) the values that they have in `source`."""
    if source.size and which.size:
        copy_rows[blocks(which.size), THREADS](_as_rows(target), _as_rows(source), which)


def rows_of(device: Any, which: Any) -> np.ndarray:
    """The rows `which` (on the device) of an array there, fetched."""
    result = cuda.device_array((which.size, *device.shape[1:]), device.dtype)
    if result.size:
        take_rows[blocks(which.size), THREADS](_as_rows(result), _as_rows(device), which)
    return result.copy_to_host()


def blocks(members: int) -> int:
    """Thread blocks for this many members."""
    return -(-members // THREADS)


def fetched(device: Any) -> np.ndarray:
    """The values on the host, read-only."""
    return _kept(device.copy_to_host())


def _kept(array: np.ndarray) -> np.ndarray:
    array.flags.writeable = False
    return array
