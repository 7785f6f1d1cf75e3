.PHONY: run test bench build

run:
	go run ./cmd/clientele serve

test:
	sh scripts/test.sh

bench:
	go run ./cmd/clientele-bench $(ARGS)

build:
	CGO_ENABLED=0 go build -trimpath -o bin/clientele ./cmd/clientele
