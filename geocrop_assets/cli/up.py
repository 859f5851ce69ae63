"""`geocrop up`: the local stack (API, Dagster's UI and daemon, warm worker) as children that end with this process."""

from __future__ import annotations

import contextlib
import signal
import socket
import subprocess  # nosec B404
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from geocrop_assets.cli.console import console
from geocrop_assets.cli.programs import start_dagster, start_program, stop
from training.errors import GeocropError

if TYPE_CHECKING:
    from collections.abc import Callable

    from resources.settings import Settings

LOCALHOST = "127.0.0.1"
POLL_SECONDS = 0.5
PROBE_SECONDS = 5.0


class PortTaken(GeocropError):
    """Stop what listens on that port, or choose another one: `geocrop up --help` names the options."""

    code: ClassVar[str] = "port-taken"


class ProgramEnded(GeocropError):
    """Read the named log: it says why the program ended."""

    code: ClassVar[str] = "program-ended"


@dataclass(frozen=True)
class Ports:
    """Where the stack listens on 127.0.0.1."""

    api: int = 8000
    dagster: int = 3000
    lane: int = 3080

    def check(self) -> None:
        """Raise PortTaken when something listens already."""
        for name, port in vars(self).items():
            with socket.socket() as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                try:
                    probe.bind((LOCALHOST, port))
                except OSError as error:
                    raise PortTaken(f"port {port} is taken: choose another with --{name}-port") from error


@dataclass(frozen=True)
class Program:
    """One child of the stack and how to see that it serves."""

    name: str
    process: subprocess.Popen[bytes]
    address: str
    probe: str
    log: Path


def serve(settings: Settings, ports: Ports) -> None:
    """Serve the whole stack until Ctrl-C or SIGTERM.

    Raises:
        PortTaken: before anything is started.
        ProgramEnded: one of the programs ended by itself; the others are stopped.

    """
    ports.check()
    # SIGINT too: a shell's background job is born ignoring it, and its children would ignore it as well.
    for told in (signal.SIGINT, signal.SIGTERM):
        signal.signal(told, _interrupt)
    settings = settings.model_copy(
        update={
            "dagster_url": f"http://{LOCALHOST}:{ports.dagster}",
            "lane_url": f"http://{LOCALHOST}:{ports.lane}",
        }
    )
    programs: list[Program] = []
    try:
        _start(settings, ports, programs)
        _wait_until_all_serve(programs)
        _welcome(settings, ports)
        _watch(programs)
    except KeyboardInterrupt:
        console.print("stopping")
    finally:
        for told in (signal.SIGINT, signal.SIGTERM):
            signal.signal(told, signal.SIG_IGN)  # a second one must not leave children behind
        stop(*(one.process for one in reversed(programs)))


def _interrupt(*_: object) -> None:
    raise KeyboardInterrupt


def _start(settings: Settings, ports: Ports, programs: list[Program]) -> None:
    """Start the children one by one into `programs`, so that an interrupt amid them stops those there are."""
    logs = settings.home.absolute() / "logs"
    logs.mkdir(parents=True, exist_ok=True)

    def add(name: str, port: int, probe: str, start: Callable[[Path], subprocess.Popen[bytes]]) -> None:
        address, log = f"http://{LOCALHOST}:{port}", logs / f"{name}.log"
        programs.append(Program(name, start(log), address, address + probe, log))

    add(
        "dagster",
        ports.dagster,
        "/server_info",
        lambda log: start_dagster(
            settings, "dagster", "dev", "--host", LOCALHOST, "--port", str(ports.dagster), log=log
        ),
    )
    add("lane", ports.lane, "/healthz", lambda log: start_program(settings, "geocrop", "lane", log=log))
    words = ("uvicorn", "--factory", "api.main:create_app", "--host", LOCALHOST, "--port", str(ports.api))
    # Streams of events never end by themselves: without a limit the API would wait for its last reader.
    api = (*words, "--timeout-graceful-shutdown", "3", "--no-access-log")
    add("api", ports.api, "/healthz", lambda log: start_program(settings, *api, log=log))


def _wait_until_all_serve(programs: list[Program]) -> None:
    """Wait until every program answers, telling each as it does."""
    waiting = list(programs)
    console.print(f"starting {', '.join(one.name for one in waiting)}: some 30 s; Ctrl-C stops")
    while waiting:
        for one in [one for one in waiting if _answers(one.probe)]:
            console.print(f"  {one.name:8} {one.address}")
            waiting.remove(one)
        _check_all_live(programs)
        time.sleep(POLL_SECONDS)


def _answers(address: str) -> bool:
    import httpx

    with contextlib.suppress(httpx.HTTPError):
        return httpx.get(address, timeout=PROBE_SECONDS, trust_env=False).is_success
    return False


def _check_all_live(programs: list[Program]) -> None:
    for one in programs:
        if (code := one.process.poll()) is not None:
            raise ProgramEnded(f"{one.name} ended with code {code}: see {one.log}")


def _welcome(settings: Settings, ports: Ports) -> None:
    console.print(f"Web map: http://{LOCALHOST}:{ports.api}/")
    console.print(f"API and its documentation: http://{LOCALHOST}:{ports.api}/docs")
    console.print(f"Dagster UI: http://{LOCALHOST}:{ports.dagster}")
    console.print(f"Logs: {settings.home.absolute() / 'logs'}", soft_wrap=True)
    console.print("First time here? `geocrop users add NAME --role admin` makes an account. Ctrl-C stops all.")


def _watch(programs: list[Program]) -> None:
    while True:
        _check_all_live(programs)
        time.sleep(POLL_SECONDS)
