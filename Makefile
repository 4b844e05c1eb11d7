# make check   the main job on real input
# make test    all tests; says what was skipped
# The others are for developers; .ci/run is all that a change has to pass.

GO       ?= go
FUZZTIME ?= 20000x
PACKAGE  ?= ./...

.PHONY: check test build dist map map-or-not browser browser-load shots lint race fuzz bench clean

check: bin/deconflict
	@COLUMNS=$${COLUMNS:-96} ./bin/deconflict check \
		testdata/missions/qgroundcontrol_sample.plan \
		testdata/missions/qgroundcontrol_sample_with_survey.plan \
		--start 2031-05-07T09:00:00Z --minima 50m,15m --svg conflict.svg; \
	code=$$?; test $$code -le 1 || exit $$code; echo; echo "drawn: conflict.svg"

test:
	$(GO) run ./internal/house/gotest $(TESTFLAGS) $(PACKAGE)

build: bin/deconflict

# A static binary with the standard library and nothing else in it.
.PHONY: bin/deconflict
bin/deconflict: map-or-not
	CGO_ENABLED=0 $(GO) build -trimpath -ldflags=-s -o $@ ./cmd/deconflict

# What is handed out: a file for each system and Debian packages, in dist/. It
# builds the map anew, whatever lies there.
dist: web/node_modules/.package-lock.json
	@GO='$(GO)' sh packaging/dist.sh

# The map, which the program embeds: built anew when its sources changed.
MAP_INDEX := $(or $(firstword $(wildcard internal/web/dist/index.html internal/web/dist/index.html.gz)),internal/web/dist/index.html)
MAP_SOURCES := $(shell find web \( -name node_modules -o -name test \) -prune -o -type f -print)

map: $(MAP_INDEX)

$(MAP_INDEX): web/node_modules/.package-lock.json $(MAP_SOURCES)
	cd web && npm run build

web/node_modules/.package-lock.json: web/package.json web/package-lock.json
	cd web && npm ci --no-audit --no-fund

# Without npm, or without a network to fetch what it names, the program does all
# but show the map.
map-or-not:
	@if ! command -v npm >/dev/null; then \
		test -e $(MAP_INDEX) || echo "without the map in the browser: 'make map' builds it and needs npm with Node.js 20.19 or newer"; \
	elif ! $(MAKE) --no-print-directory --silent map; then \
		echo "without the map in the browser, or with an older one: 'make map' failed"; \
	fi

# The map in Chromium, over the program: needs chromium and npm.
browser: map bin/deconflict
	npm --prefix web test

# How the map bears 10,000 intents and 1,000 craft: for a machine that is quiet.
browser-load: map bin/deconflict
	node web/test/load.mjs

# The images of the map in docs/images.
shots: map bin/deconflict
	node web/test/shots.mjs

lint:
	@unformatted=$$($(GO) tool gofumpt -l .) && test -z "$$unformatted" || { echo "run 'go tool gofumpt -w .' for:"; echo "$$unformatted"; exit 1; }
	$(GO) vet ./...
	$(GO) tool staticcheck ./...

race:
	CGO_ENABLED=1 $(GO) test -race -short $(PACKAGE)

# Every fuzz target for FUZZTIME, within FUZZ_SECONDS in all.
fuzz:
	FUZZTIME=$(FUZZTIME) .ci/run --stage fuzz

bench:
	$(GO) test -run '^$$' -bench . -benchmem $(PACKAGE)

clean:
	rm -rf bin dist
	find internal/web/dist -mindepth 1 ! -name absent.html -delete
