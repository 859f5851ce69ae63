#!/usr/bin/env python3
"""The images of overlays: where they are pushed to, and the tag that is deployed. Needs PyYAML (python3-yaml).

    images.py list OVERLAY/kustomization.yaml ...        name and address of each image of theirs, a line each
    images.py bump TAG OVERLAY/kustomization.yaml ...    deploy this tag of all of them, and change nothing else

An overlay's `images:` is the one place that says both; workflow and Argo CD read it. Of a chart's values it is
`image: {name, tag}`. A parser tells where in the file a tag is; what leaves a doubt, as an alias does, is refused.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import yaml

#: Images that this repository builds; others in the list are left as they are.
OURS = "geocrop-"
TAG = re.compile(r"^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$")
#: One of ours with its registry: the first part has a dot or a port, and so is no folder. A tag or digest may follow.
ADDRESS = re.compile(r"^\w[^\s/]*[.:][^\s/]*(/[^\s/]+)*/geocrop-[\w-]+([:@]\S+)?$")


class OverlayError(Exception):
    """The overlay is not as it must be; the message says what to write."""


@dataclass(frozen=True)
class Image:
    """One entry: its name as written, the key of its tag, and its fields."""

    name: str
    tag_key: str
    fields: dict[str, yaml.Node]

    @property
    def address(self) -> str:
        """Where it is pushed to."""
        return str(self.fields["newName"].value) if "newName" in self.fields else self.name

    @property
    def tag(self) -> yaml.Node:
        """Where its tag is written: a word on one line."""
        found = self.fields.get(self.tag_key)
        if not isinstance(found, yaml.ScalarNode) or not found.value or found.start_mark.line != found.end_mark.line:
            raise OverlayError(f"{self.name} has no `{self.tag_key}:` line")
        return found


def compose(text: str) -> yaml.Node | None:
    """Return the document, whose nodes know where they are written."""
    try:
        if any(isinstance(event, yaml.AliasEvent) for event in yaml.parse(text, yaml.SafeLoader)):
            raise OverlayError("an alias (`*name`) would change with what it stands for: write that in its place")
        found: yaml.Node | None = yaml.compose(text, yaml.SafeLoader)
    except yaml.YAMLError as error:
        raise OverlayError(f"no YAML: {error}") from error
    return found


def nodes(node: yaml.Node) -> Iterator[yaml.Node]:
    """Return the node and all that lie in it."""
    yield node
    if isinstance(node, yaml.MappingNode):
        for _, value in node.value:
            yield from nodes(value)
    elif isinstance(node, yaml.SequenceNode):
        for value in node.value:
            yield from nodes(value)


def fields_of(mapping: yaml.Node) -> dict[str, yaml.Node]:
    """Return a mapping's values by key, of which each is there once."""
    found: dict[str, yaml.Node] = {}
    for key, value in mapping.value if isinstance(mapping, yaml.MappingNode) else []:
        if str(key.value) in found:
            raise OverlayError(f"line {key.start_mark.line + 1} has a second `{key.value}:`")
        found[str(key.value)] = value
    return found


def read_images(text: str) -> list[Image]:
    """Return our entries under the top-level `images:`, and those of a chart's values.

    Raises:
        OverlayError: there is none, or one of ours stands where no tag would be changed.

    """
    root = compose(text)
    every = list(nodes(root)) if root else []
    listed = fields_of(root)["images"].value if root and "images" in fields_of(root) else []
    found: list[Image] = []
    for mapping in every:
        fields = fields_of(mapping)
        name = fields["name"].value if isinstance(fields.get("name"), yaml.ScalarNode) else ""
        last = name.rsplit("/", 1)[-1]
        if last.startswith(OURS) and (mapping in listed or "/" in name):
            if re.search("[:@]", last):
                raise OverlayError(f"{name} has its tag in its name: it has a line of its own")
            found.append(Image(name, "newTag" if mapping in listed else "tag", fields))
    read = [image.fields[key] for image in found for key in ("name", "newName") if key in image.fields]
    for node in every:
        if isinstance(node, yaml.ScalarNode) and ADDRESS.match(node.value) and node not in read:
            line = node.start_mark.line + 1
            raise OverlayError(f"line {line} has {node.value} without a tag to change: write `image: {{name, tag}}`")
    if not found:
        raise OverlayError(f"no image called {OURS}...")
    return found


def bump(text: str, tag: str) -> str:
    """Return the overlay with the tag in each of our images.

    Raises:
        OverlayError: an image has no tag to be changed, or a digest that would not follow it.

    """
    images = read_images(text)
    for image in images:
        if "digest" in image.fields:
            raise OverlayError(
                f"{image.name} has a `digest:`, which would stay the old tag's: it is for others' images"
            )
    for place in sorted((image.tag for image in images), key=lambda one: one.start_mark.index, reverse=True):
        text = f'{text[: place.start_mark.index]}"{tag}"{text[place.end_mark.index :]}'
    return text


@contextmanager
def errors_name(path: Path) -> Iterator[None]:
    """Let an error's message begin with the file that it is of."""
    try:
        yield
    except OverlayError as error:
        raise OverlayError(f"{path}: {error}") from error


def together(overlays: dict[Path, str]) -> dict[str, str]:
    """Return the address of every image that an overlay has, by name; the code image first: others build on it.

    Raises:
        OverlayError: overlays have an image at different addresses: it is pushed to one.

    """
    found: dict[str, str] = {}
    for path, text in overlays.items():
        with errors_name(path):
            for image in read_images(text):
                name = image.name.rsplit("/", 1)[-1]
                if found.setdefault(name, image.address) != image.address:
                    raise OverlayError(f"{name} is at {image.address}, in another overlay at {found[name]}")
    return dict(sorted(found.items(), key=lambda one: one[0] != "geocrop-code"))


def bump_all(overlays: dict[Path, str], tag: str) -> dict[Path, str]:
    """Return all overlays with the tag."""
    if not TAG.match(tag):
        raise OverlayError(f"{tag!r} is no tag of an image")
    bumped: dict[Path, str] = {}
    for path, text in overlays.items():
        with errors_name(path):
            bumped[path] = bump(text, tag)
    return bumped


def read(words: list[str]) -> dict[Path, str]:
    """Return the files' texts."""
    return {Path(word): Path(word).read_text(encoding="utf-8") for word in words}


def main(words: list[str]) -> int:
    """Run the command line."""
    try:
        match words:
            case ["list", *files] if files:
                sys.stdout.writelines(f"{name} {place}\n" for name, place in together(read(files)).items())
            case ["bump", tag, *files] if files:
                for path, text in bump_all(read(files), tag).items():
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
