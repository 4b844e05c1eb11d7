# make check   the main job on real input
# make test    all tests; says what was skipped
# The others are for developers; .ci/run is all that a change has to pass.

GO       ?= go
FUZZTIME ?= 20000x
PACKAGE  ?= ./...

.PHONY: check test build lint race fuzz bench clean

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
bin/deconflict:
	CGO_ENABLED=0 $(GO) build -trimpath -ldflags=-s -o $@ ./cmd/deconflict

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
	rm -rf bin
