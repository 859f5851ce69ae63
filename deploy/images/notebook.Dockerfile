# JupyterLab beside the platform's code: `from training.storage_client import MinIOStorageClient` works at once.
#
#   podman build --format docker --build-arg CODE_IMAGE=geocrop-code:<version> -f deploy/images/notebook.Dockerfile -t geocrop-notebook:<version> .
ARG CODE_IMAGE=geocrop-code:local

FROM ${CODE_IMAGE}
USER 0:0
# The lock holds the code image's packages in the same versions, so that this adds JupyterLab's own and changes none.
# uv comes and goes in the same step: the folder of another stage could not be mounted where that stage was cached (buildah 1.28).
RUN --mount=type=bind,source=deploy/images/locks,target=/build/locks \
    --mount=type=cache,target=/build/cache \
    /usr/local/bin/python3 -m venv /build/uv && \
    /build/uv/bin/pip install --quiet --no-cache-dir --disable-pip-version-check --require-hashes -r /build/locks/uv.lock && \
    UV_COMPILE_BYTECODE=1 UV_LINK_MODE=copy UV_SYSTEM_CERTS=1 UV_CACHE_DIR=/build/cache \
    /build/uv/bin/uv pip install --quiet --python /opt/geocrop/bin/python --require-hashes -r /build/locks/notebook.lock && \
    rm -r /build/uv
COPY deploy/images/ipython_kernel_config.py /etc/ipython/
ENV HOME=/home/geocrop
WORKDIR /home/geocrop
USER 10001:10001
EXPOSE 8888
CMD ["jupyter", "lab", "--ip=0.0.0.0", "--port=8888", "--no-browser"]
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8888/api', timeout=4)"]
