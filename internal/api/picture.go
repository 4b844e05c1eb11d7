package api

import (
	"cmp"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/deconflict/deconflict/internal/airspace"
	"github.com/deconflict/deconflict/internal/auth"
	"github.com/deconflict/deconflict/internal/conflict"
	"github.com/deconflict/deconflict/internal/f3548wire"
	domain "github.com/deconflict/deconflict/internal/intent"
	"github.com/deconflict/deconflict/internal/outline"
	"github.com/deconflict/deconflict/internal/statement"
	"github.com/deconflict/deconflict/internal/terms"
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

// Kinds of items.
const (
	itemIntent     = "intent"
	itemZone       = "zone"
	itemConstraint = "constraint"
	itemSite       = "site"
	itemReport     = "report"
)

// How much of where an item is, is shown.
const (
	shownExact    = "exact"
	shownCoarse   = "coarse"
	shownOutline  = "outline"
	shownWithheld = "withheld"
)

// item is a thing to draw, without what is drawn of it.
type item struct {
	ID           string            `json:"id"`
	Kind         string            `json:"kind"`
	Party        string            `json:"party"`
	Own          bool              `json:"own"`
	Native       bool              `json:"native"`
	State        string            `json:"state"`
	Name         string            `json:"name,omitempty"`
	Version      int64             `json:"version"`
	Token        string            `json:"token,omitempty"`
	Type         string            `json:"type,omitempty"`
	Rank         string            `json:"rank,omitempty"`
	AircraftKind string            `json:"aircraft_kind,omitempty"`
	Start        string            `json:"start"`
	End          string            `json:"end"`
	Since        statement.Instant `json:"since,omitzero"`
	Shown        string            `json:"shown"`
	Grade        string            `json:"grade,omitempty"`
	UnderReview  bool              `json:"under_review,omitempty"`
	Notice       terms.Class       `json:"notice,omitempty"`
	Verdicts     []domain.Verdict  `json:"verdicts,omitempty"`
	MoreVerdicts int64             `json:"more_verdicts,omitempty"`
}

// exhibit is an item with what it takes to draw it.
type exhibit struct {
	item
	startNS, endNS int64
	lasts          bool // until somebody ends it

	key                      string // of the drawing; empty: not kept
	where                    *volume.Entity
	offVolume, offTrajectory int
	outline                  []outline.Volume
}

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

// look is a picture being taken.
type look struct {
	*pictureQuery
	c     *call
	st    *world.State
	nowNS int64
	found []exhibit
}

// picture answers with all that the caller may see, as things to draw.
func (h *handler) picture(c *call) error {
	q, err := c.pictureQuery("ids", "from", "to", "bbox")
	if err != nil {
		return err
	}
	found, b, err := h.take(c, q)
	if err != nil {
		return err
	}
	body, err := h.pictureBody(q, found, b)
	if err != nil {
		return err
	}
	return c.zipped(body)
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
	var l *look
	var refused error
	err := h.Engine.ReadWorld(c.r.Context(), func(st *world.State, nowNS int64) {
		b.NodeTime = instant(nowNS)
		l = &look{pictureQuery: q, c: c, st: st, nowNS: nowNS}
		refused = l.all()
	})
	if err = cmp.Or(err, refused); err != nil {
		return nil, b, err
	}
	l.st = nil
	slices.SortFunc(l.found, func(a, b exhibit) int { return cmp.Or(cmp.Compare(a.ID, b.ID), cmp.Compare(a.Kind, b.Kind)) })
	if n := len(l.found); n > MaxPictureItems {
		return nil, b, tooManyItems(n)
	}
	return l.found, b, nil
}

func tooManyItems(n int) error {
	return TooLarge.With(fmt.Sprintf("found %d or more things to draw, expected at most %d: ask for a bbox, or a smaller one", n, MaxPictureItems))
}

// all looks at everything.
func (l *look) all() error {
	l.intents()
	l.zones()
	l.reports()
	l.sites()
	if l.ids != nil {
		return l.airspaceByID()
	}
	return l.airspace()
}

// wants tells whether an id is asked for.
func (l *look) wants(id string) bool {
	if l.ids == nil {
		return true
	}
	_, ok := slices.BinarySearch(l.ids, id)
	return ok
}

// add takes an exhibit in, unless it is not asked for.
func (l *look) add(e *exhibit) {
	if l.shows(e) {
		e.Start, e.End = instant(e.startNS), instant(e.endNS)
		l.found = append(l.found, *e)
	}
}

func (l *look) intents() {
	if l.ids == nil {
		for _, s := range l.st.Intent.Sights(l.c.who.Party, l.extents) {
			l.intent(&s)
		}
		return
	}
	for _, id := range l.ids {
		if s, ok := l.st.Intent.Sight(id, l.c.who.Party); ok && (s.Where == nil || l.near(s.Where)) {
			l.intent(&s)
		}
	}
}

// intentStates are the states of intents as F3548-21 spells those that it has.
var intentStates = map[domain.Phase]string{
	domain.Proposed: "Proposed", domain.Accepted: "Accepted", domain.Activated: "Activated", domain.GivesWay: "Displaced",
	domain.Nonconforming: "Nonconforming", domain.Contingent: "Contingent",
}

func (l *look) intent(s *domain.Sight) {
	e := &exhibit{
		item: item{
			ID: s.ID, Kind: itemIntent, Party: string(s.Owner), Own: s.Own, Native: true, State: intentStates[s.State], Name: s.Alias, Version: s.Version,
			Rank: s.Rank, AircraftKind: s.AircraftKind, Since: s.Since, Shown: shownExact, Grade: string(s.Grade), UnderReview: s.UnderReview,
			Notice: s.Notice, Verdicts: s.Verdicts, MoreVerdicts: s.MoreVerdicts,
		},
		startNS: int64(s.Start), endNS: int64(s.End), lasts: s.Lasts,
		where: s.Where, offVolume: s.OffVolume, offTrajectory: s.OffTrajectory,
	}
	switch {
	case s.Where == nil:
		e.Shown = shownWithheld
	case s.Coarse:
		e.Shown = shownCoarse
	}
	if s.Own {
		e.Token = s.Token
	}
	if s.Where != nil {
		e.key = fmt.Sprint(s.Token, len(s.Where.Volumes), len(s.Where.Trajectories), s.OffVolume, s.OffTrajectory)
	}
	l.add(e)
}

func (l *look) zones() {
	for _, z := range l.st.Intent.Zones() {
		if z.State == domain.ZoneOver || !l.wants(z.ID) || !l.near(z.Entity()) {
			continue
		}
		e := &exhibit{
			item: item{
				ID: z.ID, Kind: itemZone, Party: string(z.Owner), Own: z.Owner == l.c.who.Party, Native: true, State: string(z.State), Name: z.Name,
				Version: z.Version, Type: z.Kind, Shown: shownExact,
			},
			key: z.Token,
		}
		if e.Own {
			e.Token = z.Token
		}
		e.in(z.Entity())
		l.add(e)
	}
}

// in places an exhibit where an entity is, for as long as that is there.
func (e *exhibit) in(where *volume.Entity) {
	e.where, e.offVolume, e.offTrajectory = where, len(where.Volumes), len(where.Trajectories)
	e.startNS, e.endNS = volume.ForeverNS, volume.AlwaysNS
	for i := range where.Volumes {
		w := where.Volumes[i].Window
		e.startNS, e.endNS = min(e.startNS, w.StartNS), max(e.endNS, w.EndNS)
	}
	for _, t := range where.Trajectories {
		w := t.Window()
		e.startNS, e.endNS = min(e.startNS, w.StartNS), max(e.endNS, w.EndNS)
	}
}

func (l *look) reports() {
	for _, r := range l.st.Intent.Reports(l.c.who.Party, l.nowNS) {
		if !l.wants(r.ID) || !l.near(r.Where) {
			continue
		}
		e := &exhibit{
			item: item{
				ID: r.ID, Kind: itemReport, Party: string(r.By), Own: r.By == l.c.who.Party, Native: true, State: "reported", Name: r.About,
				Version: 1, Shown: shownExact, Grade: r.Grade,
			},
			key: r.ID,
		}
		e.in(r.Where)
		e.endNS = int64(r.Until)
		l.add(e)
	}
}

// sites adds the caller's own protected sites. Of others' there is no list.
func (l *look) sites() {
	for _, n := range l.st.Notice.Own(l.c.who.Party) {
		if !l.wants(n.ID) || n.Content == nil {
			continue
		}
		where := n.Site()
		if where == nil || !l.near(where) {
			continue
		}
		e := &exhibit{item: item{
			ID: n.ID, Kind: itemSite, Party: string(n.Notifier), Own: true, Native: true, State: string(n.Standing), Name: n.Content.Name,
			Version: n.Version, Type: string(n.Content.Kind), Shown: shownExact,
		}}
		e.in(where)
		l.add(e)
	}
}

// airspaceIntent adds an intent of F3548-21, unless it is a native one that is
// shown as such. What is not the caller's own is a reference.
func (l *look) airspaceIntent(v airspace.IntentView, own func() []outline.Volume) {
	mine := v.Manager == l.c.who.Party
	if !mine && !l.c.who.HasAny(intentScopes...) || l.st.Intent.Visible(v.ID.String(), l.c.who.Party) {
		return
	}
	e := &exhibit{
		item:    item{ID: v.ID.String(), Kind: itemIntent, Party: string(v.Manager), Own: mine, State: v.State.String(), Version: int64(v.Version), Shown: shownWithheld},
		startNS: v.StartNS, endNS: v.EndNS, lasts: v.State != airspace.Accepted,
	}
	if mine {
		e.Token, e.Shown, e.outline, e.key = v.OVN, shownOutline, own(), "airspace "+v.OVN
	}
	l.add(e)
}

func (l *look) airspaceConstraint(v airspace.ConstraintView, own func() []outline.Volume) {
	mine := v.Manager == l.c.who.Party
	if !mine && !l.c.who.HasAny(constraintScopes...) {
		return
	}
	e := &exhibit{
		item:    item{ID: v.ID.String(), Kind: itemConstraint, Party: string(v.Manager), Own: mine, Version: int64(v.Version), Shown: shownWithheld},
		startNS: v.StartNS, endNS: v.EndNS,
	}
	if mine {
		e.Token, e.Shown, e.outline, e.key = v.OVN, shownOutline, own(), "airspace "+v.OVN
	}
	l.add(e)
}

// airspaceByID looks the ids up in the airspace.
func (l *look) airspaceByID() error {
	air := l.st.Airspace
	for _, text := range l.ids {
		id, err := airspace.ParseID(text)
		if err != nil {
			continue // an id of another kind
		}
		if v, ok := air.Intent(id); ok {
			l.airspaceIntent(v, func() []outline.Volume { return air.Outline(airspace.IntentKind, id) })
		}
		if v, ok := air.Constraint(id); ok {
			l.airspaceConstraint(v, func() []outline.Volume { return air.Outline(airspace.ConstraintKind, id) })
		}
	}
	return nil
}

// airspace looks at all of the airspace, or at what is in the box.
func (l *look) airspace() error {
	air := l.st.Airspace
	if l.box != nil {
		for _, v := range air.IntentsAfter(l.area, airspace.ID{}, MaxPictureItems+1) {
			l.airspaceIntent(v, func() []outline.Volume { return air.Outline(airspace.IntentKind, v.ID) })
		}
		for _, v := range air.ConstraintsAfter(l.area, airspace.ID{}, MaxPictureItems+1) {
			l.airspaceConstraint(v, func() []outline.Volume { return air.Outline(airspace.ConstraintKind, v.ID) })
		}
		return nil
	}
	if n := air.Counts(); n.Intents+n.Constraints > maxPictureScan {
		return TooLarge.With(fmt.Sprintf("found %d intents and constraints in the airspace, expected at most %d for a picture of everywhere: ask for a bbox",
			n.Intents+n.Constraints, maxPictureScan))
	}
	air.EachIntent(func(v airspace.IntentView, o []outline.Volume) bool {
		l.airspaceIntent(v, func() []outline.Volume { return o })
		return len(l.found) <= MaxPictureItems
	})
	air.EachConstraint(func(v airspace.ConstraintView, o []outline.Volume) bool {
		l.airspaceConstraint(v, func() []outline.Volume { return o })
		return len(l.found) <= MaxPictureItems
	})
	return nil
}

// pictureBody writes the answer.
func (h *handler) pictureBody(q *pictureQuery, found []exhibit, b basis) ([]byte, error) {
	body := []byte(`{"items":[`)
	for i := range found {
		e := &found[i]
		if i > 0 {
			body = append(body, ',')
		}
		text, err := encode(&e.item)
		if err != nil {
			return nil, err
		}
		body = append(body, text[:len(text)-2]...) // without } and the line feed
		d := h.gallery.get(e.key, e.draw)
		body = append(append(body, `,"volumes":`...), d.volumes...)
		body = append(append(body, `,"paths":`...), d.paths...)
		body = append(body, '}')
		if len(body) > maxPictureBytes {
			return nil, TooLarge.With(fmt.Sprintf("found a picture of more than %d bytes, expected fewer: ask for a bbox, or a smaller one", maxPictureBytes))
		}
	}
	body = append(body, ']')
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
		body = append(append(body, `,"gone":`...), text[:len(text)-1]...)
	}
	text, err := encode(b)
	if err != nil {
		return nil, err
	}
	body = append(append(body, `,"complete":true,"basis":`...), text[:len(text)-1]...)
	return append(body, '}', '\n'), nil
}

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
func (c *call) zipped(body []byte) error {
	header := c.w.Header()
	header.Set("Content-Type", "application/json")
	header.Add("Vary", "Accept-Encoding")
	if !takesGzip(c.r.Header) {
		_, _ = c.w.Write(body) // the caller went away: nobody to tell
		return nil
	}
	header.Set("Content-Encoding", "gzip")
	z, err := gzip.NewWriterLevel(c.w, gzip.BestSpeed)
	if err != nil {
		return err
	}
	_, _ = z.Write(body)
	_ = z.Close()
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
