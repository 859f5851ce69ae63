"""How many jobs one may still start."""

from __future__ import annotations

from fastapi import APIRouter

from api.asking import quota_view
from api.db.quota import quota_of
from api.deps import CurrentUser, ServicesDep
from api.errors import NotAuthenticated, responses
from api.models.predictions import QuotaView

router = APIRouter(tags=["quota"], responses=responses(NotAuthenticated))


@router.get("/quota")
def show(user: CurrentUser, services: ServicesDep) -> QuotaView:
    """Tell how many jobs one has started and may still start."""
    return quota_view(quota_of(user, services.settings))
