"""Promotion by the sensor: the best of the variants, once all have settled."""

from __future__ import annotations

from sensors.promotion import PromotionRequest, State, TrainingRun, decide_promotion

VARIANTS = ["Raw", "Scaled"]


def run(
    variant: str, state: State = "passed", *, version: int = 1, score: float = 0.8, digest: str = "d", at: float = 0
) -> TrainingRun:
    return TrainingRun("v1", digest, variant, state, at, version, score)


def decide(runs: list[TrainingRun], variants: list[str]) -> tuple[PromotionRequest, ...]:
    return decide_promotion(runs, variants).requests


def test_it_waits_for_every_variant() -> None:
    assert decide([run("Raw")], VARIANTS) == ()
    assert decide([run("Raw"), run("Scaled", "running")], VARIANTS) == ()


def test_the_better_variant_is_promoted_whoever_finished_first() -> None:
    for runs in (
        [run("Raw", version=1, score=0.7), run("Scaled", version=2, score=0.8)],
        [run("Scaled", version=2, score=0.8), run("Raw", version=1, score=0.7)],
    ):
        (request,) = decide(runs, VARIANTS)
        assert request.model_version == 2
        assert "Raw 0.700, Scaled 0.800" in request.reason


def test_a_refused_variant_leaves_the_other() -> None:
    (request,) = decide([run("Raw", "failed", score=0.9), run("Scaled", version=5)], VARIANTS)
    assert request.model_version == 5


def test_nothing_is_promoted_when_all_were_refused() -> None:
    assert decide([run("Raw", "failed"), run("Scaled", "failed")], VARIANTS) == ()


def test_a_repeated_run_replaces_the_first() -> None:
    runs = [run("Raw", "failed", at=1), run("Raw", "running", at=2), run("Scaled")]
    assert decide(runs, VARIANTS) == ()


def test_contents_of_one_version_are_apart() -> None:
    runs = [run("Raw", digest="d1"), run("Scaled", digest="d1"), run("Raw", digest="d2")]
    assert [one.dataset_digest for one in decide(runs, VARIANTS)] == ["d1"]


def test_a_content_is_settled_whether_promoted_or_refused_and_not_before() -> None:
    runs = [
        run("Raw", digest="good"),
        run("Scaled", digest="good"),
        run("Raw", "failed", digest="bad"),
        run("Scaled", "failed", digest="bad"),
        run("Raw", "running", digest="open"),
        run("Scaled", digest="open"),
    ]
    assert decide_promotion(runs, VARIANTS).settled == {"v1--good", "v1--bad"}
