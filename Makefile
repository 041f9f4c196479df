# make run    the whole platform on this machine      make test   everything that checks it
# make lint   style, types, import rules              make bench  figures
PYTHON ?= $(shell command -v python3.11 || command -v python3)
BIN := .venv/bin
PORT ?=

.PHONY: run test lint bench install install-dev tools format messages

run: install
	@exec $(BIN)/python -m webapp.local run $(if $(PORT),--port $(PORT))

test: install-dev tools
	@$(MAKE) --no-print-directory lint
	$(BIN)/python -m pytest -q -n auto --maxprocesses 4 --dist loadfile
	$(BIN)/python tests/tools.py node --test tests/js/*.test.js

lint: install-dev tools
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy .
	$(BIN)/lint-imports
	$(BIN)/python tests/tools.py tsc --project tsconfig.json

format: install-dev
	$(BIN)/ruff check --fix . && $(BIN)/ruff format .

# Needs gettext: brings the catalogues up to date with the texts, and compiles them.
messages: install
	$(BIN)/python manage.py makemessages -l zh_Hant --no-location --no-wrap -i .venv -i node_modules -i var -i tests
	$(BIN)/python manage.py compilemessages -l zh_Hant -i .venv

bench: install-dev
	$(BIN)/python -m benchmarks

install:
	@$(PYTHON) webapp/local/install.py requirements.txt

install-dev:
	@$(PYTHON) webapp/local/install.py requirements-dev.txt

tools: install-dev
	@$(BIN)/python tests/tools.py
