#!/usr/bin/env python3
"""Opens a pull request by Gitea's API, once: one that is open already for the branch is left as it is.

    open_pull.py BRANCH TITLE

The environment names the rest: GITHUB_SERVER_URL, GITHUB_REPOSITORY (both set by the runner), BASE, and PULL_TOKEN.
"""

from __future__ import annotations

import json
import os
import sys
import urllib.error
import urllib.request

PATIENCE_S = 30
PAGE = 50


def ask(method: str, url: str, token: str, body: dict[str, str] | None = None) -> object:
    """Return what the API answers."""
    if not url.startswith(("http://", "https://")):
        raise ValueError(f"{url} is no address of a server")
    data = None if body is None else json.dumps(body).encode()
    headers = {"Authorization": f"token {token}", "Content-Type": "application/json", "Accept": "application/json"}
    request = urllib.request.Request(url, data=data, headers=headers, method=method)  # noqa: S310  # checked above
    with urllib.request.urlopen(request, timeout=PATIENCE_S) as answer:  # noqa: S310  # nosec B310
        return json.load(answer)


def open_pull(api: str, token: str, *, base: str, branch: str, title: str) -> str:
    """Return the address of the branch's pull request, opened if there is none."""
    page = 1
    while True:
        pulls = ask("GET", f"{api}/pulls?state=open&limit={PAGE}&page={page}", token)
        assert isinstance(pulls, list)  # noqa: S101  # the API's word
        for pull in pulls:
            if pull["head"]["ref"] == branch and pull["base"]["ref"] == base:
                return str(pull["html_url"])
        if len(pulls) < PAGE:
            break
        page += 1
    made = ask("POST", f"{api}/pulls", token, {"base": base, "head": branch, "title": title, "body": BODY})
    assert isinstance(made, dict)  # noqa: S101
    return str(made["html_url"])


BODY = "Merging deploys it: Argo CD follows the branch. To roll back, revert the merge (`git revert -m 1`)."


def main(words: list[str]) -> int:
    """Run the command line."""
    if len(words) != 2:  # noqa: PLR2004
        sys.stderr.write(__doc__ or "")
        return 2
    branch, title = words
    api = f"{os.environ['GITHUB_SERVER_URL'].rstrip('/')}/api/v1/repos/{os.environ['GITHUB_REPOSITORY']}"
    try:
        url = open_pull(api, os.environ["PULL_TOKEN"], base=os.environ.get("BASE", "main"), branch=branch, title=title)
    except urllib.error.HTTPError as error:
        sys.stderr.write(f"Gitea answers {error.code} to {error.url}: {error.read()[:500].decode(errors='replace')}\n")
        return 1
    except urllib.error.URLError as error:
        sys.stderr.write(f"Gitea does not answer at {api}: {error.reason}\n")
        return 1
    sys.stdout.write(f"{url}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
