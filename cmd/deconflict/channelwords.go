package main

import (
	"encoding/json"
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/deconflict/deconflict/client"
	"github.com/deconflict/deconflict/internal/channel"
	"github.com/deconflict/deconflict/internal/declared"
	"github.com/deconflict/deconflict/internal/geodesy"
	"github.com/deconflict/deconflict/internal/statement"
)

// valueWords say how the value of a kind of field is written.
var valueWords = map[string]string{
	"position": "a position, as 12.36,-29.93 or 12 21.600 N 29 55.800 W", "level": "a level, as 12000ft/AMSL or 12000 ft AMSL",
	"at": "a time, as 2031-05-07T09:26:00Z", "frequency_hz": "a frequency, as 123.450 MHz", "pressure_pa": "an altimeter setting, as 1013 hPa", "length_mm": "a length, as 5NM or 9260 m",
	"count": "a number", "yes": "yes or no", "text": "a text",
}

// parseField reads a value of a kind as people write it or say it.
func parseField(name, kind, value string) (channel.Field, error) {
	f := channel.Field{Name: name}
	switch kind {
	case "position":
		if p, err := parsePlace(value); err == nil {
			point := declared.PointOf(p)
			f.Position = &point
			return f, nil
		}
	case "level":
		if length, reference, ok := strings.Cut(value, "/"); ok {
			if mm, err := geodesy.ParseLength(length); err == nil {
				f.Level = &declared.Altitude{MM: mm, Reference: reference}
				return f, nil
			}
		}
	case "at":
		if at, err := time.Parse(time.RFC3339Nano, value); err == nil {
			ns := statement.Instant(at.UnixNano())
			f.At = &ns
			return f, nil
		}
	case "length_mm":
		if mm, err := geodesy.ParseLength(value); err == nil {
			f.LengthMM = &mm
			return f, nil
		}
	case "frequency_hz":
		if number, ok := strings.CutSuffix(value, "MHz"); ok {
			value = strings.TrimSpace(number) + " MHz"
		}
	case "pressure_pa":
		if number, ok := strings.CutSuffix(value, "hPa"); ok {
			if hPa, err := strconv.ParseFloat(strings.TrimSpace(number), 64); err == nil && hPa > 0 && hPa < 10_000 {
				pa := int64(math.Round(hPa * 100))
				f.PressurePa = &pa
				return f, nil
			}
		}
	}
	spoken, err := channel.ParseSpoken(name, kind, value)
	if err != nil {
		return f, fmt.Errorf("%s: found %q, expected %s", name, value, valueWords[kind])
	}
	return spoken, nil
}

var wholeNumber = regexp.MustCompile(`^[0-9]{1,15}$`)

// guessField makes a field of a value whose form tells its kind; what has none of
// the forms is a text.
func guessField(name, value string) channel.Field {
	for _, kind := range []string{"at", "position", "level", "frequency_hz", "pressure_pa", "length_mm", "yes"} {
		if f, err := parseField(name, kind, value); err == nil {
			return f
		}
	}
	f := channel.Field{Name: name}
	if wholeNumber.MatchString(value) {
		n, _ := strconv.ParseInt(value, 10, 64) // at most 15 digits
		f.Count = &n
		return f
	}
	f.Text = &value
	return f
}

// printEvent prints an event: what people must act on in full, anything else on
// a line.
func printEvent(a *app, s *session, e *client.Entry) {
	own := textOf(e, "by") == s.Client.Party
	switch e.Type() {
	case "channel.sent":
		m := &channel.Message{}
		if entryInto(e, &m.Dispatch) == nil {
			m.Due = m.RespondBy
			printMessage(a, s, m)
			return
		}
	case "channel.stopped":
		if own { // others have the message that comes with it
			fmt.Fprintf(a.stdout, "STOP called, id %s, to %s\n", textOf(e, "stop"), strings.Join(listOf(e, "recipients"), ", "))
		}
		return
	case "channel.alarmed":
		to := s.Client.Party
		if textOf(e, "from") == to {
			to = strings.Join(listOf(e, "recipients"), ", ")
		}
		fmt.Fprintf(a.stdout, "  calling %s about STOP %s\n", to, textOf(e, "stop"))
		return
	case "channel.escalated":
		return // each attempt is an event of its own
	case "channel.attempt":
		fmt.Fprintf(a.stdout, "  %s %s %s by %s about %s\n", strings.ReplaceAll(textOf(e, "outcome"), "_", " "), textOf(e, "to"), textOf(e, "position"), textOf(e, "bearer"), textOf(e, "message"))
		return
	case "channel.mismatch":
		if own {
			fmt.Fprintf(a.stdout, "%s  these differ from what was sent: %s. The message counts as not delivered.\n",
				a.style(styleBad, "NOT UNDERSTOOD"), strings.Join(listOf(e, "fields"), ", "))
			return
		}
	case "agreement.blocked":
		var version int64
		_ = json.Unmarshal(e.Fields["version"], &version) // it is a number, or none is said
		fmt.Fprintf(a.stdout, "%s  version %d of %s is signed by all, but: %s\n", a.style(styleBad, "NOT IN FORCE"), version,
			printable(textOf(e, "agreement")), printable(strings.Join(listOf(e, "reasons"), "; ")))
		return
	case "intent.decided":
		if textOf(e, "owner") == s.Client.Party && printDecided(a, e) == nil {
			return
		}
	}
	printEntry(a, e)
}

// printMessage prints a message as it is read out, and how to answer it.
func printMessage(a *app, s *session, m *channel.Message) {
	lines := m.Telephone()
	stop := m.Type == channel.TypeStop
	for i, line := range lines {
		line = printable(line)
		if stop && i < len(lines)-1 {
			line = a.style(styleBad, strings.ToUpper(line))
		}
		if stop && i == 0 && a.terminal {
			line = "\a" + line
		}
		fmt.Fprintf(a.stdout, "%s\n", line)
	}
	fmt.Fprintf(a.stdout, "  id %s\n", m.ID)
	if string(m.To) != s.Client.Party {
		return
	}
	if verb := answerVerb(m); verb != "" && m.Ended == 0 {
		fmt.Fprintf(a.stdout, "  by %s: deconflict channel %s\n", instantWords(m.Due), verb)
	}
}

// answerVerb is the command that answers a message.
func answerVerb(m *channel.Message) string {
	switch {
	case m.Type == channel.TypeStop:
		return "hold " + m.Stop + " held|not_mine|unable"
	case m.Response == channel.None:
		return "open " + m.ID
	case m.Response == channel.Roger:
		return "answer " + m.ID + " roger"
	case m.Response == channel.WilcoUnable:
		return "answer " + m.ID + " wilco|unable|standby"
	case m.Response == channel.Reply:
		return "answer " + m.ID + " reply --text TEXT"
	case m.Response == channel.ReadBack:
		return "readback " + m.ID
	}
	return ""
}

// messageStateWords say how far a message came.
func messageStateWords(m *channel.Message, nowNS int64) string {
	words := "state " + strings.ReplaceAll(m.State(), "_", " ")
	if m.Ending != "" {
		words += " (" + strings.ReplaceAll(string(m.Ending), "_", " ") + ")"
	}
	if m.Ended == 0 {
		words += ", " + leftWords(int64(m.Due), nowNS)
	}
	if len(m.Mismatched) > 0 && m.Ended == 0 {
		words += ", not understood: " + strings.Join(m.Mismatched, ", ")
	}
	return words
}

// leftWords says how much time is left, in whole seconds.
func leftWords(dueNS, nowNS int64) string {
	left := (dueNS - nowNS) / 1e9 * 1e9
	if dueNS < nowNS {
		return "OVERDUE by " + duration(-left)
	}
	return duration(left) + " left"
}

// print lists what a position has before it.
func (d *deskView) print(a *app, s *session, nowNS int64) {
	for i := range d.Stops {
		printStop(a, s, &d.Stops[i])
	}
	w := tabwriter.NewWriter(a.stdout, 0, 0, 2, ' ', 0)
	for i := range d.Inbox {
		m := &d.Inbox[i]
		from := string(m.From)
		if from == "" {
			from = "the node"
		}
		fmt.Fprintf(w, "%s\t%s %d from %s\t%s\t%s\t%s\n", m.Precedence, m.Type, m.Number, from, strings.ReplaceAll(m.State(), "_", " "), leftWords(int64(m.Due), nowNS), m.ID)
	}
	for i := range d.Outbox {
		m := &d.Outbox[i]
		fmt.Fprintf(w, "%s\t%s %d to %s %s\t%s\t%s\t%s\n", m.Precedence, m.Type, m.Number, m.To, m.ToPosition, strings.ReplaceAll(m.State(), "_", " "), leftWords(int64(m.Due), nowNS), m.ID)
	}
	for i := range d.Undertakings {
		u := &d.Undertakings[i]
		fmt.Fprintf(w, "undertaken\t%s: %s\t\t%s\t%s\n", u.Who, printable(u.What), leftWords(int64(u.Until), nowNS), u.ID)
	}
	_ = w.Flush() // a full disk shows at the end of the command
	if len(d.Stops)+len(d.Inbox)+len(d.Outbox)+len(d.Undertakings) == 0 {
		fmt.Fprintln(a.stdout, "nothing is open")
	}
}

// printStop prints a STOP that stands, and its answers.
func printStop(a *app, s *session, c *channel.StopCall) {
	where := printable(c.Where.Text)
	if p := c.Where.Point; p != nil {
		where = strings.TrimSpace(placeWords(p.LatE9, p.LngE9) + " " + where)
	}
	fmt.Fprintf(a.stdout, "%s of %s since %s: %s; at risk: %s; call back: %s\n", a.style(styleBad, "STOP"), c.From, instantWords(c.At), where, printable(c.AtRisk), printable(c.Callback))
	for _, r := range c.To {
		outcome := r.Outcome
		if outcome == "" {
			outcome = "no answer yet"
		}
		fmt.Fprintf(a.stdout, "  %s: %s\n", r.Party, outcome)
	}
	if string(c.From) != s.Client.Party {
		fmt.Fprintf(a.stdout, "  deconflict channel hold %s held|not_mine|unable\n", c.ID)
	} else {
		fmt.Fprintf(a.stdout, "  deconflict channel resume %s REASON\n", c.ID)
	}
}
