# Two commands do everything: `make demo` and `make test`. Both set up .venv when it is missing or out of date.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PYTEST := python -m pytest

# A Debian with python3 alone has no ensurepip, so that venv fails: uv and virtualenv bring their own.
NO_VENV := preflight: $(PYTHON) cannot make a virtual environment: apt-get install python3-venv, or install uv or virtualenv
NEW_VENV = test -x $(BIN)/python || $(PYTHON) -m venv $(VENV) >/dev/null 2>&1 || { rm -rf $(VENV); \
	if command -v uv >/dev/null; then uv venv --quiet --seed --python $(PYTHON) $(VENV); \
	elif command -v virtualenv >/dev/null; then virtualenv --quiet --python $(PYTHON) $(VENV); \
	else echo "$(NO_VENV)" >&2; exit 1; fi; }
INSTALL = $(BIN)/python -m pip install --quiet

.PHONY: demo test lint types fixtures docs bench clean

demo: $(VENV)/demo
	@$(BIN)/preflight demo

test: $(VENV)/ready chromium
	$(BIN)/$(PYTEST) -n auto --durations=10 --durations-min=1

.PHONY: chromium
chromium: $(VENV)/ready  # Debian's, for the tests of pages, and a library that their driver needs: installed as root
	@{ command -v chromium chromium-browser && $(BIN)/python -m playwright --version; } >/dev/null 2>&1 || \
		{ test "$$(id -u)" = 0 && command -v apt-get >/dev/null && apt-get update -qq && \
		DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium libatomic1 >/dev/null; } || \
		echo "preflight: the tests of pages need Chromium: apt-get install chromium libatomic1" >&2

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
snapshots: $(VENV)/ready  # the output of every format, for the tests; look at the difference before committing it
	PYTHONPATH=.:fixtures $(BIN)/python -m tests.support.snapshots

.PHONY: site
site: $(VENV)/ready  # the documentation as a site that opens from a disk: build/site/index.html
	$(BIN)/python docs/website.py

bench: $(VENV)/ready  # against its peers, which it installs: programs with apt-get if root, libraries into bench/.peers
	$(BIN)/python bench/peers.py
	$(BIN)/python bench/run.py --write

.PHONY: fuzz
fuzz: $(VENV)/ready  # 20 000 mutants of the fixtures, some minutes; failing mutants are kept in fuzz-failures/
	$(BIN)/python -m fuzz

.PHONY: kills
kills: $(VENV)/ready  # 1000 submissions killed at random moments, a quarter of an hour; docs/ledger.md has the figures
	$(BIN)/python tests/tools/kills.py 1000

clean:
	rm -rf $(VENV) dist .coverage* .mypy_cache .pytest_cache .ruff_cache .hypothesis

$(VENV)/ready: pyproject.toml
	@$(NEW_VENV)
	$(INSTALL) --editable '.[dev]'
	@$(BIN)/python -m compileall -q preflight  # some machines forbid it on the fly, and each start would compile again
	@touch $@ $(VENV)/demo

$(VENV)/demo: pyproject.toml  # the needs of the demo, without the tools for developers
	@$(NEW_VENV)
	$(INSTALL) --editable '.[fix,sandbox,ui]'
	@touch $@
