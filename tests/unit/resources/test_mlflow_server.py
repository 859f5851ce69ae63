"""MLflow's server takes the place of the command that starts it."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from mlflow import server

from resources import mlflow_server


class Became(BaseException):
    """Instead of another program."""


@pytest.mark.filterwarnings("default")  # of MLflow's own making, when its command line is imported
def test_the_command_becomes_the_server_and_says_where_it_keeps_what(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, empty_mlflow: str
) -> None:
    def become(program: str, command: list[str], environment: dict[str, str]) -> None:
        raise Became(program, command, environment)

    words = ["server", "--port=5055", "--workers=1", f"--backend-store-uri={empty_mlflow}", "--serve-artifacts"]
    monkeypatch.setattr(sys, "argv", ["mlflow", *words, f"--artifacts-destination={tmp_path}"])
    monkeypatch.setattr(os, "execvpe", become)
    monkeypatch.setattr(server, "_exec_cmd", server._exec_cmd)  # put back at the end
    monkeypatch.setenv("MLFLOW_SERVER_ENABLE_JOB_EXECUTION", "true")  # put back, too
    with pytest.raises(Became) as caught:
        mlflow_server.main()
    program, command, environment = caught.value.args
    assert program == sys.executable
    assert command[1:3] == ["-m", "uvicorn"]
    assert command[command.index("--port") + 1] == "5055"
    assert environment["_MLFLOW_SERVER_FILE_STORE"] == empty_mlflow
    assert environment["MLFLOW_SERVER_ENABLE_JOB_EXECUTION"] == "false"
