package web

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"
)

// BasemapPath is where the page asks for the base map.
const BasemapPath = "/basemap.pmtiles"

// maxRange is how much of a base map one request gets, in bytes. Readers of the
// format ask for directories and tiles, which are far smaller; without a limit
// whoever can reach the node could keep it busy with whole files.
const maxRange = 4 << 20

// A Basemap is a file with a map of some area, of the operator's choice, that the
// page draws under everything else. It may be replaced while it is served. Nil is
// none.
type Basemap struct {
	path string

	mu      sync.Mutex
	looked  fileState
	trouble error // of what was looked at
}

// fileState tells whether a file is as it was.
type fileState struct {
	size     int64
	modified time.Time
}

// OpenBasemap looks at a file; the path "" is no base map. Errors say what was
// found and what was expected.
func OpenBasemap(path string) (*Basemap, error) {
	if path == "" {
		return nil, nil
	}
	b := &Basemap{path: path}
	f, _, err := b.open()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return b, f.Close()
}

// open opens the file and checks it, if it is not as it was.
func (b *Basemap) open() (*os.File, fileState, error) {
	info, err := os.Stat(b.path) // first: opening a pipe would wait for its writer
	if err == nil && !info.Mode().IsRegular() {
		err = errors.New("found no regular file, expected one")
	}
	var f *os.File
	if err == nil {
		f, err = os.Open(b.path)
	}
	if err != nil {
		return nil, fileState{}, plainReason(err)
	}
	state, err := b.look(f)
	if err != nil {
		_ = f.Close() // the error that led here counts
		return nil, state, plainReason(err)
	}
	return f, state, nil
}

// look tells what is wrong with the file, if something is.
func (b *Basemap) look(f *os.File) (fileState, error) {
	info, err := f.Stat()
	if err != nil {
		return fileState{}, err
	}
	state := fileState{info.Size(), info.ModTime()}
	b.mu.Lock()
	defer b.mu.Unlock()
	if state == b.looked {
		return state, b.trouble
	}
	head := make([]byte, headerSize)
	n, err := f.ReadAt(head, 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return state, err
	}
	b.looked, b.trouble = state, checkHeader(head[:n], state.size)
	return state, b.trouble
}

// plainReason leaves the path out, which whoever looks at the page need not know.
func plainReason(err error) error {
	var e *fs.PathError
	if errors.As(err, &e) {
		return e.Err
	}
	return err
}

// ServeHTTP answers requests for ranges of the file, as readers of the format
// make them. Where there is no base map it says so with 204.
func (b *Basemap) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Cache-Control", "no-cache")
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		h.Set("Allow", "GET, HEAD")
		http.Error(w, "expected GET", http.StatusMethodNotAllowed)
		return
	}
	if b == nil {
		w.WriteHeader(http.StatusNoContent)
		return
	}
	if !oneRange(r.Header.Values("Range")) {
		http.Error(w, fmt.Sprintf("expected the header Range with one range of at most %d bytes, such as bytes=0-16383", maxRange), http.StatusBadRequest)
		return
	}
	f, state, err := b.open()
	if err != nil {
		http.Error(w, "the base map: "+err.Error(), http.StatusNotFound)
		return
	}
	defer func() { _ = f.Close() }() // it was only read
	h.Set("Content-Type", "application/vnd.pmtiles")
	h.Set("ETag", fmt.Sprintf(`"%x-%x"`, state.modified.UnixNano(), state.size))
	r.Header.Del("If-Range") // a changed file is told by its tag; never answer with all of it
	http.ServeContent(w, r, "", state.modified, f)
}

// oneRange tells whether one small range is asked for (RFC 9110 section 14.2).
func oneRange(given []string) bool {
	if len(given) != 1 {
		return false
	}
	first, last, ok := strings.Cut(strings.TrimPrefix(given[0], "bytes="), "-")
	from, err := strconv.ParseUint(first, 10, 63)
	to, err2 := strconv.ParseUint(last, 10, 63)
	return ok && err == nil && err2 == nil && strings.HasPrefix(given[0], "bytes=") && from <= to && to-from < maxRange
}

// The header of PMTiles, version 3: offsets of its fields, all little-endian.
const (
	magic           = "PMTiles"
	headerSize      = 127
	atVersion       = 7
	atSections      = 8 // four of them, offset and length each
	atInternal      = 97
	atTiles         = 98
	atType          = 99
	atMinZoom       = 100
	atMaxZoom       = 101
	maxRoot         = 16 << 10 // bytes; the root directory ends within it
	maxZoom         = 26       // tiles of deeper zooms have no numbers that a browser can hold
	gzipped         = 2        // less is nothing, or not said
	firstType       = 1        // vector tiles
	lastType        = 5        // AVIF
	rootSection     = 0
	metadataSection = 1
)

var sections = [...]string{"a root directory", "metadata", "leaf directories", "tiles"}

// checkHeader tells what keeps the page from reading a file of that many bytes
// that begins with head. What it cannot see it leaves to the page, which then
// draws the coast alone.
func checkHeader(head []byte, size int64) error {
	if !bytes.HasPrefix(head, []byte(magic)) {
		return fmt.Errorf("found a file that begins with %.16q, expected PMTiles, version 3", head)
	}
	if len(head) > atVersion && head[atVersion] != 3 {
		return fmt.Errorf("found PMTiles of version %d, expected version 3", head[atVersion])
	}
	if len(head) < headerSize {
		return fmt.Errorf("found %d bytes, expected a header of %d: the file is cut off", len(head), headerSize)
	}
	for i, name := range sections {
		at := atSections + 16*i
		offset, length := binary.LittleEndian.Uint64(head[at:]), binary.LittleEndian.Uint64(head[at+8:])
		if end := offset + length; end < offset || end > uint64(size) {
			return fmt.Errorf("found %d bytes, expected %s of %d bytes from byte %d on: the file is cut off", size, name, length, offset)
		}
		if i == rootSection && (length == 0 || offset < headerSize || offset+length > maxRoot) {
			return fmt.Errorf("found the root directory in bytes %d to %d, expected one within bytes %d to %d", offset, offset+length, headerSize, maxRoot)
		}
		if i == metadataSection && length > maxRange {
			return fmt.Errorf("found %d bytes of metadata, expected at most %d", length, maxRange)
		}
	}
	if c := max(head[atInternal], head[atTiles]); c > gzipped {
		return fmt.Errorf("found directories and tiles compressed by ways %d and %d (3 is brotli, 4 zstd), expected gzip (2) or none (1), which browsers unpack", head[atInternal], head[atTiles])
	}
	if t := head[atType]; t < firstType || t > lastType {
		return fmt.Errorf("found tiles of type %d, expected vector tiles (1) or images (2 to 5)", t)
	}
	if low, high := head[atMinZoom], head[atMaxZoom]; low > high || high > maxZoom {
		return fmt.Errorf("found zooms from %d to %d, expected some from 0 to %d", low, high, maxZoom)
	}
	return nil
}
