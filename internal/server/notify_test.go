package server

import (
	"context"
	"crypto/ed25519"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/deconflict/deconflict/client"
	"github.com/deconflict/deconflict/internal/declared"
	"github.com/deconflict/deconflict/internal/intent"
	"github.com/deconflict/deconflict/internal/notify"
	"github.com/deconflict/deconflict/internal/party"
	"github.com/deconflict/deconflict/internal/registry"
	"github.com/deconflict/deconflict/internal/statement"
)

// freeAddress returns an address that nothing listens on.
func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// Two USSs meet: one of them is a party that declares natively to this node, the
// other one speaks F3548-21. It subscribes, is told of the intent, finds it in
// the DSS, and reads its details at the URL that the DSS names. The party's hook
// gets what the node decided, signed by the key of the node.
func TestANativeIntentIsToldToOthers(t *testing.T) {
	c := config(t.TempDir())
	c.Listen, c.DebugListen = freeAddress(t), "127.0.0.1:0"
	n := start(t, c)
	heard := make(chan string, 100)
	hear := func() string {
		t.Helper()
		select {
		case text := <-heard:
			return text
		case <-time.After(30 * time.Second):
			t.Fatalf("nothing came within 30 s; the node said\n%s", n.log)
			return ""
		}
	}
	key := ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize))
	end := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		if r.URL.Path == "/hook" {
			public := nodeKeyOf(t, c.Data)
			if !notify.VerifyHook(public, body, r.Header.Get(notify.HookHeader)) {
				t.Error("the hook's signature is not the node's")
			}
		}
		heard <- r.URL.Path + " " + string(body)
		w.WriteHeader(http.StatusNoContent)
	}))
	defer end.Close()

	status, body := n.do("PUT", "/dss/v1/subscriptions/11111111-1111-4111-8111-000000000001", "uss-bravo", `{"uss_base_url":"`+end.URL+`/uss-bravo",
		"notify_for_operational_intents":true,"extents":{"volume":{"outline_circle":{
		"center":{"lat":47.4,"lng":8.5},"radius":{"value":1000,"units":"M"}}}}}`)
	if status != http.StatusOK {
		t.Fatal(status, body)
	}
	ridgeline := &client.Client{
		BaseURL: n.URL(), Party: "ridgeline", Origin: c.Origin,
		Token: func(context.Context) (string, error) { return "dev:ridgeline:deconflict.act", nil },
	}
	act := func(name string, body any) *client.Taken {
		t.Helper()
		taken, err := ridgeline.Act(t.Context(), name, body, key)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		return taken
	}
	act("party.enrol", registry.Enrol{Party: registry.Party{
		ID: "ridgeline", Kind: registry.KindThird, Names: map[string]string{"en": "Ridgeline"},
		Roles: []registry.Role{{Name: "pilot", Level: party.Policy, Holders: []registry.Holder{
			{Person: "p1", Key: party.NewKey(key.Public().(ed25519.PublicKey))},
		}}},
		Policies:  map[string]registry.Policy{"party.change": {K: 1, Roles: []string{"pilot"}}},
		Positions: []registry.Position{{Name: "watch", Level: party.Watch, Bearers: []registry.Bearer{{Name: "data", Kind: "data"}}}},
	}})
	act("party.hook", registry.Hook{Position: "all", URL: end.URL + "/hook"})
	altitude := func(mm int64) *declared.Altitude { return &declared.Altitude{MM: mm, Reference: "W84"} }
	now := time.Now()
	act("intent.declare", intent.Declare{Plan: intent.Plan{
		AircraftKind: "unmanned", Priority: intent.Priority{Rank: "routine"}, Contact: intent.Contact{Position: "watch"},
		Position: intent.PositionBasis{Method: "gnss", Datum: "WGS84", ErrorMM: 3000}, Time: intent.TimeBasis{Source: "gnss", ErrorNS: 1e9},
		Shape: declared.Shape{Volumes: []declared.Volume{{
			Footprint: declared.Footprint{Circle: &declared.Circle{Centre: declared.Point{LatE9: 47_400_000_000, LngE9: 8_500_000_000}, RadiusMM: 200_000}},
			Lower:     altitude(520_000), Upper: altitude(580_000), HErrorMM: 3000, TErrorNS: 1e9,
			Start: statement.Instant(now.Add(time.Minute).UnixNano()), End: statement.Instant(now.Add(time.Hour).UnixNano()),
		}}},
	}})

	var notice struct {
		ID     string `json:"operational_intent_id"`
		Intent struct {
			Reference struct {
				URL string `json:"uss_base_url"`
				OVN string `json:"ovn"`
			} `json:"reference"`
		} `json:"operational_intent"`
	}
	for hook, told := false, false; !hook || !told; {
		path, text, _ := strings.Cut(hear(), " ")
		switch path {
		case "/hook":
			hook = hook || strings.Contains(text, `"type":"intent.decided"`)
		case "/uss-bravo/uss/v1/operational_intents":
			told = true
			if err := json.Unmarshal([]byte(text), &notice); err != nil {
				t.Fatal(err)
			}
		default:
			t.Errorf("found a request of %s", path)
		}
	}
	if status, body = n.do("GET", "/dss/v1/operational_intent_references/"+notice.ID, "uss-bravo", ""); status != 200 || !strings.Contains(body, `"`+notice.Intent.Reference.URL+`"`) {
		t.Errorf("the DSS says %d %s", status, body)
	}
	if notice.Intent.Reference.URL != n.URL() {
		t.Errorf("details are said to be at %s, expected %s", notice.Intent.Reference.URL, n.URL())
	}
	if status, body = n.do("GET", "/uss/v1/operational_intents/"+notice.ID, "uss-bravo", ""); status != 200 || !strings.Contains(body, `"ovn":"`+notice.Intent.Reference.OVN+`"`) {
		t.Errorf("the details are %d %s", status, body)
	}
	if err := n.stop(); err != nil {
		t.Error(err)
	}
}

// nodeKeyOf returns the public key of a node.
func nodeKeyOf(t *testing.T, dir string) ed25519.PublicKey {
	t.Helper()
	key, err := nodeKey(dir, quiet())
	if err != nil {
		t.Fatal(err)
	}
	return key.Public().(ed25519.PublicKey)
}

// Where tokens for others come from follows the settings.
func TestTokensForOthers(t *testing.T) {
	secret := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(secret, []byte("s3cret\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	asked := make(chan string, 10)
	issuer := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		id, password, _ := r.BasicAuth()
		asked <- id + " " + password + " " + r.FormValue("grant_type") + " " + r.FormValue("audience") + " " + r.FormValue("scope")
		_, _ = io.WriteString(w, `{"access_token":"token-1","token_type":"Bearer","expires_in":3600}`)
	}))
	defer issuer.Close()
	c := config(t.TempDir())
	c.USSTokenURL, c.USSClientID, c.USSClientSecretFile = issuer.URL, "node 1", secret
	n := start(t, c)
	tokens, err := n.ussTokens()
	if err != nil {
		t.Fatal(err)
	}
	for range 2 { // the second time it is known
		if token, err := tokens.Token(t.Context(), "ridgeline", "uss.example"); token != "token-1" || err != nil {
			t.Errorf("found the token %q, %v", token, err)
		}
	}
	if got := <-asked; got != "node+1 s3cret client_credentials uss.example utm.strategic_coordination" || len(asked) != 0 {
		t.Errorf("the issuer was asked %q, and %d times more", got, len(asked))
	}
	for _, change := range []func(*Config){
		func(c *Config) { c.USSTokenURL = "" }, func(c *Config) { c.USSClientID = "" },
		func(c *Config) { c.USSClientSecretFile = "" }, func(c *Config) { c.USSTokenURL = "issuer.example" },
	} {
		bad := c
		change(&bad)
		if err := bad.check(func(string) string { return "" }); err == nil {
			t.Errorf("%+v is taken", bad)
		}
	}
	bare := config(t.TempDir())
	bare.InsecureDev, bare.BuiltinIssuer = false, true
	own, err := start(t, bare).ussTokens()
	if err != nil {
		t.Fatal(err)
	}
	if token, err := own.Token(t.Context(), "ridgeline", "uss.example"); len(strings.Split(token, ".")) != 3 || err != nil {
		t.Errorf("found the token %q, %v", token, err)
	}
}
