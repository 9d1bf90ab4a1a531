# One word for each thing one does here; `make` alone lists them.
# Whatever a target needs is installed into .venv first: Python and make are
# enough. Other tools are for those who use them (see README.md).

VENV := .venv
BIN := $(VENV)/bin
# What is installed there, each with its exact version and hashes.
PINS := requirements.txt
# Options for the command behind a target: make train ARGS="--epochs 3"
ARGS ?=
# Options for pip where it fetches torch and jax, such as another index.
PEERS_PIP_ARGS ?=
UV_VERSION := 0.13.9
PYTEST = $(BIN)/python -m pytest -n 2 $(PYTEST_ARGS)

# Which Python makes the environment; a given one is the only one tried.
PYTHON ?= python3 python3.13 python3.12 python3.11
PYTHON_FOUND = $(shell for python in $(PYTHON); do $$python -c \
	"import sys, venv, ensurepip; assert (3, 11) <= sys.version_info < (3, 14); print(sys.executable)" \
	2>/dev/null && break; done)
SUPPORTED_PYTHON = $(or $(PYTHON_FOUND),$(error Python 3.11, 3.12 or 3.13 \
	with its venv module is needed. Tried: $(PYTHON). Install one, or name \
	one you have: make PYTHON=/path/to/python3.12))

# The one that Google Colab has.
PYTHON_OLDEST ?= python3.13

.PHONY: help
help:  ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

# The stamp is made last, so that half an installation does not count as one.
# Hashes cannot be had for an editable install, so there are two steps.
$(VENV)/.installed: $(PINS) pyproject.toml
	@rm -f $@
	@$(BIN)/python -m pip --version >/dev/null 2>&1 || \
		"$(SUPPORTED_PYTHON)" -m venv --clear $(VENV)
	$(BIN)/python -m pip install --require-hashes -r $(PINS)
	$(BIN)/python -m pip install --no-deps -e .
	@touch $@

$(VENV)/.peers: $(VENV)/.installed
	@rm -f $@
	$(BIN)/python -m pip install $(PEERS_PIP_ARGS) -e ".[peers]"
	@touch $@

.PHONY: environment
environment: $(VENV)/.installed  ## Make .venv, or bring it up to date

.PHONY: lab
lab: $(VENV)/.installed  ## Open the course in JupyterLab
	$(BIN)/jupyter lab --ServerApp.ip=127.0.0.1 $(ARGS) \
		$(firstword $(sort $(wildcard notebooks/*.ipynb)))

.PHONY: train
train: $(VENV)/.installed  ## Train AlexNet on solids, on two devices
	$(BIN)/alexnet-keras train --data solids --strategy mirrored \
		--devices 2 --precision auto $(ARGS)

.PHONY: trained
trained: $(VENV)/.installed  ## Train anew what comes trained with the package
	$(BIN)/python tools/make_trained.py $(ARGS)

.PHONY: check
check: $(VENV)/.installed  ## Check the style of the code (seconds)
	$(BIN)/ruff check
	$(BIN)/ruff format --check

.PHONY: test
test: check  ## Run the quick tests and every notebook (minutes)
	$(PYTEST) --dist loadfile --no-loadscope-reorder --doctest-modules -m "not slow and not peers and not site and not network and not gpu" alexnet_keras tests
	$(PYTEST) --dist loadfile --nbval --nbval-current-env --nbval-sanitize-with tests/nbval_sanitize.cfg notebooks

# Old libraries on a newer Python warn of what has been mended in them since.
.PHONY: test-oldest
test-oldest:  ## The same as `make test` on the versions of Google Colab
	@$(PYTHON_OLDEST) -c "import sys, venv, ensurepip; assert sys.version_info[:2] == (3, 13)" 2>/dev/null || \
		{ echo "Python 3.13 with its venv module is needed, since Google Colab has it. Tried: $(PYTHON_OLDEST). Install it, or name one you have: make test-oldest PYTHON_OLDEST=/path/to/python3.13" >&2; exit 2; }
	$(MAKE) test VENV=.venv-oldest PINS=requirements-oldest.txt \
		PYTHON="$(PYTHON_OLDEST)" PYTEST_ARGS="-W ignore::DeprecationWarning"

.PHONY: test-slow
test-slow: $(VENV)/.installed  ## Run the slow tests: resume, equality, learning
	$(PYTEST) -m "slow and not peers and not network and not gpu" tests

.PHONY: test-peers
test-peers: $(VENV)/.peers  ## Compare with PyTorch and JAX, installed for it
	$(PYTEST) -m "peers and not network and not gpu" tests

.PHONY: site
site: $(VENV)/.installed  ## Build the website, build/site/html, and the EPUB
	$(BIN)/python tools/build_site.py $(ARGS)

.PHONY: test-site
test-site: site  ## Try the website in Chromium, which must be installed
	$(PYTEST) -m site tests/website

.PHONY: bench
bench: $(VENV)/.peers  ## Measure speed against PyTorch and Keras: 17 minutes
	$(BIN)/python benchmarks/speed.py $(ARGS)

.PHONY: fuzz
fuzz: $(VENV)/.peers  ## Try bad input by thousands; a killed run goes on
	PYTHONPATH=tests $(BIN)/python -m fuzz $(ARGS)

.PHONY: waits
waits: $(VENV)/.installed  ## Measure what a person waits for: 4 minutes
	$(BIN)/python benchmarks/waits.py $(ARGS)

.PHONY: notebooks
notebooks: $(VENV)/.installed  ## Rebuild the notebooks whose source changed
	$(BIN)/python tools/build_notebooks.py $(ARGS)

COMPILE = $(BIN)/uv pip compile --quiet --generate-hashes --no-annotate \
	--extra notebooks --extra convert --extra heic --extra site --extra test \
	--custom-compile-command "make requirements" $(ARGS) pyproject.toml

.PHONY: requirements
requirements: $(VENV)/.installed  ## Compile requirements*.txt (ARGS=--upgrade: newest)
	$(BIN)/python -m pip install --quiet uv==$(UV_VERSION)
	$(COMPILE) --output-file requirements.txt \
		--universal --python-version 3.11
	$(COMPILE) --output-file requirements-oldest.txt --python-version 3.13 \
		--python-platform linux --constraint requirements-oldest.in

.PHONY: clean
clean:  ## Remove environments and caches; data and runs stay
	rm -rf $(VENV) .venv-oldest build dist .pytest_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
