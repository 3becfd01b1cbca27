# Two commands do all the set-up: `make demo` and `make test`. `make help` lists the rest.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# Debian's, which Node does not read by itself
CERTIFICATES := /etc/ssl/certs/ca-certificates.crt

.PHONY: help install demo test check soak lock manifest schema system-packages clean

help: ## what each target does
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /	/' | expand -t 18

install: $(VENV)/installed ## make .venv with everything, by pip alone

$(VENV)/installed: requirements.txt pyproject.toml
	$(PYTHON) -c 'import sys; v = sys.version_info; sys.exit(0 if (3, 11) <= v[:2] <= (3, 13) else "cache-auditor needs Python 3.11 to 3.13, this is %d.%d; name another: make PYTHON=python3.12 ..." % v[:2])'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

demo: install ## the whole story on an embedded PostgreSQL: history, an incident, the observation, the recovery
	$(BIN)/cache-auditor demo $(DEMO)

test: install ## the tests; PYTEST='-k name' passes options on
	$(BIN)/python -m pytest -n 2 --dist worksteal $(PYTEST)

check: install ## format, lint, types, import directions
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

soak: install ## the long campaign: kills while it records (SOAK='--minutes 30')
	$(BIN)/python -m benchmarks.soak $(SOAK)

lock: ## re-resolve requirements.txt (hashes, no addresses)
	$(PYTHON) -m venv $(VENV)-lock
	$(VENV)-lock/bin/python -m pip install --quiet uv
	$(VENV)-lock/bin/uv pip compile --quiet --universal --python-version 3.11 --fork-strategy fewest --generate-hashes \
	    --no-emit-index-url --no-header --upgrade --extra auditor --extra serve --group dev pyproject.toml --output-file requirements.txt
	rm -rf $(VENV)-lock

manifest: install ## sql/manifest.txt after a change of an SQL file
	$(BIN)/python .ci/manifest.py

schema: install ## sql/schema.sql, the checked-in dump, after a new migration
	$(BIN)/python .ci/schema.py

system-packages: ## Debian's PostgreSQL 15, Redis, memcached, Chromium and Node, for the tests that use them
	apt-get update -q
	apt-get install -q -y --no-install-recommends postgresql-15 redis-server memcached openssl chromium
	command -v node >/dev/null || apt-get install -q -y --no-install-recommends nodejs
	command -v npm >/dev/null || apt-get install -q -y --no-install-recommends npm
	NODE_EXTRA_CA_CERTS=$${NODE_EXTRA_CA_CERTS:-$(CERTIFICATES)} \
	    npm install --prefix tests/node --no-package-lock --no-audit --no-fund --silent --fetch-retries=3

clean: ## remove what the other targets made
	rm -rf $(VENV) build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis
