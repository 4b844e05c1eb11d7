package api

import (
	"context"
	"time"

	"github.com/deconflict/deconflict/internal/party"
	"github.com/deconflict/deconflict/internal/world"
)

// Track is where a simulated craft is. Nothing is decided by it, and the journal
// does not have it.
type Track struct {
	ID        string     `json:"id"`
	Party     party.ID   `json:"party"`
	Label     string     `json:"label"`
	At        [2]float64 `json:"at"` // longitude and latitude, degrees
	AltM      float64    `json:"alt_m"`
	CourseDeg float64    `json:"course_deg"` // clockwise from north
	SpeedMPS  float64    `json:"speed_mps"`
	Intent    string     `json:"intent,omitempty"` // that it flies
}

// Tracks returns where all simulated craft are at an instant of the node's time,
// given what is declared, which it must not keep. It is called from several
// goroutines.
type Tracks func(st *world.State, nowNS int64) []Track

// tracksEvery is how often streams are told of tracks.
const tracksEvery = time.Second

// maxTracks is how many one frame has at most.
const maxTracks = 1000

// tracked is a frame of the stream.
type tracked struct {
	Simulated bool    `json:"simulated"`
	At        string  `json:"at"`
	Tracks    []Track `json:"tracks"`
}

// sendTracks sends where simulated craft are, as far as the reader is shown the
// intents that they fly. The frame has no id: there is nothing to resume from.
func (s *stream) sendTracks(ctx context.Context) error {
	frame := tracked{Simulated: true, Tracks: []Track{}}
	who := s.call.who.Party
	var nowNS int64
	var list []Track
	err := s.handler.Engine.ReadWorld(ctx, func(st *world.State, now int64) {
		nowNS = now
		for _, t := range s.handler.Tracks(st, now) {
			if t.Intent == "" || t.Party == who || st.Intent.ShownWhere(t.Intent, who) {
				list = append(list, t)
			}
		}
	})
	if err != nil {
		return err
	}
	frame.At = instant(nowNS)
	frame.Tracks = append(frame.Tracks, list[:min(len(list), maxTracks)]...)
	data, err := encode(frame)
	if err != nil {
		return err
	}
	s.buf = append(append(append(s.buf[:0], "event: tracks\ndata: "...), data...), '\n')
	return s.send(s.buf)
}
