package conformance

import "strings"

var constraintChecks = []check{
	{ids: "cr/crud DSS0005,3 rule/codes rule/times DSS0210,2a DSS0210,2b DSS0210,2c DSS0210,2f DSS0210,A2-7-2,1a DSS0210,A2-7-2,1e DSS0210,A2-7-2,1f", what: "create a constraint", run: createConstraint},
	{ids: "cr/versions DSS0210,A2-7-2,1b DSS0210,A2-7-2,1e DSS0210,A2-7-2,1f", what: "update a constraint", run: updateConstraint},
	{ids: "cr/crud DSS0210,A2-7-2,3c DSS0210,A2-7-2,3d", what: "delete a constraint", run: deleteConstraint},
	{ids: "rule/versions cr/versions", what: "a wrong OVN of a constraint", run: wrongConstraintOVN},
	{ids: "DSS0005,4", what: "who may search constraints", run: constraintScopes},
	{ids: "DSS0005,4 DSS0210,2e", what: "constraints are found where they are and nowhere else", run: constraintsFound},
	{ids: "cr/crud", what: "only the manager changes a constraint", run: constraintAccess},
	{ids: "cr/subscribers", what: "writes of constraints name who watches them", run: constraintSubscribers},
	{ids: "cr/crud rule/errors", what: "a constraint with a member missing or wrong", run: badConstraints},
	{ids: "cr/crud", what: "a constraint needs no key and meets what it will", run: constraintNoKey},
}

func (p *probe) authority(name string) uss { return p.uss(name, scopeManagement) }

func createConstraint(p *probe) {
	alder := p.authority("uss-alder")
	id := newID()
	alder.do("GET", constraintsPath+"/"+id, nil, 404)
	start, end := p.start(here), p.end(here)
	made := alder.putConstraint(id, "", alder.constraint(here))
	p.equal("id", made.ID, id)
	p.equal("manager", made.Manager, "uss-alder")
	p.equal("availability", made.USSAvailability, "Unknown")
	p.equal("base URL", made.USSBaseURL, alder.baseURL())
	p.equal("subscribers", len(made.subscribers), 0)
	p.within("start", made.TimeStart.Value, start)
	p.within("end", made.TimeEnd.Value, end)
	if made.OVN == "" {
		p.Error("found no OVN")
	}
	for i := range p.s.instances {
		p.equal("constraint", alder.on(i).getConstraint(id), made.reference)
		p.equal("found", alder.on(i).queryConstraints(p.volume(here)), []string{id})
	}
	alder.putConstraint(id, "", alder.constraint(here), 409)
	p.authority("uss-birch").putConstraint(id, "", alder.constraint(here), 403, 409)
	p.equal("constraint", alder.getConstraint(id), made.reference)
	p.equal("intents", p.uss("uss-alder").queryIntents(p.volume(here)), []string{})
	p.uss("uss-alder").noIntent(id)
}

func updateConstraint(p *probe) {
	alder := p.authority("uss-alder")
	was := alder.putConstraint(newID(), "", alder.constraint(here)).reference
	seen := map[string]bool{was.OVN: true}
	for i, body := range []object{
		alder.constraint(here), alder.constraint(here.grow(50)), alder.constraint(here.during(-1, 90)),
		alder.constraint(here).set("uss_base_url", "https://alder2.example"),
	} {
		is := alder.on(i).putConstraint(was.ID, was.OVN, body).reference
		if seen[is.OVN] || is.Version <= was.Version {
			p.Errorf("update %d: found OVN %q and version %d after %q and %d", i, is.OVN, is.Version, was.OVN, was.Version)
		}
		seen[is.OVN] = true
		p.equal("base URL", is.USSBaseURL, body["uss_base_url"])
		for j := range p.s.instances {
			p.equal("constraint", alder.on(j).getConstraint(was.ID), is)
			p.equal("found", alder.on(j).queryConstraints(p.volume(here)), []string{was.ID})
		}
		was = is
	}
}

func deleteConstraint(p *probe) {
	alder := p.authority("uss-alder")
	made := alder.putConstraint(newID(), "", alder.constraint(here)).reference
	p.equal("what was deleted", alder.on(1).deleteConstraint(made.ID, made.OVN).reference, made)
	for i := range p.s.instances {
		alder.on(i).do("GET", constraintsPath+"/"+made.ID, nil, 404)
		p.equal("found", alder.on(i).queryConstraints(p.volume(here)), []string{})
	}
	alder.deleteConstraint(made.ID, made.OVN, 404)
	alder.putConstraint(made.ID, made.OVN, alder.constraint(here), 400, 404, 409)
	if again := alder.putConstraint(made.ID, "", alder.constraint(here)); again.OVN == made.OVN {
		p.Errorf("found the old OVN %q after deletion and creation", made.OVN)
	}
}

func wrongConstraintOVN(p *probe) {
	alder := p.authority("uss-alder")
	made := alder.putConstraint(newID(), "", alder.constraint(here)).reference
	now := alder.putConstraint(made.ID, made.OVN, alder.constraint(here)).reference
	for _, wrong := range []string{made.OVN, strings.Repeat("x", 20), now.OVN + "x", "x"} {
		alder.putConstraint(made.ID, wrong, alder.constraint(here.move(0, 2000)), 409)
		alder.deleteConstraint(made.ID, wrong, 409)
	}
	p.equal("constraint", alder.getConstraint(made.ID), now)
}

func constraintScopes(p *probe) {
	alder := p.authority("uss-alder")
	made := alder.putConstraint(newID(), "", alder.constraint(here))
	for _, scope := range []string{scopeManagement, scopeProcessing} {
		u := p.uss("uss-birch", scope)
		p.equal("found", u.queryConstraints(p.volume(here)), []string{made.ID})
		u.getConstraint(made.ID)
	}
	for _, u := range []uss{p.uss("uss-birch"), p.uss("uss-alder"), p.uss("uss-birch", scopeConformance)} {
		u.do("POST", constraintsPath+"/query", object{"area_of_interest": p.volume(here)}, 403)
		u.do("GET", constraintsPath+"/"+made.ID, nil, 403)
	}
	processing := p.uss("uss-alder", scopeProcessing)
	processing.putConstraint(newID(), "", alder.constraint(here), 403)
	processing.putConstraint(made.ID, made.OVN, alder.constraint(here), 403)
	processing.deleteConstraint(made.ID, made.OVN, 403)
	p.equal("constraint", alder.getConstraint(made.ID), made.reference)
}

func constraintsFound(p *probe) {
	alder, birch := p.authority("uss-alder"), p.uss("uss-birch", scopeProcessing)
	made := alder.putConstraint(newID(), "", alder.constraint(here, here.move(1500, 0).during(60, 90)))
	for name, area := range map[string]object{
		"itself": p.volume(here), "second extent": p.volume(here.move(1500, 0).during(80, 85)),
		"a circle": p.circle(here.move(-90, 150), 100), "larger": p.volume(here.grow(3000).band(0, 900)),
	} {
		p.each(name, func(p *probe) { p.equal("found", birch.in(p).queryConstraints(area), []string{made.ID}) })
	}
	for name, area := range map[string]object{
		"between": p.volume(here.move(700, 0)), "above": p.volume(here.band(152, 300)), "after": p.volume(here.during(41, 59)),
		"second extent early": p.volume(here.move(1500, 0).during(41, 50)),
	} {
		p.each("not "+name, func(p *probe) { p.equal("found", birch.in(p).queryConstraints(area), []string{}) })
	}
}

func constraintAccess(p *probe) {
	alder, birch := p.authority("uss-alder"), p.authority("uss-birch")
	made := alder.putConstraint(newID(), "", alder.constraint(here)).reference
	for _, ovn := range []string{made.OVN, strings.Repeat("x", 20)} {
		birch.putConstraint(made.ID, ovn, birch.constraint(here), 403)
		birch.deleteConstraint(made.ID, ovn, 403)
	}
	p.equal("constraint", alder.getConstraint(made.ID), made)
	shown := birch.getConstraint(made.ID)
	if shown.OVN == made.OVN {
		p.Error("the OVN is shown to another")
	}
	shown.OVN = made.OVN
	p.equal("constraint as another reads it", shown, made)
}

func constraintSubscribers(p *probe) {
	alder, birch := p.authority("uss-alder"), p.uss("uss-birch", scopeStrategic, scopeProcessing)
	both := birch.watch(here).set("notify_for_constraints", true)
	only := both.set("notify_for_operational_intents", false)
	watching := []string{birch.putSubscription(newID(), "", both).ID, birch.putSubscription(newID(), "", only).ID}
	intents := birch.subscribe(here).ID
	apart := birch.putSubscription(newID(), "", only.set("extents", p.volume(here.move(3000, 0)))).ID
	step := func(what string, c change, index int) change {
		p.Helper()
		for _, id := range watching {
			p.equal(what+": index", c.told(id), index)
			p.equal(what+": index when read", birch.on(1).getSubscription(id).NotificationIndex, index)
		}
		p.equal(what+": of intents only", c.told(intents), -1)
		return c
	}
	c := step("create", alder.putConstraint(newID(), "", alder.constraint(here)), 1)
	p.equal("apart", c.told(apart), -1)
	c = step("move", alder.putConstraint(c.ID, c.OVN, alder.constraint(here.move(3000, 0))), 2)
	p.equal("apart", c.told(apart), 1)
	c = alder.putConstraint(c.ID, c.OVN, alder.constraint(here.move(3000, 0)))
	p.equal("where it was", c.told(watching[0]), -1)
	c = alder.deleteConstraint(c.ID, c.OVN)
	p.equal("apart", c.told(apart), 3)
	// An implicit subscription may watch constraints too.
	flight := birch.intent(here).set("new_subscription", object{"uss_base_url": birch.baseURL(), "notify_for_constraints": true})
	made := birch.putIntent(newID(), "", flight)
	p.equal("notify for constraints", birch.getSubscription(made.SubscriptionID).NotifyConstraints, true)
	c = alder.putConstraint(newID(), "", alder.constraint(here))
	p.equal("index, with that of the intent", c.told(watching[0]), 4)
	p.equal("index", c.told(watching[1]), 3)
	if c.told(made.SubscriptionID) < 0 {
		p.Error("the implicit subscription is not named")
	}
}

func badConstraints(p *probe) {
	alder := p.authority("uss-alder")
	good := alder.constraint(here)
	now := alder.putConstraint(newID(), "", alder.constraint(here.move(0, 3000))).reference
	for name, body := range map[string]any{
		"no body":        nil,
		"empty":          object{},
		"no extents":     good.drop("extents"),
		"empty extents":  good.set("extents", []any{}),
		"extents a map":  good.set("extents", p.volume(here)),
		"no base URL":    good.drop("uss_base_url"),
		"empty base URL": good.set("uss_base_url", ""),
		"bad base URL":   good.set("uss_base_url", "alder"),
		"ended":          alder.constraint(here.during(-60, -1)),
	} {
		p.each(name, func(p *probe) {
			alder, id := alder.in(p), newID()
			alder.do("PUT", constraintsPath+"/"+id, body, 400)
			alder.do("GET", constraintsPath+"/"+id, nil, 404)
			alder.do("PUT", constraintsPath+"/"+now.ID+"/"+now.OVN, body, 400)
			p.equal("constraint", alder.getConstraint(now.ID), now)
		})
	}
}

func constraintNoKey(p *probe) {
	alder, birch := p.authority("uss-alder"), p.uss("uss-birch")
	birch.putIntent(newID(), "", birch.intent(here))
	alder.putConstraint(newID(), "", alder.constraint(here))
	p.authority("uss-cedar").putConstraint(newID(), "", alder.constraint(here))
	p.equal("found", len(alder.queryConstraints(p.volume(here))), 2)
}
