# What people and CI do with this clone. `make` alone lists it.
.DEFAULT_GOAL := list
.PHONY: list install demo test test-unit faults check format reference up down lock clean

PYTHON ?= python3
UV := $(or $(shell command -v uv 2>/dev/null),.tools/uv/bin/uv)
BIN := .venv/bin
COMPILE = $(UV) pip compile --quiet --universal --generate-hashes --no-emit-index-url --python-version 3.11 --custom-compile-command "make lock"
# the Python of this machine is used; none is downloaded
export UV_PYTHON_DOWNLOADS = never
unexport VIRTUAL_ENV

list: ## this list
	@awk -F ' *: .*## ' '/^[a-z-]+: .*## / {printf "make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

install: .venv/.installed ## the environment in .venv, as the lock files say; quick when nothing changed

demo: install ## the main job: pictures, training, Kafka, live predictions on a page; Ctrl-C ends it
	$(BIN)/vigia demo

test: install ## every test; those of real pictures when VIGIA_TEST_DATA names their folder
	$(BIN)/pytest

test-unit: install ## the tests that start no service and no browser
	$(BIN)/pytest -m "not integration and not browser and not realdata"

faults: install ## every fault of the live side in its full form, and the table of docs/reliability.md; about half an hour
	$(BIN)/python -m tests.stream.faults --write docs/reliability.md

check: install ## format, lint, types, and who may import whom
	$(BIN)/ruff format --check . && $(BIN)/ruff check . && $(BIN)/mypy && $(BIN)/lint-imports

format: install ## write the code as `check` expects it
	$(BIN)/ruff check --fix . && $(BIN)/ruff format .

up: install ## the one-machine stack in the background
	$(BIN)/vigia up --detach

down: ## stop it
	$(BIN)/vigia down

lock: | $(UV) ## the lock files anew; versions stay where pyproject.toml allows them (UPGRADE=--upgrade: the newest)
	$(COMPILE) $(UPGRADE) pyproject.toml --extra cpu -o requirements.lock
	$(COMPILE) $(UPGRADE) --group dev -c requirements.lock -o requirements-dev.lock

reference: install ## docs/reference, and the deps of dvc.yaml, as the code says it now
	$(BIN)/python -m docs.make_stage_files
	$(BIN)/python -m docs.make_reference

clean: ## remove the environment and every cache; datasets, models and .vigia stay
	rm -rf .venv .tools .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -not -path './.vigia/*' -prune -exec rm -rf {} +

# hatchling is in the lock too, so the last step asks no network
.venv/.installed: requirements.lock requirements-dev.lock pyproject.toml | $(UV)
	$(UV) venv --quiet --allow-existing .venv
	$(UV) pip sync --python .venv --require-hashes --compile-bytecode requirements.lock requirements-dev.lock
	$(UV) pip install --quiet --python .venv --no-deps --no-build-isolation -e .
	@touch $@

.tools/uv/bin/uv:
	@sh .ci/bootstrap-uv $(PYTHON) .tools/uv
