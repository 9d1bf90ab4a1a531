# One word for each thing one does here; `make` alone lists them.
# Whatever a target needs is installed into .venv first: Python and make are
# enough. Other tools are for those who use them (see README.md).

VENV := .venv
BIN := $(VENV)/bin
# Options for the command behind a target: make train ARGS="--epochs 3"
ARGS ?=
# Options for pip where it fetches torch and jax, such as another index.
PEERS_PIP_ARGS ?=
UV_VERSION := 0.13.9
PYTEST := $(BIN)/python -m pytest -n 2

# Which Python makes the environment; a given one is the only one tried.
PYTHON ?= python3 python3.13 python3.12 python3.11
PYTHON_FOUND = $(shell for python in $(PYTHON); do $$python -c \
	"import sys, venv, ensurepip; assert (3, 11) <= sys.version_info < (3, 14); print(sys.executable)" \
	2>/dev/null && break; done)
SUPPORTED_PYTHON = $(or $(PYTHON_FOUND),$(error Python 3.11, 3.12 or 3.13 \
	with its venv module is needed. Tried: $(PYTHON). Install one, or name \
	one you have: make PYTHON=/path/to/python3.12))

.PHONY: help
help:  ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

# The stamp is made last, so that half an installation does not count as one.
# Hashes cannot be had for an editable install, so there are two steps.
$(VENV)/.installed: requirements.txt pyproject.toml
	@rm -f $@
	@$(BIN)/python -m pip --version >/dev/null 2>&1 || \
		"$(SUPPORTED_PYTHON)" -m venv --clear $(VENV)
	$(BIN)/python -m pip install --require-hashes -r requirements.txt
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
bench: $(VENV)/.peers  ## Measure speed against PyTorch and Keras: 15 minutes
	$(BIN)/python benchmarks/speed.py $(ARGS)

.PHONY: fuzz
fuzz: $(VENV)/.peers  ## Try bad input by thousands; a killed run goes on
	PYTHONPATH=tests $(BIN)/python -m fuzz $(ARGS)

.PHONY: notebooks
notebooks: $(VENV)/.installed  ## Rebuild the notebooks whose source changed
	$(BIN)/python tools/build_notebooks.py $(ARGS)

.PHONY: requirements
requirements: $(VENV)/.installed  ## Compile requirements.txt (ARGS=--upgrade: newest)
	$(BIN)/python -m pip install --quiet uv==$(UV_VERSION)
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 \
		--generate-hashes --extra notebooks --extra convert --extra heic \
		--extra site --extra test --no-annotate \
		--custom-compile-command "make requirements" $(ARGS) \
		--output-file requirements.txt pyproject.toml

.PHONY: clean
clean:  ## Remove .venv and caches; data and runs stay
	rm -rf $(VENV) build dist .pytest_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
