package server

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/BurntSushi/toml"
)

// Setting is one thing that a node can be told, under the same name everywhere:
// a flag --token-key, a key token_key in the file, a variable
// DECONFLICT_TOKEN_KEY.
type Setting struct {
	Name  string // as the flag has it, without dashes in front
	Value string // stands for the value in help texts; empty for a switch
	Help  string
	field func(*Config) any
}

// Key returns the setting's key in a configuration file.
func (s *Setting) Key() string { return strings.ReplaceAll(s.Name, "-", "_") }

// Variable returns the setting's environment variable.
func (s *Setting) Variable() string {
	return "DECONFLICT_" + strings.ToUpper(s.Key())
}

// IsList reports whether the setting may be given more than once.
func (s *Setting) IsList() bool {
	_, list := s.field(&Config{}).(*[]string)
	return list
}

// IsSwitch reports whether the setting is true or false.
func (s *Setting) IsSwitch() bool {
	_, yes := s.field(&Config{}).(*bool)
	return yes
}

// Default returns the value that holds where nothing is said, as a flag would
// have it; empty when there is none.
func (s *Setting) Default() string {
	c := DefaultConfig()
	switch p := s.field(&c).(type) {
	case *[]string:
		return strings.Join(*p, ",")
	case *bool:
		return map[bool]string{true: "true"}[*p]
	default:
		return strings.Trim(tomlText(p), `"`)
	}
}

// Settings lists what a node can be told, in the order of the help text.
var Settings = []Setting{
	{"data", "DIR", "directory of the journal, snapshots and keys", func(c *Config) any { return &c.Data }},
	{"listen", "HOST:PORT", "address to serve on; port 0 takes a free one", func(c *Config) any { return &c.Listen }},
	{"origin", "NAME", "name of the journal in its checkpoints, such as node.example/deconflict", func(c *Config) any { return &c.Origin }},
	{"base-url", "URL", "where others reach this node, such as https://node.example; where it listens by default", func(c *Config) any { return &c.BaseURL }},
	{"audience", "NAME", "accepted in the aud claim of tokens; may be repeated", func(c *Config) any { return &c.Audience }},
	{"token-key", "FILE", "PEM file with a public key of a token issuer; may be repeated", func(c *Config) any { return &c.TokenKey }},
	{"jwks-url", "URL", "key set of a token issuer", func(c *Config) any { return &c.JWKSURL }},
	{"builtin-issuer", "", "issue tokens: /oauth/token, /.well-known/jwks.json, 'deconflict token'", func(c *Config) any { return &c.BuiltinIssuer }},
	{"insecure-dev", "", "believe every identity; loopback only, never with real operators", func(c *Config) any { return &c.InsecureDev }},
	{"tls-cert", "FILE", "PEM certificate chain; read again when it changes", func(c *Config) any { return &c.TLSCert }},
	{"tls-key", "FILE", "PEM private key of the certificate", func(c *Config) any { return &c.TLSKey }},
	{"tls-client-ca", "FILE", "PEM certificates; clients must show one that these signed", func(c *Config) any { return &c.TLSClientCA }},
	{"plain-http", "", "allow a public address without TLS, behind something that ends it", func(c *Config) any { return &c.PlainHTTP }},
	{"site", "PARTY", "the party whose site the node stands at; gives it all that is not set: data in ./PARTY, a certificate, keys, a record, :8443 on all interfaces. Its roles of level policy may invite people of parties that are new", func(c *Config) any { return &c.Site }},
	{"basemap", "FILE", "a map of the area in PMTiles, version 3, that the page draws under everything; none by default", func(c *Config) any { return &c.Basemap }},
	{"debug-listen", "HOST:PORT", "private address of /metrics and /debug/pprof; none by default", func(c *Config) any { return &c.DebugListen }},
	{"clock", "TIME", "for rehearsals: the node's time begins here and stands until POST /debug/clock sets it on; needs --debug-listen", func(c *Config) any { return &c.Clock }},
	{"public-log", "", "serve /log/ without a token; its leaves hold commitments only", func(c *Config) any { return &c.PublicLog }},
	{"uss-token-url", "URL", "where to fetch the tokens by which other USSs are told of changes (OAuth 2.0 client credentials)", func(c *Config) any { return &c.USSTokenURL }},
	{"uss-client-id", "ID", "this node's client there", func(c *Config) any { return &c.USSClientID }},
	{"uss-client-secret-file", "FILE", "the client's secret", func(c *Config) any { return &c.USSClientSecretFile }},
	{"notify-private", "", "tell subscribers and hooks at private addresses too, and by http; so does a node on a loopback address", func(c *Config) any { return &c.NotifyPrivate }},
	{"max-body", "SIZE", "largest request body", func(c *Config) any { return &c.MaxBody }},
	{"max-concurrent", "N", "requests worked on at the same time; more wait, then get 503", func(c *Config) any { return &c.MaxConcurrent }},
	{"max-streams", "N", "event streams open at the same time", func(c *Config) any { return &c.MaxStreams }},
	{"party-rate", "N", "requests a second of one party, more get 429; 0 for no limit", func(c *Config) any { return &c.PartyRate }},
	{"party-burst", "N", "requests that one party may send at once", func(c *Config) any { return &c.PartyBurst }},
	{"anonymous-rate", "N", "requests a second of one address without a good token; 0 for no limit", func(c *Config) any { return &c.AnonymousRate }},
	{"anonymous-burst", "N", "requests without a good token that one address may send at once", func(c *Config) any { return &c.AnonymousBurst }},
	{"min-free-disk", "SIZE", "with less disk space than this the node is not ready and takes in nothing new", func(c *Config) any { return &c.MinFreeDisk }},
	{"snapshot-every", "N", "journal entries between snapshots", func(c *Config) any { return &c.SnapshotEvery }},
	{"drain-timeout", "DURATION", "how long requests may take to end when the node stops", func(c *Config) any { return &c.DrainTimeout }},
	{"log-level", "LEVEL", "debug (each request), info, warn or error", func(c *Config) any { return &c.LogLevel }},
	{"log-format", "FORMAT", "text, json, or auto: text on a terminal", func(c *Config) any { return &c.LogFormat }},
}

// words are the values of settings that take one of a few.
var words = map[string][]string{
	"log-level":  {"debug", "info", "warn", "error"},
	"log-format": {"auto", "text", "json"},
}

// Effective is a configuration in the making. Whoever sets a value last wins, so
// file, environment and flags are given in this order.
type Effective struct {
	Config Config
	from   map[string]string // by name: where the value came from
}

// NewEffective returns the defaults.
func NewEffective() *Effective {
	return &Effective{DefaultConfig(), map[string]string{}}
}

// From says where the value of a setting came from.
func (e *Effective) From(name string) string {
	if from := e.from[name]; from != "" {
		return from
	}
	return "default"
}

// Check tells what is wrong with the configuration as a whole.
func (e *Effective) Check() error {
	return e.Config.check(func(name string) string { return e.from[name] })
}

// File takes the values of a TOML file. A key that does not exist is an error,
// so that a misspelt limit is not silently the default.
func (e *Effective) File(path string, data []byte) error {
	var doc map[string]any
	if err := toml.Unmarshal(data, &doc); err != nil {
		var syntax toml.ParseError
		if errors.As(err, &syntax) {
			return &ConfigError{Place: fmt.Sprintf("%s line %d", path, syntax.Position.Line), Err: errors.New(syntax.Message)}
		}
		return &ConfigError{Place: path, Err: err}
	}
	lines := keyLines(data)
	keys := make([]string, 0, len(doc))
	for key := range doc {
		keys = append(keys, key)
	}
	slices.SortFunc(keys, func(a, b string) int { return lines[a] - lines[b] })
	for _, key := range keys {
		place := fmt.Sprintf("%s line %d", path, lines[key])
		i := slices.IndexFunc(Settings, func(s Setting) bool { return s.Key() == key })
		if i < 0 {
			return &ConfigError{place, "", strconv.Quote(key), expected("one of " + keyNames())}
		}
		values, err := tomlValues(doc[key])
		if err == nil {
			err = e.set(&Settings[i], values, place)
		}
		if err != nil {
			return &ConfigError{place, key, strings.Join(quoteAll(values), ", "), err}
		}
	}
	return nil
}

// keyLines returns the line of each key at the top of a TOML file and of each
// table. The parser knows them and does not tell.
func keyLines(data []byte) map[string]int {
	lines := map[string]int{}
	scan := bufio.NewScanner(bytes.NewReader(data))
	scan.Buffer(nil, len(data)+1)
	for n := 1; scan.Scan(); n++ {
		key, _, _ := strings.Cut(scan.Text(), "=")
		key = strings.Trim(strings.TrimSpace(key), `[]"'`)
		key, _, _ = strings.Cut(key, ".")
		if lines[key] == 0 {
			lines[key] = n
		}
	}
	return lines
}

func keyNames() string {
	names := make([]string, len(Settings))
	for i := range Settings {
		names[i] = Settings[i].Key()
	}
	return strings.Join(names, ", ")
}

// tomlValues returns a value of a file as the text that a flag would have.
func tomlValues(v any) ([]string, error) {
	switch v := v.(type) {
	case string:
		return []string{v}, nil
	case bool:
		return []string{strconv.FormatBool(v)}, nil
	case int64:
		return []string{strconv.FormatInt(v, 10)}, nil
	case float64:
		return []string{strconv.FormatFloat(v, 'g', -1, 64)}, nil
	case []any:
		list := []string{}
		for _, item := range v {
			s, ok := item.(string)
			if !ok {
				return nil, expected("a list of strings")
			}
			list = append(list, s)
		}
		return list, nil
	}
	return nil, expected("a string, a number, true or false, or a list of strings; there are no tables")
}

// Environment takes the values of variables that are set and not empty. Lists
// are separated by commas.
func (e *Effective) Environment(getenv func(string) string) error {
	for i := range Settings {
		s := &Settings[i]
		value := getenv(s.Variable())
		if value == "" {
			continue
		}
		values := []string{value}
		if s.IsList() {
			values = strings.Split(value, ",")
		}
		if err := e.set(s, values, "environment "+s.Variable()); err != nil {
			return &ConfigError{"environment", s.Variable(), strconv.Quote(value), err}
		}
	}
	return nil
}

// Flag takes the values of one flag.
func (e *Effective) Flag(name string, values []string) error {
	i := slices.IndexFunc(Settings, func(s Setting) bool { return s.Name == name })
	if i < 0 {
		return fmt.Errorf("no setting %q", name)
	}
	return e.set(&Settings[i], values, "flag --"+name)
}

// set gives a setting its value. The error says what was expected.
func (e *Effective) set(s *Setting, values []string, from string) error {
	field := s.field(&e.Config)
	if list, ok := field.(*[]string); ok {
		if slices.Contains(values, "") {
			return expected("no empty value")
		}
		*list = slices.Clone(values)
		e.from[s.Name] = from
		return nil
	}
	if len(values) != 1 {
		return expected("a single value")
	}
	if err := setOne(field, values[0], words[s.Name]); err != nil {
		return err
	}
	e.from[s.Name] = from
	return nil
}

func setOne(field any, v string, words []string) error {
	switch p := field.(type) {
	case *string:
		if words != nil && !slices.Contains(words, v) {
			return expected("one of " + strings.Join(words, ", "))
		}
		*p = v
	case *bool:
		b, err := strconv.ParseBool(v)
		if err != nil {
			return expected("true or false")
		}
		*p = b
	case *int:
		n, err := strconv.Atoi(v)
		if err != nil || n < 0 || n > 1e9 {
			return expected("a whole number from 0 to 1000000000")
		}
		*p = n
	case *float64:
		f, err := strconv.ParseFloat(v, 64)
		if err != nil || !(f >= 0) || math.IsInf(f, 1) {
			return expected("a number of 0 or more")
		}
		*p = f
	case *time.Duration:
		d, err := time.ParseDuration(v)
		if err != nil || d < 0 {
			return expected("a duration such as 20s")
		}
		*p = d
	case *Size:
		n, err := parseSize(v)
		if err != nil {
			return err
		}
		*p = n
	}
	return nil
}

// Print writes the configuration as a file that would give it, with where each
// value came from.
func (e *Effective) Print(w io.Writer) error {
	var b bytes.Buffer
	for i := range Settings {
		s := &Settings[i]
		fmt.Fprintf(&b, "%s = %s  # %s\n", s.Key(), tomlText(s.field(&e.Config)), e.From(s.Name))
	}
	_, err := w.Write(b.Bytes())
	return err
}

// tomlText returns a field's value as a file has it.
func tomlText(field any) string {
	switch p := field.(type) {
	case *string:
		return tomlString(*p)
	case *[]string:
		list := make([]string, len(*p))
		for i, v := range *p {
			list[i] = tomlString(v)
		}
		return "[" + strings.Join(list, ", ") + "]"
	case *bool:
		return strconv.FormatBool(*p)
	case *int:
		return strconv.Itoa(*p)
	case *float64:
		return strconv.FormatFloat(*p, 'f', -1, 64)
	case *time.Duration:
		return tomlString(p.String())
	case *Size:
		return tomlString(p.String())
	}
	return ""
}

// tomlString returns a basic string (TOML 1.0.0).
func tomlString(s string) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case r < ' ' || r == 0x7f:
			fmt.Fprintf(&b, `\u%04X`, r)
		default:
			b.WriteRune(r)
		}
	}
	b.WriteByte('"')
	return b.String()
}

func quoteAll(values []string) []string {
	quoted := make([]string, len(values))
	for i, v := range values {
		quoted[i] = strconv.Quote(v)
	}
	return quoted
}
