.PHONY: run test race bench performance build chaos rules paint mirror journeys long image release

run:
	go run ./cmd/clientele serve

test:
	sh scripts/test.sh

# The tests, and those that do several things at once under the race detector too.
race:
	RACE=yes sh scripts/test.sh

# The cases that are not long: some four minutes. ARGS="--out FILE" keeps the
# result, ARGS="--compare FILE" tells what moved since.
bench:
	go run ./cmd/clientele-bench $(ARGS)

# Measures every part of docs/performance.md: many hours and 60 GB of disk.
# PART=shoppers measures one.
performance:
	go run ./cmd/clientele-bench document docs/performance.md $(PART)

# How long workers write while everything fails; SEED repeats a run.
LENGTH ?= 3m
SEED ?=

chaos:
	CHAOS_LENGTH=$(LENGTH) CHAOS_SEED=$(SEED) go test ./test/e2e -run '^Test(Chaos|Failover)$$' -v -count=1 -timeout 90m

# A thousand random rules on two thousand customers, and five thousand random
# writes.
rules:
	RULES=full go test ./internal/rule ./internal/segment -run '^TestRandom(Rules|Writes)$$' -v -count=1 -timeout 60m

# Without symbols for debuggers; stack traces have their names.
build:
	CGO_ENABLED=0 go build -trimpath -ldflags "-s -w" -o bin/clientele ./cmd/clientele

# The container image without a container engine: an OCI layout, and files for
# docker load, in bin/image.
image:
	go -C tools run ./image $(ARGS)

# What is published of a version, for all platforms, in bin/release.
release:
	go -C tools run ./release $(ARGS)

# A mirror of ten thousand customers that change for a minute.
mirror:
	MIRROR=full go test ./test/e2e -run '^TestMirror$$' -v -count=1 -timeout 30m

# How soon a browser has painted the control panel's list of customers.
CUSTOMERS ?= 10000

paint:
	PANEL_CUSTOMERS=$(CUSTOMERS) go test ./internal/panel -run '^TestPaint$$' -v -count=1

# The journeys through the control panel, with scripts and without on both engines.
journeys:
	JOURNEYS=full go test ./internal/panel -run '^TestBrowser' -v -count=1 -timeout 60m

# The long proofs, with the figures that they are about, and the race
# detector: some half an hour.
long: chaos rules mirror paint journeys race
	go run ./cmd/clientele-bench --customers 10000 --runs 3 --duration 5s --cases signin,crowd,guesses,slow-bodies
