package server

import (
	"bytes"
	"errors"
	"maps"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// A flag wins over the environment, the environment over the file, the file over
// the default, and each value says where it came from.
func TestPrecedence(t *testing.T) {
	e := NewEffective()
	if err := e.File("node.toml", []byte("# ours\nlisten = \":1\"\nparty_rate = 2.5\nmax_body = \"1MiB\"\naudience = [\"a\", \"b\"]\nbuiltin_issuer = true\n")); err != nil {
		t.Fatal(err)
	}
	env := map[string]string{"DECONFLICT_PARTY_RATE": "3", "DECONFLICT_MAX_BODY": "2MiB", "DECONFLICT_TOKEN_KEY": "x.pem,y.pem"}
	if err := e.Environment(func(name string) string { return env[name] }); err != nil {
		t.Fatal(err)
	}
	if err := e.Flag("max-body", []string{"3MiB"}); err != nil {
		t.Fatal(err)
	}
	want := DefaultConfig()
	want.Listen, want.PartyRate, want.MaxBody = ":1", 3, 3<<20
	want.Audience, want.TokenKey, want.BuiltinIssuer = []string{"a", "b"}, []string{"x.pem", "y.pem"}, true
	if diff := cmp.Diff(want, e.Config); diff != "" {
		t.Error(diff)
	}
	for name, from := range map[string]string{
		"listen": "node.toml line 2", "audience": "node.toml line 5", "party-rate": "environment DECONFLICT_PARTY_RATE",
		"max-body": "flag --max-body", "max-streams": "default",
	} {
		if got := e.From(name); got != from {
			t.Errorf("%s is from %q, want %q", name, got, from)
		}
	}
}

// What --print-config writes is a file that gives the same configuration.
func TestPrintedConfigurationIsAFile(t *testing.T) {
	e := NewEffective()
	for name, values := range map[string][]string{
		"data": {`C:\odd "name"` + "\n\x7f"}, "audience": {"a", "b c"}, "party-rate": {"0.125"}, "max-body": {"4097"},
		"drain-timeout": {"1m30s"}, "insecure-dev": {"true"}, "public-log": {"false"}, "log-level": {"warn"},
	} {
		if err := e.Flag(name, values); err != nil {
			t.Fatal(name, err)
		}
	}
	var b bytes.Buffer
	if err := e.Print(&b); err != nil {
		t.Fatal(err)
	}
	again := NewEffective()
	if err := again.File("printed", b.Bytes()); err != nil {
		t.Fatalf("%v in\n%s", err, &b)
	}
	again.Config.TokenKey = nil // an empty list of a file is not nil
	if diff := cmp.Diff(e.Config, again.Config); diff != "" {
		t.Error(diff)
	}
}

func TestFileRefuses(t *testing.T) {
	for text, want := range map[string]string{
		"listen = \":1\"\nlistem = \":2\"\n":         `f line 2: found "listem", expected one of data, listen`,
		"\n\nparty_rate = \"fast\"\n":                `f line 3: party_rate: found "fast", expected a number of 0 or more`,
		"party_rate = -1\n":                          `f line 1: party_rate: found "-1", expected a number of 0 or more`,
		"listen = [\":1\", \":2\"]\n":                `f line 1: listen: found ":1", ":2", expected a single value`,
		"audience = [1]\n":                           "f line 1: audience: expected a list of strings",
		"audience = [\"\"]\n":                        `f line 1: audience: found "", expected no empty value`,
		"listen = \":1\"\n[data]\ndir = \"x\"\n":     "f line 2: data: expected a string, a number, true or false, or a list of strings; there are no tables",
		"max_body = \"4MB\"\n":                       `f line 1: max_body: found "4MB", expected a number of bytes`,
		"max_body = \"99999999GiB\"\n":               `f line 1: max_body: found "99999999GiB", expected a number of bytes`,
		"insecure_dev = \"perhaps\"\n":               `f line 1: insecure_dev: found "perhaps", expected true or false`,
		"drain_timeout = 5\n":                        `f line 1: drain_timeout: found "5", expected a duration`,
		"log_level = \"loud\"\n":                     `f line 1: log_level: found "loud", expected one of debug, info, warn, error`,
		"listen = \n":                                "f line 1: expected value",
		"listen = \":1\"\nlisten = \":2\"\n":         "f line 2: ",
		"drain_timeout = 2031-05-07T09:00:00Z\n":     "f line 1: drain_timeout: expected a string",
		"\"max_streams\" = 1.5\n":                    `f line 1: max_streams: found "1.5", expected a whole number`,
		"max_streams = 99999999999999999999999999\n": "f line 1: ",
	} {
		err := NewEffective().File("f", []byte(text))
		if err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%q:\nerror %v\nwant  %s", text, err, want)
		}
	}
}

func TestEnvironmentNamesTheVariable(t *testing.T) {
	err := NewEffective().Environment(func(name string) string {
		return map[string]string{"DECONFLICT_MAX_STREAMS": "many"}[name]
	})
	if err == nil || err.Error() != `environment: DECONFLICT_MAX_STREAMS: found "many", expected a whole number from 0 to 1000000000` {
		t.Error(err)
	}
}

// A configuration that would let strangers in is refused with the ways on.
func TestCheck(t *testing.T) {
	for name, k := range map[string]struct {
		set  func(*Config)
		want string // empty: good
	}{
		"key":                    {func(c *Config) {}, ""},
		"no data":                {func(c *Config) { c.Data = "" }, "data: found nothing, expected the directory"},
		"no trust on loopback":   {func(c *Config) { c.TokenKey = nil }, "--builtin-issuer to let the node issue tokens itself; to try things out, --insecure-dev"},
		"no trust":               {func(c *Config) { c.TokenKey, c.Listen = nil, ":8443" }, "or --builtin-issuer to let the node issue tokens itself"},
		"builtin":                {func(c *Config) { c.TokenKey, c.BuiltinIssuer = nil, true }, ""},
		"jwks":                   {func(c *Config) { c.TokenKey, c.JWKSURL = nil, "https://issuer.example/keys" }, ""},
		"jwks without scheme":    {func(c *Config) { c.JWKSURL = "issuer.example/keys" }, "expected an http or https URL"},
		"insecure":               {func(c *Config) { c.TokenKey, c.InsecureDev = nil, true }, ""},
		"insecure on IPv6":       {func(c *Config) { c.TokenKey, c.InsecureDev, c.Listen = nil, true, "[::1]:8080" }, ""},
		"insecure beside keys":   {func(c *Config) { c.InsecureDev = true }, "expected one or the other"},
		"insecure for everybody": {func(c *Config) { c.TokenKey, c.InsecureDev, c.Listen, c.PlainHTTP = nil, true, ":8080", true }, "expected a loopback address"},
		"insecure on a name": {func(c *Config) {
			c.TokenKey, c.InsecureDev, c.Listen, c.PlainHTTP = nil, true, "localhost.example:80", true
		}, "expected a loopback address"},
		"public without TLS":      {func(c *Config) { c.Listen = "192.0.2.1:8080" }, "--plain-http"},
		"public behind a proxy":   {func(c *Config) { c.Listen, c.PlainHTTP = ":8080", true }, ""},
		"public with TLS":         {func(c *Config) { c.Listen, c.TLSCert, c.TLSKey = ":8443", "c.pem", "k.pem" }, ""},
		"certificate without key": {func(c *Config) { c.TLSCert = "c.pem" }, "expected both or neither"},
		"clients without TLS":     {func(c *Config) { c.TLSClientCA = "ca.pem" }, "expected tls-cert and tls-key too"},
		"no port":                 {func(c *Config) { c.Listen = "localhost" }, "expected HOST:PORT"},
		"port out of range":       {func(c *Config) { c.Listen = "localhost:65536" }, "expected HOST:PORT"},
		"debug without port":      {func(c *Config) { c.DebugListen = "9090" }, "debug-listen"},
		"origin with space":       {func(c *Config) { c.Origin = "my node" }, "expected a name"},
		"origin with plus":        {func(c *Config) { c.Origin = "a+b" }, "expected a name"},
		"no audience":             {func(c *Config) { c.Audience = nil }, "audience: found nothing"},
		"no place":                {func(c *Config) { c.MaxConcurrent = 0 }, "max-concurrent: found 0, expected at least 1"},
		"no body":                 {func(c *Config) { c.MaxBody = 0 }, "max-body"},
	} {
		c := DefaultConfig()
		c.Data, c.TokenKey = "data", []string{"key.pem"}
		k.set(&c)
		err := c.check(func(string) string { return "" })
		if k.want == "" && err != nil || k.want != "" && (err == nil || !strings.Contains(err.Error(), k.want)) {
			t.Errorf("%s: error %v, want %q", name, err, k.want)
		}
		if strings.Contains(k.want, "builtin") && name == "no trust" && strings.Contains(err.Error(), "insecure") {
			t.Errorf("%s: the error offers what is refused: %v", name, err)
		}
	}
}

// Every field of Config can be set, under one name.
func TestEveryFieldIsASetting(t *testing.T) {
	var c Config
	fields := map[any]string{}
	v := reflect.ValueOf(&c).Elem()
	for i := range v.NumField() {
		fields[v.Field(i).Addr().Interface()] = v.Type().Field(i).Name
	}
	var names []string
	for i := range Settings {
		s := &Settings[i]
		delete(fields, s.field(&c))
		names = append(names, s.Name)
		if s.Help == "" || s.IsSwitch() != (s.Value == "") {
			t.Errorf("%s: help %q, value %q", s.Name, s.Help, s.Value)
		}
		if tomlText(s.field(&c)) == "" {
			t.Errorf("%s cannot be printed", s.Name)
		}
	}
	for name := range maps.Values(fields) {
		t.Errorf("field %s has no setting", name)
	}
	slices.Sort(names)
	if len(slices.Compact(names)) != len(Settings) {
		t.Error("two settings have one name")
	}
}

func TestSize(t *testing.T) {
	for text, want := range map[string]Size{"0": 0, "1": 1, "4KiB": 4096, "4 MiB": 4 << 20, "1024GiB": 1 << 40} {
		got, err := parseSize(text)
		if err != nil || got != want {
			t.Errorf("%q: %d, %v, want %d", text, got, err, want)
		}
		if back, err := parseSize(got.String()); err != nil || back != got {
			t.Errorf("%d is written %q and read as %d, %v", got, got, back, err)
		}
	}
	for _, text := range []string{"", "-1", "1025GiB", "1.5MiB", "MiB", "9223372036854775808", "0x10"} {
		if got, err := parseSize(text); err == nil {
			t.Errorf("%q: %d, want an error", text, got)
		}
	}
}

func TestDurationSetting(t *testing.T) {
	e := NewEffective()
	if err := e.Flag("drain-timeout", []string{"1m"}); err != nil || e.Config.DrainTimeout != time.Minute {
		t.Error(e.Config.DrainTimeout, err)
	}
	if err := e.Flag("no-such", []string{"1"}); err == nil {
		t.Error("a setting that does not exist was set")
	}
}

// FuzzFile: whatever a file holds, it gives a configuration or a ConfigError,
// and a configuration that it gives can be printed and read again.
func FuzzFile(f *testing.F) {
	f.Add([]byte("listen = \":1\"\naudience = ['a']\nmax_body = 5\n"))
	f.Add([]byte("[x]\ny = 1\n"))
	f.Add([]byte("party_rate = inf\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		if len(data) > 64<<10 {
			return
		}
		e := NewEffective()
		if err := e.File("f", data); err != nil {
			var config *ConfigError
			if !errors.As(err, &config) {
				t.Fatalf("%T: %v", err, err)
			}
			return
		}
		var b bytes.Buffer
		if err := e.Print(&b); err != nil {
			t.Fatal(err)
		}
		again := NewEffective()
		if err := again.File("printed", b.Bytes()); err != nil {
			t.Fatalf("%v in\n%s", err, &b)
		}
	})
}

// The example of docs/OPERATING.md is a configuration that can be used.
func TestDocumentedConfigurationIsGood(t *testing.T) {
	doc, err := os.ReadFile("../../docs/OPERATING.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, found := strings.Cut(string(doc), "```toml\n")
	example, _, closed := strings.Cut(rest, "```")
	if !found || !closed {
		t.Fatal("docs/OPERATING.md has no example in TOML")
	}
	e := NewEffective()
	if err := e.File("docs/OPERATING.md", []byte(example)); err != nil {
		t.Fatal(err)
	}
	e.Config.Data = "data"
	if err := e.Check(); err != nil {
		t.Error(err)
	}
}

// A node whose tokens can be read on a network says so.
func TestReadable(t *testing.T) {
	for listen, want := range map[string]bool{"127.0.0.1:80": false, "[::1]:80": false, "localhost:80": false, ":80": true, "192.0.2.7:80": true} {
		c := DefaultConfig()
		c.Listen, c.PlainHTTP = listen, true
		if got := c.readable(); got != want {
			t.Errorf("%s: %v, want %v", listen, got, want)
		}
		if c.TLSCert = "cert.pem"; c.readable() {
			t.Errorf("%s with TLS can be read", listen)
		}
	}
}
