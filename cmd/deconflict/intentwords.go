package main

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/deconflict/deconflict/client"
	"github.com/deconflict/deconflict/internal/declared"
	"github.com/deconflict/deconflict/internal/geodesy"
	"github.com/deconflict/deconflict/internal/intent"
	"github.com/deconflict/deconflict/internal/picture"
	"github.com/deconflict/deconflict/internal/statement"
)

// intentMembers are the members of an intent, as far as they are shown.
type intentMembers struct{ intent.Decided }

// sheet is text with a word before each line that says what it is about.
type sheet struct{ b strings.Builder }

// line adds a line; one without content is left out.
func (s *sheet) line(about, format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	if text == "" {
		return
	}
	for i, l := range strings.Split(text, "\n") {
		if i > 0 {
			about = ""
		}
		fmt.Fprintf(&s.b, "%-10s  %s\n", about, printable(l))
	}
}

func (s *sheet) String() string { return s.b.String() }

func instantWords(at statement.Instant) string {
	return time.Unix(0, int64(at)).UTC().Format("2006-01-02 15:04:05Z")
}

func windowWords(start, end statement.Instant) string {
	if start == 0 {
		return "time not shown"
	}
	return picture.Span(int64(start), int64(end))
}

// outcomeWords say what follows from a verdict.
var outcomeWords = map[intent.Outcome]string{
	intent.Stands: "the other was there first or ranks higher", intent.EntryBarred: "nobody may enter",
	intent.SiteUnread: "a protected site that the party has not acknowledged", intent.TooMuch: "too intricate to be judged, so not clear",
	intent.Yields: "the other ranks lower and gives way", intent.WasDisplaced: "the other has given way already",
	intent.Lapsed:        "the other was accepted under rules that are suspended since",
	intent.OffNominalOwn: "this one does not conform", intent.MarginLost: "separation holds, its margin does not",
	intent.NoRule: "separation under a suspended agreement is lost", intent.ContactNeeded: "make contact before entering",
	intent.CallNeeded: "call before entering", intent.CallLate: "it is too late to call before entering",
	intent.AdvisoryOnly: "known, and binds nobody", intent.Unilateral: "claimed by its owner alone",
	intent.CrossDeclared: "crosses the line as declared", intent.CrossLate: "crosses with less notice than agreed",
	intent.CrossElsewhere: "crosses elsewhere or at another time than declared", intent.CrossUnsaid: "crosses without declaring it",
	intent.InsideBuffer: "inside the buffer of the line", intent.BeyondLine: "on the other side of the line",
	intent.SiteKnown: "a protected site, acknowledged", intent.Hearsay: "by hearsay",
	intent.Possible: "of the other only the coarse outline is known",
}

// blocking are the outcomes that keep an intent from being accepted.
var blocking = map[intent.Outcome]bool{intent.Stands: true, intent.EntryBarred: true, intent.SiteUnread: true, intent.TooMuch: true}

// describe says what an intent is.
func (m *intentMembers) describe(w *sheet) {
	w.line("state", "%s", m.State)
	w.line("when", "%s", windowWords(m.Start, m.End))
	w.line("alias", "%s", m.Alias)
	craft := []string{}
	for _, word := range []string{m.CountBand, m.AircraftKind, m.SizeClass, m.Mode} {
		if word != "" {
			craft = append(craft, word)
		}
	}
	w.line("aircraft", "%s", strings.Join(craft, ", "))
	w.line("rank", "%s", m.Priority.Rank)
	w.line("contact", "%s", strings.TrimSpace(m.Contact.Position+" "+m.Contact.Frequency))
	w.line("where", "%s", strings.Join(shapeLines(&m.Shape), "\n"))
	m.judged(w)
}

// judged says how an intent stands to others.
func (m *intentMembers) judged(w *sheet) {
	for _, f := range m.Flags {
		w.line("flag", "%s", map[string]string{
			intent.FlagUncovered: "the member that flies did not confirm the terms that its lead agreed to",
			intent.FlagDoubted:   "a contradiction of its owner's declarations is not reviewed",
			intent.FlagCoarse:    "the volume is larger than the true one",
		}[f])
	}
	for i := range m.Verdicts {
		describeVerdict(w, &m.Verdicts[i])
	}
	if m.More > 0 {
		w.line("more", "%d verdicts that are not listed", m.More)
	}
	for _, t := range m.Tellings {
		by := "nobody undertook to"
		if t.By != "" {
			by = string(t.By) + " undertook to"
		}
		w.line("to tell", "%s, by %s: %s", t.Party, instantWords(t.Until), by)
	}
}

// shapeLines say where an intent is.
func shapeLines(s *declared.Shape) (lines []string) {
	for i := range s.Volumes {
		v := &s.Volumes[i]
		lines = append(lines, footprintWords(&v.Footprint)+", "+levelsWords(v.Lower, v.Upper)+", "+windowWords(v.Start, v.End))
	}
	for i := range s.Trajectories {
		t := &s.Trajectories[i]
		lines = append(lines, fmt.Sprintf("path of %d points, %s to each side", len(t.Points), lengthWords(t.HalfWidthMM)))
		for _, p := range t.Points {
			lines = append(lines, fmt.Sprintf("  %s  %s  %s", instantWords(p.At), placeWords(p.LatE9, p.LngE9), altitudeWords(&p.Alt)))
		}
	}
	return lines
}

func footprintWords(f *declared.Footprint) string {
	switch {
	case f.Circle != nil:
		return "circle of " + lengthWords(f.Circle.RadiusMM) + " around " + placeWords(f.Circle.Centre.LatE9, f.Circle.Centre.LngE9)
	case f.Corridor != nil:
		return fmt.Sprintf("corridor, %s to each side of %s", lengthWords(f.Corridor.HalfWidthMM), pointsWords(f.Corridor.Line))
	}
	return "area " + pointsWords(f.Polygon)
}

func pointsWords(points []declared.Point) string {
	var words []string
	for _, p := range points[:min(len(points), 8)] {
		words = append(words, placeWords(p.LatE9, p.LngE9))
	}
	if left := len(points) - 8; left > 0 {
		words = append(words, fmt.Sprintf("and %d more points", left))
	}
	return strings.Join(words, ", ")
}

func levelsWords(lower, upper *declared.Altitude) string {
	switch {
	case lower == nil && upper == nil:
		return "at all levels"
	case lower == nil:
		return "up to " + altitudeWords(upper)
	case upper == nil:
		return "from " + altitudeWords(lower)
	}
	return altitudeWords(lower) + " to " + altitudeWords(upper)
}

func altitudeWords(a *declared.Altitude) string { return lengthWords(a.MM) + " " + a.Reference }

// describeVerdict says who is in the way, when, where and by how much.
func describeVerdict(w *sheet, v *intent.Verdict) {
	word := "note"
	if blocking[v.Outcome] {
		word = "CONFLICT"
	}
	who := v.Against + " " + v.ID
	if v.Party != "" {
		who += " of " + string(v.Party)
	}
	w.line(word, "with %s: %s", who, outcomeWords[v.Outcome])
	if v.From != 0 {
		w.line("  when", "%s", windowWords(v.From, v.To))
	}
	m, r := v.Measure, v.Required
	if m != nil && m.Place != nil {
		w.line("  where", "%s", placeWords(m.Place.LatE9, m.Place.LngE9))
	}
	if r != nil && m != nil {
		w.line("  lateral", "%s", apartWords(tenths(m.HorizontalTenthMM), r.LateralMM, (m.LateralShortfallTenthMM+9)/10))
		w.line("  vertical", "%s", apartWords(m.VerticalMM, r.VerticalMM, m.VerticalShortfallMM))
	} else if r != nil {
		w.line("  required", "%s lateral or %s vertical; where the other is, is not shown", lengthWords(r.LateralMM), lengthWords(r.VerticalMM))
	}
	if r != nil && r.Percent != 100 && r.Percent != 0 {
		w.line("  margin", "%d %% of what is agreed, by how surely both are known", r.Percent)
	}
	rule := "this program's own"
	if v.Source.Agreement != "" {
		rule = v.Source.String()
	}
	w.line("  rule", "%s", rule)
	if m != nil && m.WithinTolerance {
		w.line("  note", "within the numeric tolerance: the separation may just be kept")
	}
}

func tenths(n *int64) *int64 {
	if n == nil {
		return nil
	}
	mm := *n / 10
	return &mm
}

// apartWords says how far two are apart, edge to edge, and what is short.
func apartWords(apart *int64, requiredMM, shortMM int64) string {
	unit := lengthUnit(requiredMM)
	if requiredMM == 0 {
		unit = geodesy.Metre
	}
	decimals := 1
	if unit == geodesy.NauticalMile {
		decimals = 3
	}
	words := "not known"
	switch {
	case apart != nil && *apart < 0:
		words = "overlap " + geodesy.FormatLength(-*apart, unit, decimals)
	case apart != nil:
		words = geodesy.FormatLength(*apart, unit, decimals) + " apart"
	}
	words += "; " + geodesy.FormatLength(requiredMM, unit, decimals) + " required"
	if shortMM > 0 {
		words += ", " + geodesy.FormatLength(shortMM, unit, decimals) + " short"
	}
	return words
}

// printDecided says what was decided about the party's own intent.
func printDecided(a *app, e *client.Entry) error {
	var m intentMembers
	if err := entryInto(e, &m.Decided); err != nil {
		return err
	}
	w := &sheet{}
	w.line("intent", "%s, version %d", m.ID, m.Version)
	w.line("state", "%s", m.State)
	m.judged(w)
	if m.State == intent.Proposed {
		w.line("", "It is not accepted: change it, settle with whom it conflicts, or withdraw it.")
	}
	_, err := fmt.Fprint(a.stdout, w.String())
	return err
}

// entryInto reads what is shown of an event.
func entryInto(e *client.Entry, into any) error {
	text, err := json.Marshal(e.Fields)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(text, into); err != nil {
		return &inputError{fmt.Errorf("entry %d: %w", e.Index, err)}
	}
	return nil
}

// staleLines say what an intent has to have read, if that is what the details of
// a problem are about.
func staleLines(details json.RawMessage) (lines []string, ok bool) {
	var stale intent.StaleDetails
	if len(details) == 0 || json.Unmarshal(details, &stale) != nil || len(stale.Missing) == 0 {
		return nil, false
	}
	for _, m := range stale.Missing {
		lines = append(lines, fmt.Sprintf("not read: %s %s, version %d, of %s", m.Against, m.ID, m.Version, m.Party))
	}
	if stale.More > 0 {
		lines = append(lines, fmt.Sprintf("and %d more", stale.More))
	}
	return append(lines, "Read each with 'deconflict intent show ID' or 'zone list', then say so with --read ID."), true
}
