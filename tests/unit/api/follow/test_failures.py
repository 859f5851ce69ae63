"""Reasons and codes of failed runs: every error of the platform can be read from a log, all else says nothing."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import api
from api.failures import INTERNAL, OTHER_CODES, REQUEST_FAULTS, LoggedError, code_of, failure_of

PACKAGES = ("imagery", "training", "resources", "geocrop_assets")


def code_written(kind: ast.ClassDef) -> str | None:
    """Return the `code` that a class states."""
    for line in kind.body:
        if isinstance(line, ast.AnnAssign | ast.Assign) and line.value is not None:
            target = line.target if isinstance(line, ast.AnnAssign) else line.targets[0]
            if ast.unparse(target) == "code":
                return str(ast.literal_eval(line.value))
    return None


@pytest.fixture(scope="module")
def errors() -> dict[str, str | None]:
    """Return every error that a step of a run can raise with its code, from the sources: importing all takes long."""
    root = Path(api.__file__).parents[1]
    classes = [
        node
        for package in PACKAGES
        for path in sorted((root / package).rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.ClassDef)
    ]
    found: dict[str, str | None] = {"GeocropError": "geocrop-error"}
    before = 0
    while len(found) > before:  # until no class has a base among the errors that are known
        before = len(found)
        found |= {one.name: code_written(one) for one in classes if found.keys() & {ast.unparse(b) for b in one.bases}}
    return found


def test_the_code_of_every_error_can_be_told_from_its_class(errors: dict[str, str | None]) -> None:
    assert len(errors) > 50
    assert {name: code for name, code in errors.items() if code_of(name) != code} == {}
    assert set(OTHER_CODES) <= set(errors)


def test_faults_of_requests_are_codes_that_exist(errors: dict[str, str | None]) -> None:
    assert set(errors.values()) >= REQUEST_FAULTS


def test_our_own_error_is_told_in_its_words_though_another_caused_it() -> None:
    chain = [
        LoggedError("DagsterExecutionStepExecutionError", "dagster._core.errors.X: Error occurred while executing op"),
        LoggedError("NoScenes", "imagery.search.NoScenes: no scene there.\nTried 3 times.\n"),
        LoggedError("KeyError", "KeyError: 'x'\n"),
    ]
    found = failure_of(chain)
    assert (found.code, found.reason) == ("no-scenes", "no scene there.\nTried 3 times.")


@pytest.mark.parametrize("message", ["KeyError: 'imagery.x.Y'", "rasterio.errors.RasterioIOError: /data/x.tif", ""])
def test_a_strangers_error_is_told_without_its_words(message: str) -> None:
    found = failure_of([LoggedError("SomeError", message)])
    assert (found.reason, found.code) == (INTERNAL, "run-failed")


def test_a_check_that_did_not_pass_is_named() -> None:
    message = "dagster.X: 1 blocking asset check failed with ERROR severity:\nsamples: classes_can_be_learned\n"
    found = failure_of([LoggedError("DagsterAssetCheckFailedError", message)])
    assert (found.reason, found.code) == ("A check did not pass: classes_can_be_learned.", "check-failed")


def test_an_error_without_words_is_told_by_its_code() -> None:
    assert failure_of([LoggedError("NoScenes", "imagery.search.NoScenes")]).reason == "no-scenes"
