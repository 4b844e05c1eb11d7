package plan

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// decoder turns the bytes of one file into a File.
type decoder func(name string, data []byte, opt Options) (*File, error)

// decoders has one entry a format that is not JSON.
var decoders = map[Format]decoder{
	KML:     decodeKML,
	KMZ:     decodeKMZ,
	GPX:     decodeGPX,
	QGCWPL:  decodeWPL,
	OpenAir: decodeOpenAir,
}

// jsonDecoders has one entry a JSON format: telling these apart has parsed the
// file already.
var jsonDecoders = map[Format]func(name string, root jsonValue, opt Options) (*File, error){
	GeoJSON:   decodeGeoJSON,
	F3548JSON: decodeF3548,
	QGCPlan:   decodeQGCPlan,
	ED269:     decodeED269,
	ED318:     decodeED318,
}

// Read decodes one file. The format is told by the content, not by the name,
// which is used in messages and to make ids. Errors are *Error.
func Read(name string, data []byte, opt Options) (*File, error) {
	format, root, err := sniff(name, data, opt)
	if err != nil {
		return nil, err
	}
	return decode(format, name, data, root, opt)
}

// ReadAs decodes one file of a known format. Errors are *Error.
func ReadAs(format Format, name string, data []byte, opt Options) (*File, error) {
	if err := checkSize(name, int64(len(data)), opt); err != nil {
		return nil, err
	}
	if jsonDecoders[format] == nil {
		return decode(format, name, data, nil, opt)
	}
	root, err := parseJSON(name, data, opt)
	if err != nil {
		return nil, err
	}
	return decode(format, name, data, &root, opt)
}

// decode decodes a file whose size is checked and which, if it is JSON, is
// parsed.
func decode(format Format, name string, data []byte, root *jsonValue, opt Options) (f *File, err error) {
	switch {
	case root != nil && jsonDecoders[format] != nil:
		f, err = jsonDecoders[format](name, *root, opt)
	case decoders[format] != nil:
		f, err = decoders[format](name, data, opt)
	default:
		return nil, &Error{File: name, Found: "the format " + quoteShort(string(format)), Expected: "one of " + formatNames}
	}
	if err != nil {
		return nil, err
	}
	if n := max(len(f.Items), countParts(f)); n > maxParts {
		return nil, &Error{File: name, Found: strconv.Itoa(n) + " areas and paths", Expected: "at most " + strconv.Itoa(maxParts) + " in a file"}
	}
	return f, nil
}

// maxParts bounds the areas and paths of a file, far above the airspace of any
// country.
const maxParts = 100_000

// countParts counts the areas and paths of a file.
func countParts(f *File) (n int) {
	for i := range f.Items {
		n += len(f.Items[i].Volumes) + len(f.Items[i].Routes)
	}
	return n
}

// ReadFrom is Read from a stream, of which at most opt.MaxBytes are taken.
// Errors of the stream are wrapped in an *Error.
func ReadFrom(name string, r io.Reader, opt Options) (*File, error) {
	data, err := readUpTo(r, opt.maxBytes()+1)
	if err != nil {
		return nil, &Error{File: name, Err: err}
	}
	return Read(name, data, opt)
}

// readUpTo returns at most limit bytes of a stream. It collects them in pieces,
// so that a stream that turns out too long costs no more than the limit.
func readUpTo(r io.Reader, limit int64) ([]byte, error) {
	var pieces [][]byte
	for size := int64(64 << 10); limit > 0; size = min(2*size, 4<<20) {
		piece := make([]byte, min(size, limit))
		n, err := io.ReadFull(r, piece)
		limit -= int64(n)
		pieces = append(pieces, piece[:n])
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			return bytes.Join(pieces, nil), nil
		}
		if err != nil {
			return nil, err
		}
	}
	return bytes.Join(pieces, nil), nil
}

func checkSize(name string, size int64, opt Options) error {
	if size > opt.maxBytes() {
		return &Error{File: name, Found: "more than " + byteSize(opt.maxBytes()), Expected: "a smaller file"}
	}
	return nil
}

// byteSize writes a number of bytes for people.
func byteSize(n int64) string {
	if n >= 1<<20 && n%(1<<20) == 0 {
		return fmt.Sprintf("%d MiB", n>>20)
	}
	return fmt.Sprintf("%d bytes", n)
}

const formatNames = "GeoJSON, KML, KMZ, GPX, QGroundControl plan, QGC WPL 110, F3548-21 JSON, ED-269, ED-318, OpenAir"

// Sniff tells the format of a file by its content. Errors are *Error: for a
// file that is none of the formats, and for JSON and XML that is broken.
func Sniff(name string, data []byte, opt Options) (Format, error) {
	format, _, err := sniff(name, data, opt)
	return format, err
}

// sniff is Sniff, with the parsed document of a JSON file.
func sniff(name string, data []byte, opt Options) (Format, *jsonValue, error) {
	if err := checkSize(name, int64(len(data)), opt); err != nil {
		return "", nil, err
	}
	unknown := func(found string) (Format, *jsonValue, error) {
		return "", nil, &Error{File: name, Found: found, Expected: "one of " + formatNames}
	}
	switch {
	case bytes.HasPrefix(data, []byte("PK\x03\x04")):
		return KMZ, nil, nil
	case bytes.HasPrefix(data, []byte{0x1f, 0x8b}):
		return "", nil, &Error{File: name, Found: "gzip", Expected: "an unpacked file (gunzip it first)"}
	}
	text, err := textBytes(name, data)
	if err != nil {
		if bytes.IndexByte(data[:min(len(data), 4096)], 0) >= 0 && !strings.Contains(err.Error(), "UTF-16") {
			return unknown("binary data")
		}
		return "", nil, err
	}
	text = bytes.TrimLeft(text, " \t\r\n")
	switch {
	case len(text) == 0:
		return unknown("an empty file")
	case text[0] == '{' || text[0] == '[':
		return sniffJSON(name, data, opt)
	case text[0] == '<':
		format, err := sniffXML(name, text)
		return format, nil, err
	case bytes.HasPrefix(text, []byte("QGC WPL")):
		return QGCWPL, nil, nil
	case text[0] == 0:
		return unknown("binary data")
	case looksLikeOpenAir(text):
		return OpenAir, nil, nil
	}
	line, _, _ := bytes.Cut(text, []byte("\n"))
	return unknown("text that begins with " + quoteShort(string(bytes.TrimSpace(line[:min(len(line), 200)]))))
}

// looksLikeOpenAir tells whether the first line that is not a comment is an
// OpenAir record: two letters or the like, a space, and a value.
func looksLikeOpenAir(text []byte) bool {
	for len(text) > 0 {
		line, rest, _ := bytes.Cut(text, []byte("\n"))
		text = rest
		line = bytes.TrimSpace(line)
		if len(line) == 0 || line[0] == '*' {
			continue
		}
		command, _, found := bytes.Cut(line, []byte(" "))
		switch strings.ToUpper(string(command)) {
		case "AC", "AN", "AL", "AH", "AY", "AT", "AI", "AF", "AG", "AX", "AA", "DP", "DC", "DA", "DB", "DY", "SP", "SB", "TO", "TC":
			return found
		case "V":
			return found && bytes.ContainsRune(line, '=')
		}
		return false
	}
	return false
}

func sniffXML(name string, text []byte) (Format, error) {
	root, err := firstElement(text)
	if err != nil {
		return "", &Error{File: name, Place: "line 1", Found: "broken XML (" + shorten(err.Error()) + ")", Expected: "KML or GPX"}
	}
	switch root {
	case "kml":
		return KML, nil
	case "gpx":
		return GPX, nil
	}
	return "", &Error{File: name, Found: "XML with the root element <" + cutRunes(root, 40) + ">", Expected: "<kml> or <gpx>"}
}

var errNoElement = errors.New("no element")

// firstElement returns the local name of the first tag, past declarations and
// comments. It is lenient: the decoder that follows is not.
func firstElement(text []byte) (string, error) {
	for {
		at := bytes.IndexByte(text, '<')
		if at < 0 || at+1 >= len(text) {
			return "", errNoElement
		}
		text = text[at:]
		skip := ""
		switch {
		case bytes.HasPrefix(text, []byte("<!--")):
			skip = "-->"
		case bytes.HasPrefix(text, []byte("<?")):
			skip = "?>"
		case bytes.HasPrefix(text, []byte("<!")):
			return "", errors.New("a document type declaration (DOCTYPE)")
		}
		if skip == "" {
			end := bytes.IndexAny(text[1:], " \t\r\n/>")
			if end <= 0 {
				return "", errNoElement
			}
			tag := string(text[1 : 1+end])
			if _, local, found := strings.Cut(tag, ":"); found {
				tag = local
			}
			return tag, nil
		}
		end := bytes.Index(text, []byte(skip))
		if end < 0 {
			return "", errNoElement
		}
		text = text[end+len(skip):]
	}
}

// sniffJSON tells JSON formats apart by the keys of the outermost values.
func sniffJSON(name string, data []byte, opt Options) (Format, *jsonValue, error) {
	root, err := parseJSON(name, data, opt)
	if err != nil {
		return "", nil, err
	}
	first := root
	if root.kind() == jsonArray {
		elems, err := root.array()
		if err != nil {
			return "", nil, err
		}
		if len(elems) == 0 {
			return "", nil, root.fail("an empty array", "one of "+formatNames)
		}
		first = elems[0]
	}
	if format := objectFormat(first); format != "" {
		return format, &root, nil
	}
	return "", nil, &Error{File: name, Found: "JSON that is none of the known plan or zone formats (" + keyList(first) + ")", Expected: "one of " + formatNames}
}

// objectFormat returns the format that an object belongs to, or "".
func objectFormat(v jsonValue) Format {
	if v.kind() != jsonObjectKind {
		return ""
	}
	o, err := v.object()
	if err != nil {
		return ""
	}
	has := func(o *jsonObject, keys ...string) bool {
		for _, k := range keys {
			if _, ok := o.get(k); ok {
				return true
			}
		}
		return false
	}
	typ := memberText(o, "type")
	switch {
	case memberText(o, "fileType") == "Plan", has(o, "fileType") && has(o, "mission"):
		return QGCPlan
	case has(o, "UASZoneList"), has(o, "identifier") && has(o, "geometry") && typ != "Feature":
		return ED269
	case typ == "FeatureCollection" && anyFeature(o, isED318Feature), typ == "Feature" && isED318Feature(o):
		return ED318
	case isGeoJSONType(typ):
		return GeoJSON
	case has(o, "features"):
		return ED269
	case has(o, f3548Keys...):
		return F3548JSON
	}
	return ""
}

// f3548Keys are the members of the outermost objects of F3548-21.
var f3548Keys = []string{
	"operational_intent", "constraint", "operational_intent_reference", "constraint_reference",
	"reference", "details", "volumes", "off_nominal_volumes", "extents", "volume",
}

func isGeoJSONType(typ string) bool {
	switch typ {
	case "FeatureCollection", "Feature", "Point", "MultiPoint", "LineString", "MultiLineString",
		"Polygon", "MultiPolygon", "GeometryCollection":
		return true
	}
	return false
}

// anyFeature tells whether a feature of a collection satisfies a condition.
func anyFeature(o *jsonObject, is func(*jsonObject) bool) bool {
	list, ok := o.get("features")
	if !ok || list.kind() != jsonArray {
		return false
	}
	features, err := list.array()
	if err != nil {
		return false
	}
	for _, f := range features {
		if fo, err := f.object(); err == nil && is(fo) {
			return true
		}
	}
	return false
}

// isED318Feature recognises an ED-318 zone among GeoJSON features: its
// geometry carries a layer, or its properties name the zone's authority.
func isED318Feature(o *jsonObject) bool {
	return hasMember(o, "geometry", "layer") || hasMember(o, "properties", "zoneAuthority")
}

func hasMember(o *jsonObject, outer, inner string) bool {
	v, ok := o.get(outer)
	if !ok || v.kind() != jsonObjectKind {
		return false
	}
	in, err := v.object()
	if err != nil {
		return false
	}
	_, ok = in.get(inner)
	return ok
}

func memberText(o *jsonObject, key string) string {
	v, ok := o.get(key)
	if !ok || v.kind() != jsonString {
		return ""
	}
	s, _ := v.text()
	return s
}

// keyList names the first keys of an object for a message.
func keyList(v jsonValue) string {
	if v.kind() != jsonObjectKind {
		return v.describe()
	}
	o, err := v.object()
	if err != nil || len(o.members) == 0 {
		return "no keys"
	}
	var keys []string
	for i, m := range o.members {
		if i == 6 {
			keys = append(keys, "...")
			break
		}
		keys = append(keys, shorten(o.keyOf(m)))
	}
	return "keys " + strings.Join(keys, ", ")
}
