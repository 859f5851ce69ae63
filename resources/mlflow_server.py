"""MLflow's server as one process: `python -m resources.mlflow_server server ...`, with the words of `mlflow server`.

`mlflow server` imports all of MLflow, starts uvicorn, and waits beside it with 190 MB in its hands: too much for a
service of 512 MB. This becomes uvicorn instead of starting it. MLflow's job runner, which would be a third process, is
not run.
"""

from __future__ import annotations

import os
from typing import Any, NoReturn


def _become(command: list[str], *, extra_env: dict[str, str], **_: Any) -> NoReturn:  # noqa: ANN401  # as MLflow calls it
    """Be the program that MLflow would start and wait for."""
    os.execvpe(command[0], command, os.environ | extra_env)  # noqa: S606  # no shell is wanted


def main() -> None:
    """Run MLflow's command line, whose server takes the place of this process."""
    os.environ["MLFLOW_SERVER_ENABLE_JOB_EXECUTION"] = "false"
    from mlflow import cli, server

    server._exec_cmd = _become  # type: ignore[assignment,attr-defined]  # MLflow calls it with these words
    cli.cli()


if __name__ == "__main__":
    main()
