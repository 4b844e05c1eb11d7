package api

import (
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/deconflict/deconflict/internal/conflict"
	domain "github.com/deconflict/deconflict/internal/intent"
	"github.com/deconflict/deconflict/internal/volume"
)

// Files are what files hold, to be looked at without a node.
type Files struct {
	Entities []*volume.Entity
	// Verdicts are conflicts between them; others are left out.
	Verdicts []conflict.Verdict
	// Own tells which are those that somebody asks about. Nil: all.
	Own func(*volume.Entity) bool
}

const (
	filesNode    = "files"
	filesState   = "declared"
	meansOfFiles = "What the files hold, drawn for people: what is drawn holds the true shape, and no decision rests on it. " +
		"Nobody else's flights are here; that does not say that the airspace is clear."
)

// FilesHandler serves the part of the interface by which the map shows files:
// /v1/session and /v1/picture. The time is that at which the first plan begins,
// and stands.
func FilesHandler(f Files) (http.Handler, error) {
	found := f.exhibits()
	if len(found) > MaxPictureItems {
		return nil, tooManyItems(len(found))
	}
	at := f.begins()
	b := basis{Node: filesNode, NodeTime: instant(at), Means: meansOfFiles}
	picture, err := new(handler).pictureBody(&pictureQuery{}, found, b)
	if err != nil {
		return nil, err
	}
	session, err := encode(map[string]any{
		"party": "", "role": "", "person": "", "scopes": []string{}, "node": filesNode, "mode": filesNode,
		"rehearsal": true, "expires": instant(time.Now().AddDate(1, 0, 0).UnixNano()),
	})
	if err != nil {
		return nil, err
	}
	digest, err := encode(map[string]any{"digest": digestOf(found), "items": len(found), "basis": b})
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	for place, body := range map[string][][]byte{"/v1/session": {session}, "/v1/picture": picture, "/v1/picture/digest": {digest}} {
		mux.HandleFunc("GET "+place, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Cache-Control", "no-store")
			_ = (&call{w: w, r: r}).zipped(body...) // the caller went away: nobody to tell
		})
	}
	mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) {
		NotFound.With("these are files: expected /v1/session or /v1/picture").Write(w)
	})
	return mux, nil
}

// exhibits are the entities as items, by id.
func (f *Files) exhibits() []exhibit {
	verdicts := map[string][]domain.Verdict{}
	byID := map[string]*volume.Entity{}
	for _, e := range f.Entities {
		byID[e.ID] = e
	}
	for i := range f.Verdicts {
		v := &f.Verdicts[i]
		a, b := byID[v.A.ID], byID[v.B.ID]
		if v.Conflict && a != nil && b != nil {
			verdicts[a.ID] = append(verdicts[a.ID], domain.Compared(v, b))
			verdicts[b.ID] = append(verdicts[b.ID], domain.Compared(v, a))
		}
	}
	var all []exhibit
	for _, e := range f.Entities {
		if len(e.Volumes) == 0 && len(e.Trajectories) == 0 {
			continue // a zone that is not in force at the time of the plans
		}
		x := exhibit{item: item{
			ID: e.ID, Kind: itemIntent, Party: e.Party, Own: f.Own == nil || f.Own(e), State: filesState, Name: e.ID, Version: 1, Type: e.Type,
			Shown: shownExact, Verdicts: verdicts[e.ID],
		}}
		if e.Kind == volume.Constraint {
			x.Kind = itemZone
		}
		x.in(e)
		x.Start, x.End = instant(x.startNS), instant(x.endNS)
		all = append(all, x)
	}
	slices.SortFunc(all, func(a, b exhibit) int { return strings.Compare(a.ID, b.ID) })
	return all
}

// begins returns when the first plan begins, or the first zone where there is no
// plan, or now where nothing begins.
func (f *Files) begins() int64 {
	for _, kind := range []volume.Kind{volume.Intent, volume.Constraint} {
		first := int64(volume.ForeverNS)
		for _, e := range f.Entities {
			var x exhibit
			if x.in(e); e.Kind == kind && x.startNS > volume.AlwaysNS {
				first = min(first, x.startNS)
			}
		}
		if first < volume.ForeverNS {
			return first
		}
	}
	return time.Now().UnixNano()
}
