# The README's two commands are `make demo` and `make test`. Each sets up .venv by itself when it is missing or out of date.

PYTHON := .venv/bin/python
STAMP := .venv/remission-setup.stamp
DEMO_OPTIONS ?= --patients 2000 --out runs/demo
PYTEST_OPTIONS ?=
DOCS_OPTIONS ?=

.DEFAULT_GOAL := help
.PHONY: help setup demo test check docs clean

help:
	@echo "make demo    virtual trial of CAR-T therapy in B-ALL, report in runs/demo"
	@echo "make test    all tests"
	@echo "make check   ruff, pyright and the quick tests"
	@echo "make docs    equations, tables and pictures of the docs, from code and a run"
	@echo "make setup   only the environment, in .venv"
	@echo "make clean   remove caches and build output (keeps .venv and runs)"

setup: $(STAMP)

$(STAMP): requirements.lock pyproject.toml scripts/setup.sh
	@sh scripts/setup.sh $(STAMP)

demo: $(STAMP)
	.venv/bin/remission trial b-all-car-t $(DEMO_OPTIONS)

test: $(STAMP)
	$(PYTHON) -m pytest $(PYTEST_OPTIONS)

check: $(STAMP)
	$(PYTHON) -m ruff check .
	$(PYTHON) -m pyright
	$(PYTHON) -m pytest -m "not slow" $(PYTEST_OPTIONS)

docs: $(STAMP)
	$(PYTHON) -m scripts.docs $(DOCS_OPTIONS)

clean:
	rm -rf build dist *.egg-info .pytest_cache .ruff_cache .hypothesis
	find remission tests examples -name __pycache__ -type d -prune -exec rm -rf {} +
