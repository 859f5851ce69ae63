"""Programs of the platform as child processes: started on its settings, told to end, killed when they do not."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess  # nosec B404
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from geocrop_assets.cli.console import console
from geocrop_assets.cli.runs import prepare_instance

if TYPE_CHECKING:
    from resources.settings import Settings

WORKSPACE = Path(__file__).resolve().parents[2] / "workspace.yaml"
#: Time that a program gets to end by itself before it is killed.
STOP_SECONDS = 20


def start_dagster(settings: Settings, *words: str, log: Path | None = None) -> subprocess.Popen[bytes]:
    """Start one of Dagster's programs on this platform's code location."""
    return start_program(settings, *words, "-w", str(WORKSPACE), log=log)


def start_program(settings: Settings, *words: str, log: Path | None = None) -> subprocess.Popen[bytes]:
    """Start a program of our own interpreter's folder on these settings, in a process group of its own.

    `subprocess`, and not a shell's `&`: a background job of a non-interactive shell ignores SIGINT and SIGTERM.
    What it says goes to the end of `log`, else to the terminal.
    """
    program = Path(sys.executable).with_name(words[0])
    environment = os.environ | settings.environment() | {"DAGSTER_HOME": str(prepare_instance(settings))}
    with contextlib.ExitStack() as stack:
        output = None if log is None else stack.enter_context(log.open("ab"))
        return subprocess.Popen(  # noqa: S603  # our own interpreter's folder, fixed words
            [str(program), *words[1:]],
            env=environment,
            stdout=output,
            stderr=None if output is None else subprocess.STDOUT,
            start_new_session=True,
        )


def stop(*programs: subprocess.Popen[bytes]) -> None:
    """End programs that `start_program` started, and whatever they started: all are told first, then waited for."""
    for program in programs:
        if program.poll() is None:
            program.send_signal(signal.SIGINT)
    for program in programs:
        try:
            program.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            console.print(f"[yellow]{Path(program.args[0]).name} did not stop by itself: killing it[/]")  # type: ignore[index]
        with contextlib.suppress(ProcessLookupError):
            os.killpg(program.pid, signal.SIGKILL)
        program.wait()
