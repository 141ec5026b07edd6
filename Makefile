# What a person types; CONTRIBUTING.md says when. GNU make and bash.

SHELL := bash
GO ?= go

# The golden set lies beside the repository where the project is built.
DESKSEEK_GOLDEN ?= $(abspath $(wildcard ../shared/golden))

FUZZTIME ?= 10m
COUNT ?= 1

EMULATOR := $(if $(filter aarch64 arm64,$(shell uname -m)),,-exec qemu-aarch64-static)
GOLANGCI := github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.15.0

.PHONY: check test golden purego race arm64 fuzz fuzz-targets bench generate build gofmt vet archtest lint

# Everything a commit has to pass.
check: gofmt vet archtest test purego race

test:
	$(GO) test ./...

# The tests with the whole golden set, instead of the part that is in testdata.
golden:
	@test -n "$(DESKSEEK_GOLDEN)" || { echo 'no golden set: set DESKSEEK_GOLDEN to its folder' >&2; exit 1; }
	DESKSEEK_GOLDEN="$(DESKSEEK_GOLDEN)" $(GO) test -count=1 ./...

# Without assembly, as on machines that have none of ours.
purego:
	$(GO) test -short -tags purego ./...

# The race detector needs a C compiler. -short leaves out the kernels' long
# cases: they have no goroutines.
race:
	CGO_ENABLED=1 $(GO) test -short -race ./...

# The NEON kernels and two golden cases, on Linux; anything but an arm64 needs
# qemu-aarch64-static (Debian: qemu-user-static).
arm64:
	GOOS=linux GOARCH=arm64 CGO_ENABLED=0 $(GO) test -count=1 -short $(EMULATOR) ./kernel
	GOOS=linux GOARCH=arm64 CGO_ENABLED=0 DESKSEEK_GOLDEN_CASES=tiny-fp8,tiny-mlx4-mla \
		$(GO) test -count=1 -short -run Golden $(EMULATOR) ./deepseek

# Every fuzz target, one after another, whatever the others find. Go before 1.27
# can call it a failure when the time is over (go.dev/issue/75804): a run that
# failed of that, and printed nothing else, has found nothing.
fuzz:
	@set -e -o pipefail; \
	targets=$$($(MAKE) --no-print-directory -s fuzz-targets); \
	test -n "$$targets" || { echo 'no fuzz targets' >&2; exit 1; }; \
	log=$$(mktemp); trap 'rm -f "$$log"' EXIT; failed=; \
	while read -r package target; do \
		echo "$$package $$target"; \
		$(GO) test -run '^$$' -fuzz "^$$target\$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 10x "$$package" < /dev/null 2>&1 | tee "$$log" || \
			awk '/^fuzz: / || /^(FAIL|exit status 1)/ { next } \
				/^--- FAIL: Fuzz[^\/]*$$/ { fails++; next } \
				/^    context deadline exceeded$$/ { ends++; next } \
				NF { other++ } \
				END { exit !(fails == 1 && ends == 1 && !other) }' "$$log" || \
			failed="$$failed $$target"; \
	done <<< "$$targets"; \
	test -z "$$failed" || { echo "FAIL:$$failed" >&2; exit 1; }

# Lines of package and target. go test -list prints a package's targets before
# its name.
fuzz-targets:
	@set -e -o pipefail; \
	$(GO) test -list '^Fuzz' ./... | awk \
		'$$1 ~ /^Fuzz/ { names[n++] = $$1; next } \
		 $$1 == "ok" { for (i = 0; i < n; i++) print $$2, names[i] } \
		 { n = 0 }'

# COUNT=10 before and after a change, for benchstat.
bench:
	$(GO) test -run '^$$' -bench . -count $(COUNT) ./kernel ./token ./sample

generate:
	$(GO) generate ./...

# The program, in bin.
build:
	CGO_ENABLED=0 $(GO) build -o bin/ ./cmd/deskseek

gofmt:
	@files=$$(gofmt -l .) && { test -z "$$files" || { echo "gofmt would change:"; echo "$$files"; exit 1; } } >&2

# For every assembler, whose frames vet reads, and every system: sources and
# tests that this machine never compiles are checked here.
vet:
	GOOS=linux GOARCH=amd64 CGO_ENABLED=0 $(GO) vet ./...
	GOOS=linux GOARCH=arm64 CGO_ENABLED=0 $(GO) vet ./...
	GOOS=darwin GOARCH=arm64 CGO_ENABLED=0 $(GO) vet ./...
	GOOS=windows GOARCH=amd64 CGO_ENABLED=0 $(GO) vet ./...

archtest:
	$(GO) test ./internal/archtest

lint:
	$(GO) run $(GOLANGCI) run
