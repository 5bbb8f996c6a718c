# Every target works in a fresh clone: it installs .venv first if needed.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
# Where the environment forbids byte code, every process of a stack would compile the product anew.
export PYTHONDONTWRITEBYTECODE :=
NPROC := $(shell nproc 2>/dev/null || echo 2)

.DEFAULT_GOAL := help
.PHONY: help setup demo test test-emulator check test-services browser matrix chaos drills night bench mutants audit attacks sbom lock

help: ## show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(STAMP) ## install everything into .venv

LOCKS := requirements.txt requirements-devstack.txt requirements-dev.txt

$(STAMP): $(LOCKS)
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "StreamHub needs Python 3.11 or newer; this is " + sys.version.split()[0] + ". Try: make setup PYTHON=python3.11")'
	@test -x $(BIN)/python && $(BIN)/python -m pip --version >/dev/null 2>&1 || $(PYTHON) -m venv --clear $(VENV) \
	  || { echo "The venv module is missing. On Debian: apt install python3-venv"; exit 1; }
	@echo "Installing StreamHub's requirements into $(VENV) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes $(addprefix -r ,$(LOCKS))
	@touch $@

demo: $(STAMP) ## all processes on this machine, with a tour; EXIT=1 ends after it
	@$(BIN)/python manage.py demo $(if $(filter-out 0,$(EXIT)),--exit)

# TEST_VOLUME=full: at least twice as many drawn examples, points of the matrix and rows of the crowd.
test: $(STAMP) ## the product's fast tests (no services, no browser)
	$(BIN)/pytest -q -n $(NPROC) --dist worksteal -m "not services and not browser" $(addprefix --ignore=,$(EMULATOR_TESTS))

EMULATOR_TESTS := tests/emulator tests/devstack

test-emulator: $(STAMP) ## the emulator's and the devstack's own tests
	$(BIN)/pytest -q -n $(NPROC) $(EMULATOR_TESTS) tests/test_tests.py

# The files that name a marker. Every worker imports what it is given, and all tests take it half a minute.
marked = $(sort $(shell grep -rlE 'mark\.$(1)\b' tests --include='test_*.py'))

# Each test has databases of its own, unless CELERY_BROKER_URL names one Redis for all.
test-services: $(STAMP) ## all processes on real PostgreSQL and Redis, with killed workers
	$(BIN)/pytest -q $(if $(CELERY_BROKER_URL),,-n 2 --dist worksteal) $(call marked,services) -m services

browser: $(STAMP) ## the admin in Chromium; screenshots under var/screenshots, none with SCREENSHOTS=off
	$(BIN)/pytest -q -n 2 --dist loadfile --no-loadscope-reorder $(call marked,browser) -m browser

matrix: $(STAMP) ## every AWS call with every fault, each in a new world; POINT=flow:call:kind replays one
	@$(BIN)/python -m tests.matrix.run $(if $(POINT),--point $(POINT)) $(if $(FLOW),--flow $(FLOW))

bench: $(STAMP) ## AWS calls and time compared with the minimum; CASE=reap, starts, api_starts, kills, idle, export, finding, growth, pace, stack or metrics; QUICK=1
	@QUICK=$(QUICK) $(BIN)/python -m tests.bench.run $(if $(CASE),--case $(CASE))

chaos: $(STAMP) ## clients at work while processes are killed at random; MINUTES=10, SEED repeats the choices
	@$(BIN)/python -m tests.chaos.run --minutes $(or $(MINUTES),10) $(if $(SEED),--seed $(SEED)) $(if $(MISFORTUNES),--misfortunes $(MISFORTUNES))

drills: $(STAMP) ## failovers of PostgreSQL and Redis and wrong clocks, played with all processes; DRILL=name plays one
	@$(BIN)/python -m tests.drills.run $(DRILL)

night: $(STAMP) ## the bad night: every misfortune of a show in Chromium, with its time to red; NAME=name plays one
	@$(BIN)/python -m tests.night.run $(NAME)

mutants: $(STAMP) ## mutate the pure modules one place at a time; lists mutants that no test detects
	@rm -rf mutants
	@mkdir -p var && $(BIN)/mutmut run --max-children $(NPROC) > var/mutants.log || { tail -n 20 var/mutants.log; exit 1; }
	@$(BIN)/python -m tests.mutants.report

audit: $(STAMP) ## known vulnerabilities in what is locked; fails, and says so, if they cannot be read
	@$(BIN)/python -m tests.audit $(LOCKS)

attacks: $(STAMP) ## every attack of docs/security.md, as one set, with its outcome
	@$(BIN)/python -m tests.attacks

sbom: $(STAMP) ## what production is made of, as CycloneDX: var/sbom.json
	@mkdir -p var && $(BIN)/cyclonedx-py requirements --output-format JSON --output-file var/sbom.json requirements.txt
	@echo "var/sbom.json: $$($(BIN)/python -c 'import json; print(len(json.load(open("var/sbom.json"))["components"]))') components"

# mypy takes the longest, and one core: the rest runs beside it.
check: $(STAMP) ## style, types, import contracts, migrations, deployment settings, compose file
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy & types=$$!; $(BIN)/lint-imports \
	  && $(BIN)/python manage.py makemigrations --check --dry-run \
	  && env $(LIVE) $(BIN)/python manage.py check --deploy --fail-level WARNING \
	  && { [ ! -f docker-compose.yml ] || $(BIN)/check-jsonschema --builtin-schema vendor.compose-spec docker-compose.yml; } \
	  && $(BIN)/python -m pip check; rest=$$?; wait $$types && exit $$rest

# Made-up production settings for `check --deploy`, which contacts no service.
LIVE := STREAMHUB_AWS=live SECRET_KEY=an-example-of-fifty-characters-0123456789-abcdefgh \
  ALLOWED_HOSTS=streamhub.example.com MEDIALIVE_ROLE_ARN=arn:aws:iam::111122223333:role/MediaLive \
  CELERY_BROKER_URL=redis://redis:6379/0 DATABASE_URL=postgres://streamhub@database/streamhub

lock: ## resolve requirements*.in again (needs uv)
	@for name in $(LOCKS:.txt=); do \
	  uv pip compile --quiet --universal --python-version 3.11 --generate-hashes $$name.in -o $$name.txt || exit 1; done
