# AuthSec. `make help` lists what there is.
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
GOFLAGS_BUILD := -trimpath -ldflags "-s -w -X main.version=$(VERSION)"
export CGO_ENABLED ?= 0

.PHONY: help
help: ## List the targets
	@awk 'BEGIN {FS = ":.*## "} /^[a-z-]+:.*## / {printf "  \033[1m%-12s\033[0m %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: build
build: ## Build the console, bin/authsec and the demo's billing API (NOCONSOLE=1: without the console and Node)
	@$(if $(NOCONSOLE),,scripts/web build)
	go build $(if $(NOCONSOLE),-tags noconsole) $(GOFLAGS_BUILD) -o bin/ ./cmd/authsec ./examples/billing-api

.PHONY: demo
demo: ## Build, start AuthSec with its console, demo data and a demo API, run a LangChain agent (ARGS=--once: then stop; --fresh: anew; --attested: it proves itself)
	@scripts/demo $(ARGS)

.PHONY: test
test: ## Run every test: Go with -race on SQLite and PostgreSQL, Python, whole programs, the console in a browser
	@scripts/test

.PHONY: test-kube
test-kube: ## Hold the Kubernetes attestor to a real API server (not part of test; builds it: minutes once; ARGS=-record renews what test replays)
	@scripts/test-kube $(ARGS)

.PHONY: test-clients
test-clients: ## Hold the token endpoint and the keys to OAuth clients of other makers (not part of test: it waits seven minutes for a key to rotate)
	@scripts/test-clients $(ARGS)

.PHONY: lint
lint: ## golangci-lint, ruff, mypy, Biome, tsc, knip
	@scripts/lint

.PHONY: verify
verify: ## Regenerate what is generated, and fail on a difference
	@scripts/verify

.PHONY: generate
generate: ## Regenerate the API's types, the console's routes and the test vectors
	@scripts/generate

.PHONY: bench
bench: ## Measure speed and memory, as ratios within one run
	@scripts/bench $(ARGS)

.PHONY: screenshots
screenshots: ## Take the pictures in docs/screenshots anew
	@scripts/screenshots

.PHONY: fmt
fmt: ## Format Go, Python and the console
	gofmt -w cmd internal sdk/go examples web/*.go
	scripts/venv
	cd sdk/python && ../../.venv/bin/ruff format --config pyproject.toml . ../../examples
	cd sdk/python && ../../.venv/bin/ruff check --fix --config pyproject.toml . ../../examples
	scripts/web install
	cd web && node_modules/.bin/biome check --write

.PHONY: clean
clean: ## Remove what was built; data stays
	rm -rf bin .build .venv .tools web/node_modules web/.tanstack
	find web/dist -mindepth 1 ! -name robots.txt -delete
