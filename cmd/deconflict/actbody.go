package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/deconflict/deconflict/internal/geodesy"
	"github.com/deconflict/deconflict/internal/world"
)

// The body of an act is given as JSON, or as pairs member=value. What a value
// may look like follows from the member: a place is LAT,LNG in degrees, a length
// 5NM, a duration 30s, an altitude 12000ft/AMSL. In JSON they are integers.

// setMember puts a value into a body, as the schema of the act says. The name is
// a path, as to.position; a list takes a pair for each of its values, and
// name.0.member for those of its first element.
func setMember(body map[string]any, schema world.Schema, name, value string) error {
	return setPath(body, schema, strings.Split(name, "."), name, value)
}

func setPath(body map[string]any, schema world.Schema, path []string, whole, value string) error {
	members, _ := schema["properties"].(map[string]world.Schema)
	of, known := members[path[0]]
	if !known {
		if more, ok := schema["additionalProperties"].(world.Schema); ok {
			of, known = more, true
		}
	}
	if !known {
		names := slices.Sorted(maps.Keys(members))
		if near := nearest(path[0], names); near != "" {
			return fmt.Errorf("no member %q; did you mean %q?", whole, near)
		}
		return fmt.Errorf("no member %q; expected one of %s", whole, strings.Join(names, ", "))
	}
	if len(path) == 1 {
		return setValue(body, of, path[0], whole, value)
	}
	if of["type"] == "array" {
		return setElement(body, of, path, whole, value)
	}
	inner, _ := body[path[0]].(map[string]any)
	if inner == nil {
		inner = map[string]any{}
		body[path[0]] = inner
	}
	return setPath(inner, of, path[1:], whole, value)
}

// setElement puts a value into the element of a list of objects.
func setElement(body map[string]any, of world.Schema, path []string, whole, value string) error {
	list, _ := body[path[0]].([]any)
	n, err := strconv.Atoi(path[1])
	if err != nil || n < 0 || n > len(list) || len(path) < 3 {
		return fmt.Errorf("%s: found %q after a list, expected the number of an element, from 0 on, and its member", whole, path[1])
	}
	if n == len(list) {
		list = append(list, map[string]any{})
		body[path[0]] = list
	}
	inner, ok := list[n].(map[string]any)
	if !ok {
		return fmt.Errorf("%s: found a member of what has none", whole)
	}
	return setPath(inner, of["items"].(world.Schema), path[2:], whole, value)
}

func setValue(body map[string]any, of world.Schema, member, whole, value string) error {
	if of["type"] == "array" {
		items := of["items"].(world.Schema)
		v, err := readValue(items, member, value)
		if err != nil {
			return fmt.Errorf("%s: %w", whole, err)
		}
		list, _ := body[member].([]any)
		body[member] = append(list, v)
		return nil
	}
	if _, twice := body[member]; twice {
		return fmt.Errorf("%s is given twice, expected once", whole)
	}
	v, err := readValue(of, member, value)
	if err != nil {
		return fmt.Errorf("%s: %w", whole, err)
	}
	body[member] = v
	return nil
}

// readValue reads a value as people write it.
func readValue(of world.Schema, member, value string) (any, error) {
	members, _ := of["properties"].(map[string]world.Schema)
	switch {
	case of["type"] == "object" && members["lat_e9"] != nil:
		return readPlace(value)
	case of["type"] == "object" && members["mm"] != nil && members["reference"] != nil:
		return readAltitude(value)
	case of["type"] == "integer":
		return readInteger(member, value)
	case of["type"] == "boolean":
		v, err := strconv.ParseBool(value)
		if err != nil {
			return nil, fmt.Errorf("found %q, expected true or false", value)
		}
		return v, nil
	case of["format"] == "date-time":
		at, err := time.Parse(time.RFC3339Nano, value)
		if err != nil {
			return nil, fmt.Errorf("found %q, expected a time as 2026-03-01T16:40:00Z", value)
		}
		return at.UTC().Format(time.RFC3339Nano), nil
	case of["type"] == "string":
		return value, nil
	}
	var v any
	if err := json.Unmarshal([]byte(value), &v); err != nil {
		return nil, fmt.Errorf("found %q, expected JSON", value)
	}
	return v, nil
}

func readPlace(value string) (any, error) {
	p, err := parsePlace(value)
	if err != nil {
		return nil, err
	}
	return map[string]any{"lat_e9": p.LatE9, "lng_e9": p.LngE9}, nil
}

func parsePlace(value string) (geodesy.LatLng, error) {
	lat, lng, _ := strings.Cut(value, ",")
	latDeg, errLat := strconv.ParseFloat(strings.TrimSpace(lat), 64)
	lngDeg, errLng := strconv.ParseFloat(strings.TrimSpace(lng), 64)
	if errLat != nil || errLng != nil {
		return geodesy.LatLng{}, fmt.Errorf("found %q, expected LAT,LNG in degrees, as 12.36,-29.93", value)
	}
	return geodesy.NewLatLng(latDeg, lngDeg)
}

func readAltitude(value string) (any, error) {
	length, reference, ok := strings.Cut(value, "/")
	if !ok {
		return nil, fmt.Errorf("found %q, expected an altitude as 12000ft/AMSL or 3700m/W84", value)
	}
	mm, err := geodesy.ParseLength(length)
	if err != nil {
		return nil, err
	}
	return map[string]any{"mm": mm, "reference": reference}, nil
}

// readInteger reads a number, or a quantity in the unit that the name ends in.
func readInteger(member, value string) (any, error) {
	if n, err := strconv.ParseInt(value, 10, 64); err == nil {
		return n, nil
	}
	switch {
	case strings.HasSuffix(member, "_mm"):
		return geodesy.ParseLength(value)
	case strings.HasSuffix(member, "_ns"):
		d, err := time.ParseDuration(value)
		if err != nil {
			return nil, fmt.Errorf("found %q, expected a duration as 30s or 2h30m", value)
		}
		return d.Nanoseconds(), nil
	}
	return nil, fmt.Errorf("found %q, expected a whole number", value)
}
