"""Work against precision: everybody at tolerances around those of the comparison, in turn, so that the machine is as busy for all."""

from __future__ import annotations

from collections.abc import Callable

from remission.benchmark.accuracy import Error
from remission.benchmark.contestant import Outcome, Setting
from remission.benchmark.rounds import Turn
from remission.benchmark.search import Point
from remission.benchmark.worker import WorkerError

LOOSEST, TIGHTEST = 1e-2, 1e-12
SHARE = 4  # of the patients of a run in the rounds
Judge = Callable[[Outcome], Error]


def settings_around(setting: Setting, decades: tuple[float, ...]) -> list[Setting]:
    """The same family at so many decades looser (positive) or tighter, as far as solvers go."""
    wanted = [setting.rtol * 10.0**decade for decade in decades]
    return [Setting(setting.family, rtol) for rtol in wanted if TIGHTEST <= rtol <= LOOSEST]


def work_and_precision(
    turns: list[tuple[Turn, Judge]],
    decades: tuple[float, ...],
    least: int,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> list[Point]:
    """Error and rate of every contestant at each tolerance, contestants in turn. Runs that fail have no point."""
    points: list[Point] = []
    for done, decade in enumerate(decades, 1):
        for turn, judge in turns:
            for setting in settings_around(turn.setting, (decade,)):
                try:
                    outcome = turn.entrant.run(max(least, turn.patients // SHARE), setting)
                except WorkerError:
                    continue
                points.append(Point(turn.entrant.name, setting, judge(outcome), outcome.rate, outcome.patients))
        progress(done, len(decades))
    return points
