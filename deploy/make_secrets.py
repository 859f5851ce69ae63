#!/usr/bin/env python3
"""Makes passwords and keys by chance. Needs nothing but Python.

    make_secrets.py compose FOLDER    env files of deploy/compose.yaml, for their owner's eyes; those there are left
    make_secrets.py kubernetes        the same as Secrets, one JSON list for `kubectl apply -f -`
    make_secrets.py account USER      lines `username=` and `password=`

A server and its clients share passwords, so all that belong together are made at once.
"""

from __future__ import annotations

import json
import os
import secrets
import sys
from pathlib import Path

#: Bytes of passwords and of keys; hexadecimal digits need no quoting in addresses, files and shells.
WORD_BYTES, KEY_BYTES = 24, 32


def word() -> str:
    """Return a password."""
    return secrets.token_hex(WORD_BYTES)


def database(name: str, password: str) -> str:
    """Return SQLAlchemy's address of a database."""
    return f"postgresql+psycopg2://{name}:{password}@postgres:5433/{name}"


def platform() -> dict[str, dict[str, str]]:
    """Return names and values by env file: each program sees what it needs."""
    dagster, mlflow, api = word(), word(), word()
    return {
        "postgres.env": {
            "POSTGRES_PASSWORD": word(),
            "DAGSTER_POSTGRES_PASSWORD": dagster,
            "MLFLOW_POSTGRES_PASSWORD": mlflow,
            "GEOCROP_POSTGRES_PASSWORD": api,
        },
        "minio.env": {"MINIO_ROOT_USER": "minio-root", "MINIO_ROOT_PASSWORD": word()},
        "mlflow.env": {"MLFLOW_BACKEND_STORE_URI": database("mlflow", mlflow)},
        "api.env": {"GEOCROP_JWT_SECRET": secrets.token_hex(KEY_BYTES)},
        "geocrop.env": {
            "AWS_ACCESS_KEY_ID": "geocrop",
            "AWS_SECRET_ACCESS_KEY": word(),
            "DAGSTER_POSTGRES_PASSWORD": dagster,
            "GEOCROP_DATABASE": database("geocrop", api),
            "GEOCROP_LANE_TOKEN": secrets.token_hex(KEY_BYTES),
        },
    }


#: Each env file of compose is a Secret of the platform's namespace; the last one made tells that all are.
SECRETS = {
    "postgres.env": "geocrop-postgres",
    "minio.env": "geocrop-minio",
    "mlflow.env": "geocrop-mlflow",
    "api.env": "geocrop-api",
    "geocrop.env": "geocrop-secrets",
}


def kubernetes() -> str:
    """Return the Secrets of the platform's namespace as one JSON list for `kubectl apply`."""
    made = platform()
    items = [
        {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name}, "type": "Opaque", "stringData": made[file]}
        for file, name in SECRETS.items()
    ]
    return json.dumps({"apiVersion": "v1", "kind": "List", "items": items}, indent=1)


def write_files(folder: Path) -> None:
    """Write the env files, all or none: a set of which some are older would not fit together.

    Raises:
        FileExistsError: some are there, and others not.

    """
    there = [name for name in SECRETS if (folder / name).exists()]
    if len(there) == len(SECRETS):
        sys.stderr.write(f"{folder}: there already\n")
        return
    if there:
        raise FileExistsError(f"{folder} holds {', '.join(there)}, but not all: move them away, or restore the others")
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o700)
    for name, lines in platform().items():
        handle = os.open(folder / name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.writelines(f"{key}={value}\n" for key, value in lines.items())


def account(user: str) -> str:
    """Return the lines of one account."""
    return f"username={user}\npassword={word()}\n"


def main(words: list[str]) -> int:
    """Run the command line."""
    try:
        match words:
            case ["compose", folder]:
                write_files(Path(folder))
            case ["kubernetes"]:
                sys.stdout.write(kubernetes() + "\n")
            case ["account", user]:
                sys.stdout.write(account(user))
            case _:
                sys.stderr.write(__doc__ or "")
                return 2
    except OSError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
