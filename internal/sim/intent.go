package sim

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"

	"github.com/deconflict/deconflict/client"
	"github.com/deconflict/deconflict/internal/conflict"
	"github.com/deconflict/deconflict/internal/declared"
	"github.com/deconflict/deconflict/internal/intent"
	"github.com/deconflict/deconflict/internal/party"
	"github.com/deconflict/deconflict/internal/terms"
	"github.com/deconflict/deconflict/internal/volume"
)

// plan is what an intent of the script declares.
type plan = intent.Plan

// plan returns what an intent of a manned aircraft declares.
func (p *Play) plan(alias, rank string, where declared.Shape, more func(*plan)) plan {
	d := plan{
		Alias: alias, AircraftKind: "manned", CountBand: "1", Mode: "IFR", Shape: where,
		Priority: intent.Priority{Rank: rank},
		Contact:  intent.Contact{Position: "watch", Frequency: "123.450 MHz", Backup: "128.950 MHz", Language: "en"},
		Position: intent.PositionBasis{Method: "gnss", Datum: "WGS84", ErrorMM: leastMM},
		Time:     intent.TimeBasis{Source: "gnss", ErrorNS: leastNS},
	}
	if more != nil {
		more(&d)
	}
	return d
}

// declare declares an intent and keeps its id by its name. Read are the names of
// intents that its owner has read.
func (p *Play) declare(id party.ID, name string, d plan, read ...string) intent.Decided {
	a := p.actor(id)
	decided := came[intent.Decided](p, a.does("intent.declare", intent.Declare{Plan: d, ReadSet: a.tokens(read)}, string(id)+"-watch"))
	p.names[name] = decided.ID
	return decided
}

// declared is an intent as a party sees it.
func (a *Actor) declared(name string) intent.Decided {
	return a.declaredID(a.p.names[name])
}

func (a *Actor) declaredID(id string) intent.Decided {
	var d intent.Decided
	a.p.fail(json.Unmarshal(look[struct {
		Members json.RawMessage `json:"members"`
	}](a, "declared", "/v1/declared/", id).Members, &d))
	return d
}

// tokens returns what stands for having read the present versions of intents.
func (a *Actor) tokens(names []string) []string {
	var tokens []string
	for _, name := range names {
		tokens = append(tokens, a.declared(name).Token)
	}
	return tokens
}

// activate says that a flight begins.
func (p *Play) activate(id party.ID, name string, read ...string) intent.Decided {
	a := p.actor(id)
	return came[intent.Decided](p, a.does("intent.activate", intent.Activate{
		ID: p.names[name], Token: a.declared(name).Token, ReadSet: a.tokens(read),
	}, string(id)+"-watch"))
}

// against returns the verdicts of an intent against things of a sort.
func against(d *intent.Decided, sort string) (some []intent.Verdict) {
	for _, v := range d.Verdicts {
		if v.Against == sort {
			some = append(some, v)
		}
	}
	return some
}

// verdict returns the one verdict of an intent against a thing.
func (p *Play) verdict(d *intent.Decided, id string) intent.Verdict {
	for _, v := range d.Verdicts {
		if v.ID == id {
			return v
		}
	}
	p.check(false, fmt.Sprintf("%s has a verdict against %s", d.Alias, id), d.Verdicts)
	return intent.Verdict{Measure: &intent.Measure{}}
}

// measured checks that a verdict has a measure, and returns it.
func (p *Play) measured(v intent.Verdict) intent.Measure {
	p.part().check(v.Measure != nil, "The verdict says where and when")
	if v.Measure == nil {
		return intent.Measure{}
	}
	return *v.Measure
}

// recompute judges what a party is shown of two intents by the party's own
// program: centre lines, under a separation in height of its choice.
func (a *Actor) recompute(first, second string, verticalMM int64) conflict.Verdict {
	placed := func(name string) *volume.Entity {
		d := a.declared(name)
		for i := range d.Trajectories {
			d.Trajectories[i].HalfWidthMM = leastMM
		}
		return a.p.placed(&d.Shape)
	}
	v, err := conflict.Judge(placed(first), placed(second), conflict.Minima{LateralMM: leastMM, VerticalMM: verticalMM})
	a.p.fail(err)
	return v
}

// placed places a shape.
func (p *Play) placed(s *declared.Shape) *volume.Entity {
	e, err := s.Entity(declared.Label{ID: "shape"})
	p.fail(err)
	return e
}

// rules are those between a party and another, as it sees them.
func (a *Actor) rules(with party.ID) terms.Rules {
	return look[terms.Rules](a, "rules", "/v1/rules/", string(with))
}

// options are changes that would clear an intent of the party, each with the body
// of the act that takes it.
func (a *Actor) options(name string) []option {
	var found struct {
		Options []option `json:"options"`
	}
	a.post("/v1/options", map[string]any{
		"intent": a.p.names[name], "count": 20, "limits": map[string]any{"trim": true, "later_s": 7200, "up_m": 3000},
	}, &found)
	return found.Options
}

type option struct {
	Kind  string         `json:"kind"`
	Words string         `json:"words"`
	Body  *intent.Change `json:"body"`
}

// post asks the node for what it takes a body to ask for.
func (a *Actor) post(path string, body, into any) {
	text, err := json.Marshal(body)
	a.p.fail(err)
	r, err := http.NewRequestWithContext(a.p.ctx, "POST", a.BaseURL+path, bytes.NewReader(text))
	a.p.fail(err)
	token, err := a.Token(a.p.ctx)
	a.p.fail(err)
	r.Header.Set("Authorization", "Bearer "+token)
	r.Header.Set("Content-Type", "application/json")
	answer, err := http.DefaultClient.Do(r)
	a.p.fail(err)
	defer answer.Body.Close()
	found, err := io.ReadAll(io.LimitReader(answer.Body, 1<<24))
	a.p.fail(err)
	if answer.StatusCode != http.StatusOK {
		a.p.fail(fmt.Errorf("%s: %s: %s", path, answer.Status, found))
	}
	a.p.fail(json.Unmarshal(found, into))
}

// refusalOf reads the details of a refusal.
func refusalOf[T any](p *Play, refusal *client.Problem) T {
	var v T
	if len(refusal.Details) > 0 {
		p.fail(json.Unmarshal(refusal.Details, &v))
	}
	return v
}
