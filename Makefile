# All that is done with this folder; each target sets up what it needs by itself. Works with GNU make 3.81.

# python3 if it is new enough, else the newest there is.
PYTHON = $(shell for python in python3 python3.14 python3.13 python3.12 python3.11; do \
	$$python -Ic 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 && { echo $$python; break; }; done)
RUN = .venv/bin/python -m

# What the caller's shell says about other servers, other Python code and other Java is not meant for these.
$(foreach name,$(filter-out KAFKA_IMAGE,$(filter PG% KAFKA_% PYTHONPATH PYTHONHOME JAVA_TOOL_OPTIONS _JAVA_OPTIONS JDK_JAVA_OPTIONS CLASSPATH,\
	$(.VARIABLES))),$(eval unexport $(name)))

.PHONY: setup demo up test test-containers bench bench-recovery bench-reads check locks clean

demo: setup
	@$(RUN) service demo

up: setup
	@$(RUN) service up

test: setup
	@$(RUN) pytest

# Needs a Docker engine: builds the image, and has the stack of docker-compose.yml play, scaled, killed and judged.
test-containers: setup
	@$(RUN) pytest --containers tests/containers

# A short one: make bench ARGS="--commands 60000 --turns 1"
bench: setup
	@$(RUN) tests.bench $(ARGS)

# A short one: make bench-recovery ARGS="--ships 20000 --events 200000"
bench-recovery: setup
	@$(RUN) tests.bench.recovery $(ARGS)

# A short one: make bench-reads ARGS="--ships 20000 --turns 1 --seconds 5"
bench-reads: setup
	@$(RUN) tests.bench.reads $(ARGS)

check: setup
	@$(RUN) ruff check .
	@$(RUN) ruff format --check .
	@$(RUN) mypy
	@.venv/bin/lint-imports
	@$(RUN) service contracts check > /dev/null

setup:
	@python="$(PYTHON)"; [ -n "$$python" ] || { \
		echo "set-up: no Python 3.11 or newer was found: install one and call make again" >&2; exit 1; }; \
	$$python -I deploy/setup.py

# The newest versions that pyproject.toml allows, for every platform at once, with the hash of each file.
COMPILE = .venv/bin/uv pip compile --quiet --universal --python-version 3.11 --only-binary :all: --generate-hashes --no-header \
	--no-emit-index-url --no-emit-find-links --no-emit-package fairlead
locks: setup
	$(RUN) pip install --quiet uv
	$(COMPILE) pyproject.toml --upgrade --extra local --group dev --group build --output-file deploy/locks/development.txt
	$(COMPILE) pyproject.toml --constraint deploy/locks/development.txt --output-file deploy/locks/service.txt
	$(COMPILE) --group build --constraint deploy/locks/development.txt --output-file deploy/locks/build.txt
	$(RUN) service.local.jar_lock > .venv/kafka.lock && mv .venv/kafka.lock service/local/kafka.lock

clean:
	rm -rf .venv build
