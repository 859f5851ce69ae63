"""bump-pull opens one pull request for a tag, as Gitea's API sees it."""

from __future__ import annotations

import json
import os
import subprocess
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests.unit.deploy.ci_scripts import CI, OVERLAY, environment


class Gitea(ThreadingHTTPServer):
    """The pull requests' part of Gitea's API, in memory."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Pulls)
        self.pulls: list[dict[str, Any]] = []


class _Pulls(BaseHTTPRequestHandler):
    server: Gitea

    def _answer(self, code: int, body: object) -> None:
        data = json.dumps(body).encode()
        self.send_response(code)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def _is_refused(self) -> bool:
        if self.headers["Authorization"] == "token good" and self.path.startswith(
            "/api/v1/repos/geocrop/geocrop/pulls"
        ):
            return False
        self._answer(401, {"message": "token is required"})
        return True

    def do_GET(self) -> None:
        if not self._is_refused():
            self._answer(200, self.server.pulls)

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if not self._is_refused():
            ends = {"head": {"ref": asked["head"]}, "base": {"ref": asked["base"]}}
            self.server.pulls.append(asked | ends | {"html_url": f"/pulls/{len(self.server.pulls) + 1}"})
            self._answer(201, self.server.pulls[-1])

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def gitea() -> Iterator[Gitea]:
    server = Gitea()
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """Return a clone of a repository that holds two overlays."""
    origin, work = tmp_path / "origin.git", tmp_path / "work"
    git(tmp_path, "init", "--quiet", "--bare", "--initial-branch=main", str(origin))
    git(tmp_path, "clone", "--quiet", str(origin), str(work))
    git(work, "checkout", "--quiet", "-B", "main")
    for name in ("kustomization.yaml", "other.yaml"):
        (work / name).write_text(OVERLAY)
    git(work, "add", "kustomization.yaml", "other.yaml")
    git(work, "-c", "user.name=a", "-c", "user.email=a@localhost", "commit", "--quiet", "-m", "first")
    git(work, "push", "--quiet", "origin", "main")
    return work


def git(folder: Path, *words: str) -> str:
    nobody = os.environ | {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}
    return subprocess.run(
        ["git", *words], cwd=folder, env=nobody, capture_output=True, text=True, check=True, timeout=60
    ).stdout


def bump_pull(clone: Path, gitea: Gitea, tag: str, known: str = "good") -> subprocess.CompletedProcess[str]:
    told = {
        "GITHUB_SERVER_URL": f"http://127.0.0.1:{gitea.server_address[1]}",
        "GITHUB_REPOSITORY": "geocrop/geocrop",
        "PULL_TOKEN": known,
        "BASE": "main",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_SYSTEM": os.devnull,
    }
    return subprocess.run(
        ["bash", str(CI / "bump-pull"), tag, "kustomization.yaml", "other.yaml"],
        cwd=clone,
        env=environment(**told),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_a_tag_becomes_one_branch_and_one_pull_request_however_often_it_is_run(clone: Path, gitea: Gitea) -> None:
    assert bump_pull(clone, gitea, "abc").returncode == 0
    git(clone, "checkout", "--quiet", "main")
    again = bump_pull(clone, gitea, "abc")
    assert again.returncode == 0, again.stderr
    [pull] = gitea.pulls
    assert (pull["head"]["ref"], pull["base"]["ref"], pull["title"]) == ("deploy/abc", "main", "Deploy abc")
    changed = git(clone, "diff", "--name-only", "origin/main", "origin/deploy/abc").split()
    assert changed == ["kustomization.yaml", "other.yaml"]
    for name in changed:
        assert git(clone, "show", f"origin/deploy/abc:{name}").count('newTag: "abc"') == 2


def test_what_is_deployed_already_asks_for_nothing(clone: Path, gitea: Gitea) -> None:
    assert bump_pull(clone, gitea, "abc").returncode == 0  # and merged
    gitea.pulls.clear()
    assert "has abc already" in bump_pull(clone, gitea, "abc").stdout
    assert gitea.pulls == []


def test_a_refused_token_fails_the_workflow_in_words(clone: Path, gitea: Gitea) -> None:
    done = bump_pull(clone, gitea, "abc", known="bad")
    assert done.returncode == 1
    assert "Gitea answers 401" in done.stderr
