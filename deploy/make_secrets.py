#!/usr/bin/env python3
"""Makes passwords and keys by chance. Needs nothing but Python.

    make_secrets.py compose FOLDER    env files of deploy/compose.yaml, for their owner's eyes; those there are left
    make_secrets.py kubernetes        the same as Secrets, one JSON list for `kubectl apply -f -`
    make_secrets.py account NAME USER a Secret of that name with a user's `username` and `password`

A server and its clients share passwords, so all that belong together are made at once.
"""

from __future__ import annotations

import base64
import hashlib
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
    return f"postgresql+psycopg2://{name}:{password}@postgis:5433/{name}"


def htpasswd(user: str, password: str) -> str:
    """Return a line for basic authentication.

    A quick hash is enough for 192 bits of chance, which nobody guesses; it is none for a password of one's own.
    """
    digest = base64.b64encode(hashlib.sha1(password.encode(), usedforsecurity=False).digest()).decode()
    return f"{user}:{{SHA}}{digest}"


def platform() -> dict[str, dict[str, str]]:
    """Return names and values by Secret; the last one tells that all are there."""
    dagster, mlflow, api, login = word(), word(), word(), word()
    stores = {name: word() for name in ("GEOCROP", "MLFLOW", "NOTEBOOK")}
    return {
        "postgis": {
            "POSTGRES_PASSWORD": word(),
            "DAGSTER_PASSWORD": dagster,
            "MLFLOW_PASSWORD": mlflow,
            "GEOCROP_PASSWORD": api,
        },
        "minio": {"MINIO_ROOT_USER": "minio-root", "MINIO_ROOT_PASSWORD": word()}
        | {f"{name}_KEY": name.lower() for name in stores}
        | {f"{name}_SECRET": secret for name, secret in stores.items()},
        "mlflow": {"MLFLOW_BACKEND_STORE_URI": database("mlflow", mlflow)} | store_keys("mlflow", stores["MLFLOW"]),
        "jupyter": {"JUPYTER_TOKEN": word()} | store_keys("notebook", stores["NOTEBOOK"]),
        "ray": {"RAY_AUTH_TOKEN": secrets.token_hex(KEY_BYTES)},
        "admin-auth": {"users": htpasswd("admin", login)},
        "admin-login": {"username": "admin", "password": login},
        "titiler": store_keys("notebook", stores["NOTEBOOK"]),  # which reads
        "geocrop-api": {
            "GEOCROP_DATABASE": database("geocrop", api),
            "GEOCROP_JWT_SECRET": secrets.token_hex(KEY_BYTES),
        },
        "geocrop-secrets": {
            "DAGSTER_POSTGRES_PASSWORD": dagster,
            "GEOCROP_LANE_TOKEN": secrets.token_hex(KEY_BYTES),
        }
        | store_keys("geocrop", stores["GEOCROP"]),
    }


def store_keys(key: str, secret: str) -> dict[str, str]:
    """Return an S3 client's variables."""
    return {"AWS_ACCESS_KEY_ID": key, "AWS_SECRET_ACCESS_KEY": secret}


#: Lets the controller of sealed-secrets take a Secret over that it has not made itself (docs/operate.md).
MAY_BE_SEALED = {"sealedsecrets.bitnami.com/managed": "true"}
#: The Secrets that deploy/compose.yaml reads, as files `<name>.env`.
COMPOSE = ("postgis", "minio", "mlflow", "titiler", "geocrop-api", "geocrop-secrets")


def kubernetes() -> str:
    """Return the Secrets of the platform's namespace as one JSON list for `kubectl apply`."""
    items = [secret_of(name, lines) for name, lines in platform().items()]
    return json.dumps({"apiVersion": "v1", "kind": "List", "items": items}, indent=1)


def secret_of(name: str, lines: dict[str, str]) -> dict[str, object]:
    """Return a Secret of Kubernetes."""
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": name, "annotations": MAY_BE_SEALED},
        "type": "Opaque",
        "stringData": lines,
    }


def write_files(folder: Path) -> None:
    """Write the env files, all or none: a set of which some are older would not fit together.

    Raises:
        FileExistsError: some are there, and others not.

    """
    there = [name for name in COMPOSE if (folder / f"{name}.env").exists()]
    if len(there) == len(COMPOSE):
        sys.stderr.write(f"{folder}: there already\n")
        return
    if there:
        raise FileExistsError(f"{folder} holds {', '.join(there)}, but not all: move them away, or restore the others")
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o700)
    made = platform()
    for name in COMPOSE:
        handle = os.open(folder / f"{name}.env", os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.writelines(f"{key}={value}\n" for key, value in made[name].items())


def account(name: str, user: str) -> str:
    """Return the Secret of one account, as JSON."""
    return json.dumps(secret_of(name, {"username": user, "password": word()}), indent=1)


def main(words: list[str]) -> int:
    """Run the command line."""
    try:
        match words:
            case ["compose", folder]:
                write_files(Path(folder))
            case ["kubernetes"]:
                sys.stdout.write(kubernetes() + "\n")
            case ["account", name, user]:
                sys.stdout.write(account(name, user) + "\n")
            case _:
                sys.stderr.write(__doc__ or "")
                return 2
    except OSError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
