"""Classes of feature vectors, without a map: answered by the warm model, never in this process."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, ClassVar

from fastapi import APIRouter, Response

from api.deps import AdminUser, ServicesDep
from api.errors import InvalidRequest, NotAuthenticated, ServiceDown, responses
from api.lane import LaneRefused, LaneUnavailable
from api.models.inference import InferenceAnswer, InferenceRequest
from imagery.search import CatalogueUnavailable
from resources.bundles import BundleNotFound
from resources.object_store.base import StoreUnavailable
from resources.registry import ModelVersionNotFound, NoChampion, RegistryUnavailable

if TYPE_CHECKING:
    from training.errors import GeocropError

router = APIRouter(tags=["inference"], responses=responses(NotAuthenticated))
UNPROCESSABLE = 422


class LaneDown(ServiceDown):
    """Try again in a little while; the warm worker (`geocrop lane`) answers, and it is not there or busy."""

    code: ClassVar[str] = "lane-down"


class InferenceRefused(InvalidRequest):
    """Correct what the message names: features go by the names of the model's recipe."""

    code: ClassVar[str] = "inference-refused"


#: What the warm model may answer that has a status of its own here.
KNOWN: dict[str, type[GeocropError]] = {
    kind.code: kind
    for kind in (
        NoChampion,
        ModelVersionNotFound,
        BundleNotFound,
        RegistryUnavailable,
        StoreUnavailable,
        CatalogueUnavailable,
    )
}


@router.post(
    "/inference",
    response_model=InferenceAnswer,
    responses=responses(*KNOWN.values(), InferenceRefused, LaneDown),
)
def infer(_admin: AdminUser, services: ServicesDep, asked: InferenceRequest) -> Response:
    """Return class and probabilities for feature vectors, or for places measured in imagery.

    The champion answers, or the version that is named. At most 10,000 feature vectors or 100 samples a request.
    """
    try:
        payload = asked.payload()
    except ValueError as error:
        raise InferenceRefused(str(error)) from error
    try:
        answer = services.lane.infer(payload)
    except LaneUnavailable as error:
        raise LaneDown("the warm worker does not answer") from error
    except LaneRefused as error:
        raise _told(error) from error
    return Response(json.dumps(answer, allow_nan=False), media_type="application/json")


def _told(error: LaneRefused) -> GeocropError:
    """Return what the warm worker's refusal means for the client."""
    if error.reason in KNOWN:
        return KNOWN[error.reason](str(error))
    if error.status == UNPROCESSABLE:
        return InferenceRefused(str(error))
    return LaneDown(f"the warm worker could not answer ({error.reason})")
