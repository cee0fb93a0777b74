# Every target is one line; what needs more lives in scripts/ or in Rust. `make` alone lists them.
.PHONY: help setup demo test core kafka bench mutants lint fmt check docs
help: ## list the targets
	@sed -n 's/^\([a-z]*\):.*## /make \1\t/p' Makefile | expand -t 16
setup: ## install what cargo cannot bring (apt, when allowed)
	@scripts/setup
demo: setup ## see the gate decide: no broker, no Java, no Docker (DEMO_ARGS=--once to end by itself)
	cargo run --release --bin consent-gate -- demo $(DEMO_ARGS)
test: ## everything, on a real Kafka that is fetched and started by itself
	@scripts/test $(TEST_ARGS)
core: ## the gate without Kafka: law, packs, records, engine; a minute once built, no C compiler
	cargo test -p gate-core -p gate-located -p gate-policy -p gate-codec -p gate-log -p gate-engine -p gate-ledger -p gate-mapping
kafka: ## a Kafka on 127.0.0.1:9092 to try things with; stop: scripts/kafka stop --dir target/kafka
	@if [ -f target/kafka/endpoints ]; then scripts/kafka restart --dir target/kafka; else scripts/kafka start --dir target/kafka --port 9092; fi
bench: ## how fast, beside Kafka Streams and the client library alone (BENCH_ARGS='throughput --runs 1', --help)
	@scripts/setup --tests && scripts/kafka fetch && cargo run --release -p gate-bench -- $(BENCH_ARGS)
mutants: ## does a test notice when the law is turned round? (cargo-mutants, no C libraries, the better part of an hour)
	@scripts/mutants
lint: ## clippy with warnings denied, and the formatting
	cargo fmt --all --check && cargo clippy --release --workspace --all-targets -- -D warnings
fmt: ## format
	cargo fmt --all
check: ## does it compile? (the quickest answer for the whole workspace)
	cargo check --release --workspace --all-targets
docs: ## the API documentation, in target/doc
	cargo doc --release --workspace --no-deps
