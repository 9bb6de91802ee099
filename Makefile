# Thin targets: each first installs by apt what is missing (NO_APT=1: only says what), builds, then does its job.
# The build itself is CMake's: `cmake --preset dev && cmake --build build/dev`.

PRESET ?= release
PREFIX ?= /usr/local
FUZZ_SECONDS ?= 300
IMAGE_ARCH ?= amd64
BUILD := build/$(PRESET)

.DEFAULT_GOAL := help
.PHONY: help build image demo demo-transfer test sanity bench dashboard fuzz lint install clean deps

help: ## Show this list
	@echo 'make TARGET [PRESET=release|dev|asan|tsan] [NO_APT=1]'
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-13s  %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

deps:
	@scripts/install-deps.sh

build: deps ## Build everything into build/PRESET (executables in build/PRESET/bin)
	@cmake --preset $(PRESET) >/dev/null
	@cmake --build $(BUILD)

image: ## Build the container image; IMAGE_ARCH=arm64 for that. Needs root, but no container engine
	@scripts/install-deps.sh image
	@deploy/image/build --arch=$(IMAGE_ARCH)

demo: build ## Walk one volume's life on simulated hardware and show each step
	@scripts/demo.sh $(BUILD)/bin

demo-transfer: build ## Hand a disk with data to a cluster of another account, and back
	@scripts/demo-transfer.sh $(BUILD)/bin

test: build ## Run all tests; T=REGEX only those whose name matches
	@[ $(PRESET) != release ] || scripts/install-deps.sh image
	@tests/run $(BUILD) $(if $(T),-R '$(T)')

sanity: build ## Run the CSI conformance test alone
	@tests/run $(BUILD) -L sanity

bench: build ## Measure against evs-sim with realistic times, three seeds (an hour); BENCH=quick: minutes
	@scripts/bench.sh $(BUILD)

dashboard: build ## Write the Grafana dashboard anew from scripts/dashboard.py, and its picture in docs/ from a run
	@scripts/dashboard.py >$(BUILD)/dashboard.json
	@cp $(BUILD)/dashboard.json charts/evs-csi/files/dashboard.json
	@tests/monitoring/run $(BUILD)/bin $(BUILD)/monitoring
	@cp $(BUILD)/monitoring/run/dashboard.svg docs/images/dashboard.svg

fuzz: deps ## Feed the cloud client's decoders with made-up answers for FUZZ_SECONDS (default 300), by clang
	@scripts/install-deps.sh fuzz
	@cmake --preset fuzz >/dev/null
	@cmake --build build/fuzz --target decode_fuzz fuzz_corpus
	@scripts/fuzz.sh build/fuzz $(FUZZ_SECONDS)

lint: deps ## Check format, layering, file length, scripts, the Helm chart, and that clang builds it
	@scripts/install-deps.sh lint
	@scripts/lint.sh

install: build ## Install executables and libevsclient below PREFIX (default /usr/local); DESTDIR is respected
	@cmake --install $(BUILD) --prefix $(PREFIX)

clean: ## Remove build/
	rm -rf build
