# Everything starts here. "make help" lists the targets.
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

HOST ?= 127.0.0.1
PORT ?= 8000
# Several processes with few threads: pages are bound by Python's CPU time, which threads can't share.
WORKERS ?= 2
THREADS ?= 2
# Paths and options for pytest: make test TESTS="tests/cases -k archive"
TESTS ?= tests
# More processes than cores: many tests wait for a browser.
TESTERS ?= 4
export HOST PORT WORKERS THREADS
# Cache bytecode: the tests start many servers and commands.
unexport PYTHONDONTWRITEBYTECODE

VENV := .venv
BIN := $(VENV)/bin
FLASK := $(BIN)/flask --app webapp
PIP := $(BIN)/python -m pip --disable-pip-version-check install --quiet --require-hashes

# Stamps named after the locks' content: only changed locks are installed again.
RUNTIME := $(VENV)/.runtime-$(shell sha256sum requirements.lock | cut -c1-16)
DEV := $(VENV)/.dev-$(shell sha256sum requirements-dev.lock | cut -c1-16)

.PHONY: help setup run test lint format bench lock clean

help: ## This list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: $(RUNTIME) ## Install the locked dependencies into .venv, for a deployment

run: $(RUNTIME) ## Install everything, then serve the demo district on http://HOST:PORT (127.0.0.1:8000)
	@$(BIN)/python .tools/check-port "$(HOST)" "$(PORT)"
	@$(FLASK) demo --if-empty
	@$(FLASK) welcome
	@until $(BIN)/python -m webapp.serve; do echo "The server ended unexpectedly and is started again." >&2; sleep 1; done

test: $(DEV) ## Install everything, then run every test (a part: make test TESTS=tests/cases)
	@.tools/test-tools $(BIN)/python
	$(BIN)/pytest -n $(TESTERS) --no-loadscope-reorder --durations=25 $(TESTS)

lint: $(DEV) ## Check style, types, imports between rooms, templates
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy webapp tests
	$(BIN)/lint-imports --no-cache
	$(BIN)/djlint --lint --quiet templates

format: $(DEV) ## Format the code and apply automatic fixes
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(DEV) ## Run the benchmarks: pages beside a bare Flask page and beside a peer
	@command -v wrk >/dev/null || .tools/apt-install wrk
	$(BIN)/python -m tests.benchmarks

lock: ## Rewrite the lock files from pyproject.toml (upgrade all: make lock UPGRADE=--upgrade)
	@.tools/make-venv $(VENV)
	.tools/lock $(BIN)/python $(UPGRADE)

clean: ## Remove the virtual environment and caches; data under instance/ stays
	rm -rf $(VENV) .mypy_cache .pytest_cache .ruff_cache .hypothesis test-results
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(RUNTIME): requirements.lock
	@.tools/make-venv $(VENV)
	@echo "Installing the locked dependencies."
	@$(PIP) -r requirements.lock
	@rm -f $(VENV)/.runtime-* && touch $@

$(DEV): requirements-dev.lock
	@.tools/make-venv $(VENV)
	@echo "Installing the locked dependencies, with the tools for tests."
	@$(PIP) -r requirements-dev.lock
	@rm -f $(VENV)/.dev-* $(VENV)/.runtime-* && touch $(RUNTIME) $@
