"""images.py bumps the tags of our images and nothing else, and what it lists is built and pushed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.unit.deploy.ci_scripts import CI, OVERLAY, deployed, environment
from tests.unit.deploy.manifests import REPO


def python(*words: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, *map(str, words)], capture_output=True, text=True, check=False, timeout=60)


@pytest.fixture
def overlay(tmp_path: Path) -> Path:
    path = tmp_path / "kustomization.yaml"
    path.write_text(OVERLAY)
    return path


def test_a_bump_changes_the_tags_of_our_images_and_not_a_letter_more(overlay: Path) -> None:
    assert python(CI / "images.py", "bump", "fedcba987654", overlay).returncode == 0
    before, after = OVERLAY.splitlines(), overlay.read_text().splitlines()
    changed = [(old, new) for old, new in zip(before, after, strict=True) if old != new]
    assert changed == [
        ('    newTag: "0123456789ab" # by the workflow', '    newTag: "fedcba987654" # by the workflow'),
        ("    newTag: old", '    newTag: "fedcba987654"'),
    ]


def image_tags(text: str) -> dict[str, str]:
    """Return the tags of our images by name, in an overlay or in a chart's values."""
    found = yaml.safe_load(text)
    listed = found.get("images") or [found["singleuser"]["image"]]
    return {
        name: one.get("newTag", one.get("tag"))
        for one in listed
        if (name := one["name"].rsplit("/", 1)[-1]).startswith("geocrop-")
    }


def test_all_that_deploys_can_be_bumped_and_each_of_its_images_be_built(tmp_path: Path) -> None:
    copies = {tmp_path / f"{number}.yaml": REPO / one for number, one in enumerate(deployed())}
    for copy, original in copies.items():
        copy.write_text(original.read_text())
    assert python(CI / "images.py", "bump", "fedcba987654", *copies).returncode == 0
    for copy, original in copies.items():
        tags = image_tags(copy.read_text())
        assert tags == dict.fromkeys(image_tags(original.read_text()), "fedcba987654")
        assert tags
        before, after = original.read_text().splitlines(), copy.read_text().splitlines()
        changed = [new for old, new in zip(before, after, strict=True) if old != new]
        assert len(changed) == len(tags)
        assert all("fedcba987654" in line for line in changed)
    listed = python(CI / "images.py", "list", *copies).stdout.splitlines()
    assert listed[0].startswith("geocrop-code ")  # others build on it
    names = {line.split()[0] for line in listed}
    assert names == {"geocrop-code", "geocrop-api", "geocrop-notebook", "geocrop-ray"}
    for name in names:
        assert (REPO / "deploy" / "images" / f"{name.removeprefix('geocrop-')}.Dockerfile").is_file()


OURS = "git.example.org/g/geocrop-api"


@pytest.mark.parametrize(
    "text",
    [
        f"a:\n  image:\n    name: {OURS}\n    tag: OLD # by CI\n  tag: kept\nb:\n  tag: kept\n",
        f"a:\n  image:\n    tag: OLD\n    name: {OURS}\n  sidecar:\n    image: postgres\n    tag: kept\n",
        f"a:\n  image:\n    name: {OURS}\n    pull:\n      tag: kept\n    tag: OLD\n",
        f'a:\n  image:\n    name: "{OURS}" # where it is pushed to\n    tag: OLD\n',
        f"a:\n  image: {{name: '{OURS}', tag: OLD}}\n",
        f"a:\n  - name: {OURS}\n    tag: OLD\n  - name: postgres\n    tag: kept\n",
    ],
    ids=["name first", "tag first", "a deeper tag between", "quoted, with a comment", "on one line", "in a list"],
)
@pytest.mark.parametrize("old", ["0.1.0", '"0.1.0"', "'0.1.0'"])
def test_of_a_charts_values_the_tag_beside_our_image_is_bumped_and_no_other(
    tmp_path: Path, text: str, old: str
) -> None:
    values = tmp_path / "values.yaml"
    values.write_text(text.replace("OLD", old))
    done = python(CI / "images.py", "bump", "abc", values)
    assert done.returncode == 0, done.stderr
    assert values.read_text() == text.replace("OLD", '"abc"')


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (f"image:\n  name: {OURS}\nother:\n  image: postgres\n  tag: '15'\n", f"{OURS} has no `tag:` line"),
        (f"a:\n  image:\n    name: {OURS}\n  other:\n    image: postgres\n    tag: '15'\n", "has no `tag:` line"),
        (f"image:\n  name: {OURS}\n  tag:\n", "has no `tag:` line"),
        (f"image:\n  name: {OURS}\n  tag: |\n    old\n", "has no `tag:` line"),
        (f"image:\n  name: {OURS}\n  tag: {{of: old}}\n", "has no `tag:` line"),
        (f"image:\n  name: {OURS}\n  tag: old\n  tag: older\n", "line 4 has a second `tag:`"),
        (f"image:\n  name: {OURS}\n  tag: &t old\nother:\n  tag: *t\n", "alias"),
        (f"base: &b {{name: {OURS}, tag: old}}\nimage:\n  <<: *b\n  tag: older\n", "alias"),
        (f"image:\n  name: {OURS}:old\n  tag: old\n", "has its tag in its name"),
        ("images:\n  - name: geocrop-api:old\n    newTag: old\n", "has its tag in its name"),
        (f"a:\n  name: {OURS}\n  tag: old\nb:\n  image: {OURS}:old\n", f"line 5 has {OURS}:old without a tag"),
        (f"a:\n  name: {OURS}\n  tag: old\nb:\n  repository: {OURS}\n  tag: old\n", "line 5"),
        (f"image:\n  name: {OURS}\n tag: old\n", "no YAML"),
        (f"image:\n  name: {OURS}\n  tag: old\n---\nb: c\n", "no YAML"),
    ],
)
def test_what_leaves_a_doubt_which_tag_is_meant_is_refused(tmp_path: Path, text: str, says: str) -> None:
    values = tmp_path / "values.yaml"
    values.write_text(text)
    done = python(CI / "images.py", "bump", "abc", values)
    assert done.returncode == 1
    assert says in done.stderr
    assert "Traceback" not in done.stderr
    assert values.read_text() == text


@pytest.mark.parametrize("words", [["list"], ["bump", "abc"]])
def test_an_error_names_the_file_that_it_is_of(tmp_path: Path, overlay: Path, words: list[str]) -> None:
    broken = tmp_path / "broken.yaml"
    broken.write_text("namespace: geocrop\n")
    done = python(CI / "images.py", *words, overlay, broken)
    assert (done.returncode, done.stderr) == (1, f"{broken}: no image called geocrop-...\n")


def test_an_image_without_a_tag_is_told_with_its_file(overlay: Path) -> None:
    overlay.write_text(OVERLAY.replace("    newTag: old\n", ""))
    done = python(CI / "images.py", "bump", "abc", overlay)
    assert done.stderr == f"{overlay}: geocrop-api has no `newTag:` line\n"


def test_several_overlays_have_each_image_once_and_at_one_address(tmp_path: Path, overlay: Path) -> None:
    other = tmp_path / "other.yaml"
    other.write_text(OVERLAY.replace("geocrop-api", "geocrop-ray"))
    assert python(CI / "images.py", "list", overlay, other).stdout.splitlines() == [
        "geocrop-code git.example.org/geocrop/geocrop-code",
        "geocrop-api git.example.org/geocrop/geocrop-api",
        "geocrop-ray git.example.org/geocrop/geocrop-ray",
    ]
    other.write_text(OVERLAY.replace("git.example.org", "registry.example.org"))
    done = python(CI / "images.py", "list", overlay, other)
    assert done.returncode == 1
    assert done.stderr.startswith(f"{other}: geocrop-code is at registry.example.org/geocrop/geocrop-code")
    assert "another overlay at git.example.org/geocrop/geocrop-code" in done.stderr


def test_a_bump_is_of_all_overlays_or_of_none(tmp_path: Path, overlay: Path) -> None:
    broken = tmp_path / "broken.yaml"
    broken.write_text(OVERLAY.replace("    newTag: old\n", ""))
    assert python(CI / "images.py", "bump", "abc", overlay, broken).returncode == 1
    assert overlay.read_text() == OVERLAY


def test_a_tag_of_digits_stays_text(overlay: Path) -> None:
    assert python(CI / "images.py", "bump", "012345678901", overlay).returncode == 0
    assert yaml.safe_load(overlay.read_text())["images"][0]["newTag"] == "012345678901"


def test_images_are_listed_with_their_addresses(overlay: Path) -> None:
    assert python(CI / "images.py", "list", overlay).stdout.splitlines() == [
        "geocrop-code git.example.org/geocrop/geocrop-code",
        "geocrop-api git.example.org/geocrop/geocrop-api",
    ]


@pytest.mark.parametrize(
    ("text", "tag", "says"),
    [
        (OVERLAY, "two words", "is no tag"),
        (OVERLAY.replace("    newTag: old\n", ""), "abc", "geocrop-api has no `newTag:` line"),
        (OVERLAY.replace("    newTag: old\n", "    newTag: old\n    digest: sha256:0\n"), "abc", "has a `digest:`"),
        ("namespace: geocrop\n", "abc", "no image called geocrop-"),
    ],
)
def test_a_bump_that_would_deploy_nothing_is_refused(overlay: Path, text: str, tag: str, says: str) -> None:
    overlay.write_text(text)
    done = python(CI / "images.py", "bump", tag, overlay)
    assert done.returncode == 1
    assert says in done.stderr
    assert overlay.read_text() == text


def test_every_image_is_built_from_its_file_and_pushed_under_the_tag(tmp_path: Path) -> None:
    for name, text in (("code", "FROM scratch\n"), ("api", "ARG CODE_IMAGE=geocrop-code:local\nFROM scratch\n")):
        (tmp_path / "deploy" / "images").mkdir(parents=True, exist_ok=True)
        (tmp_path / "deploy" / "images" / f"{name}.Dockerfile").write_text(text)
    (tmp_path / "deploy" / "ci").mkdir()
    for name in ("images.py", "build-push"):
        (tmp_path / "deploy" / "ci" / name).write_bytes((CI / name).read_bytes())
    for name in ("kustomization.yaml", "other.yaml"):
        (tmp_path / name).write_text(OVERLAY)
    builder, log = tmp_path / "builder", tmp_path / "log"
    builder.write_text(f'#!/bin/sh\necho "$@" >> {log}\n')
    builder.chmod(0o755)
    script = ["bash", str(tmp_path / "deploy" / "ci" / "build-push"), "abc", "kustomization.yaml", "other.yaml"]
    told = environment(BUILDER=str(builder))
    subprocess.run(script, check=True, capture_output=True, timeout=60, env=told)
    address = "git.example.org/geocrop/geocrop"
    assert log.read_text().splitlines() == [
        f"build --file deploy/images/code.Dockerfile --tag {address}-code:abc --format docker .",
        f"push {address}-code:abc",
        f"build --file deploy/images/api.Dockerfile --tag {address}-api:abc --build-arg CODE_IMAGE={address}-code:abc"
        " --format docker .",
        f"push {address}-api:abc",
    ]
    (tmp_path / "deploy" / "images" / "api.Dockerfile").unlink()
    done = subprocess.run(script, check=False, capture_output=True, text=True, timeout=60, env=told)
    assert done.returncode != 0
    assert "no deploy/images/api.Dockerfile" in done.stderr
