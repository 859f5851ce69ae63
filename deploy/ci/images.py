#!/usr/bin/env python3
"""The images of overlays: where they are pushed to, and the tag that is deployed. Needs nothing but Python.

    images.py list OVERLAY/kustomization.yaml ...        name and address of each image of theirs, a line each
    images.py bump TAG OVERLAY/kustomization.yaml ...    deploy this tag of all of them, and change nothing else

An overlay's `images:` is the one place that says both; workflow and Argo CD read it. Of a chart's values it is
`image: {name, tag}`, on lines of their own.
"""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass
from pathlib import Path

#: Images that this repository builds; others in the list are left as they are.
OURS = "geocrop-"
TAG = re.compile(r"^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$")
ENTRY = re.compile(r"^(?P<indent>\s*)- name:\s*(?P<name>[^\s#]+)")
#: In a chart's values, with the address in place of the name.
VALUE = re.compile(r"^\s+name:\s*(?P<name>[^\s#]+/geocrop-[a-z]+)\s*$")
FIELD = re.compile(r"^(?P<head>\s+(?P<key>newName|newTag|tag|digest):\s*)(?P<value>[^\s#]+)(?P<rest>.*)$", re.DOTALL)


class OverlayError(Exception):
    """The overlay is not as it must be; the message says what to write."""


@dataclass
class Image:
    """One entry: its name, and the lines of its fields by key, with their values."""

    name: str
    fields: dict[str, tuple[int, str]]

    @property
    def is_ours(self) -> bool:
        """Whether this repository builds it."""
        return self.name.rsplit("/", 1)[-1].startswith(OURS)


def read_images(lines: list[str]) -> list[Image]:
    """Return our entries under the top-level `images:`, and those of a chart's values."""
    found: list[Image] = []
    inside, current = False, None
    for number, line in enumerate(lines):
        if line.strip() and not line.startswith((" ", "-", "#")):
            inside, current = line.split("#")[0].strip() == "images:", None
            continue
        entry, field = (ENTRY if inside else VALUE).match(line), FIELD.match(line)
        if entry:
            current = Image(entry["name"].strip("\"'"), {})
            found.append(current)
        elif field and current:
            key = "newTag" if field["key"] == "tag" else field["key"]
            current.fields.setdefault(key, (number, field["value"].strip("\"'")))
    ours = [image for image in found if image.is_ours]
    if not ours:
        raise OverlayError(f"no image called {OURS}...")
    return ours


def address(image: Image) -> str:
    """Return where an image is pushed to."""
    return image.fields["newName"][1] if "newName" in image.fields else image.name


def bump(text: str, tag: str) -> str:
    """Return the overlay with the tag in each of our images.

    Raises:
        OverlayError: the tag is none, or an image has no `newTag` to be changed, or a digest that would not follow it.

    """
    if not TAG.match(tag):
        raise OverlayError(f"{tag!r} is no tag of an image")
    lines = text.splitlines(keepends=True)
    for image in read_images(lines):
        if "newTag" not in image.fields:
            raise OverlayError(f"{image.name} has no `newTag:` line")
        if "digest" in image.fields:
            raise OverlayError(
                f"{image.name} has a `digest:`, which would stay the old tag's: it is for others' images"
            )
        number, _ = image.fields["newTag"]
        field = FIELD.match(lines[number])
        assert field is not None  # noqa: S101  # it matched a moment ago
        lines[number] = f'{field["head"]}"{tag}"{field["rest"]}'
    return "".join(lines)


def together(overlays: dict[Path, str]) -> dict[str, str]:
    """Return the address of every image that an overlay has, by name; the code image first: others build on it.

    Raises:
        OverlayError: overlays have an image at different addresses: it is pushed to one.

    """
    found: dict[str, str] = {}
    for path, text in overlays.items():
        for image in read_images(text.splitlines(keepends=True)):
            name = image.name.rsplit("/", 1)[-1]
            if found.setdefault(name, address(image)) != address(image):
                raise OverlayError(f"{path} has {name} at {address(image)}, another overlay at {found[name]}")
    return dict(sorted(found.items(), key=lambda one: one[0] != "geocrop-code"))


def main(words: list[str]) -> int:
    """Run the command line."""
    try:
        match words:
            case ["list", _, *_]:
                overlays = {Path(word): Path(word).read_text(encoding="utf-8") for word in words[1:]}
                sys.stdout.writelines(f"{name} {place}\n" for name, place in together(overlays).items())
            case ["bump", tag, _, *_]:
                overlays = {Path(word): Path(word).read_text(encoding="utf-8") for word in words[2:]}
                for path, text in {path: bump(text, tag) for path, text in overlays.items()}.items():
                    path.write_text(text, encoding="utf-8")
            case _:
                sys.stderr.write(__doc__ or "")
                return 2
    except (OSError, OverlayError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
