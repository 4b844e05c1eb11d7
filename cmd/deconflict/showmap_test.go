package main

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"path/filepath"
	"strings"
	"testing"

	"github.com/deconflict/deconflict/internal/api"
)

// TestMapOfFiles: what files hold is served with the verdicts on it, to who asks
// by the machine's address alone, until somebody ends it.
func TestMapOfFiles(t *testing.T) {
	c := &check{}
	dir := filepath.Join("..", "..", "examples", "varanth")
	files, err := c.flags().parse([]string{filepath.Join(dir, "h-17.geojson"), "--against", filepath.Join(dir, "n-204.geojson"), "--minima", "5NM,2000ft"})
	if err != nil {
		t.Fatal(err)
	}
	a := &app{stdout: io.Discard, stderr: io.Discard}
	if err := c.load(a, files); err != nil {
		t.Fatal(err)
	}
	if err := c.compare(a); err != nil {
		t.Fatal(err)
	}
	ctx, end := context.WithCancel(t.Context())
	r, w := io.Pipe()
	ended := make(chan error, 1)
	go func() { ended <- serveFiles(ctx, w, api.Files{Entities: c.entities, Verdicts: c.result.Verdicts}, "") }()
	address := ""
	for lines := bufio.NewScanner(r); address == "" && lines.Scan(); {
		if _, rest, ok := strings.Cut(lines.Text(), "map on "); ok {
			address, _, _ = strings.Cut(rest, " ")
		}
	}
	get := func(host, path string, into any) int {
		t.Helper()
		q, err := http.NewRequestWithContext(t.Context(), "GET", strings.TrimSuffix(address, "/")+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		q.Host = host
		answer, err := http.DefaultClient.Do(q)
		if err != nil {
			t.Fatal(err)
		}
		defer answer.Body.Close()
		if into != nil {
			if err := json.NewDecoder(answer.Body).Decode(into); err != nil {
				t.Errorf("%s: %v", path, err)
			}
		}
		return answer.StatusCode
	}
	var session struct{ Mode string }
	if get("", "/v1/session", &session); session.Mode != "files" {
		t.Errorf("the session's mode is %q", session.Mode)
	}
	var picture struct {
		Items []struct {
			ID       string
			Paths    []json.RawMessage
			Volumes  []json.RawMessage
			Verdicts []struct {
				ID, Outcome string
				Measure     struct {
					Horizontal *int64 `json:"centre_tenth_mm"`
				}
			}
		}
		Basis struct {
			Time string `json:"node_time"`
		}
	}
	get("", "/v1/picture", &picture)
	if len(picture.Items) != 2 || picture.Basis.Time[:11] != "2031-05-07T" {
		t.Fatalf("found %+v", picture)
	}
	for i, x := range picture.Items {
		if len(x.Paths)+len(x.Volumes) == 0 || len(x.Verdicts) != 1 || x.Verdicts[0].ID != picture.Items[1-i].ID || x.Verdicts[0].Outcome != "conflict" {
			t.Errorf("found %+v, want a conflict with the other", x)
		} else if h := x.Verdicts[0].Measure.Horizontal; h == nil || *h/10_000_000 != 6 { // 3.521 NM
			t.Errorf("centre to centre %v, want 6.52 km", h)
		}
	}
	if got := get("", "/", nil); got != http.StatusOK {
		t.Errorf("the page is answered %d", got)
	}
	if got := get("elsewhere.example", "/v1/picture", nil); got != http.StatusMisdirectedRequest {
		t.Errorf("another site's name is answered %d, want 421", got)
	}
	if got := get("", "/v1/parties", nil); got != http.StatusNotFound {
		t.Errorf("what files have not is answered %d, want 404", got)
	}
	end()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}
