# What can be done here. `make demo` and `make test` do their whole set-up.
.DEFAULT_GOAL := help
SHELL := /bin/bash
.PHONY: help setup setup-cargo kafka-jars fmt check test simulate-faults torture fuzz fuzz-corpus demo bench check-deploy check-dashboards check-data check-current generate clean

help: ## Show what can be done
	@grep -hE '^[a-z-]+:.*## ' Makefile | sed -E 's/^([a-z-]+):.*## /\1\t/' | expand -t 18

setup: ## Install what the tests need, or name it if you are not root
	@scripts/setup cc java mvn prometheus promtool prometheus-alertmanager amtool setpriv openssl chromium python3

setup-cargo:
	@scripts/setup cc

kafka-jars: ## Fetch the jars of a real Apache Kafka
	@scripts/kafka-jars

fmt: ## Format the code
	cargo fmt

check: ## Formatting, lints, unit tests and tidiness, in seconds
	cargo fmt --check
	cargo clippy --all-targets -- -D warnings
	cargo test --lib --bins --quiet
	cargo test --test it --quiet tidy

test: ## Every test, against a real Kafka, Prometheus and Alertmanager
	@scripts/test

simulate-faults: ## The daemon with a disk, a broker and clocks that fail: SEEDS=500 of it, or GOALKEEPER_SEED=17
	GOALKEEPER_SEEDS=$(or $(SEEDS),500) cargo test --bin goalkeeper faults -- --nocapture

torture: setup kafka-jars ## Kill the daemon KILLS times (1000) on a real Kafka, with figures held against the oracle
	KILLS=$${KILLS:-1000} cargo test --test it -- --ignored --nocapture crash::figures

# What is found is kept in a corpus of its own, so that the committed one stays small. No sanitizer of memory: what these
# targets reach has no unsafe code of ours.
FUZZ = cargo +nightly fuzz run --sanitizer none $(TARGET)
FOUND = fuzz/target/found/$(TARGET)
KEPT = fuzz/corpus/$(TARGET)

fuzz: ## Bytes of any kind for MINUTES=10 into TARGET=decode, configuration, state or query
	mkdir -p $(FOUND)
	$(FUZZ) $(FOUND) $(KEPT) -- -max_total_time=$$((60 * $(or $(MINUTES),10))) -max_len=8192 -rss_limit_mb=2048 \
	  -timeout=60 -print_final_stats=1

# They come in the order of what each adds to those before it.
fuzz-corpus: ## Keep, of what was found for TARGET, the 200 inputs that together reach most
	mkdir -p $(FOUND) $(FOUND).few && rm -f $(FOUND).few/*
	$(FUZZ) $(FOUND).few $(FOUND) $(KEPT) -- -set_cover_merge=1 -use_counters=0 -max_len=4096 -timeout=60
	rm -f $(KEPT)/* && cd $(FOUND).few && ls -tr | head -200 | xargs mv -t $(CURDIR)/$(KEPT)

demo: setup-cargo ## Simulator, embedded broker and daemon in one process; figures move in the terminal
	cargo run --quiet -- demo

bench: setup kafka-jars ## CPU per event of the parts and of the whole path from a real Kafka
	cargo build --release
	scripts/with-kafka target/release/goalkeeper bench --brokers KAFKA

check-deploy: ## Build and run the image, boot the unit under systemd, lint the rest of deploy/: as root
	@scripts/check-deploy

check-dashboards: ## Hold Grafana's dashboards against Grafana's own schema: needs Go
	@scripts/check-dashboards

check-data: ## Hold figures against data that others recorded, where ../shared/data is
	@scripts/check-data

check-current: setup kafka-jars ## Pages, alerts and dashboards with the current promtool and Prometheus: needs Go and minutes
	scripts/current-prometheus
	GOALKEEPER_PROMETHEUS=$(CURDIR)/target/current cargo test --test it -- --ignored kafka::what_lies kafka::reps_have alerting dashboards

generate: ## Write DEFINITIONS.md, docs/metrics.md, schemas, alert rules, dashboards and expected messages anew
	UPDATE=1 cargo test --test it -- tidy config schemas scenarios rules
	deploy/grafana/generate.py

clean: ## Remove everything that was built
	cargo clean
