"""Uploads a body of so many MiB to the app in this process, and prints by how many MiB its memory peak grew.

`python upload_memory.py HOME MIB`: driven by raw ASGI, so that no client's memory counts.
"""

from __future__ import annotations

import asyncio
import resource
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from fastapi import FastAPI

from api.db.tables import User
from api.deps import current_user
from api.main import create_app
from resources.settings import Settings

HEADER = b"lon,lat,season,label\n"
ROW = b"30.123456,-18.234567,2023-2024,maize\n"
CHUNK = 1 << 16
MEBIBYTE = 1 << 20


def body(size: int, name: str) -> Iterator[bytes]:
    """Yield a multipart body with one batch of about `size` bytes, in chunks."""
    head = f'--x\r\nContent-Disposition: form-data; name="files"; filename="{name}"\r\n\r\n'
    yield head.encode() + HEADER
    chunk = ROW * (CHUNK // len(ROW))
    for _ in range(max(size // len(chunk), 1)):
        yield chunk
    yield b"\r\n--x--\r\n"


async def upload(app: FastAPI, size: int, name: str) -> int:
    """Send a body and return the status."""
    chunks = body(size, name)
    statuses = []
    over = asyncio.Event()

    async def receive() -> dict[str, Any]:
        chunk = next(chunks, None)
        if chunk is None:
            await over.wait()
            return {"type": "http.disconnect"}
        return {"type": "http.request", "body": chunk, "more_body": not chunk.endswith(b"--\r\n")}

    async def send(message: dict[str, Any]) -> None:
        if message["type"] == "http.response.start":
            statuses.append(message["status"])

    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "POST", "scheme": "http",
        "path": "/admin/datasets/upload", "raw_path": b"/admin/datasets/upload", "root_path": "",
        "query_string": b"version=v1", "server": ("testserver", 80), "client": ("127.0.0.1", 1),
        "headers": [
            (b"host", b"testserver"), (b"transfer-encoding", b"chunked"),
            (b"content-type", b"multipart/form-data; boundary=x"),
        ],
    }  # fmt: skip
    await app(scope, receive, send)
    over.set()
    return int(statuses[0])


def peak_mib() -> float:
    """Return the largest resident size that this process has had."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


async def main(home: Path, mib: int) -> None:
    """Upload a small batch, which brings all imports, then the large one."""
    app = create_app(Settings(home=home), background=False)
    app.dependency_overrides[current_user] = lambda: User(id=1, name="ada", role="admin")
    async with app.router.lifespan_context(app):
        first = await upload(app, 2 * MEBIBYTE, "small.csv")
        before = peak_mib()
        second = await upload(app, mib * MEBIBYTE, "large.csv")
        sys.stdout.write(f"{first} {second} {round(peak_mib() - before)}\n")


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), int(sys.argv[2])))
