"""The threads that read scenes and reduce them: one pool for all blocks of a composite, within one budget of memory."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from types import TracebackType
from typing import Any, Self

from imagery.budget import Budget
from imagery.reading import gdal_env

REMOTE_READERS = 32
"""Reads that wait for the network at the same time; they decode on as many cores as there are `threads`."""


class CancelledError(Exception):
    """The work is given up: raised inside its threads, and seen nowhere else."""


class Crew:
    """Threads in GDAL's environment; to be used with `with`, which ends them and forgets what they had not begun."""

    def __init__(
        self, threads: int, budget: Budget, options: Mapping[str, str] | None = None, *, remote: bool = False
    ) -> None:
        """Start no thread yet.

        Args:
            threads: cores to use.
            budget: of memory.
            options: GDAL options of the reads.
            remote: whether reads wait for a network.

        """
        threads = max(threads, 1)
        self.budget = budget
        self.options = options
        self.computing = threading.BoundedSemaphore(threads)
        """To be held while a core is used for longer and nothing is waited for."""
        self._given_up = threading.Event()
        self._pool = ThreadPoolExecutor(
            max_workers=max(threads, REMOTE_READERS) if remote else threads,
            thread_name_prefix="composite",
            # The environment is each thread's own, and goes with it.
            initializer=lambda: gdal_env(options).__enter__(),
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._given_up.set()
        self._pool.shutdown(wait=True, cancel_futures=True)

    def submit(self, work: Callable[..., None], *given: Any) -> None:  # noqa: ANN401 (what the work takes)
        """Let a thread do some work, which tells by itself when it is done and what failed."""
        if not self._given_up.is_set():
            self._pool.submit(work, *given)

    def check(self) -> None:
        """Raise CancelledError when the work is given up."""
        if self._given_up.is_set():
            raise CancelledError
