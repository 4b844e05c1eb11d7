package bench

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"
)

// ChannelFloor serves what any program that passes messages on has to do at
// least, until the context ends: HTTP, the check of a token (cached), decoding
// of the body, and a frame of server-sent events to the inboxes of the receiver.
// It decides nothing, keeps nothing and syncs nothing. Dir and sizes of the
// options are not used.
func ChannelFloor(ctx context.Context, opt FloorOptions) error {
	key, err := loadPublicKey(opt.Key)
	if err != nil {
		return err
	}
	l, err := net.Listen("tcp", opt.Listen)
	if err != nil {
		return err
	}
	f := &channelFloor{
		floorServer: floorServer{opt: opt, key: key, subjects: map[string]string{}},
		ended:       ctx.Done(), inboxes: map[string][]chan []byte{},
	}
	mux := http.NewServeMux()
	mux.HandleFunc("POST "+actPath, f.act)
	mux.HandleFunc("GET /v1/inbox/{position}", f.inbox)
	mux.HandleFunc("GET /log/checkpoint", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "floor.example") })
	server := &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second}
	context.AfterFunc(ctx, func() { server.Shutdown(context.WithoutCancel(ctx)) })
	if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

type channelFloor struct {
	floorServer
	ended <-chan struct{}

	passing sync.Mutex // guards the two below
	number  int
	inboxes map[string][]chan []byte // by party and position
}

// floorFrames is how many frames may wait for a reader.
const floorFrames = 4096

func (f *channelFloor) act(w http.ResponseWriter, r *http.Request) {
	sub, ok := f.subject(w, r)
	if !ok {
		return
	}
	var body struct {
		Statement struct {
			Act  string          `json:"act"`
			Body json.RawMessage `json:"body"`
		} `json:"statement"`
	}
	var to struct {
		To json.RawMessage `json:"to"`
	}
	var address struct{ Party, Position string }
	if !decodeFloor(w, r, &body) {
		return
	}
	switch body.Statement.Act {
	case "channel.send":
		err := json.Unmarshal(body.Statement.Body, &to)
		if err == nil {
			err = json.Unmarshal(to.To, &address)
		}
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		f.pass(sub, address.Party, address.Position, body.Statement.Body)
	case "channel.stop":
		f.pass(sub, "", "", body.Statement.Body)
	}
	answerFloor(w, http.StatusOK, map[string]string{"taken": "yes"})
}

// pass hands a body to the inboxes of a position, or of all but the sender.
func (f *channelFloor) pass(from, to, position string, body []byte) {
	f.passing.Lock()
	defer f.passing.Unlock()
	f.number++
	frame := fmt.Appendf(nil, "id: %d\nevent: channel.sent\ndata: %s\n\n", f.number, body)
	hand := func(key string) {
		for _, inbox := range f.inboxes[key] {
			select {
			case inbox <- frame:
			default: // the generator finds out that it is missing
			}
		}
	}
	if to != "" {
		hand(to + " " + position)
		return
	}
	for key := range f.inboxes {
		if party, _, _ := strings.Cut(key, " "); party != from {
			hand(key)
		}
	}
}

func (f *channelFloor) inbox(w http.ResponseWriter, r *http.Request) {
	sub, ok := f.subject(w, r)
	if !ok {
		return
	}
	frames := make(chan []byte, floorFrames)
	key := sub + " " + r.PathValue("position")
	f.passing.Lock()
	f.inboxes[key] = append(f.inboxes[key], frames)
	f.passing.Unlock()
	w.Header().Set("Content-Type", "text/event-stream")
	out := http.NewResponseController(w)
	frame := []byte(":\n\n")
	for {
		if _, err := w.Write(frame); err != nil || out.Flush() != nil {
			return
		}
		select {
		case frame = <-frames:
		case <-r.Context().Done():
			return
		case <-f.ended:
			return
		}
	}
}
