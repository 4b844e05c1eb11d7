package terms

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"

	"github.com/deconflict/deconflict/internal/conflict"
	"github.com/deconflict/deconflict/internal/declared"
	"github.com/deconflict/deconflict/internal/party"
	"github.com/deconflict/deconflict/internal/statement"
	"github.com/deconflict/deconflict/internal/volume"
)

// Result is what a worked example came to.
type Result struct {
	Clause  string          `json:"clause"`
	Example int             `json:"example"` // index
	Given   json.RawMessage `json:"given"`
	Expect  string          `json:"expect"`
	Got     string          `json:"got"`
}

// RunExamples works all examples of the text, with the functions that decide
// when the text is in force. The error names the first clause and example that
// cannot be read or come out otherwise; results up to there are returned. The
// examples of a clause that has unset parameters cannot be worked yet.
func RunExamples(t *Text) ([]Result, error) {
	var results []Result
	for i := range t.Clauses {
		c := &t.Clauses[i]
		if c.Rule == "" || len(c.Examples) == 0 {
			continue
		}
		p, complete, err := c.part()
		if err != nil {
			return results, fmt.Errorf("clause %s: parameters: %w", c.ID, err)
		}
		if ruleKinds[c.Rule].plain {
			return results, fmt.Errorf("clause %s: found examples, expected none: nothing can be computed by the rule %s", c.ID, c.Rule)
		}
		for j, e := range c.Examples {
			if !complete {
				continue
			}
			given, err := statement.Canonical(e.Given)
			if err != nil {
				return results, fmt.Errorf("clause %s, example %d: given: %w", c.ID, j+1, err)
			}
			got, err := p.outcome(given)
			if err != nil {
				return results, fmt.Errorf("clause %s, example %d: given: %w", c.ID, j+1, err)
			}
			results = append(results, Result{c.ID, j, given, e.Expect, got})
			if got != e.Expect {
				return results, fmt.Errorf("clause %s, example %d: found %q by the rule, expected %q as the text says", c.ID, j+1, got, clip(e.Expect))
			}
		}
	}
	return results, nil
}

// ResultsDigest returns the SHA-256 of results in their canonical form, in
// hexadecimal: two sides that worked the same examples to the same ends have the
// same one.
func ResultsDigest(results []Result) string {
	text, err := statement.Marshal(append([]Result{}, results...))
	if err != nil {
		return "" // results of RunExamples have a canonical form
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}

// Craft is a craft at an instant, in a worked example.
type Craft struct {
	Position declared.Point     `json:"position"`
	Level    declared.Altitude  `json:"level"`
	At       *statement.Instant `json:"at,omitempty"` // none: all at one time
}

func (c Craft) instant() statement.Instant {
	if c.At == nil {
		return 0
	}
	return *c.At
}

// entity places the craft from an instant to the next nanosecond, or from the
// one before: a path takes time.
func (c Craft) entity(id string, before bool) (*volume.Entity, error) {
	from, to := c.instant(), c.instant()+1
	if before {
		from, to = from-1, to-1
	}
	point := func(at statement.Instant) declared.TimedPoint {
		return declared.TimedPoint{LatE9: c.Position.LatE9, LngE9: c.Position.LngE9, Alt: c.Level, At: at}
	}
	s := declared.Shape{Trajectories: []declared.Trajectory{{Points: []declared.TimedPoint{point(from), point(to)}}}}
	return s.Entity(declared.Label{ID: id})
}

// inside reports whether the craft is inside a volume of the same instant.
func (c Craft) inside(v declared.Volume) (bool, error) {
	craft, err := c.entity("craft", false)
	if err != nil {
		return false, err
	}
	v.Start, v.End = c.instant()-1, c.instant()+2
	s := declared.Shape{Volumes: []declared.Volume{v}}
	area, err := s.Entity(declared.Label{ID: "volume"})
	if err != nil {
		return false, err
	}
	return conflict.Decide(craft, area, conflict.Minima{})
}

// pick returns one of two words.
func pick(yes bool, then, otherwise string) string {
	if yes {
		return then
	}
	return otherwise
}

func (m *Minima) outcome(given []byte) (string, error) {
	var g struct {
		First  Craft `json:"first"`
		Second Craft `json:"second"`
	}
	if err := statement.Unmarshal(given, &g); err != nil {
		return "", err
	}
	// The earlier ends at its instant and the later begins at it, so that they
	// are exactly as far apart in time as they are said to be.
	a, err := g.First.entity("first", g.First.instant() < g.Second.instant())
	if err != nil {
		return "", fmt.Errorf("first: %w", err)
	}
	b, err := g.Second.entity("second", g.Second.instant() < g.First.instant())
	if err != nil {
		return "", fmt.Errorf("second: %w", err)
	}
	lost, err := conflict.Decide(a, b, m.Widened(100))
	return pick(lost, "conflict", "clear"), err
}

func (m *Margins) outcome(given []byte) (string, error) {
	var g struct {
		Grade  Grade `json:"grade"`
		Late   bool  `json:"late"`
		NoRule bool  `json:"no_rule"`
		Silent bool  `json:"silent"`
	}
	if err := statement.Unmarshal(given, &g); err != nil {
		return "", err
	}
	switch g.Grade {
	case Declared, Acknowledged, Tracked, Contradicted:
		return fmt.Sprintf("%d %%", m.Of(g.Grade, Conditions{g.Late, g.NoRule, g.Silent})), nil
	}
	return "", expected("grade", string(g.Grade), "declared, acknowledged, tracked or contradicted")
}

// elapsed is what is given to rules about time.
type elapsed struct {
	ElapsedNS int64 `json:"elapsed_ns"`
}

func (n *Notice) outcome(given []byte) (string, error) {
	var g struct {
		LeadNS int64 `json:"lead_ns"`
	}
	err := statement.Unmarshal(given, &g)
	return string(n.Class(g.LeadNS)), err
}

func (l *Line) outcome(given []byte) (string, error) {
	var g struct {
		Party    party.ID       `json:"party"`
		Position declared.Point `json:"position"`
	}
	if err := statement.Unmarshal(given, &g); err != nil {
		return "", err
	}
	if g.Party != l.Left && g.Party != l.Right {
		return "", expected("party", string(g.Party), fmt.Sprintf("%s or %s", l.Left, l.Right))
	}
	p, err := g.Position.LatLng()
	if err != nil {
		return "", err
	}
	return string(l.Standing(g.Party, p)), nil
}

func (z *Zone) outcome(given []byte) (string, error) {
	var g struct {
		Craft Craft  `json:"craft"`
		Rank  string `json:"rank"`
	}
	if err := statement.Unmarshal(given, &g); err != nil {
		return "", err
	}
	inside, err := g.Craft.inside(z.Volume(0, 1))
	return pick(inside, z.Entry(g.Rank), "outside"), err
}

func (p *Priority) outcome(given []byte) (string, error) {
	var g struct {
		First  string `json:"first"`
		Second string `json:"second"`
	}
	err := statement.Unmarshal(given, &g)
	return [...]string{"first yields", "later yields", "second yields"}[p.Compare(g.First, g.Second)+1], err
}

func (p *Precedence) outcome(given []byte) (string, error) {
	var g struct {
		Precedence string `json:"precedence"`
		ElapsedNS  int64  `json:"elapsed_ns"`
	}
	if err := statement.Unmarshal(given, &g); err != nil {
		return "", err
	}
	ns, ok := p.HandlingNS(g.Precedence)
	if !ok {
		return "", expected("precedence", g.Precedence, "STOP, FLASH, IMMEDIATE or PRIORITY")
	}
	return pick(g.ElapsedNS < ns, "in_time", "overdue"), nil
}

func (l *Ladder) outcome(given []byte) (string, error) {
	var g elapsed
	if err := statement.Unmarshal(given, &g); err != nil {
		return "", err
	}
	i := l.At(g.ElapsedNS)
	if i == len(l.Rungs) {
		return "fallback", nil
	}
	return l.Rungs[i].Position + " by " + l.Rungs[i].Bearer, nil
}

func (r *ReadBack) outcome(given []byte) (string, error) {
	var g struct {
		Sent Value `json:"sent"`
		Back Value `json:"back"`
	}
	if err := statement.Unmarshal(given, &g); err != nil {
		return "", err
	}
	if g.Sent.Kind() == "" || g.Back.Kind() == "" {
		return "", fmt.Errorf("sent and back: expected one value each")
	}
	return pick(r.Match(g.Sent, g.Back), "match", "mismatch"), nil
}

func (t *Tests) outcome(given []byte) (string, error) {
	var g struct {
		After statement.Instant `json:"after"`
	}
	err := statement.Unmarshal(given, &g)
	ns, _ := t.Next(int64(g.After))
	return statement.Instant(ns).String(), err
}

func (h *Heartbeat) outcome(given []byte) (string, error) {
	var g elapsed
	err := statement.Unmarshal(given, &g)
	return pick(g.ElapsedNS < h.SilentNS(), "up", "silent"), err
}

func (o *Offers) outcome(given []byte) (string, error) {
	var g elapsed
	err := statement.Unmarshal(given, &g)
	return pick(g.ElapsedNS < o.AnswerNS, "open", "unresolved"), err
}

func (b *Breach) outcome(given []byte) (string, error) {
	var g elapsed
	err := statement.Unmarshal(given, &g)
	return pick(g.ElapsedNS < b.ReplyNS, "in_time", "overdue"), err
}

func (s *Sites) outcome(given []byte) (string, error) {
	var g struct {
		Site  declared.Footprint `json:"site"`
		Craft Craft              `json:"craft"`
	}
	if err := statement.Unmarshal(given, &g); err != nil {
		return "", err
	}
	inside, err := g.Craft.inside(s.Volume(g.Site, 0, 1))
	return pick(inside, "inside", "outside"), err
}

func (c *Coarse) outcome(given []byte) (string, error) {
	var g struct {
		AreaM2     int64 `json:"area_m2"`
		DurationNS int64 `json:"duration_ns"`
	}
	err := statement.Unmarshal(given, &g)
	return pick(c.Allows(g.AreaM2, g.DurationNS), "allowed", "too_large"), err
}

func (r *Radio) outcome([]byte) (string, error)  { return "", nil }
func (r *Record) outcome([]byte) (string, error) { return "", nil }
