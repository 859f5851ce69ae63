# GeoCrop: `make demo` runs the main job, `make test` the tests; each sets up all it needs first.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.installed
# LightGBM's wheel wants the system's OpenMP library, which a bare machine lacks; scikit-learn's wheel brings the same.
COMPAT := $(abspath $(VENV))/lib/compat
export LD_LIBRARY_PATH := $(COMPAT)$(if $(LD_LIBRARY_PATH),:$(LD_LIBRARY_PATH))

WEB := web/dist/index.html
WEB_STAMP := web/node_modules/.installed
WEB_SOURCES := web/index.html web/package.json web/vite.config.ts web/tsconfig.json $(shell find web/src web/public -type f -not -name '*.test.*' 2>/dev/null)

.DEFAULT_GOAL := help
.PHONY: help setup web check-web demo up test test-deploy check bench lock clean

help:            ## this list
	@grep -E '^[a-z-]+: .*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/'

setup: $(STAMP)  ## a virtual environment with the locked packages

$(BIN)/uv:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "GeoCrop needs Python 3.11 or newer: make PYTHON=/path/to/python3.11"; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { echo "Python's venv module is missing: on Debian, apt-get install python3-venv"; exit 1; }
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check 'uv>=0.5'

$(STAMP): requirements.lock pyproject.toml | $(BIN)/uv
	$(BIN)/uv pip sync --quiet --python $(BIN)/python --require-hashes requirements.lock
	$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --editable .
	@$(BIN)/python -c 'import ctypes; ctypes.CDLL("libgomp.so.1")' 2>/dev/null || { mkdir -p $(COMPAT) && \
	  ln -sf "$$(ls $(abspath $(VENV))/lib/python3*/site-packages/scikit_learn.libs/libgomp-*.so* | head -n 1)" $(COMPAT)/libgomp.so.1; }
	@touch $(STAMP)

web: $(WEB)      ## build the web map (needs Node.js 20.19 or newer with npm)

# Without Node.js the rest works: the API then says at / how to get the map.
NODE := $(shell node -e 'const [a, b] = process.versions.node.split("."); console.log(a > 20 || (a == 20 && b >= 19) ? "yes" : "old")' 2>/dev/null)

ifeq ($(NODE),yes)
$(WEB): $(WEB_SOURCES) $(WEB_STAMP)
	cd web && npm run --silent build

$(WEB_STAMP): web/package-lock.json
	cd web && npm ci --loglevel=error
	@touch $(WEB_STAMP)

check-web: $(WEB_STAMP)  ## types, lint and component tests of the web map
	cd web && npm run --silent check && npm run --silent test
else
.PHONY: $(WEB)
$(WEB) check-web:
	@echo "Left out: the web map. Install Node.js 20.19 or newer with npm for it, then \`make web\`."
endif

demo: setup      ## from two uploaded batches to a crop map, on a simulated landscape
	$(BIN)/geocrop demo

up: setup web    ## the local stack: web map, API, Dagster's UI and daemon, warm worker
	$(BIN)/geocrop up

test: setup      ## unit, integration and e2e tests
	$(BIN)/python -m pytest -n 2 tests/unit
	$(BIN)/python -m pytest -n 2 --dist loadfile tests/integration tests/e2e tests/real

test-deploy: setup  ## build the images and run them: minutes, as root, with podman
	$(BIN)/python -m pytest -m deploy tests/deploy_slow

check: setup check-web  ## lint, types, definitions, component tests of the web map
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	DAGSTER_HOME= $(BIN)/dagster definitions validate -w workspace.yaml

bench: setup     ## speed and memory, as ratios within one run
	$(BIN)/python -m benchmarks

COMPILE := $(BIN)/uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-header --python-version 3.11
LOCKS   := deploy/images/locks
lock: $(BIN)/uv  ## renew requirements.lock and the images' locks (hashes, no index addresses)
	$(COMPILE) --extra dev pyproject.toml -o requirements.lock
	$(COMPILE) pyproject.toml -c requirements.lock -o $(LOCKS)/code.lock
	$(COMPILE) --extra notebook pyproject.toml -c requirements.lock -o $(LOCKS)/notebook.lock
	$(COMPILE) $(LOCKS)/api.in -c requirements.lock -o $(LOCKS)/api.lock
	$(COMPILE) $(LOCKS)/ray.in -c $(LOCKS)/code.lock -o $(LOCKS)/ray.lock
	$(COMPILE) $(LOCKS)/uv.in -c requirements.lock -o $(LOCKS)/uv.lock

clean:           ## remove the virtual environment and local data
	rm -rf $(VENV) .geocrop
