package main

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"errors"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"path/filepath"
	"time"

	"github.com/deconflict/deconflict/client"
	"github.com/deconflict/deconflict/internal/auth"
	"github.com/deconflict/deconflict/internal/party"
	"github.com/deconflict/deconflict/internal/registry"
	"github.com/deconflict/deconflict/internal/release"
	"github.com/deconflict/deconflict/internal/statement"
)

// Records of a site: its own party serves all who fly there; who joins operates
// there without an agreement. Both may declare, speak and be told.
const (
	siteKind   = registry.KindService
	joinedKind = registry.KindThird

	chiefRole   = "chief"
	firstPerson = "first" // an alias of who started the site, or joined first
)

// joined enrols the party of who signed in by a code, if it is new. What keeps
// it from that is logged: the person is in, and may enrol it by hand.
func (s *site) joined(ctx context.Context, id auth.Identity) {
	if err := s.enrol(ctx, id.Party, joinedKind); err != nil {
		s.log.Error("a party that joined could not be enrolled", "party", id.Party, "error", err)
	}
}

// enrol gives a party that has none a record, with keys that the node keeps, a
// roster of one person, and its flights shown to all who fly here.
func (s *site) enrol(ctx context.Context, id party.ID, kind registry.Kind) error {
	by, err := s.client(ctx, id)
	if err != nil {
		return err
	}
	var known *client.Problem
	err = by.Get(ctx, "/v1/parties/"+url.PathEscape(string(id)), &struct{}{})
	if err == nil {
		return nil
	}
	if !errors.As(err, &known) || known.Status != http.StatusNotFound {
		return err
	}
	file := s.keyFile(id)
	key, err := client.GenerateKey(file)
	if errors.Is(err, fs.ErrExist) {
		key, err = client.LoadKey(file)
	}
	if err != nil {
		return err
	}
	now := time.Now()
	acts := []struct {
		act  string
		body any
	}{{"party.enrol", registry.Enrol{Party: siteRecord(id, kind, key)}}, {"release.set", shownToAll()}}
	for position, level := range map[string]party.Level{"watch": party.Watch, "duty": party.Duty} {
		acts = append(acts, struct {
			act  string
			body any
		}{"party.roster", registry.Roster{Position: position, Watches: []registry.Watch{{
			Position: position, Person: firstPerson, Level: level, Languages: []string{"en"},
			From: statement.Instant(now.UnixNano()), To: statement.Instant(now.Add(rosterDays * 24 * time.Hour).UnixNano()),
		}}}})
	}
	for _, a := range acts {
		if _, err := by.Act(ctx, a.act, a.body, key); err != nil {
			return err
		}
	}
	s.log.Info("enrolled", "party", id, "kind", kind, "keys", file)
	return nil
}

func (s *site) keyFile(id party.ID) string {
	return filepath.Join(s.config.Data, "keys", "party-"+url.PathEscape(string(id))+".key")
}

// keeps returns the key that the node made for a party; empty if it did not.
func (s *site) keeps(id party.ID) party.Key {
	key, err := client.LoadKey(s.keyFile(id))
	if err != nil {
		return ""
	}
	return party.Key(client.PublicKey(key))
}

// rosterDays is for how many days the first roster of a party is.
const rosterDays = 30

func siteRecord(id party.ID, kind registry.Kind, key ed25519.PrivateKey) registry.Party {
	role := func(name string, level party.Level) registry.Role {
		return registry.Role{Name: name, Level: level, Holders: []registry.Holder{{Person: firstPerson, Key: party.Key(client.PublicKey(key))}}}
	}
	position := func(name string, level party.Level) registry.Position {
		return registry.Position{Name: name, Level: level, Bearers: []registry.Bearer{{Name: "data", Kind: "data"}}}
	}
	return registry.Party{
		ID: id, Kind: kind, Names: map[string]string{"en": string(id)}, Languages: []string{"en"},
		Roles:     []registry.Role{role(chiefRole, party.Policy), role("duty", party.Duty), role("watch", party.Watch)},
		Policies:  map[string]registry.Policy{"party.change": {K: 1, Roles: []string{chiefRole}}},
		Positions: []registry.Position{position("watch", party.Watch), position("duty", party.Duty)},
	}
}

// shownToAll releases a party's flights to all who operate, exactly: on a site
// everybody sees everybody, until a party says otherwise.
func shownToAll() release.Set {
	set := release.Set{Purpose: release.Purpose}
	for _, kind := range []registry.Kind{registry.KindService, registry.KindThird, registry.KindSignatory, registry.KindMember, registry.KindNotifier} {
		set.Rows = append(set.Rows, release.Row{
			To: release.Recipient{Kind: string(kind)}, Shown: true,
			Groups: []string{
				release.Alias, release.Contact, release.Crossing, release.Kind, release.OffNominal, release.Priority, release.Reference, release.VolumesExact,
			},
			States: []string{release.StateProposed, release.StateAccepted, release.StateActivated, release.StateOffNominal, release.StateEnded},
		})
	}
	return set
}

// client speaks for a party to the node in this process.
func (s *site) client(ctx context.Context, id party.ID) (*client.Client, error) {
	token, err := s.issuer.MintAs(id, auth.Standing{}, s.config.Audience[0], auth.Scopes, time.Hour)
	if err != nil {
		return nil, err
	}
	by := &client.Client{
		BaseURL: "http://localhost", Party: string(id), HTTP: &http.Client{Transport: inProcess{s.node.Handler()}},
		Token: func(context.Context) (string, error) { return token, nil },
	}
	by.Origin, err = by.ReadOrigin(ctx)
	return by, err
}

// inProcess carries requests to a handler in this process.
type inProcess struct{ to http.Handler }

// RoundTrip implements http.RoundTripper.
func (w inProcess) RoundTrip(r *http.Request) (*http.Response, error) {
	asked := r.Clone(r.Context())
	asked.RemoteAddr, asked.Host, asked.RequestURI = "127.0.0.1:0", r.URL.Host, r.URL.RequestURI()
	if asked.Body == nil {
		asked.Body = http.NoBody
	}
	answer := &written{header: http.Header{}, status: http.StatusOK}
	w.to.ServeHTTP(answer, asked)
	return &http.Response{
		Status: http.StatusText(answer.status), StatusCode: answer.status, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: answer.header, Body: io.NopCloser(bytes.NewReader(answer.body.Bytes())), ContentLength: int64(answer.body.Len()), Request: r,
	}, nil
}

// written is an answer that is kept.
type written struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (w *written) Header() http.Header         { return w.header }
func (w *written) WriteHeader(status int)      { w.status = status }
func (w *written) Write(p []byte) (int, error) { return w.body.Write(p) }
