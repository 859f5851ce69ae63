"""Why a run failed, in words and a code for those who asked for it; and whose fault it was.

A run's log keeps of an error its class, its module and its message. An error of GeocropError's family is told as it
is: its message was written for readers. Of all others a visitor sees a plain sentence, never a stack trace or a path.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sensors.tags import GATE_CHECK

if TYPE_CHECKING:
    from collections.abc import Iterable

#: `imagery.search.NoScenes: the catalogue has ...`, as Python writes an exception of one of our packages.
OURS = re.compile(r"^(?:imagery|training|resources|geocrop_assets|sensors)\.[\w.]*?(\w+)(?:: (.*))?$", re.DOTALL)
#: The code of an error is its class's name in lower case with hyphens. These are the exceptions; a test holds both.
OTHER_CODES = {
    "DuplicateColumns": "batch-duplicate-columns",
    "EmptyBatch": "batch-empty",
    "GeocropError": "geocrop-error",
    "InvalidSettings": "invalid-training-settings",
    "InvalidTable": "invalid-training-table",
    "OtherRecipe": "recipe-differs",
    "TooManyColumns": "batch-too-many-columns",
    "UnknownBatchKind": "batch-unknown-kind",
}
#: How Dagster names the error of a blocking check that did not pass.
CHECK_FAILED = "DagsterAssetCheckFailedError"
CHECK_NAMES = re.compile(r"^\s*(?:- )?\w+: ([\w, ]+)$", re.MULTILINE)

GATE_REFUSED, CHECK_REFUSED = "gate-refused", "check-failed"
RUN_FAILED, RUN_CRASHED, RUN_DELETED = "run-failed", "run-crashed", "run-deleted"
LAUNCH_REFUSED, RESULT_MISSING, WAITING = "launch-refused", "result-missing", "waiting-for-orchestrator"

INTERNAL = "The work ended with an internal error. An administrator finds the cause in the run's log."
CRASHED = "The process that did the work died before it was done."

#: What a request can only blame itself for: another AOI, season, recipe or upload is needed, and asking again would
#: fail again. The work was done all the same, so quota stays spent. Whatever is not here (the archive or a service
#: down, a crash, an error of ours) is the platform's fault and is given back: in doubt, in favour of who asked.
REQUEST_FAULTS = frozenset(
    {
        "aoi-outside-extent",
        "aoi-too-large",
        "invalid-aoi",
        "invalid-partition-key",
        "invalid-season",
        "no-scenes",  # the sea, a season to come
        "nothing-to-map",  # never a clear observation there
    }
)


@dataclass(frozen=True)
class Failure:
    """Why a run failed."""

    reason: str
    code: str


@dataclass(frozen=True)
class LoggedError:
    """One error of a run's log: an exception, or what caused it."""

    class_name: str
    message: str


def is_requests_fault(code: str) -> bool:
    """Tell whether a failure is to be blamed on what was asked for, so that quota stays spent."""
    return code in REQUEST_FAULTS


def code_of(class_name: str) -> str:
    """Return the code of one of our errors by the name of its class."""
    known = OTHER_CODES.get(class_name)
    return known or re.sub(r"(?<!^)(?=[A-Z])", "-", class_name.removesuffix("Error")).lower()


def failure_of(chain: Iterable[LoggedError]) -> Failure:
    """Return why a step failed, from its error and that error's causes, outermost first."""
    for error in chain:
        if error.class_name == CHECK_FAILED:
            return _check_failure(error.message)
        ours = OURS.match(error.message.strip())
        if ours:
            code = code_of(ours[1])
            return Failure((ours[2] or "").strip() or code, code)
    return Failure(INTERNAL, RUN_FAILED)


def _check_failure(message: str) -> Failure:
    if GATE_CHECK in message:
        return Failure("The gate refused the candidate: it does not beat the champion.", GATE_REFUSED)
    names = ", ".join(found.strip() for found in CHECK_NAMES.findall(message))
    return Failure(f"A check did not pass: {names or 'see the run'}.", CHECK_REFUSED)
