"""`geocrop train`, `promote` and `rollback`: what sensors do, here and now."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import typer
import yaml

from geocrop_assets.assets.promotion import gate_rules_of
from geocrop_assets.cli.console import console, table
from geocrop_assets.cli.runs import Platform, RunFailed, open_platform
from geocrop_assets.partitions import DATASET_VERSION, VARIANTS, model_key
from resources.platform import registry_of, store_of
from resources.promotion import read_gate
from sensors import tags

if TYPE_CHECKING:
    from resources.progress import Listener
    from resources.settings import Settings


def train_version(
    settings: Settings,
    version: str,
    *,
    variant: str = "both",
    config: Path | None = None,
    listener: Listener | None = None,
) -> None:
    """Prepare a dataset version and train the variants asked for; print how they compare.

    Raises:
        GeocropError: the dataset or the settings are wrong. A candidate that the gate refuses is told, not raised.

    """
    variants = list(VARIANTS) if variant == "both" else [variant]
    if not set(variants) <= set(VARIANTS):
        raise typer.BadParameter(f"variant is one of {', '.join(VARIANTS)} or both")
    run_config = training_run_config(config)
    store_of(settings)
    platform = open_platform(settings, listener)
    platform.instance.add_dynamic_partitions(DATASET_VERSION, [version])
    platform.run(tags.PREPARE_JOB, partition=version, config=run_config)
    for one in variants:
        _train_variant(platform, version, one, run_config)
    show_candidates(settings, version)


def training_run_config(path: Path | None) -> dict[str, Any]:
    """Return the run config for a file of hyperparameters."""
    if path is None:
        return {}
    return {"resources": {"training": {"config": {"settings": yaml.safe_load(path.read_text(encoding="utf-8"))}}}}


def _train_variant(platform: Platform, version: str, variant: str, run_config: dict[str, Any]) -> None:
    try:
        platform.run(tags.TRAIN_JOB, partition=str(model_key(version, variant)), config=run_config)
    except RunFailed as error:
        if tags.GATE_CHECK not in str(error):
            raise
        console.print(f"[yellow]{variant}: the gate refused the candidate[/]")


def show_candidates(settings: Settings, dataset_version: str) -> None:
    """Print the newest candidate of each variant of a dataset version, with what the gate says now."""
    store, registry = store_of(settings), registry_of(settings)
    rows = []
    for variant in VARIANTS:
        found = [one for one in registry.versions() if (one.dataset_version, one.variant) == (dataset_version, variant)]
        if found:
            decision = read_gate(store, registry, found[0], gate_rules_of(settings).config())
            score = decision.evidence.macro_f1_candidate
            verdict = "passes" if decision.passed else f"refused: {', '.join(decision.refused_for)}"
            rows.append((found[0].version, variant, score if score is not None else float("nan"), verdict))
    table(f"Candidates of {dataset_version}", ("version", "variant", "macro F1, held-out blocks", "gate"), rows)


def change_champion(
    settings: Settings,
    action: Literal["promote", "rollback"],
    version: int | None,
    reason: str,
    *,
    override_gate: bool = False,
) -> None:
    """Promote or roll back, as a run of `champion_model`, and print who is champion then."""
    platform = open_platform(settings)
    request = {"action": action, "reason": reason, "by": "command line", "override_gate": override_gate}
    if version is not None:
        request["version"] = version
    platform.run(tags.PROMOTE_JOB, config={"ops": {tags.CHAMPION_MODEL: {"config": request}}})
    champion = registry_of(settings).champion()
    if champion is not None:
        console.print(f"champion: version {champion.version} ({champion.dataset_version}, {champion.variant})")
