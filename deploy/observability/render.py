"""Writes k8s/rules.yaml, the operator's form of rules/geocrop.yaml; run it after each change of the rules."""

from __future__ import annotations

from pathlib import Path

HERE = Path(__file__).resolve().parent
HEAD = """\
# Made of rules/geocrop.yaml by `python deploy/observability/render.py`: change that file.
apiVersion: monitoring.coreos.com/v1
kind: PrometheusRule
metadata:
  name: geocrop
  annotations: {argocd.argoproj.io/sync-options: SkipDryRunOnMissingResource=true}
spec:
"""


def rendered(rules: str) -> str:
    """Return the manifest of rules: Prometheus' own text, two columns further in."""
    body = "".join(f"  {line}" if line.strip() else line for line in rules.splitlines(keepends=True))
    return HEAD + body


if __name__ == "__main__":
    (HERE / "k8s" / "rules.yaml").write_text(rendered((HERE / "rules" / "geocrop.yaml").read_text()))
