package main

import (
	"bufio"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/deconflict/deconflict/internal/api"
	"github.com/deconflict/deconflict/internal/geodesy"
	"github.com/deconflict/deconflict/internal/picture"
	"github.com/deconflict/deconflict/internal/plan"
	"github.com/deconflict/deconflict/internal/volume"
)

const showUsage = `Usage: deconflict show [FLAGS] FILE...

Says what each file holds, in the file's own terms: plans and zones, limits,
times, lengths, and whatever had to be supposed to read it. Needs no start.
FILE may be - for standard input. A file that cannot be read is named after the
others were shown, with exit code 2.

With --map it also draws them on a map in the browser, served to this machine
alone until Ctrl-C. Plans without a clock then need a start.

Flags:
  --json                      print as JSON
  --map                       draw on a map in the browser
  --basemap FILE              with --map: draw it over this map of the area (PMTiles)
All but --speed with --map alone:
` + settingsUsage

func showFlags(s *settings, asJSON, onMap *bool, basemap *string) *flags {
	f := newFlags("show")
	s.register(f)
	f.set.BoolVar(asJSON, "json", false, "print as JSON")
	f.set.BoolVar(onMap, "map", false, "draw on a map in the browser")
	f.set.StringVar(basemap, "basemap", "", "a file")
	return f
}

func runShow(a *app, args []string) (int, error) {
	var s settings
	var asJSON, onMap bool
	var basemap string
	files, err := showFlags(&s, &asJSON, &onMap, &basemap).parse(args)
	if err != nil {
		return 0, err
	}
	if len(files) == 0 {
		return 0, usagef("show", "found no file; expected at least one")
	}
	if placed := s.placing(); placed != "" && !onMap {
		return 0, usagef("show", "%s: expected it with --map alone; what a file says is shown without", placed)
	}
	if basemap != "" && !onMap {
		return 0, usagef("show", "--basemap: expected it with --map alone")
	}
	var read []*plan.File
	var failed []error
	for _, name := range files {
		file, err := s.readFile(a, name, nil)
		if err != nil {
			failed = append(failed, &inputError{err})
			continue
		}
		read = append(read, file)
	}
	if err := printFiles(a, read, asJSON); err != nil {
		return 0, err
	}
	if len(failed) == 0 && onMap {
		return exitClear, s.mapFiles(a, read, basemap)
	}
	return exitClear, errors.Join(failed...)
}

// mapFiles places what files hold and shows it on the map.
func (s *settings) mapFiles(a *app, files []*plan.File, basemap string) error {
	sources := make([]*source, len(files))
	for i, f := range files {
		sources[i] = &source{file: f}
	}
	if err := s.resolve(sources, 0); err != nil {
		var usage *usageError
		if errors.As(err, &usage) {
			usage.command = "show"
		}
		return err
	}
	var all api.Files
	for _, src := range sources {
		all.Entities = append(all.Entities, src.entities...)
	}
	return showMap(a, all, basemap)
}

func printFiles(a *app, files []*plan.File, asJSON bool) error {
	if asJSON {
		return showJSON(a.stdout, files)
	}
	w := bufio.NewWriter(a.stdout)
	for i, f := range files {
		if i > 0 {
			w.WriteByte('\n')
		}
		showFile(w, a, f)
	}
	return w.Flush()
}

func showFile(w *bufio.Writer, a *app, f *plan.File) {
	fmt.Fprintf(w, "%s: %s, %s\n", printable(f.Name), f.Format, count(len(f.Items), "plan or zone", "plans and zones"))
	for i := range f.Items {
		showItem(w, a, &f.Items[i])
	}
	notes(w, a, "note", 2, f.Notes)
}

func showItem(w *bufio.Writer, a *app, item *plan.Item) {
	title := item.ID
	if title == "" {
		title = item.Place
	}
	fmt.Fprintf(w, "\n%s  %s\n", a.style(styleBold, printable(title)), itemKind(item))
	row := func(label, text string) {
		if text != "" {
			fmt.Fprintf(w, "  %-11s%s\n", label, wrap(printable(text), a.columns, 13))
		}
	}
	row("name", item.Name)
	row("party", item.Party)
	row("version", item.Version)
	if item.ID != "" {
		row("place", item.Place)
	}
	if h := item.Home; h != nil {
		row("home", degrees(h.At)+", "+altitudeText(geodesy.Altitude{MM: h.AltMM, Ref: h.Ref}))
	}
	for i := range item.Volumes {
		showVolume(row, &item.Volumes[i])
	}
	for i := range item.Routes {
		showRoute(row, &item.Routes[i])
	}
	notes(w, a, "supposed", 2, item.Suppositions)
	notes(w, a, "note", 2, item.Notes)
}

func notes(w *bufio.Writer, a *app, label string, indent int, list []string) {
	for _, n := range list {
		fmt.Fprintf(w, "%s%-11s%s\n", strings.Repeat(" ", indent), label, wrap(printable(n), a.columns, 13))
	}
}

func itemKind(item *plan.Item) string {
	if item.Kind == volume.Constraint {
		return "zone, " + strings.ReplaceAll(item.Type, "_", " ")
	}
	return "plan"
}

func showVolume(row func(label, text string), v *plan.Volume) {
	row("area", footprint(v.Footprint)+buffers(v.Buffers))
	row("altitude", limit(v.Lower, "no floor")+" to "+limit(v.Upper, "no ceiling"))
	row("time", schedule(&v.Schedule))
}

func footprint(f *volume.Footprint) string {
	switch vs := f.Vertices(); f.Shape() {
	case volume.Circle:
		return "circle of " + lengths(f.RadiusMM()) + " about " + degrees(vs[0])
	case volume.Corridor:
		return "corridor of half width " + lengths(f.RadiusMM()) + ", " + lengths(pathMM(vs)) + " long, " + count(len(vs), "point", "points") + " from " + degrees(vs[0])
	default:
		ring := append(append([]geodesy.LatLng(nil), vs...), vs[0])
		return "polygon of " + count(len(vs), "vertex", "vertices") + ", " + lengths(pathMM(ring)) + " around, from " + degrees(vs[0])
	}
}

// pathMM returns the length of a path in millimetres.
func pathMM(at []geodesy.LatLng) int64 {
	total := 0.0
	for i := 1; i < len(at); i++ {
		d, _, _ := geodesy.Inverse(at[i-1], at[i])
		total += d
	}
	return int64(total * 1000)
}

// lengths writes a lateral length in metric units and nautical miles.
func lengths(mm int64) string {
	switch {
	case mm < 1_000_000:
		return geodesy.FormatLength(mm, geodesy.Metre, 1)
	default:
		return geodesy.FormatLength(mm, geodesy.Kilometre, 3) + " (" + geodesy.FormatLength(mm, geodesy.NauticalMile, 3) + ")"
	}
}

func limit(l plan.Limit, unbounded string) string {
	if l.Unbounded {
		return unbounded
	}
	return altitudeText(l.Altitude)
}

// altitudeText writes an altitude in its own reference, in metres and feet.
func altitudeText(a geodesy.Altitude) string {
	feet := geodesy.FormatLength(a.MM, geodesy.Foot, 0)
	metres := geodesy.FormatLength(a.MM, geodesy.Metre, 1)
	switch a.Ref {
	case geodesy.Pressure:
		return geodesy.FormatFlightLevel(a.MM) + " (" + feet + " pressure altitude)"
	case geodesy.Home:
		return metres + " (" + feet + ") above home"
	case geodesy.W84:
		return metres + " (" + feet + ") above the WGS84 ellipsoid"
	}
	return metres + " (" + feet + ") " + string(a.Ref)
}

func schedule(s *plan.Schedule) string {
	if s.Always {
		return "at all times"
	}
	var parts []string
	for _, w := range s.Windows {
		parts = append(parts, window(w))
	}
	for _, o := range s.Offsets {
		parts = append(parts, fmt.Sprintf("from %s to %s after the start", duration(int64(o.From)), duration(int64(o.To))))
	}
	for _, r := range s.Recurring {
		parts = append(parts, recurrence(r))
	}
	if len(parts) == 0 {
		return "not stated (give --start and --duration to check)"
	}
	return strings.Join(parts, "; ")
}

func recurrence(r plan.Recurrence) string {
	days := "every day"
	if len(r.Days) > 0 {
		var names []string
		for _, d := range r.Days {
			names = append(names, d.String()[:3])
		}
		days = strings.Join(names, " ")
	}
	s := fmt.Sprintf("%s %s–%sZ", days, timeOfDay(r.From), timeOfDay(r.To))
	if w := window(r.Outer); w != "at all times" {
		s += ", " + w
	}
	return s
}

func timeOfDay(d time.Duration) string {
	return fmt.Sprintf("%02d:%02d", int(d.Hours()), int(d.Minutes())%60)
}

func showRoute(row func(label, text string), r *plan.Route) {
	at := make([]geodesy.LatLng, len(r.Points))
	for i, p := range r.Points {
		at[i] = p.At
	}
	if len(at) == 0 {
		return
	}
	row("route", fmt.Sprintf("%s, %s long, %s to %s%s", count(len(at), "point", "points"), lengths(pathMM(at)),
		degrees(at[0]), degrees(at[len(at)-1]), buffers(r.Buffers)))
	row("altitude", altitudes(r.Points))
	first, last := r.Points[0], r.Points[len(r.Points)-1]
	if first.Time.IsZero() {
		row("time", "no clock: "+duration(int64(last.Offset))+" from the start (give --start to check)")
		return
	}
	row("time", window(volume.Window{StartNS: first.Time.UnixNano(), EndNS: last.Time.UnixNano()}))
}

// altitudes gives the lowest and the highest altitude of each reference.
func altitudes(points []plan.RoutePoint) string {
	var order []geodesy.AltitudeReference
	low, high := map[geodesy.AltitudeReference]int64{}, map[geodesy.AltitudeReference]int64{}
	for _, p := range points {
		ref := p.Altitude.Ref
		if _, known := low[ref]; !known {
			order = append(order, ref)
			low[ref], high[ref] = p.Altitude.MM, p.Altitude.MM
		}
		low[ref], high[ref] = min(low[ref], p.Altitude.MM), max(high[ref], p.Altitude.MM)
	}
	var parts []string
	for _, ref := range order {
		s := altitudeText(geodesy.Altitude{MM: low[ref], Ref: ref})
		if high[ref] > low[ref] {
			s += " to " + altitudeText(geodesy.Altitude{MM: high[ref], Ref: ref})
		}
		parts = append(parts, s)
	}
	return strings.Join(parts, "; ")
}

// buffers describes the buffers a file declares; empty when there are none.
func buffers(b volume.Buffers) string {
	var parts []string
	if b.LateralMM > 0 {
		parts = append(parts, lengths(b.LateralMM)+" lateral")
	}
	if b.VerticalMM > 0 {
		parts = append(parts, geodesy.FormatLength(b.VerticalMM, geodesy.Metre, 1)+" vertical")
	}
	if b.TimeNS > 0 {
		parts = append(parts, duration(b.TimeNS))
	}
	if len(parts) == 0 {
		return ""
	}
	return "; buffers " + strings.Join(parts, ", ")
}

// duration writes a length of time for people, such as 1 h 30 min or 2.5 s, to
// the millisecond.
func duration(ns int64) string {
	d := time.Duration(ns).Round(time.Millisecond)
	if d < 0 {
		return "-" + duration(-ns)
	}
	var parts []string
	if h := d / time.Hour; h > 0 {
		parts = append(parts, fmt.Sprintf("%d h", h))
	}
	if m := d % time.Hour / time.Minute; m > 0 {
		parts = append(parts, fmt.Sprintf("%d min", m))
	}
	if rest := d % time.Minute; rest > 0 || len(parts) == 0 {
		parts = append(parts, strconv.FormatFloat(float64(rest.Milliseconds())/1e3, 'f', -1, 64)+" s")
	}
	return strings.Join(parts, " ")
}

func window(w volume.Window) string { return picture.Span(w.StartNS, w.EndNS) }
