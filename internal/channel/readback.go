package channel

import (
	"slices"
	"strings"

	"github.com/deconflict/deconflict/internal/event"
	"github.com/deconflict/deconflict/internal/party"
	"github.com/deconflict/deconflict/internal/registry"
)

// sayBack compares what a receiver read back with what was sent. What does not
// match leaves the message as if it had not been delivered: open, with its clock
// running.
func (d *decision) sayBack(s *SayBack) ([]event.Event, error) {
	m, err := d.received(s.Message)
	if err != nil {
		return nil, err
	}
	if !slices.ContainsFunc(m.Fields, Field.Critical) {
		return nil, event.Refuse(event.Invalid, "found a message without fields that are read back, expected one that has some")
	}
	if err := d.person("reads back"); err != nil {
		return nil, err
	}
	rules := d.v.Rules(m.From, m.To)
	if rules.ReadBack.HeldKey && d.by.Custody != party.Held {
		return nil, event.Refuse(event.NotAllowed, "found a read-back by the party's token, expected one signed with the role's own key, as %s says", rules.ReadBack.Source)
	}
	basis := d.basis(m)
	if basis == "" {
		return nil, event.Refuse(event.Incomplete, "found a text in %q that nobody on watch reads and no person translated, expected a linguist on watch or a translation by a person; a machine's alone is no basis of a read-back", m.Language)
	}
	if wrong := mismatches(rules.ReadBack, m.Fields, s.Values); len(wrong) > 0 {
		return []event.Event{&Mismatched{
			Between: between(m), Hand: d.hand(s.Position), Values: s.Values, Method: s.Method, Fields: wrong,
		}}, nil
	}
	ev := &Confirmed{Between: between(m), Hand: d.hand(s.Position), Values: s.Values, Method: s.Method, Basis: basis}
	switch {
	case d.by.Level < m.MinLevel:
		ev.PassedUp, ev.Due = true, d.passUp(m, rules)
	case m.Response == ReadBack, m.Response == Roger, m.Response == None:
		ev.Ending = AsReadBack
	}
	return []event.Event{ev}, nil
}

// basis returns by what the acting party understands the text of a message:
// fields, which have no language; original; linguist; translation, by a person.
// It is empty when there is nothing but, at most, a translation by a machine.
func (d *decision) basis(m *Message) string {
	to := d.v.Registry.Party(d.act.Party)
	if m.Text == "" || to == nil {
		return "fields"
	}
	var watch []registry.Watch
	for _, p := range to.Positions {
		watch = append(watch, d.v.Registry.OnWatch(to.ID, p.Name, d.env.NowNS)...)
	}
	reads := to.Languages
	if i := slices.IndexFunc(watch, func(w registry.Watch) bool { return w.Person == d.by.Person }); i >= 0 {
		reads = watch[i].Languages
	}
	switch {
	case includes(reads, m.Language):
		return "original"
	case slices.ContainsFunc(watch, func(w registry.Watch) bool { return w.Linguist && includes(w.Languages, m.Language) }):
		return "linguist"
	case m.Translated.Text != "" && !m.Translated.Machine && includes(reads, m.Translated.Language):
		return "translation"
	}
	return ""
}

// includes reports whether a language is among others, whatever its regional
// form.
func includes(languages []string, language string) bool {
	return slices.ContainsFunc(languages, func(l string) bool { return primary(l) == primary(language) })
}

// primary returns the language of a tag.
func primary(tag string) string {
	language, _, _ := strings.Cut(strings.ToLower(tag), "-")
	return language
}
