# Everything a newcomer needs: Python 3.11 and git. `make` lists the commands.
.DEFAULT_GOAL := help
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c

PYTHON ?= python3.11
JOBS ?= 2
VENV := .venv
BIN := $(CURDIR)/$(VENV)/bin
STAMP := $(VENV)/.installed
export PATH := $(BIN):$(PATH)

.PHONY: help
help: ## Show this list
	@awk -F':.*## ' '/^[a-z-]+:.*## / {printf "  make %-11s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(STAMP): requirements.lock requirements-bootstrap.lock pyproject.toml
	@echo "Setting up $(VENV): about 2 minutes and 3 GB, once."
	$(PYTHON) -m venv $(VENV)
	python -m pip install --quiet --disable-pip-version-check --require-hashes --requirement requirements-bootstrap.lock
	uv pip sync --quiet --require-hashes --compile-bytecode requirements.lock
	uv pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

.PHONY: setup
setup: $(STAMP) ## Make .venv from the lock files

.PHONY: demo
demo: setup ## The whole path on a phantom study: data to promoted champion, 16 models
	cbvsynth sweep quick
	$(MAKE) --no-print-directory run
	cbvsynth synthesise
	cbvsynth report
	cbvsynth tour

.PHONY: serve
serve: setup ## Serve what a run has promoted, and ask it for one map; until Ctrl-C
	python -m serving.demo

.PHONY: sweep
sweep: setup ## The paper's 62 models on the data in data/; JOBS=2 trains two at a time
	cbvsynth sweep paper
	$(MAKE) --no-print-directory run

.PHONY: run
run: setup # What params.yaml says: as `dvc repro`, but JOBS models at a time
	dvc repro --quiet preprocess
	dvc stage list train --name-only | TQDM_DISABLE=1 xargs -P $(JOBS) -n 1 dvc --wait-for-lock repro --quiet --single-item
	dvc repro --quiet

.PHONY: test
test: setup ## All tests, JOBS files at a time
	pytest -n $(JOBS) --dist loadfile

.PHONY: test-fast
test-fast: setup ## The tests that need no TensorFlow and are not slow
	pytest -n $(JOBS) --dist loadfile -m "not tensorflow and not slow"

.PHONY: check
check: setup ## Format, lint, types and import contracts
	ruff format --check .
	ruff check .
	mypy
	lint-imports

.PHONY: lock
lock: setup ## Pin every dependency by hash, after a change of pyproject.toml
	uv pip compile pyproject.toml --all-extras --group dev --universal --python-version 3.11 \
		--generate-hashes --no-emit-index-url --no-annotate --custom-compile-command "make lock" \
		--quiet --output-file requirements.lock
	echo "uv==$$(uv --version | cut -d' ' -f2)" | uv pip compile - --universal --python-version 3.11 \
		--generate-hashes --no-emit-index-url --no-annotate --custom-compile-command "make lock" \
		--quiet --output-file requirements-bootstrap.lock

.PHONY: clean
clean: ## Remove what runs have made, never data/ or the registry
	rm -rf artifacts .pytest_cache .mypy_cache .ruff_cache .hypothesis
