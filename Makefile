# Needs only Python 3.11 or later and make. The environment is .venv; a stamp in it says which locks it holds, so nothing is done twice.
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help demo test check long lock clean

PYTHON ?= python3
JOBS ?= 2
BIN := .venv/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check install --no-deps
LOCKED := $(PIP) --require-hashes
UV_LOCK := $(BIN)/uv pip compile --quiet --universal --generate-hashes --no-header --no-annotate --no-emit-package torch --override .venv/no-torch.txt

help: ## list what make can do
	@sed -n 's/^\([a-z]*\):.*## /  make \1\t/p' $(MAKEFILE_LIST) | expand -t 16

demo: .venv/init.stamp ## set up if need be, then serve the demo study on this machine
	@$(BIN)/intercoder demo

test: .venv/dev.stamp ## all tests but the long ones, with branch coverage; says what it skips and why
	$(BIN)/python -m pytest --numprocesses $(JOBS) --dist loadfile --cov --cov-report term

check: .venv/dev.stamp ## the static gates: lint, format, types, imports, dependencies, dead code
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/basedpyright
	$(BIN)/lint-imports --no-logo
	$(BIN)/deptry .
	$(BIN)/vulture

long: .venv/dev.stamp ## the big counts of the kill, race and leak tests
	$(BIN)/python -m pytest --numprocesses $(JOBS) --dist loadfile -m long

lock: .venv/dev.stamp ## bring the locks in line with pyproject.toml; UPGRADE=--upgrade takes the newest versions
	@# torch is locked by hand in requirements-torch.lock: a condition that never holds keeps it and its CUDA packages out of the others.
	@echo "torch ; sys_platform == 'never'" > .venv/no-torch.txt
	$(UV_LOCK) $(UPGRADE) --output-file requirements.lock pyproject.toml
	$(UV_LOCK) $(UPGRADE) --output-file requirements-dev.lock --constraints requirements.lock --group dev pyproject.toml

clean: ## remove the environment and all caches; studies and models stay
	rm -rf .venv build *.egg-info service/embedding/_packed.*.so .coverage .coverage.* .hypothesis .import_linter_cache .pytest_cache .ruff_cache .schemathesis
	find . -name __pycache__ -prune -exec rm -rf {} +

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Intercoder needs Python 3.11 or later; name one with: make PYTHON=python3.11"; exit 1; }
	@$(PYTHON) -c 'import ensurepip' || { echo "$(PYTHON) cannot make environments; on Debian and Ubuntu: apt-get install python3-venv"; exit 1; }
	$(PYTHON) -m venv .venv

# The CPU build of torch is on an index of its own. What pip is set up with here (a mirror, a folder of wheels) is asked first, so that a machine
# that cannot reach that index does not wait for it; the hashes are the same either way.
.venv/torch.stamp: requirements-torch.lock | $(BIN)/python
	$(LOCKED) -r requirements-torch.lock 2> .venv/torch.log || $(LOCKED) --retries 1 --index-url https://download.pytorch.org/whl/cpu -r requirements-torch.lock
	@touch $@

.venv/run.stamp: requirements.lock pyproject.toml service/embedding/packed.c service/embedding/packed_tiles.h .venv/torch.stamp
	@echo "Installing the locked packages; the first time this takes a few minutes."
	$(LOCKED) --quiet -r requirements.lock
	$(PIP) --quiet --no-build-isolation --editable .
	@touch $@

.venv/dev.stamp: requirements-dev.lock .venv/run.stamp
	$(LOCKED) --quiet -r requirements-dev.lock
	@touch $@

.venv/init.stamp: .venv/run.stamp
	@$(BIN)/intercoder init > /dev/null # its set-up link is for an installation without the demo
	@touch $@
