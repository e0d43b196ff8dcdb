# make run    boot the system on its sample disk
# make test   run all tests
# make check  lint, format and type checks
# make build  compile the C parts that have changed
# make docs   print the system calls into docs/protocols.md
#
# Each makes .venv first, with the newest Python from 3.11 on that it finds.

SUPPORTED := import sys; sys.exit(sys.version_info < (3, 11))
PYTHON ?= $(shell for python in python3.13 python3.12 python3.11 python3; do \
	$$python -c '$(SUPPORTED)' 2>/dev/null && echo $$python && break; done)
BIN := .venv/bin

.PHONY: run test check build docs clean

run: build
	@$(BIN)/anos-sim run

test: build
	@$(BIN)/python -m pytest

check: .venv/installed
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy

build: .venv/installed
	@$(BIN)/python toolchain/guest/build.py

docs: .venv/installed
	@$(BIN)/python -m anos_sim.toolchain.guest.reference

.venv/installed: pyproject.toml hatch_build.py
	@test -n "$(PYTHON)" || { echo "anos-sim needs Python 3.11 or later" >&2; exit 2; }
	@echo "making .venv and compiling the C library, once: about a minute"
	@$(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@touch $@

clean:
	rm -rf .venv .cache .editable toolchain/elf toolchain/lib hw/libvcpu.so
