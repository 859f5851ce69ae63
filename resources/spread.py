"""One function over many items, on all cores: a Ray cluster's where `RAY_ADDRESS` names one, else this machine's.

Scheduling, retries and the transport of what is shared are Ray's own, or the standard library's process pool's.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Generator, Iterable
from importlib import import_module
from itertools import islice
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from training.errors import GeocropError

if TYPE_CHECKING:
    from types import ModuleType

Shared = TypeVar("Shared")
Item = TypeVar("Item")
Result = TypeVar("Result")

#: Tasks that are in Ray for each that its cores can run at once, so that none is idle between two. Those that wait also
#: tell a cluster that grows to do so. It bounds the results that are done before their turn, too.
AHEAD = 2
#: Tasks that are in Ray at the least: a cluster that has no worker yet would otherwise be asked for one at a time.
AT_LEAST = 8


class RayMissing(GeocropError):
    """Install Ray (`pip install 'geocrop[ray]'`), or unset RAY_ADDRESS to use this machine's cores."""

    code: ClassVar[str] = "ray-missing"


class RayUnavailable(GeocropError):
    """Start the Ray cluster, or correct RAY_ADDRESS or RAY_AUTH_TOKEN: it does not answer."""

    code: ClassVar[str] = "ray-unavailable"


def spread(
    function: Callable[[Shared, Item], Result],
    shared: Shared,
    items: Iterable[Item],
    *,
    workers: int = 1,
    cores: int = 1,
    ray_address: str | None = None,
) -> Generator[Result, None, None]:
    """Yield `function(shared, item)` for each item, in the order of the items.

    Args:
        function: of a module, so that another process can import it.
        shared: what all calls have in common; sent to each process once.
        items: small; taken one by one as there is room for them, but for a pool of processes all at once.
        workers: processes on this machine; 1 is this process itself.
        cores: of Ray's, that a call uses.
        ray_address: of a Ray cluster, as RAY_ADDRESS; its cores are used instead of this machine's.

    Raises:
        RayMissing: Ray is not installed.
        RayUnavailable: there is no cluster at the address.
        Exception: what the function raises, when its item's turn comes.

    Whatever ends it early, an error or a caller that closes it, what is left is cancelled.

    """
    if ray_address:
        yield from _on_ray(function, shared, items, cores, ray_address)
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
    function: Callable[[Shared, Item], Result], shared: Shared, items: Iterable[Item], workers: int
) -> Generator[Result, None, None]:
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


_fetched: tuple[str, Any] = ("", None)  # of a worker of Ray's: what its last task shared, by its name in Ray


def _apply(function: Callable[[Any, Item], Result], references: list[Any], item: Item) -> Result:
    global _fetched  # noqa: PLW0603  # an argument would be read anew for every item: half a second for 1,500 scenes
    [reference] = references  # in a list, Ray leaves it as it is
    name = reference.hex()
    if _fetched[0] != name:
        _fetched = (name, import_module("ray").get(reference))
    return function(_fetched[1], item)


def _on_ray(
    function: Callable[[Shared, Item], Result], shared: Shared, items: Iterable[Item], cores: int, address: str
) -> Generator[Result, None, None]:
    ray = _connected(address)
    task, kept, left = ray.remote(num_cpus=cores)(_apply), [ray.put(shared)], iter(items)
    waiting: deque[Any] = deque()
    try:
        while True:
            room = _room(ray, cores) - len(waiting)
            waiting.extend(task.remote(function, kept, item) for item in islice(left, max(room, 0)))
            if not waiting:
                return
            yield _first(ray, waiting)  # by no name: it is held by nobody but the caller
    finally:
        if ray.is_initialized():
            for reference in waiting:
                ray.cancel(reference)


def _room(ray: ModuleType, cores: int) -> int:
    """Return how many tasks to have in Ray now: its workers come and go."""
    return max(int(ray.cluster_resources().get("CPU", 0)) // cores * AHEAD, AT_LEAST)


def _first(ray: ModuleType, waiting: deque[Any]) -> Any:  # noqa: ANN401  # what the function returns
    """Wait for the first task's result and let go of the task; what it raised is raised."""
    try:
        result = ray.get(waiting[0])
    except ray.exceptions.RayTaskError as error:
        raise error.cause or error from None
    except ConnectionError as error:
        raise RayUnavailable(f"the Ray cluster went away: {error}") from error
    waiting.popleft()
    return result


def _connected(address: str) -> ModuleType:
    """Return Ray, connected to the cluster; a connection that is there already is used."""
    os.environ.setdefault("RAY_ENABLE_AUTO_CONNECT", "0")  # or a lost connection would start a Ray in this very process
    try:
        ray = import_module("ray")  # optional, and its types come with it
    except ImportError as error:
        raise RayMissing("RAY_ADDRESS is set, and Ray is not installed") from error
    if not ray.is_initialized():
        try:
            ray.init(address=address, log_to_driver=False, namespace="geocrop")
        except (ConnectionError, ValueError, ray.exceptions.AuthenticationError) as error:
            raise RayUnavailable(f"no Ray cluster answers at {address}: {error}") from error
    return ray
