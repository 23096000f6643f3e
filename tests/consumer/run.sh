#!/usr/bin/env bash
# consumer/run.sh: installs the build into a temporary prefix, then builds and runs the
# example beside this script against it, in each way in which a user would.
#
# CTest gives: WEIR_SOURCE, WEIR_BUILD, CMAKE, CMAKE_GENERATOR (which cmake reads by itself:
# there may be no make), PKG_CONFIG, CC, CFLAGS (a sanitized library needs the sanitizer's
# flag in its program too).
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
prefix=$work/prefix
read -r -a flags <<<"${CFLAGS-}"

fail() {
	echo "consumer: $*" >&2
	exit 1
}

echo "== install"
"$CMAKE" --install "$WEIR_BUILD" --prefix "$prefix" >"$work/install.log" || {
	cat "$work/install.log"
	fail "cmake --install failed"
}
# The library's own, and those of what is optional if it was built.
mkdir "$work/headers"
for header in "$WEIR_SOURCE"/lib/include/weir/*.h "$WEIR_SOURCE"/lib/*/include/weir/*.h; do
	[ "${header%/include/weir/*}" != "$WEIR_SOURCE/lib" ] &&
		[ ! -e "$prefix/include/weir/${header##*/}" ] || cp "$header" "$work/headers"
done
diff -r "$work/headers" "$prefix/include/weir" ||
	fail "the installed headers are not those of the source tree"
pc=$(find "$prefix" -name weir.pc)
[ -n "$pc" ] || fail "no weir.pc was installed"
libdir=$(dirname "$(dirname "$pc")")
export PKG_CONFIG_PATH=$libdir/pkgconfig LD_LIBRARY_PATH=$libdir

echo "== what the shared library exports"
nm -D --defined-only "$libdir/libweir.so" >"$work/symbols"
grep -q ' T weir_server_run$' "$work/symbols" || fail "weir_server_run is not exported"
if grep -E ' [A-Z] ' "$work/symbols" | grep -vE ' (weir_[a-z]|__odr_asan)'; then
	fail "these symbols are no part of the interface"
fi

prove=
[ ! -e "$prefix/include/weir/testing.h" ] || prove=$WEIR_SOURCE/docs/examples/prove.c

echo "== find_package"
"$CMAKE" -S "$here" -B "$work/build" -DCMAKE_PREFIX_PATH="$prefix" -DPROVE="$prove" \
	-DCMAKE_C_COMPILER="$CC" -DCMAKE_C_FLAGS="${CFLAGS-}"
"$CMAKE" --build "$work/build"
readelf -d "$work/build/hello" | grep -F 'libweir.so.0' || fail "hello does not need libweir.so.0"
! readelf -d "$work/build/hello-static" | grep -F 'libweir' || fail "hello-static is not static"
"$work/build/hello"
"$work/build/hello-static"
[ -z "$prove" ] || "$work/build/prove"

echo "== pkg-config"
found=$("$PKG_CONFIG" --cflags --libs weir)
read -r -a weir_flags <<<"$found"
"$CC" "${flags[@]}" -std=c11 -o "$work/hello" "$here/hello.c" "${weir_flags[@]}"
"$work/hello"
if [ -n "$prove" ]; then
	found=$("$PKG_CONFIG" --cflags --libs weir-testing)
	read -r -a testing_flags <<<"$found"
	"$CC" "${flags[@]}" -std=c11 -o "$work/prove" "$prove" "${testing_flags[@]}"
	"$work/prove"
fi
