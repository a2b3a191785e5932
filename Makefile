PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PLAIN := $(VENV)/.plain
STAMP := $(VENV)/.installed
LOWEST := .venv-lowest
SUDO := $(shell [ "$$(id -u)" = 0 ] || echo sudo)

.PHONY: demo test check lowest system pages clean

demo: $(PLAIN)  ## the headline scenario, its breakdown and sources, then the ledger's summary
	$(BIN)/farflung run headline
	$(BIN)/farflung explain headline quality_adjusted_flop --depth 3
	$(BIN)/farflung reproduce

test: $(STAMP) system  ## everything CI runs
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/pytest $(PARALLEL) --cov --cov-report=term:skip-covered
	$(BIN)/coverage report --include='*/physics/*,*/learning/*' --fail-under=100

system:  ## what the tests need of the system: a browser, to draw figures and open pages with
	@command -v chromium > /dev/null || \
		( $(SUDO) apt-get update -qq && $(SUDO) apt-get install -y -qq --no-install-recommends chromium )

PARALLEL := -n auto --dist worksteal
FAST := architecture base catalog events evidence learning node outcome physics report scenario

check: $(STAMP)  ## ruff, mypy and the fast tests, in a minute
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/pytest -q $(PARALLEL) -m 'not slow' $(addprefix tests/,$(FAST))

lowest:  ## the fast tests, and those of files and clusters, on the lowest versions that pyproject.toml allows
	$(PYTHON) -m venv $(LOWEST)
	$(LOWEST)/bin/python -m pip install --quiet uv
	$(LOWEST)/bin/uv pip install --quiet --python $(LOWEST)/bin/python --resolution lowest-direct --editable '.[dev]'
	$(LOWEST)/bin/python -m pytest -q $(PARALLEL) $(addprefix tests/,$(FAST) analysis/test_sweep_files.py cli/test_run.py \
		jax slow/test_sweep_cluster.py)

pages: $(STAMP) system  ## rewrite the generated pages under docs/
	$(BIN)/farflung reproduce --format markdown > docs/ledger.md
	$(BIN)/farflung contradictions --format markdown > docs/contradictions.md
	$(BIN)/farflung nomenclature > docs/nomenclature.md
	$(BIN)/farflung validate --format markdown --plot docs/validation.svg > docs/validation.md
	$(BIN)/farflung validate --group events --plot docs/validation-events.svg > /dev/null
	$(BIN)/farflung evidence --format markdown --plot docs/evidence.svg > docs/evidence.md
	$(BIN)/farflung headlines --format markdown --plot docs/headlines.svg > docs/headlines.md
	$(BIN)/python tests/docs/test_notebook.py
	$(BIN)/farflung run headline --format svg > docs/headline.svg
	$(BIN)/farflung uncertainty headline --plot docs/uncertainty.svg > /dev/null

$(PLAIN): pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet --editable .
	touch $@

$(STAMP): $(PLAIN)
	$(BIN)/python -m pip install --quiet --editable '.[dev]'
	touch $@

clean:
	rm -rf $(VENV) $(LOWEST) .mypy_cache .ruff_cache .pytest_cache .hypothesis .coverage
