"""The one place that reads the environment.

Every field is an environment variable with the prefix `GEOCROP_` (`GEOCROP_RECIPE=geomad-semiannual`), but
for the object store's, which carry the names every S3 client knows. Without any of them the platform runs
embedded: a folder for a store, SQLite for MLflow, no server.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, ClassVar, Literal

from pydantic import AliasChoices, Field, SecretStr, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from training.errors import GeocropError

#: West, south, east, north in degrees: Zimbabwe with a margin of some 0.1 degrees.
ZIMBABWE_BOUNDS = (25.1, -22.6, 33.2, -15.5)
DIGITAL_EARTH_AFRICA = "https://explorer.digitalearth.africa/stac"
#: Lies in the platform's home and says what the environment does not; `geocrop demo` writes one.
SETTINGS_FILE = "geocrop.env"
SECRETS_AND_ENDPOINT = frozenset(
    {
        "s3_endpoint",
        "s3_access_key",
        "alert_webhook",
        "jwt_secret",
        "lane_token",
        "database",
        "environment_kind",
        "backup_endpoint",
        "backup_access_key",
        "backup_secret_key",
    }
)
#: The store's secret is no field of the settings: Dagster's resource names the variable, and its UI shows that name
#: only. Elsewhere `s3_secret` reads it.
S3_SECRET_VARIABLE = "AWS_SECRET_ACCESS_KEY"  # noqa: S105  # a name


class DatabaseNotSet(GeocropError):
    """Set GEOCROP_DATABASE, or run the command in a container that has it: the API's, that of migrations."""

    code: ClassVar[str] = "database-not-set"


class Settings(BaseSettings):
    """What an installation can set; see docs/settings.md."""

    model_config = SettingsConfigDict(env_prefix="GEOCROP_", frozen=True, populate_by_name=True, extra="ignore")

    home: Path = Field(
        Path(".geocrop"), description="Folder of the embedded default: store, MLflow, Dagster's database."
    )

    dagster_home: Path | None = Field(
        None,
        validation_alias=AliasChoices("DAGSTER_HOME", "GEOCROP_DAGSTER_HOME"),
        description="Folder of Dagster's instance; `<home>/dagster` when unset.",
    )

    # Object store: a folder unless an endpoint is given.
    s3_endpoint: str | None = Field(None, validation_alias=AliasChoices("MINIO_ENDPOINT", "GEOCROP_S3_ENDPOINT"))
    s3_access_key: str | None = Field(None, validation_alias=AliasChoices("AWS_ACCESS_KEY_ID", "GEOCROP_S3_ACCESS_KEY"))
    s3_region: str = "us-east-1"
    s3_public_endpoint: str | None = Field(
        None, description="The store's address as visitors reach it, for download links; MINIO_ENDPOINT when unset."
    )

    # Model registry.
    mlflow_uri: str | None = Field(None, description="MLflow's tracking URI; SQLite in `home` when unset.")
    mlflow_artifacts: str | None = Field(
        None, description="Where MLflow artifacts go; a folder in `home`, or the server's own choice."
    )
    model_name: str = "geocrop"

    # Scenes and recipes.
    catalogue: str = Field(DIGITAL_EARTH_AFRICA, description="A STAC API's root, or the path of a catalog.json.")
    recipe: str = Field("s2-season", description="Recipe of datasets that name none.")
    recipes_dir: Path | None = Field(None, description="Folder of further recipe files.")
    classes: Path | None = Field(None, description="A class table of one's own (YAML).")
    extent: Annotated[tuple[float, float, float, float] | None, NoDecode] = Field(
        ZIMBABWE_BOUNDS,
        description="Served extent: west,south,east,north in degrees; `none` for the whole world.",
    )
    max_aoi_ha: float = Field(
        3_000_000.0, gt=0, description="Largest AOI in hectares: the size of the largest district."
    )
    threads: int | None = Field(
        None, ge=1, description="Threads that read scenes, train and draw; all cores when unset."
    )
    memory_mib: int = Field(1024, ge=256, description="MiB that a map may take beside what its process has.")

    ray_address: str | None = Field(
        None,
        validation_alias=AliasChoices("RAY_ADDRESS", "GEOCROP_RAY_ADDRESS"),
        description="Ray cluster of `geocrop tune` and of the blocks of large maps; this machine's cores when unset.",
    )

    # Datasets.
    max_reject_share: float = Field(0.05, ge=0, le=1, description="Share of bad rows above which a dataset fails.")
    block_size_m: float = Field(10_240.0, gt=0, description="Side of the spatial blocks that are held out together.")
    default_season: str | None = Field(None, description="Season of places that name none, and of a new map.")

    training_defaults: Path | None = Field(
        None, description="YAML of hyperparameters that trainings have which name none, as `geocrop train --config`."
    )

    # The gate.
    gate_min_probability: float = Field(0.8, ge=0, le=1, description="How probable a better macro F1 must be.")
    gate_recall_margin: float = Field(0.05, ge=0, le=1, description="How far a class's recall may fall.")
    gate_min_training_samples: int = Field(10, ge=1, description="Training samples that each class needs.")

    # Automation.
    auto_train: bool = Field(True, description="Train when a dataset version is complete.")
    auto_promote: bool = Field(False, description="Promote the best candidate that passes the gate.")
    debounce_seconds: float = Field(
        120.0, ge=0, description="Quiet time after the last upload before a version is complete."
    )
    sensor_seconds: int = Field(30, ge=1, description="Time between two looks of a sensor.")
    alert_webhook: SecretStr | None = Field(None, description="URL that alerts are posted to as JSON.")
    keep_runs_days: int = Field(90, ge=1, description="Days that runs are kept; the newest of a live partition stays.")

    # The API.
    environment_kind: Literal["development", "production"] = Field(
        "development",
        validation_alias=AliasChoices("GEOCROP_ENVIRONMENT", "environment_kind"),
        description="In production the API refuses to start without secrets of its own.",
    )
    database: str | None = Field(None, description="The API's database (SQLAlchemy URL); SQLite in `home` when unset.")
    jwt_secret: SecretStr | None = Field(None, description="Signs tokens; at least 32 characters.")
    token_minutes: float = Field(60.0, gt=0, description="How long a token is good for.")
    public_url: str | None = Field(None, description="The API's address as visitors see it; the request's when unset.")
    dagster_url: str = Field("http://127.0.0.1:3000", description="Dagster's webserver, as the API reaches it.")
    dagster_ui_url: str | None = Field(
        None, description="Dagster's webserver, as an administrator's browser reaches it."
    )
    mlflow_ui_url: str | None = Field(None, description="MLflow's page, as an administrator's browser reaches it.")
    web_folder: Path | None = Field(None, description="The built web page; `web/dist` beside the code when unset.")
    basemaps: str = Field("[]", description="Base maps (JSON): a list of {title, url, attribution}, XYZ tiles.")
    titiler_url: str | None = Field(None, description="A separate TiTiler; tiles come from the API when unset.")
    allowed_origins: Annotated[tuple[str, ...], NoDecode] = Field(
        (), description="Origins (comma-separated) whose pages may call the API."
    )
    recruiter_jobs: int = Field(5, ge=0, description="Jobs that a recruiter may start.")
    recruiter_max_aoi_ha: float = Field(10_000.0, gt=0, description="Largest AOI of a recruiter in hectares.")
    login_attempts: int = Field(5, ge=1, description="Failed logins by account or address before a pause.")
    login_pause_minutes: float = Field(15.0, gt=0, description="Length of that pause, and of the window counted.")
    max_upload_mb: int = Field(2_048, ge=1, description="Largest upload of label batches in one request.")
    max_body_kb: int = Field(2_048, ge=1, description="Largest body of any other request.")
    accuracy_low: float | None = Field(None, ge=0, le=1, description="Macro F1 below which a training is told of.")
    accuracy_high: float | None = Field(None, ge=0, le=1, description="Macro F1 above which a training is told of.")

    # The interactive lane.
    lane_url: str = Field("http://127.0.0.1:3080", description="The warm worker, as launcher and API reach it.")
    lane_token: SecretStr | None = Field(None, description="Shared by the warm worker and those who call it.")
    lane_slots: int = Field(1, ge=1, description="Runs at once in the warm worker: one process each.")
    lane_max_aoi_ha: float = Field(2_500.0, gt=0, description="Larger AOIs go to the batch lane.")
    lane_recycle_runs: int = Field(50, ge=1, description="Runs after which a warm process is replaced.")
    lane_memory_mb: int = Field(1_800, ge=256, description="Memory at which a warm process is stopped.")

    # Backups.
    backup_endpoint: str | None = Field(None, description="S3 that backups are kept in: another machine's.")
    backup_access_key: str | None = None
    backup_secret_key: SecretStr | None = None
    backup_bucket: str = Field("geocrop-backup", description="Bucket (or subfolder) that backups are kept in.")
    backup_folder: Path | None = Field(None, description="Folder that backups are kept in, without an endpoint.")
    backup_databases: Annotated[tuple[str, ...], NoDecode] = Field(
        ("geocrop", "dagster", "mlflow"), description="Databases to keep: who refers before what it refers to."
    )
    backup_buckets: Annotated[tuple[str, ...], NoDecode] = Field(
        (), description="Buckets to keep beside the platform's own, such as that of MLflow's artifacts."
    )

    @model_validator(mode="before")
    @classmethod
    def _read_lists(cls, values: dict[str, object]) -> dict[str, object]:
        """Read lists from text with commas."""
        for name in ("allowed_origins", "backup_databases", "backup_buckets"):
            given = values.get(name)
            if isinstance(given, str):
                values[name] = tuple(part.strip() for part in given.split(",") if part.strip())
        return values

    @model_validator(mode="before")
    @classmethod
    def _read_extent(cls, values: dict[str, object]) -> dict[str, object]:
        """Read `extent` from text: four numbers with commas, or `none`."""
        given = values.get("extent")
        if isinstance(given, str):
            text = given.strip().lower()
            values["extent"] = None if text in {"", "none"} else tuple(float(part) for part in text.split(","))
        return values

    @property
    def store_root(self) -> Path:
        """Folder of the embedded object store."""
        return (self.home / "store").absolute()

    @property
    def tracking_uri(self) -> str:
        """MLflow's tracking URI."""
        return self.mlflow_uri or f"sqlite:///{(self.home / 'mlflow.db').absolute()}"

    @property
    def database_url(self) -> str:
        """SQLAlchemy's address of the API's database; a file in the platform's home is one on a laptop only.

        Raises:
            DatabaseNotSet: in production no address is set, and a file would go with its container.

        """
        if self.database is not None:
            return self.database
        if self.environment_kind == "production":
            raise DatabaseNotSet("GEOCROP_ENVIRONMENT is production, and GEOCROP_DATABASE is not set")
        return f"sqlite:///{(self.home / 'api.db').absolute()}"

    @property
    def artifact_root(self) -> str | None:
        """Where MLflow artifacts go; None lets an MLflow server choose."""
        if self.mlflow_artifacts or self.mlflow_uri:
            return self.mlflow_artifacts
        return (self.home / "mlartifacts").absolute().as_uri()

    def environment(self) -> dict[str, str]:
        """Return the environment that makes another process see these settings; secrets are left to the shell's own."""
        values = {}
        for name in type(self).model_fields:
            value = getattr(self, name)
            if name in SECRETS_AND_ENDPOINT or (value is None and name != "extent"):
                continue
            text = ",".join(str(part) for part in value) if isinstance(value, tuple) else str(value)
            values[f"GEOCROP_{name.upper()}"] = "none" if value is None else text
        values["GEOCROP_HOME"] = str(self.home.absolute())
        return values


def load_settings(home: Path | None = None) -> Settings:
    """Read the settings: the environment, over the file `geocrop.env` in the platform's home, over the defaults."""
    home = home or Settings().home
    return Settings(_env_file=home / SETTINGS_FILE, home=home)


def s3_secret() -> SecretStr | None:
    """Return the object store's secret; None where the environment has none."""
    found = os.environ.get(S3_SECRET_VARIABLE)
    return None if found is None else SecretStr(found)
