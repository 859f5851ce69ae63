"""A proxy in front of a local server that lets every request wait, as the way to a far one does."""

from __future__ import annotations

import asyncio
import threading
from types import TracebackType
from typing import Self

CHUNK = 1 << 18
"""Bytes read at a time; a request without a body comes in one piece."""


class SlowProxy:
    """Passes on connections to a port of this machine until the context ends; what clients send waits first."""

    def __init__(self, endpoint: str, latency_s: float) -> None:
        """Pass on nothing yet.

        Args:
            endpoint: `host:port` of the server.
            latency_s: seconds that each request waits; those of several connections wait at the same time.

        """
        self._host, _, port = endpoint.partition(":")
        self._port, self._latency_s = int(port), latency_s
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self.endpoint = ""
        """Where the proxy listens, `host:port`."""

    def __enter__(self) -> Self:
        self._thread.start()
        starting = asyncio.start_server(self._pass_on, "127.0.0.1", 0)
        self._server = asyncio.run_coroutine_threadsafe(starting, self._loop).result()
        self.endpoint = "{}:{}".format(*self._server.sockets[0].getsockname())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        asyncio.run_coroutine_threadsafe(self._close(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _close(self) -> None:
        self._server.close()
        mine = asyncio.current_task()
        left = [task for task in asyncio.all_tasks() if task is not mine]
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one client."""
        upstream, downstream = await asyncio.open_connection(self._host, self._port)
        try:
            await asyncio.gather(_pump(reader, downstream, self._latency_s), _pump(upstream, writer, 0.0))
        except ConnectionError:
            pass  # the client has what it needs, or the server is gone: both ends are closed below
        finally:
            downstream.close()
            writer.close()


async def _pump(source: asyncio.StreamReader, target: asyncio.StreamWriter, latency_s: float) -> None:
    """Pass on what comes, late; the end as well."""
    while chunk := await source.read(CHUNK):
        if latency_s:
            await asyncio.sleep(latency_s)
        target.write(chunk)
        await target.drain()
    if target.can_write_eof():
        target.write_eof()
