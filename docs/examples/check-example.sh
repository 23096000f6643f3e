#!/usr/bin/env bash
# check-example.sh: does an example program do what the documentation says of it?
#
#	check-example.sh NAME PROGRAM
#
# Starts it on a free port, asks it what its guide asks, stops it, looks at its exit code.
# Nothing here sleeps: the program's log and its answers are what is waited for.
set -euo pipefail
name=$1
program=$2
command -v curl >/dev/null || {
	echo "no curl: not checked"
	exit 77
}
work=$(mktemp -d)
pid=''
asked=''
cleanup() {
	[ -z "$pid" ] || kill -KILL "$pid" 2>/dev/null || true
	[ -z "$asked" ] || kill "$asked" 2>/dev/null || true
	rm -rf "$work"
}
trap cleanup EXIT

fail() {
	echo "$name: $*" >&2
	exit 1
}

# start [ARGUMENT...]: runs the program; $log is what it prints.
start() {
	exec {log}< <(exec "$program" "$@" 2>&1)
	pid=$!
}

# next_url: waits until it listens (once more); $url is where.
next_url() {
	local line
	while IFS= read -r -t 20 -u "$log" line; do
		if [[ $line =~ ^listening\ url=([^ ]+) ]]; then
			url=${BASH_REMATCH[1]}
			return
		fi
		echo "$line" >&2
	done
	fail "it does not listen"
}

ask() { curl -sS --max-time 20 "$@"; }

# begin PATTERN CURL-ARGUMENT...: asks beside us, and comes back when curl has told of PATTERN
# ("> " and what it sends, "< " and what it receives). finish waits for the rest: $told is all of
# it, $code the status.
begin() {
	local pattern=$1 line
	shift
	exec {trace}< <(exec curl -sSNv --max-time 20 -w 'code %{http_code}\n' "$@" 2>&1)
	asked=$!
	told=''
	while IFS= read -r -t 20 -u "$trace" line; do
		told+=$line$'\n'
		[[ $line != "$pattern"* ]] || return 0
	done
	fail "curl did not tell of \"$pattern\": $told"
}

finish() {
	told+=$(cat <&"$trace")
	asked=''
	code=${told##*code }
}

# expect WANTED GOT
expect() { [ "$2" = "$1" ] || fail "wanted \"$1\", got \"$2\""; }

# ended CODE: waits for its end; $rest is what else it printed.
ended() {
	local code=0
	rest=$(timeout 20 cat <&"$log") || fail "it does not end"
	wait "$pid" || code=$?
	pid=''
	[ "$code" -eq "$1" ] || fail "exit code $code instead of $1; it said: $rest"
}

stop() {
	kill -TERM "$pid"
	ended 0
}

check_hello() {
	start 127.0.0.1:0
	next_url
	expect 'Hello, world!' "$(ask "$url/hello/world")"
	expect 'Hello, a b!' "$(ask "$url/hello/a%20b")"
	expect 404 "$(ask -o "$work/out" -w '%{http_code}' "$url/hello")"
	stop
}

check_upload() {
	mkdir "$work/store"
	start "$work/store" 127.0.0.1:0
	next_url
	head -c 3000000 /dev/urandom >"$work/in"
	expect 'stored name' "$(ask -T "$work/in" "$url/upload/name")"
	cmp "$work/in" "$work/store/name" || fail "what was stored is not what was sent"
	expect 400 "$(ask -o "$work/out" -w '%{http_code}' -T "$work/in" "$url/upload/..%2Fname")"

	# A client that goes in the middle: nothing is left of its upload.
	mkfifo "$work/half"
	exec {half}<>"$work/half"
	head -c 30000 "$work/in" >&"$half"
	begin '< HTTP/1.1 100' -H 'Expect: 100-continue' -T "$work/half" "$url/upload/half"
	kill -KILL "$asked"
	finish
	stop
	expect name "$(ls -A "$work/store")"
}

check_cleanup() {
	start "$work" 127.0.0.1:0
	next_url
	expect 400 "$(ask -o "$work/out" -w '%{http_code}' "$url/count/..%2Fname")"
	begin '> GET' "$url/count/me"
	kill -TERM "$pid"
	finish
	expect 200 "$code"
	[[ $told =~ saved\ ([0-9]+) ]] || fail "nothing saved: $told"
	expect "${BASH_REMATCH[1]}" "$(cat "$work/me")"
	ended 0
}

check_reload() {
	local line
	echo before >"$work/page"
	start "$work/page" 127.0.0.1:0
	next_url
	expect before "$(ask "$url/")"
	echo after >"$work/page"
	kill -HUP "$pid"
	IFS= read -r -t 20 -u "$log" line
	expect reloaded "$line"
	expect after "$(ask "$url/")"
	rm "$work/page"
	kill -HUP "$pid"
	IFS= read -r -t 20 -u "$log" line
	expect 'not reloaded' "$line"
	expect after "$(ask "$url/")"
	stop
}

check_takeover() {
	local line
	start 127.0.0.1:0
	next_url
	expect 426 "$(ask -o "$work/out" -w '%{http_code}' "$url/shout")"
	exec {shout}<>"/dev/tcp/127.0.0.1/${url##*:}"
	printf 'GET /shout HTTP/1.1\r\nHost: me\r\nConnection: upgrade\r\nUpgrade: shout\r\n\r\nearly\n' >&"$shout"
	IFS= read -r -t 20 -u "$shout" line
	expect 'HTTP/1.1 101 Switching Protocols' "${line%$'\r'}"
	while IFS= read -r -t 20 -u "$shout" line && [ "$line" != $'\r' ]; do :; done
	IFS= read -r -t 20 -u "$shout" line
	expect EARLY "$line"
	echo late >&"$shout"
	IFS= read -r -t 20 -u "$shout" line
	expect LATE "$line"
	kill -TERM "$pid"
	IFS= read -r -t 20 -u "$shout" line
	expect BYE "$line"
	exec {shout}>&-
	ended 0
}

check_stream() {
	start 127.0.0.1:0
	next_url
	begin 'data: tick 1' "$url/ticks"
	kill -TERM "$pid"
	finish
	[[ $told == *'event: bye'* ]] || fail "no goodbye: $told"
	expect 200 "$code"
	ended 0
}

check_deadline() {
	start 127.0.0.1:0
	next_url
	expect 25 "$(ask "$url/primes/100")"
	expect 504 "$(ask -o "$work/out" -w '%{http_code}' "$url/primes/4000000000")"
	[[ $(ask "$url/estimate/4000000000") == 'at least '* ]] || fail "no estimate"
	stop
}

check_longpoll() {
	start 127.0.0.1:0
	next_url
	begin '> GET /next' "$url/next"
	expect 202 "$(ask -o "$work/out" -w '%{http_code}' -X POST "$url/events")"
	finish
	[[ $told == *$'\nevent\n'* ]] || fail "no event: $told"

	# Sent, but perhaps not yet read when the stop begins: then the server answers 503.
	begin '> GET /next' "$url/next"
	stop
	finish
	[[ $code == 204 || $code == 503 ]] || fail "wanted 204 or 503: $told"
}

check_embed() {
	start 127.0.0.1:0 127.0.0.1:0
	next_url
	local public=$url
	next_url
	begin '> GET /slow' "$public/slow"
	expect stopping "$(ask -X POST "$url/stop")"
	finish
	expect 503 "$code"
	ended 0
	[[ $rest == *'outcome=clean asked-by=127.0.0.1:'* ]] || fail "no report: $rest"
}

check_background() {
	local line
	start 127.0.0.1:0 "$work/lines"
	next_url
	for line in one 'and two' three; do
		expect 202 "$(ask -o "$work/out" -w '%{http_code}' -d "$line" "$url/lines")"
	done
	stop
	expect $'one\nand two\nthree' "$(<"$work/lines")"
}

check_blocking() {
	local lock
	start 127.0.0.1:0 "$work"
	next_url
	expect 'a fine room' "$(ask "$url/room")"
	[[ $(ask "$url/port/${url##*:}") == *'a fine room' ]] || fail "nothing was passed on"
	expect 502 "$(ask -o "$work/out" -w '%{http_code}' "$url/port/1")"
	printf 'a line\n' >"$work/in"
	expect 'appended 7 bytes' "$(ask -T "$work/in" "$url/log")"

	# While somebody else has the lock: the deadline reaches flock(2).
	exec {lock}>>"$work/log"
	flock "$lock"
	expect 504 "$(ask -o "$work/out" -w '%{http_code}' -T "$work/in" "$url/log")"
	exec {lock}>&-
	expect 'appended 7 bytes' "$(ask -T "$work/in" "$url/log")"
	expect $'a line\na line' "$(<"$work/log")"
	stop
}

check_call() {
	start 127.0.0.1:0
	next_url
	expect 'fine in oslo' "$(ask "$url/weather/oslo")"
	expect 502 "$(ask -o "$work/out" -w '%{http_code}' "$url/weather/atlantis")"
	expect 504 "$(ask -o "$work/out" -w '%{http_code}' "$url/weather/thule")"
	stop
}

# A handshake, a text, a close, by hand: masked with zeros.
check_chat() {
	local line socket got
	start 127.0.0.1:0
	next_url
	expect 400 "$(ask -o "$work/out" -w '%{http_code}' "$url/chat")"
	exec {socket}<>"/dev/tcp/127.0.0.1/${url##*:}"
	printf '%s\r\n' 'GET /chat HTTP/1.1' 'Host: localhost' 'Upgrade: websocket' \
		'Connection: Upgrade' 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==' \
		'Sec-WebSocket-Version: 13' '' >&"$socket"
	IFS= read -r -t 20 line <&"$socket"
	[[ $line == 'HTTP/1.1 101 '* ]] || fail "no handshake: $line"
	while [ "$line" != $'\r' ]; do
		IFS= read -r -t 20 line <&"$socket"
	done
	printf '\x81\x85\0\0\0\0hello' >&"$socket"
	got=$(LC_ALL=C head -c 7 <&"$socket" | od -An -c | tr -d ' ')
	expect '201005hello' "$got"
	printf '\x88\x82\0\0\0\0\x03\xe8' >&"$socket"
	got=$(LC_ALL=C head -c 4 <&"$socket" | od -An -tx1 | tr -d ' ')
	expect '880203e8' "$got"
	exec {socket}>&-
	stop
}

check_lines() {
	printf 'one\ntwo\nthree\n' >"$work/text"
	start "$work" 127.0.0.1:0
	next_url
	expect 3 "$(ask -H 'X-Request-Timeout: 20s' "$url/lines/text")"
	expect 404 "$(ask -o "$work/out" -w '%{http_code}' "$url/lines/none")"
	expect 504 "$(ask -o "$work/out" -w '%{http_code}' -H 'X-Request-Timeout: 0' "$url/lines/text")"
	expect 400 "$(ask -o "$work/out" -w '%{http_code}' -H 'X-Request-Timeout: soon' "$url/lines/text")"
	stop
}

check_notes() {
	start "$work/notes.db" 127.0.0.1:0
	next_url
	expect 201 "$(ask -o "$work/out" -w '%{http_code}' -d 'buy milk' "$url/notes")"
	expect 201 "$(ask -o "$work/out" -w '%{http_code}' -d "'); DROP TABLE note" "$url/notes")"
	expect 409 "$(ask -o "$work/out" -w '%{http_code}' -d 'buy milk' "$url/notes")"
	expect $'buy milk\n\'); DROP TABLE note' "$(ask "$url/notes")"
	expect 25 "$(ask "$url/primes/100")"
	expect 400 "$(ask -o "$work/out" -w '%{http_code}' "$url/primes/many")"
	expect 504 "$(ask -o "$work/out" -w '%{http_code}' "$url/primes/1000000000")"
	expect 25 "$(ask "$url/primes/100")"
	stop
}

check_teardown() {
	start 127.0.0.1:0 "$work/hits"
	next_url
	expect 1 "$(ask -X POST "$url/hits")"
	expect 2 "$(ask -X POST "$url/hits")"
	! "$program" 127.0.0.1:0 "$work/hits" 2>"$work/out" || fail "two have the lock"
	stop
	[[ $rest == *'saved 2'*'unlocked '* ]] || fail "another order: $rest"
	start 127.0.0.1:0 "$work/hits"
	next_url
	expect 3 "$(ask -X POST "$url/hits")"
	stop
}

[ "$(type -t "check_$name")" = function ] || fail "there is no check for it"
"check_$name"
