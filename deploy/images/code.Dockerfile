# The code location and all that runs its code: Dagster's webservers and daemon, warm worker, run pods, MLflow, migrations,
# backups. One image and not one each: they need the same 200 packages, a node pulls and keeps them once, and a run can
# never meet another version of the code than the one that launched it.
#
#   podman build --format docker -f deploy/images/code.Dockerfile -t geocrop-code:<version> .
ARG PYTHON_IMAGE=docker.io/library/python:3.11.14-slim-bookworm

FROM ${PYTHON_IMAGE} AS build
ENV UV_COMPILE_BYTECODE=1 UV_LINK_MODE=copy UV_PYTHON_DOWNLOADS=never UV_SYSTEM_CERTS=1 UV_CACHE_DIR=/build/cache
COPY deploy/images/locks/uv.lock /build/
RUN python3 -m venv /build/uv && \
    /build/uv/bin/pip install --quiet --no-cache-dir --disable-pip-version-check --require-hashes -r /build/uv.lock
COPY deploy/images/locks/code.lock /build/
RUN --mount=type=cache,target=/build/cache \
    /build/uv/bin/uv venv --quiet /opt/geocrop && \
    /build/uv/bin/uv pip sync --quiet --python /opt/geocrop/bin/python --require-hashes /build/code.lock && \
    find /opt/geocrop -name tests -path '*/site-packages/*/tests' -type d -prune -exec rm -r {} +
WORKDIR /opt/geocrop/src
COPY deploy/images/install.py /build/
COPY training training
COPY imagery imagery
COPY resources resources
COPY sensors sensors
COPY geocrop_assets geocrop_assets
COPY api api
COPY demo demo
COPY deploy/dagster deploy/dagster
COPY workspace.yaml pyproject.toml ./
RUN /opt/geocrop/bin/python /build/install.py geocrop=geocrop_assets.cli:app

# The whole platform once, on a simulated landscape: proves that the image works, and leaves the kernels' machine code. It is
# for any x86-64 processor of the last ten years (AVX2): numba would compile it again, some 10 s in each pod, for a
# processor that is not the one of the machine that built the image.
FROM build AS kernels
ARG NUMBA_CPU_NAME=x86-64-v3
RUN apt-get update && apt-get install --yes --no-install-recommends libgomp1 && rm -rf /var/lib/apt/lists/*
ENV NUMBA_CPU_NAME=${NUMBA_CPU_NAME} NUMBA_CACHE_DIR=/opt/geocrop/kernels
RUN GEOCROP_HOME=/tmp/demo /opt/geocrop/bin/geocrop demo --small && rm -rf /tmp/demo && test -n "$(ls /opt/geocrop/kernels)"

FROM ${PYTHON_IMAGE}
ARG NUMBA_CPU_NAME=x86-64-v3
# libgomp1: LightGBM. postgresql-client-15: backups, of the server's own major version. tini: reaps orphans of warm processes.
RUN apt-get update && \
    apt-get install --yes --no-install-recommends libgomp1 postgresql-client-15 tini && \
    rm -rf /var/lib/apt/lists/* && \
    groupadd --gid 10001 geocrop && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /tmp geocrop && \
    mkdir -p /opt/dagster
COPY --from=kernels /opt/geocrop /opt/geocrop
COPY --chmod=0755 deploy/images/entrypoint.sh /usr/local/bin/geocrop-entrypoint
ENV PATH=/opt/geocrop/bin:${PATH} \
    PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 MALLOC_ARENA_MAX=2 \
    HOME=/tmp GEOCROP_HOME=/tmp/geocrop DAGSTER_HOME=/opt/dagster MPLCONFIGDIR=/tmp/matplotlib \
    NUMBA_CPU_NAME=${NUMBA_CPU_NAME} NUMBA_CACHE_DIR=/tmp/kernels
WORKDIR /opt/geocrop/src
USER 10001:10001
EXPOSE 4000
ENTRYPOINT ["geocrop-entrypoint"]
CMD ["dagster", "api", "grpc", "--host", "0.0.0.0", "--port", "4000", "--module-name", "geocrop_assets.definitions", "--location-name", "geocrop"]
# Of the command above; Kubernetes and compose have a probe of their own for each command.
HEALTHCHECK --interval=30s --timeout=20s --start-period=60s CMD ["dagster", "api", "grpc-health-check", "--port", "4000"]
