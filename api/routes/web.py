"""The built web page (`web/dist`), served beside the API under whatever prefix the API has.

Page addresses that a browser opens or reloads (`/`, `/maps/<id>`, `/about/...`, `/admin/...`) all answer the one HTML
file; the page then shows what its address says. `/admin/...` is also where the API's own answers lie: those need an
`Authorization` header, which no browser sends when it opens an address, and a browser asks for HTML, which no client
of the API does. So the two never meet.
"""

from __future__ import annotations

import json
import mimetypes
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, TypeAdapter
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, Response

from api.links import base_url

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

    from resources.settings import Settings

#: Where `make web` puts the page.
BUILT = Path(__file__).resolve().parents[2] / "web" / "dist"
INDEX = "index.html"
_PAGE = re.compile(r"/|/(maps|about|admin)(/.*)?")
#: Names that the build makes; no dots but before the ending, so nothing outside the folder can be named.
_FILE = re.compile(r"/(assets/[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*|favicon\.svg)")
#: Names of assets carry a hash of their content.
ASSET_CACHE = "public, max-age=31536000, immutable"
PAGE_CACHE = "no-cache"
#: The placeholders of `web/index.html`.
BASE_TAG = '<base href="/" />'
CONFIG_TAG = '<script id="geocrop-config" type="application/json">{}</script>'
MISSING = """<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>GeoCrop</title><style>body{font:16px/1.6 system-ui;max-width:38rem;margin:12vh auto;padding:0 1.5rem;\
color-scheme:light dark}code{background:#8882;padding:.1em .4em;border-radius:4px}</style>
<h1>The web map is not built yet</h1><p>Everything else works: the API is documented at <a href="docs">docs</a>.</p>
<p>To build the map, install <a href="https://nodejs.org">Node.js</a> 20.19 or newer (on Debian and Ubuntu also
<code>npm</code>), run <code>make web</code> in the project's folder, and reload this page.</p></html>"""


class Basemap(BaseModel):
    """XYZ tiles of somebody else's, to be shown below the maps."""

    model_config = ConfigDict(extra="forbid")

    title: str
    url: str
    attribution: str


@dataclass
class WebPage:
    """The built page, as it is served for one installation.

    Raises:
        ValidationError: of pydantic, where the base maps of the settings are not a list of them.

    """

    settings: Settings
    _kept: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.folder = self.settings.web_folder or BUILT
        self.basemaps = TypeAdapter(list[Basemap]).validate_json(self.settings.basemaps)

    def index(self, prefix: str) -> str | None:
        """Return the HTML with its base and settings in it; None where nothing is built."""
        path = self.folder / INDEX
        if not path.is_file():
            return None
        key = f"{path.stat().st_mtime_ns} {prefix}"
        if self._kept.get("key") != key:
            html = path.read_text(encoding="utf-8")
            html = html.replace(BASE_TAG, f'<base href="{prefix}/" />')
            html = html.replace(CONFIG_TAG, CONFIG_TAG.replace("{}", self.config))
            self._kept.update(key=key, html=html)
        return self._kept["html"]

    @cached_property
    def config(self) -> str:
        """What the page is told, as JSON that may stand in HTML."""
        told = {
            "basemaps": [one.model_dump() for one in self.basemaps],
            "extent": self.settings.extent,
            "defaultSeason": self.settings.default_season,
            "recruiterMaxAoiHa": self.settings.recruiter_max_aoi_ha,
            "dagsterUrl": self.settings.dagster_ui_url or self._local_dagster,
            "mlflowUrl": self.settings.mlflow_ui_url,
        }
        return json.dumps(told).replace("<", "\\u003c")

    @property
    def _local_dagster(self) -> str | None:
        """Dagster's address where it is a developer's own: elsewhere it names a host that visitors need not know."""
        return self.settings.dagster_url if self.settings.environment_kind == "development" else None

    @cached_property
    def policy(self) -> str:
        """The Content-Security-Policy: nothing leaves the site but to base maps, a separate TiTiler and the store."""
        tiles = [one.url for one in self.basemaps]
        data = [self.settings.titiler_url, self.settings.public_url, self.settings.s3_public_endpoint]
        image_hosts, data_hosts = _origins(tiles), _origins(data)
        return "; ".join(
            (
                "default-src 'none'",
                "script-src 'self'",
                "style-src 'self' 'unsafe-inline'",  # overlays set widths of scroll bars so
                " ".join(("img-src 'self' data: blob:", *image_hosts, *data_hosts)),
                " ".join(("connect-src 'self'", *image_hosts, *data_hosts)),
                "worker-src 'self' blob:",
                "base-uri 'self'",
                "form-action 'self'",
                "frame-ancestors 'none'",
            )
        )


def _origins(addresses: Iterable[str | None]) -> list[str]:
    """Return the origins of addresses as a policy names them: `{a-c}` and `{s}` stand for any host's first part."""
    found = []
    for address in filter(None, addresses):
        parts = urlsplit(re.sub(r"\{[^}]*\}", "*", address if "//" in address else f"http://{address}"))
        found.append(f"{parts.scheme}://{re.sub(r'^[^.]*[*][^.]*', '*', parts.netloc)}")
    return sorted(set(found))


class WebPages:
    """ASGI: answers pages and their files, hands everything else on."""

    def __init__(self, app: ASGIApp, page: WebPage) -> None:
        self.app = app
        self.page = page

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        answer = self._answer(scope) if scope["type"] == "http" and scope["method"] in {"GET", "HEAD"} else None
        await (answer or self.app)(scope, receive, send)

    def _answer(self, scope: Scope) -> Response | None:
        path = scope["path"].removeprefix(scope.get("root_path", ""))
        if _PAGE.fullmatch(path) and _is_navigation(Headers(scope=scope)):
            return self._index(Request(scope))
        found = _FILE.fullmatch(path)
        if found is None:
            return None
        file = self.page.folder / found[1]
        if not file.is_file():
            return None
        kind = mimetypes.guess_type(file.name)[0] or "application/octet-stream"
        return FileResponse(file, media_type=kind, headers={"Cache-Control": ASSET_CACHE})

    def _index(self, request: Request) -> Response:
        prefix = urlsplit(base_url(request, self.page.settings)).path.rstrip("/")
        html = self.page.index(prefix)
        # The one address answers HTML or, to the API's clients, JSON.
        headers = {"Cache-Control": PAGE_CACHE, "Vary": "Accept, Authorization"}
        if html is None:
            return HTMLResponse(MISSING, headers=headers)
        return HTMLResponse(html, headers=headers | {"Content-Security-Policy": self.page.policy})


def _is_navigation(headers: Headers) -> bool:
    """Tell whether a browser opens an address: it wants HTML and carries no token."""
    return "text/html" in headers.get("accept", "") and "authorization" not in headers
