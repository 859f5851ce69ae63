"""The same results in the same order, here and in processes; on a real Ray: tests/deploy_slow/test_ray_blocks.py."""

from __future__ import annotations

import os
from collections.abc import Callable
from multiprocessing import active_children
from operator import call
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from resources.spread import AHEAD, AT_LEAST, RayGaveUp, RayMissing, RayUnavailable, spread
from training.errors import GeocropError

#: Built-in functions are used: a function goes to another process by its module's name, and a test's module has none.
ITEMS = [5, 3, 8, 1, 9, 2]
ADDRESS = "ray://head:10001"
WORKER = "worker.py"
GONE = Exception("Ray Client is not connected.")  # bare, as Ray's client raises it


class RpcError(Exception):
    """Stands for gRPC's, which is no ConnectionError."""


def test_one_worker_is_this_process_and_the_order_is_that_of_the_items() -> None:
    assert list(spread(pow, 2, ITEMS)) == [2**item for item in ITEMS]


def test_processes_give_the_same_in_the_same_order() -> None:
    assert list(spread(pow, 2, ITEMS, workers=2)) == [2**item for item in ITEMS]


def test_what_an_item_raises_is_raised_at_its_turn_and_ends_the_rest(tmp_path: Path) -> None:
    before = set(active_children())
    files = [tmp_path / str(number) for number in range(20)]
    made = spread(call, os.system, ["true", None, *(f"sleep 0.2 && touch {file}" for file in files)], workers=2)
    assert next(made) == 0
    with pytest.raises(TypeError):
        next(made)
    assert len(list(tmp_path.iterdir())) < len(files) / 2
    assert set(active_children()) <= before


def test_a_caller_that_stops_early_leaves_no_process_behind() -> None:
    before = set(active_children())
    made = spread(pow, 2, ITEMS, workers=2)
    assert next(made) == 32
    assert len(set(active_children()) - before) == 2
    made.close()
    assert set(active_children()) <= before


def test_an_address_without_ray_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("resources.spread.import_module", _absent)
    with pytest.raises(RayMissing):
        next(iter(spread(pow, 2, ITEMS, ray_address="ray://nowhere:10001")))
    assert issubclass(RayMissing, GeocropError)


def _absent(name: str) -> None:
    raise ModuleNotFoundError(name)


class RayError(Exception):
    """Stands for Ray's own."""


class RayTaskError(RayError):
    """Stands for Ray's: what a task raised, and where."""

    def __init__(self, cause: Exception) -> None:
        super().__init__(f"{WORKER}, line 1: {cause!r}")
        self.cause = cause


class FakeRay:
    """As much of Ray as is used: tasks are done when their result is asked for."""

    exceptions = SimpleNamespace(RayError=RayError, RayTaskError=RayTaskError)

    def __init__(self) -> None:
        self.cpus: list[float] = [0.0]  # of the cluster, each time that it is asked; the last one stays
        self.given: list[Any] = []
        self.cancelled: list[Any] = []
        self.asked_cores: list[int] = []
        self.raised: dict[str, Exception] = {}  # by the name of the call
        self.connected = False

    def _raise(self, name: str) -> None:
        if name in self.raised:
            self.connected = self.connected and self.raised[name] is not GONE
            raise self.raised[name]

    def init(self, **_: object) -> None:
        self._raise("init")
        self.connected = True

    def is_initialized(self) -> bool:
        self._raise("is_initialized")
        return self.connected

    def cluster_resources(self) -> dict[str, float]:
        self._raise("cluster_resources")
        found = self.cpus.pop(0) if len(self.cpus) > 1 else self.cpus[0]
        return {"CPU": found} if found else {}

    def put(self, shared: object) -> object:
        self._raise("put")
        return shared

    def remote(self, *, num_cpus: int) -> Callable[[Any], Any]:
        self.asked_cores.append(num_cpus)
        return lambda _: SimpleNamespace(remote=self._submit)

    def _submit(self, function: Callable[[Any, Any], Any], kept: list[Any], item: object) -> object:
        self._raise("remote")
        self.given.append(item)
        return (function, kept[0], item)

    def get(self, reference: tuple[Callable[[Any, Any], Any], Any, Any]) -> object:
        self._raise("get")
        function, shared, item = reference
        try:
            return function(shared, item)
        except ArithmeticError as error:
            raise RayTaskError(error) from error

    def cancel(self, reference: tuple[Any, Any, Any]) -> None:
        self._raise("cancel")
        self.cancelled.append(reference[2])


@pytest.fixture
def ray(monkeypatch: pytest.MonkeyPatch) -> FakeRay:
    fake = FakeRay()
    monkeypatch.setenv("RAY_ENABLE_AUTO_CONNECT", "0")
    monkeypatch.setattr("resources.spread.import_module", lambda _: fake)
    return fake


def test_a_cluster_without_workers_is_asked_for_some_and_for_more_as_it_grows(ray: FakeRay) -> None:
    ray.cpus = [0, 16, 32]
    made = spread(pow, 2, iter(range(100)), cores=2, ray_address=ADDRESS)
    seen = []
    for number in range(3):
        assert next(made) == 2**number
        seen.append(len(ray.given) - number)
    assert seen == [AT_LEAST, 16 // 2 * AHEAD, 32 // 2 * AHEAD]
    assert ray.asked_cores == [2]
    assert list(made) == [2**number for number in range(3, 100)]
    assert ray.cancelled == []


@pytest.mark.parametrize(("cores", "most", "tasks"), [(1, 10, 20), (2, 10, 10), (2, 1, 2), (2, None, 64)])
def test_no_more_is_asked_for_than_the_caller_can_feed(ray: FakeRay, cores: int, most: int | None, tasks: int) -> None:
    ray.cpus = [64]
    made = spread(pow, 2, range(100), cores=cores, most=most, ray_address=ADDRESS)
    next(made)
    assert len(ray.given) == tasks
    next(made)
    assert len(ray.given) == tasks + 1


@pytest.mark.parametrize("error", [RpcError("unavailable"), ValueError("closed channel"), Exception("bare")])
def test_a_cluster_that_does_not_say_how_large_it_is_keeps_its_number_of_tasks(ray: FakeRay, error: Exception) -> None:
    ray.cpus = [16]
    made = spread(pow, 2, range(100), ray_address=ADDRESS)
    next(made)
    ray.raised["cluster_resources"] = error
    next(made)
    assert len(ray.given) == 16 * AHEAD + 1
    assert list(made) == [2**number for number in range(2, 100)]


def test_a_caller_that_stops_early_has_the_rest_cancelled(ray: FakeRay) -> None:
    made = spread(pow, 2, ITEMS, ray_address=ADDRESS)
    next(made)
    made.close()
    assert ray.cancelled == ITEMS[1:]


@pytest.mark.parametrize("lost", ["put", "remote", "get"])
@pytest.mark.parametrize("error", [ConnectionError("GRPC connection failed"), GONE])
def test_a_cluster_that_goes_away_is_told_by_whatever_notices(ray: FakeRay, lost: str, error: Exception) -> None:
    ray.raised[lost] = error
    with pytest.raises(RayUnavailable, match=f"went away: {error}"):
        next(spread(pow, 2, ITEMS, ray_address=ADDRESS))


def test_of_a_cluster_that_went_away_nothing_more_is_asked(ray: FakeRay) -> None:
    made = spread(pow, 2, ITEMS, ray_address=ADDRESS)
    next(made)
    ray.raised |= {"cluster_resources": GONE, "get": GONE}
    with pytest.raises(RayUnavailable):
        next(made)
    assert ray.cancelled == []


@pytest.mark.parametrize("call", ["is_initialized", "cancel"])
def test_cancelling_in_vain_does_not_hide_what_ended_it(ray: FakeRay, call: str) -> None:
    made = spread(pow, 0, [2, -1, *range(20)], ray_address=ADDRESS)
    next(made)
    ray.raised[call] = RpcError("unavailable")
    with pytest.raises(ZeroDivisionError):
        next(made)


def test_what_a_task_raises_comes_as_it_was_with_the_workers_traceback_as_a_note(ray: FakeRay) -> None:
    made = spread(pow, 0, [2, -1, 3, 4], ray_address=ADDRESS)
    assert next(made) == 0
    with pytest.raises(ZeroDivisionError) as caught:
        next(made)
    assert type(caught.value) is ZeroDivisionError
    [note] = caught.value.__notes__
    assert note.startswith(WORKER)
    assert ray.cancelled == [-1, 3, 4]


@pytest.mark.parametrize("error", [RayError("its worker died"), RayTaskError(RayError("its worker died"))])
def test_a_task_that_ray_gave_up_says_what_to_do(ray: FakeRay, error: Exception) -> None:
    ray.raised["get"] = error
    with pytest.raises(RayGaveUp, match="its worker died") as caught:
        next(spread(pow, 2, ITEMS, ray_address=ADDRESS))
    assert "memory" in caught.value.hint()
    assert ray.cancelled == ITEMS


@pytest.mark.parametrize(
    "error",
    [ConnectionError("timeout"), ValueError("no address"), RuntimeError("Version mismatch"), RayError("wrong token")],
)
def test_a_cluster_that_cannot_be_used_is_told(ray: FakeRay, error: Exception) -> None:
    ray.raised["init"] = error
    with pytest.raises(RayUnavailable, match=f"{ADDRESS}: {error}"):
        next(spread(pow, 2, ITEMS, ray_address=ADDRESS))
    assert ray.given == []


def test_a_connection_that_is_there_is_used(ray: FakeRay) -> None:
    list(spread(pow, 2, ITEMS, ray_address=ADDRESS))
    ray.raised["init"] = RuntimeError("Ray Client is already connected.")
    assert list(spread(pow, 2, ITEMS, ray_address=ADDRESS)) == [2**item for item in ITEMS]
