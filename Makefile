# Everything that a newcomer and CI need. `make help` lists the targets.

VENV   := .venv
PYTHON ?= python3
BIN    := $(VENV)/bin
COMPILE = uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header \
  --no-emit-index-url --no-emit-find-links --no-annotate

CHROMIUM     ?= /usr/bin/chromium
CONSOLE      := src/gesso/console/index.html
CONSOLE_FROM := $(shell git ls-files console 2>/dev/null || \
  find console -path console/node_modules -prune -o -type f -print)
NODE         := console/node_modules/.installed
NODE_TESTS   := tests/node/node_modules/.installed

# Where Python may not keep what it compiled, each of the tests' hundreds of processes would
# compile everything again.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help serve console test check unit browsers bench format reference types lock wheel clean

help: ## List the targets
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /  make \1\t/' | expand -t 18

serve: $(VENV)/.run ## Set everything up and run the gateway on http://127.0.0.1:8080
	@$(MAKE) --no-print-directory console || echo "gesso goes on without building its console."
	$(BIN)/gesso serve

console: $(CONSOLE) ## Build the console (needs Node 20.19 or newer and npm)

test: $(VENV)/.dev ## Set everything up, check the code and run every test
	$(MAKE) --no-print-directory browsers
	$(MAKE) --no-print-directory console
	$(MAKE) --no-print-directory check unit

check: $(VENV)/.dev $(NODE) ## Lint, types and floors
	$(BIN)/ruff check src tests bench examples
	$(BIN)/ruff format --check src tests bench examples
	$(BIN)/mypy
	$(BIN)/lint-imports
	npm --prefix console run --silent check

unit: $(VENV)/.dev $(NODE_TESTS) ## The tests alone
	$(BIN)/python -m pytest

browsers: ## Install what the console's tests need, where it is missing and root asks
	@need=""; \
	command -v node >/dev/null && command -v npm >/dev/null || need="nodejs npm"; \
	test -x $(CHROMIUM) || need="$$need chromium"; \
	test -z "$$need" || { test "$$(id -u)" = 0 && command -v apt-get >/dev/null || { \
	  echo "the console's tests need:$$need (apt-get install -y$$need)"; exit 1; }; \
	  apt-get update -qq && apt-get install -y -qq --no-install-recommends $$need; }

bench: $(VENV)/.dev ## Measure; see bench/README.md
	$(BIN)/python -m bench

format: $(VENV)/.dev ## Format the code
	$(BIN)/ruff check --fix src tests bench examples
	$(BIN)/ruff format src tests bench examples

types: $(VENV)/.dev $(NODE) ## Write the console's types from the API of this code
	$(BIN)/python -m tests.browser.openapi
	npm --prefix console run --silent types

reference: $(VENV)/.dev ## Write docs/reference from the code
	$(BIN)/python docs/make_reference.py

wheel: $(VENV)/.dev $(CONSOLE) ## Build the wheel into dist/
	$(BIN)/python -m pip wheel --no-deps --wheel-dir dist .

lock: ## Resolve the dependencies again (needs uv)
	$(COMPILE) -o requirements/build.txt requirements/build.in
	$(COMPILE) --group dev -o requirements/dev.txt pyproject.toml requirements/build.in
	$(COMPILE) -c requirements/dev.txt -o requirements/run.txt pyproject.toml

clean: ## Remove what was built; data stays
	rm -rf $(VENV) dist src/gesso/console console/node_modules tests/node/node_modules .mypy_cache .ruff_cache .pytest_cache .hypothesis

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

$(NODE): console/package-lock.json
	@node -e 'const [a, b] = process.versions.node.split("."); process.exit(a > 20 || (a == 20 && b >= 19) ? 0 : 1)' \
	  2>/dev/null && command -v npm >/dev/null || { \
	  echo "the console needs Node 20.19 or newer and npm: apt-get install nodejs npm"; exit 1; }
	npm --prefix console ci --silent
	@touch $@

$(NODE_TESTS): tests/node/package-lock.json
	npm --prefix tests/node ci --silent
	@touch $@

$(CONSOLE): $(NODE) $(CONSOLE_FROM)
	npm --prefix console run --silent build
	@touch $@
