"""What every pod of this platform must be, over what PodSecurity's profile `restricted` asks."""

from __future__ import annotations

from collections.abc import Iterator

from tests.unit.deploy.manifests import Manifest, containers, quantity

#: Programs that speak to Kubernetes, and so hold a token.
WITH_TOKEN = frozenset({"Deployment/dagster-webserver", "Deployment/dagster-daemon"})
#: Memory that a container may take at most, in bytes, by what it is; of production on one node.
LIGHT, WORKER = 512 * 2**20, 2 * 2**30
LARGER = {
    "Deployment/geocrop-lane": WORKER,
    "Deployment/jupyter": WORKER,
    "Job/geocrop-migrate": 768 * 2**20,
}


def faults_of_pod(name: str, spec: Manifest) -> Iterator[str]:
    """Yield what is wrong with a pod, in words."""
    context = spec.get("securityContext", {})
    if (
        context.get("runAsNonRoot") is not True
        or not isinstance(context.get("runAsUser"), int)
        or not context["runAsUser"]
    ):
        yield "may run as root"
    if context.get("seccompProfile", {}).get("type") != "RuntimeDefault":
        yield "has no seccomp profile"
    if any(spec.get(key) for key in ("hostNetwork", "hostPID", "hostIPC", "hostUsers")):
        yield "shares a namespace with its node"
    if any("hostPath" in volume for volume in spec.get("volumes", [])):
        yield "mounts a folder of its node"
    if not spec.get("serviceAccountName") or spec["serviceAccountName"] == "default":
        yield "has no service account of its own"
    if bool(spec.get("automountServiceAccountToken", False)) != (name in WITH_TOKEN):
        yield "holds a token that it does not need, or lacks one"
    if not spec.get("priorityClassName"):
        yield "has no priority"
    for one in containers(spec):
        yield from (f"{one['name']}: {fault}" for fault in _faults_of_container(one))


def _faults_of_container(one: Manifest) -> Iterator[str]:
    context = one.get("securityContext", {})
    if context.get("readOnlyRootFilesystem") is not True:
        yield "can write its root"
    if context.get("allowPrivilegeEscalation") is not False or context.get("privileged"):
        yield "may gain rights"
    if context.get("capabilities", {}).get("drop") != ["ALL"] or context["capabilities"].get("add"):
        yield "keeps capabilities"
    if context.get("runAsUser") == 0 or context.get("runAsNonRoot") is False:
        yield "runs as root"
    yield from _faults_of_sizes(one)
    yield from _faults_of_image(one.get("image", ""))


def _faults_of_sizes(one: Manifest) -> Iterator[str]:
    for kind in ("requests", "limits"):
        sizes = one.get("resources", {}).get(kind, {})
        if not {"cpu", "memory"} <= set(sizes):
            yield f"has no {kind} of CPU and memory"
            return
    requests, limits = one["resources"]["requests"], one["resources"]["limits"]
    if any(quantity(requests[what]) > quantity(limits[what]) for what in ("cpu", "memory")):
        yield "asks for more than it may take"


def _faults_of_image(image: str) -> Iterator[str]:
    address, _, digest = image.partition("@")
    tag = address.rsplit("/", 1)[-1].partition(":")[2]
    if not digest and (not tag or tag == "latest"):
        yield f"image {image} has no version"


def faults_of_probes(spec: Manifest) -> Iterator[str]:
    """Yield what a pod that serves lacks to be watched."""
    for one in spec["containers"]:
        if "livenessProbe" not in one or "startupProbe" not in one:
            yield f"{one['name']}: nobody sees that it hangs"
        if one.get("ports") and "readinessProbe" not in one:
            yield f"{one['name']}: gets requests before it serves"
        for port in one.get("ports", []):
            if not port.get("name"):
                yield f"{one['name']}: a port without a name"
