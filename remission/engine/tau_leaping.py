"""Runs of single cells: births, deaths and moves as random events, by adaptive tau-leaping with exact steps where few cells are left.

A leap takes a time in which no rate changes by much and draws how often each reaction happened in it from a Poisson law. Its
length is that of Cao, Gillespie, Petzold 2006 (J. Chem. Phys. 124:044109, doi:10.1063/1.2159468): mean and standard
deviation of the change of every counted state stay below `epsilon / order` of it, or one cell. So does its loss, gains set
aside: without this a leap near balance outlasts the time in which counts return to it, and their spread comes out too wide.
Reactions within CRITICAL events of using up their source happen one at a time, at most one in a leap; where a leap would
hold fewer than FEW events, all do, which is the exact method of Gillespie 1977. A leap that takes more cells than there are
is tried again at half its length; a reaction whose source is empty does not happen. Rates are those of the estimated
midpoint of the leap (Gillespie 2001, J. Chem. Phys. 115:1716, doi:10.1063/1.1378322), so that means follow the equations to
second order; states that are amounts follow by the midpoint rule.

This is the independent check of the engine's rule for small clones (engine/extinction.py), with which it shares no code. Cells
are counted in floating point, exact up to 2^53. Spreads carry an error of the order of `epsilon`. Left out: implicit leaps for
stiff reactions among many cells; while one reaction happens at a time, rates are those of the middle of the time looked ahead.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from remission.engine.reactions import OUTSIDE, Reactions
from remission.errors import InputError

CRITICAL = 10.0
FEW = 10.0
SMALLEST_AMOUNT = 1e-6
SMALLEST_SHARE = 0.01


@dataclass(frozen=True)
class Runs:
    """Replicates of one patient: states [R, day, n] on the days [D], and how many steps each took [R]."""

    day: np.ndarray
    states: np.ndarray
    steps: np.ndarray


@dataclass
class _Progress:
    """Where the replicates that still run are: states [R, n], day [R], next day to save [R], share of the leap to try [R]."""

    x: np.ndarray
    t: np.ndarray
    saved: np.ndarray
    share: np.ndarray
    steps: np.ndarray


@dataclass(frozen=True)
class _Plan:
    """A step to try: its longest time [R], reactions that can happen and those that do so one at a time [R, m], its middle [R, n]."""

    window: np.ndarray
    possible: np.ndarray
    single: np.ndarray
    middle: np.ndarray


def run_single_cells(
    reactions: Reactions, days, replicates: int, seed: int, epsilon: float = 0.03, order: float = 2.0, start: np.ndarray | None = None
) -> Runs:
    """Replicates of one patient from day 0, saved on `days` (rising, not before 0).

    epsilon: how much a leap may change a rate, relative; 0 takes exact steps only. order: highest power in which a rate depends on a
    count: 1 where births and deaths are per cell, 2 for products of two counts. start: states on day 0 [n], default those of
    the system; a fraction of a cell is the chance that it is there. InputError names an argument out of range.
    """
    days = np.atleast_1d(np.asarray(days, float))
    _refuse_arguments(days, replicates, epsilon, order)
    generator = np.random.default_rng(seed)
    x = _whole(np.tile(reactions.start if start is None else np.asarray(start, float), (replicates, 1)), reactions.counted, generator)
    now = _Progress(x, np.zeros(replicates), np.zeros(replicates, int), np.ones(replicates), np.zeros(replicates, int))
    states, change = np.empty((replicates, days.size, x.shape[1])), reactions.change
    active = _save(now, states, days, np.arange(replicates))
    while active.size:
        _step(reactions, change, now, active, days, generator, epsilon, order)
        active = _save(now, states, days, active)
    return Runs(days, states, now.steps)


def _refuse_arguments(days: np.ndarray, replicates: int, epsilon: float, order: float) -> None:
    if days.size == 0 or days[0] < 0.0 or not np.isfinite(days).all() or (np.diff(days) <= 0.0).any():
        raise InputError("the days to save do not rise from 0", "days", days.tolist(), "give finite days in order, each once")
    if replicates < 1:
        raise InputError("there is nothing to run", "replicates", replicates, "give at least 1")
    if not 0.0 <= epsilon < 1.0:
        raise InputError("the change of rates in a leap is out of range", "epsilon", epsilon, "give 0 (exact) to below 1, such as 0.03")
    if not 1.0 <= order < np.inf:
        raise InputError("the order of the rates is out of range", "order", order, "give 1 for rates per cell, 2 for products")


def _whole(x: np.ndarray, counted: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    """Counted states as whole numbers with the same mean."""
    return np.where(counted, np.floor(x + generator.random(x.shape)), x)


def _save(now: _Progress, states: np.ndarray, days: np.ndarray, active: np.ndarray) -> np.ndarray:
    """Keep the states of replicates that have reached their next day; returns those that go on."""
    there = active[now.t[active] == days[now.saved[active]]]
    states[there, now.saved[there]] = now.x[there]
    now.saved[there] += 1
    return active[now.saved[active] < days.size]


def _step(reactions, change, now: _Progress, active, days, generator, epsilon: float, order: float) -> None:
    """One leap or one exact event of every active replicate."""
    x, remaining = now.x[active], days[now.saved[active]] - now.t[active]
    plan = _planned(reactions, change, x, remaining, now.share[active], epsilon, order)
    events, drift = reactions.rates(plan.middle)
    events = np.where(plan.possible, events, 0.0)
    tau, single = _next_single(np.where(plan.single, events, 0.0), plan.window, generator)
    fired = generator.poisson(np.where(plan.single, 0.0, events) * tau[:, None]) + single
    after = x + fired @ change + drift * tau[:, None]
    fits = (after[:, reactions.counted] >= 0.0).all(axis=1)
    done, again = active[fits], active[~fits]
    now.x[done] = after[fits]
    now.t[done] = np.where(tau >= remaining, days[now.saved[active]], now.t[active] + tau)[fits]
    now.share[done] = 1.0
    now.share[again] *= 0.5
    now.steps[active] += 1


def _planned(reactions, change, x, remaining, share, epsilon: float, order: float) -> _Plan:
    """How far to go at most, and what happens one at a time."""
    events, drift = reactions.rates(x)
    left = np.where(reactions.source == OUTSIDE, np.inf, x[:, reactions.source])
    possible, counts = left >= 1.0, reactions.counted
    events = np.where(possible, events, 0.0)
    single = (left < CRITICAL) & (events > 0.0)
    leap = _leap(np.where(single, 0.0, events), change[:, counts], np.maximum(epsilon / order * x[:, counts], 1.0))
    exact = (leap < FEW * _inverse(events.sum(axis=1))) | (epsilon == 0.0)
    single |= exact[:, None]
    flow = np.where(single, 0.0, events) @ change + drift
    window = np.where(exact, np.inf, leap * share)
    window = np.minimum(window, _amount_window(x[:, ~counts], drift[:, ~counts], max(epsilon, SMALLEST_SHARE)))
    window = np.minimum(np.minimum(window, _inverse((events * single).sum(axis=1))), remaining)
    middle = x + 0.5 * window[:, None] * flow
    return _Plan(window, possible, single, np.where(counts, np.maximum(middle, 0.0), middle))


def _leap(events: np.ndarray, change: np.ndarray, allowed: np.ndarray) -> np.ndarray:
    """Longest leap in which mean and standard deviation of the change of each count, and its loss, stay within what is allowed."""
    mean, variance, loss = np.abs(events @ change), events @ change**2, events @ np.maximum(-change, 0.0)
    return np.minimum(allowed * _inverse(np.maximum(mean, loss)), allowed**2 * _inverse(variance)).min(axis=1)


def _amount_window(amounts: np.ndarray, drift: np.ndarray, share: float) -> np.ndarray:
    """Longest time in which no amount changes by more than this share of it."""
    allowed = share * np.maximum(np.abs(amounts), SMALLEST_AMOUNT)
    return (allowed * _inverse(np.abs(drift))).min(axis=1, initial=np.inf)


def _inverse(x: np.ndarray) -> np.ndarray:
    """1/x, infinite at 0."""
    return np.divide(1.0, x, out=np.full(x.shape, np.inf), where=x > 0.0)


def _next_single(events: np.ndarray, window: np.ndarray, generator: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Time to go [R], and the reaction that then happens, if one does before the window ends [R, m]."""
    passed = np.cumsum(events, axis=1)
    wait = generator.exponential(size=window.size) * _inverse(passed[:, -1])
    chosen = (passed <= (generator.random(window.size) * passed[:, -1])[:, None]).sum(axis=1)
    happens = wait < window
    single = np.zeros_like(events)
    single[happens, chosen[happens]] = 1.0
    return np.minimum(wait, window), single
