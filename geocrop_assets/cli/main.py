"""The commands. Each is a thin shell: it reads what was typed, calls one function, and prints what came of it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from geocrop_assets.cli import backup, users
from geocrop_assets.cli.console import bars, console, told_errors
from resources.settings import Settings, load_settings

app = typer.Typer(
    name="geocrop",
    help="Crop maps from satellite time series and farmers' labels.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,  # rich never ends on Dagster's errors, whose causes run in a circle
)
app.add_typer(users.app, name="users")
app.add_typer(backup.app, name="backup")


def _settings(home: Path | None) -> Settings:
    """Return the settings, of another home where one is named."""
    return load_settings() if home is None else load_settings(home)


Home = Annotated[
    Path | None, typer.Option("--home", help="Folder of the platform (default: GEOCROP_HOME, or .geocrop here).")
]
Reason = Annotated[str, typer.Option("--reason", help="Why: it is kept in the audit record.")]


@app.command()
def demo(
    home: Home = None,
    small: Annotated[
        bool, typer.Option("--small", help="A smaller landscape: for a quick look and for tests.")
    ] = False,
) -> None:
    """Simulate a landscape, train on two uploaded batches, promote, and map an AOI."""
    from geocrop_assets.cli.demo import run_demo

    with told_errors():
        run_demo(_settings(home), small=small)


@app.command()
def up(
    home: Home = None,
    api_port: Annotated[int, typer.Option(help="Port of the API on 127.0.0.1.")] = 8000,
    dagster_port: Annotated[int, typer.Option(help="Port of the Dagster UI on 127.0.0.1.")] = 3000,
    lane_port: Annotated[int, typer.Option(help="Port of the warm worker on 127.0.0.1.")] = 3080,
) -> None:
    """Serve the local stack: the API, Dagster's UI, daemon and sensors, and the warm worker. Ctrl-C stops it."""
    from geocrop_assets.cli.up import Ports, serve

    with told_errors():
        serve(_settings(home), Ports(api=api_port, dagster=dagster_port, lane=lane_port))


@app.command()
def lane(
    home: Home = None,
    host: Annotated[
        str | None, typer.Option(help="Address to listen at; the host of GEOCROP_LANE_URL when left out.")
    ] = None,
) -> None:
    """Serve the warm worker of the interactive lane. Ctrl-C stops it; `geocrop up` starts one."""
    from geocrop_assets.cli.lane import serve_lane

    with told_errors():
        serve_lane(_settings(home), host=host)


@app.command()
def exporter(
    home: Home = None,
    host: Annotated[str, typer.Option(help="Address to listen at.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen at.")] = 9180,
) -> None:
    """Serve numbers of runs, daemons, models, store and databases to Prometheus. Ctrl-C stops it."""
    from geocrop_assets.cli.exporter import serve_exporter

    with told_errors():
        serve_exporter(_settings(home), host=host, port=port)


@app.command()
def migrate(
    home: Home = None,
    mlflow_database: Annotated[
        str | None,
        typer.Option(envvar="MLFLOW_BACKEND_STORE_URI", help="SQLAlchemy's address of MLflow's database."),
    ] = None,
) -> None:
    """Bring the databases of the API, of Dagster and of MLflow to this version's tables. Harmless when done again."""
    from geocrop_assets.cli.migrate import migrate_all

    with told_errors():
        migrate_all(_settings(home), mlflow_database=mlflow_database)


@app.command()
def upload(
    files: Annotated[list[Path], typer.Argument(exists=True, dir_okay=False, help="CSV batches.")],
    version: Annotated[str, typer.Option("--version", help="Dataset version, such as `2024-06`.")],
    recipe: Annotated[str | None, typer.Option(help="Recipe of this dataset version.")] = None,
    season: Annotated[str | None, typer.Option(help="Season of places that name none, such as 2023-2024.")] = None,
    complete: Annotated[bool, typer.Option("--complete", help="No more batches follow: train at once.")] = False,
    home: Home = None,
) -> None:
    """Upload CSV batches of samples into a dataset version, after a look at their headers."""
    from geocrop_assets.cli.datasets import upload_batches

    with told_errors():
        upload_batches(_settings(home), files, version, recipe=recipe, season=season, complete=complete)


@app.command()
def train(
    version: Annotated[str, typer.Argument(help="Dataset version.")],
    variant: Annotated[str, typer.Option(help="Raw, Scaled or both.")] = "both",
    config: Annotated[
        Path | None, typer.Option(help="YAML of hyperparameters, as `training.config` names them.", exists=True)
    ] = None,
    home: Home = None,
) -> None:
    """Prepare a dataset version and train its models here and now, without waiting for the sensor."""
    from geocrop_assets.cli.training import train_version

    with told_errors(), bars() as listener:
        train_version(_settings(home), version, variant=variant, config=config, listener=listener)


@app.command()
def tune(
    version: Annotated[str, typer.Argument(help="Dataset version, prepared: `geocrop train` or the sensor did it.")],
    learner: Annotated[str, typer.Option(help="random_forest, xgboost, lightgbm or catboost.")],
    out: Annotated[Path, typer.Option(help="YAML that the best hyperparameters are written to.", dir_okay=False)],
    trials: Annotated[int, typer.Option(min=1, help="How many are tried; the first is what the settings say.")] = 20,
    config: Annotated[
        Path | None, typer.Option(help="YAML of hyperparameters to start from, as for `train`.", exists=True)
    ] = None,
    home: Home = None,
) -> None:
    """Try hyperparameters of a learner, on all cores here, or on the Ray cluster that RAY_ADDRESS names."""
    from geocrop_assets.cli.tuning import tune_version

    with told_errors():
        tune_version(_settings(home), version, learner, trials=trials, out=out, config=config)


@app.command()
def promote(
    version: Annotated[int, typer.Argument(help="Number of the model version in the registry.")],
    reason: Reason,
    override_gate: Annotated[
        bool, typer.Option("--override-gate", help="Promote although the gate refuses; this is recorded.")
    ] = False,
    home: Home = None,
) -> None:
    """Promote a model version: maps are made with it from now on."""
    from geocrop_assets.cli.training import change_champion

    with told_errors():
        change_champion(_settings(home), "promote", version, reason, override_gate=override_gate)


@app.command()
def rollback(
    reason: Reason,
    version: Annotated[
        int | None, typer.Argument(help="Number of the model version; the champion before this one when left out.")
    ] = None,
    home: Home = None,
) -> None:
    """Go back to an earlier model version, in one step and without a gate."""
    from geocrop_assets.cli.training import change_champion

    with told_errors():
        change_champion(_settings(home), "rollback", version, reason)


@app.command()
def predict(
    aoi: Annotated[Path, typer.Option("--aoi", exists=True, dir_okay=False, help="GeoJSON of the area.")],
    season: Annotated[str, typer.Option("--season", help="Season, such as 2023-2024.")],
    home: Home = None,
) -> None:
    """Make the crop map of an area and a season."""
    from geocrop_assets.cli.maps import predict_aoi

    with told_errors(), bars() as listener:
        drawn = predict_aoi(_settings(home), aoi, season, listener=listener)
    drawn.show(console)


@app.command()
def status(home: Home = None) -> None:
    """Show dataset versions, models, the champion, maps and the last acts of promotion."""
    from geocrop_assets.cli.status import show_status

    with told_errors():
        show_status(_settings(home))
