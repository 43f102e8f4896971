# Redstart: `make` lists what can be made. Every target does its own set-up: cargo, cc and make are enough.

CARGO ?= cargo
RUNNER = $(CARGO) run --quiet --manifest-path course/runner/Cargo.toml --
BENCH = $(CARGO) run --quiet --release --manifest-path benches/Cargo.toml --
# N is what the targets for authors call it; who types it means a stage here, too.
STAGE_NAME = $(or $(STAGE),$(N))
STAGE_FLAGS = $(if $(STAGE_NAME),--stage $(STAGE_NAME)) $(if $(SEED),--seed $(SEED)) \
	$(if $(FORMAT),--format $(FORMAT)) $(if $(ALL),--all) $(if $(CASE),--case $(CASE)) $(if $(SOAK),--soak $(SOAK))
ORACLE ?= redis-server
ARGS ?=

.DEFAULT_GOAL := status
.PHONY: status start next watch hint read map grade help book try
.PHONY: install build run run_local_server test test-all first-minutes check fmt lint oracle bench micro fuzz
.PHONY: fuzz-commands asan miri where docs last-checkpoint

# The course. A learner's repository lies in me/; LANG on the command line is a language, not the locale.
STARTERS = $(notdir $(wildcard course/starters/*))
LANGUAGE = $(if $(filter command,$(origin LANG)),$(LANG),$(filter $(STARTERS),$(LANG)))
unexport LANG

status: ## where you are, and what to type next; so does plain `make`
ifneq ($(wildcard me),)
	@$(RUNNER) status
else
	@echo "Redstart: a server that speaks Redis, and a course in which you build one yourself."
	@echo
	@echo "  make start LANG=python   begins the course in me/, a repository of your own ($(STARTERS))"
	@echo "  make run                 builds Redstart and starts it on port 6379"
	@echo "  make test                builds Redstart and plays every test on it"
	@echo "  make help                everything else"
endif

start: ## begins the course: LANG=rust|python|…, or FROM=dir for a repository you have
	@$(RUNNER) start $(if $(LANGUAGE),--lang $(LANGUAGE)) $(if $(FROM),--from $(FROM))

next: ## the course: the brief of the next stage, and its first red; or STAGE=lists/1
	@$(RUNNER) next $(STAGE_FLAGS)

watch: ## the course: plays the stage again after every change of a file in me/; keys are shown
	@$(RUNNER) watch $(STAGE_FLAGS)

hint: ## the course: a question; again: the shape of an answer; again: the code (LEVEL=n, STAGE=…)
	@$(RUNNER) hint $(if $(STAGE_NAME),--stage $(STAGE_NAME)) $(if $(LEVEL),--level $(LEVEL))

read: ## the course: the chapter of the stage, here in the terminal (STAGE=…)
	@$(RUNNER) read $(if $(STAGE_NAME),--stage $(STAGE_NAME))

map: ## the course: all stages and how far you are; also me/map.html (ALL=1: every stage)
	@$(RUNNER) map $(if $(ALL),--all)

grade: ## the course: connects me/ to a CodeCrafters repository: URL=…
	@$(RUNNER) grade $(if $(URL),--url $(URL))

help: ## what can be made
	@awk -F ':.*## ' '/^[a-z_-]+:.*## /{printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

install: ## fetches the dependencies
	$(CARGO) fetch

build: ## builds the server: target/release/redstart
	$(CARGO) build --release

run: build ## starts the server on port 6379; ARGS="--port 6380" for flags
	@exec target/release/redstart $(ARGS)

run_local_server: run

# With me/, PROGRAM or STAGE: plays stages of the course. Without: every test of Redstart.
TEST_PROGRAM = $(or $(PROGRAM),$(if $(wildcard me),,./your_program.sh))
test: ## the stage you are at in me/; STAGE=base/5 CASE=2 PROGRAM=path FORMAT=json ALL=1 SEED=41
ifneq ($(PROGRAM)$(STAGE_NAME)$(wildcard me),)
	@$(RUNNER) test $(if $(TEST_PROGRAM),--program $(TEST_PROGRAM)) $(STAGE_FLAGS)
else
	@$(MAKE) --no-print-directory test-all
endif

test-all: ## every test of Redstart; so does `make test` without me/
	$(CARGO) test --quiet --manifest-path course/runner/Cargo.toml
	$(CARGO) test --quiet --target-dir target/course/tools --manifest-path course/proof/Cargo.toml
	$(CARGO) test --quiet --target-dir target/course/tools --manifest-path course/book/Cargo.toml
	$(CARGO) test --quiet --manifest-path fuzz/commands/Cargo.toml
	$(CARGO) test

try: ## a prompt on your server, and the same lines to a real Redis; PROGRAM=path FLAGS="--appendonly yes"
	@$(RUNNER) try --program $(or $(PROGRAM),$(wildcard me/your_program.sh),./your_program.sh) \
		$(if $(FLAGS),--flags '$(FLAGS)') $(if $(BESIDE),--beside $(BESIDE))

# The book and the proof share what they compile.
BOOK = --quiet --target-dir target/course/tools --manifest-path course/book/Cargo.toml
book: ## the course: all chapters as pages, in target/course/book; the first time it fetches some crates
	@$(CARGO) build $(BOOK) || { echo "The book could not be built. The first time its crates are fetched, which needs a \
	network; \`make read\` shows a chapter without them."; exit 2; }
	@$(CARGO) run $(BOOK) -- $(if $(OUT),--out $(OUT))

check: fmt lint ## all that CI checks: format, clippy, every test, tidy, docs fresh
	$(MAKE) test-all

fmt:
	$(CARGO) fmt --all -- --check
	$(CARGO) fmt --all --manifest-path course/runner/Cargo.toml -- --check
	$(CARGO) fmt --all --manifest-path course/proof/Cargo.toml -- --check
	$(CARGO) fmt --all --manifest-path course/book/Cargo.toml -- --check
	$(CARGO) fmt --all --manifest-path benches/Cargo.toml -- --check
	$(CARGO) fmt --all --manifest-path benches/micro/Cargo.toml -- --check
	$(CARGO) fmt --all --manifest-path fuzz/Cargo.toml -- --check
	$(CARGO) fmt --all --manifest-path fuzz/commands/Cargo.toml -- --check

# The crates beside the server share what they compile.
ASIDE = --target-dir target/aside
lint:
	$(CARGO) clippy --all-targets -- -D warnings
	$(CARGO) clippy --all-targets --manifest-path course/runner/Cargo.toml -- -D warnings
	$(CARGO) clippy --all-targets --target-dir target/course/tools --manifest-path course/proof/Cargo.toml -- -D warnings
	$(CARGO) clippy --all-targets --target-dir target/course/tools --manifest-path course/book/Cargo.toml -- -D warnings
	$(CARGO) clippy --all-targets $(ASIDE) --manifest-path benches/Cargo.toml -- -D warnings
	$(CARGO) clippy --all-targets $(ASIDE) --manifest-path benches/micro/Cargo.toml -- -D warnings
	$(CARGO) clippy $(ASIDE) --manifest-path fuzz/Cargo.toml --no-default-features -- -D warnings
	$(CARGO) clippy --all-targets --manifest-path fuzz/commands/Cargo.toml -- -D warnings

first-minutes: ## a learner's first minutes in every language there is, from a clean copy, without a network
	@course/first-minutes

last-checkpoint: ## the program at the end of the course: redis-cli, redis-benchmark, kill -9
	@course/last-checkpoint

oracle: ## plays every transcript on a real server; ORACLE=path (default redis-server)
	@$(RUNNER) oracle --program $(ORACLE) tests/stages/*.redis tests/commands/*.redis

bench: build ## measures against every real server found; ARGS="speed --pipeline 16"
	@$(BENCH) $(ARGS)

micro: ## micro-benchmarks of parser, table and reply writer
	$(CARGO) bench --manifest-path benches/micro/Cargo.toml

# Guided by coverage where the nightly compiler and cargo-fuzz are there, else by random requests.
SECONDS_EACH ?= 60
fuzz: ## hostile bytes for the request parser and the loader of snapshots; SECONDS_EACH=60
	@for target in request rdb; do \
		if $(CARGO) +nightly fuzz --version >/dev/null 2>&1; then \
			(cd fuzz && $(CARGO) +nightly fuzz run $$target --fuzz-dir . -- \
				-max_total_time=$(SECONDS_EACH)) || exit 1; \
		else \
			$(CARGO) run --release --manifest-path fuzz/Cargo.toml --no-default-features \
				--bin random -- $$target $(SECONDS_EACH) || exit 1; \
		fi; \
	done

# A build with debug assertions. The commands follow from SEED and N; what differs is shrunk and printed.
REFERENCE ?= redis-server
FUZZ_FLAGS = $(if $(SEED),--seed $(SEED)) $(if $(N),--count $(N)) $(if $(SECONDS),--seconds $(SECONDS)) \
	$(if $(ONLY),--only $(ONLY)) $(if $(WITHOUT),--without $(WITHOUT))
fuzz-commands: ## random commands on Redstart and on REFERENCE=path; SEED=1 N=100000 SECONDS=60 ONLY=list
	$(CARGO) build
	@$(CARGO) run --quiet --manifest-path fuzz/commands/Cargo.toml -- --reference $(REFERENCE) $(FUZZ_FLAGS)

# The modules with unsafe code, under AddressSanitizer, or under Miri where it is installed.
HOST = $(shell rustc -vV | sed -n 's/host: //p')
asan: ## the store's tests under AddressSanitizer (needs the nightly compiler)
	RUSTFLAGS=-Zsanitizer=address $(CARGO) +nightly test --target $(HOST) --target-dir target/asan \
		--lib store::

miri: ## the store's tests under Miri (needs it)
	MIRIFLAGS=-Zmiri-disable-isolation $(CARGO) +nightly miri test --lib store::

.PHONY: checkpoint pull prove messages
# For authors of chapters: course/proof/README.md. FROM=DIR begins with that program instead of the starter.
PROOF = $(CARGO) run --quiet --manifest-path course/proof/Cargo.toml --target-dir target/course/tools --
PROOF_FLAGS = $(if $(N),--stage $(N)) $(if $(FROM),--from $(FROM)) $(if $(TRACKS),--tracks $(TRACKS)) \
	$(if $(SEED),--seed $(SEED)) $(if $(FORCE),--force) $(if $(BLESS),--bless)
checkpoint: ## the program of a chapter: N=base/5
	@$(PROOF) checkpoint $(PROOF_FLAGS)

pull: ## takes what was edited in a checkpoint back into its chapter: N=base/5
	@$(PROOF) pull $(PROOF_FLAGS)

prove: ## every chapter's program and every wrong one on its stage; N=base/5, BLESS=1 records answers
	@$(PROOF) prove $(PROOF_FLAGS)

messages: ## what learners with wrong servers are told, as it was read and recorded; N=base, BLESS=1
	@$(PROOF) messages $(PROOF_FLAGS)

where: ## the one place of a command: make where C=getex
	@grep -rnE '"$(shell echo '$(C)' | tr a-z A-Z)[ "|]' src/commands --include='*.rs' | head -5

docs: ## renews the generated pages under docs/
	REDSTART_BLESS=1 $(CARGO) test --lib --test docs fresh
