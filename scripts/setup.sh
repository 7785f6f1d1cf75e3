#!/bin/sh
# Installs what the tests need beside Go and is missing on this machine: a
# PostgreSQL server, Node.js with npm, git, curl, Chromium, pytest and CA
# certificates. Run it as root or with sudo at hand; it changes nothing when
# everything is there.
set -eu

# as_root runs a command as root.
as_root() {
	if [ "$(id -u)" -eq 0 ]; then
		"$@"
	elif command -v sudo >/dev/null 2>&1; then
		sudo "$@"
	else
		echo "setup: not root and no sudo, cannot run: $*" >&2
		return 1
	fi
}

# has_postgres looks where the tests look.
has_postgres() {
	command -v initdb >/dev/null 2>&1 && return 0
	for initdb in /usr/lib/postgresql/*/bin/initdb; do
		[ -x "$initdb" ] && return 0
	done
	return 1
}

if ! command -v go >/dev/null 2>&1; then
	echo "setup: Go is missing: install the version named in go.mod, see https://go.dev/dl/" >&2
	exit 1
fi

packages=
has_postgres || packages="$packages postgresql"
command -v node >/dev/null 2>&1 || packages="$packages nodejs"
command -v npm >/dev/null 2>&1 || packages="$packages npm"
command -v git >/dev/null 2>&1 || packages="$packages git"
if [ -e /etc/debian_version ] && [ ! -e /etc/ssl/certs/ca-certificates.crt ]; then
	packages="$packages ca-certificates"
fi
command -v curl >/dev/null 2>&1 || packages="$packages curl"
# The browser that looks at the pages; any that is called one of these names does.
if ! command -v chromium >/dev/null 2>&1 && ! command -v chromium-browser >/dev/null 2>&1 && ! command -v google-chrome >/dev/null 2>&1; then
	packages="$packages chromium"
fi
# pytest of Debian's own interpreter: its plugin is tried with it.
/usr/bin/python3 -c 'import pytest' >/dev/null 2>&1 || packages="$packages python3-pytest"
[ -n "$packages" ] || exit 0

if ! command -v apt-get >/dev/null 2>&1; then
	echo "setup: please install:$packages" >&2
	exit 1
fi

echo "setup: installing$packages"
log=$(mktemp)
trap 'rm -f "$log"' EXIT
# The tests start servers of their own; a system-wide one would only run along.
# The package's own configuration includes this directory.
case $packages in
*postgresql*)
	as_root mkdir -p /etc/postgresql-common/createcluster.d
	echo "create_main_cluster = false" |
		as_root tee /etc/postgresql-common/createcluster.d/no-main-cluster.conf >/dev/null
	;;
esac
# shellcheck disable=SC2086 # a list of words
if ! {
	as_root apt-get -qq update &&
		as_root env DEBIAN_FRONTEND=noninteractive \
			apt-get -qq -y --no-install-recommends install $packages
} >"$log" 2>&1; then
	cat "$log" >&2
	exit 1
fi
