#!/bin/sh
# Checks and tests everything: sh scripts/test.sh [arguments of go test]
#
# vet goes first: it builds what all else is built from, which lanes that start
# together would each build for themselves. Then two lanes run side by side,
# since much of a test is waiting: one of the tests, and one of staticcheck and
# govulncheck. RACE=yes adds, where there is a C compiler, the tests that do
# several things at once under the race detector, as
# internal/testing/concurrent finds them: for that everything is compiled again,
# which takes minutes. One throwaway PostgreSQL server serves both lanes, with
# its files in memory if there is room.
set -eu
cd "$(dirname "$0")/.."

# Version stamps are of no use here and fail in a checkout that belongs to
# another user.
export GOFLAGS="${GOFLAGS:-} -buildvcs=false"
export CGO_ENABLED=0

began=${BEGAN:-$(date +%s)}
step() { echo "== $* ($(($(date +%s) - began)) s)"; }

# checks is the lane of what needs no test's outcome.
checks() {
	step staticcheck
	go tool -modfile=tools/go.mod staticcheck ./...
	go -C tools vet ./...
	go -C tools tool staticcheck ./...
	step govulncheck
	# Only an answering database has a date of its last update.
	if timeout 30 go tool -modfile=tools/go.mod govulncheck -version | grep -q '^DB updated'; then
		go tool -modfile=tools/go.mod govulncheck ./...
	else
		echo "skipped: the vulnerability database is unreachable"
	fi
	if [ -z "${RACE-}" ] || ! command -v "${CC:-gcc}" >/dev/null 2>&1; then
		return
	fi
	step "go test -race"
	racing=$(go run ./internal/testing/concurrent internal)
	# shellcheck disable=SC2046 # a list of packages
	CGO_ENABLED=1 go test -vet=off -race -short -run "$(echo "$racing" | head -n 1)" $(echo "$racing" | tail -n +2) "$@"
}

# tests is the lane of the tests. The packages that wait the longest go first,
# so that the others fill the time.
tests() {
	step "go test"
	go test -vet=off ${IN_MEMORY:+-exec "$IN_MEMORY"} ./test/e2e ./internal/pages ./internal/app ./... "$@"
}

# lanes runs inside withpg, see below. The checks show what they print when they
# end, and end with the tests if those fail.
lanes() {
	log=$(mktemp)
	(
		code=0
		sh scripts/test.sh --checks "$@" >"$log" 2>&1 || code=$?
		cat "$log"
		exit "$code"
	) &
	checks=$!
	trap 'kill "$checks" 2>/dev/null || true; rm -f "$log"' EXIT
	tests "$@"
	step "the tests are through"
	wait "$checks"
	step "all is well"
}

case ${1-} in
--with-postgres)
	shift
	lanes "$@"
	exit
	;;
--checks)
	shift
	checks "$@"
	exit
	;;
esac

sh scripts/setup.sh

step gofmt
unformatted=$(find . \( -name .git -o -name node_modules -o -name clientele-data \) -prune -o \
	-name '*.go' -exec gofmt -l {} +)
if [ -n "$unformatted" ]; then
	echo "not formatted with gofmt:" >&2
	echo "$unformatted" >&2
	exit 1
fi

tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT

step "go vet"
go vet ./...

# Tests make and drop a database each, whose hundreds of files cost more on a
# disk than everything that is done with them. What go builds stays on the disk.
memory=/dev/shm
room=$(df -Pk "$memory" 2>/dev/null | awk 'NR == 2 { print $4 }')
if [ -z "${TMPDIR-}" ] && [ "${room:-0}" -gt 4000000 ] && [ -w "$memory" ]; then
	export GOTMPDIR="${GOTMPDIR:-$tmp}" TMPDIR="$memory/clientele-test-$$"
	# A test's own directory would be where go builds, too.
	export IN_MEMORY="env -u GOTMPDIR"
	trap 'rm -rf "$tmp" "$TMPDIR"' EXIT
	# The user that PostgreSQL runs as passes through both.
	mkdir -m 755 "$TMPDIR"
	chmod 755 "$tmp"
fi

# Test processes share one migrated SQLite database to copy.
export CLIENTELE_TEST_TEMPLATES="$tmp"

# Built, not "go run", whose own last words would hide the command's exit code.
go build -o "$tmp/withpg" ./internal/testing/pgcluster/cmd/withpg
export BEGAN="$began"
"$tmp/withpg" -- sh scripts/test.sh --with-postgres "$@"
