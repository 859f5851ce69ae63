"""Reads the commands that the documents tell to type."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from tests.unit.deploy.manifests import REPO, Manifest, of_kind, overlay, render

DEPLOY = REPO / "deploy"
RUNBOOK = REPO / "docs" / "operate.md"
PAGES = (RUNBOOK, DEPLOY / "README.md", DEPLOY / "argocd" / "README.md")
#: Kinds by the names that the pages give them; what is none of ours is not looked for.
KINDS = {
    "cronjob": "CronJob",
    "deploy": "Deployment",
    "job": "Job",
    "secret": "Secret",
    "statefulset": "StatefulSet",
}
#: Flags whose value is the next word.
VALUED = {"--patch-file", "-n", "-l", "-o", "-f", "-k", "-c", "--patch"}
#: What the reader puts in.
PLACEHOLDER = re.compile(r"[A-Z]+")


@dataclass
class Call:
    """A call of kubectl."""

    verb: str = ""
    arguments: list[str] = field(default_factory=list)
    flags: dict[str, str] = field(default_factory=dict)
    run: list[str] = field(default_factory=list)

    @property
    def namespace(self) -> str:
        """Return the namespace that it names."""
        return self.flags.get("-n", "")

    def named(self) -> Iterator[tuple[str, str]]:
        """Yield kind and name of the objects that it takes to be there, of those kinds that are ours."""
        words = list(self.arguments)
        if self.verb == "create":
            words = [self.flags["--from"]] if "--from" in self.flags else []
        if self.verb == "rollout":
            words = words[1:]
        if self.verb == "kustomize":
            words = []
        if words and "/" not in words[0]:
            words = [f"{words[0]}/{name}" for name in words[1:] if not re.search(r"[=-]$|=", name)]
        for word in words:
            kind, _, name = word.partition("/")
            if kind in KINDS and not PLACEHOLDER.fullmatch(name):
                yield KINDS[kind], name


def texts(page: Path) -> Iterator[str]:
    """Yield what a page has for a shell: its blocks, and its spans of code."""
    prose: list[str] = []
    for number, part in enumerate(re.split(r"^ *```.*\n", page.read_text(), flags=re.MULTILINE)):
        if number % 2:
            yield part
        else:
            prose.append(part)
    for part in prose:
        yield from (span.replace("\n", " ") for span in re.findall(r"`([^`]+)`", part))


def calls_in(text: str, program: str) -> Iterator[list[str]]:
    """Yield the words of each call of a program."""
    if program not in text:
        return
    text = re.sub(r"<<'END'\n.*?^END$", "", text, flags=re.MULTILINE | re.DOTALL).replace("\\\n", " ")
    text = text.replace("|\n", "| ")
    for line in _lines(text):
        words = shlex.shlex(line, posix=True, punctuation_chars="|;&()")
        words.whitespace_split, words.commenters = True, "#"
        call: list[str] = []
        for word in [*words, ";"]:
            if word.strip("|;&()"):
                call.append(word)
            else:
                if call[:1] == [program]:
                    yield call
                call = []


def _lines(text: str) -> Iterator[str]:
    """Yield lines, whole where a quoted word has several."""
    waiting = ""
    for line in text.splitlines():
        waiting += f"{line}\n"
        if re.sub(r"#.*", "", waiting).count("'") % 2 == 0:
            yield waiting
            waiting = ""
    assert not waiting, f"a quote stays open: {waiting}"


def read(words: list[str]) -> Call:
    """Return a call of kubectl by its words."""
    found = Call()
    if "--" in words:
        found.run = words[words.index("--") + 1 :]
        words = words[: words.index("--")]
    waiting = iter(words[1:])
    for word in waiting:
        if word in VALUED:
            found.flags[word] = next(waiting)
        elif word.startswith("-"):
            name, _, value = word.partition("=")
            found.flags[name] = value
        else:
            found.arguments.append(word)
    found.verb = found.arguments.pop(0) if found.arguments else ""
    return found


@cache
def calls() -> tuple[Call, ...]:
    """Return all calls of kubectl; an alias's or a mere name's are none."""
    found = [read(words) for page in PAGES for text in texts(page) for words in calls_in(text, "kubectl")]
    return tuple(one for one in found if one.verb)


def section(title: str) -> str:
    (found,) = re.findall(rf"^## {title}\n(.*?)(?=^## )", RUNBOOK.read_text(), re.MULTILINE | re.DOTALL)
    return str(found)


def of_section(title: str) -> list[Call]:
    blocks = re.findall(r"^```sh\n(.*?)^```$", section(title), re.MULTILINE | re.DOTALL)
    return [read(words) for block in blocks for words in calls_in(block, "kubectl")]


def workload(kind: str, name: str) -> Manifest:
    (found,) = [one for one in of_kind(overlay("prod"), kind) if one["metadata"]["name"] == name]
    return found


def applications() -> dict[str, Any]:
    """Return the Applications of one node by their names."""
    return {one["metadata"]["name"]: one for one in render(DEPLOY / "argocd" / "node") if one["kind"] == "Application"}
