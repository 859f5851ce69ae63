# The API and the web map, which it serves below its own prefix: neither Dagster nor a learner nor numba, so that it is small
# and starts quickly. What it needs: locks/api.in.
#
#   podman build --format docker -f deploy/images/api.Dockerfile -t geocrop-api:<version> .
ARG PYTHON_IMAGE=docker.io/library/python:3.11.14-slim-bookworm
ARG NODE_IMAGE=docker.io/library/node:20.19.5-bookworm-slim

FROM ${NODE_IMAGE} AS web
WORKDIR /web
COPY web/package.json web/package-lock.json ./
RUN --mount=type=cache,target=/build/npm npm ci --cache=/build/npm --no-audit --no-fund --ignore-scripts --loglevel=error
COPY web ./
RUN npm run build

FROM ${PYTHON_IMAGE} AS build
ENV UV_COMPILE_BYTECODE=1 UV_LINK_MODE=copy UV_PYTHON_DOWNLOADS=never UV_SYSTEM_CERTS=1 UV_CACHE_DIR=/build/cache
COPY deploy/images/locks/uv.lock /build/
RUN python3 -m venv /build/uv && \
    /build/uv/bin/pip install --quiet --no-cache-dir --disable-pip-version-check --require-hashes -r /build/uv.lock
COPY deploy/images/locks/api.lock /build/
RUN --mount=type=cache,target=/build/cache \
    /build/uv/bin/uv venv --quiet /opt/geocrop && \
    /build/uv/bin/uv pip sync --quiet --python /opt/geocrop/bin/python --require-hashes /build/api.lock && \
    find /opt/geocrop -name tests -path '*/site-packages/*/tests' -type d -prune -exec rm -r {} +
WORKDIR /opt/geocrop/src
COPY deploy/images/install.py /build/
COPY training training
COPY imagery imagery
COPY resources resources
COPY sensors sensors
COPY api api
# Of the command line the users alone, who are rows of the API's database.
COPY geocrop_assets/__init__.py geocrop_assets/__init__.py
COPY geocrop_assets/cli geocrop_assets/cli
COPY pyproject.toml ./
RUN /opt/geocrop/bin/python /build/install.py geocrop-users=geocrop_assets.cli.users:app

FROM ${PYTHON_IMAGE}
# tini: PID 1 that passes signals on.
RUN apt-get update && \
    apt-get install --yes --no-install-recommends tini && \
    rm -rf /var/lib/apt/lists/* && \
    groupadd --gid 10001 geocrop && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /tmp geocrop
COPY --from=build /opt/geocrop /opt/geocrop
COPY --from=web /web/dist /opt/geocrop/src/web/dist
ENV PATH=/opt/geocrop/bin:${PATH} \
    PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 \
    HOME=/tmp GEOCROP_HOME=/tmp/geocrop
WORKDIR /opt/geocrop/src
USER 10001:10001
EXPOSE 8000
ENTRYPOINT ["tini", "-g", "--"]
# Streams of events never end by themselves: without a limit a stop would wait for the last reader.
CMD ["uvicorn", "--factory", "api.main:create_app", "--host", "0.0.0.0", "--port", "8000", "--timeout-graceful-shutdown", "3", "--no-access-log"]
HEALTHCHECK --interval=15s --timeout=5s --start-period=60s CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/healthz', timeout=4)"]
