"""What anybody may see of the platform at work: the asset graph, and numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastapi import APIRouter, Request, Response

from api.errors import responses
from api.models.workflow import Numbers, WorkflowView
from api.numbers import read_numbers
from api.orchestrator import OrchestratorUnavailable
from api.workflow import FRESH_S

if TYPE_CHECKING:
    from api.metrics import Metrics
    from api.workflow import Workflow

router = APIRouter(tags=["operations"])


@router.get("/workflow", responses=responses(OrchestratorUnavailable))
def workflow(request: Request, response: Response) -> WorkflowView:
    """Show the asset graph: what depends on what, how many partitions are made, and when each asset last was.

    Dagster is asked at most every 15 s.
    """
    board: Workflow = request.app.state.workflow
    response.headers["Cache-Control"] = f"public, max-age={FRESH_S:.0f}"
    return WorkflowView.of(board.read())


@router.get("/numbers")
def numbers(request: Request) -> Numbers:
    """Tell jobs by state, the warm worker's slots, and how long requests and maps took: `/metrics` in short."""
    metrics: Metrics = request.app.state.metrics
    return read_numbers(metrics.registry.collect())
