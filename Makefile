# Everything from a clean clone with Python 3.11 or newer: `make demo`, `make test`. `make help` lists the targets.
#
# .venv is made once; each target installs the extra it needs and leaves a stamp there, so that repeats start at once.
# Another interpreter: make demo PYTHON=python3.12. Options for pytest: make test PYTEST_ARGS="-k lattice -x".

PYTHON ?= python3
DATA ?= iris
PYTEST_ARGS ?=
PEERS_ARGS ?=
BENCHMARKS ?= $(sort $(wildcard benchmarks/*.py))
PAPERS ?= $(sort $(wildcard papers/*/reproduce.py))

BIN := .venv/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check
PEERS := .venv-peers
PEER_NAMES := nest ngclearn bindsnet minisom sklearn norse
PEER_STAMPS := $(PEERS)/installed $(PEER_NAMES:%=$(PEERS)-%/installed)
# Each family of models, each reader and the doors of the command line, in a minute.
QUICK ?= $(addprefix tests/test_,doors.py faults.py fuzz_readers.py)
TORCH_INDEX ?= https://download.pytorch.org/whl/cpu

.PHONY: help demo test test-lowest lint format docs examples release-check bench peers bench-peers reproduce clean
.DELETE_ON_ERROR:
.NOTPARALLEL: # one environment, one installer at a time

help:
	@echo "make demo       train a map on DATA ($(DATA)) and write its report"
	@echo "make test       run the test suite and the examples of docstrings (options in PYTEST_ARGS)"
	@echo "make test-lowest  run a quick part of it (QUICK) with the lowest versions that pyproject.toml allows, on Python 3.11"
	@echo "make lint       check style, format and types"
	@echo "make format     repair what can be repaired of style and format"
	@echo "make docs       build the documentation into docs/_build/html; warnings are errors"
	@echo "make examples   run the code of README and guide, and the notebooks: minutes"
	@echo "make release-check  build sdist and wheel, and check all of a release that needs no network beyond the packages"
	@echo "make bench      run the benchmarks, or those in BENCHMARKS"
	@echo "make peers      compare the spikes of a map and of networks with other simulators, in an environment of their own"
	@echo "make bench-peers  measure tectum beside its peers (options in PEERS_ARGS), each in an environment of its own"
	@echo "make reproduce  run papers/*/reproduce.py, or those in PAPERS"
	@echo "make clean      remove all that these targets made"

demo: .venv/installed
	$(BIN)/tectum demo $(DATA)

test: .venv/installed-test
	$(BIN)/python -m pytest $(PYTEST_ARGS)

test-lowest: .venv-lowest/installed
	.venv-lowest/bin/python -m pytest -W ignore::DeprecationWarning -m "not science and not browser" $(QUICK) $(PYTEST_ARGS)

lint: .venv/installed-lint
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: .venv/installed-lint
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

docs: .venv/installed-docs
	$(BIN)/sphinx-build -q -W --keep-going -b html docs docs/_build/html
	@echo "documentation in docs/_build/html/index.html"

examples: .venv/installed-docs .venv/installed-test
	$(BIN)/python tests/test_docs.py
	$(BIN)/python tests/test_notebook_files.py

release-check: .venv/installed-release
	bash .ci/release-check

bench: .venv/installed
	$(if $(BENCHMARKS),,$(error BENCHMARKS must name a script, got nothing; benchmarks/ has none))
	@set -e; for script in $(BENCHMARKS); do echo "== $$script"; $(BIN)/python "$$script"; done

peers: .venv/installed $(PEERS)/installed
	$(BIN)/python benchmarks/peers/compare_spikes.py --peers-python $(PEERS)/bin/python
	$(BIN)/python benchmarks/peers/network_spikes.py --peers-python $(PEERS)/bin/python

# A peer that cannot be installed is named in the tables; the others are measured.
bench-peers: .venv/installed
	@for stamp in $(PEER_STAMPS); do $(MAKE) --no-print-directory "$$stamp" || echo "$$stamp: left out"; done
	$(PIP) install --quiet --editable '.[nir]'
	$(BIN)/python benchmarks/peers/run.py $(PEERS_ARGS)

reproduce: .venv/installed
	$(if $(PAPERS),,$(error PAPERS must name a script, got nothing; papers/ has no */reproduce.py))
	@set -e; for script in $(PAPERS); do echo "== $$script"; $(BIN)/python "$$script"; done

clean:
	rm -rf .venv .venv-lowest $(PEERS) $(PEER_NAMES:%=$(PEERS)-%) build dist docs/_build docs/api docs/gallery .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	    echo "PYTHON must be Python 3.11 or newer, got '$(PYTHON)'; name another one: make PYTHON=python3.12" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip' || { \
	    echo "'$(PYTHON)' cannot make virtual environments; on Debian and Ubuntu: apt install python3-venv" >&2; exit 1; }
	$(PYTHON) -m venv .venv

.venv/installed: pyproject.toml | $(BIN)/python
	$(PIP) install --quiet --editable .
	@touch $@

.venv/installed-%: pyproject.toml | $(BIN)/python
	$(PIP) install --quiet --editable ".[$*]"
	@touch $@

$(BIN)/uv: | $(BIN)/python
	$(PIP) install --quiet uv

.venv-lowest/installed: pyproject.toml | $(BIN)/uv
	$(BIN)/uv venv --quiet --clear --python 3.11 .venv-lowest
	$(BIN)/uv pip install --quiet --python .venv-lowest --resolution lowest-direct \
	    --only-binary :all: --no-binary tectum --editable ".[test]"
	@touch $@

$(PEERS)/installed: benchmarks/peers/requirements.txt | $(BIN)/python
	$(PYTHON) -m venv $(PEERS)
	$(PEERS)/bin/python -m pip --disable-pip-version-check install --quiet --requirement $<
	@touch $@

$(PEERS)-%/installed: benchmarks/peers/requirements-%.txt | $(BIN)/python
	$(PYTHON) -m venv $(@D)
	$(@D)/bin/python -m pip --disable-pip-version-check install --quiet --requirement $<
	@touch $@

# torch for the CPU has an index of its own; where there is none in reach: make bench-peers TORCH_INDEX=
$(PEERS)-bindsnet/installed: benchmarks/peers/requirements-bindsnet.txt benchmarks/peers/requirements-bindsnet-alone.txt | $(BIN)/python
	$(PYTHON) -m venv $(@D)
	$(@D)/bin/python -m pip --disable-pip-version-check install --quiet $(TORCH_INDEX:%=--extra-index-url %) --requirement $<
	$(@D)/bin/python -m pip --disable-pip-version-check install --quiet --no-deps \
	    --requirement benchmarks/peers/requirements-bindsnet-alone.txt
	@touch $@
