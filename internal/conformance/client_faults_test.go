package conformance

import (
	"net/http"
	"testing"
)

// What is checked of every answer must be able to fail.
func TestFaultsOfAnswersAreFound(t *testing.T) {
	s := &suite{schemas: mustSchemas(t, true)}
	const unknown = intentsPath + "/2f8343be-6482-4d1b-a474-16847e01af1e"
	good := func() *answer {
		return &answer{status: 401, body: []byte(`{"message":"no"}`), header: http.Header{
			"Content-Type": {"application/json"}, "Www-Authenticate": {"Bearer"},
		}}
	}
	if list := s.faults(good(), "GET", unknown); len(list) > 0 {
		t.Fatal("a good answer is refused:", list)
	}
	for what, change := range map[string]func(a *answer){
		"redirect":      func(a *answer) { a.status = 301 },
		"failure":       func(a *answer) { a.status = 500 },
		"text":          func(a *answer) { a.header.Set("Content-Type", "text/plain") },
		"problem":       func(a *answer) { a.header.Set("Content-Type", "application/problem+json") },
		"no body":       func(a *answer) { a.body = nil },
		"no JSON":       func(a *answer) { a.body = []byte("no") },
		"no object":     func(a *answer) { a.body = []byte(`"no"`) },
		"no message":    func(a *answer) { a.body = []byte(`{}`) },
		"empty message": func(a *answer) { a.body = []byte(`{"message":""}`) },
		"no challenge":  func(a *answer) { a.header.Del("WWW-Authenticate") },
		"wrong schema":  func(a *answer) { a.status = 200 },
	} {
		a := good()
		change(a)
		if len(s.faults(a, "GET", unknown)) == 0 {
			t.Errorf("%s: no fault found", what)
		}
	}
}

func TestLeaksAreFound(t *testing.T) {
	secrets := []secret{{"ovn-of-alder", "uss-alder", "the OVN"}}
	body := []byte(`{"message":"not ovn-of-alder"}`)
	for _, c := range []struct {
		party, sent string
		leaks       int
	}{{"uss-birch", "", 1}, {"uss-alder", "", 0}, {"uss-birch", "/x/ovn-of-alder", 0}, {"nobody", "", 1}} {
		if list := leaks(secrets, c.party, c.sent, body); len(list) != c.leaks {
			t.Errorf("%s, who sent %q: found %v", c.party, c.sent, list)
		}
	}
}

func TestOperationOf(t *testing.T) {
	for _, c := range []struct{ method, path, name string }{
		{"PUT", intentsPath + "/x", "create intent"},
		{"PUT", intentsPath + "/x/y", "update intent"},
		{"PUT", intentsPath + "/x/", ""},
		{"PUT", intentsPath + "/", ""},
		{"POST", intentsPath + "/query", "query intents"},
		{"GET", intentsPath + "/query", ""},
		{"GET", "/versions/dss", "version"},
		{"PATCH", reportsPath, ""},
	} {
		name := ""
		if o := operationOf(c.method, c.path); o != nil {
			name = o.name
		}
		if name != c.name {
			t.Errorf("%s %s: found %q, expected %q", c.method, c.path, name, c.name)
		}
	}
}
