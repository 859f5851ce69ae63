"""`geocrop migrate` and the databases that it is told of."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from geocrop_assets.cli.main import app


def test_in_production_nothing_is_migrated_without_the_address_of_the_database(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GEOCROP_ENVIRONMENT", "production")
    monkeypatch.delenv("GEOCROP_DATABASE", raising=False)
    mlflow = tmp_path / "mlflow.db"
    words = ["migrate", "--home", str(tmp_path / "home"), "--mlflow-database", f"sqlite:///{mlflow}"]
    done = CliRunner().invoke(app, words)
    assert done.exit_code == 1
    assert "database-not-set" in done.output
    assert "up to date" not in done.output
    assert not (tmp_path / "home").exists()
    assert not mlflow.exists()
