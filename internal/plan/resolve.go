package plan

import (
	"cmp"
	"errors"
	"fmt"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/deconflict/deconflict/internal/geodesy"
	"github.com/deconflict/deconflict/internal/volume"
)

// ResolveOptions supply what files leave open. What is missing and needed is
// refused, never guessed.
type ResolveOptions struct {
	// Start is when plans without a clock begin; zero means not given.
	Start time.Time
	// Duration is how long volumes without a clock apply; 0 means not given.
	Duration time.Duration
	// Ground is the elevation of the ground, and of home where the file does
	// not state that (Item.Home); nil means not given.
	Ground *geodesy.Ground
	// QNHHPa is the altimeter setting in hectopascals for pressure altitudes;
	// nil means not given.
	QNHHPa *float64
	// Buffers are added to those of intents; constraints keep their own.
	Buffers volume.Buffers
	// Horizon is the span within which recurring schedules are written out, for
	// the whole UTC days that it touches; the zero Window means not given.
	Horizon volume.Window
}

// errNeedWindow is both ErrNeedStart and ErrNeedDuration, so that nobody is
// asked for the one only to be asked for the other.
type errNeedWindow struct{}

func (errNeedWindow) Error() string {
	return "the area has no clock: give its start and how long it applies (--start, --duration)"
}

func (errNeedWindow) Unwrap() []error { return []error{ErrNeedStart, ErrNeedDuration} }

// Errors of Resolve for what must be given with a file. They come wrapped in
// an *Error that names file and place. An area that lacks both start and
// duration has an error that is both ErrNeedStart and ErrNeedDuration.
var (
	ErrNeedStart    = errors.New("the plan has no clock: give its start (--start)")
	ErrNeedDuration = errors.New("the area has no clock: give how long it applies (--duration)")
	ErrNeedGround   = errors.New("give the elevation of the ground or of home (--ground)")
	ErrNeedQNH      = errors.New("give the altimeter setting (--qnh)")
	ErrNeedHorizon  = errors.New("the schedule recurs without end: give the time span of interest")
)

// Resolve places the Items of a file in space and time. The entities are in
// the order of the Items; their ids are unique. Errors are *Error.
//
// Altitudes are converted with the stated error of the conversion, which is
// added to the vertical buffer. Over a footprint the geoid varies: a lower
// limit is placed by its lowest point over the footprint and an upper limit by
// its highest, so that the band contains the declared surface everywhere.
// Between two points of a route the path runs straight; where the declared one
// would follow the geoid, the difference is added to the vertical buffer too.
func Resolve(f *File, r ResolveOptions) ([]*volume.Entity, error) {
	return ResolveAll([]*File{f}, func(*File) ResolveOptions { return r })
}

// ResolveAll is Resolve for several files, each with options of its own, and
// with ids that are unique over all and do not depend on the order of the
// files. The entities of a file follow those of the one before. An id that two
// files declare is refused.
func ResolveAll(files []*File, options func(*File) ResolveOptions) ([]*volume.Entity, error) {
	ids, err := assignIDs(files)
	if err != nil {
		return nil, err
	}
	var entities []*volume.Entity
	volumes := 0
	for fi, f := range files {
		opt := options(f)
		looks := geoidLooks(f)
		for i := range f.Items {
			item := itemResolver{file: f, item: &f.Items[i], opt: &opt, looks: looks}
			e, err := item.resolve(ids[fi][i])
			if err != nil {
				return nil, err
			}
			if volumes += len(e.Volumes); volumes > maxVolumes {
				return nil, unsupported(f.Name, f.Items[i].Place,
					fmt.Sprintf("more than %d volumes, with recurring schedules written out", maxVolumes), "fewer zones or a shorter time")
			}
			entities = append(entities, e)
		}
	}
	return entities, nil
}

// maxVolumes bounds the volumes that files make, which recurring schedules
// multiply by the days they are written out for.
const maxVolumes = 2_000_000

// assignIDs gives every Item an id: its own, or one made of the file's base
// name and the Item's name or number.
func assignIDs(files []*File) ([][]string, error) {
	type origin struct{ file, place string }
	taken := make(map[string]origin)
	bases := make(map[string]int)
	for _, f := range files {
		bases[baseID(f.Name)]++
		for _, item := range f.Items {
			id := tidy(item.ID)
			if id == "" {
				continue
			}
			if len(item.ID) > maxTidyBytes {
				return nil, unsupported(f.Name, item.Place, "the id "+quoteShort(id), "at most "+strconv.Itoa(maxTidyBytes)+" bytes")
			}
			if first, dup := taken[id]; dup {
				return nil, unsupported(f.Name, item.Place,
					"the id "+quoteShort(id)+", already used at "+first.file+": "+first.place, "an id of its own")
			}
			taken[id] = origin{f.Name, item.Place}
		}
	}
	ids := make([][]string, len(files))
	for fi, f := range files {
		base := baseID(f.Name)
		if bases[base] > 1 {
			base = tidy(f.Name)
		}
		ids[fi] = make([]string, len(f.Items))
		named := make(map[string]int)
		for _, item := range f.Items {
			named[tidy(item.Name)]++
		}
		for i, item := range f.Items {
			id := tidy(item.ID)
			if id == "" {
				id = base
				switch name := tidy(item.Name); {
				case name != "" && named[name] == 1:
					id += "#" + name
				case len(f.Items) > 1:
					id += "#" + strconv.Itoa(i+1)
				}
				plain := cutRunes(id, maxTidyBytes-20)
				id = plain
				for n := 2; ; n++ {
					if _, dup := taken[id]; !dup {
						break
					}
					id = plain + "~" + strconv.Itoa(n)
				}
				taken[id] = origin{f.Name, item.Place}
			}
			ids[fi][i] = id
		}
	}
	return ids, nil
}

func baseID(fileName string) string { return tidy(filepath.Base(fileName)) }

// itemResolver places one Item.
type itemResolver struct {
	file    *File
	item    *Item
	opt     *ResolveOptions
	given   remarks // suppositions about what the caller gave, and what it was not used for
	general remarks // suppositions that hold for many items
	used    conversions
	looks   int // see geoidLooks
}

func (r *itemResolver) fail(place string, err error) error {
	if place == "" {
		place = r.item.Place
	}
	return &Error{File: r.file.Name, Place: place, Err: err}
}

func (r *itemResolver) resolve(id string) (*volume.Entity, error) {
	item := r.item
	e := &volume.Entity{
		ID: id, Version: tidy(item.Version), Party: tidy(item.Party), Name: tidy(item.Name), Kind: item.Kind, Type: item.Type,
	}
	if e.Kind == volume.Constraint && !isConstraintType(e.Type) {
		return nil, unsupported(r.file.Name, item.Place, "the constraint type "+quoteShort(e.Type), "one of "+strings.Join(constraintTypes, ", "))
	}
	for i := range item.Volumes {
		if err := r.volume(&item.Volumes[i], e); err != nil {
			return nil, err
		}
	}
	for i := range item.Routes {
		if err := r.route(&item.Routes[i], e); err != nil {
			return nil, err
		}
	}
	e.Suppositions = r.suppositions()
	return e, nil
}

// suppositions returns what had to be supposed, the decisive first: what the
// caller gave for this item, then what its reader supposed, then what holds for
// many items.
func (r *itemResolver) suppositions() []string {
	r.used.describe(r.opt, r.item.Home, &r.given)
	r.used.describeGeoid(&r.general)
	all := r.given
	for _, list := range [][]string{r.item.Suppositions, r.general.list} {
		for _, s := range list {
			if s = tidy(s); s != "" {
				all.addf("%s", s)
			}
		}
	}
	return all.list
}

// buffers adds the given buffers to those of an intent.
func (r *itemResolver) buffers(own volume.Buffers) volume.Buffers {
	if r.item.Kind != volume.Intent {
		return own
	}
	given := r.opt.Buffers
	return volume.Buffers{
		LateralMM:  own.LateralMM + given.LateralMM,
		VerticalMM: own.VerticalMM + given.VerticalMM,
		TimeNS:     own.TimeNS + given.TimeNS,
	}
}

func (r *itemResolver) volume(v *Volume, e *volume.Entity) error {
	at, err := r.band(v)
	if err != nil {
		return err
	}
	windows, err := r.windows(&v.Schedule)
	if err != nil {
		return r.fail(v.Place, err)
	}
	if len(windows) == 0 {
		r.general.addf(supposeNotInForce)
	}
	b := r.buffers(v.Buffers)
	b.VerticalMM += at.ownMM
	for _, w := range windows {
		out := volume.Volume4D{Footprint: v.Footprint, Band: at.band, Window: w, Buffers: b, Datum: at.datum, SeaBand: at.sea}
		if err := out.Validate(); err != nil {
			return r.fail(v.Place, err)
		}
		e.Volumes = append(e.Volumes, out)
	}
	return nil
}

// heights are those of a volume, placed.
type heights struct {
	band  volume.Band
	sea   volume.Band // above mean sea level, with datum.Sea
	datum volume.Datum
	ownMM int64 // error that is not the datum's
}

// band places the limits of a volume.
func (r *itemResolver) band(v *Volume) (heights, error) {
	if v.Footprint == nil {
		return heights{}, r.fail(v.Place, errors.New("no footprint"))
	}
	h := heights{band: volume.Band{LowerMM: volume.NoFloorMM, UpperMM: volume.NoCeilingMM}}
	h.sea = h.band
	over := geoidOver{footprint: v.Footprint, maxLooks: r.looks}
	lower := v.Lower
	if !lower.Unbounded && groundFloor(lower.Altitude) {
		lower.Unbounded = true
		r.general.addf(supposeGroundFloor)
	}
	var used []conversion
	if !lower.Unbounded {
		c, err := r.convert(lower.Altitude, over.anchor())
		if err != nil {
			return h, r.fail(cmp.Or(v.LowerPlace, v.Place), err)
		}
		used = append(used, c)
		h.band.LowerMM, h.sea.LowerMM = c.MM, c.seaMM
		if c.geoid {
			h.band.LowerMM += over.lowest() - c.geoidMM
		}
	}
	if !v.Upper.Unbounded {
		c, err := r.convert(v.Upper.Altitude, over.anchor())
		if err != nil {
			return h, r.fail(cmp.Or(v.UpperPlace, v.Place), err)
		}
		used = append(used, c)
		h.band.UpperMM, h.sea.UpperMM = c.MM, c.seaMM
		if c.geoid {
			h.band.UpperMM += over.highest() - c.geoidMM
		}
	}
	h.datum, h.ownMM = datumOf(used)
	if !h.datum.Sea {
		h.sea = volume.Band{}
	}
	// Two limits of one reference that do not enclose anything must not come
	// to do so by being placed at different points.
	if !lower.Unbounded && !v.Upper.Unbounded && lower.Altitude.Ref == v.Upper.Altitude.Ref && lower.Altitude.MM >= v.Upper.Altitude.MM {
		return h, r.fail(cmp.Or(v.LowerPlace, v.Place), &volume.InvalidError{
			Reason: volume.LowerNotBelow, At: -1,
			Detail: fmt.Sprintf("the lower altitude must be below the upper, found %s and %s",
				formatAltitude(lower.Altitude), formatAltitude(v.Upper.Altitude)),
		})
	}
	return h, nil
}

// datumOf returns how well heights are known together, and what of their error
// holds whatever they are compared with. They are above mean sea level only
// when all are.
func datumOf(used []conversion) (d volume.Datum, ownMM int64) {
	d.Sea = len(used) > 0
	for _, c := range used {
		d.Sea = d.Sea && c.sea
	}
	for _, c := range used {
		if d.Sea {
			ownMM = max(ownMM, c.ownMM)
			d.ErrorMM = max(d.ErrorMM, c.ErrorMM-c.ownMM)
		} else {
			ownMM = max(ownMM, c.ErrorMM)
		}
	}
	return d, ownMM
}

func (r *itemResolver) route(route *Route, e *volume.Entity) error {
	if len(route.Points) == 0 {
		return r.fail(route.Place, errors.New("a route without points"))
	}
	waypoints := make([]volume.Waypoint, len(route.Points))
	converted := make([]conversion, len(route.Points))
	for i := range route.Points {
		p := &route.Points[i]
		c, err := r.convert(p.Altitude, p.At)
		if err != nil {
			return r.fail(p.Place, err)
		}
		converted[i] = c
		ns, err := r.pointNS(route, p)
		if err != nil {
			return r.fail(p.Place, err)
		}
		waypoints[i] = volume.Waypoint{At: p.At, AltMM: c.MM, TimeNS: ns}
	}
	datum, ownMM := datumOf(converted)
	if datum.Sea {
		for i := range waypoints {
			waypoints[i].SeaMM = converted[i].seaMM
		}
	}
	b := r.buffers(route.Buffers)
	bowMM := geoidBow(route.Points, converted, r.looks)
	r.used.bowMM = max(r.used.bowMM, bowMM)
	b.VerticalMM += ownMM
	if datum.Sea {
		datum.ErrorMM += bowMM
	} else {
		b.VerticalMM += bowMM
	}
	t, err := volume.NewTrajectoryOn(datum, waypoints, b)
	if err != nil {
		var invalid *volume.InvalidError
		if errors.As(err, &invalid) && invalid.At >= 0 && invalid.At < len(route.Points) && route.Points[invalid.At].Place != "" {
			return r.fail(route.Points[invalid.At].Place, err)
		}
		return r.fail(route.Place, err)
	}
	e.Trajectories = append(e.Trajectories, t)
	return nil
}

// pointNS returns when a point is passed. All points of a route have a time or
// none has.
func (r *itemResolver) pointNS(route *Route, p *RoutePoint) (int64, error) {
	clock := !route.Points[0].Time.IsZero()
	if clock != !p.Time.IsZero() {
		return 0, errors.New("some points of the route have a time and some have none")
	}
	t := p.Time
	if !clock {
		if r.opt.Start.IsZero() {
			return 0, ErrNeedStart
		}
		r.supposeStart()
		t = r.opt.Start.Add(p.Offset)
	}
	ns := instantNS(t)
	if ns == volume.AlwaysNS || ns == volume.ForeverNS {
		return 0, fmt.Errorf("the time %s is out of range", t.UTC().Format(time.RFC3339))
	}
	return ns, nil
}

func (r *itemResolver) supposeStart() {
	r.given.addf("start %s given, as the file has no clock", r.opt.Start.UTC().Format(time.RFC3339Nano))
}
