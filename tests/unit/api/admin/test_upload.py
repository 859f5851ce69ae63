"""Uploads: all of a request or nothing, never over other content, and nothing left behind."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from fastapi.testclient import TestClient
from httpx import Response
from sqlalchemy import select

from api.db.tables import AuditEntry
from api.services import Services
from resources.layout import DATASETS
from resources.object_store import FolderStore, ObjectStat, StoreUnavailable
from resources.settings import Settings

GOOD = "lon,lat,season,label\n30.1,-18.2,2023-2024,maize\n30.2,-18.3,2023-2024,cotton\n"
OTHER = GOOD + "30.3,-18.3,2023-2024,cotton\n"
URL = "/admin/datasets/upload"


def upload(client: TestClient, files: dict[str, str | bytes], **asked: object) -> Response:
    parts = [("files", (name, content)) for name, content in files.items()]
    return client.post(URL, params={"version": "2024-06", **asked}, files=parts)


def keys(services: Services) -> list[str]:
    return [one.key for one in services.store.list(DATASETS)]


def left_behind(settings: Settings) -> list[Path]:
    folder = settings.home / "uploads"
    return list(folder.iterdir()) if folder.is_dir() else []


def test_an_upload_becomes_batches_of_the_version(admin: TestClient, services: Services) -> None:
    answer = upload(admin, {"a.csv": GOOD, "b.csv": OTHER}, season="2023/24", complete=True)
    assert answer.status_code == 201
    assert keys(services) == [f"2024-06/{name}" for name in ("_COMPLETE", "a.csv", "b.csv", "dataset.yaml")]
    assert services.store.get(DATASETS, "2024-06/b.csv") == OTHER.encode()
    assert yaml.safe_load(services.store.get(DATASETS, "2024-06/dataset.yaml")) == {"season": "2023-2024"}
    assert [(one["name"], one["lines"], one["state"]) for one in answer.json()["batches"]] == [
        ("a.csv", 2, "new"),
        ("b.csv", 3, "new"),
    ]
    assert left_behind(services.settings) == []
    with services.database.read() as session:
        entry = session.scalars(select(AuditEntry)).one()
    assert (entry.actor, entry.action, entry.subject) == ("ada", "dataset.upload", "2024-06")


def test_the_same_content_again_is_no_error_and_no_write(admin: TestClient, services: Services) -> None:
    upload(admin, {"a.csv": GOOD})
    before = services.store.stat(DATASETS, "2024-06/a.csv")
    answer = upload(admin, {"a.csv": GOOD})
    assert (answer.status_code, answer.json()["batches"][0]["state"]) == (200, "unchanged")
    assert services.store.stat(DATASETS, "2024-06/a.csv") == before


def test_a_batch_is_never_overwritten_with_other_content(admin: TestClient, services: Services) -> None:
    upload(admin, {"a.csv": GOOD})
    same_size = GOOD.replace("maize", "beans")
    for content in (OTHER, same_size):
        answer = upload(admin, {"b.csv": GOOD, "a.csv": content})
        assert (answer.status_code, answer.json()["code"]) == (409, "batch-exists")
    assert keys(services) == ["2024-06/a.csv"]
    assert services.store.get(DATASETS, "2024-06/a.csv") == GOOD.encode()


def test_one_bad_file_refuses_the_whole_request_with_every_fault(admin: TestClient, services: Services) -> None:
    bad = GOOD + "30.1,-18.2,2023-2024,=1+1\n"
    answer = upload(admin, {"a.csv": GOOD, "b.csv": bad, "c.csv": "x,y\n1,2\n"})
    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (422, "batches-refused")
    found = [(one["file"], one["line"], one["column"]) for one in problem["errors"]]
    assert found[0] == ("b.csv", 4, "label")
    assert ("c.csv", 1, "label") in found
    assert all(one["reason"] and one["where"] and one["message"] for one in problem["errors"])
    assert keys(services) == []
    assert left_behind(services.settings) == []


@pytest.mark.parametrize(
    "version",
    [
        "../up",
        "..",
        ".",
        "a/b",
        "a\\b",
        "A",
        "-a",
        "a-",
        "a.",
        "",
        "x" * 64,
        "a b",
        "a|b",
        "a\n",
        "%2e%2e",
        "é",
        "a/../b",
    ],
)
def test_names_that_are_no_dataset_version_are_refused(admin: TestClient, services: Services, version: str) -> None:
    answer = upload(admin, {"a.csv": GOOD}, version=version)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid-version-name")
    assert keys(services) == []


@pytest.mark.parametrize("name", ["../a.csv", "..\\a.csv", "dataset.yaml", "_COMPLETE", "a.txt", "=a.csv"])
def test_names_that_are_no_batch_are_refused(admin: TestClient, services: Services, name: str) -> None:
    answer = upload(admin, {name: GOOD})
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (422, "invalid-name")
    assert keys(services) == []


def test_two_files_of_one_name_are_refused(admin: TestClient, services: Services) -> None:
    answer = admin.post(URL, params={"version": "v1"}, files=[("files", ("a.csv", GOOD)), ("files", ("a.csv", OTHER))])
    assert answer.json()["errors"][0]["code"] == "duplicate-batch-names"
    assert keys(services) == []


def multipart(content: str, end: str = "--x--\r\n") -> bytes:
    head = '--x\r\nContent-Disposition: form-data; name="files"; filename="a.csv"\r\n\r\n'
    return f"{head}{content}\r\n{end}".encode()


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (multipart(GOOD, end=""), "multipart/form-data; boundary=x"),
        (multipart(GOOD)[:60], "multipart/form-data; boundary=x"),
        (b"", "multipart/form-data; boundary=x"),
        (b"--x--\r\n", "multipart/form-data; boundary=x"),
        (b"nothing of the kind", "multipart/form-data; boundary=x"),
        (multipart(GOOD), "multipart/form-data"),
        (multipart(GOOD), "multipart/form-data; boundary=" + "x" * 300),
        (GOOD.encode(), "text/csv"),
        (b"{}", "application/json"),
    ],
    ids=["no-end", "cut", "empty", "no-part", "no-multipart", "no-boundary", "long-boundary", "csv", "json"],
)
def test_broken_bodies_are_refused_and_leave_nothing(
    admin: TestClient, services: Services, body: bytes, content_type: str
) -> None:
    answer = admin.post(URL, params={"version": "v1"}, content=body, headers={"Content-Type": content_type})
    assert (answer.status_code, answer.json()["code"]) == (400, "upload-broken")
    assert keys(services) == []
    assert left_behind(services.settings) == []


def test_a_field_that_is_no_file_is_refused(admin: TestClient) -> None:
    body = b'--x\r\nContent-Disposition: form-data; name="version"\r\n\r\nv1\r\n--x--\r\n'
    headers = {"Content-Type": "multipart/form-data; boundary=x"}
    answer = admin.post(URL, params={"version": "v1"}, content=body, headers=headers)
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (422, "invalid-name")


def test_parts_may_be_cut_anywhere(admin: TestClient, services: Services) -> None:
    body = multipart(GOOD)

    def dribble() -> Iterator[bytes]:
        yield from (body[at : at + 7] for at in range(0, len(body), 7))

    headers = {"Content-Type": "multipart/form-data; boundary=x"}
    assert admin.post(URL, params={"version": "v1"}, content=dribble(), headers=headers).status_code == 201
    assert services.store.get(DATASETS, "v1/a.csv") == GOOD.encode()


def test_a_recruiter_is_refused_before_the_body_is_read(
    client: TestClient, login: Callable[..., dict[str, str]]
) -> None:
    answer = client.post(URL, params={"version": "v1"}, content=b"x", headers=login("recruiter"))
    assert answer.status_code == 403


class TestLimits:
    @pytest.fixture
    def settings(self, settings: Settings) -> Settings:
        return settings.model_copy(update={"max_upload_mb": 1})

    def test_more_than_the_limit_is_refused(self, admin: TestClient, services: Services) -> None:
        rows = GOOD + "30.1,-18.2,2023-2024,maize\n" * 50_000
        answer = upload(admin, {"a.csv": rows})
        assert answer.status_code == 413

        def unsaid() -> Iterator[bytes]:  # without a Content-Length
            yield multipart(rows)[: 3 << 19]
            yield multipart(rows)[3 << 19 :]

        headers = {"Content-Type": "multipart/form-data; boundary=x"}
        answer = admin.post(URL, params={"version": "v1"}, content=unsaid(), headers=headers)
        assert answer.status_code == 413
        assert keys(services) == []
        assert left_behind(services.settings) == []


class TestSidecar:
    def test_what_an_earlier_upload_said_is_kept_and_used(self, admin: TestClient, services: Services) -> None:
        upload(admin, {"a.csv": GOOD}, season="2023-2024")
        seasonless = "lon,lat,label\n30.1,-18.2,maize\n"
        assert upload(admin, {"b.csv": seasonless}).status_code == 201
        assert upload(admin, {"b.csv": seasonless}, version="other").status_code == 422

    def test_saying_something_else_is_a_conflict(self, admin: TestClient, services: Services) -> None:
        upload(admin, {"a.csv": GOOD}, season="2023-2024")
        answer = upload(admin, {"b.csv": GOOD}, season="2022-2023")
        assert (answer.status_code, answer.json()["code"]) == (409, "sidecar-exists")
        assert keys(services) == ["2024-06/a.csv", "2024-06/dataset.yaml"]

    @pytest.mark.parametrize(
        "told", [{"season": "2024"}, {"season": "=1"}, {"recipe": "none"}, {"recipe": "../etc/passwd"}]
    )
    def test_nonsense_is_refused(self, admin: TestClient, services: Services, told: dict[str, str]) -> None:
        answer = upload(admin, {"a.csv": GOOD}, **told)
        assert (answer.status_code, answer.json()["code"]) == (422, "invalid-request")
        assert keys(services) == []


def test_a_store_that_fails_half_way_is_left_as_it_was(
    admin: TestClient, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    upload(admin, {"old.csv": GOOD}, season="2023-2024", complete=True)
    before = {key: services.store.get(DATASETS, key) for key in keys(services)}
    put_file = FolderStore.put_file

    def fails_at_b(self: FolderStore, bucket: str, key: str, path: Path, **more: Any) -> ObjectStat:  # noqa: ANN401
        if key.endswith("b.csv"):
            raise StoreUnavailable("the disk is gone")
        return put_file(self, bucket, key, path, **more)

    monkeypatch.setattr(FolderStore, "put_file", fails_at_b)
    answer = upload(admin, {"a.csv": GOOD, "b.csv": OTHER}, recipe="s2-season", complete=True)
    assert (answer.status_code, answer.json()["code"]) == (503, "store-unavailable")
    assert {key: services.store.get(DATASETS, key) for key in keys(services)} == before
    assert left_behind(services.settings) == []


def test_a_new_batch_takes_the_mark_of_completeness_away(admin: TestClient, services: Services) -> None:
    upload(admin, {"a.csv": GOOD}, complete=True)
    answer = upload(admin, {"b.csv": GOOD})
    assert answer.json()["complete"] is False
    assert "2024-06/_COMPLETE" not in keys(services)


def test_the_document_says_how_to_upload(client: TestClient) -> None:
    document = client.get("/openapi.json").json()
    body = document["paths"][URL]["post"]["requestBody"]
    assert "multipart/form-data" in body["content"], json.dumps(body)
