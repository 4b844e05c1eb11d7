package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/deconflict/deconflict/internal/auth"
	"github.com/deconflict/deconflict/internal/party"
	"github.com/deconflict/deconflict/internal/server"
	"github.com/deconflict/deconflict/internal/sim"
	"github.com/deconflict/deconflict/internal/web"
)

// demoNode is the node of a demo, in this process.
type demoNode struct {
	sim.Node
	server *server.Server
	end    func()
}

// node starts a node whose time begins at clock and is then set by the play; an
// empty clock is the real one.
func (d *demo) node(ctx context.Context, clock string, traffic *sim.Traffic) (*demoNode, error) {
	c := server.DefaultConfig()
	c.Data, c.Listen, c.BuiltinIssuer, c.Clock = filepath.Join(d.dir, "node"), d.listen, true, clock
	if clock != "" {
		c.DebugListen = "127.0.0.1:0"
	}
	c.Basemap = d.basemap
	c.PartyRate, c.PartyBurst = 1e5, 100_000
	srv, err := server.New(ctx, c, server.Options{
		Version: versionText(), Log: slog.New(slog.NewTextHandler(io.Discard, nil)), Tracks: traffic.Tracks,
	})
	if err != nil {
		return nil, &inputError{err}
	}
	running, stop := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = srv.Run(running) // a failure is seen by the play, whose requests then fail
	}()
	node := &demoNode{server: srv, end: func() {
		stop()
		<-ended
	}}
	issuer, err := auth.NewIssuer(filepath.Join(c.Data, "keys", "issuer.key"), auth.IssuerName)
	if err != nil {
		node.end()
		return nil, err
	}
	node.Node = sim.Node{URL: srv.URL(), Debug: srv.DebugURL(), Token: func(id party.ID, role, person string) (string, error) {
		return issuer.MintAs(id, auth.Standing{Role: role, Person: person}, "localhost", auth.Scopes, 24*time.Hour)
	}}
	if d.part != "" {
		if err := d.profile(srv.URL(), node.Token); err != nil {
			node.end()
			return nil, err
		}
	}
	return node, nil
}

// links prints where the map is: some parties beside each other, and a link for
// each of all. Who opens one looks as the watch of its party.
func (n *demoNode) links(a *app, beside, all []party.ID) error {
	base, err := url.Parse(n.URL)
	if err != nil {
		return err
	}
	codes := func(ids []party.ID) ([]string, error) {
		list := make([]string, len(ids))
		for i, id := range ids {
			scopes := slices.DeleteFunc(slices.Clone(auth.Scopes), func(scope string) bool { return scope == auth.ScopeAdmin })
			as := auth.Standing{Role: "watch", Person: string(id) + "-watch"}
			var err error
			if list[i], err = n.server.Invite(id, as, scopes, auth.MaxInvitationLife); err != nil {
				return nil, err
			}
		}
		return list, nil
	}
	if !web.Built() {
		fmt.Fprintln(a.stdout, "This program was built without the map: 'make map build' makes one that has it.")
	}
	if len(beside) > 1 {
		pair, err := codes(beside)
		if err != nil {
			return err
		}
		seats, fragment := make([]string, len(beside)), make([]string, len(beside))
		for i, id := range beside {
			seats[i], fragment[i] = string(id), string(id)+"="+pair[i]
		}
		fmt.Fprintf(a.stdout, "\nThe map, %s side by side:\n  %s/?side=%s#%s\n", strings.Join(seats, " and "), base, strings.Join(seats, ","), strings.Join(fragment, "&"))
	}
	own, err := codes(all)
	if err != nil {
		return err
	}
	fmt.Fprintln(a.stdout, "The map as one party sees it; each link opens once, and its browser then stays signed in:")
	for i, id := range all {
		fmt.Fprintf(a.stdout, "  %-10s %s/?seat=%s#join=%s\n", id, base, id, own[i])
	}
	return nil
}

// stay keeps the node up until the demo is interrupted.
func (d *demo) stay(ctx context.Context, a *app) {
	if !d.shown {
		return
	}
	fmt.Fprintln(a.stdout, "The node stays until Ctrl-C.")
	<-ctx.Done()
}

// fill runs a node with a crowd on it.
func (d *demo) fill(ctx context.Context, a *app) (int, error) {
	node, err := d.node(ctx, "", d.crowd.Traffic())
	if err != nil {
		return 0, err
	}
	defer node.end()
	begun := time.Now()
	line := progressLine{a: a, what: "declaring flights"}
	var many atomic.Int64
	ticker := time.NewTicker(200 * time.Millisecond)
	defer ticker.Stop()
	filled := make(chan error, 1)
	go func() {
		filled <- d.crowd.Fill(ctx, node.Node, func(n int) { many.Store(int64(n)) })
	}()
	for waiting := true; waiting; {
		select {
		case err = <-filled:
			waiting = false
		case <-ticker.C:
			line.show(float64(many.Load()) / float64(d.crowd.Intents))
		}
	}
	line.clear()
	switch {
	case ctx.Err() != nil:
		return exitUnusable, nil
	case err != nil:
		return 0, err
	}
	took := time.Since(begun)
	fmt.Fprintf(a.stdout, "%d flights of %d parties declared in %.1f s, %.0f a second; %d craft move\n",
		d.crowd.Intents, len(d.crowd.Parties()), took.Seconds(), float64(d.crowd.Intents)/took.Seconds(), d.crowd.Craft)
	if d.shown {
		if err := node.links(a, nil, []party.ID{d.crowd.Viewer()}); err != nil {
			return 0, err
		}
	}
	d.stay(ctx, a)
	return exitClear, nil
}
