# One sentence per recipe; each sets up what it needs.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
ARGS ?=
CORES ?= 2
TRACED := tests/unit/schemas tests/unit/models
UNIT := tests/unit tests/laws tests/agents tests/test_architecture.py

.PHONY: demo test check format quick pure coverage others simulation integration faults bench figures lock clean

# Start an embedded Kafka and Redis, a worker and a simulated bank, and show what comes out (ARGS="--seconds 60 --json demo.json").
demo: $(VENV)/.ready
	@$(BIN)/rapport demo $(ARGS)

# Everything that must hold: the checks; then all on a real Kafka and Redis, beside which the pure core (unit tests, laws,
# simulation), which gives way to it, takes what is left of the cores.
test: check
	@$(MAKE) --no-print-directory -j2 integration pure

# What needs no services: the core's own tests with their coverage, all other unit tests and the laws, the simulation.
pure: coverage
	@$(MAKE) --no-print-directory others
	@$(MAKE) --no-print-directory simulation

# Style, types and import contracts, in under a minute.
check: $(VENV)/.ready
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/python -m schemas.export --check
	@if command -v promtool > /dev/null; then cd deploy/prometheus && promtool check rules rapport.rules.yml && promtool test rules rapport.rules.test.yml; \
	else echo "promtool is not installed: the Prometheus rules were not played (their names are checked by tests/unit/test_alert_rules.py)"; fi

# The unit tests of schemas/ and models/, which reach 100 % of their branches by themselves: tracing doubles what tests take.
coverage: $(VENV)/.ready
	@nice $(BIN)/python -m pytest $(TRACED) -q -n $(CORES) --cov --cov-report=term:skip-covered --cov-fail-under=100

# All other unit tests, and the laws.
others: $(VENV)/.ready
	@nice $(BIN)/python -m pytest $(UNIT) $(TRACED:%=--ignore=%) -q -n $(CORES)

# The engine's core through 10,000 seeds of kills, moves and outages in memory; each protection off must fail.
simulation: $(VENV)/.ready
	@nice $(BIN)/python -m pytest tests/simulation -q -n $(CORES)

# Unit tests, laws and some of the simulation without coverage, for the inner loop.
quick: $(VENV)/.ready
	@RAPPORT_SEEDS=1000 $(BIN)/python -m pytest $(UNIT) tests/simulation -q -n 2 -x

# Tests on a real Kafka and Redis, started by the tests themselves.
integration: $(VENV)/.ready
	@$(BIN)/python -m pytest tests/integration tests/replay tests/faults -q

# Kill, pause, cut off and starve workers, and judge what is left (ARGS=--list; ARGS="kills_at_points --seeds 20").
faults: $(VENV)/.ready
	@$(BIN)/python -m tests.faults $(ARGS)

# Measure cost and latency beside other engines, in ten minutes (ARGS=--full: the whole protocol; ARGS="whole --figures": one part).
bench: $(VENV)/.ready
	@$(BIN)/python -m tests.bench $(ARGS)

# Compute the figures of models, alerts and values into docs/figures.json; those of speed and faults: make bench, make faults.
figures: $(VENV)/.ready
	@$(BIN)/python -m stream_app.figures $(ARGS)

# Repair what ruff can repair.
format: $(VENV)/.ready
	@$(BIN)/ruff check --fix-only -q . ; $(BIN)/ruff format -q .

# Resolve the dependencies again (needs uv).
lock:
	uv pip compile -q --generate-hashes --extra dev --python-version 3.11 pyproject.toml -o requirements.lock

# Remove what the recipes made.
clean:
	rm -rf $(VENV) .rapport build *.egg-info .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis .coverage

$(VENV)/.ready: requirements.lock deploy/uv.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Rapport needs Python 3.11 or newer; $(PYTHON) is older. Set PYTHON=/path/to/python3.11."; exit 1; }
	@echo "Setting up $(VENV) (once, less than half a minute) ..."
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes -r deploy/uv.lock
	@$(BIN)/uv pip install -q --python $(BIN)/python --require-hashes -r requirements.lock
	@$(BIN)/uv pip install -q --python $(BIN)/python --no-deps --no-build-isolation -e .
	@touch $@
