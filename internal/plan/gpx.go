package plan

import (
	"strconv"
	"time"

	"github.com/deconflict/deconflict/internal/geodesy"
)

const supposeGPX = "elevations of GPX taken as metres above mean sea level, as is customary"

// decodeGPX reads tracks and routes of GPX 1.1 (and 1.0, which has the same).
func decodeGPX(name string, data []byte, opt Options) (*File, error) {
	root, err := parseXML(name, data, opt)
	if err != nil {
		return nil, err
	}
	switch {
	case root.name != "gpx":
		return nil, root.fail("<"+cutRunes(root.name, 40)+">", "<gpx>")
	case root.space != "" && root.space != "http://www.topografix.com/GPX/1/1" && root.space != "http://www.topografix.com/GPX/1/0":
		return nil, root.fail("the namespace "+quoteShort(root.space), "http://www.topografix.com/GPX/1/1")
	}
	r := gpxReader{file: &File{Name: name, Format: GPX}, opt: opt}
	for _, n := range root.children {
		if err := r.top(n); err != nil {
			return nil, err
		}
	}
	if r.waypoints > 0 {
		r.notes.unusedf("%d waypoints (wpt) are places, not flown", r.waypoints)
	}
	r.file.noteUnused(r.notes.unused...)
	return r.file, nil
}

type gpxReader struct {
	file      *File
	opt       Options
	notes     noteList
	waypoints int
}

func (r *gpxReader) top(n *xmlNode) error {
	switch n.name {
	case "wpt":
		r.waypoints++
		return nil
	case "trk":
		return r.track(n)
	case "rte":
		return r.item(n, []*xmlNode{n}, "rtept")
	case "metadata", "name", "desc", "author", "email", "url", "urlname", "time", "keywords", "bounds":
		return nil
	}
	r.notes.unusedf("%s is not used", n.path())
	return nil
}

func (r *gpxReader) track(n *xmlNode) error {
	var segments []*xmlNode
	for _, c := range n.children {
		if c.name == "trkseg" {
			segments = append(segments, c)
		}
	}
	return r.item(n, segments, "trkpt")
}

// item makes an Item of a track or route, with one path a segment.
func (r *gpxReader) item(n *xmlNode, segments []*xmlNode, point string) error {
	item := Item{Place: n.place(), Name: tidy(n.childText("name")), Suppositions: []string{supposeGPX}}
	clockless := 0
	for _, s := range segments {
		points, timed, err := r.points(s, point)
		if err != nil {
			return err
		}
		if len(points) == 0 {
			item.Notes = append(item.Notes, s.place()+" is empty")
			continue
		}
		if !timed {
			if clockless++; clockless > 1 {
				return s.fail("a second segment without times", "times, as nothing says how the segments follow each other")
			}
			if !plausibleSpeed(r.opt.SpeedMPS) {
				return s.fail("no times", "a <time> for each point, or a speed for all files (--speed)")
			}
			if points, err = timeBySpeed(r.file.Name, points, time.Time{}, r.opt.SpeedMPS); err != nil {
				return err
			}
		}
		item.Routes = append(item.Routes, Route{Place: s.place(), Points: points})
	}
	for _, c := range n.children {
		switch c.name {
		case "name", "trkseg", "rtept", "number", "link", "url", "urlname":
		case "cmt", "desc", "src", "type":
			if c.value() != "" {
				item.Notes = append(item.Notes, c.name+": "+shorten(c.value()))
			}
		default:
			r.notes.unusedf("%s is not used", c.path())
		}
	}
	r.file.Items = append(r.file.Items, item)
	return nil
}

// points reads the points of a segment and reports whether they have times.
func (r *gpxReader) points(segment *xmlNode, point string) (points []RoutePoint, timed bool, err error) {
	base := segment.path() + "/" + point
	for _, n := range segment.children {
		if n.name != point {
			continue
		}
		p := RoutePoint{Place: base + "[" + strconv.Itoa(n.nth) + "] (line " + strconv.Itoa(n.line) + ")"}
		if p.At, err = gpxPosition(n); err != nil {
			return nil, false, err
		}
		ele := n.child("ele")
		if ele == nil {
			return nil, false, n.fail("no <ele>", "an elevation in metres")
		}
		m, err := ele.number()
		if err != nil {
			return nil, false, err
		}
		mm, ok := altitudeMM(m)
		if !ok {
			return nil, false, ele.failHere(expectMetres)
		}
		p.Altitude = geodesy.Altitude{MM: mm, Ref: geodesy.AMSL}
		if t := n.child("time"); t != nil {
			if p.Time, err = t.time(); err != nil {
				return nil, false, err
			}
		}
		if has := !p.Time.IsZero(); len(points) == 0 {
			timed = has
		} else if has != timed {
			return nil, false, n.fail("some points with <time> and some without", "all or none")
		}
		for _, c := range n.children {
			if c.name != "ele" && c.name != "time" {
				r.notes.unusedf("<%s> of points is not used", cutRunes(c.name, 40))
			}
		}
		points = append(points, p)
	}
	return points, timed, nil
}

func gpxPosition(n *xmlNode) (geodesy.LatLng, error) {
	var deg [2]float64
	for i, name := range []string{"lat", "lon"} {
		s, ok := n.attr(name)
		if !ok {
			return geodesy.LatLng{}, n.fail("no attribute "+name, "degrees")
		}
		if deg[i], ok = parseNumber(s); !ok {
			return geodesy.LatLng{}, n.fail(name+"="+quoteShort(s), "degrees")
		}
	}
	at, err := checkedLatLng(deg[0], deg[1])
	return at, n.wrap(err)
}
