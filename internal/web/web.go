// Package web holds the map that people use in a browser, built from the folder
// web by `make map`, and serves its files. A program built without it serves a
// page that says so.
package web

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"path"
	"slices"
	"strconv"
	"strings"
	"sync"
)

//go:embed all:dist
var dist embed.FS

const (
	indexName  = "index.html"
	absentName = "absent.html" // the only file that is not built
)

// policy is what the map may do in a browser: nothing that does not come from
// the node itself. Without scripts and styles in the page there is nothing that
// a name which somebody declared could become.
const policy = "default-src 'none'; script-src 'self'; worker-src 'self'; style-src 'self'; connect-src 'self'; " +
	"font-src 'self'; img-src 'self' data: blob:; base-uri 'none'; form-action 'self'; frame-src 'self'; frame-ancestors 'self'"

// contentTypes are those of all that a build may write; the system's own list
// differs from machine to machine.
var contentTypes = map[string]string{
	".css":         "text/css; charset=utf-8",
	".html":        "text/html; charset=utf-8",
	".ico":         "image/x-icon",
	".js":          "text/javascript; charset=utf-8",
	".json":        "application/json",
	".map":         "application/json",
	".mjs":         "text/javascript; charset=utf-8",
	".pbf":         "application/x-protobuf",
	".png":         "image/png",
	".svg":         "image/svg+xml",
	".txt":         "text/plain; charset=utf-8",
	".wasm":        "application/wasm",
	".webmanifest": "application/manifest+json",
	".woff":        "font/woff",
	".woff2":       "font/woff2",
}

// Built reports whether the map is in the program.
func Built() bool {
	for _, name := range []string{indexName, indexName + gz} {
		if _, err := fs.Stat(dist, "dist/"+name); err == nil {
			return true
		}
	}
	return false
}

// Handler returns what serves the map, or the page that stands in for it. What
// is neither, and whatever is done but reading, is left to others.
func Handler(others http.Handler) (http.Handler, error) {
	files, err := fs.Sub(dist, "dist")
	if err != nil {
		return nil, err
	}
	return newSite(files, others)
}

// site is the files of a build by the path that they are served at.
type site struct {
	files  map[string]*file
	others http.Handler
}

// file is what a path is answered with, in one or both forms; at least one is
// there.
type file struct {
	kind      string // content type
	immutable bool   // its name changes with it
	plain     []byte
	plainTag  string // ETag
	zipped    []byte // the same by gzip
	zippedTag string
}

const gz = ".gz"

func newSite(files fs.FS, others http.Handler) (*site, error) {
	s := &site{map[string]*file{}, others}
	err := fs.WalkDir(files, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := fs.ReadFile(files, name)
		if err != nil {
			return err
		}
		return s.add(name, data)
	})
	if err != nil {
		return nil, fmt.Errorf("files of the map: %w", err)
	}
	page := s.files["/"+indexName]
	if page == nil {
		page = s.files["/"+absentName]
	}
	if page == nil {
		return nil, fmt.Errorf("files of the map: found neither %s nor %s", indexName, absentName)
	}
	s.files["/"] = page
	// Each page has one address.
	delete(s.files, "/"+indexName)
	delete(s.files, "/"+absentName)
	return s, nil
}

func (s *site) add(name string, data []byte) error {
	plain, zipped := strings.CutSuffix(name, gz)
	f := s.files["/"+plain]
	if f == nil {
		f = &file{kind: contentTypes[path.Ext(plain)], immutable: strings.HasPrefix(plain, "assets/")}
		if f.kind == "" {
			return fmt.Errorf("%s: found no content type for its ending, expected one in contentTypes", name)
		}
		s.files["/"+plain] = f
	}
	if !zipped {
		f.plain, f.plainTag = data, tagOf(data)
		return nil
	}
	// Found here, a damaged file cannot cut off an answer.
	if _, err := unzip(io.Discard, data); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	f.zipped, f.zippedTag = data, tagOf(data)
	return nil
}

func tagOf(data []byte) string {
	sum := sha256.Sum256(data)
	return `"` + base64.RawURLEncoding.EncodeToString(sum[:16]) + `"`
}

// ServeHTTP implements http.Handler.
func (s *site) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f := s.files[r.URL.Path]
	if f == nil || r.Method != http.MethodGet && r.Method != http.MethodHead {
		s.others.ServeHTTP(w, r)
		return
	}
	h := w.Header()
	h.Set("Content-Security-Policy", policy)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Content-Type", f.kind)
	h.Set("Cache-Control", "no-cache")
	if f.immutable {
		h.Set("Cache-Control", "public, max-age=31536000, immutable")
	}
	f.answer(w, r)
}

// answer writes the form that the client takes.
func (f *file) answer(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	data, tag := f.plain, f.plainTag
	if f.zipped != nil {
		h.Set("Vary", "Accept-Encoding")
		switch {
		case takesGzip(r.Header.Values("Accept-Encoding")):
			data, tag = f.zipped, f.zippedTag
			h.Set("Content-Encoding", "gzip")
		case f.plain == nil:
			// Unpacked as it is sent: whoever asks for many at once takes no memory.
			tag = `"plain-` + f.zippedTag[1:]
		}
	}
	h.Set("ETag", tag)
	if matches(r.Header.Values("If-None-Match"), tag) {
		h.Del("Content-Type")
		h.Del("Content-Encoding")
		w.WriteHeader(http.StatusNotModified)
		return
	}
	if data != nil {
		h.Set("Content-Length", strconv.Itoa(len(data)))
	}
	if r.Method == http.MethodHead {
		return
	}
	if data == nil {
		_, _ = unzip(w, f.zipped) // the caller went away: nobody to tell
		return
	}
	_, _ = w.Write(data)
}

// unzippers are costly to make, as each has the window of the compression.
var unzippers sync.Pool

// unzip writes what was compressed and returns its length in bytes.
func unzip(w io.Writer, data []byte) (n int64, err error) {
	z, _ := unzippers.Get().(*gzip.Reader)
	if z == nil {
		z = new(gzip.Reader)
	}
	defer unzippers.Put(z)
	if err := z.Reset(bytes.NewReader(data)); err != nil {
		return 0, err
	}
	n, err = io.Copy(w, z)
	return n, errors.Join(err, z.Close())
}

// takesGzip reports whether a client takes gzip (RFC 9110 section 12.5.3).
func takesGzip(accept []string) bool {
	named, any := false, false
	takes := false
	for part := range strings.SplitSeq(strings.Join(accept, ","), ",") {
		coding, weight, _ := strings.Cut(part, ";")
		coding = strings.ToLower(strings.TrimSpace(coding))
		weight, weighed := strings.CutPrefix(strings.ReplaceAll(strings.ToLower(weight), " ", ""), "q=")
		q, err := strconv.ParseFloat(weight, 64)
		good := !weighed || err == nil && q > 0
		switch coding {
		case "gzip", "x-gzip":
			named, takes = true, good
		case "*":
			any = good
		}
	}
	return takes || any && !named
}

// matches compares entity tags weakly (RFC 9110 section 13.1.2).
func matches(given []string, tag string) bool {
	return slices.ContainsFunc(strings.Split(strings.Join(given, ","), ","), func(s string) bool {
		s = strings.TrimSpace(s)
		return s == "*" || strings.TrimPrefix(s, "W/") == tag
	})
}
