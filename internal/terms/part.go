package terms

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/deconflict/deconflict/internal/statement"
	"github.com/deconflict/deconflict/internal/volume"
)

// part is a part of Rules that a clause can give. Its JSON members are the
// clause's parameters.
type part interface {
	// check refuses a complete set of parameters that makes no sense.
	check(t *Text) error
	// join puts the part into the rules of a pair.
	join(r *Rules, from Source)
	// outcome works an example. Rules of which nothing can be computed have none.
	outcome(given []byte) (string, error)
}

// ruleKind is a kind of rule: its parameters by name.
type ruleKind struct {
	required, optional []string
	many               bool // a text may have several such clauses
	plain              bool // nothing of it can be computed, so it has no examples
	empty              func() part
}

var ruleKinds = map[string]*ruleKind{
	"minima":     {required: []string{"lateral_mm", "vertical_mm", "time_ns"}, optional: []string{"kinds", "area"}, many: true, empty: func() part { return new(Minima) }},
	"margins":    {required: []string{"declared", "acknowledged", "tracked", "contradicted", "late", "no_rule", "silent"}, empty: func() part { return new(Margins) }},
	"notice":     {required: []string{"routine_ns", "short_ns"}, empty: func() part { return new(Notice) }},
	"line":       {required: []string{"name", "points", "left", "right", "buffer_mm", "notice_ns", "read_back"}, many: true, empty: func() part { return new(Line) }},
	"zone":       {required: []string{"name", "type", "owner", "footprint", "contact", "primary", "secondary", "lead_ns"}, optional: []string{"lower", "upper", "exempt"}, many: true, empty: func() part { return new(Zone) }},
	"priority":   {required: []string{"ranks"}, empty: func() part { return new(Priority) }},
	"precedence": {required: []string{"stop_ns", "flash_ns", "immediate_ns", "priority_ns", "standby_ns", "flash_bytes"}, empty: func() part { return new(Precedence) }},
	"ladder":     {required: []string{"rungs", "fallback"}, empty: func() part { return new(Ladder) }},
	"read_back":  {required: []string{"types", "position_mm", "level_mm", "time_ns", "held_key"}, empty: func() part { return new(ReadBack) }},
	"tests":      {required: []string{"at_ns", "bearers", "wait_ns"}, empty: func() part { return new(Tests) }},
	"heartbeat":  {required: []string{"every_ns", "misses", "clock_ns"}, empty: func() part { return new(Heartbeat) }},
	"offers":     {required: []string{"answer_ns", "unresolved_ns"}, empty: func() part { return new(Offers) }},
	"breach":     {required: []string{"reply_ns"}, empty: func() part { return new(Breach) }},
	"sites":      {required: []string{"radius_mm", "ceiling", "read_ns", "loaded_ns", "move_ns", "urgent_ns"}, empty: func() part { return new(Sites) }},
	"coarse":     {required: []string{"area_time_m2s"}, empty: func() part { return new(Coarse) }},
	"radio":      {required: []string{"language", "common", "backup", "languages"}, plain: true, empty: func() part { return new(Radio) }},
	"record":     {required: []string{"witness"}, plain: true, empty: func() part { return new(Record) }},
}

// RuleNames returns the names of the rules that a clause may have, sorted.
func RuleNames() []string { return slices.Sorted(maps.Keys(ruleKinds)) }

// Parameters returns the names of the parameters of a rule: those that it must
// have, and those that it may have. Both are nil for what is no rule.
func Parameters(rule string) (required, optional []string) {
	if k := ruleKinds[rule]; k != nil {
		return slices.Clone(k.required), slices.Clone(k.optional)
	}
	return nil, nil
}

// unset returns the required parameters that a clause does not set.
func (c *Clause) unset() (names []string) {
	if k := ruleKinds[c.Rule]; k != nil {
		for _, n := range k.required {
			if c.Parameters[n] == nil {
				names = append(names, n)
			}
		}
	}
	return names
}

// part returns the part of Rules that the clause gives, and whether all that it
// needs is set.
func (c *Clause) part() (p part, complete bool, err error) {
	k := ruleKinds[c.Rule]
	if k == nil {
		return nil, false, expected("rule", c.Rule, fmt.Sprintf("one of %q", RuleNames()))
	}
	for _, n := range slices.Sorted(maps.Keys(c.Parameters)) {
		if !slices.Contains(k.required, n) && !slices.Contains(k.optional, n) {
			return nil, false, fmt.Errorf("found %q, expected one of %q", clip(n), slices.Concat(k.required, k.optional))
		}
		if string(c.Parameters[n]) == "null" {
			return nil, false, fmt.Errorf("%s: found null, expected a value, or that it is absent", n)
		}
	}
	text, err := json.Marshal(c.Parameters)
	if err != nil {
		return nil, false, err
	}
	p = k.empty()
	if len(c.Parameters) > 0 {
		if err := unmarshal(text, p); err != nil {
			return nil, false, err
		}
	}
	return p, len(c.unset()) == 0, nil
}

// checkForm checks that the parameters stand in the text as the program itself
// would write them: names of members in another case, or empty lists for what is
// absent, are read alike here and perhaps not elsewhere.
func (c *Clause) checkForm(p part) error {
	written := members(p)
	for _, m := range members(c.Parameters) {
		i := slices.IndexFunc(written, func(w statement.Field) bool { return w.Name == m.Name })
		if i < 0 {
			return fmt.Errorf("%s: found %s, expected that it is absent", m.Name, clip(string(m.Value)))
		}
		if !bytes.Equal(m.Value, written[i].Value) {
			return fmt.Errorf("%s: found %s, expected the form %s", m.Name, clip(string(m.Value)), clip(string(written[i].Value)))
		}
	}
	return nil
}

// unmarshal reads JSON into v, strictly.
func unmarshal(text []byte, v any) error {
	canonical, err := statement.Canonical(text)
	if err != nil {
		return err
	}
	return statement.Unmarshal(canonical, v)
}

func lengthMM(place string, mm int64) error { return inRange(place, mm, 1, volume.MaxBufferMM) }
func spanNS(place string, ns int64) error   { return inRange(place, ns, 1, volume.MaxBufferNS) }

func (m *Minima) check(*Text) error {
	if m.Area != nil {
		if err := m.Area.check(); err != nil {
			return fmt.Errorf("area.%w", err)
		}
	}
	return cmp.Or(lengthMM("lateral_mm", m.LateralMM), lengthMM("vertical_mm", m.VerticalMM),
		inRange("time_ns", m.TimeNS, 0, volume.MaxBufferNS), checkNames("kinds", m.Kinds, 0))
}

func (m *Margins) check(*Text) error {
	const most = 1000 // percent; more would close the sky
	return cmp.Or(inRange("declared", m.Declared, 100, most), inRange("acknowledged", m.Acknowledged, 100, most),
		inRange("tracked", m.Tracked, 100, most), inRange("contradicted", m.Contradicted, 100, most),
		inRange("late", m.Late, 100, most), inRange("no_rule", m.NoRule, 100, most), inRange("silent", m.Silent, 100, most))
}

func (n *Notice) check(*Text) error {
	return cmp.Or(spanNS("routine_ns", n.RoutineNS), inRange("short_ns", n.ShortNS, 1, n.RoutineNS))
}

// maxLinePoints keeps the search for a line that meets itself short.
const maxLinePoints = 64

func (l *Line) check(t *Text) error {
	if len(l.Points) < 2 || len(l.Points) > maxLinePoints {
		return fmt.Errorf("points: found %d, expected 2 to %d", len(l.Points), maxLinePoints)
	}
	if _, err := l.footprint(); err != nil {
		return fmt.Errorf("points: %w", err)
	}
	if l.meetsItself() {
		return errors.New("points: found a line that meets itself, expected one with two sides")
	}
	if l.Left == l.Right || !slices.Contains(t.Parties, l.Left) || !slices.Contains(t.Parties, l.Right) {
		return fmt.Errorf("left and right: found %q and %q, expected two parties of the text", clip(string(l.Left)), clip(string(l.Right)))
	}
	return cmp.Or(checkNames("name", []string{l.Name}, 1), inRange("buffer_mm", l.BufferMM, 0, volume.MaxBufferMM), inRange("notice_ns", l.NoticeNS, 0, volume.MaxBufferNS))
}

// Types of agreed areas.
const (
	NoEntry          = "no_entry"
	EntryWithContact = "entry_with_contact"
	CallFirst        = "call_first"
	Advisory         = "advisory"
)

func (z *Zone) check(t *Text) error {
	if _, err := z.Footprint.Build(); err != nil {
		return fmt.Errorf("footprint.%w", err)
	}
	if err := checkBand(z.Lower, z.Upper); err != nil {
		return err
	}
	if !slices.Contains(t.Parties, z.Owner) {
		return expected("owner", string(z.Owner), "a party of the text")
	}
	least := int64(0)
	if z.Type == CallFirst {
		least = 1
	}
	return cmp.Or(checkAmong("type", []string{z.Type}, []string{NoEntry, EntryWithContact, CallFirst, Advisory}, 1),
		checkNames("name", []string{z.Name}, 1), checkNames("contact", []string{z.Contact}, 1), checkNames("exempt", z.Exempt, 0),
		isFrequency("primary", z.Primary), isFrequency("secondary", z.Secondary), inRange("lead_ns", z.LeadNS, least, volume.MaxBufferNS))
}

func (p *Priority) check(*Text) error {
	var all []string
	for i, rung := range p.Ranks {
		if len(rung) == 0 {
			return fmt.Errorf("ranks[%d]: found no rank, expected one or more", i)
		}
		all = append(all, rung...)
	}
	return checkNames("ranks", all, 1)
}

func (p *Precedence) check(*Text) error {
	return cmp.Or(spanNS("stop_ns", p.StopNS), inRange("flash_ns", p.FlashNS, p.StopNS, volume.MaxBufferNS),
		inRange("immediate_ns", p.ImmediateNS, p.FlashNS, volume.MaxBufferNS), inRange("priority_ns", p.PriorityNS, p.ImmediateNS, volume.MaxBufferNS),
		inRange("standby_ns", p.StandbyNS, 0, volume.MaxBufferNS), inRange("flash_bytes", p.FlashBytes, 50, 4000))
}

// Fallbacks are what each side does on its own when a ladder ends without an
// answer, as ids of standard phrases.
var Fallbacks = []string{"own_hold", "wider_margins", "common_frequency", "tell_ats", "tell_neighbours"}

func (l *Ladder) check(*Text) error {
	if len(l.Rungs) == 0 || len(l.Rungs) > maxNames {
		return fmt.Errorf("rungs: found %d, expected 1 to %d", len(l.Rungs), maxNames)
	}
	for i, r := range l.Rungs {
		if err := cmp.Or(checkNames("position", []string{r.Position}, 1), checkNames("bearer", []string{r.Bearer}, 1),
			inRange("wait_ns", r.WaitNS, second, dayNS)); err != nil {
			return fmt.Errorf("rungs[%d].%w", i, err)
		}
	}
	return checkAmong("fallback", l.Fallback, Fallbacks, 1)
}

// MessageTypes are the types of message that a read-back can be asked of.
var MessageTypes = []string{
	"INTENT", "CHANGE", "CANCEL", "CROSSING-NOTICE", "CONFLICT", "PROPOSE", "COUNTER", "ACCEPT", "REJECT", "UNRESOLVED",
	"WARN", "STOP", "HOLDING", "RESUMED", "SITE-NOTICE", "MOVE-NOTICE", "SIGHTING", "QUERY", "REPLY", "INCIDENT", "SUSPEND", "RESUME",
	"TEST", "HEARTBEAT", "RELAY", "ADMIN",
}

func (r *ReadBack) check(*Text) error {
	return cmp.Or(checkAmong("types", r.Types, MessageTypes, 1), inRange("position_mm", r.PositionMM, 0, volume.MaxBufferMM),
		inRange("level_mm", r.LevelMM, 0, volume.MaxBufferMM), inRange("time_ns", r.TimeNS, 0, hour))
}

func (t *Tests) check(*Text) error {
	if len(t.AtNS) == 0 || len(t.AtNS) > 24*6 {
		return fmt.Errorf("at_ns: found %d times of day, expected 1 to %d", len(t.AtNS), 24*6)
	}
	for i, ns := range t.AtNS {
		if ns < 0 || ns >= dayNS || i > 0 && ns <= t.AtNS[i-1] {
			return fmt.Errorf("at_ns[%d]: found %d, expected times of day in ascending order", i, ns)
		}
	}
	return cmp.Or(checkNames("bearers", t.Bearers, 2), inRange("wait_ns", t.WaitNS, second, hour))
}

func (h *Heartbeat) check(*Text) error {
	return cmp.Or(inRange("every_ns", h.EveryNS, second, hour), inRange("misses", h.Misses, 1, 100), inRange("clock_ns", h.ClockNS, 1, hour))
}

func (o *Offers) check(*Text) error {
	return cmp.Or(spanNS("answer_ns", o.AnswerNS), spanNS("unresolved_ns", o.UnresolvedNS))
}

func (b *Breach) check(*Text) error { return spanNS("reply_ns", b.ReplyNS) }

func (s *Sites) check(*Text) error {
	if s.Ceiling == nil {
		return errors.New("ceiling: found none, expected an altitude")
	}
	if _, err := s.Ceiling.Convert(); err != nil {
		return fmt.Errorf("ceiling.%w", err)
	}
	return cmp.Or(lengthMM("radius_mm", s.RadiusMM), spanNS("read_ns", s.ReadNS), inRange("loaded_ns", s.LoadedNS, s.ReadNS, volume.MaxBufferNS),
		spanNS("move_ns", s.MoveNS), inRange("urgent_ns", s.UrgentNS, 1, s.MoveNS))
}

func (c *Coarse) check(*Text) error {
	return inRange("area_time_m2s", c.AreaTimeM2S, 0, statement.MaxInteger)
}

func (r *Radio) check(*Text) error {
	for i, l := range append([]string{r.Language}, r.Languages...) {
		if !isLanguage(l) {
			return expected(fmt.Sprintf("language %d", i), l, "a language tag such as en")
		}
	}
	if len(r.Languages) == 0 || len(r.Languages) > maxLanguages {
		return fmt.Errorf("languages: found %d, expected 1 to %d", len(r.Languages), maxLanguages)
	}
	if r.Common == r.Backup {
		return expected("backup", r.Backup, "another frequency than common")
	}
	return cmp.Or(isFrequency("common", r.Common), isFrequency("backup", r.Backup))
}

func (r *Record) check(*Text) error { return nil }

// isFrequency checks the name of a frequency, such as 123.450 MHz.
func isFrequency(place, s string) error {
	if len(s) == 0 || len(s) > 32 {
		return expected(place, s, "a frequency with its unit, such as 123.450 MHz")
	}
	return nil
}

func (m *Minima) join(r *Rules, from Source)     { m.Source = from; r.Minima = append(r.Minima, *m) }
func (m *Margins) join(r *Rules, from Source)    { m.Source = from; r.Margins = *m }
func (n *Notice) join(r *Rules, from Source)     { n.Source = from; r.Notice = *n }
func (l *Line) join(r *Rules, from Source)       { l.Source = from; r.Lines = append(r.Lines, *l) }
func (z *Zone) join(r *Rules, from Source)       { z.Source = from; r.Zones = append(r.Zones, *z) }
func (p *Priority) join(r *Rules, from Source)   { p.Source = from; r.Priority = *p }
func (p *Precedence) join(r *Rules, from Source) { p.Source = from; r.Precedence = *p }
func (l *Ladder) join(r *Rules, from Source)     { l.Source = from; r.Ladder = *l }
func (r *ReadBack) join(to *Rules, from Source)  { r.Source = from; to.ReadBack = *r }
func (t *Tests) join(r *Rules, from Source)      { t.Source = from; r.Tests = *t }
func (h *Heartbeat) join(r *Rules, from Source)  { h.Source = from; r.Heartbeat = *h }
func (o *Offers) join(r *Rules, from Source)     { o.Source = from; r.Offers = *o }
func (b *Breach) join(r *Rules, from Source)     { b.Source = from; r.Breach = *b }
func (s *Sites) join(r *Rules, from Source)      { s.Source = from; r.Sites = *s }
func (c *Coarse) join(r *Rules, from Source)     { c.Source = from; r.Coarse = *c }
func (r *Radio) join(to *Rules, from Source)     { r.Source = from; to.Radio = *r }
func (r *Record) join(to *Rules, from Source)    { r.Source = from; to.Record = *r }
