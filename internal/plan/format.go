package plan

// Format names a file format that Read understands.
type Format string

// Formats.
const (
	GeoJSON   Format = "geojson"
	KML       Format = "kml"
	KMZ       Format = "kmz"
	GPX       Format = "gpx"
	QGCPlan   Format = "qgc-plan"
	QGCWPL    Format = "qgc-wpl"
	F3548JSON Format = "f3548"
	ED269     Format = "ed269"
	ED318     Format = "ed318"
	OpenAir   Format = "openair"
)

// Error says that a file, or one place in it, cannot be used.
type Error struct {
	File     string
	Place    string // item and field: `mission.items[4].frame`; a line: `line 12`; empty when the whole file is meant
	Found    string
	Expected string
	Err      error // cause, may be nil
}

func (e *Error) Error() string {
	s := e.File
	if e.Place != "" {
		s += ": " + e.Place
	}
	if e.Found != "" {
		s += ": found " + e.Found
	}
	if e.Expected != "" {
		s += ", expected " + e.Expected
	}
	if e.Err != nil {
		s += ": " + e.Err.Error()
	}
	return s
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// Options bound what a reader accepts and supply what a file leaves open
// while decoding (speeds). The zero value is usable.
type Options struct {
	// SpeedMPS is the ground speed in metres per second for routes of files
	// that state neither times nor a speed; 0 means that such files are refused.
	SpeedMPS float64
	// MaxBytes bounds the size of a file, and the unpacked size of a KMZ;
	// 0 means DefaultMaxBytes.
	MaxBytes int64
	// MaxDepth bounds the nesting of JSON and XML; 0 means DefaultMaxDepth.
	MaxDepth int
}

// Default bounds.
const (
	DefaultMaxBytes = 64 << 20
	DefaultMaxDepth = 64
)

func (o Options) maxBytes() int64 {
	if o.MaxBytes > 0 {
		return o.MaxBytes
	}
	return DefaultMaxBytes
}

func (o Options) maxDepth() int {
	if o.MaxDepth > 0 {
		return o.MaxDepth
	}
	return DefaultMaxDepth
}

// unsupported is the error for what a file says and the package cannot honour.
func unsupported(file, place, found, expected string) error {
	return &Error{File: file, Place: place, Found: found, Expected: expected}
}

// wrap places a cause at a place of a file.
func wrap(file, place string, err error) error {
	if err == nil {
		return nil
	}
	return &Error{File: file, Place: place, Err: err}
}
