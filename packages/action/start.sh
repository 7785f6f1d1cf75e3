#!/usr/bin/env bash
# Starts the server, waits until it is ready, seeds it over HTTP, and tells the
# steps that follow where it is. Its inputs are those of action.yml.
set -euo pipefail

url=http://127.0.0.1:$PORT
token=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
echo "::add-mask::$token"
export CLIENTELE_CONTROL_TOKEN=$token

if [ -n "$COMMAND" ]; then
	dir=$(mktemp -d)
	nohup "$COMMAND" serve --listen "127.0.0.1:$PORT" --database "sqlite:$dir/clientele.db" >"$dir/log" 2>&1 </dev/null &
	logs() { cat "$dir/log"; }
else
	if [ -n "$LOAD" ]; then
		docker load --input "$LOAD"
	fi
	name=$(docker run --detach --read-only --cap-drop ALL --publish "127.0.0.1:$PORT:8080" --env CLIENTELE_CONTROL_TOKEN --env "CLIENTELE_PUBLIC_URL=$url" "$IMAGE")
	logs() { docker logs "$name"; }
fi

ready=
for _ in $(seq 300); do
	if curl --silent --fail --output /dev/null --noproxy '*' "$url/readyz"; then
		ready=yes
		break
	fi
	sleep 0.1
done
if [ -z "$ready" ]; then
	echo "::error::Clientele is not ready after 30 seconds"
	logs
	exit 1
fi

if [ -n "$SEED" ]; then
	curl --silent --show-error --fail-with-body --noproxy '*' -H "Authorization: Bearer $token" --data-binary "@$SEED" "$url/_clientele/v1/seed?baseline=true"
	echo
fi
echo "url=$url" >>"$GITHUB_OUTPUT"
{
	echo "CLIENTELE_URL=$url"
	echo "CLIENTELE_CONTROL_TOKEN=$token"
	if [ -n "$STORE" ]; then
		echo "CLIENTELE_STORE=$STORE"
	fi
} >>"$GITHUB_ENV"
