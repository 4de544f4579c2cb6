# Everything starts here. "make help" lists the targets.
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

HOST ?= 127.0.0.1
PORT ?= 8000
# Few threads and several processes: pages cost Python's time, which threads do not share out.
WORKERS ?= 2
THREADS ?= 4
# What to test, and how: make test TESTS="tests/cases -k archive"
TESTS ?= tests
# More processes than cores: many tests wait for a browser.
TESTERS ?= 4
export HOST PORT WORKERS THREADS
# Keep what is compiled: the tests start servers and commands all the time.
unexport PYTHONDONTWRITEBYTECODE

VENV := .venv
BIN := $(VENV)/bin
FLASK := $(BIN)/flask --app webapp
PIP := $(BIN)/python -m pip --disable-pip-version-check install --quiet --require-hashes

# Stamps named by the locks' content: unchanged locks cost nothing, changed ones are installed again.
RUNTIME := $(VENV)/.runtime-$(shell sha256sum requirements.lock | cut -c1-16)
DEV := $(VENV)/.dev-$(shell sha256sum requirements-dev.lock | cut -c1-16)

.PHONY: help setup run test lint format bench lock clean

help: ## This list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: $(RUNTIME) ## The virtual environment with the locked dependencies, for a deployment

run: $(RUNTIME) ## All set-up, then the demo district on http://HOST:PORT (127.0.0.1:8000)
	@$(BIN)/python .tools/check-port "$(HOST)" "$(PORT)"
	@$(FLASK) demo --if-empty
	@$(FLASK) welcome
	@until $(BIN)/python -m webapp.serve; do echo "The server ended unexpectedly and is started again." >&2; sleep 1; done

test: $(DEV) ## All set-up, then every test (a part: make test TESTS=tests/cases)
	@.tools/test-tools $(BIN)/python
	$(BIN)/pytest -n $(TESTERS) --no-loadscope-reorder --durations=25 $(TESTS)

lint: $(DEV) ## Ruff, types, arrows between the rooms, templates
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy webapp tests
	$(BIN)/lint-imports --no-cache
	$(BIN)/djlint --lint --quiet templates

format: $(DEV) ## Lay out the code and mend what can be mended without thought
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(DEV) ## The benchmarks, as ratios to a bare Flask page on the same server
	@command -v wrk >/dev/null || .tools/apt-install wrk
	$(BIN)/python -m tests.benchmarks

lock: ## Write the lock files again from pyproject.toml (move all up: make lock UPGRADE=--upgrade)
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
