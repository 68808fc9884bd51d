PYTHON ?= python3
RUN = .venv/bin/python -m

.PHONY: setup demo test check up clean

setup:
	@"$(PYTHON)" deploy/setup.py

demo: setup
	@$(RUN) service demo

up: setup
	@$(RUN) service up

test: setup
	@$(RUN) pytest

check: setup
	@$(RUN) ruff check .
	@$(RUN) ruff format --check .
	@$(RUN) mypy
	@.venv/bin/lint-imports

clean:
	rm -rf .venv build
