package sim

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"

	"github.com/deconflict/deconflict/internal/party"
	"github.com/deconflict/deconflict/internal/registry"
)

// hooks are what hooks were sent, by the party whose inbox it is of.
type hooks struct {
	mu   sync.Mutex
	sent map[party.ID]*bytes.Buffer
	news chan struct{} // something came
}

// hookAll has each party take all that comes into its inbox by a hook: one door
// more, to which the node goes by itself.
func (d *doors) hookAll() {
	d.Helper()
	d.hooks = &hooks{sent: map[party.ID]*bytes.Buffer{}, news: make(chan struct{}, 1)}
	end := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return // cut off: it comes again
		}
		d.hooks.took(party.ID(strings.TrimPrefix(r.URL.Path, "/")), body)
	}))
	d.Cleanup(end.Close)
	for _, id := range d.parties {
		d.hooks.sent[id] = &bytes.Buffer{}
		d.does(id, "party.hook", registry.Hook{Position: "all", URL: end.URL + "/" + string(id)})
	}
}

func (h *hooks) took(of party.ID, body []byte) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.sent[of].Write(body)
	select {
	case h.news <- struct{}{}:
	default:
	}
}

// hooksHave waits until each hook was sent what names a thing that all see, and
// keeps what came through them.
func (d *doors) hooksHave(last string) {
	d.Helper()
	d.hooks.mu.Lock()
	defer d.hooks.mu.Unlock()
	lacks := func(id party.ID) bool { return !bytes.Contains(d.hooks.sent[id].Bytes(), []byte(last)) }
	for slices.ContainsFunc(d.parties, lacks) {
		d.hooks.mu.Unlock()
		select {
		case <-d.hooks.news:
		case <-d.Context().Done():
		}
		d.hooks.mu.Lock()
		if d.Context().Err() != nil {
			d.Fatal("the hooks were not sent all")
		}
	}
	for id, sent := range d.hooks.sent {
		d.answers = append(d.answers, answer{id, "a hook", sent.String()})
	}
}
