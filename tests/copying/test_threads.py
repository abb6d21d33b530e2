"""What a thread raises is raised again where it is waited for."""

from __future__ import annotations

import gc

import pytest

from wizard.copying.threads import Stopped, Worker, raise_first, rare_collections


def broken(error: BaseException) -> Worker:
    def work() -> None:
        raise error

    worker = Worker(work, "broken")
    worker.join()
    return worker


def test_an_error_waits_for_whoever_asks() -> None:
    error = ValueError("the disk is full")
    worker = broken(error)
    assert worker.error is error
    with pytest.raises(ValueError, match="the disk is full"):
        worker.raise_error()


def test_the_cause_comes_before_those_that_only_stopped() -> None:
    workers = [broken(Stopped()), broken(KeyError("cause")), broken(Stopped())]
    with pytest.raises(KeyError):
        raise_first(workers)
    with pytest.raises(Stopped):
        raise_first(workers[:1])
    raise_first([])


def test_collections_are_rare_only_meanwhile() -> None:
    before = gc.get_threshold()
    with pytest.raises(ValueError, match="in between"), rare_collections():
        assert gc.get_threshold()[0] == 30 * before[0]
        raise ValueError("in between")
    assert gc.get_threshold() == before
