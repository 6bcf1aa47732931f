# What .ci/run calls is what you call. Needs make, python3 >= 3.11 with venv, and nothing else.

PYTHON ?= python3
PORT ?= 8080
DATA_DIR ?= .livesrv
SEED ?= 1
ROUNDS ?= 10

BIN := .venv/bin
# Both are made anew when pyproject.toml has changed, so that nothing is installed twice.
INSTALLED := .venv/.installed
INSTALLED_DEV := .venv/.installed-dev
PIP_INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check

.PHONY: help run test mutants soak lint format clean

help:
	@echo "make run      a server with a show on it, at http://127.0.0.1:$(PORT) (PORT, DATA_DIR)"
	@echo "make test     everything a change must pass: format, lint, types, tests"
	@echo "make lint     the first three of them"
	@echo "make mutants  put defects into a copy of the tree; the tests must catch each"
	@echo "make soak     kills, faults and chance for as long as you say (SEED, ROUNDS)"
	@echo "make format   put the code in shape"
	@echo "make clean    remove .venv and caches; the books in $(DATA_DIR) stay"

run: $(INSTALLED)
	@exec $(BIN)/livesrv demo --port "$(PORT)" --data-dir "$(DATA_DIR)"

# Tests of several hosts need `ip`, the one of a report's page a browser; root can have them here.
test: lint
	@missing=; command -v ip >/dev/null || missing="iproute2"; \
	command -v chromium >/dev/null || missing="$$missing chromium"; \
	[ -z "$$missing" ] || [ "$$(id -u)" != 0 ] || ! command -v apt-get >/dev/null || \
	  { apt-get update -qq && apt-get install -qq --yes --no-install-recommends $$missing; } >&2
	$(BIN)/pytest -m "not alone" --numprocesses 2 --dist worksteal
	$(BIN)/pytest -m alone

mutants: $(INSTALLED_DEV)
	$(BIN)/python -m tests.mutants

soak: $(INSTALLED_DEV)
	SEED="$(SEED)" ROUNDS="$(ROUNDS)" $(BIN)/python -m tests.soak

lint: $(INSTALLED_DEV)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

format: $(INSTALLED_DEV)
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

clean:
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis build dist *.egg-info
	find livesrv protocol loadtest tests -name __pycache__ -type d -prune -exec rm -rf {} +

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "livesrv needs Python 3.11 or newer; $(PYTHON) is $$($(PYTHON) -V 2>&1)." \
	       "Name another one: make run PYTHON=python3.12" >&2; exit 1; }
	@$(PYTHON) -m venv .venv || { \
	  rm -rf .venv; echo "$(PYTHON) -m venv failed (Debian has it in python3-venv)." >&2; exit 1; }

$(INSTALLED): pyproject.toml | $(BIN)/python
	@echo "installing into .venv (once)" >&2
	@$(PIP_INSTALL) --editable .
	@touch $@

$(INSTALLED_DEV): pyproject.toml | $(BIN)/python
	@echo "installing into .venv, with the tools for development (once)" >&2
	@$(PIP_INSTALL) --editable '.[dev]'
	@touch $(INSTALLED) $@
