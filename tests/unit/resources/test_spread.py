"""The same results in the same order, here and in processes; on a real Ray: tests/deploy_slow/test_ray_blocks.py."""

from __future__ import annotations

import pytest

from resources.spread import RayMissing, spread
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
