package main

import (
	"encoding/hex"
	"encoding/json"
	"io"
	"time"

	"github.com/deconflict/deconflict/internal/conflict"
	"github.com/deconflict/deconflict/internal/geodesy"
	"github.com/deconflict/deconflict/internal/volume"
)

// checkSchema names the form of the JSON that check prints. docs/CHECK-JSON.md
// describes it; members may be added under the same name, never changed.
const checkSchema = "deconflict.check/1"

// Outcomes of a check.
const (
	outcomeConflict = "conflict"
	outcomeClear    = "clear_among_given"
	outcomeNothing  = "nothing_compared"
)

type checkJSON struct {
	Schema          string         `json:"schema"`
	Outcome         string         `json:"outcome"`
	EntitiesCount   int            `json:"entities_count"`
	PairsCompared   int            `json:"pairs_compared"`
	PairsCandidates int            `json:"pairs_candidates"`
	ConflictsCount  int            `json:"conflicts_count"`
	Entities        []entityJSON   `json:"entities"`
	Conflicts       []conflictJSON `json:"conflicts"`
	Nearest         *nearestJSON   `json:"nearest"`
	Warnings        []string       `json:"warnings"`
	Files           []fileJSON     `json:"files"`
	InputsDigest    string         `json:"inputs_digest"`
	VerdictDigest   string         `json:"verdict_digest"`
	Version         string         `json:"version"`
}

type nearestJSON struct {
	A        sideJSON      `json:"a"`
	B        sideJSON      `json:"b"`
	Approach *approachJSON `json:"approach"`
}

type fileJSON struct {
	File    string   `json:"file"`
	Format  string   `json:"format"`
	NotUsed []string `json:"not_used"`
}

type entityJSON struct {
	sideJSON
	File         string   `json:"file"`
	Against      bool     `json:"against"`
	InForce      bool     `json:"in_force"`
	Volumes      int      `json:"volumes_count"`
	Trajectories int      `json:"trajectories_count"`
	From         *string  `json:"from"`
	To           *string  `json:"to"`
	Suppositions []string `json:"suppositions"`
	Digest       string   `json:"digest"`
}

type sideJSON struct {
	ID      string `json:"id"`
	Version string `json:"version"`
	Party   string `json:"party"`
	Name    string `json:"name"`
	Kind    string `json:"kind"`
	Type    string `json:"type"`
}

type conflictJSON struct {
	A                  sideJSON      `json:"a"`
	B                  sideJSON      `json:"b"`
	From               *string       `json:"from"`
	To                 *string       `json:"to"`
	WithinTolerance    bool          `json:"within_tolerance"`
	Minima             minimaJSON    `json:"minima"`
	Place              *placeJSON    `json:"place"`
	ClosestLateral     *approachJSON `json:"closest_lateral"`
	ClosestVertical    *approachJSON `json:"closest_vertical"`
	LateralShortfallM  float64       `json:"lateral_shortfall_m"`
	VerticalShortfallM *float64      `json:"vertical_shortfall_m"`
	ToleranceM         float64       `json:"tolerance_m"`
	Parts              []partJSON    `json:"parts"`
	Suppositions       []string      `json:"suppositions"`
	InputsDigest       string        `json:"inputs_digest"`
	VerdictDigest      string        `json:"verdict_digest"`
}

type minimaJSON struct {
	LateralM  float64 `json:"lateral_m"`
	VerticalM float64 `json:"vertical_m"`
	TimeS     float64 `json:"time_s"`
	Source    string  `json:"source"`
}

type placeJSON struct {
	LatDeg     float64 `json:"lat_deg"`
	LngDeg     float64 `json:"lng_deg"`
	From       string  `json:"from"`
	FromLatDeg float64 `json:"from_lat_deg"`
	FromLngDeg float64 `json:"from_lng_deg"`
	BearingDeg float64 `json:"bearing_deg"`
	DistanceM  float64 `json:"distance_m"`
}

type approachJSON struct {
	TimeA       string          `json:"time_a"`
	TimeB       string          `json:"time_b"`
	HorizontalM float64         `json:"horizontal_m"`
	CentreM     *float64        `json:"centre_m"`
	VerticalM   *float64        `json:"vertical_m"`
	A           approachEndJSON `json:"a"`
	B           approachEndJSON `json:"b"`
}

type approachEndJSON struct {
	LatDeg    float64  `json:"lat_deg"`
	LngDeg    float64  `json:"lng_deg"`
	LowerW84M *float64 `json:"lower_w84_m"`
	UpperW84M *float64 `json:"upper_w84_m"`
}

type partJSON struct {
	A               partRefJSON   `json:"a"`
	B               partRefJSON   `json:"b"`
	From            *string       `json:"from"`
	To              *string       `json:"to"`
	WithinTolerance bool          `json:"within_tolerance"`
	Closest         *approachJSON `json:"closest_lateral"`
}

type partRefJSON struct {
	Kind  string `json:"kind"`
	Route int    `json:"route"`
	Index int    `json:"index"`
}

// outcome is the answer in one word. Having compared nothing is not clear.
func (c *check) outcome() string {
	switch {
	case len(c.result.Verdicts) > 0:
		return outcomeConflict
	case c.result.Pairs == 0:
		return outcomeNothing
	}
	return outcomeClear
}

func (c *check) writeJSON(w io.Writer) error {
	out := checkJSON{
		Schema: checkSchema, Outcome: c.outcome(), EntitiesCount: len(c.byID),
		PairsCompared: c.result.Pairs, PairsCandidates: c.result.Candidates, ConflictsCount: len(c.result.Verdicts),
		Entities: []entityJSON{}, Conflicts: []conflictJSON{}, Warnings: c.warnings(), Files: []fileJSON{},
		InputsDigest: hex.EncodeToString(c.result.InputsDigest[:]), VerdictDigest: hex.EncodeToString(c.result.Digest[:]),
		Version: versionText(),
	}
	if v := c.nearest.verdict; v != nil {
		out.Nearest = &nearestJSON{A: side(v.A), B: side(v.B), Approach: approachOf(c.nearest.approach)}
	}
	for _, src := range c.sources {
		out.Files = append(out.Files, fileJSON{src.file.Name, string(src.file.Format), src.unused()})
		for _, e := range src.entities {
			out.Entities = append(out.Entities, c.entityJSON(src, e))
		}
	}
	for i := range c.result.Verdicts {
		out.Conflicts = append(out.Conflicts, c.conflictJSON(&c.result.Verdicts[i]))
	}
	return encodeJSON(w, out)
}

func encodeJSON(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(v)
}

func (c *check) entityJSON(src *source, e *volume.Entity) entityJSON {
	from, to := span(e)
	digest := conflict.EntityDigest(e)
	out := entityJSON{
		sideJSON: entitySide(e),
		File:     src.file.Name, Against: src.against, InForce: len(e.Volumes)+len(e.Trajectories) > 0,
		Volumes: len(e.Volumes), Trajectories: len(e.Trajectories), Suppositions: list(e.Suppositions),
		Digest: hex.EncodeToString(digest[:]),
	}
	if out.InForce {
		out.From, out.To = instant(from), instant(to)
	}
	return out
}

func (c *check) conflictJSON(v *conflict.Verdict) conflictJSON {
	out := conflictJSON{
		A: side(v.A), B: side(v.B), From: instant(v.FromNS), To: instant(v.ToNS), WithinTolerance: v.WithinTolerance,
		Minima: minimaJSON{
			LateralM: metresOfMM(v.Minima.LateralMM), VerticalM: metresOfMM(v.Minima.VerticalMM),
			TimeS: float64(v.Minima.TimeNS) / 1e9, Source: v.Minima.Source,
		},
		ClosestLateral: approachOf(v.MinHorizontal), ClosestVertical: approachOf(v.MinVertical),
		LateralShortfallM:  metresOfTenths(v.LateralShortfallTenthMM),
		VerticalShortfallM: altitude(v.VerticalShortfallMM),
		ToleranceM:         metresOfTenths(v.ToleranceTenthMM),
		Parts:              []partJSON{}, Suppositions: list(v.Suppositions),
		InputsDigest:  hex.EncodeToString(v.InputsDigest[:]),
		VerdictDigest: hex.EncodeToString(v.Digest[:]),
	}
	if p := placeOf(c, v); p != nil {
		j := placeJSON{From: p.from, BearingDeg: p.bearingDeg, DistanceM: p.distanceM}
		j.LatDeg, j.LngDeg = p.at.Degrees()
		j.FromLatDeg, j.FromLngDeg = p.fromAt.Degrees()
		out.Place = &j
	}
	for i := range v.Parts {
		p := &v.Parts[i]
		out.Parts = append(out.Parts, partJSON{
			A: partRef(p.A), B: partRef(p.B), From: instant(p.FromNS), To: instant(p.ToNS),
			WithinTolerance: p.WithinTolerance, Closest: approachOf(&p.Closest),
		})
	}
	return out
}

func side(r conflict.Ref) sideJSON {
	return sideJSON{r.ID, r.Version, r.Party, r.Name, r.Kind.String(), r.Type}
}

func partRef(r conflict.PartRef) partRefJSON {
	return partRefJSON{string(r.Kind), r.Route, r.Index}
}

func approachOf(a *conflict.Approach) *approachJSON {
	if a == nil {
		return nil
	}
	out := &approachJSON{
		TimeA: rfc3339(a.TimeNS), TimeB: rfc3339(a.OtherNS),
		HorizontalM: metresOfTenths(a.HorizontalTenthMM), VerticalM: altitude(a.VerticalMM),
		A: approachEnd(a.A, a.ALowerMM, a.AUpperMM), B: approachEnd(a.B, a.BLowerMM, a.BUpperMM),
	}
	if a.CentreTenthMM != conflict.NoDistance {
		m := metresOfTenths(a.CentreTenthMM)
		out.CentreM = &m
	}
	return out
}

func approachEnd(p geodesy.LatLng, lowerMM, upperMM int64) approachEndJSON {
	out := approachEndJSON{LowerW84M: altitude(lowerMM), UpperW84M: altitude(upperMM)}
	out.LatDeg, out.LngDeg = p.Degrees()
	return out
}

// rfc3339 writes an instant in UTC with nine decimals, as digests do.
func rfc3339(ns int64) string {
	return time.Unix(0, ns).UTC().Format("2006-01-02T15:04:05.000000000Z")
}

// instant writes an instant, or nil for one without limit.
func instant(ns int64) *string {
	if ns <= volume.AlwaysNS || ns >= volume.ForeverNS {
		return nil
	}
	s := rfc3339(ns)
	return &s
}

// altitude writes millimetres as metres, or nil where there is no limit.
func altitude(mm int64) *float64 {
	if mm <= volume.NoFloorMM/2 || mm >= volume.NoCeilingMM/2 {
		return nil
	}
	m := metresOfMM(mm)
	return &m
}

func metresOfMM(mm int64) float64    { return float64(mm) / 1e3 }
func metresOfTenths(t int64) float64 { return float64(t) / 1e4 }

// list is never null in JSON.
func list(s []string) []string {
	if s == nil {
		return []string{}
	}
	return s
}
