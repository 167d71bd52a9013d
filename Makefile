# `make demo`, `make app` and `make test` need nothing but Python 3.11 or newer: they set up .venv themselves, once.
PYTHON ?= python3
BIN := .venv/bin
# Marks that a set-up went well, of the package alone and with what the checks need; one that broke off is taken up again.
READY := .venv/ready
READY_DEV := .venv/ready-dev
READY_APP := .venv/ready-app

.PHONY: demo app test check fast fuzz setup bench wheel clean
.NOTPARALLEL: # two set-ups at once would write into one .venv

demo: $(READY)  ## paint examples/photo.jpg in four styles into demo/
	@$(BIN)/python examples/demo.py

app: $(READY_APP)  ## open the studio in the browser: everything on one page
	@$(BIN)/pictura app

test: check  ## everything continuous integration asks for; each core has tests of its own
	@$(BIN)/python -m pytest -n auto

fast: check  ## the same without the slow tests
	@$(BIN)/python -m pytest -n auto -m "not slow"

# Nine kinds of file: 20 minutes in all.
FUZZ_SECONDS ?= 130
fuzz: $(READY_DEV)  ## damaged files of every kind to every reader; FUZZ_SECONDS each, FUZZ_SEED for other damage
	@FUZZ_SECONDS=$(FUZZ_SECONDS) $(BIN)/python -m pytest tests/fuzz

check: $(READY_DEV)  ## style, types, floors
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/mypy --config-file benchmarks/mypy.ini benchmarks docs
	@$(BIN)/lint-imports

bench: $(READY_DEV)  ## speed, memory and quality against the published recipes; takes long
	@$(BIN)/python benchmarks/optimize.py

setup: $(READY_DEV)

wheel: $(READY_DEV)  ## build dist/*.whl and paint with it in an environment of its own
	rm -rf dist
	$(BIN)/python -m build
	$(PYTHON) tools/install.py --into dist/env --wheel dist/*.whl
	cd dist && env/bin/pictura stylize ../examples/photo.jpg --style starry-night --size 256 -o painted.png

$(READY): pyproject.toml constraints.txt tools/install.py
	@$(PYTHON) tools/install.py

$(READY_APP): pyproject.toml constraints.txt tools/install.py
	@$(PYTHON) tools/install.py --extras app

$(READY_DEV): pyproject.toml constraints.txt tools/install.py
	@$(PYTHON) tools/install.py --extras dev

clean:
	rm -rf .venv demo dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
