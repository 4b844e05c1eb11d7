package plan

// geoJSONSource gives access to the properties of one feature. The id may also
// stand beside them, where RFC 7946 section 3.2 puts it.
type geoJSONSource struct {
	feature *jsonObject
	props   *jsonObject // nil when the feature has none
}

// member returns a property that is there and not null.
func (s *geoJSONSource) member(name string) (jsonValue, bool) {
	if s.props == nil {
		return jsonValue{}, false
	}
	return s.props.optional(name)
}

func (s *geoJSONSource) given() []string {
	if s.props == nil {
		return nil
	}
	var names []string
	for _, m := range s.props.members {
		if !m.isNull() {
			names = append(names, s.props.keyOf(m))
		}
	}
	return names
}

func (s *geoJSONSource) has(name string) bool {
	_, ok := s.member(name)
	return ok
}

func (s *geoJSONSource) str(name string) (string, bool, error) {
	v, ok := s.member(name)
	if name == propID {
		return s.id(v, ok)
	}
	if !ok {
		return "", false, nil
	}
	// A version may be a number; its digits are its name.
	if name == propVersion && v.kind() == jsonNumber {
		text, err := v.literal()
		return text, true, err
	}
	text, err := v.text()
	return text, true, err
}

// id reads the id of the feature, which is text or a number.
func (s *geoJSONSource) id(property jsonValue, hasProperty bool) (string, bool, error) {
	read := func(v jsonValue) (string, error) {
		if v.kind() == jsonNumber {
			return v.literal()
		}
		return v.text()
	}
	own, hasOwn := s.feature.optional(propID)
	var id string
	var err error
	if hasOwn {
		if id, err = read(own); err != nil {
			return "", false, err
		}
	}
	if hasProperty {
		other, err := read(property)
		if err != nil {
			return "", false, err
		}
		if hasOwn && other != id {
			return "", false, property.fail(quoteShort(other), "the id of the feature, "+quoteShort(id))
		}
		id = other
	}
	return id, hasOwn || hasProperty, nil
}

func (s *geoJSONSource) num(name string) (string, bool, error) {
	v, ok := s.member(name)
	if !ok {
		return "", false, nil
	}
	literal, err := v.literal()
	return literal, true, err
}

func (s *geoJSONSource) list(name string) ([]string, bool, error) {
	v, ok := s.member(name)
	if !ok {
		return nil, false, nil
	}
	elems, err := v.array()
	if err != nil {
		return nil, false, err
	}
	out := make([]string, len(elems))
	for i, e := range elems {
		if e.kind() == jsonNumber {
			out[i], err = e.literal()
		} else {
			out[i], err = e.text()
		}
		if err != nil {
			return nil, false, err
		}
	}
	return out, true, nil
}

func (s *geoJSONSource) bad(name, found, expected string) error {
	place := s.feature.place()
	if place != "" {
		place += "."
	}
	return &Error{File: s.feature.doc.file, Place: place + "properties." + name, Found: found, Expected: expected}
}
