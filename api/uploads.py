"""Receiving an upload: a multipart body, block by block, into files of a folder that goes when the request ends.

Nothing is held in memory but one block; parsing and writing happen in a thread, so that other requests go on. A file
whose beginning is refused is read to its end and not kept: the answer then tells the faults of all files at once.
"""

from __future__ import annotations

import shutil
import tempfile
import time
import unicodedata
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, ClassVar

import anyio.to_thread
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.requests import ClientDisconnect

from api.batch_check import BLOCK_BYTES, BatchRules, Fault, check_beginning, name_problem, scan_text
from api.errors import BadRequest, InvalidRequest

if TYPE_CHECKING:
    from fastapi import Request
    from python_multipart.multipart import MultipartCallbacks

    from resources.settings import Settings
    from training.samples import BatchHeader

#: Files of one request.
MAX_FILES = 200
#: Age at which a folder that a killed process left is removed, in seconds: longer than any upload takes.
DEAD_AFTER_S = 24 * 3600.0
FOLDER = "uploads"


class UploadBroken(BadRequest):
    """Send the files again: the body ended before its end, or is not multipart/form-data."""

    code: ClassVar[str] = "upload-broken"


class BatchesRefused(InvalidRequest):
    """Correct the files where `errors` says; nothing of this upload was kept."""

    code: ClassVar[str] = "batches-refused"

    def __init__(self, faults: list[Fault]) -> None:
        """Tell the first fault in words, and keep all."""
        first = faults[0]
        where = ", ".join(
            [first.file, *([f"line {first.line}"] if first.line else []), *([first.column] if first.column else [])]
        )
        more = f" (and {len(faults) - 1} more)" if len(faults) > 1 else ""
        super().__init__(f"{where}: {first.reason}{more}")
        self.faults = faults


@dataclass
class Received:
    """One file of an upload on the local disk, and what was found in it."""

    name: str
    path: Path
    size: int = 0
    lines: int = 0
    header: BatchHeader | None = None
    faults: list[Fault] = field(default_factory=list)


@contextmanager
def upload_folder(settings: Settings) -> Iterator[Path]:
    """Give a folder on the platform's own disk, and remove it whatever happens; those of killed processes go too."""
    parent = settings.home.absolute() / FOLDER
    parent.mkdir(parents=True, exist_ok=True)
    for old in parent.iterdir():
        if time.time() - old.stat().st_mtime > DEAD_AFTER_S:
            shutil.rmtree(old, ignore_errors=True)
    folder = Path(tempfile.mkdtemp(prefix="upload-", dir=parent))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


async def receive(request: Request, folder: Path, rules: BatchRules) -> list[Received]:
    """Read the files of a request into a folder, each judged. Size and pace are `api.middleware.BodyLimits`' to hold.

    Raises:
        UploadBroken: no multipart body, or one that ends early.
        BatchesRefused: a file that can be no batch, with the faults of all files.

    """
    content_type, options = parse_options_header(request.headers.get("content-type", ""))
    boundary = options.get(b"boundary")
    if content_type != b"multipart/form-data" or not boundary:
        raise UploadBroken("send the files as multipart/form-data with a boundary")
    receiver = _receiver(boundary, folder, rules)
    try:
        await _read_body(request, receiver)
        files = await anyio.to_thread.run_sync(receiver.finish)
    finally:
        receiver.close()
    if faults := [fault for file in files for fault in file.faults]:
        raise BatchesRefused(faults)
    return files


def _receiver(boundary: bytes, folder: Path, rules: BatchRules) -> Receiver:
    try:
        return Receiver(boundary, folder, rules)
    except FormParserError as error:
        raise UploadBroken(str(error)) from error


async def _read_body(request: Request, receiver: Receiver) -> None:
    """Hand the body over in blocks of a mebibyte."""
    block = bytearray()
    try:
        async for chunk in request.stream():
            block += chunk
            if len(block) >= BLOCK_BYTES:
                await anyio.to_thread.run_sync(receiver.feed, bytes(block))
                block.clear()
    except ClientDisconnect as error:
        raise UploadBroken("the client left before the end of the body: nothing of it was kept") from error
    await anyio.to_thread.run_sync(receiver.feed, bytes(block))


class Receiver:
    """Turns blocks of a multipart body into files. Not for two threads at once."""

    def __init__(self, boundary: bytes, folder: Path, rules: BatchRules) -> None:
        self._folder = folder
        self._rules = rules
        self._files: list[Received] = []
        self._current: Received | None = None
        self._out: BinaryIO | None = None
        self._checked = False
        self._ended = False
        self._header = (bytearray(), bytearray())
        self._disposition = b""
        self._parser = MultipartParser(boundary, self._callbacks())

    def feed(self, block: bytes) -> None:
        """Read the next block of the body; UploadBroken where it is no multipart."""
        try:
            if block and not self._ended:
                self._parser.write(block)
        except FormParserError as error:
            raise UploadBroken(f"the body is not multipart/form-data: {error}") from error

    def finish(self) -> list[Received]:
        """Return the files, each read to its end; UploadBroken where the body ended early or held none."""
        if not self._ended:
            raise UploadBroken("the body ends before its last boundary: the upload is not whole")
        if not self._files:
            raise UploadBroken("the body holds no file: send at least one CSV")
        for file in self._files:
            if not file.faults:
                file.lines, file.faults = scan_text(file.path, file.name)
        return self._files

    def close(self) -> None:
        """Close what is open."""
        if self._out is not None:
            self._out.close()
            self._out = None

    def _callbacks(self) -> MultipartCallbacks:
        return {
            "on_part_begin": self._part_begins,
            "on_header_field": self._collector(0),
            "on_header_value": self._collector(1),
            "on_header_end": self._header_ends,
            "on_headers_finished": self._headers_finished,
            "on_part_data": self._part_data,
            "on_part_end": self._part_ends,
            "on_end": self._body_ends,
        }

    def _collector(self, which: int) -> Callable[[bytes, int, int], None]:
        def collect(data: bytes, start: int, end: int) -> None:
            self._header[which].extend(data[start:end])

        return collect

    def _part_begins(self) -> None:
        self._disposition = b""
        self._checked = False

    def _header_ends(self) -> None:
        name, value = (bytes(part) for part in self._header)
        for part in self._header:
            part.clear()
        if name.strip().lower() == b"content-disposition":
            self._disposition = value

    def _headers_finished(self) -> None:
        """Begin a file: its name decides whether it is written at all."""
        if len(self._files) == MAX_FILES:
            raise UploadBroken(f"an upload has at most {MAX_FILES} files")
        name = _file_name(self._disposition)
        file = Received(name, self._folder / f"{len(self._files):03d}.csv")
        if problem := name_problem(name):
            file.faults = [Fault(name[:100] or "(no name)", None, None, "invalid-name", problem)]
        elif any(one.name == name for one in self._files):
            file.faults = [Fault(name, None, None, "duplicate-batch-names", "two files of this upload have this name")]
        else:
            self._out = file.path.open("wb")
        self._files.append(file)
        self._current = file

    def _part_data(self, data: bytes, start: int, end: int) -> None:
        file, out = self._current, self._out
        if file is None or out is None:
            return
        out.write(memoryview(data)[start:end])
        file.size += end - start
        if file.size > BLOCK_BYTES and not self._checked:
            self._check(file)

    def _part_ends(self) -> None:
        if self._current is not None and self._out is not None:
            if not self._checked:
                self._check(self._current)
            self.close()
        self._current = None

    def _body_ends(self) -> None:
        self._ended = True

    def _check(self, file: Received) -> None:
        """Judge a file by its beginning; what comes of a refused one is not kept."""
        if self._out is not None:
            self._out.flush()
        self._checked = True
        file.header, file.faults = check_beginning(file.path, file.name, self._rules)
        if file.faults:
            self.close()


def _file_name(disposition: bytes) -> str:
    """Return the name that a part gives its file; "" for a part that is no file."""
    _, options = parse_options_header(disposition)
    raw = options.get(b"filename", b"")
    try:
        return unicodedata.normalize("NFC", raw.decode())
    except UnicodeDecodeError:
        return ""
