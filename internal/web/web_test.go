package web

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"strings"
	"testing"
	"testing/fstest"
)

const script = "export const answer = 42;\n"

func zip(t testing.TB, text string) []byte {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := io.WriteString(w, text); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// built is what a build writes: some files compressed only, some in both forms.
func built(t testing.TB) fstest.MapFS {
	return fstest.MapFS{
		"absent.html":              {Data: []byte("absent")},
		"index.html.gz":            {Data: zip(t, "<p>map")},
		"assets/index-a1b2.js.gz":  {Data: zip(t, script)},
		"assets/index-a1b2.css":    {Data: []byte("p{}")},
		"assets/index-a1b2.css.gz": {Data: zip(t, "p{}")},
		"assets/b612-c3.woff2":     {Data: []byte("font")},
		"favicon.svg":              {Data: []byte("<svg/>")},
	}
}

func open(t testing.TB, files fs.FS) *site {
	t.Helper()
	s, err := newSite(files, http.NotFoundHandler())
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func ask(s http.Handler, method, path string, header ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, path, nil)
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Add(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	return w
}

// Each path has its file, type and life, and a client gets the same bytes
// whether it takes gzip or not.
func TestFilesAreServed(t *testing.T) {
	s := open(t, built(t))
	const forever, asks = "public, max-age=31536000, immutable", "no-cache"
	for _, k := range []struct{ path, body, kind, cache string }{
		{"/", "<p>map", "text/html; charset=utf-8", asks},
		{"/assets/index-a1b2.js", script, "text/javascript; charset=utf-8", forever},
		{"/assets/index-a1b2.css", "p{}", "text/css; charset=utf-8", forever},
		{"/assets/b612-c3.woff2", "font", "font/woff2", forever},
		{"/favicon.svg", "<svg/>", "image/svg+xml", asks},
	} {
		for _, accept := range []string{"", "gzip", "br;q=1, GZIP ; q=0.5"} {
			w := ask(s, "GET", k.path, "Accept-Encoding", accept)
			body := w.Body.Bytes()
			if w.Header().Get("Content-Encoding") == "gzip" {
				if accept == "" {
					t.Errorf("%s: gzip for a client that does not take it", k.path)
				}
				z, err := gzip.NewReader(w.Body)
				if err != nil {
					t.Fatal(err)
				}
				if body, err = io.ReadAll(z); err != nil {
					t.Fatal(err)
				}
			}
			if w.Code != 200 || string(body) != k.body || w.Header().Get("Content-Type") != k.kind || w.Header().Get("Cache-Control") != k.cache {
				t.Errorf("%s, %q: %d %q %v", k.path, accept, w.Code, body, w.Header())
			}
			if w.Header().Get("Content-Security-Policy") != policy || w.Header().Get("X-Content-Type-Options") != "nosniff" {
				t.Errorf("%s: no policy in %v", k.path, w.Header())
			}
		}
	}
	if got := ask(s, "GET", "/assets/index-a1b2.js", "Accept-Encoding", "gzip"); got.Header().Get("Content-Encoding") != "gzip" || got.Header().Get("Vary") != "Accept-Encoding" {
		t.Errorf("compressed: %v", got.Header())
	}
}

// What is not a page or a file of the build, and whatever is not read, is for
// others.
func TestOthersGetTheRest(t *testing.T) {
	s, err := newSite(built(t), http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(418) }))
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"/index.html", "/absent.html", "/index.html.gz", "/assets", "/assets/", "/assets/index-a1b2.js.gz", "/nothing", "//", "/print/", "/assets/../favicon.svg", "/assets/%2e%2e/favicon.svg"} {
		if w := ask(s, "GET", path); w.Code != 418 || w.Header().Get("Cache-Control") != "" {
			t.Errorf("%s: %d %v", path, w.Code, w.Header())
		}
	}
	if w := ask(s, "POST", "/"); w.Code != 418 {
		t.Errorf("POST: %d", w.Code)
	}
}

// A client that has a file gets it again only when it changed.
func TestTags(t *testing.T) {
	s := open(t, built(t))
	seen := map[string]string{}
	for _, accept := range []string{"", "gzip"} {
		for _, path := range []string{"/", "/assets/index-a1b2.js", "/assets/index-a1b2.css", "/favicon.svg"} {
			tag := ask(s, "GET", path, "Accept-Encoding", accept).Header().Get("ETag")
			form := path + " " + accept
			if path == "/favicon.svg" {
				form = path // in one form
			}
			if was, ok := seen[tag]; tag == "" || ok && was != form {
				t.Errorf("%s has the tag %s, as has %s", form, tag, was)
			}
			seen[tag] = form
			for given, want := range map[string]int{tag: 304, "W/" + tag: 304, `"x", ` + tag: 304, "*": 304, `"x"`: 200, "": 200} {
				w := ask(s, "GET", path, "Accept-Encoding", accept, "If-None-Match", given)
				if w.Code != want || want == 304 && w.Body.Len() > 0 || w.Header().Get("ETag") != tag {
					t.Errorf("%s with %s: %d, want %d; %v", path, given, w.Code, want, w.Header())
				}
			}
		}
	}
	changed := built(t)
	changed["assets/index-a1b2.js.gz"] = &fstest.MapFile{Data: zip(t, script+"//")}
	const path = "/assets/index-a1b2.js"
	for _, accept := range []string{"", "gzip"} {
		a, b := ask(s, "GET", path, "Accept-Encoding", accept), ask(open(t, changed), "GET", path, "Accept-Encoding", accept)
		if a.Header().Get("ETag") == b.Header().Get("ETag") {
			t.Error("another file has the same tag")
		}
	}
}

func TestHead(t *testing.T) {
	s := open(t, built(t))
	for _, path := range []string{"/", "/assets/index-a1b2.js", "/favicon.svg"} {
		if w := ask(s, "HEAD", path); w.Code != 200 || w.Body.Len() != 0 || w.Header().Get("Content-Type") == "" || w.Header().Get("ETag") == "" {
			t.Errorf("%s: %d, %d bytes, %v", path, w.Code, w.Body.Len(), w.Header())
		}
	}
}

func TestTakesGzip(t *testing.T) {
	for accept, want := range map[string]bool{
		"": false, "gzip": true, "x-gzip": true, "deflate, gzip;q=1.0, *;q=0.5": true, "*": true, "gzip;q=0": false,
		"gzip;q=0, *": false, "*;q=0": false, "gzip ;q=0.000": false, "br": false, "gzip;q=x": false, "identity": false, "gzipped": false,
	} {
		if got := takesGzip([]string{accept}); got != want {
			t.Errorf("%q: %v, want %v", accept, got, want)
		}
	}
}

// Without a build the pages say how to get one, and nothing else is there.
func TestAbsent(t *testing.T) {
	page, err := os.ReadFile("dist/absent.html")
	if err != nil {
		t.Fatal(err)
	}
	s := open(t, fstest.MapFS{"absent.html": {Data: page}})
	w := ask(s, "GET", "/")
	if w.Code != 200 || !strings.Contains(w.Body.String(), "make map") || !strings.Contains(w.Body.String(), "20.19") || w.Header().Get("Cache-Control") != "no-cache" {
		t.Errorf("%d %v %s", w.Code, w.Header(), w.Body)
	}
	// The page keeps to its own policy, and fits a screen.
	if bad := regexp.MustCompile(`(?i)<script|<style|style=| on[a-z]+=`).Find(page); bad != nil {
		t.Errorf("the page has %q, which the policy stops", bad)
	}
	if lines := bytes.Count(page, []byte("\n")); lines > 24 {
		t.Errorf("%d lines", lines)
	}
}

func TestUnusableBuilds(t *testing.T) {
	for name, files := range map[string]fs.FS{
		"no known ending": fstest.MapFS{
			"index.html": {Data: []byte("x")}, "assets/strange": {Data: []byte("x")},
		},
		"no page": fstest.MapFS{"assets/a.js": {Data: []byte("x")}},
		"not gzip": fstest.MapFS{
			"index.html": {Data: []byte("x")}, "assets/a.js.gz": {Data: []byte("x")},
		},
		"cut off": fstest.MapFS{"index.html.gz": {Data: zip(t, strings.Repeat(script, 99))[:30]}},
	} {
		if _, err := newSite(files, http.NotFoundHandler()); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

// What is in this program can be served, and Built says which it is.
func TestEmbedded(t *testing.T) {
	s, err := Handler(http.NotFoundHandler())
	if err != nil {
		t.Fatal(err)
	}
	w := ask(s, "GET", "/")
	if absent := strings.Contains(w.Body.String(), "The map is not in this program"); w.Code != 200 || absent == Built() {
		t.Errorf("%d, built %v: %s", w.Code, Built(), w.Body)
	}
}

// A reader that goes away ends the unpacking.
func TestUnzipStops(t *testing.T) {
	if n, err := unzip(failing{}, zip(t, strings.Repeat(script, 1<<16))); err == nil || n != 0 {
		t.Errorf("%d, %v", n, err)
	}
}

type failing struct{}

func (failing) Write([]byte) (int, error) { return 0, errors.New("gone") }
