package auth

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/deconflict/deconflict/internal/party"
)

func TestClientsComeAndGo(t *testing.T) {
	path := filepath.Join(t.TempDir(), "clients.json")
	node, command := OpenClients(path), OpenClients(path)
	if list, err := node.List(); err != nil || len(list) != 0 {
		t.Errorf("no file: %v, %v", list, err)
	}
	secrets := map[party.ID]string{}
	for _, id := range []party.ID{"uss2", "urn:uss:1", "uss1"} {
		secret, err := command.Add(id, Standing{}, []string{"b", "a", "b"}, noon)
		if err != nil {
			t.Fatal(err)
		}
		secrets[id] = secret
		// The node sees it at once.
		if c, err := node.Authenticate(string(id), secret); err != nil || c.ID != id || strings.Join(c.Scopes, " ") != "a b" || !c.Created.Equal(noon) {
			t.Errorf("%s: %+v, %v", id, c, err)
		}
	}
	for id, secret := range secrets {
		for other, wrong := range map[string]string{"": secret, string(id) + "x": secret, string(id): secret + "0"} {
			if _, err := node.Authenticate(other, wrong); !errors.Is(err, ErrClient) {
				t.Errorf("%q with %q: %v", other, wrong, err)
			}
		}
		for other, theirs := range secrets {
			if _, err := node.Authenticate(string(id), theirs); (err == nil) != (id == other) {
				t.Errorf("%s with the secret of %s: %v", id, other, err)
			}
		}
	}
	if err := command.Remove("uss1"); err != nil {
		t.Fatal(err)
	}
	if _, err := node.Authenticate("uss1", secrets["uss1"]); !errors.Is(err, ErrClient) {
		t.Errorf("removed: %v", err)
	}
	list, err := node.List()
	if err != nil || len(list) != 2 || list[0].ID != "urn:uss:1" || list[1].ID != "uss2" {
		t.Errorf("%v, %v", list, err)
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if _, err := node.Authenticate("uss2", secrets["uss2"]); !errors.Is(err, ErrClient) {
		t.Errorf("file removed: %v", err)
	}
}

func TestSecretsAreNotStored(t *testing.T) {
	path := filepath.Join(t.TempDir(), "clients.json")
	clients := OpenClients(path)
	a, errA := clients.Add("uss1", Standing{}, []string{"a"}, noon)
	b, errB := clients.Add("uss2", Standing{}, []string{"a"}, noon)
	if errA != nil || errB != nil || a == b || len(a) != 64 {
		t.Fatalf("%q, %v, %q, %v", a, errA, b, errB)
	}
	data := must(os.ReadFile(path))
	if bytes.Contains(data, []byte(a)) || bytes.Contains(data, must(hex.DecodeString(a))) {
		t.Error("the file holds the secret")
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
}

func TestClientsAreChecked(t *testing.T) {
	clients := OpenClients(filepath.Join(t.TempDir(), "clients.json"))
	for name, add := range map[string]func() (string, error){
		"no name":        func() (string, error) { return clients.Add("", Standing{}, []string{"a"}, noon) },
		"name in words":  func() (string, error) { return clients.Add("two words", Standing{}, []string{"a"}, noon) },
		"no scope":       func() (string, error) { return clients.Add("uss1", Standing{}, nil, noon) },
		"scope misspelt": func() (string, error) { return clients.Add("uss1", Standing{}, []string{"a b"}, noon) },
		"too many scopes": func() (string, error) {
			return clients.Add("uss1", Standing{}, []string{strings.Repeat("s", maxClientsBytes)}, noon)
		},
	} {
		if secret, err := add(); err == nil || secret != "" {
			t.Errorf("%s: accepted", name)
		}
	}
	if _, err := os.Stat(clients.path); err == nil {
		t.Error("a refused client left a file")
	}
	if entries := must(os.ReadDir(filepath.Dir(clients.path))); len(entries) != 0 {
		t.Errorf("found %v, expected nothing", entries)
	}
}

const goodClient = `{"id":"uss1","scopes":["a"],"salt":"AAAAAAAAAAAAAAAAAAAAAA==","hash":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=","created":"2031-05-14T12:00:00Z"}`

func TestClientFileIsReadStrictly(t *testing.T) {
	file := func(clients ...string) string { return `{"version":1,"clients":[` + strings.Join(clients, ",") + `]}` }
	if list, err := parseClients([]byte(file(goodClient))); err != nil || len(list) != 1 {
		t.Fatalf("%v, %v", list, err)
	}
	for name, c := range map[string]struct{ file, want string }{
		"empty":          {"", "EOF"},
		"not JSON":       {"[clients]", "invalid character"},
		"later version":  {`{"version":2,"clients":[]}`, "found version 2, expected 1"},
		"no version":     {`{"clients":[]}`, "found version 0, expected 1"},
		"two objects":    {file() + "{}", "found text after the JSON object"},
		"unknown member": {file(strings.Replace(goodClient, `"id"`, `"admin":true,"id"`, 1)), `unknown field "admin"`},
		"bad id":         {file(strings.Replace(goodClient, "uss1", "uss 1", 1)), `client 1: found the name "uss 1"`},
		"no scope":       {file(strings.Replace(goodClient, `["a"]`, `[]`, 1)), "client 1: found no scope"},
		"bad scope":      {file(strings.Replace(goodClient, `["a"]`, `["a",""]`, 1)), `found the scope ""`},
		"no salt":        {file(strings.Replace(goodClient, `"salt":"AAAAAAAAAAAAAAAAAAAAAA=="`, `"salt":""`, 1)), "a salt of 0 and a hash of 32 bytes"},
		"twice":          {file(goodClient, goodClient), "found the client uss1 twice"},
	} {
		if list, err := parseClients([]byte(c.file)); err == nil || !strings.Contains(err.Error(), c.want) || list != nil {
			t.Errorf("%s: %v, %v, want %q", name, list, err, c.want)
		}
	}
}

// Changes at the same time are either made or refused, and none is lost.
func TestConcurrentChangesAreNotLost(t *testing.T) {
	path := filepath.Join(t.TempDir(), "clients.json")
	var mu sync.Mutex
	made := map[party.ID]string{}
	var wg sync.WaitGroup
	for i := range 16 {
		wg.Go(func() {
			id := party.ID(fmt.Sprintf("uss%d", i))
			secret, err := OpenClients(path).Add(id, Standing{}, []string{"a"}, noon)
			switch {
			case err == nil:
				mu.Lock()
				made[id] = secret
				mu.Unlock()
			case !strings.Contains(err.Error(), "another change is under way"):
				t.Error(err)
			}
		})
	}
	wg.Wait()
	clients := OpenClients(path)
	list, err := clients.List()
	if err != nil || len(list) != len(made) || len(made) == 0 {
		t.Errorf("found %d clients, expected %d: %v", len(list), len(made), err)
	}
	for id, secret := range made {
		if _, err := clients.Authenticate(string(id), secret); err != nil {
			t.Errorf("%s: %v", id, err)
		}
	}
}
