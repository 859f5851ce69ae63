"""Promotion: what the gate refuses, what is recorded, and who is champion when an act dies half way."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from resources import promotion
from resources.bundles import BundleNotFound
from resources.evidence import NotEvaluated
from resources.layout import MODELS, bundle_prefix, open_act_key
from resources.object_store import FolderStore
from resources.promotion import (
    GateRefused,
    NothingToRollBackTo,
    PromotionInProgress,
    ReasonMissing,
    Request,
    audit_records,
    change_champion,
    read_gate,
)
from resources.registry import ModelRegistry, ModelVersionNotFound
from training.errors import GeocropError
from training.gate_record import GateConfig

if TYPE_CHECKING:
    from tests.unit.resources.conftest import Register, Trained

RULES = GateConfig(min_training_samples=3, min_groups=3, replicates=200)


class Stage:
    """A registry with versions, and acts on it."""

    def __init__(self, store: FolderStore, registry: ModelRegistry) -> None:
        self.store, self.registry = store, registry

    def promote(self, version: int | None = None, reason: str = "better", **options: Any) -> promotion.AuditRecord:  # noqa: ANN401
        return self._act("promote", version, reason, **options)

    def roll_back(self, version: int | None = None, reason: str = "worse", **options: Any) -> promotion.AuditRecord:  # noqa: ANN401
        return self._act("rollback", version, reason, **options)

    def _act(self, action: promotion.Action, version: int | None, reason: str, **options: Any) -> promotion.AuditRecord:  # noqa: ANN401
        request = Request(action, reason, "a test", version, **options)
        return change_champion(self.store, self.registry, request, RULES)

    @property
    def champion(self) -> int | None:
        found = self.registry.champion()
        return None if found is None else found.version

    def acts(self) -> list[tuple[str, int, int | None]]:
        return [(one.action, one.version, one.previous) for one in audit_records(self.store)]

    def is_open(self) -> bool:
        return self.store.exists(MODELS, open_act_key())


@pytest.fixture
def stage(
    store: FolderStore, registry: ModelRegistry, register: Register, good_model: Trained, poor_model: Trained
) -> Stage:
    """Return a stage with three versions: 1 and 3 are good, 2 is poor."""
    assert [register(one) for one in (good_model, poor_model, good_model)] == [1, 2, 3]
    return Stage(store, registry)


@pytest.fixture
def dead_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take an open act for dead without waiting."""
    monkeypatch.setattr(promotion, "DEAD_AFTER", timedelta(0))


def test_a_first_good_model_passes_and_becomes_champion(stage: Stage) -> None:
    record = stage.promote(1, run_id="run-7")
    assert stage.champion == 1
    assert (record.previous, record.state, record.run_id, record.override_gate) == (None, "done", "run-7", False)
    assert record.gate is not None
    assert record.gate["passed"] is True
    assert not stage.is_open()


def test_a_poor_candidate_is_refused_and_leaves_no_trace(stage: Stage) -> None:
    stage.promote(1)
    with pytest.raises(GateRefused, match="version 2 may not be promoted"):
        stage.promote(2)
    assert stage.champion == 1
    assert stage.acts() == [("promote", 1, None)]


def test_an_override_promotes_it_and_is_recorded_with_the_gates_no(stage: Stage) -> None:
    stage.promote(1)
    record = stage.promote(2, "the poor one knows the new crop", override_gate=True)
    assert stage.champion == 2
    kept = json.loads(stage.store.get(MODELS, record.key))
    assert kept["override_gate"] is True
    assert kept["gate"]["passed"] is False
    assert kept["reason"] == "the poor one knows the new crop"
    assert kept["by"] == "a test"


def test_without_a_version_the_newest_candidate_is_promoted(stage: Stage) -> None:
    assert stage.promote().version == 3


def test_the_gate_is_read_against_the_champion_of_this_moment(stage: Stage) -> None:
    third = stage.registry.version(3)
    assert read_gate(stage.store, stage.registry, third, RULES).passed
    stage.promote(1)
    decision = read_gate(stage.store, stage.registry, third, RULES)
    assert decision.refused_for == ("better-macro-f1",), "it is the same model"
    assert decision.champion is not None
    assert decision.champion.version == "1"


@pytest.mark.parametrize("reason", ["", "  ", "ok"])
def test_an_act_without_a_reason_is_refused(stage: Stage, reason: str) -> None:
    with pytest.raises(ReasonMissing):
        stage.promote(1, reason)
    assert stage.champion is None


def test_nothing_is_promoted_that_was_never_evaluated_or_never_registered(
    stage: Stage, store: FolderStore, good_model: Trained
) -> None:
    with pytest.raises(ModelVersionNotFound):
        stage.promote(99)
    for one in list(store.list(MODELS, f"reports/{good_model.bundle.hash}/")):
        store.delete(MODELS, one.key)
    with pytest.raises(NotEvaluated):
        stage.promote(1)
    assert stage.champion is None


def test_without_any_candidate_a_promotion_says_train_first(store: FolderStore, registry: ModelRegistry) -> None:
    with pytest.raises(GeocropError, match="train a model first"):
        Stage(store, registry).promote()


def test_a_rollback_needs_no_gate_and_goes_to_any_version_or_to_the_one_before(stage: Stage) -> None:
    stage.promote(1)
    stage.promote(2, override_gate=True)
    assert stage.roll_back().version == 1
    assert stage.roll_back(3).version == 3
    assert stage.champion == 3
    assert stage.acts() == [("promote", 1, None), ("promote", 2, 1), ("rollback", 1, 2), ("rollback", 3, 1)]
    assert [one.gate is None for one in audit_records(stage.store)] == [False, False, True, True]


def test_promoted_twice_a_version_still_rolls_back_to_the_one_before_it(stage: Stage) -> None:
    stage.promote(1)
    stage.promote(2, override_gate=True)
    stage.promote(2, override_gate=True)
    assert stage.roll_back().version == 1


@pytest.mark.parametrize("promoted", [False, True])
def test_without_an_earlier_champion_there_is_nothing_to_roll_back_to(stage: Stage, promoted: bool) -> None:
    if promoted:
        stage.promote(1)
    with pytest.raises(NothingToRollBackTo):
        stage.roll_back()


def test_a_rollback_to_a_model_that_is_gone_is_refused(stage: Stage, good_model: Trained) -> None:
    stage.roll_back(2)
    for one in list(stage.store.list(MODELS, bundle_prefix(good_model.bundle.hash))):
        stage.store.delete(MODELS, one.key)
    with pytest.raises(BundleNotFound):
        stage.roll_back(1)
    assert stage.champion == 2


class Death(RuntimeError):
    """An act ends here."""


def die_before(patch: pytest.MonkeyPatch, owner: type, name: str, *, key: str = "") -> None:
    """Let an act die before a call (of a key that holds `key`) takes effect."""
    real: Callable[..., Any] = getattr(owner, name)

    def dying(self: object, *args: Any, **options: Any) -> Any:  # noqa: ANN401
        if not key or any(key in str(one) for one in args):
            raise Death
        return real(self, *args, **options)

    patch.setattr(owner, name, dying)


@pytest.mark.parametrize(
    ("where", "champion"),
    [("before it is opened", 1), ("before the alias moves", 1), ("before the audit", 2), ("before it is closed", 2)],
)
@pytest.mark.usefixtures("dead_at_once")
def test_an_act_that_dies_half_way_is_settled_by_the_next(stage: Stage, where: str, champion: int) -> None:
    stage.promote(1)
    with pytest.MonkeyPatch.context() as patch:
        match where:
            case "before it is opened":
                die_before(patch, FolderStore, "put", key="promotion/open")
            case "before the alias moves":
                die_before(patch, ModelRegistry, "set_champion")
            case "before the audit":
                die_before(patch, FolderStore, "put", key="audit/")
            case _:
                die_before(patch, FolderStore, "delete", key="promotion/open")
        with pytest.raises(Death):
            stage.roll_back(2)
    assert stage.champion == champion
    stage.roll_back(3)
    settled = [("rollback", 2, 1)] if champion == 2 else []
    assert stage.acts() == [("promote", 1, None), *settled, ("rollback", 3, champion)]
    assert all(one.state == "done" for one in audit_records(stage.store))
    assert not stage.is_open()


KILLED = """
import os, signal, sys
from pathlib import Path
from resources.object_store import FolderStore
from resources.promotion import Request, change_champion
from resources.registry import ModelRegistry

real = ModelRegistry.set_champion

def killed(self, version):
    if sys.argv[3] == "after":
        real(self, version)
    os.kill(os.getpid(), signal.SIGKILL)

ModelRegistry.set_champion = killed
registry = ModelRegistry(tracking_uri=sys.argv[2])
change_champion(FolderStore(Path(sys.argv[1])), registry, Request("rollback", "worse", "a test", 2))
"""


@pytest.mark.parametrize(("moment", "champion"), [("before", 1), ("after", 2)])
def test_kill_9_at_the_one_step_that_takes_effect_leaves_one_champion_and_a_whole_audit(
    stage: Stage, moment: str, champion: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage.promote(1)
    words = [sys.executable, "-c", KILLED, str(stage.store.root), stage.registry.tracking_uri, moment]
    ended = subprocess.run(words, check=False, capture_output=True, text=True, timeout=120)
    assert ended.returncode == -signal.SIGKILL, ended.stderr
    assert stage.champion == champion
    assert stage.is_open()
    with pytest.raises(PromotionInProgress, match="rollback of version 2 by a test is under way"):
        stage.roll_back(3)  # as long as it could still live
    monkeypatch.setattr(promotion, "DEAD_AFTER", timedelta(0))
    stage.roll_back(3)
    settled = [("rollback", 2, 1)] if champion == 2 else []
    assert stage.acts() == [("promote", 1, None), *settled, ("rollback", 3, champion)]


def test_of_two_acts_at_once_one_is_told_to_wait(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    stage.promote(1)
    real, refused = ModelRegistry.set_champion, []

    def meet(self: ModelRegistry, version: int) -> None:
        try:
            stage.roll_back(3)  # comes while this act is open
        except PromotionInProgress as error:
            refused.append(error)
        real(self, version)

    monkeypatch.setattr(ModelRegistry, "set_champion", meet)
    stage.roll_back(2)
    assert len(refused) == 1
    assert stage.champion == 2
    assert stage.acts() == [("promote", 1, None), ("rollback", 2, 1)]


def test_a_champion_that_changed_while_the_gate_was_read_ends_the_act(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage.promote(2, override_gate=True)

    def slow_gate(*given: Any) -> Any:  # noqa: ANN401
        decision = read_gate(*given)
        monkeypatch.undo()
        stage.roll_back(3)
        return decision

    monkeypatch.setattr(promotion, "read_gate", slow_gate)
    with pytest.raises(PromotionInProgress, match="became champion while the gate was read"):
        stage.promote(1)
    assert stage.champion == 3
    assert not stage.is_open()
