"""An arm in parts: as many at a time as there are threads, told as one, and stopped together.

A part is in the clinic, which is Python, while another is in the engine, so that all cores are busy; no patient's result depends on it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from threading import Lock
from typing import TypeVar

import numpy as np

Part = TypeVar("Part")
Progress = Callable[[str, float], None]


def spans(size: int, longest: int) -> list[range]:
    """The rows of every part; at least one part, which may be empty."""
    return [range(first, min(first + longest, size)) for first in range(0, max(size, 1), longest)]


def at_a_time(parts: int, threads: int) -> int:
    """How many parts run beside each other; few parts follow one another, each on all threads."""
    return threads if parts >= 2 * threads else 1


class Stopped(Exception):
    """Another part has failed or was interrupted."""


class Shares:
    """How far all parts are together; after `stop` every part ends with `Stopped` the next time it says how far it is."""

    def __init__(self, progress: Progress | None, sizes: Sequence[int]):
        self.progress, self.sizes = progress, np.asarray(sizes, float)
        self.done, self.stopped, self.lock = np.zeros(len(sizes)), False, Lock()

    def of(self, part: int) -> Progress:
        """What one part calls with the name of the stage and its own share."""

        def told(name: str, share: float) -> None:
            with self.lock:
                if self.stopped:
                    raise Stopped
                self.done[part] = share
                if self.progress is not None:
                    self.progress(name, float(self.done @ self.sizes / max(self.sizes.sum(), 1.0)))

        return told

    def stop(self) -> None:
        """Let every part end."""
        self.stopped = True


def run_parts(work: Callable[[int, Progress], Part], shares: Shares, threads: int) -> list[Part]:
    """The results of `work(number of the part, progress)` in order; the first failure, or an interruption, ends all parts and is raised."""
    numbers = range(len(shares.sizes))
    if threads < 2:
        return [work(number, shares.of(number)) for number in numbers]
    with ThreadPoolExecutor(threads) as pool:
        parts = [pool.submit(work, number, shares.of(number)) for number in numbers]
        try:
            for part in as_completed(parts):
                part.result()
        except BaseException:
            shares.stop()
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    return [part.result() for part in parts]
