package api

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/deconflict/deconflict/internal/declared"
	"github.com/deconflict/deconflict/internal/geodesy"
	"github.com/deconflict/deconflict/internal/plan"
	"github.com/deconflict/deconflict/internal/volume"
)

// Limits of a file that drafts are made of.
const (
	// MaxPlanBytes is its size, unpacked; the node may take less (max_body).
	MaxPlanBytes = 8 << 20
	// MaxDrafts is how many plans and zones it may have.
	MaxDrafts = 256
	// planHorizon is for how long from the start schedules that recur are written
	// out.
	planHorizon = 24 * time.Hour
)

// BadFile is a file that cannot be used; details name file, place, what was
// found and what was expected.
var BadFile = Problem{Kind: "bad-file", Title: "The file cannot be used", Status: http.StatusBadRequest}

// badFile is where a file cannot be used.
type badFile struct {
	File     string `json:"file"`
	Place    string `json:"place,omitempty"`
	Found    string `json:"found,omitempty"`
	Expected string `json:"expected,omitempty"`
	// Needs is the parameter that says what the file leaves open.
	Needs string `json:"needs,omitempty"`
}

// draft is what a file says of one plan or zone, as it would be declared.
type draft struct {
	Name         string          `json:"name"`
	Kind         string          `json:"kind"` // intent or zone
	Type         string          `json:"type,omitempty"`
	Place        string          `json:"place"` // in the file
	Shape        declared.Shape  `json:"shape"`
	Volumes      json.RawMessage `json:"volumes"`
	Paths        json.RawMessage `json:"paths"`
	Suppositions []string        `json:"suppositions"`
}

// plans reads a plan file and answers with drafts. It keeps nothing.
func (h *handler) plans(c *call) error {
	name, opt, resolve, err := c.planOptions()
	if err != nil {
		return err
	}
	data, err := c.body(MaxPlanBytes)
	if err != nil {
		return err
	}
	leave, err := h.checks.enter(c)
	if err != nil {
		return err
	}
	defer leave()
	f, err := plan.Read(name, data, opt)
	if err != nil {
		return asBadFile(name, err)
	}
	if n := len(f.Items); n == 0 || n > MaxDrafts {
		return asBadFile(name, &plan.Error{File: name, Found: fmt.Sprintf("%d plans and zones", n), Expected: fmt.Sprintf("1 to %d", MaxDrafts)})
	}
	entities, err := plan.Resolve(f, resolve)
	if err != nil {
		return asBadFile(name, err)
	}
	out := struct {
		Drafts []draft  `json:"drafts"`
		Notes  []string `json:"notes"`
	}{[]draft{}, append([]string{}, f.Notes...)}
	for i, e := range entities {
		item := &f.Items[i]
		for _, n := range item.Notes {
			out.Notes = append(out.Notes, item.Place+": "+n)
		}
		d, err := draftOf(item, e)
		if err != nil {
			out.Notes = append(out.Notes, item.Place+": not among the drafts: "+err.Error())
			continue
		}
		out.Drafts = append(out.Drafts, *d)
	}
	body, err := encode(out)
	if err != nil {
		return err
	}
	return c.zipped(body)
}

func draftOf(item *plan.Item, e *volume.Entity) (*draft, error) {
	shape, err := declared.Of(e)
	if err != nil {
		return nil, err
	}
	drawn := drawEntity(e, len(e.Volumes), len(e.Trajectories))
	d := &draft{
		Name: e.Name, Kind: itemIntent, Type: e.Type, Place: item.Place, Shape: shape,
		Volumes: drawn.volumes, Paths: drawn.paths, Suppositions: append([]string{}, e.Suppositions...),
	}
	if d.Name == "" {
		d.Name = e.ID
	}
	if e.Kind == volume.Constraint {
		d.Kind = itemZone
	}
	return d, nil
}

// planOptions reads the parameters: what files may leave open.
func (c *call) planOptions() (name string, opt plan.Options, r plan.ResolveOptions, err error) {
	p, err := c.parameters("name", "start", "duration_s", "speed_mps", "ground_m", "qnh_hpa")
	if err != nil {
		return "", opt, r, err
	}
	name = p.Get("name")
	if name == "" || len(name) > 255 || strings.ContainsFunc(name, func(r rune) bool { return r < ' ' }) {
		return "", opt, r, badParameter("name", name, "the name of the file")
	}
	opt.MaxBytes = MaxPlanBytes
	if p.Has("start") {
		if r.Start, err = time.Parse(time.RFC3339Nano, p.Get("start")); err != nil || r.Start.Year() < 1970 || r.Start.Year() > 2060 {
			return "", opt, r, badParameter("start", p.Get("start"), "an instant with its offset from UTC, such as 2031-05-14T09:00:00Z")
		}
		r.Horizon = volume.Window{StartNS: r.Start.UnixNano(), EndNS: r.Start.Add(planHorizon).UnixNano()}
	}
	var durationS, groundM, hPa float64
	for _, n := range []struct {
		name      string
		low, high float64
		into      *float64
	}{
		{"duration_s", 1, 24 * 3600, &durationS},
		{"speed_mps", 0.1, 1000, &opt.SpeedMPS},
		{"ground_m", -500, 9000, &groundM},
		{"qnh_hpa", 800, 1100, &hPa},
	} {
		if err := optionalNumber(p, n.name, n.low, n.high, n.into); err != nil {
			return "", opt, r, err
		}
	}
	r.Duration = time.Duration(durationS * float64(time.Second))
	if p.Has("ground_m") {
		r.Ground = &geodesy.Ground{MM: int64(math.Round(groundM * 1000)), Ref: geodesy.AMSL}
	}
	if p.Has("qnh_hpa") {
		r.QNHHPa = &hPa
	}
	return name, opt, r, nil
}

func optionalNumber(p url.Values, name string, low, high float64, into *float64) error {
	if !p.Has(name) {
		return nil
	}
	f, err := strconv.ParseFloat(p.Get(name), 64)
	if err != nil || !(f >= low && f <= high) {
		return badParameter(name, p.Get(name), fmt.Sprintf("a number from %g to %g", low, high))
	}
	*into = f
	return nil
}

// asParameters makes of the flags that readers name the parameters that stand for
// them here.
var asParameters = strings.NewReplacer("--start", "start", "--duration", "duration_s", "--ground", "ground_m", "--qnh", "qnh_hpa", "--speed", "speed_mps")

// asBadFile makes a reader's error a problem.
func asBadFile(name string, err error) error {
	at := badFile{File: name}
	var where *plan.Error
	if errors.As(err, &where) {
		at = badFile{File: where.File, Place: where.Place, Found: where.Found, Expected: where.Expected}
	}
	for _, need := range []struct {
		err       error
		parameter string
	}{
		{plan.ErrNeedStart, "start"},
		{plan.ErrNeedHorizon, "start"},
		{plan.ErrNeedDuration, "duration_s"},
		{plan.ErrNeedGround, "ground_m"},
		{plan.ErrNeedQNH, "qnh_hpa"},
	} {
		if errors.Is(err, need.err) {
			at.Needs = need.parameter
			break
		}
	}
	p := BadFile.With(asParameters.Replace(err.Error()))
	p.Details = at
	return p
}
