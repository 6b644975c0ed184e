.DEFAULT_GOAL := help
.PHONY: help setup run demo browser test interop torture fuzz conformance bench bench-report bench-quick check docs generate

PYTHON ?= python3
BIN := .venv/bin
STAMP := .venv/.set-up

help:  ## Show this help
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: $(STAMP)  ## Make .venv and install everything, if anything changed

$(STAMP): pyproject.toml constraints.txt
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[dev]'
	@touch $@

run: setup  ## Run a server with the samples deployed
	scripts/run.sh

demo: setup  ## Run the samples against real requests, and show each
	scripts/demo.sh

browser:  ## Install Chromium for the browser test (as root; else the test is skipped)
	scripts/install_browser.sh

# Hundreds of our own processes start in it, which need not compile us each time.
test: export PYTHONDONTWRITEBYTECODE :=

test: setup  ## Run the tests, then the conformance suite
	scripts/install_node_library.sh
	scripts/install_buf.sh
	$(BIN)/pytest -n 2 --dist worksteal --timeout=120
	$(BIN)/python tests/conformance/run.py

interop: setup  ## Run clients in other languages against real servers; LANGUAGES='go node'
	$(BIN)/python -m tests.interop $(LANGUAGES)

torture: setup  ## Kill servers under load, 500 of them; ARGS='--seed N --kills N --seconds N'
	$(BIN)/python -m tests.torture $(ARGS)

fuzz: setup  ## Fuzz authentication and the edges for long; TIMES=50 SECONDS=60
	-$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[fuzz]'
	RINGBACK_FUZZ=$${TIMES:-50} $(BIN)/pytest --timeout=0 tests/security/test_edge_fuzz.py
	$(BIN)/python -m tests.fuzz $${SECONDS:-60}

conformance: setup  ## Run the conformance suite alone
	$(BIN)/python tests/conformance/run.py

bench: setup  ## Measure every row beside its peers; ARGS='--rows start,callback --seconds 5'
	scripts/install_peers.sh
	$(BIN)/python -m benchmarks $(ARGS)

bench-report: setup  ## Put the figures of the last bench into docs/performance.md, with plots
	$$(test -x .bench/plots/bin/python && echo .bench/plots || echo .venv)/bin/python -m benchmarks.report $(ARGS)

bench-quick: setup  ## Compare ratios with stored ones, under 5 minutes; fails when 30 % slower
	$(BIN)/python -m benchmarks.quick $(ARGS)

check: setup  ## Check format, lint, types, layers, protos, sizes, the site and the wheel
	$(BIN)/ruff format --check
	$(BIN)/ruff check
	$(BIN)/mypy
	$(BIN)/pyright
	$(BIN)/lint-imports
	$(BIN)/python scripts/generate.py --check
	scripts/check_protos.sh
	$(BIN)/python scripts/check_sizes.py
	$(MAKE) --no-print-directory docs
	scripts/check_wheel.sh

docs: setup  ## Build the documentation site into docs/_build; a warning is an error
	$(BIN)/sphinx-build --quiet --fail-on-warning --keep-going docs docs/_build

generate: setup  ## Generate Python code from protos/
	$(BIN)/python scripts/generate.py
