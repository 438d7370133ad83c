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
	@awk -F':.*## ' '/^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

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
demo: setup ## The whole path on a phantom study: data to promoted champion, 4 models
	cbvsynth sweep quick
	$(MAKE) --no-print-directory run
	cbvsynth synthesise
	cbvsynth report
	cbvsynth tour

.PHONY: serve
serve: setup ## Serve what a run has promoted, and ask it for one map; until Ctrl-C
	python -m serving.demo

# The viewer as npm brings it; `cbvsynth page` holds it to its digest.
artifacts/page/niivue-niivue-0.69.0.tgz components/images/niivue-niivue-0.69.0.tgz:
	mkdir -p $(@D)
	npm pack --silent --pack-destination $(@D) @niivue/niivue@0.69.0

.PHONY: page
page: setup artifacts/page/niivue-niivue-0.69.0.tgz ## A page for radiologists on what a run has promoted; until Ctrl-C
	cbvsynth page --local

.PHONY: sweep
sweep: setup ## The paper's 62 models on the data in data/; JOBS=2 trains two at a time
	cbvsynth sweep paper
	$(MAKE) --no-print-directory run

REPRO = dvc --wait-for-lock repro
LOCK = .dvc/tmp/lock

.PHONY: run
run: setup # What params.yaml says: as `dvc repro`, but JOBS models at a time
	cbvsynth plan
	@if [ -e $(LOCK) ] && command -v flock > /dev/null && ! flock --nonblock $(LOCK) true; then \
		echo "waiting for another DVC run, process $$(tr -dc 0-9 < $(LOCK)), which holds $(LOCK)"; fi
	@$(REPRO) preprocess
	@dvc stage list train --name-only | TQDM_DISABLE=1 xargs -P $(JOBS) -n 1 $(REPRO) --single-item
	@$(REPRO)

.PHONY: test
test: setup ## All tests, JOBS files at a time
	pytest -n $(JOBS) --dist loadfile --no-loadscope-reorder -m "not cluster and not node and not images"

.PHONY: test-fast
test-fast: setup ## The tests that need no TensorFlow and are not slow
	pytest -n $(JOBS) --dist loadfile -m "not tensorflow and not slow and not cluster and not node and not images"

.PHONY: test-cluster
test-cluster: setup ## k8s/ on a real control plane; builds Kubernetes from its Go modules, once
	python -m tests.cluster.programs
	pytest -m cluster tests/cluster

.PHONY: test-node
test-node: setup ## Containers under a real kubelet, as root; builds what is needed, once
	python -m tests.cluster.node.build
	python -m tests.cluster.node.namespaces pytest -m node tests/cluster/node

.PHONY: test-images
test-images: setup ## Our images on that node, to a map through the Service; builds them, once
	python -m tests.cluster.node.build
	python -m tests.cluster.node.our_images
	python -m tests.cluster.node.namespaces pytest --timeout=3600 -m images tests/cluster/node

.PHONY: check
check: setup ## Format, lint, types and import contracts
	ruff format --check .
	ruff check .
	mypy
	lint-imports

.PHONY: site
site: setup ## The documentation as a site, in artifacts/site; a broken link is an error
	mkdocs build --strict --quiet

.PHONY: lock
lock: setup ## Pin every dependency by hash, after a change of pyproject.toml
	uv pip compile pyproject.toml --all-extras --group dev --universal --python-version 3.11 \
		--generate-hashes --no-emit-index-url --no-annotate --custom-compile-command "make lock" \
		--quiet --output-file requirements.lock
	echo "uv==$$(uv --version | cut -d' ' -f2)" | uv pip compile - --universal --python-version 3.11 \
		--generate-hashes --no-emit-index-url --no-annotate --custom-compile-command "make lock" \
		--quiet --output-file requirements-bootstrap.lock
	printf '$(REGISTRY_CLIENT)' | $(LOCK_IMAGE) pyproject.toml - $(LIGHT_EXTRAS) --output-file components/images/light.lock
	printf '$(REGISTRY_CLIENT)' | $(LOCK_IMAGE) pyproject.toml - --extra train --extra serve --output-file components/images/train-cpu.lock
	printf '$(REGISTRY_CLIENT)tensorflow[and-cuda]\n' | $(LOCK_IMAGE) pyproject.toml - --extra train --extra serve --output-file components/images/train-cuda.lock
	printf '$(REGISTRY_SERVER)' | $(LOCK_IMAGE) - --output-file components/images/registry.lock
	echo kfp | $(LOCK_IMAGE) --no-deps - --output-file components/images/kfp.lock
	echo nilearn | $(LOCK_IMAGE) --no-deps - --output-file components/images/phantom.lock
	printf 'hatchling\neditables\n' | $(LOCK_IMAGE) - --output-file components/images/build.lock

# The images' own lists of packages: what requirements.lock pins, no more than each image needs.
LOCK_IMAGE = uv pip compile --universal --python-version 3.11 --constraint requirements.lock --generate-hashes \
	--no-emit-index-url --no-annotate --custom-compile-command "make lock" --quiet
LIGHT_EXTRAS = --extra validate --extra preprocess --extra extract --extra pages --extra client --extra page --extra node
# In place of the extra promote: of MLflow what talks to a server or a SQLite file, 300 MB less in each image.
REGISTRY_CLIENT = mlflow-skinny\nsqlalchemy\nalembic\nfilelock\n
# The server, with what it needs for PostgreSQL and S3.
REGISTRY_SERVER = mlflow\npsycopg[binary]\nboto3\n

# podman, buildah or docker; flags for all builds, as IMAGE_FLAGS='--build-arg BASE_IMAGE=...@sha256:...'
ENGINE ?= podman
IMAGE_FLAGS ?=
ACCELERATOR ?= cpu
# By its path: make 4.3 does not give $(shell) the PATH that it exports.
IMAGE_VERSION = $(shell $(BIN)/python -c 'import cbvsynth; print(cbvsynth.__version__)')
IMAGE_BUILD = $(ENGINE) build --file components/images/Dockerfile --build-arg ACCELERATOR=$(ACCELERATOR) $(IMAGE_FLAGS)

.PHONY: images
images: setup sbom image-light image-train image-registry ## The images of steps and registry; ACCELERATOR=cuda for GPUs

image-%: setup components/images/niivue-niivue-0.69.0.tgz # One of them
	$(IMAGE_BUILD) --target $* --tag $(patsubst %-light,%,cbvsynth-$*):$(IMAGE_VERSION) .

.PHONY: sbom
sbom: setup ## What each image holds, as CycloneDX lists in artifacts/sbom/
	mkdir -p artifacts/sbom
	for list in light train-cpu train-cuda registry; do cyclonedx-py requirements components/images/$$list.lock \
		--output-reproducible --of JSON --output-file artifacts/sbom/$$list.json; done

.PHONY: clean
clean: ## Remove what runs have made, never data/ or the registry
	rm -rf artifacts .pytest_cache .mypy_cache .ruff_cache .hypothesis
