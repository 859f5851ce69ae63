"""The same results in the same order, here and in processes; on a real Ray: tests/deploy_slow/test_ray_blocks.py."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from resources.spread import AHEAD, AT_LEAST, RayMissing, RayUnavailable, spread
from training.errors import GeocropError

#: Built-in functions are used: a function goes to another process by its module's name, and a test's module has none.
ITEMS = [5, 3, 8, 1, 9, 2]


def test_one_worker_is_this_process_and_the_order_is_that_of_the_items() -> None:
    assert list(spread(pow, 2, ITEMS)) == [2**item for item in ITEMS]


def test_processes_give_the_same_in_the_same_order() -> None:
    assert list(spread(pow, 2, ITEMS, workers=2)) == [2**item for item in ITEMS]


def test_what_an_item_raises_is_raised_at_its_turn_and_ends_the_rest() -> None:
    made = spread(pow, 0, [2, -1, 3], workers=2)  # zero to the power of minus one
    assert next(made) == 0
    with pytest.raises(ZeroDivisionError):
        next(made)
    assert list(made) == []


def test_a_caller_that_stops_early_leaves_no_process_behind() -> None:
    made = spread(pow, 2, ITEMS, workers=2)
    assert next(made) == 32
    made.close()
    assert list(made) == []


def test_an_address_without_ray_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("resources.spread.import_module", _absent)
    with pytest.raises(RayMissing):
        next(iter(spread(pow, 2, ITEMS, ray_address="ray://nowhere:10001")))
    assert issubclass(RayMissing, GeocropError)


def _absent(name: str) -> None:
    raise ModuleNotFoundError(name)


class FakeRay:
    """As much of Ray as is used: tasks are done when their result is asked for."""

    def __init__(self) -> None:
        self.cpus: list[float] = [0.0]  # of the cluster, each time that it is asked; the last one stays
        self.given: list[Any] = []
        self.cancelled: list[Any] = []
        self.asked_cores: list[int] = []
        self.lost = False
        self.exceptions = SimpleNamespace(RayTaskError=type("RayTaskError", (Exception,), {}))

    def is_initialized(self) -> bool:
        return not self.lost

    def cluster_resources(self) -> dict[str, float]:
        found = self.cpus.pop(0) if len(self.cpus) > 1 else self.cpus[0]
        return {"CPU": found} if found else {}

    def put(self, shared: object) -> object:
        return shared

    def remote(self, *, num_cpus: int) -> Callable[[Any], Any]:
        self.asked_cores.append(num_cpus)
        return lambda _: SimpleNamespace(remote=self._submit)

    def _submit(self, function: Callable[[Any, Any], Any], kept: list[Any], item: object) -> object:
        self.given.append(item)
        return (function, kept[0], item)

    def get(self, reference: tuple[Callable[[Any, Any], Any], Any, Any]) -> object:
        if self.lost:
            raise ConnectionError("Client is shutting down.")
        function, shared, item = reference
        return function(shared, item)

    def cancel(self, reference: tuple[Any, Any, Any]) -> None:
        self.cancelled.append(reference[2])


@pytest.fixture
def ray(monkeypatch: pytest.MonkeyPatch) -> FakeRay:
    fake = FakeRay()
    monkeypatch.setenv("RAY_ENABLE_AUTO_CONNECT", "0")
    monkeypatch.setattr("resources.spread.import_module", lambda _: fake)
    return fake


def test_a_cluster_without_workers_is_asked_for_some_and_for_more_as_it_grows(ray: FakeRay) -> None:
    ray.cpus = [0, 16, 32]
    made = spread(pow, 2, iter(range(100)), cores=2, ray_address="ray://head:10001")
    seen = []
    for number in range(3):
        assert next(made) == 2**number
        seen.append(len(ray.given) - number)
    assert seen == [AT_LEAST, 16 // 2 * AHEAD, 32 // 2 * AHEAD]
    assert ray.asked_cores == [2]
    assert list(made) == [2**number for number in range(3, 100)]
    assert ray.cancelled == []


def test_a_caller_that_stops_early_has_the_rest_cancelled(ray: FakeRay) -> None:
    made = spread(pow, 2, ITEMS, ray_address="ray://head:10001")
    next(made)
    made.close()
    assert ray.cancelled == ITEMS[1:]


def test_a_cluster_that_goes_away_is_told_and_nothing_more_is_asked_of_it(ray: FakeRay) -> None:
    made = spread(pow, 2, ITEMS, ray_address="ray://head:10001")
    next(made)
    ray.lost = True
    with pytest.raises(RayUnavailable, match="went away"):
        next(made)
    assert ray.cancelled == []
