# Everything a newcomer needs: `make demo`, `make test`, `make test-sdks`.

PYTHON ?= python3.11
PYTHON := $(shell command -v $(PYTHON) || command -v python3)
VENV := .venv
SDKS := .venv-sdks
STAMP := $(VENV)/installed
SDKS_STAMP := $(SDKS)/installed
# editable_mode=compat: the default finder of setuptools 77 costs every start of Python 60 ms.
# Setuptools warns of that mode at length, over everything a newcomer wants to see: hence PYTHONWARNINGS.
# It names a dependency whose package overwrites aliyun-python-sdk-core; the group "sdks" has all it really imports.
ALONE := voduploadsdk==1.0.2
SOURCES := pyproject.toml setup.py $(wildcard src/*)

.PHONY: demo test lint types contracts unit test-sdks bench contests media clean

$(STAMP): $(SOURCES)
	test -x $(VENV)/bin/python || $(PYTHON) -m venv $(VENV)
	$(VENV)/bin/python -m pip install --quiet --upgrade "pip>=25.1"
	PYTHONWARNINGS=ignore $(VENV)/bin/python -m pip install --quiet --no-compile --config-settings editable_mode=compat --group dev --editable ".[cli,tls-emulator]"
	touch $@

$(SDKS_STAMP): $(SOURCES)
	test -x $(SDKS)/bin/python || $(PYTHON) -m venv $(SDKS)
	$(SDKS)/bin/python -m pip install --quiet --upgrade "pip>=25.1"
	$(SDKS)/bin/python -m pip install --quiet --no-compile --group dev --group sdks --editable ".[cli,tls-emulator]"
	$(SDKS)/bin/python -m pip install --quiet --no-compile --no-deps "$(ALONE)"
	touch $@

demo: $(STAMP)
	$(VENV)/bin/python -m tests.demo

test: lint types contracts unit

lint: $(STAMP)
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .

types: $(STAMP)
	$(VENV)/bin/mypy

contracts: $(STAMP)
	$(VENV)/bin/lint-imports --no-cache

unit: $(STAMP)
	$(VENV)/bin/python -m pytest -n 2

test-sdks: $(SDKS_STAMP)
	$(SDKS)/bin/python -m pytest tests/foreign

bench: $(STAMP)
	$(VENV)/bin/python -m pytest bench --benchmark-only

contests: $(SDKS_STAMP)
	$(SDKS)/bin/python -m bench

media:
	tests/media/make.sh

clean:
	rm -rf $(VENV) $(SDKS) build dist *.egg-info vodfast/*.so
