#!/usr/bin/env bash
# list_is_current.sh PROGRAM DOCUMENT: fails unless what `PROGRAM --list` prints stands in DOCUMENT,
# from behind its line "<!-- cases -->" to its end. With WRITE=1 it is put there.
set -euo pipefail

mark='<!-- cases -->'
grep -qxF -- "$mark" "$2"
if [ "${WRITE-}" = 1 ]; then
	text=$(sed "/^$mark\$/q" "$2")
	{
		printf '%s\n' "$text"
		"$1" --list
	} >"$2"
fi
diff <(sed "1,/^$mark\$/d" "$2") <("$1" --list)
