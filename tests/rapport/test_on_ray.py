"""Work on Ray comes back in order, its errors are ours, and Ray is named where it is missing."""

import os
import sys

import pytest

from rapport.errors import MissingPackage, ModelError, NotFound
from rapport.on_ray import on_ray


class Doubling:
    """Doubles numbers, and says in which process."""

    def __init__(self, *, missing: int = -1, broken: int = -1, made: bool = True) -> None:
        if not made:
            raise NotFound("there is no worker.")
        self._missing, self._broken = missing, broken

    def __call__(self, row):
        if row["number"] == self._missing:
            raise NotFound("there is no such number.", hint="Give another.")
        if row["number"] == self._broken:
            raise ZeroDivisionError("nothing to divide by")
        return {"twice": 2 * row["number"], "process": os.getpid()}


ROWS = [{"number": number} for number in range(30)]


def test_without_ray_the_error_says_how_to_install_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(MissingPackage, match=r"pip install 'rapport\[scale\]'"):
        next(on_ray(ROWS, Doubling, {}))


def test_no_rows_need_no_ray(monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    assert list(on_ray([], Doubling, {})) == []


@pytest.mark.slow
def test_rows_come_back_in_order_from_processes_of_their_own(ray):
    found = list(on_ray(ROWS, Doubling, {}))
    assert [row["twice"] for row in found] == [2 * row["number"] for row in ROWS]
    assert os.getpid() not in {row["process"] for row in found}
    assert ray.is_initialized()  # it was connected before, so it stays so


@pytest.mark.slow
def test_an_error_of_a_worker_is_told_as_its_own(ray):
    with pytest.raises(NotFound, match="no such number") as told:
        list(on_ray(ROWS, Doubling, {"missing": 20}))
    assert told.value.hint == "Give another."
    with pytest.raises(NotFound, match="no worker"):
        list(on_ray(ROWS, Doubling, {"made": False}))
    with pytest.raises(ModelError, match="ZeroDivisionError: nothing to divide by"):
        list(on_ray(ROWS, Doubling, {"broken": 20}))


@pytest.mark.slow
def test_a_local_ray_reports_nothing_and_wants_a_token(ray):
    assert os.environ["RAY_USAGE_STATS_ENABLED"] == "0"
    assert os.environ["RAY_AUTH_MODE"] == "token"
    assert len(os.environ["RAY_AUTH_TOKEN"]) == 64
