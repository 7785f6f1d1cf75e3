#!/bin/sh
# Checks and tests everything: sh scripts/test.sh [arguments of go test]
#
# One throwaway PostgreSQL server serves the whole run. The first failing step
# ends it. RACE_PACKAGES lists what the race detector runs on, if there is a C
# compiler; empty turns that off.
set -eu
cd "$(dirname "$0")/.."

race_packages=${RACE_PACKAGES-./internal/sqldb/... ./internal/customer/... ./internal/rest/... ./internal/account/... ./internal/jobs/... ./internal/webhook/...}
# Version stamps are of no use here and fail in a checkout that belongs to
# another user.
export GOFLAGS="${GOFLAGS:-} -buildvcs=false"
export CGO_ENABLED=0

step() { echo "== $*"; }

# tests runs inside withpg, see below.
tests() {
	step "go test"
	go test -vet=off ./... "$@" # go vet has run
	[ -n "$race" ] || return 0
	step "go test -race$race"
	# shellcheck disable=SC2086 # a list of patterns
	CGO_ENABLED=1 go test -vet=off -race -short $race "$@"
}

# existing prints those of the given package patterns that match packages.
existing() {
	for pattern in "$@"; do
		if [ -n "$(go list "$pattern" 2>/dev/null)" ]; then
			printf ' %s' "$pattern"
		fi
	done
}

if [ "${1-}" = --with-postgres ]; then
	shift
	tests "$@"
	exit
fi

sh scripts/setup.sh

step gofmt
unformatted=$(find . \( -name .git -o -name node_modules -o -name clientele-data \) -prune -o \
	-name '*.go' -exec gofmt -l {} +)
if [ -n "$unformatted" ]; then
	echo "not formatted with gofmt:" >&2
	echo "$unformatted" >&2
	exit 1
fi

step "go generate"
generated=$(cat internal/graphql/gen/generated.go internal/graphql/model/generated.go | cksum)
go generate ./internal/graphql
if [ "$generated" != "$(cat internal/graphql/gen/generated.go internal/graphql/model/generated.go | cksum)" ]; then
	echo "internal/graphql was not generated from api/storefront.graphql as it is" >&2
	exit 1
fi

step "go build"
go build ./...

step "go vet"
go vet ./...

step staticcheck
go tool -modfile=tools/go.mod staticcheck ./...

# Only an answering database has a date of its last update.
step govulncheck
if timeout 30 go tool -modfile=tools/go.mod govulncheck -version | grep -q '^DB updated'; then
	go tool -modfile=tools/go.mod govulncheck ./...
else
	echo "skipped: the vulnerability database is unreachable"
fi

race=
if command -v "${CC:-gcc}" >/dev/null 2>&1; then
	# shellcheck disable=SC2086 # a list of patterns
	race=$(existing $race_packages)
fi
export race

# Built, not "go run", whose own last words would hide the command's exit code.
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
go build -o "$tmp/withpg" ./internal/testing/pgcluster/cmd/withpg
"$tmp/withpg" -- sh scripts/test.sh --with-postgres "$@"
