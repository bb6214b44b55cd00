# Two commands on a fresh machine: `make demo` and `make test`. Everything lands in .venv in the checkout.
# Needs Python 3.11 or newer, make and git.

PYTHON ?= python3
VENV := .venv
DIST := dist
BIN := $(VENV)/bin
READY := $(VENV)/.ready
WORKERS := 2

PROTO_FILES := $(sort $(wildcard proto/openoutcry/wire/v1/*.proto))
GENERATED := openoutcry/wire/v1
# Only files that define a service have gRPC code; for the others the generator would write an empty module.
SERVICE_FILES := $(shell grep -ls '^service ' $(PROTO_FILES))
PROTOC = $(BIN)/python -m grpc_tools.protoc -I proto
DEMO := examples/offshore_tract/scenario.toml

export PIP_DISABLE_PIP_VERSION_CHECK := 1
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help

.PHONY: help
help: ## Show the targets.
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-10s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

# --- Environment ---

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Python 3.11 or newer is needed, as '$(PYTHON)' or named by PYTHON=..." >&2; exit 1; }
	@# Debian ships venv without ensurepip unless python3-venv is installed; the system's pip can then fill the
	@# environment from outside.
	$(PYTHON) -m venv $(VENV) || { \
	  $(PYTHON) -m venv --clear --without-pip $(VENV) && \
	  $(PYTHON) -m pip --python $(BIN)/python install pip || { \
	    rm -rf $(VENV); \
	    echo "no way to get pip into $(VENV): install python3-venv or python3-pip and try again" >&2; exit 1; }; }

$(READY): requirements.lock pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet --require-hashes --requirement requirements.lock
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

.PHONY: setup
setup: $(READY) ## Set up .venv from requirements.lock.

# --- Code ---

.PHONY: fmt
fmt: $(READY) ## Format the code and mend what can be mended safely.
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

.PHONY: lint
lint: $(READY) ## Check style, the direction of imports, and that generated code is up to date.
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/lint-imports --no-cache
	@scratch=$$(mktemp -d) && trap 'rm -rf "$$scratch"' EXIT && \
	$(PROTOC) --python_out="$$scratch" --pyi_out="$$scratch" $(PROTO_FILES) && \
	$(PROTOC) --grpc_python_out="$$scratch" $(SERVICE_FILES) && \
	diff -r --exclude=__init__.py --exclude=__pycache__ "$$scratch/$(GENERATED)" $(GENERATED) || \
	{ echo "$(GENERATED) is not what proto/ generates: run 'make proto' and keep the result" >&2; exit 1; }

.PHONY: type
type: $(READY) ## Check types.
	$(BIN)/mypy

.PHONY: proto
proto: $(READY) ## Regenerate openoutcry/wire/v1 from proto/.
	rm -f $(GENERATED)/*_pb2.py $(GENERATED)/*_pb2.pyi $(GENERATED)/*_pb2_grpc.py
	$(PROTOC) --python_out=. --pyi_out=. $(PROTO_FILES)
	$(PROTOC) --grpc_python_out=. $(SERVICE_FILES)

# --- Running ---

.PHONY: test
test: $(READY) ## Run the tests.
	$(BIN)/pytest -n $(WORKERS)

.PHONY: test-long
test-long: $(READY) ## Run the long tests: soak, network namespaces, large instances.
	HYPOTHESIS_PROFILE=long $(BIN)/pytest -m long

.PHONY: demo
demo: $(READY) ## Run a whole auction among separate processes.
	$(BIN)/auctioneer run $(DEMO)

.PHONY: demo-crowd
demo-crowd: $(READY) ## Run auctions among processes that tell, for a reward, what they know of each other.
	@PATH="$(abspath $(BIN)):$$PATH" examples/treasury_bills/demo.sh

.PHONY: bench
bench: $(READY) ## Measure what is fast and what is slow.
	$(BIN)/python -m benchmarks

# --- Study ---

STUDY := bounds forms crowd knowledge independent lies-signals lies-types lies-independent lies-side-bets
# Which pictures of each campaign's report the study shows.
PICTURES_bounds := welfare-share revenue-share growth-bidders-welfare-share growth-signal-levels-welfare-share \
  growth-groups-welfare-share
PICTURES_forms := mechanism-differences growth-groups-welfare-share conversation
PICTURES_crowd := growth-bidders-optimal-revenue-share growth-correlation-optimal-revenue-share
PICTURES_knowledge := growth-cells-optimal-revenue-share
PICTURES_independent := growth-bidders-optimal-revenue-share
PICTURES_lies-signals := strategy-gains
PICTURES_lies-types := strategy-gains
PICTURES_lies-independent := strategy-gains
PICTURES_lies-side-bets := strategy-gains

define study_campaign
$(BIN)/auctioneer sweep docs/study/$(1).toml --out runs/study/$(1) --workers $(WORKERS)
$(BIN)/auctioneer report runs/study/$(1) --figures docs/study/figures/$(1) $(PICTURES_$(1):%=--picture %)

endef

.PHONY: study
study: $(READY) ## Play the campaigns of docs/study, or those named by STUDY=..., and draw its pictures anew.
	$(foreach campaign,$(STUDY),$(call study_campaign,$(campaign)))

# --- Release ---

.PHONY: lock
lock: | $(BIN)/python ## Renew requirements.lock from pyproject.toml.
	test -x $(BIN)/uv || $(BIN)/python -m pip install --quiet uv
	UV_CUSTOM_COMPILE_COMMAND="make lock" $(BIN)/uv pip compile pyproject.toml --extra dev --extra fast --upgrade \
	  --universal --python-version 3.11 --generate-hashes --no-emit-index-url --quiet --output-file requirements.lock

.PHONY: wheel
wheel: $(READY) ## Build the source distribution, and the wheel from it, into dist/.
	$(BIN)/python -m build --no-isolation --outdir $(DIST)

.PHONY: clean
clean: ## Remove .venv, what was built and what tools cached; sources stay.
	rm -rf $(VENV) $(DIST) build .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	find openoutcry auctioneer bidder_agent benchmarks tests -name __pycache__ -prune -exec rm -rf {} +
