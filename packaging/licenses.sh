#!/bin/sh
# Prints the licences of all that is in the program: Go's own, those of the modules
# on each system, and those of the packages that the map is built from.
set -eu
export LC_ALL=C

texts() { # NAME FOLDER
	found=
	for file in "$2"/LICEN[CS]E* "$2"/license* "$2"/COPYING* "$2"/NOTICE* "$2"/PATENTS*; do
		test -f "$file" || continue
		found=yes
		printf '\n==== %s: %s\n\n' "$1" "${file##*/}"
		tr -d '\r' <"$file"
	done
	test -z "$found" || return 0
	terms=$(sed -n 's/^ *"license": *"\(.*\)".*/\1/p' "$2/package.json" 2>/dev/null) || true
	test -n "$terms" || { echo "no licence found of $1" >&2; exit 1; }
	printf '\n==== %s: no text of its own, but its package.json says %s\n' "$1" "$terms"
}

echo "What is in deconflict besides its own code, and under which terms."
texts "Go $("${GO:-go}" env GOVERSION)" "$("${GO:-go}" env GOROOT)"
for system in "$@"; do
	CGO_ENABLED=0 GOOS=${system%/*} GOARCH=${system#*/} "${GO:-go}" list -deps \
		-f '{{with .Module}}{{if not .Main}}{{.Path}} {{.Version}} {{.Dir}}{{end}}{{end}}' ./cmd/deconflict
done | sort -u | while read -r path version dir; do texts "$path $version" "$dir"; done
(cd web && npm ls --loglevel=error --omit=dev --all --parseable --long) | sort -u | while IFS=: read -r dir name _; do
	case $dir in */node_modules/*) texts "$name" "$dir" ;; esac
done
