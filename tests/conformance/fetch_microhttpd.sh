#!/usr/bin/env bash
# fetch_microhttpd.sh DIRECTORY [SUITE]: the libmicrohttpd of a newer Debian suite (trixie unless
# another is named), unpacked into DIRECTORY and installed nowhere: lib, include and pkgconfig.
#
# The mirror is that of the machine's own apt sources; apt gets lists and a cache of its own in
# DIRECTORY, and checks the signatures by Debian's keyring. The packages are taken as they are: they
# have to run with this system's libc, which is looked at.
set -euo pipefail

directory=$1
suite=${2:-trixie}
keyring=/usr/share/keyrings/debian-archive-keyring.gpg

mirror() {
	local list
	for list in /etc/apt/sources.list.d/*.sources; do
		[ -f "$list" ] || continue
		sed -n 's/^URIs: *\([^ ]*\/debian\/\{0,1\}\) *$/\1/p' "$list"
	done
	for list in /etc/apt/sources.list /etc/apt/sources.list.d/*.list; do
		[ -f "$list" ] || continue
		sed -n 's/^deb \(\[[^]]*\] *\)\{0,1\}\([^ ]*\/debian\/\{0,1\}\) .*/\2/p' "$list"
	done
}

uri=$(mirror | head -n 1)
[ -n "$uri" ] || {
	echo "no Debian mirror in the sources of apt"
	exit 1
}
rm -rf "$directory"
mkdir -p "$directory/lists/partial" "$directory/cache/archives/partial" "$directory/root"
cd "$directory"
echo "deb [signed-by=$keyring] $uri $suite main" >sources.list

apt_here() {
	apt-get -q -o Dir::Etc::sourcelist="$PWD/sources.list" -o Dir::Etc::sourceparts=/dev/null \
		-o Dir::Etc::preferencesparts=/dev/null -o Dir::State::lists="$PWD/lists" \
		-o Dir::Cache="$PWD/cache" -o APT::Sandbox::User=root -o Acquire::Languages=none "$@"
}
apt_here update
apt_here download libmicrohttpd12t64 libmicrohttpd-dev
for package in ./*.deb; do
	dpkg-deb -x "$package" root
done

libraries=$(dirname "$(find root -name 'libmicrohttpd.so.12' | head -n 1)")
ln -s "$libraries" lib
ln -s root/usr/include include
missing=$(ldd lib/libmicrohttpd.so.12 | grep 'not found' || true)
[ -z "$missing" ] || {
	echo "it does not run here: $missing"
	exit 1
}
mkdir pkgconfig
sed "s|^prefix=.*|prefix=$PWD|; s|^libdir=.*|libdir=$PWD/lib|; s|^includedir=.*|includedir=$PWD/include|" \
	root/usr/lib/*/pkgconfig/libmicrohttpd.pc >pkgconfig/libmicrohttpd.pc
rm -rf lists cache
