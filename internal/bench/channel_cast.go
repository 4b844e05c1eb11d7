package bench

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rsa"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/deconflict/deconflict/internal/auth"
	"github.com/deconflict/deconflict/internal/channel"
	"github.com/deconflict/deconflict/internal/declared"
	"github.com/deconflict/deconflict/internal/party"
	"github.com/deconflict/deconflict/internal/registry"
	"github.com/deconflict/deconflict/internal/statement"
	"github.com/deconflict/deconflict/internal/terms"
)

// castPositions are those of every party.
var castPositions = [...]string{"watch", "desk"}

// player is a party that the generator plays.
type player struct {
	id      party.ID
	token   string
	officer ed25519.PrivateKey // of level watch
	chief   ed25519.PrivateKey // of level policy
}

// cast is all parties of a node, and how they speak to it.
type cast struct {
	opt     *ChannelOptions
	target  *url.URL
	origin  string // of the node's journal
	players []player
	rng     *keyStream
}

// keyStream gives the same keys and ids for the same seed.
type keyStream struct{ seed, n uint64 }

func (s *keyStream) key() ed25519.PrivateKey {
	s.n++
	seed := fmt.Appendf(nil, "%016x%016x", s.seed, s.n)
	return ed25519.NewKeyFromSeed(seed[:ed25519.SeedSize])
}

func newCast(opt *ChannelOptions, tokens *rsa.PrivateKey, target *url.URL, audience string) (*cast, error) {
	c := &cast{opt: opt, target: target, rng: &keyStream{seed: opt.Seed}}
	valid := time.Hour + 2*(opt.Duration+opt.Warmup)
	for i := range opt.Parties {
		p := player{id: party.ID(fmt.Sprintf("bench-party-%03d", i)), officer: c.rng.key(), chief: c.rng.key()}
		var err error
		if p.token, err = mint(tokens, string(p.id), auth.ScopeAct, audience, valid); err != nil {
			return nil, err
		}
		c.players = append(c.players, p)
	}
	return c, nil
}

// enrol has each party file its record and its roster.
func (c *cast) enrol() error {
	link := newClient(c.target)
	defer link.close()
	status, note, err := link.do("GET", "/log/checkpoint", "", nil)
	if err != nil || status != 200 {
		return errors.Join(err, fmt.Errorf("GET /log/checkpoint was answered %d, expected 200", status))
	}
	c.origin, _, _ = strings.Cut(string(note), "\n")
	for i := range c.players {
		p := &c.players[i]
		if err := c.must(link, p, "party.enrol", registry.Enrol{Party: p.record()}, p.chief); err != nil {
			return err
		}
		now := time.Now()
		for _, position := range castPositions {
			err := c.must(link, p, "party.roster", registry.Roster{Position: position, Watches: []registry.Watch{{
				Position: position, Person: "officer", Level: party.Watch,
				From: statement.Instant(now.UnixNano()), To: statement.Instant(now.Add(24 * time.Hour).UnixNano()),
			}}}, p.chief)
			if err != nil {
				return err
			}
		}
	}
	return nil
}

func (p *player) record() registry.Party {
	role := func(name string, level party.Level, key ed25519.PrivateKey) registry.Role {
		return registry.Role{Name: name, Level: level, Holders: []registry.Holder{
			{Person: name, Key: party.NewKey(key.Public().(ed25519.PublicKey))},
		}}
	}
	r := registry.Party{
		ID: p.id, Kind: registry.KindSignatory, Names: map[string]string{"en": string(p.id)}, Languages: []string{"en"},
		Roles:    []registry.Role{role("chief", party.Policy, p.chief), role("officer", party.Watch, p.officer)},
		Policies: map[string]registry.Policy{"party.change": {K: 1, Roles: []string{"chief"}}},
	}
	for _, name := range castPositions {
		r.Positions = append(r.Positions, registry.Position{
			Name: name, Level: party.Watch, Bearers: []registry.Bearer{{Name: "data", Kind: "data"}},
		})
	}
	return r
}

// must does an act that has to be taken.
func (c *cast) must(link *client, p *player, act string, body any, key ed25519.PrivateKey) error {
	text, err := c.statement(p, act, body, act+" "+c.nextID(), key)
	if err != nil {
		return err
	}
	status, answer, err := link.do("POST", actPath, p.token, text)
	if err != nil {
		return err
	}
	if status != 200 {
		return fmt.Errorf("%s of %s was answered %d, expected 200: %.300s", act, p.id, status, answer)
	}
	return nil
}

const actPath = "/v1/acts"

func (c *cast) nextID() string {
	c.rng.n++
	return fmt.Sprintf("%x-%d", c.rng.seed, c.rng.n)
}

// statement returns the body of a request that does an act; key nil: the node
// vouches for it.
func (c *cast) statement(p *player, act string, body any, id string, key ed25519.PrivateKey) ([]byte, error) {
	content, err := statement.Marshal(body)
	if err != nil {
		return nil, err
	}
	s := party.Statement{
		Act: act, At: statement.Instant(time.Now().UnixNano()), Body: content, ID: strings.ReplaceAll(id, " ", "-"), Node: c.origin, Party: p.id,
		Person: "officer", Role: "officer",
	}
	signatures := []party.Signature{}
	if key != nil {
		s.Person, s.Role = "", ""
	}
	text, err := statement.Marshal(s)
	if err != nil {
		return nil, err
	}
	if key != nil {
		signature, err := party.Sign(key, text)
		if err != nil {
			return nil, err
		}
		signatures = append(signatures, signature)
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false) // what is signed is sent byte for byte
	err = e.Encode(map[string]any{"statement": json.RawMessage(text), "signatures": signatures})
	return b.Bytes(), err
}

// mark is what a message is found by in an inbox: its kind and its number.
const (
	markPrefix  = "load-"
	markDigits  = 8
	markMessage = 'm'
	markStop    = 's'
)

func mark(kind byte, number int) string {
	return fmt.Sprintf("%s%c%0*d", markPrefix, kind, markDigits, number)
}

// message is a warning as a watch would send it.
func message(to party.ID, position string, number int) channel.Send {
	at := statement.Instant(time.Now().UnixNano())
	return channel.Send{
		To: channel.Address{Party: to, Position: position}, From: "watch", Type: channel.TypeWarn, Precedence: channel.Priority,
		Fields: []channel.Field{
			{Name: "position", Value: terms.Value{Position: &declared.Point{LatE9: 1_250_000_000 + int64(number), LngE9: 32_500_000_000}}},
			{Name: "time", Value: terms.Value{At: &at}},
		},
		Ref: mark(markMessage, number), Language: "en", Text: "Two aircraft closing on the valley from the north, lights on.",
	}
}

// stop is a STOP to all.
func stop(number int) channel.CallStop {
	return channel.CallStop{
		Where:  channel.Place{Point: &declared.Point{LatE9: 1_250_000_000, LngE9: 32_500_000_000}, RadiusMM: 5_000_000, Text: mark(markStop, number)},
		AtRisk: "people", Callback: "watch",
	}
}
