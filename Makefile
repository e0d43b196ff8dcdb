# make run    boot the system on its sample disk and show what it can do
# make test   run all tests, and once more on riscv64 those that name no architecture
# make lint   lint, format and type checks
# make check  the same, and the fuzzers, the seeded faults and the large cases for minutes
# make fuzz   the fuzzers alone, each for FUZZ_SECONDS; and the seeded faults
# make build  compile the C parts that have changed; with ARCH=riscv64 or ARCH=all, for those
# make docs   print the system calls into docs/protocols.md
#
# Each makes .venv first, with the newest Python from 3.11 on that it finds.

SUPPORTED := import sys; sys.exit(sys.version_info < (3, 11))
PYTHON ?= $(shell for python in python3.13 python3.12 python3.11 python3; do \
	$$python -c '$(SUPPORTED)' 2>/dev/null && echo $$python && break; done)
BIN := .venv/bin
FUZZ_SECONDS ?= 60
ARCH ?= x86_64
OF_A_MACHINE := tests/hw tests/stage3 tests/system tests/servers tests/toolchain

.PHONY: run test lint check fuzz build docs clean

run: build
	@$(BIN)/anos-sim run --tour

test: ARCH := all
test: build
	@$(BIN)/python -m pytest -n auto
	@$(BIN)/python -m pytest -n auto --arch riscv64 $(OF_A_MACHINE)

lint: build
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy

check: lint fuzz

fuzz: build
	@ANOS_SIM_FUZZ_SECONDS=$(FUZZ_SECONDS) $(BIN)/python -m pytest -q \
		tests/hw/test_hostile.py tests/system/test_fuzz_calls.py tests/stage3/test_capability.py \
		tests/stage3/test_ipc.py tests/stage3/test_scale.py tests/stage3/test_mutants.py \
		tests/servers/test_power_cut.py tests/servers/test_fat32_model.py \
		tests/servers/test_fat32_limits.py tests/servers/test_fat32_fuzz.py tests/system/test_files.py \
		tests/toolchain/chaos/test_campaign.py tests/system/test_supervision.py

build: .venv/installed
	@$(BIN)/python toolchain/guest/build.py --arch $(ARCH)

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
