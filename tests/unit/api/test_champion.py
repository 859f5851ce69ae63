"""The champion as requests see it."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable

import pytest

from api.champion import FRESH_S, STALE_S, ChampionCache
from resources.registry import RegistryUnavailable

DEADLINE_S = 60


class Registry:
    """A registry that counts its questions; `answer` is what it says, or raises."""

    def __init__(self) -> None:
        self.asked = 0
        self.answer: object = None

    def champion(self) -> object:
        self.asked += 1
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


class Clock:
    """A clock that stands still."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def cache_of(registry: Registry, clock: Clock) -> ChampionCache:
    return ChampionCache(registry, clock, DEADLINE_S)  # type: ignore[arg-type]


def test_the_registry_is_asked_once_in_two_seconds(clock: Clock) -> None:
    registry = Registry()
    cache = cache_of(registry, clock)
    registry.answer = "first"
    assert [cache.get(), cache.get()] == ["first", "first"]
    assert registry.asked == 1
    registry.answer = "second"
    clock.now += FRESH_S
    assert cache.get() == "second"
    assert registry.asked == 2


def test_no_champion_is_an_answer_too(clock: Clock) -> None:
    registry = Registry()
    cache = cache_of(registry, clock)
    assert [cache.get(), cache.get()] == [None, None]
    assert registry.asked == 1


def test_the_last_answer_stands_in_for_a_minute_while_the_registry_is_down(clock: Clock) -> None:
    registry = Registry()
    cache = cache_of(registry, clock)
    registry.answer = "first"
    cache.get()
    registry.answer = RegistryUnavailable("down")
    clock.now += FRESH_S + 1
    assert cache.get() == "first"
    clock.now += STALE_S
    with pytest.raises(RegistryUnavailable):
        cache.get()


def test_a_registry_that_was_never_reached_is_an_error(clock: Clock) -> None:
    registry = Registry()
    registry.answer = RegistryUnavailable("down")
    with pytest.raises(RegistryUnavailable):
        cache_of(registry, clock).get()


def test_after_forgetting_it_is_asked_anew(clock: Clock) -> None:
    registry = Registry()
    cache = cache_of(registry, clock)
    cache.get()
    registry.answer = "promoted"
    cache.forget()
    assert cache.get() == "promoted"


class Hanging(Registry):
    """A registry that answers when it is let."""

    def __init__(self) -> None:
        super().__init__()
        self.go_on = threading.Event()

    def champion(self) -> object:
        self.asked += 1
        assert self.go_on.wait(DEADLINE_S)
        return self.answer


def test_a_registry_that_hangs_is_asked_by_one_thread_and_waited_for_by_none(clock: Clock) -> None:
    registry = Hanging()
    cache = ChampionCache(registry, clock, patience_s=0.01)  # type: ignore[arg-type]
    for _ in range(5):
        with pytest.raises(RegistryUnavailable):
            cache.get()
    assert registry.asked == 1
    registry.answer = "at last"
    registry.go_on.set()
    patient(lambda: cache.get() == "at last")
    registry.go_on.clear()
    clock.now += FRESH_S
    assert cache.get() == "at last"  # stands in while the next question hangs
    registry.answer = "promoted"
    registry.go_on.set()
    patient(lambda: cache.get() == "promoted")


def patient(condition: Callable[[], bool]) -> None:
    """Wait until a condition holds; errors of the registry count as not yet."""
    end = time.monotonic() + DEADLINE_S
    while time.monotonic() < end:
        with contextlib.suppress(RegistryUnavailable):
            if condition():
                return
        time.sleep(0.01)
    pytest.fail("it never came")


def test_what_was_asked_before_forgetting_is_not_remembered(clock: Clock) -> None:
    registry = Hanging()
    cache = ChampionCache(registry, clock, patience_s=0.01)  # type: ignore[arg-type]
    registry.answer = "before"
    with pytest.raises(RegistryUnavailable):
        cache.get()
    cache.forget()
    registry.answer = "after"
    registry.go_on.set()
    patient(lambda: cache.get() == "after")
    assert registry.asked == 2


def test_any_other_fault_of_the_registry_reaches_the_caller(clock: Clock) -> None:
    registry = Registry()
    registry.answer = ValueError("a bug")
    with pytest.raises(ValueError, match="a bug"):
        cache_of(registry, clock).get()


def test_threads_that_have_no_answer_yet_share_one_question(clock: Clock) -> None:
    registry = Registry()
    registry.answer = "first"
    cache = cache_of(registry, clock)
    found: list[object] = []
    threads = [threading.Thread(target=lambda: found.append(cache.get())) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(DEADLINE_S)
    assert found == ["first"] * 20
    assert registry.asked == 1
