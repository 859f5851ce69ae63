"""Where backups are kept, by the settings."""

from __future__ import annotations

from pathlib import Path

import pytest

from resources.backup.errors import BackupNotSet
from resources.backup.place import buckets_of, has_place, vault_of
from resources.layout import BUCKETS
from resources.object_store import FolderStore, S3Store
from resources.settings import load_settings


def test_without_a_setting_there_is_no_place(tmp_path: Path) -> None:
    settings = load_settings(tmp_path)
    assert not has_place(settings)
    with pytest.raises(BackupNotSet, match="neither"):
        vault_of(settings)


def test_a_folder_or_another_s3(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GEOCROP_BACKUP_FOLDER", str(tmp_path / "elsewhere"))
    assert isinstance(vault_of(load_settings(tmp_path)).store, FolderStore)
    monkeypatch.setenv("GEOCROP_BACKUP_ENDPOINT", "https://s3.elsewhere.example")
    with pytest.raises(BackupNotSet, match="GEOCROP_BACKUP_SECRET_KEY"):
        vault_of(load_settings(tmp_path))
    monkeypatch.setenv("GEOCROP_BACKUP_ACCESS_KEY", "key")
    monkeypatch.setenv("GEOCROP_BACKUP_SECRET_KEY", "not to be shown")
    settings = load_settings(tmp_path)
    store = vault_of(settings).store
    assert isinstance(store, S3Store)
    assert store.secure
    assert "not to be shown" not in repr(settings) + str(settings.environment())


def test_lists_are_read_from_text_with_commas(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert load_settings(tmp_path).backup_databases == ("geocrop", "dagster", "mlflow")
    monkeypatch.setenv("GEOCROP_BACKUP_DATABASES", "geocrop, dagster")
    monkeypatch.setenv("GEOCROP_BACKUP_BUCKETS", "geocrop-mlflow")
    settings = load_settings(tmp_path)
    assert settings.backup_databases == ("geocrop", "dagster")
    assert buckets_of(settings) == (*BUCKETS, "geocrop-mlflow")
