"""`geocrop migrate`: the databases of the API, of Dagster and of MLflow brought to what this version expects."""

from __future__ import annotations

from typing import TYPE_CHECKING

from geocrop_assets.cli.console import console
from geocrop_assets.cli.runs import prepare_instance

if TYPE_CHECKING:
    from resources.settings import Settings


def migrate_all(settings: Settings, *, mlflow_database: str | None) -> None:
    """Migrate the API's database, Dagster's, and MLflow's where its address is given; each may be done again.

    Raises:
        GeocropError: the API's cannot be migrated, or in production none is named; the others are left as they are.

    """
    url = settings.database_url
    settings.home.mkdir(parents=True, exist_ok=True)
    _migrate_api(url)
    _migrate_dagster(str(prepare_instance(settings)))
    if mlflow_database:
        _migrate_mlflow(mlflow_database)


def _migrate_api(url: str) -> None:
    from api.db import migrate
    from api.db.session import Database

    database = Database(url)
    try:
        migrate.upgrade(database)
    finally:
        database.close()
    console.print("the API's database is up to date")


def _migrate_dagster(home: str) -> None:
    from dagster import DagsterInstance

    with DagsterInstance.from_config(home) as instance:
        instance.upgrade()  # a new database is made by opening it
    console.print("Dagster's database is up to date")


def _migrate_mlflow(url: str) -> None:
    from mlflow.db import upgrade

    upgrade.callback(url)  # as `mlflow db upgrade`, but the password of the address is on no command line
    console.print("MLflow's database is up to date")
