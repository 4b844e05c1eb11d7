package notify

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"time"

	"github.com/deconflict/deconflict/internal/api"
	"github.com/deconflict/deconflict/internal/engine"
	"github.com/deconflict/deconflict/internal/party"
	"github.com/deconflict/deconflict/internal/registry"
	"github.com/deconflict/deconflict/internal/world"
)

// Limits of what a hook is sent at once.
const (
	maxHookEntries = 100
	maxHookBytes   = 1 << 20
)

// HookHeader carries the node's signature of what a hook is sent.
const HookHeader = "Deconflict-Signature"

// hookPrefix keeps a signature of a delivery from counting as one of anything
// else that the node's key signs.
const hookPrefix = "deconflict hook v1\n"

// SignHook returns the value of HookHeader for a body.
func SignHook(key ed25519.PrivateKey, body []byte) string {
	return "ed25519=" + base64.StdEncoding.EncodeToString(ed25519.Sign(key, append([]byte(hookPrefix), body...)))
}

// VerifyHook reports whether a value of HookHeader is the node's for a body.
func VerifyHook(public ed25519.PublicKey, body []byte, value string) bool {
	text, ok := bytes.CutPrefix([]byte(value), []byte("ed25519="))
	sig, err := base64.StdEncoding.Strict().DecodeString(string(text))
	return ok && err == nil && ed25519.Verify(public, append([]byte(hookPrefix), body...), sig)
}

// delivery is what a hook is sent.
type delivery struct {
	Node     string            `json:"node"`
	Party    party.ID          `json:"party"`
	Position string            `json:"position"`
	Entries  []json.RawMessage `json:"entries"` // each as an event of the inbox
}

// hookKey is whose inbox is sent where.
type hookKey struct {
	party    party.ID
	position string
}

// String names the hook in the file that says how far telling got.
func (k hookKey) String() string { return string(k.party) + " " + k.position }

// hook is one that is being served.
type hook struct {
	registry.Hooking
	n    *Notifier
	stop context.CancelFunc
}

// look starts and stops hooks as parties said.
func (n *Notifier) look() {
	var all []registry.Hooking
	if n.engine.ReadWorld(n.ctx, func(st *world.State, _ int64) { all = st.Registry.Hooks() }) != nil {
		return // the node stops
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.ended {
		return
	}
	size := n.engine.Head().Size
	known := map[hookKey]bool{}
	for _, h := range all {
		key := hookKey{h.Party, h.Position}
		known[key] = true
		if was := n.hooks[key]; was != nil {
			if was.Index == h.Index {
				continue
			}
			was.stop()
		}
		// What came before the hook was made is not sent; what was sent already
		// is not sent again, also when the URL was changed.
		next := max(h.Index+1, n.sent[key.String()])
		if next > size {
			next = h.Index + 1 // the journal is one that was restored
		}
		ctx, stop := context.WithCancel(n.ctx)
		served := &hook{h, n, stop}
		n.hooks[key] = served
		n.work.Go(func() { served.serve(ctx, next) })
	}
	for key, h := range n.hooks {
		if !known[key] {
			h.stop()
			delete(n.hooks, key)
			delete(n.sent, key.String())
		}
	}
}

// longestWait is how long a hook that nobody answers is left alone at most.
const longestWait = 5 * time.Minute

// serve sends what comes into the inbox from an index on, in order, until ctx
// ends. Nothing is left out: what is not taken is sent again until it is.
func (h *hook) serve(ctx context.Context, next int64) {
	f := h.n.cfg.Mail.Follow(h.n.engine, h.Party, h.Position)
	defer f.Close()
	outcome := settling{hook: h}
	defer outcome.write(h.n.posting)
	for ctx.Err() == nil {
		posts, after, err := h.gather(ctx, f, next, &outcome)
		if err != nil {
			if ctx.Err() == nil {
				h.n.cfg.Log.Error("an inbox cannot be read for its hook", "party", h.Party, "error", err)
				sleep(ctx, longestWait)
			}
			continue
		}
		if len(posts) > 0 && !h.send(ctx, posts, &outcome) {
			return
		}
		next = after
		h.n.mu.Lock()
		h.n.sent[hookKey{h.Party, h.Position}.String()] = next
		h.n.mu.Unlock()
	}
}

// gather returns what comes next, without what the sending itself wrote. While
// nothing comes, what is to be written of the outcome is written.
func (h *hook) gather(ctx context.Context, f *api.Follower, next int64, outcome *settling) ([]api.Post, int64, error) {
	wait, cancel := context.WithCancel(ctx)
	defer cancel()
	if due := outcome.due(); due >= 0 {
		timer := time.AfterFunc(due, cancel)
		defer timer.Stop()
	}
	posts, after, err := f.Next(wait, next, maxHookEntries)
	if err != nil && wait.Err() != nil && ctx.Err() == nil {
		outcome.write(ctx)
		return nil, next, nil
	}
	size := 0
	kept := posts[:0]
	for _, p := range posts {
		if size += len(p.Text); size > maxHookBytes && len(kept) > 0 {
			return kept, p.Index, err
		}
		if p.Type != (*world.Settled)(nil).Type() {
			kept = append(kept, p)
		}
	}
	return kept, after, err
}

// send sends until it is taken; false when ctx ended before.
func (h *hook) send(ctx context.Context, posts []api.Post, outcome *settling) bool {
	d := delivery{Node: h.n.cfg.Node, Party: h.Party, Position: h.Position}
	for _, p := range posts {
		d.Entries = append(d.Entries, p.Text)
	}
	// Not json.Marshal: members keep the bytes that their commitments cover.
	var body bytes.Buffer
	e := json.NewEncoder(&body)
	e.SetEscapeHTML(false)
	if err := e.Encode(d); err != nil {
		h.n.cfg.Log.Error("what a hook is sent cannot be written", "party", h.Party, "error", err)
		return false
	}
	header := http.Header{HookHeader: {SignHook(h.n.cfg.Key, body.Bytes())}}
	for tries := 1; ; tries++ {
		err := h.n.sender.post(h.n.posting, h.URL, header, body.Bytes())
		if err == nil {
			outcome.add(ctx, world.Delivered, posts, tries)
			return true
		}
		if ctx.Err() != nil {
			return false
		}
		waits := h.n.cfg.Backoff
		wait := longestWait
		if tries <= len(waits) {
			wait = waits[tries-1]
		}
		if tries == len(waits)+1 {
			h.n.cfg.Log.Warn("a hook is not answered", "party", h.Party, "host", host(h.URL), "tries", tries, "error", err)
			outcome.add(ctx, world.Failed, posts, tries)
			outcome.write(ctx)
		}
		if !sleep(ctx, wait) {
			return false
		}
	}
}

// settleEvery is how often at most an outcome is written down.
const settleEvery = time.Second

// settling sums up what became of deliveries, so that the journal does not get
// an entry for each.
type settling struct {
	hook  *hook
	sum   world.Settled
	began time.Time
}

// due is how long until the sum is to be written; negative when there is none.
func (s *settling) due() time.Duration {
	if s.sum.Count == 0 {
		return -1
	}
	return max(0, time.Until(s.began.Add(settleEvery)))
}

func (s *settling) add(ctx context.Context, outcome world.Outcome, posts []api.Post, tries int) {
	if s.sum.Count > 0 && s.sum.Outcome != outcome {
		s.write(ctx)
	}
	if s.sum.Count == 0 {
		h := s.hook
		s.began = time.Now()
		s.sum = world.Settled{Party: h.Party, Position: h.Position, Host: host(h.URL), Outcome: outcome, First: posts[0].Index}
	}
	s.sum.Last = posts[len(posts)-1].Index
	s.sum.Count += int64(len(posts))
	s.sum.Tries = max(s.sum.Tries, int64(tries))
	if s.due() == 0 {
		s.write(ctx)
	}
}

// write writes the sum into the journal. A sum that cannot be written is kept,
// and the next one holds it.
func (s *settling) write(ctx context.Context) {
	if s.sum.Count == 0 {
		return
	}
	sum := s.sum
	if _, err := s.hook.n.engine.Note(ctx, &sum); err != nil {
		s.began = time.Now()
		if ctx.Err() == nil && !errors.Is(err, engine.ErrClosed) {
			s.hook.n.cfg.Log.Warn("the outcome of a hook is not in the journal", "party", sum.Party, "error", err)
		}
		return
	}
	s.sum = world.Settled{}
}
