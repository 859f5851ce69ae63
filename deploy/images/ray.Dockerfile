# Ray beside the platform's code: head and workers of the Ray cluster, and, where that is, the code location and its run pods
# (deploy/k8s/components/ray).
#
#   podman build --format docker --build-arg CODE_IMAGE=geocrop-code:<version> -f deploy/images/ray.Dockerfile -t geocrop-ray:<version> .
ARG CODE_IMAGE=geocrop-code:local

FROM ${CODE_IMAGE}
USER 0:0
# The lock holds Ray and what it needs, in the code image's versions where that has them.
# uv comes and goes in the same step: the folder of another stage could not be mounted where that stage was cached (buildah 1.28).
RUN --mount=type=bind,source=deploy/images/locks,target=/build/locks \
    --mount=type=cache,target=/build/cache \
    /usr/local/bin/python3 -m venv /build/uv && \
    /build/uv/bin/pip install --quiet --no-cache-dir --disable-pip-version-check --require-hashes -r /build/locks/uv.lock && \
    UV_COMPILE_BYTECODE=1 UV_LINK_MODE=copy UV_SYSTEM_CERTS=1 UV_CACHE_DIR=/build/cache \
    /build/uv/bin/uv pip install --quiet --python /opt/geocrop/bin/python --require-hashes -r /build/locks/ray.lock && \
    rm -r /build/uv
USER 10001:10001
EXPOSE 6379 8265 10001
CMD ["ray", "start", "--head", "--block", "--num-cpus=0"]
HEALTHCHECK --interval=30s --timeout=20s --start-period=60s CMD ["ray", "health-check"]
