package plan

import (
	"strings"
)

// propDisplayOnly marks placemarks that are drawn for people and not read.
const propDisplayOnly = "display_only"

// propAltitudesFrom says that the altitudes of a track were W84 and were turned
// into AMSL by this program's own geoid grid for drawing, so that the same grid
// turns them back exactly.
const (
	propAltitudesFrom = "altitudes_from"
	altitudesFromW84  = "W84 by EGM96 15-minute grid"
)

// kmlSource gives access to the ExtendedData of one placemark.
type kmlSource struct {
	node  *xmlNode // the placemark
	names []string // in the order of the file
	data  map[string]*xmlNode
	used  map[string]bool
}

// data collects Data and SimpleData of the ExtendedData of a feature.
func (r *kmlReader) data(n *xmlNode) (*kmlSource, error) {
	s := &kmlSource{node: n, data: make(map[string]*xmlNode), used: make(map[string]bool)}
	add := func(name string, value *xmlNode) error {
		if _, dup := s.data[name]; dup {
			return value.fail("the field "+quoteShort(name)+" a second time", "each field once")
		}
		s.names = append(s.names, name)
		s.data[name] = value
		return nil
	}
	for _, ext := range n.children {
		if ext.name != "ExtendedData" || !isKML(ext) {
			continue
		}
		for _, d := range ext.children {
			switch {
			case d.name == "Data" && isKML(d):
				name, _ := d.attr("name")
				value := d.child("value")
				if value == nil {
					return nil, d.fail("no <value>", "a value for "+quoteShort(name))
				}
				if err := add(name, value); err != nil {
					return nil, err
				}
			case d.name == "SchemaData" && isKML(d):
				for _, f := range d.children {
					if f.name != "SimpleData" {
						continue
					}
					name, _ := f.attr("name")
					if err := add(name, f); err != nil {
						return nil, err
					}
				}
			default:
				r.notes.unusedf("%s is not used", d.path())
			}
		}
	}
	return s, nil
}

// get returns a field that is there and not empty, and marks it as read.
func (s *kmlSource) get(name string) (*xmlNode, bool) {
	v, ok := s.data[name]
	s.used[name] = true
	if !ok || v.value() == "" {
		return nil, false
	}
	return v, true
}

// given leaves out altitudes_from, which KML alone has.
func (s *kmlSource) given() []string {
	var names []string
	for _, name := range s.names {
		if name != propAltitudesFrom && s.data[name].value() != "" {
			names = append(names, name)
		}
	}
	return names
}

func (s *kmlSource) has(name string) bool {
	_, ok := s.get(name)
	return ok
}

func (s *kmlSource) str(name string) (string, bool, error) {
	v, ok := s.get(name)
	if !ok {
		return "", false, nil
	}
	return v.value(), true, nil
}

func (s *kmlSource) num(name string) (string, bool, error) {
	v, ok := s.get(name)
	if !ok {
		return "", false, nil
	}
	if _, ok := parseNumber(v.value()); !ok {
		return "", false, v.failHere("a number")
	}
	return v.value(), true, nil
}

// list reads one line a supposition, or words separated by white space.
func (s *kmlSource) list(name string) ([]string, bool, error) {
	v, ok := s.get(name)
	if !ok {
		return nil, false, nil
	}
	if name != propSuppositions {
		return strings.Fields(v.value()), true, nil
	}
	var lines []string
	for _, line := range strings.Split(v.value(), "\n") {
		if line = strings.TrimSpace(line); line != "" {
			lines = append(lines, line)
		}
	}
	return lines, true, nil
}

func (s *kmlSource) bad(name, found, expected string) error {
	n := s.node
	if v, ok := s.data[name]; ok {
		n = v
	}
	return &Error{File: n.file, Place: n.place() + ", field " + name, Found: found, Expected: expected}
}

// unread notes the fields nobody asked for.
func (s *kmlSource) unread() []string {
	var notes []string
	for _, name := range s.names {
		if s.used[name] {
			continue
		}
		if len(notes) == maxNotes {
			return append(notes, "more fields are not used")
		}
		notes = append(notes, "the field "+quoteShort(name)+" is not used: "+quoteShort(s.data[name].value()))
	}
	return notes
}
