"""A process for each contestant: what it says, prints, and does when it breaks."""

import pytest

from remission.benchmark.worker import Worker, WorkerError

SERVED = "tests.benchmark.fakes:Served"


def test_a_worker_answers_prints_nothing_goes_on_after_an_error_and_tells_its_end(capfd):
    worker = Worker(SERVED, (21,))
    worker.start(60.0)
    assert worker.call("twice", limit=10.0) == 42
    assert worker.call("noisy", limit=10.0) == "quiet"
    assert capfd.readouterr() == ("", "")
    with pytest.raises(WorkerError, match="^ValueError: not today$"):
        worker.call("refuse", limit=10.0)
    assert worker.call("twice", limit=10.0) == 42
    with pytest.raises(WorkerError, match="ended with code 7"):
        worker.call("die", limit=30.0)
    worker.close()


@pytest.mark.slow
def test_what_cannot_be_made_says_why():
    made = Worker("tests.benchmark.nowhere:Nobody", ())
    with pytest.raises(WorkerError, match="ModuleNotFoundError"):
        made.start(60.0)
    made.close()


@pytest.mark.slow
def test_a_worker_that_takes_too_long_is_ended():
    made = Worker(SERVED, (1,))
    made.start(60.0)
    with pytest.raises(WorkerError, match="took longer"):
        made.call("sleep", limit=0.2)
    with pytest.raises(WorkerError):
        made.call("twice", limit=1.0)
