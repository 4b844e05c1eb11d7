package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/cookiejar"
	"regexp"
	"strings"
	"testing"

	"github.com/deconflict/deconflict/internal/sim"
)

// TestDemoLinks: the link that a demo prints lets one browser in, which is shown
// what was declared and hears of craft, until the demo is interrupted.
func TestDemoLinks(t *testing.T) {
	if testing.Short() {
		t.Skip("runs a node")
	}
	r, w := io.Pipe()
	ctx, interrupt := context.WithCancel(t.Context())
	d := &demo{shown: true, listen: "127.0.0.1:0", dir: t.TempDir(), crowd: sim.Crowd{Seed: 1, Intents: 5, Craft: 2}}
	ended := make(chan error, 1)
	go func() {
		_, err := d.fill(ctx, &app{stdout: w, stderr: io.Discard, stdin: strings.NewReader("")})
		ended <- err
		_ = w.Close()
	}()
	link := regexp.MustCompile(`(http://\S+)/\?seat=alder#join=(\S+)`)
	lines := bufio.NewScanner(r)
	var found []string
	for found == nil && lines.Scan() {
		found = link.FindStringSubmatch(lines.Text())
	}
	if found == nil {
		t.Fatal("no link was printed")
	}
	go func() { _, _ = io.Copy(io.Discard, r) }()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	browser := &http.Client{Jar: jar}
	ask := func(method, path, body string) *http.Response {
		t.Helper()
		q, err := http.NewRequestWithContext(t.Context(), method, found[1]+path, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		q.Header.Set("Content-Type", "application/json")
		q.Header.Set("Deconflict-Seat", "alder")
		answer, err := browser.Do(q)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = answer.Body.Close() })
		return answer
	}
	in := func() int { return ask("POST", "/v1/session", `{"seat":"alder","code":"`+found[2]+`"}`).StatusCode }
	if got := in(); got != http.StatusOK {
		t.Fatalf("the code is answered %d", got)
	}
	var picture struct{ Items []json.RawMessage }
	if err := json.NewDecoder(ask("GET", "/v1/picture", "").Body).Decode(&picture); err != nil || len(picture.Items) != 5 {
		t.Errorf("%v: %d things are shown, want 5", err, len(picture.Items))
	}
	stream := bufio.NewScanner(ask("GET", "/v1/events?after=-1", "").Body)
	craft := 0
	for craft == 0 && stream.Scan() {
		if _, data, ok := bytes.Cut(stream.Bytes(), []byte("data: ")); ok && bytes.Contains(data, []byte(`"simulated":true`)) {
			craft = bytes.Count(data, []byte(`"alt_m"`))
		}
	}
	if craft != 2 {
		t.Errorf("the stream has %d craft, want 2", craft)
	}
	if got := in(); got != http.StatusUnauthorized {
		t.Errorf("the code opens a second time: %d", got)
	}
	interrupt()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}
