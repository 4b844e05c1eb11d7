#!/bin/sh
# Makes what is handed out, in dist/: one static file for each system, a Debian
# package, and their SHA-256 sums. The same commit makes the same bytes. Called by
# `make dist`, after the map is built.
set -eu

systems=${DIST_SYSTEMS:-linux/amd64 linux/arm64 darwin/amd64 darwin/arm64 windows/amd64}
SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct)}
version=$(git describe --tags --match 'v[0-9]*' 2>/dev/null | sed 's/^v//; s/-\([0-9]*\)-g/+\1.g/') || true
version=${version:-0.0~$(git log -1 --format=%cd --date=format:%Y%m%d).g$(git rev-parse --short=12 HEAD)}
export SOURCE_DATE_EPOCH

rm -rf dist
mkdir dist
for system in $systems; do
	os=${system%/*} arch=${system#*/}
	file=dist/deconflict-$os-$arch
	test "$os" != windows || file=$file.exe
	echo "$file"
	CGO_ENABLED=0 GOOS=$os GOARCH=$arch "${GO:-go}" build -trimpath -ldflags='-s -w' -o "$file" ./cmd/deconflict
done

# deb ARCH makes a Debian package of a file that is there.
deb() {
	arch=$1
	root=$(mktemp -d)
	install -Dm755 "dist/deconflict-linux-$arch" "$root/usr/bin/deconflict"
	install -Dm644 packaging/deconflict.service "$root/usr/lib/systemd/system/deconflict.service"
	install -Dm644 packaging/deconflict.toml "$root/etc/deconflict/deconflict.toml"
	install -Dm644 LICENSE "$root/usr/share/doc/deconflict/copyright"
	install -m644 NOTICE README.md docs/*.md "$root/usr/share/doc/deconflict/"
	mkdir "$root/DEBIAN"
	echo /etc/deconflict/deconflict.toml >"$root/DEBIAN/conffiles"
	cat >"$root/DEBIAN/control" <<END
Package: deconflict
Version: $version
Architecture: $arch
Maintainer: The deconflict authors <deconflict@localhost>
Installed-Size: $(du -sk "$root/usr" | cut -f1)
Section: net
Priority: optional
Description: strategic deconfliction between operators who share airspace
 Decides whether flight plans conflict, and runs the node on which operators
 say what they intend. One static program with the map in it.
END
	chmod -R u=rwX,go=rX "$root"
	find "$root" -exec touch -h -d "@$SOURCE_DATE_EPOCH" {} +
	dpkg-deb --root-owner-group -Zxz --build "$root" "dist/deconflict_${version}_$arch.deb" >/dev/null
	rm -rf "$root"
	echo "dist/deconflict_${version}_$arch.deb"
}
if command -v dpkg-deb >/dev/null; then
	for arch in amd64 arm64; do
		test ! -e "dist/deconflict-linux-$arch" || deb "$arch"
	done
else
	echo "without Debian packages: dpkg-deb is missing"
fi

(cd dist && sha256sum -- * >SHA256SUMS)
