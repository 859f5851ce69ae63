"""The champion as requests see it: asked of the registry every other second, however many requests there are."""

from __future__ import annotations

import logging
import threading
import time
from concurrent.futures import Future
from dataclasses import dataclass
from typing import TYPE_CHECKING

from resources.registry import RegistryUnavailable

if TYPE_CHECKING:
    from collections.abc import Callable

    from resources.registry import ModelRegistry, ModelVersion

log = logging.getLogger(__name__)

FRESH_S = 2.0
"""A promotion is seen after at most this time."""

STALE_S = 60.0
"""How long the last answer stands in while the registry does not answer."""

PATIENCE_S = 5.0
"""How long a request waits for the registry: MLflow's client tries for minutes before it says that nobody is there."""


@dataclass(frozen=True)
class _Answer:
    champion: ModelVersion | None
    at: float  # of the clock, when the question was asked


class ChampionCache:
    """The registry's champion, remembered for two seconds. Safe for threads."""

    def __init__(
        self,
        registry: ModelRegistry,
        clock: Callable[[], float] = time.monotonic,
        patience_s: float = PATIENCE_S,
    ) -> None:
        self._registry = registry
        self._clock = clock
        self._patience_s = patience_s
        self._lock = threading.Lock()
        self._answer: _Answer | None = None
        self._question: Future[_Answer] | None = None  # the one under way

    def get(self) -> ModelVersion | None:
        """Return the champion, or None before the first promotion.

        However many requests there are, one thread asks: a registry that hangs holds up each of them for some seconds
        and no thread of theirs for longer.

        Raises:
            RegistryUnavailable: no answer, and none that is younger than a minute.

        """
        with self._lock:
            known = self._known(FRESH_S)
            if known is not None:
                return known.champion
            question = self._question or self._ask()
        try:
            return question.result(self._patience_s).champion
        except (TimeoutError, RegistryUnavailable) as error:
            return self._stand_in(error)

    def forget(self) -> None:
        """Ask anew at the next `get`: for the process that has just promoted a model."""
        with self._lock:
            self._answer = self._question = None

    def _known(self, age_s: float) -> _Answer | None:
        answer = self._answer
        return answer if answer is not None and self._clock() - answer.at < age_s else None

    def _ask(self) -> Future[_Answer]:
        """Begin to ask. The thread is a daemon: a registry that hangs does not hold up the end of the process."""
        question: Future[_Answer] = Future()
        self._question = question
        threading.Thread(target=self._wait_for_answer, args=(question,), name="champion", daemon=True).start()
        return question

    def _wait_for_answer(self, question: Future[_Answer]) -> None:
        at = self._clock()
        try:
            answer = _Answer(self._registry.champion(), at)
        except Exception as error:  # whoever waits for the question gets it
            self._end(question, None)
            question.set_exception(error)
        else:
            self._end(question, answer)
            question.set_result(answer)

    def _end(self, question: Future[_Answer], answer: _Answer | None) -> None:
        with self._lock:
            if self._question is question:  # not forgotten meanwhile
                self._question = None
                self._answer = answer or self._answer

    def _stand_in(self, error: Exception) -> ModelVersion | None:
        stale = self._known(STALE_S)
        if stale is None:
            raise RegistryUnavailable(f"the model registry does not answer: {error or 'it hangs'}") from error
        log.warning("the registry does not answer: the champion of %.0f s ago stands in", self._clock() - stale.at)
        return stale.champion
