package main

import (
	"encoding/hex"

	"github.com/deconflict/deconflict/internal/conflict"
	"github.com/deconflict/deconflict/internal/resolve"
	"github.com/deconflict/deconflict/internal/volume"
)

// optionsSchema names the form of the JSON that options prints.
// docs/OPTIONS-JSON.md describes it; members may be added under the same name,
// never changed.
const optionsSchema = "deconflict.options/1"

// Outcomes of a search.
const (
	outcomePlanClear = "clear_among_given"
	outcomeOptions   = "options"
	outcomeBlocked   = "nothing_clears_it"
)

type optionsJSON struct {
	Schema     string          `json:"schema"`
	Outcome    string          `json:"outcome"`
	Plan       sideJSON        `json:"plan"`
	Conflicts  []conflictJSON  `json:"conflicts"`
	Conditions []conditionJSON `json:"conditions"`
	Options    []optionJSON    `json:"options"`
	Start      *string         `json:"start"`
	Windows    []windowJSON    `json:"clear_starts"`
	Blocked    []blockedJSON   `json:"blocked"`
	Least      *violationJSON  `json:"least_violation"`
	Limits     limitsJSON      `json:"limits"`
	Considered []sideJSON      `json:"considered"`
	Inputs     string          `json:"inputs_digest"`
	Digest     string          `json:"answer_digest"`
	Files      []fileJSON      `json:"files"`
	Version    string          `json:"version"`
}

type optionJSON struct {
	Number     int             `json:"number"`
	Kind       resolve.Kind    `json:"kind"`
	Words      string          `json:"words"`
	CostS      float64         `json:"cost_s"`
	Change     changeJSON      `json:"change"`
	Clears     []sideJSON      `json:"clears"`
	Closest    *closestJSON    `json:"closest"`
	Conditions []conditionJSON `json:"conditions"`
	From       *string         `json:"from"`
	To         *string         `json:"to"`
	Digest     string          `json:"digest"`
}

type changeJSON struct {
	DelayS        float64    `json:"delay_s"`
	LiftM         float64    `json:"lift_m"`
	SidewaysM     float64    `json:"sideways_m"`
	BearingDeg    int        `json:"bearing_deg"`
	LaterStartS   float64    `json:"later_start_s"`
	EarlierEndS   float64    `json:"earlier_end_s"`
	RaiseFloorM   float64    `json:"raise_floor_m"`
	LowerCeilingM float64    `json:"lower_ceiling_m"`
	Paths         []pathJSON `json:"paths"`
}

type pathJSON struct {
	Trajectory int             `json:"trajectory"`
	Points     []pathPointJSON `json:"points"`
}

type pathPointJSON struct {
	LatDeg float64 `json:"lat_deg"`
	LngDeg float64 `json:"lng_deg"`
	LiftM  float64 `json:"lift_m"`
	Time   string  `json:"time"`
	After  int     `json:"after"`
	Kept   bool    `json:"kept"`
}

type closestJSON struct {
	With           sideJSON      `json:"with"`
	LateralSpareM  *float64      `json:"lateral_spare_m"`
	VerticalSpareM *float64      `json:"vertical_spare_m"`
	Lateral        *approachJSON `json:"closest_lateral"`
	Vertical       *approachJSON `json:"closest_vertical"`
}

type conditionJSON struct {
	Zone    sideJSON      `json:"zone"`
	Words   string        `json:"words"`
	From    *string       `json:"from"`
	To      *string       `json:"to"`
	Closest *approachJSON `json:"closest_lateral"`
}

type windowJSON struct {
	From string `json:"from"`
	To   string `json:"to"`
}

type blockedJSON struct {
	Kind resolve.Kind `json:"kind"`
	By   []sideJSON   `json:"by"`
	Why  string       `json:"why"`
}

type violationJSON struct {
	Change       changeJSON     `json:"change"`
	MissingShare float64        `json:"missing_share"`
	Conflicts    []conflictJSON `json:"conflicts"`
}

type limitsJSON struct {
	LaterS    float64  `json:"later_s"`
	EarlierS  float64  `json:"earlier_s"`
	UpM       float64  `json:"up_m"`
	DownM     float64  `json:"down_m"`
	FloorM    *float64 `json:"floor_m"`
	CeilingM  *float64 `json:"ceiling_m"`
	SidewaysM float64  `json:"sideways_m"`
	DetourM   float64  `json:"detour_m"`
	Trim      bool     `json:"trim"`
}

// json prints the answer for programs.
func (r *optionsReport) json(a *app) error {
	out := optionsJSON{
		Schema: optionsSchema, Outcome: r.outcome(), Plan: entitySide(r.plan),
		Conflicts: r.conflictsJSON(r.answer.Conflicts), Conditions: r.conditionsJSON(r.answer.Conditions),
		Options: []optionJSON{}, Start: instant(r.answer.StartNS), Windows: []windowJSON{}, Blocked: []blockedJSON{},
		Limits: limitsOf(&r.o.query.Limits), Considered: sides(r.answer.Considered),
		Inputs: hex.EncodeToString(r.answer.Digest[:]), Digest: hex.EncodeToString(r.answer.AnswerDigest[:]), Files: []fileJSON{}, Version: versionText(),
	}
	for i := range r.answer.Options {
		out.Options = append(out.Options, r.optionJSON(i))
	}
	for _, w := range r.answer.Windows {
		out.Windows = append(out.Windows, windowJSON{rfc3339(w.FromNS), rfc3339(w.ToNS)})
	}
	for _, b := range r.answer.Blocked {
		out.Blocked = append(out.Blocked, blockedJSON{b.Kind, sides(b.By), errText(b.Why)})
	}
	if v := r.answer.Least; v != nil {
		out.Least = &violationJSON{changeOf(&v.Change), v.Share, r.conflictsJSON(v.Conflicts)}
	}
	for _, src := range r.o.sources {
		out.Files = append(out.Files, fileJSON{src.file.Name, string(src.file.Format), src.unused()})
	}
	return encodeJSON(a.stdout, out)
}

func (r *optionsReport) outcome() string {
	switch {
	case len(r.answer.Conflicts) == 0:
		return outcomePlanClear
	case len(r.answer.Options) == 0:
		return outcomeBlocked
	}
	return outcomeOptions
}

func (r *optionsReport) optionJSON(i int) optionJSON {
	o := &r.answer.Options[i]
	from, to := span(o.Entity)
	out := optionJSON{
		Number: i + 1, Kind: o.Kind, Words: r.changeWords(o.Kind, &o.Change, o.Entity), CostS: float64(o.CostMS) / 1e3,
		Change: changeOf(&o.Change), Clears: sides(o.Clears), Conditions: r.conditionsJSON(o.Conditions),
		From: instant(from), To: instant(to), Digest: hex.EncodeToString(o.Digest[:]),
	}
	if c := o.Closest; c != nil {
		out.Closest = &closestJSON{
			With:          side(r.other(&c.Verdict)),
			LateralSpareM: spare(c.LateralSpareMM), VerticalSpareM: spare(c.VerticalSpareMM),
			Lateral: approachOf(c.Verdict.MinHorizontal), Vertical: approachOf(c.Verdict.MinVertical),
		}
	}
	return out
}

// spare writes spare separation, or nil where the separation is never lost.
func spare(mm int64) *float64 {
	if mm == resolve.NotLost {
		return nil
	}
	m := metresOfMM(mm)
	return &m
}

func (r *optionsReport) conflictsJSON(list []conflict.Verdict) []conflictJSON {
	out := []conflictJSON{}
	for i := range list {
		out = append(out, r.o.conflictJSON(&list[i]))
	}
	return out
}

func (r *optionsReport) conditionsJSON(list []resolve.Condition) []conditionJSON {
	out := []conditionJSON{}
	for i := range list {
		c := &list[i]
		out = append(out, conditionJSON{
			Zone: side(c.Of), Words: r.conditionWords(c),
			From: instant(c.Verdict.FromNS), To: instant(c.Verdict.ToNS), Closest: approachOf(c.Verdict.MinHorizontal),
		})
	}
	return out
}

func changeOf(c *volume.Change) changeJSON {
	out := changeJSON{
		DelayS: secondsOf(c.DelayNS), LiftM: metresOfMM(c.LiftMM),
		SidewaysM: metresOfMM(c.Shift.DistanceMM), BearingDeg: c.Shift.BearingDeg,
		LaterStartS: secondsOf(c.Trim.LaterStartNS), EarlierEndS: secondsOf(c.Trim.EarlierEndNS),
		RaiseFloorM: metresOfMM(c.Trim.RaiseFloorMM), LowerCeilingM: metresOfMM(c.Trim.LowerCeilingMM),
		Paths: []pathJSON{},
	}
	for _, p := range c.Paths {
		path := pathJSON{Trajectory: p.Trajectory}
		for _, at := range p.Points {
			j := pathPointJSON{LiftM: metresOfMM(at.LiftMM), Time: rfc3339(at.TimeNS), After: at.After, Kept: at.Kept}
			j.LatDeg, j.LngDeg = at.At.Degrees()
			path.Points = append(path.Points, j)
		}
		out.Paths = append(out.Paths, path)
	}
	return out
}

func limitsOf(l *resolve.Limits) limitsJSON {
	return limitsJSON{
		LaterS: secondsOf(l.LaterNS), EarlierS: secondsOf(l.EarlierNS), UpM: metresOfMM(l.UpMM), DownM: metresOfMM(l.DownMM),
		FloorM: altitude(l.FloorMM), CeilingM: altitude(l.CeilingMM), SidewaysM: metresOfMM(l.SidewaysMM),
		DetourM: metresOfMM(l.DetourMM), Trim: l.Trim,
	}
}

func secondsOf(ns int64) float64 { return float64(ns) / 1e9 }

func sides(refs []conflict.Ref) []sideJSON {
	out := []sideJSON{}
	for _, r := range refs {
		out = append(out, side(r))
	}
	return out
}

func entitySide(e *volume.Entity) sideJSON {
	return sideJSON{e.ID, e.Version, e.Party, e.Name, e.Kind.String(), e.Type}
}
