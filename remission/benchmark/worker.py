"""A process of its own for each contestant, so that threads, memory, warnings and crashes of one are not those of another."""

from __future__ import annotations

import multiprocessing
import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from importlib import import_module
from multiprocessing.connection import Connection
from typing import Any

ENDED = "its process ended"


class WorkerError(Exception):
    """What went wrong in a worker, in one line."""


@dataclass
class Worker:
    """A process that holds one object and calls its methods.

    made_by: `module:name` of what makes the object; arguments: what it is made with. Making it is the first call (`start`).
    """

    made_by: str
    arguments: tuple[Any, ...]
    environment: dict[str, str] = field(default_factory=dict)
    setup_seconds: float = 0.0

    def start(self, limit: float) -> None:
        """Make the process and the object in it; `setup_seconds` is what making the object took, imports included."""
        context = multiprocessing.get_context("spawn")
        self._connection, inner = context.Pipe()
        self._process = context.Process(target=_serve, args=(inner, self.made_by, self.arguments, self.environment))
        self._process.start()
        inner.close()
        self.setup_seconds = self._answer(limit)

    def call(self, method: str, *arguments: Any, limit: float) -> Any:
        """What the method returns; `WorkerError` when it raises, ends the process, or takes longer than `limit` seconds."""
        self.send(method, *arguments)
        return self._answer(limit)

    def send(self, method: str, *arguments: Any) -> None:
        """Begin a call; `receive` waits for it."""
        try:
            self._connection.send((method, arguments))
        except OSError:
            raise WorkerError(ENDED) from None

    def receive(self, limit: float) -> Any:
        return self._answer(limit)

    def _answer(self, limit: float) -> Any:
        try:
            if not self._connection.poll(limit):
                self.kill()
                raise WorkerError(f"took longer than {limit:.0f} s")
            fine, value = self._connection.recv()
        except (EOFError, OSError):
            self._process.join(5)
            raise WorkerError(f"{ENDED} with code {self._process.exitcode}") from None
        if not fine:
            raise WorkerError(value)
        return value

    def kill(self) -> None:
        """End the process at once; processes it has made end by themselves when their pipe closes."""
        process = getattr(self, "_process", None)
        if process is not None and process.is_alive():
            process.terminate()
            process.join(5)
            if process.is_alive():
                process.kill()

    def close(self) -> None:
        """Ask the process to end, and end it if it does not."""
        process = getattr(self, "_process", None)
        if process is not None and process.is_alive():
            try:
                self._connection.send(None)
                process.join(5)
            except OSError:
                pass
        self.kill()


def _serve(connection: Connection, made_by: str, arguments: tuple[Any, ...], environment: dict[str, str]) -> None:
    """Make the object, then answer calls until the other side is gone. What libraries print goes nowhere."""
    os.environ.update(environment)
    silence = os.open(os.devnull, os.O_WRONLY)
    os.dup2(silence, 1)
    os.dup2(silence, 2)
    made: list[Any] = []

    def make() -> float:
        begin = time.perf_counter()
        module, _, name = made_by.partition(":")
        made.append(getattr(import_module(module), name)(*arguments))
        return time.perf_counter() - begin

    try:
        if _answered(connection, make):
            while (asked := connection.recv()) is not None:
                method, given = asked
                _answered(connection, lambda method=method, given=given: getattr(made[0], method)(*given))
    except (EOFError, OSError, KeyboardInterrupt):
        pass
    finally:
        if made and hasattr(made[0], "close"):
            made[0].close()


def _answered(connection: Connection, work: Callable[[], Any]) -> bool:
    try:
        answer = (True, work())
    except Exception as error:
        text = str(error).strip().splitlines()
        answer = (False, f"{type(error).__name__}: {text[0] if text else ''}".rstrip(": "))
    connection.send(answer)
    return answer[0]
