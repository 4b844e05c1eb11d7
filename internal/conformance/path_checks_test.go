package conformance

import (
	"io"
	"net/http"
	"net/http/httptrace"
	"strings"
)

var pathChecks = []check{
	{ids: "rule/empty-elements oir/paths", what: "an empty OVN of an intent", run: emptyIntentOVN},
	{ids: "rule/empty-elements cr/crud", what: "an empty OVN of a constraint", run: emptyConstraintOVN},
	{ids: "rule/empty-elements sub/paths", what: "an empty version of a subscription", run: emptyVersion},
	{ids: "rule/empty-elements http", what: "odd paths are never redirected", run: oddPaths},
	{ids: "rule/unknown DSS0005,1 DSS0005,3 DSS0005,5", what: "unknown ids", run: unknownIDs},
	{ids: "http rule/errors", what: "unknown paths", run: unknownPaths},
	{ids: "http rule/errors", what: "methods that a path does not have", run: wrongMethods},
	{ids: "rule/connections", what: "a connection is used again, after refusals too", run: connectionsAreKept},
	{ids: "DSS0300", what: "reachable by host name", run: reachable},
}

func emptyIntentOVN(p *probe) {
	alder := p.uss("uss-alder")
	made := alder.putIntent(newID(), "", alder.intent(here)).reference
	fresh := newID()
	for _, id := range []string{made.ID, fresh} {
		alder.do("PUT", intentsPath+"/"+id+"/", alder.intent(here.move(0, 2000)), 400, 404, 409)
		alder.do("DELETE", intentsPath+"/"+id+"/", nil, 400, 404, 409)
	}
	alder.sameIntent(made)
	alder.noIntent(fresh)
}

func emptyConstraintOVN(p *probe) {
	alder := p.uss("uss-alder", scopeManagement)
	made := alder.putConstraint(newID(), "", alder.constraint(here)).reference
	fresh := newID()
	for _, id := range []string{made.ID, fresh} {
		alder.do("PUT", constraintsPath+"/"+id+"/", alder.constraint(here.move(0, 2000)), 400, 404, 409)
		alder.do("DELETE", constraintsPath+"/"+id+"/", nil, 400, 404, 409)
	}
	p.equal("constraint", alder.getConstraint(made.ID), made)
	alder.do("GET", constraintsPath+"/"+fresh, nil, 404)
}

func emptyVersion(p *probe) {
	alder := p.uss("uss-alder")
	made := alder.subscribe(here).subscription
	fresh := newID()
	for _, id := range []string{made.ID, fresh} {
		alder.do("DELETE", subscriptionsPath+"/"+id+"/", nil, 400)
		alder.do("PUT", subscriptionsPath+"/"+id+"/", alder.watch(here.move(0, 2000)), 400, 409)
	}
	alder.sameSubscription(made)
	alder.noSubscription(fresh)
}

func oddPaths(p *probe) {
	alder := p.uss("uss-alder", allScopes...)
	made := alder.putIntent(newID(), "", alder.intent(here)).reference
	for _, path := range []string{
		intentsPath + "/", intentsPath + "//", intentsPath + "//" + made.OVN,
		intentsPath + "/" + made.ID + "//", intentsPath + "/" + made.ID + "/" + made.OVN + "/",
		"/dss/v1//operational_intent_references/" + made.ID, "//dss/v1/operational_intent_references/" + made.ID,
		"/dss/v1/./operational_intent_references/" + made.ID + "/" + made.OVN,
		"/dss/v1/../v1/operational_intent_references/" + made.ID + "/" + made.OVN,
		intentsPath + "/" + made.ID + "/..", intentsPath + "/%2e%2e/" + made.OVN,
		"/dss/v1/operational_intent_references%2F" + made.ID + "/" + made.OVN,
		constraintsPath + "/", subscriptionsPath + "/", subscriptionsPath + "//x",
		availabilityPath + "/", reportsPath + "/", "/aux/v1/pool/", "/versions/", "/versions//dss",
	} {
		for _, method := range []string{"PUT", "DELETE", "GET"} {
			p.each(method+" "+strings.NewReplacer(made.ID, "ID", made.OVN, "OVN").Replace(path), func(p *probe) {
				var body any
				if method == "PUT" {
					body = alder.intent(here.move(0, 2000))
				}
				alder.in(p).do(method, path, body, 400, 404, 405, 409)
			})
		}
	}
	alder.sameIntent(made)
}

func unknownIDs(p *probe) {
	alder := p.uss("uss-alder", scopeStrategic, scopeManagement)
	ovn := strings.Repeat("x", 20)
	for _, path := range []string{intentsPath, constraintsPath, subscriptionsPath} {
		alder.do("GET", path+"/"+newID(), nil, 404)
		alder.do("DELETE", path+"/"+newID()+"/"+ovn, nil, 404)
		for _, bad := range []string{
			"x", "2f8343be-6482-1d1b-a474-16847e01af1e", "2f8343be-6482-4d1b-c474-16847e01af1e",
			"2f8343be64824d1ba47416847e01af1e", "%7B2f8343be-6482-4d1b-a474-16847e01af1e%7D", "2f8343be-6482-4d1b-a474-16847e01af1e%00",
		} {
			p.each(path+" "+bad, func(p *probe) {
				alder := alder.in(p)
				bodies := map[string]any{
					intentsPath: alder.intent(here), constraintsPath: alder.constraint(here), subscriptionsPath: alder.watch(here),
				}
				alder.do("GET", path+"/"+bad, nil, 400, 404)
				alder.do("PUT", path+"/"+bad, bodies[path], 400)
				alder.do("DELETE", path+"/"+bad+"/"+ovn, nil, 400, 404)
			})
		}
	}
	alder.putIntent(newID(), ovn, alder.intent(here), 400, 404, 409)
	alder.putConstraint(newID(), ovn, alder.constraint(here), 400, 404, 409)
	alder.putSubscription(newID(), ovn, alder.watch(here), 400, 404, 409)
	p.equal("what the updates made", alder.queryIntents(p.volume(here)), []string{})
	p.equal("what the updates made", alder.queryConstraints(p.volume(here)), []string{})
	p.equal("what the updates made", alder.querySubscriptions(p.volume(here)), []string{})
}

func unknownPaths(p *probe) {
	alder := p.uss("uss-alder", allScopes...)
	for _, path := range []string{
		"/dss", "/dss/", "/dss/v1", "/dss/v1/", "/dss/v1/nothing", "/dss/v2/operational_intent_references/" + newID(),
		intentsPath, intentsPath + "/" + newID() + "/x/y", "/dss/v1/Operational_intent_references/" + newID(),
		"/aux/v1/nothing", "/versions/dss/more",
	} {
		alder.do("GET", path, nil, 404, 405)
		p.send(0, "GET", path, "", "nobody", nil, 401, 404, 405)
	}
}

func wrongMethods(p *probe) {
	alder := p.uss("uss-alder", allScopes...)
	for i := range operations {
		o := &operations[i]
		path := strings.NewReplacer("{id}", newID(), "{ovn}", "x", "{version}", "x", "{uss}", "x", "{system}", "dss").Replace(o.path)
		for _, method := range []string{"GET", "PUT", "POST", "DELETE", "PATCH"} {
			if operationOf(method, path) != nil || strings.HasSuffix(path, "/query") && method != "PATCH" {
				continue
			}
			p.each(method+" "+o.path, func(p *probe) {
				a := alder.in(p).do(method, path, nil, 405)
				if allow := a.header.Get("Allow"); !strings.Contains(allow, o.method) {
					p.Errorf("found Allow: %q, expected it to name %s", allow, o.method)
				}
			})
		}
	}
}

func connectionsAreKept(p *probe) {
	token := "Bearer " + p.s.token(p.T, claims{})
	reused := func(method, path string, body string) (again bool, status int) {
		ctx := httptrace.WithClientTrace(p.Context(), &httptrace.ClientTrace{
			GotConn: func(i httptrace.GotConnInfo) { again = i.Reused },
		})
		req, err := http.NewRequestWithContext(ctx, method, p.s.instances[0].base+path, strings.NewReader(body))
		if err != nil {
			p.Fatal(err)
		}
		req.Header.Set("Authorization", token)
		res, err := p.s.client.Do(req)
		if err != nil {
			p.Fatal(err)
		}
		defer res.Body.Close()
		if _, err := io.Copy(io.Discard, res.Body); err != nil {
			p.Fatal(err)
		}
		return again, res.StatusCode
	}
	p.s.client.CloseIdleConnections()
	for i, r := range []struct {
		method, path, body string
		status             int
	}{
		{"GET", intentsPath + "/" + newID(), "", 404},
		{"PUT", intentsPath + "/" + newID(), strings.Repeat(" ", 10_000) + "{", 400},
		{"GET", constraintsPath + "/" + newID(), "", 403},
		{"PATCH", intentsPath + "/" + newID(), "{}", 405},
		{"GET", "/dss/v1/nothing", "", 404},
		{"GET", intentsPath + "/" + newID(), "", 404},
	} {
		again, status := reused(r.method, r.path, r.body)
		p.equal("status", status, r.status)
		if i > 0 && !again {
			p.Errorf("%s %s: found a new connection", r.method, r.path)
		}
	}
}

func reachable(p *probe) {
	for i := range p.s.instances {
		p.send(i, "GET", intentsPath+"/"+newID(), "", "nobody", nil, 401)
	}
}
