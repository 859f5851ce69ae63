"""`geocrop up`: the local stack, as child processes that end with this one."""

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
#: Time that Dagster's processes get to end by themselves before they are killed.
STOP_SECONDS = 20


def start_dagster(settings: Settings, *words: str, log: Path | None = None) -> subprocess.Popen[bytes]:
    """Start one of Dagster's programs on this platform, in a process group of its own.

    `subprocess`, and not a shell's `&`: a background job of a non-interactive shell ignores SIGINT and SIGTERM.
    """
    program = Path(sys.executable).with_name(words[0])
    environment = os.environ | settings.environment() | {"DAGSTER_HOME": str(prepare_instance(settings))}
    output = subprocess.DEVNULL if log is None else log.open("ab")
    try:
        return subprocess.Popen(  # noqa: S603  # our own interpreter's folder, fixed words
            [str(program), *words[1:], "-w", str(WORKSPACE)],
            env=environment,
            stdout=None if log is None else output,
            stderr=None if log is None else subprocess.STDOUT,
            start_new_session=True,
        )
    finally:
        if log is not None:
            output.close()  # type: ignore[union-attr]


def stop(process: subprocess.Popen[bytes]) -> None:
    """End a program that `start_dagster` started, and whatever it started."""
    if process.poll() is None:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            console.print("[yellow]Dagster did not stop by itself: killing it[/]")
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def serve(settings: Settings, *, port: int) -> None:
    """Serve the UI and run the daemon until Ctrl-C or SIGTERM."""
    console.print(f"Dagster UI: http://127.0.0.1:{port} (first page after some 20 s); Ctrl-C stops it")
    process = start_dagster(settings, "dagster", "dev", "--host", "127.0.0.1", "--port", str(port))
    signal.signal(signal.SIGTERM, lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
    try:
        process.wait()
    except KeyboardInterrupt:
        console.print("stopping")
    finally:
        stop(process)
