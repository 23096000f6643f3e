#!/usr/bin/env bash
# test_browser.sh WEIR: WebSockets of the binary with a real browser at the other end.
#
# Two pages, each in a browser of its own, say something to an echo, talk in a room, and tell with
# which code they were closed when the server stopped. What they see they post to a second
# server, whose events this script reads: nothing here sleeps. 77: there is no browser.
set -euo pipefail
weir=$1
browser=$(command -v chromium || command -v chromium-browser || true)
[ -n "$browser" ] || {
	echo "skipped: there is no chromium"
	exit 77
}
command -v curl >/dev/null || {
	echo "skipped: there is no curl"
	exit 77
}
work=$(mktemp -d)
pids=()
browsers=()
cleanup() {
	for pid in "${pids[@]}" "${browsers[@]/#/-}"; do
		kill -KILL -- "$pid" 2>/dev/null || true
	done
	wait 2>/dev/null || true
	# A browser's own children are nobody's to wait for: one that has not ended yet may write
	# one file more between what rm has seen and what it removes.
	local until=$((SECONDS + 10))
	until rm -rf "$work" 2>/dev/null || ((SECONDS > until)); do :; done
}
trap cleanup EXIT
fail() {
	printf '%s\n' "$*" >&2
	printf 'seen so far:\n%s\n' "$all" >&2
	exit 1
}
all=''

# serve CONFIGURATION: starts a server; $url, $pid.
serve() {
	local line log
	exec {log}< <(cd "$work" && exec "$weir" serve --config "$1" --listen 127.0.0.1:0 2>&1)
	pid=$!
	pids+=("$pid")
	while IFS= read -r -t 20 -u "$log" line; do
		if [[ $line =~ ^listening\ url=(http[^ ]+) ]]; then
			url=${BASH_REMATCH[1]}
			return
		fi
	done
	fail "no server"
}

# await TEXT...: reads what the pages say until each of these has been said.
await() {
	local text line
	for text in "$@"; do
		while [[ $all != *"data: $text"$'\n'* ]]; do
			IFS= read -r -t 60 -u "$seen" line || fail "nobody has said: $text"
			all+=$line$'\n'
		done
	done
}

# browse NAME: opens the page, in a session of its own, so that all its processes can be ended.
browse() {
	HOME=$work setsid "$browser" --headless --no-sandbox --disable-gpu --disable-quic --no-first-run \
		--disable-background-networking --disable-component-update --disable-sync \
		--disable-dev-shm-usage --user-data-dir="$work/$1" --remote-debugging-port=0 \
		"$served/files/page.html?$1" >"$work/$1.log" 2>&1 &
	browsers+=("$!")
}

printf 'routes:\n  - {path: /seen, kind: events}\n' >"$work/seen.yaml"
cat >"$work/weir.yaml" <<'YAML'
routes:
  - {path: '/files/{path...}', kind: files, root: files, create: true}
  - {path: /echo, kind: websocket, mode: echo}
  - {path: '/rooms/{room}', kind: websocket, mode: room}
YAML

serve seen.yaml
recorder=$url
exec {seen}< <(exec curl -sSN "$recorder/seen" 2>&1)
pids+=("$!")
IFS= read -r -t 20 -u "$seen" line || fail "no events" # ": connected"

serve weir.yaml
served=$url
server=$pid
cat >"$work/page.html" <<HTML
<!DOCTYPE html>
<meta charset="utf-8">
<script>
const me = location.search.slice(1);
const ws = (path) => new WebSocket("ws://" + location.host + path);
function tell(text) {
	fetch("$recorder/seen", {method: "POST", mode: "no-cors", body: me + " " + text});
}
const echo = ws("/echo");
echo.onopen = () => echo.send("grüße \u20ac");
echo.onmessage = (event) => tell("echo " + event.data);
echo.onclose = (event) => tell("echo closed " + event.code + " " + event.wasClean);
const room = ws("/rooms/lobby");
room.onopen = () => {
	tell("entered");
	if (me === "two")
		room.send("question");
};
room.onmessage = (event) => {
	tell("heard " + event.data);
	if (event.data === "question")
		room.send("answer");
};
room.onclose = (event) => tell("room closed " + event.code + " " + event.wasClean);
</script>
HTML
curl -sS --fail -T "$work/page.html" "$served/files/page.html" || fail "no page"

browse one
await 'one entered' 'one echo grüße €'
browse two
await 'two entered' 'two echo grüße €' 'one heard question' 'two heard answer'
[[ $all != *'two heard question'* && $all != *'one heard answer'* ]] || fail "heard oneself"
kill -TERM "$server"
await 'one room closed 1001 true' 'two room closed 1001 true' \
	'one echo closed 1001 true' 'two echo closed 1001 true'
code=0
wait "$server" || code=$?
[ "$code" = 0 ] || fail "exit code $code"
"$browser" --version 2>/dev/null || true
