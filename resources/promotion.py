"""Promotion: the gate read anew, one step that takes effect, and a record of every act.

The order is what makes it safe. The intent is recorded first, as the one open act there can be; then the registry's
alias `champion` moves in one call; then the act goes into the audit. A promotion that dies before the call leaves the
old champion in force, and one that dies after it the new one; the open act is settled by the next one, by what the
registry says. Two acts that meet cannot both begin, and one whose champion changed since its gate was read ends.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from resources.bundles import BundleNotFound, has_bundle
from resources.evidence import contender, read_held_out
from resources.layout import MODELS, audit_prefix, open_act_key
from resources.object_store import ObjectNotFound, PreconditionFailed
from training.errors import GeocropError

if TYPE_CHECKING:
    from resources.object_store import ObjectStore
    from resources.registry import ModelRegistry, ModelVersion
    from training.gate_record import GateConfig, GateDecision

Action = Literal["promote", "rollback"]
MIN_REASON_LENGTH = 3
#: An act is open for the two calls that it takes, far below a second; one that is older has died.
DEAD_AFTER = timedelta(seconds=60)
_MOMENT = "%Y-%m-%dT%H-%M-%S.%fZ"


class GateRefused(GeocropError):
    """Train a better candidate, or promote by hand with `--override-gate` and a reason."""

    code: ClassVar[str] = "gate-refused"


class ReasonMissing(GeocropError):
    """Say why, with `--reason`: it is kept in the audit record."""

    code: ClassVar[str] = "reason-missing"


class NothingToRollBackTo(GeocropError):
    """Name the version to go back to: no earlier champion is on record."""

    code: ClassVar[str] = "nothing-to-roll-back-to"


class PromotionInProgress(GeocropError):
    """Look who is champion now, wait a minute, and try again: another act of promotion came between."""

    code: ClassVar[str] = "promotion-in-progress"


@dataclass(frozen=True)
class Request:
    """What is asked for: `version` None means the candidate (promote) or the champion before this one (rollback)."""

    action: Action
    reason: str
    by: str
    version: int | None = None
    override_gate: bool = False
    run_id: str = ""


@dataclass(frozen=True)
class AuditRecord:
    """One act of promotion, as it is kept in the object store."""

    id: str
    moment: str  # ISO 8601, UTC
    action: Action
    version: int
    previous: int | None
    reason: str
    by: str
    run_id: str
    override_gate: bool
    state: Literal["begun", "done"]
    gate: dict[str, Any] | None = field(default=None)

    @property
    def key(self) -> str:
        """Return where the record lies; keys sort by time."""
        return f"{audit_prefix()}{self.moment}-{self.id}.json"


def read_gate(
    store: ObjectStore, registry: ModelRegistry, version: ModelVersion, config: GateConfig | None = None
) -> GateDecision:
    """Judge a model version against the champion of this moment, on the version's own held-out samples.

    Raises:
        NotEvaluated: when the version has no held-out samples on record.

    """
    from training.gate import judge

    samples = read_held_out(store, version.bundle_hash)
    name = registry.model_name
    champion = registry.champion()
    candidate = contender(store, version.bundle_hash, version.version, name, samples)
    if champion is None or champion.version == version.version:
        return judge(candidate, None, config)
    return judge(candidate, contender(store, champion.bundle_hash, champion.version, name, samples), config)


def change_champion(
    store: ObjectStore, registry: ModelRegistry, request: Request, config: GateConfig | None = None
) -> AuditRecord:
    """Promote a version that the gate lets pass (or whose refusal is overridden), or roll back to one.

    Raises:
        ReasonMissing: an act of a person without a reason.
        GateRefused: the gate refuses and is not overridden; the old champion stays.
        PromotionInProgress: another act is under way, or changed the champion meanwhile.
        ModelVersionNotFound, NothingToRollBackTo, BundleNotFound: there is no such version, or no model of it.

    """
    if len(request.reason.strip()) < MIN_REASON_LENGTH:
        raise ReasonMissing(f"a {request.action} needs a reason of at least {MIN_REASON_LENGTH} letters")
    settle_open_act(store, registry)
    champion = registry.champion()
    target = _target(store, registry, request)
    gate = None if request.action == "rollback" else read_gate(store, registry, target, config)
    if gate is not None and not gate.passed and not request.override_gate:
        raise GateRefused(f"version {target.version} may not be promoted: {' '.join(gate.reasons)}")
    if not has_bundle(store, target.bundle_hash):
        raise BundleNotFound(f"the model of version {target.version} is not in the object store")
    begun = AuditRecord(
        id=uuid.uuid4().hex[:12],
        moment=datetime.now(UTC).strftime(_MOMENT),
        action=request.action,
        version=target.version,
        previous=None if champion is None else champion.version,
        reason=request.reason.strip(),
        by=request.by,
        run_id=request.run_id,
        override_gate=request.override_gate,
        state="begun",
        gate=None if gate is None else gate.to_dict(),
    )
    _begin(store, registry, begun)
    registry.set_champion(target.version)  # the one step that takes effect
    return _close(store, begun)


def audit_records(store: ObjectStore) -> Iterator[AuditRecord]:
    """Return all acts of promotion, oldest first."""
    for one in store.list(MODELS, audit_prefix()):
        yield AuditRecord(**json.loads(store.get(MODELS, one.key)))


def earlier_champion(store: ObjectStore, champion: int) -> int | None:
    """Return which version a champion followed, by the newest act on record that made it one."""
    before = [
        record.previous
        for record in audit_records(store)
        if record.version == champion and record.previous not in (None, champion)
    ]
    return before[-1] if before else None


def settle_open_act(store: ObjectStore, registry: ModelRegistry) -> None:
    """Settle an act that died half way: into the audit where the registry says it took effect, else away with it.

    Raises:
        PromotionInProgress: the open act is too young to be dead.

    """
    try:
        record = AuditRecord(**json.loads(store.get(MODELS, open_act_key())))
    except ObjectNotFound:
        return
    begun = datetime.strptime(record.moment, _MOMENT).replace(tzinfo=UTC)
    if datetime.now(UTC) - begun < DEAD_AFTER:
        raise PromotionInProgress(f"a {record.action} of version {record.version} by {record.by} is under way")
    champion = registry.champion()
    if champion is not None and champion.version == record.version != record.previous:
        _close(store, record)
    else:
        store.delete(MODELS, open_act_key())


def _begin(store: ObjectStore, registry: ModelRegistry, record: AuditRecord) -> None:
    """Open an act, unless another is open or the champion is not the one that the gate was read against."""
    try:
        _write(store, open_act_key(), record, if_absent=True)
    except PreconditionFailed as error:
        raise PromotionInProgress("another act of promotion began at the same moment") from error
    champion = registry.champion()
    if (None if champion is None else champion.version) != record.previous:
        store.delete(MODELS, open_act_key())
        raise PromotionInProgress("another version became champion while the gate was read")


def _target(store: ObjectStore, registry: ModelRegistry, request: Request) -> ModelVersion:
    """Return the version that an act is about."""
    if request.version is not None:
        return registry.version(request.version)
    if request.action == "promote":
        candidate = registry.candidate()
        if candidate is None:
            raise GeocropError("no candidate is registered: train a model first")
        return candidate
    champion = registry.champion()
    before = None if champion is None else earlier_champion(store, champion.version)
    if before is None:
        raise NothingToRollBackTo("no earlier champion is on record: `geocrop rollback VERSION --reason ...`")
    return registry.version(before)


def _close(store: ObjectStore, record: AuditRecord) -> AuditRecord:
    """Put an act that took effect into the audit, and make room for the next."""
    done = AuditRecord(**{**asdict(record), "state": "done"})
    _write(store, done.key, done)
    store.delete(MODELS, open_act_key())
    return done


def _write(store: ObjectStore, key: str, record: AuditRecord, *, if_absent: bool = False) -> None:
    body = json.dumps(asdict(record), indent=1).encode()
    store.put(MODELS, key, body, content_type="application/json", if_absent=if_absent)
