"""docs/operate.md, "First installation": its commands, in its order, on a clone as it is, make a platform."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest
import yaml

from tests.unit.deploy.bootstrap_server import ROOT, Server, cloned
from tests.unit.deploy.page_commands import section

GITEA = "gitea.farm.test"
PUSHED = ("api", "code", "notebook")


def blocks(title: str) -> list[str]:
    """Return the commands of a section, a text for each block."""
    return re.findall(r"^ *```sh\n(.*?)^ *```$", section(title), re.MULTILINE | re.DOTALL)


def shell(text: str, folder: Path, **told: str) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"PATH": f"{folder / 'bin'}{os.pathsep}{os.environ['PATH']}"} | told
    return subprocess.run(
        ["bash", "-euo", "pipefail", "-c", text],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def write_addresses(folder: Path) -> None:
    [step] = [one for one in blocks("First installation") if "domain=" in one]
    done = shell(step.replace("example.com", "farm.test"), folder)
    assert done.returncode == 0, done.stderr


@pytest.fixture
def server(tmp_path: Path) -> Server:
    """Return a server with a clone in which the page's addresses were written."""
    found = cloned(tmp_path)
    write_addresses(tmp_path)
    return found


@pytest.fixture
def images(server: Server) -> Path:
    """Return a folder with what stands for the images' files: to the stub, one holds what K3s has of it."""
    folder = server.folder / "images"
    folder.mkdir()
    for name in PUSHED:
        (folder / f"geocrop-{name}.tar").write_text(f"{GITEA}/geocrop/geocrop-{name}:0.1.0\n")
    return folder


def certificate(server: Server) -> list[str]:
    for name in ("tls.crt", "tls.key"):
        (server.folder / name).write_text(name)
    return ["--certificate", str(server.folder / "tls.crt"), "--key", str(server.folder / "tls.key")]


def test_its_addresses_are_in_all_files_that_have_them(server: Server) -> None:
    for name in ("gitea", "uptime-kuma"):
        assert "example.org" not in (server.folder / f"deploy/argocd/values/{name}.yaml").read_text()
    for path in ("deploy/argocd/values/jupyterhub.yaml", *server.folder.glob("deploy/k8s/overlays/*/kustom*.yaml")):
        assert "gitea.example.org" not in (server.folder / path).read_text()
    told = yaml.safe_load((server.folder / "deploy/argocd/repository/repository.yaml").read_text())["data"]
    assert told == {"url": "https://git.farm.test/you/geocrop.git", "revision": "main"}


def test_its_order_makes_a_platform_without_a_registry(server: Server, images: Path) -> None:
    done = server.run("--images", str(images), *certificate(server))
    assert done.returncode == 0, done.stdout + done.stderr
    changes = server.changes()
    imported = [number for number, line in enumerate(changes) if line.startswith("k3s ctr images import ")]
    [root] = [number for number, line in enumerate(changes) if "geocrop/first=yes" in line]
    assert len(imported) == len(PUSHED)
    assert max(imported) < root, "a pod that has its image pulls none"
    for words in ((), ("--images", str(images))):
        assert server.run(*words).returncode == 0
        assert server.changes() == []


def test_without_images_it_is_refused_before_anything_is_done(server: Server) -> None:
    done = server.run()
    assert done.returncode == 1
    assert f"the images are to come from {GITEA}, which comes with the platform itself" in done.stderr
    assert '"First installation"' in done.stderr
    assert server.changes() == []


def test_an_image_that_the_folder_lacks_is_told_before_the_platform_is_applied(server: Server, images: Path) -> None:
    (images / "geocrop-api.tar").unlink()
    done = server.run("--images", str(images))
    assert done.returncode == 1
    assert f"{GITEA}/geocrop/geocrop-api:0.1.0" in done.stderr
    assert "geocrop-code" not in done.stderr
    again = server.run()  # K3s is there, and neither all images nor the platform
    assert "give them by --images" in again.stderr
    assert not [line for line in [*server.changes()] if "geocrop/first=yes" in line]


def test_a_folder_without_files_is_no_folder_of_images(server: Server) -> None:
    done = server.run("--images", str(server.folder / "bin"))
    assert done.returncode == 2
    assert "deploy/images/to-files" in done.stderr


def test_without_a_certificate_it_tells_what_will_not_work(server: Server, images: Path) -> None:
    done = server.run("--images", str(images))
    assert done.returncode == 0, done.stderr
    assert f"nodes pull no image from {GITEA}" in done.stdout


def test_a_registry_elsewhere_needs_no_files(server: Server) -> None:
    for path in ("deploy/argocd/values/jupyterhub.yaml", *server.folder.glob("deploy/k8s/overlays/*/kustom*.yaml")):
        file = server.folder / path
        file.write_text(file.read_text().replace(f"{GITEA}/geocrop", "registry.farm.test/team"))
    done = server.run()
    assert done.returncode == 0, done.stderr
    assert "nodes pull no image" not in done.stdout


def test_every_image_of_a_pod_is_taken_from_the_node_where_it_is_there() -> None:
    """Without a policy of its own a pod has IfNotPresent, as all tags are fixed; Dagster's launcher has it, too."""
    for path in (ROOT / "deploy").rglob("*.yaml"):
        assert not re.search(r"(imagePullPolicy|image_pull_policy): *Always", path.read_text()), path


def hook(folder: Path) -> Path:
    [text] = re.findall(r"<<'END'\n(.*?)^END$", section("Certificate"), re.MULTILINE | re.DOTALL)
    path = folder / "hook"
    path.write_text(text)
    path.chmod(0o755)
    return path


def test_certbot_s_hook_leaves_namespaces_away_that_are_not_there_yet(server: Server) -> None:
    (server.folder / "state" / "namespace-gitea").touch()
    done = shell(
        str(hook(server.folder)),
        server.folder,
        STUB_STATE=str(server.folder / "state"),
        BOOTSTRAP_SYSTEM=str(server.folder / "system"),
        RENEWED_LINEAGE="/dev",
    )
    assert done.returncode == 0, done.stderr
    assert {line.split()[3] for line in server.log if " secret tls " in line} == {"gitea"}


def test_certbot_s_hook_does_nothing_where_k3s_is_not_there_yet(tmp_path: Path) -> None:
    done = subprocess.run([str(hook(tmp_path))], env={"PATH": "/usr/bin:/bin"}, capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (0, b"")


def test_its_images_are_built_into_files(server: Server) -> None:
    """By the page's own command, with a stub for buildah."""
    shutil.copytree(ROOT / "deploy" / "images", server.folder / "deploy" / "images")
    buildah = server.folder / "bin" / "buildah"
    buildah.write_text(f'#!/bin/sh\necho "$@" >> {server.folder}/built\n')
    buildah.chmod(0o755)
    [step] = [one for one in blocks("First installation") if "ARCHIVES=" in one]
    done = shell(step.replace("/srv/geocrop-images", str(server.folder / "archives")), server.folder)
    assert done.returncode == 0, done.stderr
    pushed = [line.split() for line in (server.folder / "built").read_text().splitlines() if line.startswith("push")]
    assert sorted(pushed) == [
        [
            "push",
            f"{GITEA}/geocrop/geocrop-{name}:0.1.0",
            f"docker-archive:{server.folder}/archives/geocrop-{name}.tar:{GITEA}/geocrop/geocrop-{name}:0.1.0",
        ]
        for name in PUSHED
    ]


@pytest.mark.skipif(shutil.which("buildah") is None, reason="no buildah on this machine")
def test_a_file_knows_the_image_s_name(tmp_path: Path) -> None:
    """Without it `ctr images import` would take the file, and no pod would find it (buildah#2542)."""
    image = f"{GITEA}/geocrop/geocrop-code:0.1.0"
    (tmp_path / "Dockerfile").write_text("FROM scratch\nCOPY Dockerfile /\n")
    (tmp_path / "bin").mkdir()
    own = tmp_path / "bin" / "buildah"  # a store of its own
    there = f"--storage-driver vfs --root {tmp_path}/a --runroot {tmp_path}/b"
    own.write_text(f'#!/bin/sh\nexec {shutil.which("buildah")} {there} "$@"\n')
    own.chmod(0o755)
    builder = ROOT / "deploy" / "images" / "to-files"
    for words in (f"build --isolation chroot --format docker --tag {image} .", f"push {image}", f"push {image}"):
        done = shell(f"{builder} {words}", tmp_path, ARCHIVES=str(tmp_path / "archives"))
        if done.returncode and words.startswith("build"):
            pytest.skip(f"buildah cannot build here: {done.stderr[-200:]}")
        assert done.returncode == 0, done.stderr
    with tarfile.open(tmp_path / "archives" / "geocrop-code.tar") as archive:
        manifest = archive.extractfile("manifest.json")
        assert manifest is not None
        assert json.load(manifest)[0]["RepoTags"] == [image]


def test_shellcheck_passes_the_builder() -> None:
    shellcheck = Path(sys.executable).with_name("shellcheck")
    done = subprocess.run(
        [str(shellcheck), str(ROOT / "deploy" / "images" / "to-files")], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout


def test_argo_cd_may_follow_gitea_inside_the_cluster() -> None:
    """By the Service that its chart names after the release."""
    gitea = yaml.safe_load((ROOT / "deploy/argocd/base/operators/gitea.yaml").read_text())["spec"]
    release, namespace = gitea["sources"][0]["helm"]["releaseName"], gitea["destination"]["namespace"]
    assert f"`http://{release}-http.{namespace}.svc.cluster.local:3000/" in section("First installation")
