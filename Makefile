# Everything there is to do, `make help` lists it. Targets that are files are
# real ones: what has not changed is not built again.

GO      ?= go
NPM     ?= npm
VERSION ?= $(shell git describe --always --dirty 2>/dev/null || echo unknown)
LISTEN  ?= 127.0.0.1:8080
DATA    ?= data
# Never from the cache: it knows nothing of the engine that the tests talk to.
GOTEST  ?= $(GO) test -count=1 -timeout 15m

# The same flags for building, testing and vetting, so that each package is
# compiled once. What we ship is static: nothing of it needs C.
export CGO_ENABLED = 0
export GOFLAGS     = -trimpath -buildvcs=false

# What talks to an engine and is therefore tested on a second, current one too.
ENGINE_PACKAGES = ./internal/docker/... ./internal/live/... ./internal/sandbox/... ./internal/worker/... ./examples/...

LINT       = $(GO) tool -modfile=tools/go.mod golangci-lint
WARDENS    = $(foreach arch,amd64 arm64,internal/sandbox/embedded/warden-$(arch))
# Found once, without git: a source archive has none.
GO_FILES  := $(shell find cmd internal examples -name '*.go' -not -name '*_test.go' 2>/dev/null) go.mod go.sum
EMBEDDED  := $(shell find internal examples -type f -not -name '*.go' -not -path '*/embedded/warden-*' 2>/dev/null)
WEB_FILES := docs/grader-yaml.md $(shell find web -type f -not -path 'web/node_modules/*' -not -path 'web/dist/*' 2>/dev/null)

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.SUFFIXES:

##@ Use

.PHONY: run
run: ## Build all of it and start the hub with a worker; Ctrl-C stops it (LISTEN, DATA)
	@# What may be missing or be asked comes before the minutes of building.
	@scripts/engine.sh with sh -c 'scripts/base-image.sh && $(MAKE) --no-print-directory build && exec bin/assay serve --listen $(LISTEN) --data $(DATA)'

.PHONY: build
build: bin/assay ## Build bin/assay with the pages and the wardens in it

.PHONY: base-image
base-image: ## Get debian:bookworm: pull it, or make it from the distribution's mirror
	@scripts/engine.sh with scripts/base-image.sh

##@ Work on it

.PHONY: deps
deps: web/node_modules/.installed e2e/node_modules/.installed ## Download what Go and the pages need
	$(GO) mod download

.PHONY: test
test: build deps chromium ## Run every test: units, engine, engine 29, pages, browser (root: installs what is missing)
	scripts/engine.sh with $(MAKE) --no-print-directory --keep-going test-go test-engine29 test-web test-e2e

.PHONY: test-short
test-short: $(WARDENS) ## Run the tests that need no engine and no browser
	$(GOTEST) -short ./...

.PHONY: test-go
test-go: $(WARDENS) ## Run the Go tests on the engine there is
	@scripts/base-image.sh
	@scripts/phase.sh "Go tests" $(GOTEST) ./...

.PHONY: test-engine29
test-engine29: $(WARDENS) ## Run the engine-facing Go tests on Docker Engine 29 (root; built once, minutes)
	@scripts/phase.sh "Go tests on Engine 29" scripts/engine29.sh run $(GOTEST) $(ENGINE_PACKAGES)

.PHONY: test-web
test-web: web/node_modules/.installed ## Run the pages' unit tests
	@scripts/phase.sh "page tests" $(NPM) --prefix web test

.PHONY: test-e2e
test-e2e: bin/assay e2e/node_modules/.installed chromium ## Run the browser tests against bin/assay
	@scripts/base-image.sh
	@scripts/phase.sh "browser tests" $(NPM) --prefix e2e test

.PHONY: check
check: $(WARDENS) web/node_modules/.installed e2e/node_modules/.installed ## Everything but tests: format, vet, lint, types, generated files current
	$(GO) mod tidy -diff
	$(LINT) fmt --diff
	$(GO) vet ./...
	$(LINT) run ./...
	$(GO) test -short -run OpenAPI ./internal/hub
	$(NPM) --prefix web run generate -- --check
	$(NPM) --prefix web run check
	$(NPM) --prefix e2e run check --if-present
	@for script in scripts/*.sh .ci/run; do bash -n "$$script" || exit 1; done

.PHONY: fmt
fmt: web/node_modules/.installed ## Format Go and the pages
	$(LINT) fmt
	$(NPM) --prefix web run format

.PHONY: generate
generate: $(WARDENS) web/node_modules/.installed ## Write what is made from the hub's routes: web/openapi.json and the pages' types
	$(GO) test -short -run OpenAPI ./internal/hub -update
	$(NPM) --prefix web run generate

.PHONY: bench
bench: $(WARDENS) ## Measure ourselves beside the peers (BENCH=name picks one, BENCH_JSON=file)
	@scripts/engine.sh with sh -c 'scripts/base-image.sh && $(GO) run ./bench'

.PHONY: clean
clean: ## Remove what was built; data/ stays
	rm -rf bin web/dist web/node_modules e2e/node_modules e2e/test-results e2e/playwright-report $(WARDENS)

##@ Parts

.PHONY: web
web: web/dist/index.html ## Build the pages

.PHONY: warden
warden: $(WARDENS) ## Build process 1 of the sandboxes, for amd64 and arm64

.PHONY: help
help: ## Show this
	@awk 'BEGIN {FS = ":.*## "} /^##@/ {printf "\n%s\n", substr($$0, 5)} /^[a-z0-9-]+:.*## / {printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
	@echo

bin/assay: $(GO_FILES) $(EMBEDDED) $(WARDENS) web/dist/index.html
	$(GO) build -tags pages -ldflags '-s -w -X main.version=$(VERSION)' -o $@ ./cmd/assay
	@touch $@

internal/sandbox/embedded/warden-%: $(wildcard cmd/warden/*.go internal/warden/*.go) go.mod
	GOOS=linux GOARCH=$* $(GO) build -ldflags '-s -w' -o $@ ./cmd/warden
	@touch $@

web/dist/index.html: $(WEB_FILES) web/node_modules/.installed
	$(NPM) --prefix web run build
	@touch $@

# A download that stalls is tried again after two minutes instead of npm's five.
%/node_modules/.installed: %/package-lock.json
	$(NPM) --prefix $* ci --no-audit --no-fund --fetch-timeout 120000
	@touch $@

.PHONY: chromium
chromium:
	@scripts/chromium.sh
