"""Work on threads, taken in order: as much under way as there are workers, and no more results held than asked for."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


def in_order(
    work: Callable[[Item], Result], items: Iterable[Item], workers: int, ahead: int = 1
) -> Generator[tuple[Item, Result], None, None]:
    """Yield each item with `work(item)`, in the order of the items.

    Args:
        work: runs on a thread; what it raises is raised here, when its turn comes.
        items: taken one by one, on the caller's thread, as there is room.
        workers: threads.
        ahead: results that may wait to be taken, beside those under way: `workers + ahead` bounds what is held.

    Closing the generator, or an error, cancels what has not begun and waits for what has: no thread stays behind.

    """
    waiting: deque[tuple[Item, Future[Result]]] = deque()
    left, workers = iter(items), max(workers, 1)
    pool = ThreadPoolExecutor(max_workers=workers)
    try:
        waiting.extend((item, pool.submit(work, item)) for item in islice(left, workers + ahead))
        while waiting:
            item, future = waiting.popleft()
            yield item, future.result()
            waiting.extend((item, pool.submit(work, item)) for item in islice(left, 1))
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
