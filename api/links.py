"""Addresses that answers carry: plain URLs that a client can follow."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from starlette.requests import Request

    from resources.settings import Settings


def base_url(request: Request, settings: Settings) -> str:
    """Return the API's address without a slash at its end: the public one, or the one that the request came to."""
    return (settings.public_url or str(request.base_url)).rstrip("/")
