package web

import (
	"bytes"
	"encoding/binary"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// archive is a file of the format whose sections hold nothing but their number.
func archive(change func(head []byte)) []byte {
	head := make([]byte, headerSize)
	copy(head, magic)
	head[atVersion], head[atInternal], head[atTiles], head[atType], head[atMaxZoom] = 3, gzipped, gzipped, firstType, 14
	body := []byte{}
	for i := range sections {
		at := atSections + 16*i
		binary.LittleEndian.PutUint64(head[at:], uint64(headerSize+len(body)))
		binary.LittleEndian.PutUint64(head[at+8:], 100)
		body = append(body, bytes.Repeat([]byte{'0' + byte(i)}, 100)...)
	}
	if change != nil {
		change(head)
	}
	return append(head, body...)
}

func keep(t testing.TB, data []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "area.pmtiles")
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// What cannot be drawn is refused at the start, with what was found and expected.
func TestUnusableBasemaps(t *testing.T) {
	put := func(at int, v uint64) func([]byte) {
		return func(head []byte) { binary.LittleEndian.PutUint64(head[at:], v) }
	}
	set := func(at int, v byte) func([]byte) { return func(head []byte) { head[at] = v } }
	whole := archive(nil)
	for name, k := range map[string]struct {
		data []byte
		want string
	}{
		"empty":                  {nil, `begins with "", expected PMTiles, version 3`},
		"another format":         {[]byte("SQLite format 3\x00and more"), `begins with "SQLite format 3\x00", expected PMTiles`},
		"an older version":       {archive(set(atVersion, 2)), "PMTiles of version 2, expected version 3"},
		"a cut header":           {whole[:100], "found 100 bytes, expected a header of 127: the file is cut off"},
		"cut tiles":              {whole[:len(whole)-1], "found 526 bytes, expected tiles of 100 bytes from byte 427 on: the file is cut off"},
		"cut metadata":           {whole[:250], "found 250 bytes, expected metadata of 100 bytes from byte 227 on: the file is cut off"},
		"a length beyond all":    {archive(put(atSections+8, ^uint64(0))), "expected a root directory of 18446744073709551615 bytes"},
		"no root directory":      {archive(put(atSections+8, 0)), "found the root directory in bytes 127 to 127"},
		"root over the header":   {archive(put(atSections, 5)), "found the root directory in bytes 5 to 105"},
		"root too far":           {append(archive(put(atSections, 16<<10)), make([]byte, 20<<10)...), "expected one within bytes 127 to 16384"},
		"endless metadata":       {append(archive(put(atSections+16+8, maxRange+1)), make([]byte, maxRange+1<<10)...), "bytes of metadata, expected at most"},
		"brotli":                 {archive(set(atInternal, 3)), "by ways 3 and 2 (3 is brotli, 4 zstd)"},
		"zstd":                   {archive(set(atTiles, 4)), "by ways 2 and 4"},
		"tiles of no known sort": {archive(set(atType, 0)), "tiles of type 0, expected vector tiles (1) or images"},
		"zooms backwards":        {archive(set(atMinZoom, 15)), "zooms from 15 to 14"},
		"zooms too deep":         {archive(set(atMaxZoom, 27)), "zooms from 0 to 27"},
	} {
		_, err := OpenBasemap(keep(t, k.data))
		if err == nil || !strings.Contains(err.Error(), k.want) || !strings.Contains(err.Error(), "area.pmtiles: found") {
			t.Errorf("%s: %v, want %q", name, err, k.want)
		}
	}
	if _, err := OpenBasemap(filepath.Join(t.TempDir(), "none")); err == nil || !strings.HasSuffix(err.Error(), "none: no such file or directory") {
		t.Errorf("missing: %v", err)
	}
	if _, err := OpenBasemap(t.TempDir()); err == nil || !strings.Contains(err.Error(), "no regular file") {
		t.Errorf("a directory: %v", err)
	}
	for name, change := range map[string]func([]byte){"vector": nil, "images": set(atType, 4), "uncompressed": set(atTiles, 1), "not said": set(atTiles, 0)} {
		if _, err := OpenBasemap(keep(t, archive(change))); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Readers get the ranges that they ask for, and nobody all of the file at once.
func TestBasemapRanges(t *testing.T) {
	whole := archive(nil)
	b, err := OpenBasemap(keep(t, whole))
	if err != nil {
		t.Fatal(err)
	}
	w := ask(b, "GET", BasemapPath, "Range", "bytes=127-226")
	if w.Code != 206 || !bytes.Equal(w.Body.Bytes(), whole[127:227]) || w.Header().Get("Content-Range") != "bytes 127-226/527" || w.Header().Get("Content-Type") != "application/vnd.pmtiles" || !strings.HasPrefix(w.Header().Get("ETag"), `"`) {
		t.Errorf("%d %q %v", w.Code, w.Body, w.Header())
	}
	// As the format's readers begin, also with files that are shorter.
	if w := ask(b, "GET", BasemapPath, "Range", "bytes=0-16383"); w.Code != 206 || !bytes.Equal(w.Body.Bytes(), whole) {
		t.Errorf("%d, %d bytes", w.Code, w.Body.Len())
	}
	if w := ask(b, "HEAD", BasemapPath, "Range", "bytes=0-126"); w.Code != 206 || w.Body.Len() != 0 {
		t.Errorf("HEAD: %d, %d bytes", w.Code, w.Body.Len())
	}
	if w := ask(b, "GET", BasemapPath, "Range", "bytes=527-600"); w.Code != 416 {
		t.Errorf("beyond the end: %d", w.Code)
	}
	for _, given := range []string{"", "bytes=0-", "bytes=-5", "bytes=0-1,3-4", "bytes=5-4", "bytes=0-4194304", "items=0-1", "bytes=0-18446744073709551616", "bytes=+1-2"} {
		header := []string{"Range", given}
		if given == "" {
			header = nil
		}
		if w := ask(b, "GET", BasemapPath, header...); w.Code != 400 || !strings.Contains(w.Body.String(), "one range of at most 4194304 bytes") {
			t.Errorf("%q: %d %s", given, w.Code, w.Body)
		}
	}
	if w := ask(b, "POST", BasemapPath); w.Code != 405 {
		t.Errorf("POST: %d", w.Code)
	}
	if w := ask(b, "GET", BasemapPath, "Range", "bytes=0-9", "If-Range", `"other"`); w.Code != 206 {
		t.Errorf("If-Range: %d: all of the file was answered", w.Code)
	}
	if w := ask((*Basemap)(nil), "GET", BasemapPath, "Range", "bytes=0-9"); w.Code != 204 {
		t.Errorf("without a base map: %d", w.Code)
	}
}

// A file that changes is served as it is now, and not at all while it is unusable.
func TestBasemapChanges(t *testing.T) {
	path := keep(t, archive(nil))
	b, err := OpenBasemap(path)
	if err != nil {
		t.Fatal(err)
	}
	read := func() *httptest.ResponseRecorder { return ask(b, "GET", BasemapPath, "Range", "bytes=0-16383") }
	first := read().Header().Get("ETag")
	change := func(data []byte, at int64) {
		t.Helper()
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(path, time.Time{}, time.Unix(at, 0)); err != nil {
			t.Fatal(err)
		}
	}
	change(archive(nil)[:300], 1)
	if w := read(); w.Code != 404 || !strings.Contains(w.Body.String(), "the file is cut off") || strings.Contains(w.Body.String(), filepath.Dir(path)) {
		t.Errorf("cut off: %d %s", w.Code, w.Body)
	}
	newer := archive(func(head []byte) { head[atMaxZoom] = 9 })
	change(newer, 2)
	if w := read(); w.Code != 206 || !bytes.Equal(w.Body.Bytes(), newer) || w.Header().Get("ETag") == first {
		t.Errorf("another one: %d, tag %s after %s", w.Code, w.Header().Get("ETag"), first)
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if w := read(); w.Code != 404 || w.Body.String() != "the base map: no such file or directory\n" {
		t.Errorf("removed: %d %s", w.Code, w.Body)
	}
}

// What is let through lies in the file.
func FuzzCheckHeader(f *testing.F) {
	f.Add(archive(nil), int64(527))
	f.Add(archive(func(head []byte) { head[atSections+15] = 0x80 }), int64(527))
	f.Add([]byte("PMTiles\x02"), int64(8))
	f.Fuzz(func(t *testing.T, head []byte, size int64) {
		if len(head) > 64<<10 || size < int64(len(head)) {
			return
		}
		if checkHeader(head, size) != nil {
			return
		}
		for i := range sections {
			at := atSections + 16*i
			offset, length := binary.LittleEndian.Uint64(head[at:]), binary.LittleEndian.Uint64(head[at+8:])
			if offset > uint64(size) || length > uint64(size)-offset {
				t.Errorf("section %d: %d bytes from %d on, of %d", i, length, offset, size)
			}
		}
	})
}
