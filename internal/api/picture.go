package api

import (
	"cmp"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/deconflict/deconflict/internal/auth"
	"github.com/deconflict/deconflict/internal/conflict"
	"github.com/deconflict/deconflict/internal/f3548wire"
	"github.com/deconflict/deconflict/internal/outline"
	"github.com/deconflict/deconflict/internal/volume"
	"github.com/deconflict/deconflict/internal/world"
)

// Limits of a picture. It is answered whole or not at all.
const (
	// MaxPictureItems is how many things a picture shows.
	MaxPictureItems = 20_000
	// MaxPictureIDs is how many may be asked for by their ids.
	MaxPictureIDs = 200
	// maxPictureScan is how many entities of the airspace are looked through for
	// a picture of everywhere.
	maxPictureScan = 200_000
	// maxPictureBytes bounds an answer.
	maxPictureBytes = 96 << 20
)

// pictureScopes open the picture; what is in it depends on the party and the
// other scopes.
var pictureScopes = []string{auth.ScopeAct, auth.ScopeRead}

// meansPicture is what a picture says and does not say.
const meansPicture = "What parties said to this node and released to the caller, drawn for people: what is drawn holds the true shape, and no decision rests on it. " +
	"Where nothing is drawn nothing was released to the caller; that does not say that the airspace is clear."

// pictureQuery is what of the picture is asked for.
type pictureQuery struct {
	ids     []string // nil: all
	window  volume.Window
	box     *box
	extents []volume.Extent // of box
	area    outline.Volume  // box
}

// shows tells whether an exhibit is within the window that is asked for.
func (q *pictureQuery) shows(e *exhibit) bool {
	return e.startNS < q.window.EndNS && (e.lasts || e.endNS > q.window.StartNS)
}

func (c *call) pictureQuery(known ...string) (*pictureQuery, error) {
	p, err := c.parameters(known...)
	if err != nil {
		return nil, err
	}
	q := &pictureQuery{window: volume.Window{StartNS: volume.AlwaysNS, EndNS: volume.ForeverNS}}
	if p.Has("ids") {
		q.ids = strings.Split(p.Get("ids"), ",")
		slices.Sort(q.ids)
		q.ids = slices.Compact(q.ids)
		if len(q.ids) > MaxPictureIDs {
			return nil, badParameter("ids", strconv.Itoa(len(q.ids))+" ids", fmt.Sprintf("at most %d", MaxPictureIDs))
		}
	}
	for name, into := range map[string]*int64{"from": &q.window.StartNS, "to": &q.window.EndNS} {
		if !p.Has(name) {
			continue
		}
		t, err := time.Parse(time.RFC3339Nano, p.Get(name))
		if err != nil || t.Before(time.Unix(0, volume.AlwaysNS)) || t.After(time.Unix(0, volume.ForeverNS)) {
			return nil, badParameter(name, p.Get(name), "an instant with its offset from UTC, such as 2031-05-14T09:00:00Z")
		}
		*into = t.UnixNano()
	}
	if !p.Has("bbox") {
		return q, nil
	}
	b, err := parseBox(p.Get("bbox"))
	if err != nil {
		return nil, err
	}
	q.box, q.extents = &b, b.extents()
	if q.area, err = b.outline(); err != nil {
		return nil, BadParameter.With("the area cannot be used: " + err.Error())
	}
	return q, nil
}

// extents returns the box at all heights and times, in two parts over the
// antimeridian.
func (b *box) extents() []volume.Extent {
	x := volume.Extent{
		LatE9Lo: int64(b.south * 1e9), LatE9Hi: int64(b.north * 1e9), LngE9Lo: int64(b.west * 1e9), LngE9Hi: int64(b.east * 1e9),
		Band:   volume.Band{LowerMM: volume.NoFloorMM, UpperMM: volume.NoCeilingMM},
		Window: volume.Window{StartNS: volume.AlwaysNS, EndNS: volume.ForeverNS},
	}
	if b.east <= 180 {
		return []volume.Extent{x}
	}
	over := x
	x.LngE9Hi, over.LngE9Lo, over.LngE9Hi = 180e9, -180e9, x.LngE9Hi-turnE9
	return []volume.Extent{x, over}
}

// outline returns the box as coarse as the airspace is.
func (b *box) outline() (outline.Volume, error) {
	wire := f3548wire.Volume4D{Volume: &f3548wire.Volume3D{OutlinePolygon: b.polygon()}}
	shape, err := wire.ToQuery()
	if err != nil {
		return outline.Volume{}, err
	}
	shape.Buffers.LateralMM = b.sagMM()
	return outline.Of(&shape)
}

// near tells whether an entity may be in the box that is asked for.
func (q *pictureQuery) near(e *volume.Entity) bool {
	if q.extents == nil || e == nil {
		return true
	}
	var around []volume.Extent
	for i := range e.Volumes {
		around = e.Volumes[i].Extents(around, volume.Need{})
	}
	for _, t := range e.Trajectories {
		for i := range t.Legs() {
			around = t.LegExtents(around, i, volume.Need{})
		}
	}
	return slices.ContainsFunc(around, func(x volume.Extent) bool {
		own := conflict.Box(x)
		return slices.ContainsFunc(q.extents, func(y volume.Extent) bool { return own.Overlaps(conflict.Box(y)) })
	})
}

// picture answers with all that the caller may see, as things to draw.
func (h *handler) picture(c *call) error {
	q, err := c.pictureQuery("ids", "from", "to", "bbox")
	if err != nil {
		return err
	}
	body, err := h.formed(c, q)
	if err != nil {
		return err
	}
	return c.zipped(body...)
}

// formed takes a picture and draws it. Whole ones keep a processor busy.
func (h *handler) formed(c *call, q *pictureQuery) ([][]byte, error) {
	if q.ids == nil {
		leave, err := h.pictures.enter(c)
		if err != nil {
			return nil, err
		}
		defer leave()
	}
	found, b, err := h.take(c, q)
	if err != nil {
		return nil, err
	}
	return h.pictureBody(q, found, b)
}

// pictureDigest answers with what a picture comes to, so that a page can tell
// whether it has all of it.
func (h *handler) pictureDigest(c *call) error {
	q, err := c.pictureQuery("from", "to", "bbox")
	if err != nil {
		return err
	}
	found, b, err := h.take(c, q)
	if err != nil {
		return err
	}
	return c.answer(struct {
		Digest string `json:"digest"`
		Items  int    `json:"items"`
		Basis  basis  `json:"basis"`
	}{digestOf(found), len(found), b})
}

// digestOf is the SHA-256, in hexadecimal, over a line for each item: id,
// version and state with one space between, sorted.
func digestOf(found []exhibit) string {
	lines := make([]string, len(found))
	for i := range found {
		lines[i] = found[i].ID + " " + strconv.FormatInt(found[i].Version, 10) + " " + found[i].State + "\n"
	}
	slices.Sort(lines)
	sum := sha256.Sum256([]byte(strings.Join(lines, "")))
	return hex.EncodeToString(sum[:])
}

// take returns what a picture shows, by id.
func (h *handler) take(c *call, q *pictureQuery) ([]exhibit, basis, error) {
	head := h.Engine.Head()
	b := basis{Node: h.Origin, JournalSize: head.Size, JournalRoot: base64Of(head.Root), Means: meansPicture}
	l := &look{pictureQuery: q, c: c}
	var refused error
	err := h.Engine.ReadWorld(c.r.Context(), func(st *world.State, nowNS int64) {
		b.NodeTime, l.nowNS = instant(nowNS), nowNS
		refused = l.gather(st)
	})
	if err = cmp.Or(err, refused); err != nil {
		return nil, b, err
	}
	l.form()
	if n := len(l.found); n > MaxPictureItems {
		return nil, b, tooManyItems(n)
	}
	return l.found, b, nil
}

func tooManyItems(n int) error {
	return TooLarge.With(fmt.Sprintf("found %d or more things to draw, expected at most %d: ask for a bbox, or a smaller one", n, MaxPictureItems))
}

// pictureBody returns the answer in parts, most of which are shared with other
// answers.
func (h *handler) pictureBody(q *pictureQuery, found []exhibit, b basis) ([][]byte, error) {
	parts := make([][]byte, 0, 5*len(found)+1)
	size := 0
	begin := `{"items":[`
	for i := range found {
		e := &found[i]
		text, err := encode(&e.item)
		if err != nil {
			return nil, err
		}
		head := make([]byte, 0, len(begin)+len(text)+len(`,"volumes":`))
		head = append(append(append(head, begin...), text[:len(text)-2]...), `,"volumes":`...) // without } and the line feed
		begin = "},"
		d := h.gallery.get(e.key, e.draw)
		parts = append(parts, head, d.volumes, pathsMember, d.paths)
		if size += len(head) + d.size(); size > maxPictureBytes {
			return nil, TooLarge.With(fmt.Sprintf("found a picture of more than %d bytes, expected fewer: ask for a bbox, or a smaller one", maxPictureBytes))
		}
	}
	end := []byte("}]")
	if len(found) == 0 {
		end = []byte(`{"items":[]`)
	}
	if q.ids != nil {
		gone := []string{}
		for _, id := range q.ids {
			if _, there := slices.BinarySearchFunc(found, id, func(e exhibit, id string) int { return cmp.Compare(e.ID, id) }); !there {
				gone = append(gone, id)
			}
		}
		text, err := encode(gone)
		if err != nil {
			return nil, err
		}
		end = append(append(end, `,"gone":`...), text[:len(text)-1]...)
	}
	text, err := encode(b)
	if err != nil {
		return nil, err
	}
	end = append(append(end, `,"complete":true,"basis":`...), text[:len(text)-1]...)
	return append(parts, append(end, '}', '\n')), nil
}

var pathsMember = []byte(`,"paths":`)

func (e *exhibit) draw() drawing {
	switch {
	case e.where != nil:
		return drawEntity(e.where, e.offVolume, e.offTrajectory)
	case e.outline != nil:
		return drawOutline(e.outline)
	}
	return nothingDrawn
}

// zipped writes a JSON body, packed if the caller takes that.
func (c *call) zipped(parts ...[]byte) error {
	header := c.w.Header()
	header.Set("Content-Type", "application/json")
	header.Add("Vary", "Accept-Encoding")
	if !takesGzip(c.r.Header) {
		return written(c.w, parts)
	}
	header.Set("Content-Encoding", "gzip")
	z, err := gzip.NewWriterLevel(c.w, gzip.BestSpeed)
	if err != nil {
		return err
	}
	_ = written(z, parts)
	_ = z.Close()
	return nil
}

// written writes until the caller goes away: there is nobody to tell then.
func written(w io.Writer, parts [][]byte) error {
	for _, p := range parts {
		if _, err := w.Write(p); err != nil {
			break
		}
	}
	return nil
}

// takesGzip tells whether gzip is among what the caller takes (RFC 9110 section
// 12.5.3).
func takesGzip(h http.Header) bool {
	for part := range strings.SplitSeq(h.Get("Accept-Encoding"), ",") {
		coding, weight, _ := strings.Cut(part, ";")
		if strings.EqualFold(strings.TrimSpace(coding), "gzip") {
			w := strings.ReplaceAll(strings.TrimSpace(weight), " ", "")
			return w != "q=0" && !strings.HasPrefix(w, "q=0.0")
		}
	}
	return false
}
