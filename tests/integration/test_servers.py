"""The servers of the tests themselves: they answer, stop, leave nothing, and say when a program is missing."""

from __future__ import annotations

import importlib.util
import sys
from contextlib import closing
from pathlib import Path
from types import ModuleType

import pytest

pytestmark = pytest.mark.integration


@pytest.fixture
def servers() -> ModuleType:
    """Return the module servers.py, as the conftest beside it loads it."""
    spec = importlib.util.spec_from_file_location("servers_under_test", Path(__file__).with_name("servers.py"))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def test_postgres_takes_statements(postgres_url: str) -> None:
    import psycopg2

    with closing(psycopg2.connect(postgres_url)) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT 6 * 7")
        assert cursor.fetchone() == (42,)


def test_a_server_is_stopped_and_removed_after_a_failure(servers: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    import psycopg2

    made: list[str] = []
    temporary = servers.tempfile.TemporaryDirectory

    def noted(**options: object) -> object:
        folder = temporary(**options)
        made.append(folder.name)
        return folder

    monkeypatch.setattr(servers.tempfile, "TemporaryDirectory", noted)
    urls: list[str] = []

    def fail() -> None:
        with servers.postgres() as url:
            urls.append(url)
            raise RuntimeError("the test failed")

    with pytest.raises(RuntimeError, match="the test failed"):
        fail()
    with pytest.raises(psycopg2.OperationalError):
        psycopg2.connect(urls[0])
    assert [Path(folder).exists() for folder in made] == [False]


def test_a_missing_program_skips_with_its_name_and_fails_on_ci(
    servers: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CI", raising=False)
    with pytest.raises(pytest.skip.Exception, match="no-such-program not found: apt-get install the-package"):
        servers.find_programs(("sh", "no-such-program"), "the-package")
    monkeypatch.setenv("CI", "true")
    with pytest.raises(pytest.fail.Exception, match="no-such-program not found"):
        servers.find_programs(("sh", "no-such-program"), "the-package")
