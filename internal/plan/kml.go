package plan

import (
	"strings"

	"github.com/deconflict/deconflict/internal/volume"
)

// decodeKML reads KML 2.2 with the gx extensions; see docs/FORMATS.md.
func decodeKML(name string, data []byte, opt Options) (*File, error) {
	root, err := parseXML(name, data, opt)
	if err != nil {
		return nil, err
	}
	if root.name != "kml" || !isKML(root) {
		return nil, root.fail("<"+cutRunes(root.name, 40)+"> in the namespace "+quoteShort(root.space), "<kml> of KML 2.2")
	}
	r := kmlReader{file: &File{Name: name, Format: KML}, opt: opt, parts: newPartSet(name)}
	for _, n := range root.children {
		if err := r.feature(n, nil); err != nil {
			return nil, err
		}
	}
	if r.displayOnly > 0 {
		r.notes.unusedf("%d placemarks marked display_only are not read", r.displayOnly)
	}
	r.file.noteUnused(r.notes.unused...)
	if r.file.Items, err = r.parts.items(); err != nil {
		return nil, err
	}
	return r.file, nil
}

// isKML tells whether an element belongs to KML proper.
func isKML(n *xmlNode) bool {
	switch n.space {
	case "", "http://www.opengis.net/kml/2.2", "http://www.opengis.net/kml/2.3",
		"http://earth.google.com/kml/2.0", "http://earth.google.com/kml/2.1", "http://earth.google.com/kml/2.2":
		return true
	}
	return false
}

// isGX tells whether an element belongs to Google's extensions of KML.
func isGX(n *xmlNode) bool {
	return n.space == "http://www.google.com/kml/ext/2.2" || n.space == "gx"
}

type kmlReader struct {
	file        *File
	opt         Options
	parts       *partSet
	notes       noteList
	displayOnly int
	weighed     int // distances from points to sides of areas in flight folders
}

// feature reads an element of a container. The time is that of the nearest
// container that has one.
func (r *kmlReader) feature(n *xmlNode, time *kmlTime) error {
	if isGX(n) {
		r.notes.unusedf("%s is not used", n.path())
		return nil
	}
	if !isKML(n) {
		return nil // other vocabularies, such as atom:author, say nothing of flights
	}
	switch n.name {
	case "Document", "Folder":
		return r.container(n, time)
	case "Placemark":
		return r.placemark(n, time)
	case "NetworkLink":
		return n.fail("a link to another file ("+quoteShort(linkTarget(n))+")", "the linked file itself, given beside this one")
	case "GroundOverlay", "ScreenOverlay", "PhotoOverlay", "NetworkLinkControl":
		r.notes.unusedf("%s is a picture or setting and is not used", n.path())
		return nil
	}
	if !kmlBearsOnNothing(n.name) {
		r.notes.unusedf("%s is not used", n.path())
	}
	return nil
}

func linkTarget(n *xmlNode) string {
	for _, name := range []string{"Link", "Url"} {
		if l := n.child(name); l != nil {
			return l.childText("href")
		}
	}
	return ""
}

// kmlBearsOnNothing tells whether an element of a feature only says how things
// look or are filed.
func kmlBearsOnNothing(name string) bool {
	switch name {
	case "name", "visibility", "open", "address", "phoneNumber", "Snippet", "snippet", "description",
		"LookAt", "Camera", "styleUrl", "Style", "StyleMap", "Region", "Schema", "TimeSpan", "TimeStamp":
		return true
	}
	return false
}

func (r *kmlReader) container(n *xmlNode, time *kmlTime) error {
	own, err := ownTime(n)
	if err != nil {
		return err
	}
	if own != nil {
		time = own
	}
	if flight, ok := strings.CutPrefix(n.childText("name"), "flight:"); ok && n.name == "Folder" {
		return r.flightFolder(n, strings.TrimSpace(flight), time)
	}
	for _, c := range n.children {
		if err := r.feature(c, time); err != nil {
			return err
		}
	}
	return nil
}

func (r *kmlReader) placemark(n *xmlNode, time *kmlTime) error {
	own, err := ownTime(n)
	if err != nil {
		return err
	}
	src, err := r.data(n)
	if err != nil {
		return err
	}
	if src.has(propDisplayOnly) {
		r.displayOnly++
		return nil
	}
	p, err := readProperties(src)
	if err != nil {
		return err
	}
	if own := tidy(n.childText("name")); p.name == "" && own != p.id {
		p.name = own
	}
	g := kmlGeometry{kmlReader: r, placemark: n, props: p, item: p.item(placemarkPlace(n))}
	if err := g.setTime(own, time); err != nil {
		return err
	}
	geometries := 0
	for _, c := range n.children {
		is, err := g.element(c)
		if err != nil {
			return err
		}
		if is {
			geometries++
		} else if !kmlBearsOnNothing(c.name) && c.name != "ExtendedData" && (isKML(c) || isGX(c)) {
			r.notes.unusedf("%s is not used", c.path())
		}
	}
	if geometries > 1 {
		return n.fail("several geometries", "one, or a MultiGeometry")
	}
	return g.finish(src)
}

// placemarkPlace names a placemark with its line, and its name if it has one.
func placemarkPlace(n *xmlNode) string {
	if name := n.childText("name"); name != "" {
		return n.path() + " " + quoteShort(name)
	}
	return n.path()
}

// finish turns what the placemark held into an Item, or into notes.
func (g *kmlGeometry) finish(src *kmlSource) error {
	if len(g.item.Volumes) == 0 && len(g.item.Routes) == 0 {
		if g.points > 0 {
			g.notes.unusedf("%s is a point, not flown, and is not used", g.item.Place)
		} else {
			g.notes.unusedf("%s has no path and no area and is not used", g.item.Place)
		}
		if src.has(propID) || sayingMore(src) != "" {
			return g.placemark.fail("properties of an area or route but no geometry for them", "a Polygon, a LineString, a track, or a Point with radius_m")
		}
		return nil
	}
	if g.points > 0 {
		g.item.noteUnused("points of the placemark are places, not flown")
	}
	if d := g.placemark.childText("description"); d != "" {
		g.item.Notes = append(g.item.Notes, "description: "+shorten(d))
	}
	g.item.noteUnused(src.unread()...)
	return g.parts.add(g.item, g.props)
}

// setTime takes the time of the placemark, or of its container, where the
// properties start and end say nothing.
func (g *kmlGeometry) setTime(own, inherited *kmlTime) error {
	p := g.props
	t := own
	if t == nil && p.start == nil && p.end == nil {
		t = inherited
	}
	if t == nil {
		return nil
	}
	if t.moment {
		if p.start == nil {
			p.start = &t.startNS
		}
		g.moment = t
		return nil
	}
	for _, e := range []struct {
		prop string
		have **int64
		ns   int64
	}{{propStart, &p.start, t.startNS}, {propEnd, &p.end, t.endNS}} {
		ns := e.ns
		if *e.have == nil {
			*e.have = &ns
		} else if **e.have != ns {
			return p.src.bad(e.prop, formatNS(**e.have), formatNS(ns)+" as in the TimeSpan")
		}
	}
	return nil
}

// kmlTime is a TimeSpan or TimeStamp.
type kmlTime struct {
	node           *xmlNode
	startNS, endNS int64
	moment         bool // a TimeStamp
}

// ownTime reads the time of a feature, nil when it has none.
func ownTime(n *xmlNode) (*kmlTime, error) {
	var found *kmlTime
	for _, c := range n.children {
		if !isKML(c) && !isGX(c) || c.name != "TimeSpan" && c.name != "TimeStamp" {
			continue
		}
		if found != nil {
			return nil, c.fail("a second time", "one TimeSpan or TimeStamp")
		}
		found = &kmlTime{node: c, startNS: volume.AlwaysNS, endNS: volume.ForeverNS, moment: c.name == "TimeStamp"}
		for _, e := range c.children {
			t, err := e.time()
			if err != nil {
				return nil, err
			}
			switch ns := instantNS(t); {
			case e.name == "begin" && !found.moment, e.name == "when" && found.moment:
				found.startNS = ns
			case e.name == "end" && !found.moment:
				found.endNS = ns
			default:
				return nil, e.fail("<"+cutRunes(e.name, 40)+">", "begin and end in a TimeSpan, when in a TimeStamp")
			}
		}
		if found.moment && found.startNS == volume.AlwaysNS {
			return nil, c.fail("no <when>", expectTime)
		}
		if found.endNS <= found.startNS {
			return nil, c.fail("an end that is not after the begin", "an end after the begin")
		}
	}
	return found, nil
}
