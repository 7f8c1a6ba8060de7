# `make` alone prints this help; every target prepares .venv first when it must.
.DEFAULT_GOAL := help
SHELL := /bin/bash
PYTHON ?= python3
KILLS ?= 1000
HISTORIES ?= 10000
BIN := .venv/bin
UV_VERSION := 0.13.9
SOURCES := cli deployments documents flows models notifications plans portal rules services tasks edge settings.py
# Whatever else is configured, a trial has its own database and files.
TRIAL := env -u DONDOC_DATABASE_URL -u DONDOC_FILES DONDOC_HOME=.dondoc-trial $(BIN)/dondoc
# A machine that forbids bytecode would compile every library anew for every run of a flow.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help setup lock check test test-system chaos screenshots run demo bench format clean

help: ## print this help
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

.venv/.ready: requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "dondoc needs Python 3.11 or newer; set PYTHON=/path/to/python3.11"; exit 1; }
	@$(PYTHON) -c 'import ensurepip' 2>/dev/null || { echo "Debian's python3-venv is missing: apt-get install python3-venv"; exit 1; }
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet uv==$(UV_VERSION)
	VIRTUAL_ENV=.venv $(BIN)/uv pip sync --quiet --compile-bytecode requirements.lock
	VIRTUAL_ENV=.venv $(BIN)/uv pip install --quiet --no-deps uv==$(UV_VERSION) --editable .
	@touch $@

setup: .venv/.ready ## prepare .venv from requirements.lock

lock: ## write requirements.lock anew from pyproject.toml
	$(BIN)/uv pip compile pyproject.toml --extra dev --extra hosts --universal --python-version 3.11 --generate-hashes --quiet \
		--no-emit-index-url --no-emit-find-links --custom-compile-command 'make lock' -o requirements.lock

format: setup ## format the code
	$(BIN)/ruff format . && $(BIN)/ruff check --fix .

check: setup ## lint, types, architecture, migrations
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy $(SOURCES)
	$(BIN)/lint-imports
	$(BIN)/python -m models.migrations.check

test: setup ## unit, integration and acceptance tests (PyPI only)
	$(BIN)/pytest -m 'not system' -n 3 --dist loadfile --no-loadscope-reorder

test-system: setup ## tests against real programs from Debian (Postfix, Dovecot, Chromium), installing what is missing
	@bash tests/system/install.sh
	$(BIN)/pytest -m system -n 2 --dist loadfile

chaos: setup ## kill mornings at KILLS (1000) points and play HISTORIES (10000) random years; count what is lost or repeated
	$(BIN)/python -m tests.chaos --kills $(KILLS) --histories $(HISTORIES)

screenshots: setup ## take the guide's pictures of the pages anew
	@bash tests/system/install.sh
	$(BIN)/python -m tests.system.screenshots

run: setup ## run everything on trial in .dondoc-trial: pages, Prefect, worker, a local mailbox; Ctrl-C ends it
	$(TRIAL) init --rehearsal
	$(TRIAL) up --trial

demo: setup ## play a year of the Kon Rẫy plan and leave Prefect's UI and the mailbox open
	$(BIN)/dondoc demo --year 2024

bench: setup ## measure speed and memory; fails when a bound is broken
	$(BIN)/python -m bench

clean: ## remove what was made here: .venv, caches, the folders of demo and trial
	rm -rf .venv .dondoc-demo .dondoc-trial .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
