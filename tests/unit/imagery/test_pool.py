"""Work on threads, taken in order."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import closing

import pytest

from imagery.pool import in_order


def test_results_come_in_the_order_of_the_items_whichever_is_done_first() -> None:
    second = threading.Event()

    def work(number: int) -> int:
        if number == 0:
            assert second.wait(30)
        if number == 1:
            second.set()
        return number * number

    assert list(in_order(work, range(5), workers=2)) == [(n, n * n) for n in range(5)]


def test_no_more_is_begun_than_is_allowed() -> None:
    begun: list[int] = []

    def items() -> Iterator[int]:
        for number in range(100):
            begun.append(number)
            yield number

    with closing(in_order(lambda number: number, items(), workers=2, ahead=3)) as results:
        next(results)
        assert begun == [0, 1, 2, 3, 4]
        next(results)
        assert begun == [0, 1, 2, 3, 4, 5]


def test_what_is_raised_comes_in_its_turn_and_cancels_what_has_not_begun() -> None:
    before = threading.active_count()
    done: list[int] = []

    def work(number: int) -> int:
        if number == 2:
            raise ValueError("two")
        done.append(number)
        return number

    seen = []
    with pytest.raises(ValueError, match="two"):
        seen.extend(in_order(work, range(50), workers=1, ahead=4))
    assert max(done) < 10
    assert threading.active_count() == before


def test_closing_leaves_no_thread_behind() -> None:
    before = threading.active_count()
    results = in_order(lambda number: number, range(1000), workers=3)
    next(results)
    results.close()
    assert threading.active_count() == before
