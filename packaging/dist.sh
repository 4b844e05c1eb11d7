#!/bin/sh
# Makes what is handed out, in dist/: one static file for each system with the map
# in it, Debian packages, the licences of what they contain, and SHA-256 sums.
# Called by `make dist`. The same commit makes the same bytes in any directory, with
# the same Go and Node.js. DIST_SYSTEMS limits it to some systems.
set -eu
umask 022
export LC_ALL=C TZ=UTC

all='linux/amd64 linux/arm64 darwin/amd64 darwin/arm64 windows/amd64'
systems=${DIST_SYSTEMS:-$all}
go=${GO:-go}
# Debian wants an address; the project has none, and .invalid reaches nobody
# (RFC 2606).
maintainer='deconflict maintainers <noreply@deconflict.invalid>'

# What the caller's environment would change of the program, at its default. The
# commit is in the version, as Go's own stamp depends on how the clone was made.
export CGO_ENABLED=0 GOFLAGS='-trimpath -buildvcs=false -mod=readonly' GOWORK=off
export GOAMD64=v1 GOARM64=v8.0 GOEXPERIMENT='' GODEBUG='' GOFIPS140=off

# v1.2.0-rc1 is 1.2.0~rc1, which Debian puts before 1.2.0; three commits after it
# is 1.2.0~rc1+3.g and the commit. Without a tag it is 0.0~, time and commit.
version=$(git describe --tags --match 'v[0-9]*' --abbrev=12 2>/dev/null |
	sed 's/^v//; s/-\([0-9]*\)-\(g[0-9a-f]*\)$/+\1.\2/; s/-/~/g') || true
version=${version:-0.0~$(git log -1 --format=%cd --date=format-local:%Y%m%d%H%M%S).g$(git rev-parse --short=12 HEAD)}
if test -n "$(git status --porcelain)"; then
	version=$version+changed
	echo "the tree differs from the commit, so that nobody can build the same again"
fi
SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct)}
export SOURCE_DATE_EPOCH

# deb ARCH makes a Debian package of a file that is there.
deb() {
	arch=$1
	root=$(mktemp -d)
	doc=$root/usr/share/doc/deconflict
	install -Dm755 "dist/deconflict-linux-$arch" "$root/usr/bin/deconflict"
	install -Dm644 packaging/deconflict.service "$root/usr/lib/systemd/system/deconflict.service"
	install -Dm644 packaging/deconflict.toml "$root/etc/deconflict/deconflict.toml"
	mkdir -p "$doc/docs/images" "$root/DEBIAN"
	install -m644 README.md "$doc/"
	install -m644 docs/*.md "$doc/docs/"
	install -m644 docs/images/* "$doc/docs/images/"
	{
		cat NOTICE
		printf '\nThe full text of the Apache License 2.0: /usr/share/common-licenses/Apache-2.0\n'
		printf 'The licences of what else is in the program: LICENSES.txt.gz in this folder.\n'
	} >"$doc/copyright"
	gzip -9n <dist/LICENSES.txt >"$doc/LICENSES.txt.gz"
	{
		printf 'deconflict (%s) unstable; urgency=medium\n\n' "$version"
		printf '  * Built from commit %s.\n\n' "$(git rev-parse HEAD)"
		printf ' -- %s  %s\n' "$maintainer" "$(date -R -d "@$SOURCE_DATE_EPOCH")"
	} | gzip -9n >"$doc/changelog.gz"
	install -m755 packaging/deb/postinst packaging/deb/prerm packaging/deb/postrm "$root/DEBIAN/"
	echo /etc/deconflict/deconflict.toml >"$root/DEBIAN/conffiles"
	(cd "$root" && find usr -type f | sort | xargs md5sum) >"$root/DEBIAN/md5sums"
	# Counted as Debian's policy says, the same on every file system.
	size=$(find "$root/usr" "$root/etc" -printf '%y %s\n' |
		awk '{ kib += $1 == "f" ? int(($2 + 1023) / 1024) : 1 } END { print kib }')
	cat >"$root/DEBIAN/control" <<-END
		Package: deconflict
		Version: $version
		Architecture: $arch
		Maintainer: $maintainer
		Installed-Size: $size
		Section: net
		Priority: optional
		Homepage: https://github.com/deconflict/deconflict
		Description: strategic deconfliction between operators who share airspace
		 Decides whether flight plans conflict, and runs the node on which operators
		 say what they intend. One static program with the map in it.
	END
	# Modes and times depend neither on who builds nor on where.
	find "$root" -type d -exec chmod 00755 {} +
	find "$root" -exec touch -h -d "@$SOURCE_DATE_EPOCH" {} +
	# One thread: with several, xz cuts its blocks differently.
	dpkg-deb --root-owner-group --threads-max=1 -Zxz --build "$root" "dist/deconflict_${version}_$arch.deb" >/dev/null
	rm -rf "$root"
	echo "dist/deconflict_${version}_$arch.deb"
}

rm -rf dist
mkdir dist
echo "version $version with $($go env GOVERSION) and Node.js $(node --version)"
npm --prefix web run --silent build
for system in $systems; do
	os=${system%/*} arch=${system#*/}
	file=dist/deconflict-$os-$arch
	test "$os" != windows || file=$file.exe
	echo "$file"
	GOOS=$os GOARCH=$arch $go build -ldflags="-s -w -X main.version=$version" -o "$file" ./cmd/deconflict
done
# shellcheck disable=SC2086 # one word for each system
GO=$go sh packaging/licenses.sh $all >dist/LICENSES.txt
if command -v dpkg-deb >/dev/null; then
	for arch in amd64 arm64; do
		test ! -e "dist/deconflict-linux-$arch" || deb "$arch"
	done
else
	echo "without Debian packages: dpkg-deb is missing"
fi
(cd dist && sha256sum -- * >SHA256SUMS)
