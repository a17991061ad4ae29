# Everything that a newcomer and CI need. `make help` lists the targets.

VENV   := .venv
PYTHON ?= python3
BIN    := $(VENV)/bin
COMPILE = uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header \
  --no-emit-index-url --no-emit-find-links --no-annotate

.DEFAULT_GOAL := help
.PHONY: help serve test check unit bench format reference lock wheel clean

help: ## List the targets
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /  make \1\t/' | expand -t 18

serve: $(VENV)/.run ## Set everything up and run the gateway on http://127.0.0.1:8080
	$(BIN)/gesso serve

test: $(VENV)/.dev ## Set everything up, check the code and run every test
	$(MAKE) --no-print-directory check unit

check: $(VENV)/.dev ## Lint, types and floors
	$(BIN)/ruff check src tests bench
	$(BIN)/ruff format --check src tests bench
	$(BIN)/mypy
	$(BIN)/lint-imports

unit: $(VENV)/.dev ## The tests alone
	$(BIN)/python -m pytest

bench: $(VENV)/.dev ## Measure; see bench/README.md
	$(BIN)/python -m bench

format: $(VENV)/.dev ## Format the code
	$(BIN)/ruff check --fix src tests bench
	$(BIN)/ruff format src tests bench

reference: $(VENV)/.dev ## Write docs/reference from the code
	$(BIN)/python docs/make_reference.py

wheel: $(VENV)/.dev ## Build the wheel into dist/
	$(BIN)/python -m pip wheel --no-deps --wheel-dir dist .

lock: ## Resolve the dependencies again (needs uv)
	$(COMPILE) -o requirements/build.txt requirements/build.in
	$(COMPILE) --group dev -o requirements/dev.txt pyproject.toml requirements/build.in
	$(COMPILE) -c requirements/dev.txt -o requirements/run.txt pyproject.toml

clean: ## Remove what was built; data stays
	rm -rf $(VENV) dist .mypy_cache .ruff_cache .pytest_cache .hypothesis

# A stamp is written only when its step has ended well, so a broken set-up is done again.
$(VENV)/.venv:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
	  echo "gesso needs Python 3.11 or newer as '$(PYTHON)': apt-get install python3 python3-venv"; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || { \
	  echo "Python's venv module is missing: apt-get install python3-venv"; exit 1; }
	$(PYTHON) -m venv --clear $(VENV)
	@touch $@

$(VENV)/.run: $(VENV)/.venv requirements/run.txt requirements/build.txt pyproject.toml
	$(BIN)/python -m pip install --quiet --require-hashes -r requirements/build.txt -r requirements/run.txt
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/.dev: $(VENV)/.run requirements/dev.txt
	$(BIN)/python -m pip install --quiet --require-hashes -r requirements/dev.txt
	@touch $@
