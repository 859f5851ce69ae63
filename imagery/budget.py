"""A budget of bytes that work in several threads shares."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

MIB = 2**20
DEFAULT_MEMORY = 1024 * MIB
"""Bytes that making a composite, or a map, may use beyond the process's base."""


class Budget:
    """Counts the bytes in use and makes who wants more wait; what is larger than all of it runs alone."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.used = 0
        self.peak = 0
        """The most that was in use at a time."""
        self._freed = threading.Condition()

    def take(self, size: int) -> None:
        """Count bytes as in use now, whether there is room or not: for what is needed in any case."""
        with self._freed:
            self._add(size)

    def give(self, size: int) -> None:
        """Count bytes as free again."""
        with self._freed:
            self.used -= size
            self._freed.notify_all()

    @contextmanager
    def room(self, size: int) -> Iterator[None]:
        """Wait until there is room for some bytes, and count them as long as the context lasts.

        One such context is let in always, so that work goes on where what is taken leaves less room than it needs.
        """
        with self._freed:
            self._freed.wait_for(lambda: self.used + size <= self.limit or not self._inside)
            self._inside += 1
            self._add(size)
        try:
            yield
        finally:
            with self._freed:
                self._inside -= 1
                self.used -= size
                self._freed.notify_all()

    _inside = 0

    def _add(self, size: int) -> None:
        self.used += size
        self.peak = max(self.peak, self.used)
