// Package plan reads and writes the files in which operators and authorities
// describe flights and zones.
//
// Reading has two steps. Read decodes a file into Items, which say what the
// file says in the file's own terms (altitude references, offsets from an
// unknown start, recurring schedules). Resolve places the Items in space and
// time and yields volume.Entity values, with every supposition it had to make.
// What a file says and the package does not support is an *Error that names
// file, place, what was found and what was expected; nothing is dropped
// silently.
package plan

import (
	"time"

	"github.com/deconflict/deconflict/internal/geodesy"
	"github.com/deconflict/deconflict/internal/volume"
)

// File is all that one file says.
type File struct {
	Name   string // as given by the caller, used in errors
	Format Format
	Items  []Item
	// Notes say in words what the file holds that is not an Item and has no
	// bearing on where anybody flies (styles, camera commands, rally points).
	// They include Unused.
	Notes []string
	// Unused are those of the Notes about what the file says and the reader
	// does not use (members and elements it does not know, points without an
	// area, geofences), which somebody should look at.
	Unused []string
}

func (f *File) noteUnused(notes ...string) {
	f.Notes, f.Unused = append(f.Notes, notes...), append(f.Unused, notes...)
}

// Item is one plan or zone of a file.
type Item struct {
	Place   string // where in the file, for messages: `features[3]`, `Placemark "north leg"`
	ID      string // as in the file; empty when it has none (Resolve then makes one from file name and place)
	Version string
	Party   string
	Name    string
	Kind    volume.Kind
	Type    string // constraint type, see volume.Entity

	Volumes []Volume
	Routes  []Route

	// Home is the place from which altitudes above home count, when the file
	// says how high it is. Its elevation counts before ResolveOptions.Ground.
	Home *Home

	// Suppositions say in words what the reader had to suppose to place the
	// item (a default that the format's standard gives, a constant speed). They
	// become suppositions of the entity.
	Suppositions []string

	// Notes are facts of this item in words that bear on no decision
	// (messages, authorities, contact data, restriction texts). They include
	// Unused.
	Notes []string
	// Unused are those of the Notes about what the file says of the item and
	// the reader does not use, as in File.
	Unused []string
}

func (i *Item) noteUnused(notes ...string) {
	i.Notes, i.Unused = append(i.Notes, notes...), append(i.Unused, notes...)
}

// Home is a take-off place and its elevation.
type Home struct {
	At    geodesy.LatLng
	AltMM int64 // elevation in millimetres above Ref
	Ref   geodesy.AltitudeReference
}

// Volume is a footprint with limits and a schedule in the file's own terms.
type Volume struct {
	Place     string
	Footprint *volume.Footprint
	Lower     Limit
	Upper     Limit
	// LowerPlace and UpperPlace are where the limits stand in the file; empty
	// where that is Place.
	LowerPlace, UpperPlace string

	Schedule Schedule
	Buffers  volume.Buffers
}

// Limit is an altitude in its own reference, or no limit at all.
type Limit struct {
	Unbounded bool
	Altitude  geodesy.Altitude
}

// Schedule says when a Volume applies. The zero Schedule means that the file
// has no clock: Resolve needs a start and a duration, or refuses.
type Schedule struct {
	// Always: in force without limit in time.
	Always bool
	// Windows: in force during each of these.
	Windows []volume.Window
	// Recurring: in force on given weekdays and times of day.
	Recurring []Recurrence
	// Offsets: windows counted from the plan's start, for files without a clock.
	Offsets []OffsetWindow
}

// OffsetWindow is a half-open window counted from the start of the plan.
type OffsetWindow struct {
	From, To time.Duration
}

// Recurrence is a daily period on some weekdays within an outer window.
type Recurrence struct {
	Outer volume.Window  // AlwaysNS, ForeverNS when unlimited
	Days  []time.Weekday // empty: every day
	// From and To are times of day counted from midnight UTC, 0 to 24 h. To
	// at or before From runs past midnight.
	From, To time.Duration
}

// Route is a path flown, in the file's own terms.
type Route struct {
	Place   string
	Points  []RoutePoint
	Buffers volume.Buffers
}

// RoutePoint is a point of a Route. Exactly one of Time and Offset is used:
// all points of a route have a Time, or none has.
type RoutePoint struct {
	Place    string
	At       geodesy.LatLng
	Altitude geodesy.Altitude
	Time     time.Time     // absolute; zero when the file has no clock
	Offset   time.Duration // since the start of the plan, when Time is zero
}
