# `make demo` and `make test` need nothing but Python 3.11 or newer: they set up .venv themselves, once.
PYTHON ?= python3
BIN := .venv/bin
READY := .venv/ready

.PHONY: demo test check fast setup bench clean

demo: $(READY)  ## paint examples/photo.jpg in four styles into demo/
	@$(BIN)/python examples/demo.py

test: check  ## everything continuous integration asks for
	@$(BIN)/python -m pytest

fast: check  ## the same without the slow tests
	@$(BIN)/python -m pytest -m "not slow"

check: $(READY)  ## style, types, floors
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

bench: $(READY)  ## speed, memory and quality against the published recipes; takes long
	@$(BIN)/python benchmarks/optimize.py

setup: $(READY)

# The file is the mark that all went well: a set-up that broke off is taken up again.
$(READY): pyproject.toml constraints.txt
	@$(PYTHON) -c "import sys; sys.exit(sys.version_info < (3, 11))" || \
	{ echo "pictura needs Python 3.11 or newer, and '$(PYTHON)' is not: say which one is, as in make PYTHON=python3.12"; exit 1; }
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --disable-pip-version-check -c constraints.txt -e ".[dev]"
	@touch $@

clean:
	rm -rf .venv demo .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
