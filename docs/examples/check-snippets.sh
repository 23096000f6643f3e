#!/usr/bin/env bash
# check-snippets.sh: is the C code in the documentation what the example programs contain?
#
#	check-snippets.sh GUIDE.md...
#
# A block of C names its program behind the language, as in "```c hello.c", and has to be a run
# of whole lines of docs/examples/hello.c. A block of C without a name fails: nobody compiles it.
set -euo pipefail
examples=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
failed=0
checked=0

fail() {
	printf '%s\n' "$@" >&2
	failed=1
}

# check GUIDE LINE NAME TEXT
check() {
	local where="$1:$2" name=$3 text=$4 program
	checked=$((checked + 1))
	if [ -z "$name" ]; then
		fail "$where: a block of C without the name of its program"
	elif [ ! -f "$examples/$name" ]; then
		fail "$where: there is no docs/examples/$name"
	else
		program=$'\n'$(<"$examples/$name")$'\n'
		[[ $program == *$'\n'"$text"* ]] ||
			fail "$where: docs/examples/$name does not contain this:" "$text"
	fi
}

# read_guide GUIDE: checks each of its blocks of C; at least one has to be there.
read_guide() {
	local guide=$1 line number=0 begin=0 name='' text='' before=$checked
	while IFS= read -r line || [ -n "$line" ]; do
		number=$((number + 1))
		if [ "$begin" -gt 0 ] && [ "$line" = '```' ]; then
			check "$guide" "$begin" "$name" "$text"
			begin=0
		elif [ "$begin" -gt 0 ]; then
			text+=$line$'\n'
		elif [[ $line =~ ^\`\`\`c($|[[:space:]]+(.*)$) ]]; then
			begin=$number
			name=${BASH_REMATCH[2]}
			text=''
		fi
	done <"$guide"
	[ "$begin" -eq 0 ] || fail "$guide:$begin: this block has no end"
	[ "$checked" -gt "$before" ] || fail "$guide: no block of C"
}

[ $# -gt 0 ] || fail "usage: check-snippets.sh GUIDE.md..."
for guide; do
	read_guide "$guide"
done
[ "$failed" -eq 0 ] || exit 1
echo "$checked blocks of C, all of them in docs/examples"
