"""One function over many items, on all cores: a Ray cluster's where `RAY_ADDRESS` names one, else this machine's.

Scheduling, retries and the transport of what is shared are Ray's own, or the standard library's process pool's.
"""

from __future__ import annotations

import os
import sys
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import contextmanager, suppress
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
    """Start the Ray cluster, of this image's Ray, or correct RAY_ADDRESS or RAY_AUTH_TOKEN: it does not answer."""

    code: ClassVar[str] = "ray-unavailable"


class RayGaveUp(GeocropError):
    """Give Ray's workers what the message says they lack (memory, as a rule), and try again: a task was given up."""

    code: ClassVar[str] = "ray-gave-up"


def spread(
    function: Callable[[Shared, Item], Result],
    shared: Shared,
    items: Iterable[Item],
    *,
    workers: int = 1,
    cores: int = 1,
    most: int | None = None,
    ray_address: str | None = None,
) -> Generator[Result, None, None]:
    """Yield `function(shared, item)` for each item, in the order of the items.

    Args:
        function: of a module, so that another process can import it.
        shared: what all calls have in common; sent to each process once.
        items: small; taken one by one as there is room for them, but for a pool of processes all at once.
        workers: processes on this machine; 1 is this process itself.
        cores: of Ray's, that a call uses.
        most: of Ray's cores that the caller can feed, where that is fewer than the cluster has; `AHEAD` times as many
            are asked for.
        ray_address: of a Ray cluster, as RAY_ADDRESS; its cores are used instead of this machine's.

    Raises:
        RayMissing: Ray is not installed.
        RayUnavailable: there is no cluster at the address, or it has gone away.
        RayGaveUp: Ray has tried a call as often as it does.
        Exception: what the function raises, when its item's turn comes; a worker's traceback is a note of it.

    Whatever ends it early, an error or a caller that closes it, what is left is cancelled.

    """
    if ray_address:
        yield from _on_ray(function, shared, items, ray_address, cores=cores, most=most or sys.maxsize)
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
    function: Callable[[Shared, Item], Result],
    shared: Shared,
    items: Iterable[Item],
    address: str,
    *,
    cores: int,
    most: int,
) -> Generator[Result, None, None]:
    ray = _connected(address)
    left, room, bound = iter(items), AT_LEAST, max(most // cores, 1) * AHEAD
    waiting: deque[Any] = deque()
    try:
        with _told(ray):
            task, kept = ray.remote(num_cpus=cores)(_apply), [ray.put(shared)]
        while True:
            room = _room(ray, cores, room)
            for item in islice(left, max(min(room, bound) - len(waiting), 0)):
                with _told(ray):
                    waiting.append(task.remote(function, kept, item))
            if not waiting:
                return
            yield _first(ray, waiting)  # by no name: it is held by nobody but the caller
    finally:
        with suppress(Exception):  # where the cluster is gone, that is told already, and nothing is left to cancel
            if ray.is_initialized():
                for reference in waiting:
                    ray.cancel(reference)


def _room(ray: ModuleType, cores: int, before: int) -> int:
    """Return how many tasks to have in Ray now: its workers come and go."""
    with suppress(Exception):  # gRPC's errors, ValueError, Exception: Ray's client tries this once, and all else again
        return max(int(ray.cluster_resources().get("CPU", 0)) // cores * AHEAD, AT_LEAST)
    return before


def _first(ray: ModuleType, waiting: deque[Any]) -> Any:  # noqa: ANN401  # what the function returns
    """Wait for the first task's result and let go of the task."""
    with _told(ray):
        result = ray.get(waiting[0])
    waiting.popleft()
    return result


@contextmanager
def _told(ray: ModuleType) -> Iterator[None]:
    """Tell in our own words what Ray raises; what a task raised is raised, and where it did so is its note."""
    try:
        yield
    except ray.exceptions.RayTaskError as error:
        if isinstance(error.cause, ray.exceptions.RayError):  # of Ray within the task, or for what cannot be pickled
            raise RayGaveUp(str(error)) from error
        error.cause.add_note(str(error))
        raise error.cause from None
    except ray.exceptions.RayError as error:
        raise RayGaveUp(f"Ray gave a task up: {error}") from error
    except Exception as error:
        if isinstance(error, ConnectionError) or not _answers(ray):  # then its client raises a bare Exception
            raise RayUnavailable(f"the Ray cluster went away: {error}") from error
        raise


def _answers(ray: ModuleType) -> bool:
    """Tell whether Ray is connected."""
    with suppress(Exception):  # it may ask the cluster
        return bool(ray.is_initialized())
    return False


def _connected(address: str) -> ModuleType:
    """Return Ray, connected to the cluster; a connection that is there already is used."""
    os.environ.setdefault("RAY_ENABLE_AUTO_CONNECT", "0")  # or a lost connection would start a Ray in this very process
    try:
        ray = import_module("ray")  # optional, and its types come with it
    except ImportError as error:
        raise RayMissing("RAY_ADDRESS is set, and Ray is not installed") from error
    if not _answers(ray):
        try:
            ray.init(address=address, log_to_driver=False, namespace="geocrop")
        # RuntimeError: of another version of Ray or Python
        except (ConnectionError, ValueError, RuntimeError, ray.exceptions.RayError) as error:
            raise RayUnavailable(f"no Ray cluster to use at {address}: {error}") from error
    return ray
