# `make` alone prints the targets.

.DEFAULT_GOAL := help
.PHONY: help build test lint fmt deny bench prove explored mutants crowd demo docs ci

help: ## print this list
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## (.*)/  make \1\t\2/' | expand -t 16

build: ## build the release binary
	cargo build --release --locked

test: ## run every test
	cargo test --locked

lint: ## clippy on everything, warnings are errors
	cargo clippy --all-targets --locked -- -D warnings

fmt: ## format the code
	cargo fmt

deny: ## check licenses, sources and banned crates
	cargo fetch --locked --quiet && cargo deny --offline check bans licenses sources

bench: ## run the benchmarks
	cargo bench --locked

prove: ## let the explorer run on for MINUTES (5 by default) with seeds that no run before has tried
	SEATLESS_EVERYTHING=1 SEATLESS_MINUTES=$(or $(MINUTES),5) cargo test --locked --test explorer -- --nocapture

explored: ## write docs/explored.md: what SEEDS seeds (2,000 by default) try, and what they do not
	SEATLESS_COVERAGE=docs/explored.md SEATLESS_SEEDS=$(or $(SEEDS),2000) cargo test --locked --test explorer no_seed -- --nocapture

mutants: ## change the domain in every way that cargo-mutants knows, and see that a test fails each time; half an hour
	.ci/mutants $(ARGS)

crowd: ## 2,000 requests for 25 seats in simulated time, with people who interfere; half an hour
	SEATLESS_CROWD=full cargo test --locked --test crowd -- --nocapture

demo: ## the whole job against the built-in simulator
	cargo run --release --locked -- demo

docs: ## write the generated parts of the documents anew
	SEATLESS_REGENERATE=1 cargo test --locked --test documents

ci: ## everything that must pass before a merge
	.ci/run
