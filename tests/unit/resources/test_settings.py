"""Settings: the environment, over the file in the home, over the defaults; and the way to another process and back."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import AliasChoices, ValidationError

from resources.settings import SETTINGS_FILE, ZIMBABWE_BOUNDS, DatabaseNotSet, Settings, load_settings

OTHER_NAMES = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "MINIO_ENDPOINT")


@pytest.fixture(autouse=True)
def _no_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in OTHER_NAMES:
        monkeypatch.delenv(name, raising=False)


def test_without_any_setting_the_platform_is_embedded(tmp_path: Path) -> None:
    settings = load_settings(tmp_path)
    assert settings.s3_endpoint is None
    assert settings.store_root == tmp_path / "store"
    assert settings.tracking_uri == f"sqlite:///{tmp_path / 'mlflow.db'}"
    assert settings.artifact_root == (tmp_path / "mlartifacts").as_uri()
    assert settings.extent == ZIMBABWE_BOUNDS
    assert (settings.auto_train, settings.auto_promote) == (True, False)


def test_the_file_in_the_home_is_over_the_defaults_and_under_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / SETTINGS_FILE).write_text(
        "GEOCROP_RECIPE=ndvi-season\nGEOCROP_AUTO_TRAIN=false\nMINIO_ENDPOINT=a:9000\n"
    )
    monkeypatch.setenv("GEOCROP_RECIPE", "geomad-semiannual")
    settings = load_settings(tmp_path)
    assert settings.recipe == "geomad-semiannual"
    assert settings.auto_train is False
    assert settings.s3_endpoint == "a:9000"
    assert settings.sensor_seconds == Settings.model_fields["sensor_seconds"].default


def test_the_home_is_found_by_its_variable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / SETTINGS_FILE).write_text("GEOCROP_MODEL_NAME=maize-only\n")
    monkeypatch.setenv("GEOCROP_HOME", str(tmp_path))
    settings = load_settings()
    assert (settings.home, settings.model_name) == (tmp_path, "maize-only")


@pytest.mark.parametrize(
    ("given", "wanted"), [("none", None), (" NONE ", None), ("25,-22,33,-15.5", (25.0, -22.0, 33.0, -15.5))]
)
def test_the_served_extent_is_four_numbers_or_the_world(
    given: str, wanted: tuple[float, ...] | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GEOCROP_EXTENT", given)
    assert Settings().extent == wanted


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("GEOCROP_EXTENT", "25,-22,33"),
        ("GEOCROP_EXTENT", "here"),
        ("GEOCROP_MAX_REJECT_SHARE", "1.5"),
        ("GEOCROP_SENSOR_SECONDS", "0"),
        ("GEOCROP_BLOCK_SIZE_M", "-1"),
        ("GEOCROP_THREADS", "0"),
    ],
)
def test_a_setting_out_of_range_is_refused_by_its_name(name: str, value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(ValidationError, match=name.removeprefix("GEOCROP_").lower()):
        Settings()


@pytest.mark.parametrize("extent", [ZIMBABWE_BOUNDS, (0.0, 1.0, 2.0, 3.0), None])
def test_another_process_sees_the_same_settings(
    extent: tuple[float, float, float, float] | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = Settings(
        home=tmp_path,
        dagster_home=tmp_path / "instance",
        catalogue="/scenes/catalog.json",
        recipes_dir=tmp_path / "recipes",
        extent=extent,
        auto_promote=True,
        debounce_seconds=1.5,
        threads=3,
        default_season="2023-2024",
    )
    for name, value in settings.environment().items():
        monkeypatch.setenv(name, value)
    assert load_settings() == settings


def test_no_secret_goes_into_the_environment_of_another_process(tmp_path: Path) -> None:
    settings = Settings(
        home=tmp_path, s3_endpoint="a:9000", s3_access_key="the-key", alert_webhook="https://hooks.example/the-token"
    )
    told = "\n".join(f"{name}={value}" for name, value in settings.environment().items())
    assert "the-key" not in told
    assert "the-token" not in told
    assert "the-token" not in repr(settings)


def test_every_setting_is_documented_by_the_name_of_its_variable() -> None:
    told = (Path(__file__).parents[3] / "docs" / "settings.md").read_text(encoding="utf-8")
    variables = []
    for name, field in Settings.model_fields.items():
        alias = field.validation_alias
        variables.append(alias.choices[0] if isinstance(alias, AliasChoices) else f"GEOCROP_{name.upper()}")
    assert [name for name in variables if f"`{name}`" not in told] == []


def test_origins_are_read_from_text_with_commas(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GEOCROP_ALLOWED_ORIGINS", "https://maps.example.org, http://localhost:5173")
    settings = Settings()
    assert settings.allowed_origins == ("https://maps.example.org", "http://localhost:5173")
    assert settings.environment()["GEOCROP_ALLOWED_ORIGINS"] == "https://maps.example.org,http://localhost:5173"


def test_no_secret_is_in_the_environment_of_another_process() -> None:
    settings = Settings(jwt_secret="j" * 40, lane_token="l" * 40, database="postgresql://u:p@h/d")
    assert not [
        value for value in settings.environment().values() if "jjj" in value or "lll" in value or "p@h" in value
    ]


def test_in_production_no_file_stands_for_the_database_that_was_not_named(tmp_path: Path) -> None:
    assert Settings(home=tmp_path).database_url == f"sqlite:///{tmp_path / 'api.db'}"
    with pytest.raises(DatabaseNotSet, match="GEOCROP_DATABASE"):
        _ = Settings(home=tmp_path, environment_kind="production").database_url
    named = Settings(home=tmp_path, environment_kind="production", database="postgresql+psycopg2://u:p@db/geocrop")
    assert named.database_url == "postgresql+psycopg2://u:p@db/geocrop"
