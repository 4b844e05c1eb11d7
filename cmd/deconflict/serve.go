package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/deconflict/deconflict/internal/server"
)

// serveUsage is the help text; its list of flags is that of the server's
// settings.
var serveUsage = func() string {
	var b strings.Builder
	b.WriteString(`Usage: deconflict serve --data DIR [FLAGS]

Runs a node: the DSS of ASTM F3548-21, the native read interface and the
journal, on one data directory that belongs to this process alone. The line
'listening on URL' tells when it serves. SIGINT or SIGTERM ends it in good
order, a second one at once; SIGHUP reads the certificate again.

The node has to know whose tokens to believe: --token-key or --jwks-url with
the keys of an issuer, or --builtin-issuer, or for trials --insecure-dev.
--site NAME alone makes a node for a place without internet, and prints how
others on the same network join it.

Each setting is a flag, a variable DECONFLICT_NAME or a key of the file given
with --config, with _ for - in the latter two. A flag wins over a variable, a
variable over the file. docs/OPERATING.md says more.

Exit codes: 0 stopped, 2 unusable configuration or data directory, 3 the
journal failed.

Flags:
`)
	line := func(flag, help string) {
		fmt.Fprintf(&b, "  %-27s %s\n", flag, wrap(help, 80, 30))
	}
	line("--config FILE", "settings in TOML")
	line("--print-config", "print the settings and where each came from, then end")
	for i := range server.Settings {
		s := &server.Settings[i]
		help := s.Help
		if d := s.Default(); d != "" {
			help += " (default " + d + ")"
		}
		line(strings.TrimSpace("--"+s.Name+" "+s.Value), help)
	}
	return b.String()
}()

// serveCommand is the command line of serve.
type serveCommand struct {
	config string
	print  bool
	given  []*settingFlag
}

// settingFlag keeps what was given for a setting until file and environment were
// read.
type settingFlag struct {
	setting *server.Setting
	values  []string
}

func (f *settingFlag) String() string { return "" }

// Set keeps a value.
func (f *settingFlag) Set(v string) error {
	f.values = append(f.values, v)
	return server.NewEffective().Flag(f.setting.Name, []string{v})
}

// IsBoolFlag tells that the flag may stand alone.
func (f *settingFlag) IsBoolFlag() bool { return f.setting.IsSwitch() }

// settingListFlag may be given more than once.
type settingListFlag struct{ *settingFlag }

func (settingListFlag) repeatable() {}

func (c *serveCommand) flags() *flags {
	f := newFlags("serve")
	f.set.StringVar(&c.config, "config", "", "a file with settings in TOML")
	f.set.BoolVar(&c.print, "print-config", false, "nothing")
	for i := range server.Settings {
		s := &server.Settings[i]
		given := &settingFlag{setting: s}
		c.given = append(c.given, given)
		if s.IsList() {
			f.set.Var(settingListFlag{given}, s.Name, s.Value)
		} else {
			f.set.Var(given, s.Name, s.Value)
		}
	}
	return f
}

// effective puts file, environment and flags together.
func (c *serveCommand) effective(a *app) (*server.Effective, error) {
	e := server.NewEffective()
	file := c.config
	if file == "" {
		file = a.getenv("DECONFLICT_CONFIG")
	}
	if file != "" {
		data, err := os.ReadFile(file)
		if err != nil {
			return nil, &inputError{fmt.Errorf("%s: %w", file, reason(err))}
		}
		if err := e.File(file, data); err != nil {
			return nil, &inputError{err}
		}
	}
	if err := e.Environment(a.getenv); err != nil {
		return nil, &inputError{err}
	}
	for _, f := range c.given {
		if f.values == nil {
			continue
		}
		if err := e.Flag(f.setting.Name, f.values); err != nil {
			return nil, usagef("serve", "--%s: %s", f.setting.Name, err)
		}
	}
	return e, nil
}

func runServe(a *app, args []string) (int, error) {
	var c serveCommand
	rest, err := c.flags().parse(args)
	if err != nil {
		return 0, err
	}
	if len(rest) > 0 {
		return 0, usagef("serve", "found %q; expected flags only", rest[0])
	}
	e, err := c.effective(a)
	if err != nil {
		return 0, err
	}
	if err := e.ForSite(); err != nil {
		return 0, usagef("serve", "%s", err)
	}
	if c.print {
		return exitClear, e.Print(a.stdout)
	}
	if err := e.Check(); err != nil {
		return 0, usagef("serve", "%s", err)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	// From then on a second signal does what it does to any process.
	context.AfterFunc(ctx, stop)
	return serve(ctx, a, &e.Config)
}

// serve runs a node until ctx ends.
func serve(ctx context.Context, a *app, config *server.Config) (int, error) {
	if config.InsecureDev {
		fmt.Fprint(a.stderr, insecureWarning)
	}
	options := server.Options{Version: versionText(), Log: server.NewLog(config, a.stderr, a.progress), Getenv: a.getenv}
	var here *site
	if config.Site != "" && config.BuiltinIssuer {
		var err error
		if here, err = newSite(config, options.Log); err != nil {
			return 0, &inputError{err}
		}
		options.Joined, options.Keeps = here.joined, here.keeps
	}
	node, err := server.New(ctx, *config, options)
	if err != nil {
		return 0, &inputError{err}
	}
	if here != nil {
		if err := here.open(ctx, a, node); err != nil {
			return 0, errors.Join(err, node.Close())
		}
	}
	fmt.Fprintf(a.stderr, "listening on %s\n", node.URL())
	if url := node.DebugURL(); url != "" {
		fmt.Fprintf(a.stderr, "metrics on %s/metrics\n", url)
	}
	if err := node.Run(ctx); err != nil {
		return 0, err
	}
	return exitClear, nil
}

const insecureWarning = `**********************************************************************
* INSECURE: --insecure-dev believes every identity that is claimed.  *
* Anybody on this machine can act as any party. Never use this node  *
* with real operators.                                               *
**********************************************************************
`
