"""One function over many items, on all cores: a Ray cluster's where `RAY_ADDRESS` names one, else this machine's.

Scheduling, retries and the transport of what is shared are Ray's own, or the standard library's process pool's.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from importlib import import_module
from itertools import islice
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from training.errors import GeocropError

if TYPE_CHECKING:
    from types import ModuleType

Shared = TypeVar("Shared")
Item = TypeVar("Item")
Result = TypeVar("Result")

#: Tasks that wait in Ray for each of its cores, so that none is idle between two.
AHEAD = 2


class RayMissing(GeocropError):
    """Install Ray (`pip install 'geocrop[ray]'`), or unset RAY_ADDRESS to use this machine's cores."""

    code: ClassVar[str] = "ray-missing"


class RayUnavailable(GeocropError):
    """Start the Ray cluster or correct RAY_ADDRESS: it does not answer."""

    code: ClassVar[str] = "ray-unavailable"


def spread(
    function: Callable[[Shared, Item], Result],
    shared: Shared,
    items: Sequence[Item],
    *,
    workers: int = 1,
    ray_address: str | None = None,
) -> Iterator[Result]:
    """Yield `function(shared, item)` for each item, in the order of the items.

    Args:
        function: of a module, so that another process can import it; uses one core.
        shared: what all calls have in common; sent to each process once.
        items: small.
        workers: processes on this machine; 1 is this process itself.
        ray_address: of a Ray cluster, as RAY_ADDRESS; its cores are used instead of this machine's.

    Raises:
        RayMissing: Ray is not installed.
        RayUnavailable: there is no cluster at the address.
        Exception: what the function raises, when its item's turn comes; what has not begun is cancelled.

    """
    if ray_address:
        yield from _on_ray(function, shared, items, ray_address)
    elif workers == 1:
        yield from (function(shared, item) for item in items)
    else:
        yield from _in_processes(function, shared, items, workers)


_shared: Any = None  # of a process of the pool


def _keep(shared: object) -> None:
    global _shared  # noqa: PLW0603  # sent once to each process, and not with every item
    _shared = shared


def _call(function: Callable[[Any, Item], Result], item: Item) -> Result:
    return function(_shared, item)


def _in_processes(
    function: Callable[[Shared, Item], Result], shared: Shared, items: Sequence[Item], workers: int
) -> Iterator[Result]:
    from concurrent.futures import ProcessPoolExecutor
    from multiprocessing import get_context

    # Fork would copy threads' locks that nobody gives back: the learners' libraries have such threads.
    pool = ProcessPoolExecutor(workers, get_context("spawn"), initializer=_keep, initargs=(shared,))
    try:
        futures = [pool.submit(_call, function, item) for item in items]
        for future in futures:
            yield future.result()
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _apply(function: Callable[[Shared, Item], Result], shared: Shared, item: Item) -> Result:
    return function(shared, item)


def _on_ray(
    function: Callable[[Shared, Item], Result], shared: Shared, items: Sequence[Item], address: str
) -> Iterator[Result]:
    ray = _connected(address)
    task, kept = ray.remote(num_cpus=1)(_apply), ray.put(shared)
    room = max(1, int(ray.cluster_resources().get("CPU", 1))) * AHEAD
    left = iter(items)
    waiting = deque(task.remote(function, kept, item) for item in islice(left, room))
    try:
        while waiting:
            try:
                result = ray.get(waiting[0])
            except ray.exceptions.RayTaskError as error:
                raise error.cause or error from None
            waiting.popleft()
            waiting.extend(task.remote(function, kept, item) for item in islice(left, 1))
            yield result
    finally:
        for reference in waiting:
            ray.cancel(reference)


def _connected(address: str) -> ModuleType:
    """Return Ray, connected to the cluster; a connection that is there already is used."""
    try:
        ray = import_module("ray")  # optional, and its types come with it
    except ImportError as error:
        raise RayMissing("RAY_ADDRESS is set, and Ray is not installed") from error
    if not ray.is_initialized():
        try:
            ray.init(address=address, log_to_driver=False, namespace="geocrop")
        except (ConnectionError, ValueError) as error:
            raise RayUnavailable(f"no Ray cluster answers at {address}: {error}") from error
    return ray
