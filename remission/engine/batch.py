"""A batch of members as a value: their arrays, and how to take, put, widen and re-dose some of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from remission.engine.compiled import Compiled, Hazard
from remission.engine.layout import Clones, Doses, Events, State, Watch

SHARED = ("grid", "output", "trigger_output", "trigger_sign")


class Dose(NamedTuple):
    """One row for one member. duration 0 is a jump, given at once; else `amount` runs into `input` over `duration` days.

    agent: number the system's `dose` function knows; lesion: -1 = every lesion.
    """

    day: float
    agent: int
    amount: float
    duration: float = 0.0
    lesion: int = -1
    input: int = -1


@dataclass(frozen=True)
class Batch:
    """Members on their way: state and clock, dose rows, clones, events, and what is watched. See `layout` for the arrays.

    A batch is never changed; `advance` and the functions here return new ones. `capacity` is how many lesions fit.
    """

    capacity: int
    state: State
    doses: Doses
    clones: Clones
    events: Events
    watch: Watch

    @property
    def size(self) -> int:
        """Number of members."""
        return self.state.t.size

    @property
    def patient(self) -> np.ndarray:
        """Key of each member's luck [M]."""
        return self.state.patient

    @property
    def t(self) -> np.ndarray:
        """Day each member has reached [M]."""
        return self.state.t

    @property
    def y(self) -> np.ndarray:
        """States [M, N]."""
        return self.state.y

    @property
    def status(self) -> np.ndarray:
        """How each member stands [M], see `Status`."""
        return self.state.status

    @property
    def saved(self) -> np.ndarray:
        """Outputs on the grid of the last advance [M, T, O]; nan where the member was not there."""
        return self.watch.saved


def _groups(batch: Batch) -> dict[str, State | Doses | Clones | Events | Watch]:
    return {name: getattr(batch, name) for name in ("state", "doses", "clones", "events", "watch")}


def _mapped(batch: Batch, change) -> Batch:
    """The batch with `change(name, array)` applied to every array that has one row per member."""
    groups = {
        name: group._make(x if field in SHARED else change(field, x) for field, x in zip(group._fields, group, strict=True))
        for name, group in _groups(batch).items()
    }
    return replace(batch, **groups)


def copy(batch: Batch) -> Batch:
    """The same members in arrays of their own."""
    return _mapped(batch, lambda _, x: x.copy())


def to_run(batch: Batch) -> Batch:
    """The same members with arrays of their own for all that a run changes, except `saved`; the rest is shared, since nothing
    changes it."""
    s, w = batch.state, batch.watch
    kept = ("patient", "c", "until")
    state = s._replace(**{name: getattr(s, name).copy() for name in s._fields if name not in kept})
    return replace(
        batch,
        state=state,
        doses=batch.doses._replace(next_row=batch.doses.next_row.copy()),
        clones=Clones(*(x.copy() for x in batch.clones)),
        events=Events(*(x.copy() for x in batch.events)),
        watch=w._replace(record=w.record.copy(), armed=w.armed.copy(), met=w.met.copy()),
    )


def take(batch: Batch, which: np.ndarray) -> Batch:
    """Some members as a batch of their own; `which` is a mask or an index array."""
    return _mapped(batch, lambda _, x: x[which])


def put(batch: Batch, which: np.ndarray, part: Batch) -> Batch:
    """The batch with the members `which` replaced by those of `part`; both are widened to the larger capacity."""
    changed = {}
    for name, group in _groups(batch).items():
        pairs = zip(group._fields, group, getattr(part, name), strict=True)
        changed[name] = group._make(new if field in SHARED else _joined(field, old, new, which) for field, old, new in pairs)
    return replace(batch, capacity=max(batch.capacity, part.capacity), **changed)


def _joined(field: str, old: np.ndarray, new: np.ndarray, which: np.ndarray) -> np.ndarray:
    shape = tuple(max(a, b) for a, b in zip(old.shape[1:], new.shape[1:], strict=True))
    result = _widened(field, old, shape)
    result[which] = _widened(field, new, shape)
    return result


def _widened(field: str, array: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """A copy with more room behind, filled with what an unused place holds."""
    filler = {"threshold": np.inf, "saved": np.nan, "day": np.inf}.get(field, 0)
    result = np.full((array.shape[0], *shape), filler, dtype=array.dtype)
    result[tuple(slice(0, n) for n in array.shape)] = array
    return result


EMPTY = {"day": np.inf, "agent": -1, "amount": 0.0, "duration": 0.0, "lesion": -1, "input": -1}
KINDS = {"day": float, "agent": np.int64, "amount": float, "duration": float, "lesion": np.int64, "input": np.int64}


def pack_doses(rows: Sequence[Sequence[Dose]]) -> Doses:
    """Dose rows of every member as arrays, sorted by day; rows of one day keep their order."""
    counts = np.array([len(own) for own in rows], np.int64)
    flat = np.array([row for own in rows for row in own], float).reshape(-1, len(Dose._fields))
    member = np.repeat(np.arange(counts.size), counts)
    flat = flat[np.lexsort((flat[:, 0], member))]
    place = np.arange(len(flat)) - np.repeat(np.cumsum(counts) - counts, counts)
    shape = (counts.size, counts.max(initial=0))
    arrays = {name: np.full(shape, EMPTY[name], dtype=KINDS[name]) for name in Dose._fields}
    for column, name in enumerate(Dose._fields):
        arrays[name][member, place] = flat[:, column]
    return Doses(**arrays, next_row=np.zeros(shape[0], np.int64))


def rows_to_come(batch: Batch, member: int) -> list[Dose]:
    """Dose rows a member has not been given yet."""
    doses = batch.doses
    last = int(np.isfinite(doses.day[member]).sum())
    columns = (getattr(doses, name)[member, doses.next_row[member] : last].tolist() for name in Dose._fields)
    return [Dose(*row) for row in zip(*columns, strict=True)]


def with_rows_to_come(batch: Batch, changes: Mapping[int, Sequence[Dose]]) -> Batch:
    """The batch with the dose rows to come of some members replaced; rows already given stay, running infusions run on.

    A row dated before the member's day is given at its next advance.
    """
    which = np.array(list(changes), np.int64)
    return redosed(batch, which, np.zeros((which.size, batch.doses.day.shape[1]), bool), pack_doses(list(changes.values())))


def redosed(batch: Batch, which: np.ndarray, stay: np.ndarray, added: Doses) -> Batch:
    """The batch with other rows to come for the members `which` [k]: those that `stay` [k, R], and `added` [k, r] behind them.

    Rows already given stay. Rows to come are sorted by day; rows of one day keep their order. `which` names no member twice.
    """
    old = Doses(*(array[which] for array in batch.doses))
    given = np.arange(old.day.shape[1]) < old.next_row[:, None]
    day = np.concatenate([np.where(given, -np.inf, np.where(stay, old.day, np.inf)), added.day], axis=1)
    order = np.argsort(day, axis=1, kind="stable")
    none = np.isposinf(np.take_along_axis(day, order, axis=1))
    length = int((~none).sum(axis=1).max(initial=0))
    order, none = order[:, :length], none[:, :length]
    arrays = {}
    for name in Dose._fields:
        both = np.concatenate([getattr(old, name), getattr(added, name)], axis=1)
        own = np.where(none, EMPTY[name], np.take_along_axis(both, order, axis=1))
        arrays[name] = _rewritten(name, getattr(batch.doses, name), which, own)
    return replace(batch, doses=Doses(**arrays, next_row=batch.doses.next_row.copy()))


def _rewritten(name: str, array: np.ndarray, which: np.ndarray, own: np.ndarray) -> np.ndarray:
    """One column of the dose rows with those of some members replaced, with more room where they need it."""
    more = np.full((array.shape[0], max(own.shape[1] - array.shape[1], 0)), EMPTY[name], dtype=KINDS[name])
    result = np.concatenate([array, more], axis=1) if more.size else array.copy()
    result[which, : own.shape[1]] = own
    result[which, own.shape[1] :] = EMPTY[name]
    return result


def entry_table(system: Compiled, capacity: int) -> tuple[np.ndarray, int, int]:
    """Every hazard entry as (place in q, hazard, lesion, clone), patient entries first, and how many of each kind."""
    patient = [(hazard.index, k, -1, -1) for k, hazard in enumerate(system.hazards) if hazard.scope == "patient"]
    lesions, each = [], 0
    for lesion in range(capacity):
        base = system.n_quadratures + lesion * system.n_lesion_quadratures
        own = [row for k, hazard in enumerate(system.hazards) for row in _lesion_rows(system, hazard, k, base, lesion)]
        lesions, each = lesions + own, len(own)
    return np.array(patient + lesions, np.int64).reshape(-1, 4), len(patient), each


def _lesion_rows(system: Compiled, hazard: Hazard, number: int, base: int, lesion: int) -> list[tuple[int, int, int, int]]:
    if hazard.scope == "patient":
        return []
    if hazard.scope == "lesion":
        return [(base + hazard.index, number, lesion, -1)]
    return [(base + hazard.index + clone, number, lesion, clone) for clone in range(system.n_clones)]
