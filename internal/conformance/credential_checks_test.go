package conformance

import (
	"slices"
	"strings"
)

var credentialChecks = []check{
	{
		ids:  "rule/credentials rule/codes DSS0210,A2-7-2,7",
		what: "five credentials on every endpoint, and what is refused changes nothing", run: fiveCredentials,
	},
	{ids: "rule/credentials", what: "credentials are judged before the request", run: credentialsFirst},
	{ids: "rule/credentials DSS0005,4 DSS0100,1 DSS0100,2", what: "each scope opens what it is for", run: fittingScopes},
}

// stage is what the operations of one party act upon.
type stage struct {
	p            *probe
	alder        uss // has every scope
	intent       reference
	constraint   reference
	subscription subscription
	availability string // version
}

func newStage(p *probe) *stage {
	st := &stage{p: p, alder: p.uss("uss-alder-"+newID()[:8], allScopes...)}
	st.availability = st.alder.setAvailability(st.alder.name, "", "Normal").Version
	st.intent = st.alder.putIntent(newID(), "", st.alder.intent(here)).reference
	st.constraint = st.alder.putConstraint(newID(), "", st.alder.constraint(here)).reference
	st.subscription = st.alder.subscribe(here).subscription
	return st
}

// request returns the path and the body of an operation that succeeds, and the
// path of what it would make.
func (st *stage) request(o *operation) (path string, body any, made string) {
	id, version := newID(), ""
	block := here.move(0, 5000)
	if strings.HasPrefix(o.name, "update") {
		block = here.move(0, -5000)
	}
	fill := func() string {
		return strings.NewReplacer("{id}", id, "{ovn}", version, "{version}", version, "{uss}", st.alder.name, "{system}", "dss").Replace(o.path)
	}
	resource := strings.Fields(o.name)[len(strings.Fields(o.name))-1]
	if !strings.HasPrefix(o.name, "create") {
		switch resource {
		case "intent":
			id, version = st.intent.ID, st.intent.OVN
		case "constraint":
			id, version = st.constraint.ID, st.constraint.OVN
		case "subscription":
			id, version = st.subscription.ID, st.subscription.Version
		}
	} else {
		made = fill()
	}
	switch {
	case strings.HasPrefix(o.name, "query"):
		body = object{"area_of_interest": st.p.volume(here)}
	case o.name == "report":
		body = report()
	case o.name == "set availability":
		body = object{"old_version": st.availability, "availability": "Down"}
	case o.method == "PUT" && resource == "intent":
		body = st.alder.intent(block)
	case o.method == "PUT" && resource == "constraint":
		body = st.alder.constraint(block)
	case o.method == "PUT" && resource == "subscription":
		body = st.alder.watch(block)
	}
	return fill(), body, made
}

// unchanged sees to it that everything is as it was made.
func (st *stage) unchanged(p *probe) {
	p.Helper()
	alder := st.alder.in(p)
	alder.sameIntent(st.intent)
	p.equal("constraint", alder.getConstraint(st.constraint.ID), st.constraint)
	alder.sameSubscription(st.subscription)
	p.equal("availability", alder.getAvailability(alder.name), availability{st.availability, availabilityStatus{alder.name, "Normal"}})
}

// misfit returns each scope that does not open an operation.
func misfit(o *operation) (list []string) {
	for _, scope := range allScopes {
		if !o.fits(scope) {
			list = append(list, scope)
		}
	}
	return list
}

func fiveCredentials(p *probe) {
	st := newStage(p)
	stranger := newKey(p.T)
	for i := range operations {
		o := &operations[i]
		p.each(o.name, func(p *probe) {
			path, body, made := st.request(o)
			base := claims{"sub": st.alder.name, "scope": strings.Join(allScopes, " ")}
			p.send(0, o.method, path, "", "nobody", body, 401)
			forged := sign(p.T, stranger, object{"alg": "RS256", "typ": "JWT"}, p.s.fill(base))
			p.send(0, o.method, path, "Bearer "+forged, "nobody", body, 401)
			st.alder.in(p).with("").do(o.method, path, body, 401)
			for _, scope := range misfit(o) {
				st.alder.in(p).with(scope).do(o.method, path, body, 403)
			}
			st.unchanged(p)
			if made != "" {
				st.alder.in(p).do("GET", made, nil, 404)
			}
		})
	}
	// The writes come last and in an order in which each finds its object.
	last := func(o operation) int {
		return slices.Index([]string{"create", "set", "update", "delete"}, strings.Fields(o.name)[0])
	}
	sorted := slices.Clone(operations)
	slices.SortStableFunc(sorted, func(a, b operation) int { return last(a) - last(b) })
	for i := range sorted {
		o := &sorted[i]
		if o.name == "set availability" {
			continue // would forbid the changes below; see availabilityChecks
		}
		p.each(o.name+" with the right scope", func(p *probe) {
			path, body, made := st.request(o)
			a := st.alder.in(p).with(o.scopes[0]).do(o.method, path, body, o.success)
			st.follow(o, a)
			if made != "" {
				st.alder.in(p).do("GET", made, nil, 200)
			}
		})
	}
}

// follow notes the version after an update.
func (st *stage) follow(o *operation, a *answer) {
	switch o.name {
	case "update intent":
		st.intent = a.change().reference
	case "update constraint":
		st.constraint = a.change().reference
	case "update subscription":
		st.subscription = a.subscribed().subscription
	}
}

// Whoever has no right learns nothing about what else is wrong.
func credentialsFirst(p *probe) {
	for i := range operations {
		o := &operations[i]
		p.each(o.name, func(p *probe) {
			for _, id := range []string{newID(), "no-uuid"} {
				path := strings.NewReplacer("{id}", id, "{ovn}", "x", "{version}", "x", "{uss}", "x", "{system}", "x").Replace(o.path)
				for _, body := range []any{nil, "", "{", object{}, strings.Repeat("[", 10_000)} {
					if o.method == "GET" && body != nil {
						continue
					}
					p.send(0, o.method, path, "", "nobody", body, 401)
					p.uss("uss-alder", "").do(o.method, path, body, 401)
					p.uss("uss-alder", misfit(o)[0]).do(o.method, path, body, 403)
				}
			}
		})
	}
}

func fittingScopes(p *probe) {
	for i := range operations {
		o := &operations[i]
		for _, scopes := range o.scopes {
			p.each(o.name+" with "+scopes, func(p *probe) {
				// An empty object is refused only once the scope has opened.
				path := strings.NewReplacer("{id}", newID(), "{ovn}", strings.Repeat("x", 20), "{version}", "x", "{uss}", newID(), "{system}", "dss").Replace(o.path)
				u := p.uss("uss-alder", strings.Fields(scopes)...)
				if o.method == "POST" || o.method == "PUT" {
					u.do(o.method, path, object{}, 400)
				} else {
					u.do(o.method, path, nil, 200, 404)
				}
			})
		}
	}
}
