"""Installs the folder that it runs in into its own Python: a path, metadata, commands, bytecode. Needs no build tool.

`python install.py geocrop=geocrop_assets.cli:app`
"""

from __future__ import annotations

import compileall
import sys
import sysconfig
import tomllib
from pathlib import Path

COMMAND = """#!{python}
import sys

from {module} import {function}

sys.exit({function}())
"""


def install(source: Path, *commands: str) -> None:
    """Make `source` importable under its name and version, and write a program for each `name=module:function`."""
    packages = Path(sysconfig.get_path("purelib"))
    (packages / "geocrop.pth").write_text(f"{source}\n", encoding="utf-8")
    project = tomllib.loads((source / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    metadata = packages / f"{project['name']}-{project['version']}.dist-info"
    metadata.mkdir()
    text = f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {project['version']}\n"
    (metadata / "METADATA").write_text(text, encoding="utf-8")
    for command in commands:
        name, _, target = command.partition("=")
        module, _, function = target.partition(":")
        program = Path(sysconfig.get_path("scripts")) / name
        program.write_text(COMMAND.format(python=sys.executable, module=module, function=function), encoding="utf-8")
        program.chmod(0o755)
    if not compileall.compile_dir(source, quiet=1):
        raise SystemExit("a file of the source does not compile")


if __name__ == "__main__":
    install(Path.cwd(), *sys.argv[1:])
