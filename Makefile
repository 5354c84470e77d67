# Two commands do everything: `make demo` and `make test`. Both set up .venv when it is missing or out of date.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PYTEST := python -m pytest

.PHONY: demo test lint types fixtures docs bench clean

demo: $(VENV)/ready
	@$(BIN)/preflight demo

test: $(VENV)/ready
	$(BIN)/$(PYTEST) -n auto

lint: $(VENV)/ready
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/ready
	$(BIN)/mypy

fixtures: $(VENV)/ready  # needs ffmpeg, exiftool and ImageMagick; the results are committed
	$(BIN)/python fixtures/build.py

docs: $(VENV)/ready  # the generated parts, and the picture of a report
	$(BIN)/python docs/build.py

.PHONY: snapshots
snapshots: $(VENV)/ready  # what every format prints, as the tests hold it; look at the difference before committing it
	PYTHONPATH=.:fixtures $(BIN)/python -m tests.support.snapshots

bench: $(VENV)/ready  # against its peers, which it installs: programs with apt-get if root, libraries into bench/.peers
	$(BIN)/python bench/peers.py
	$(BIN)/python bench/run.py --write

.PHONY: fuzz
fuzz: $(VENV)/ready  # 20 000 mutants of the fixtures, some minutes; what fails is kept in fuzz-failures/
	$(BIN)/python -m fuzz

.PHONY: kills
kills: $(VENV)/ready  # 1000 submissions killed at random moments, a quarter of an hour; docs/ledger.md has the figures
	$(BIN)/python tests/tools/kills.py 1000

clean:
	rm -rf $(VENV) dist .coverage* .mypy_cache .pytest_cache .ruff_cache .hypothesis

$(VENV)/ready: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --editable '.[dev]'
	@$(BIN)/python -m compileall -q preflight  # some machines forbid it on the fly, and each start would compile anew
	@touch $@
