package server

import (
	"net"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/deconflict/deconflict/internal/party"
)

// Config is what a node is told. Settings lists what each field is called in a
// file, in the environment and on the command line.
type Config struct {
	Data   string // directory of the journal, snapshots and keys
	Listen string // host:port of the public listener
	Origin string // name of the journal in its checkpoints
	// BaseURL is where others reach the node; empty: where it listens.
	BaseURL string

	Audience      []string // accepted in the aud claim of a token
	TokenKey      []string // PEM files with public keys of token issuers
	JWKSURL       string   // of a token issuer's key set
	BuiltinIssuer bool     // the node issues tokens itself
	InsecureDev   bool     // identities are believed; loopback only

	TLSCert     string
	TLSKey      string
	TLSClientCA string // clients must show a certificate of it
	PlainHTTP   bool   // allow a public address without TLS

	Basemap string // a file that the page draws under everything; empty for none

	Site string // the party whose site the node stands at; it may invite others

	DebugListen string // host:port of metrics and profiles; empty for none
	Clock       string // where the node's time begins that is then set by hand; empty: the real one
	PublicLog   bool   // /log/ without a token

	USSTokenURL         string // where tokens for other USSs are fetched; empty: from the built-in issuer
	USSClientID         string // of this node there
	USSClientSecretFile string
	NotifyPrivate       bool // others are told at private addresses too

	MaxBody        Size // of a request
	MaxConcurrent  int  // requests at the same time
	MaxStreams     int  // event streams at the same time
	PartyRate      float64
	PartyBurst     int
	AnonymousRate  float64
	AnonymousBurst int

	MinFreeDisk   Size // below it the node is not ready
	SnapshotEvery int  // journal entries between snapshots
	DrainTimeout  time.Duration

	LogLevel  string // debug, info, warn, error
	LogFormat string // auto, text, json
}

// DefaultConfig returns the values that hold where nothing is said.
func DefaultConfig() Config {
	return Config{
		Listen:         "127.0.0.1:8080",
		Origin:         "localhost/deconflict",
		Audience:       []string{"localhost"},
		PublicLog:      true,
		MaxBody:        4 << 20,
		MaxConcurrent:  256,
		MaxStreams:     256,
		PartyRate:      1000,
		PartyBurst:     2000,
		AnonymousRate:  100,
		AnonymousBurst: 1000,
		MinFreeDisk:    256 << 20,
		SnapshotEvery:  100_000,
		DrainTimeout:   20 * time.Second,
		LogLevel:       "info",
		LogFormat:      "auto",
	}
}

// Size is a number of bytes.
type Size int64

func (s Size) String() string {
	for _, u := range sizeUnits {
		if s != 0 && s%u.bytes == 0 {
			return strconv.FormatInt(int64(s/u.bytes), 10) + u.name
		}
	}
	return strconv.FormatInt(int64(s), 10)
}

var sizeUnits = []struct {
	name  string
	bytes Size
}{{"GiB", 1 << 30}, {"MiB", 1 << 20}, {"KiB", 1 << 10}}

// parseSize reads a number of bytes, such as 4MiB or 4096, up to 1024 GiB.
func parseSize(text string) (Size, error) {
	unit, digits := Size(1), text
	for _, u := range sizeUnits {
		if rest, ok := strings.CutSuffix(text, u.name); ok {
			unit, digits = u.bytes, strings.TrimSpace(rest)
			break
		}
	}
	n, err := strconv.ParseInt(digits, 10, 64)
	if err != nil || n < 0 || Size(n) > (1<<40)/unit {
		return 0, expected("a number of bytes, such as 4MiB or 4096")
	}
	return Size(n) * unit, nil
}

// A ConfigError is a configuration that cannot be used: where it says what, and
// what was expected.
type ConfigError struct {
	Place string // "deconflict.toml line 3", "flag --listen"; may be empty
	Name  string // of the setting, as that place has it
	Found string
	Err   error
}

func (e *ConfigError) Error() string {
	s := e.Name + ": "
	if e.Name == "" {
		s = ""
	}
	if e.Found != "" {
		s += "found " + e.Found + ", "
	}
	s += e.Err.Error()
	if e.Place == "" {
		return s
	}
	return e.Place + ": " + s
}

func (e *ConfigError) Unwrap() error { return e.Err }

// expected is what a value should have been.
type expected string

func (e expected) Error() string { return "expected " + string(e) }

// check tells what is wrong with a configuration as a whole. place says where a
// setting got its value from.
func (c *Config) check(place func(name string) string) error {
	fault := func(name, found string, err error) error {
		return &ConfigError{place(name), name, found, err}
	}
	if c.Data == "" {
		return fault("data", "nothing", expected("the directory of the node's journal, snapshots and keys"))
	}
	loopback, err := isLoopback(c.Listen)
	if err != nil {
		return fault("listen", strconv.Quote(c.Listen), err)
	}
	if c.DebugListen != "" {
		if _, err := isLoopback(c.DebugListen); err != nil {
			return fault("debug-listen", strconv.Quote(c.DebugListen), err)
		}
	}
	if u, err := url.Parse(c.BaseURL); c.BaseURL != "" && (err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "") {
		return fault("base-url", strconv.Quote(c.BaseURL), expected("a URL such as https://node.example"))
	}
	if c.Clock != "" {
		if _, err := time.Parse(time.RFC3339, c.Clock); err != nil {
			return fault("clock", strconv.Quote(c.Clock), expected("a time such as 2026-03-01T16:40:00Z"))
		}
		if c.DebugListen == "" {
			return fault("clock", c.Clock, expected("debug-listen as well, where the time is set"))
		}
	}
	if c.Site != "" && !party.ID(c.Site).Valid() {
		return fault("site", strconv.Quote(c.Site), expected("the id of a party"))
	}
	if u, err := url.Parse(c.USSTokenURL); c.USSTokenURL != "" && (err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http") {
		return fault("uss-token-url", strconv.Quote(c.USSTokenURL), expected("an http or https URL"))
	}
	if given := c.USSClientID != "" && c.USSClientSecretFile != ""; given != (c.USSTokenURL != "") || (c.USSClientID != "") != (c.USSClientSecretFile != "") {
		return fault("uss-token-url", "some of uss-token-url, uss-client-id and uss-client-secret-file", expected("all three or none"))
	}
	if err := c.checkTrust(loopback, fault); err != nil {
		return err
	}
	if err := c.checkTLS(loopback, fault); err != nil {
		return err
	}
	if c.Origin == "" || len(c.Origin) > 200 || strings.ContainsFunc(c.Origin, func(r rune) bool { return r <= ' ' || r == '+' || r > '~' }) {
		return fault("origin", strconv.Quote(c.Origin), expected("a name of 1 to 200 characters without spaces or +, such as node.example/deconflict"))
	}
	if len(c.Audience) == 0 {
		return fault("audience", "nothing", expected("the name under which clients know this node"))
	}
	for _, limit := range []struct {
		name  string
		value int
	}{
		{"max-concurrent", c.MaxConcurrent},
		{"max-streams", c.MaxStreams},
		{"party-burst", c.PartyBurst},
		{"anonymous-burst", c.AnonymousBurst},
		{"snapshot-every", c.SnapshotEvery},
		{"max-body", int(c.MaxBody)},
	} {
		if limit.value < 1 {
			return fault(limit.name, strconv.Itoa(limit.value), expected("at least 1"))
		}
	}
	return nil
}

// checkTrust refuses a node that could not tell who speaks to it.
func (c *Config) checkTrust(loopback bool, fault func(name, found string, err error) error) error {
	keys := len(c.TokenKey) > 0 || c.JWKSURL != "" || c.BuiltinIssuer
	switch {
	case c.JWKSURL != "":
		u, err := url.Parse(c.JWKSURL)
		if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
			return fault("jwks-url", strconv.Quote(c.JWKSURL), expected("an http or https URL"))
		}
	case c.InsecureDev && keys:
		return fault("insecure-dev", "it beside keys of token issuers", expected("one or the other"))
	case c.InsecureDev && !loopback:
		return fault("insecure-dev", "it with the address "+c.Listen, expected("a loopback address such as 127.0.0.1:8080: anybody could be anybody"))
	case !keys && !c.InsecureDev:
		ways := "--token-key or --jwks-url with the keys of your token issuer, or --builtin-issuer to let the node issue tokens itself"
		if loopback {
			ways += "; to try things out, --insecure-dev believes every identity and listens on loopback only"
		}
		return fault("", "no key to check tokens with", expected(ways))
	}
	return nil
}

func (c *Config) checkTLS(loopback bool, fault func(name, found string, err error) error) error {
	switch {
	case (c.TLSCert == "") != (c.TLSKey == ""):
		return fault("tls-cert", "one of tls-cert and tls-key", expected("both or neither"))
	case c.TLSClientCA != "" && c.TLSCert == "":
		return fault("tls-client-ca", "it without tls-cert", expected("tls-cert and tls-key too"))
	case c.TLSCert == "" && !loopback && !c.PlainHTTP:
		return fault("listen", "the public address "+c.Listen+" without TLS", expected("--tls-cert and --tls-key, or --plain-http where something in front of the node ends TLS: tokens would cross the network readable"))
	}
	return nil
}

// isLoopback tells whether an address host:port can be reached from this
// machine only. A host name is not resolved; only "localhost" counts.
func isLoopback(address string) (bool, error) {
	want := expected("HOST:PORT, such as 127.0.0.1:8080 or :8443")
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return false, want
	}
	if n, err := strconv.Atoi(port); err != nil || n < 0 || n > 65535 {
		return false, want
	}
	if host == "localhost" {
		return true, nil
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.IsLoopback(), nil
}

// readable tells that what is sent to the node can be read on a network.
func (c *Config) readable() bool {
	loopback, err := isLoopback(c.Listen)
	return c.TLSCert == "" && (!loopback || err != nil)
}

// describeTrust returns the one-line summary of what identities rest on, for the log.
func (c *Config) describeTrust() string {
	var trusted []string
	if c.InsecureDev {
		trusted = append(trusted, "anybody (insecure-dev)")
	}
	if c.BuiltinIssuer {
		trusted = append(trusted, "the builtin issuer")
	}
	trusted = append(trusted, c.TokenKey...)
	if u, err := url.Parse(c.JWKSURL); err == nil && c.JWKSURL != "" {
		trusted = append(trusted, u.Redacted())
	}
	return strings.Join(trusted, ", ")
}
