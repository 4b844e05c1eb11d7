package conformance

var stateChecks = []check{
	{ids: "oir/states DSS0210,2d", what: "states of a nominal intent", run: nominalStates},
	{ids: "oir/states SCD0100", what: "off-nominal states are refused without their scope", run: offNominalRefused},
	{ids: "oir/states SCD0100", what: "off-nominal states with their scope", run: offNominalAllowed},
	{ids: "oir/states oir/no-subscription", what: "only an Accepted intent goes without a subscription", run: needsSubscription},
	{ids: "oir/states", what: "an intent that is asked to end", run: endByUpdate},
}

func nominalStates(p *probe) {
	alder := p.uss("uss-alder")
	a := alder.putIntent(newID(), "", alder.intent(here)).reference
	b := alder.putIntent(newID(), "", alder.activated(here.move(2000, 0))).reference
	p.equal("state", b.State, "Activated")
	for i := range p.s.instances {
		p.equal("state", alder.on(i).getIntent(b.ID).State, "Activated")
	}
	a = alder.putIntent(a.ID, a.OVN, alder.intent(here)).reference
	a = alder.putIntent(a.ID, a.OVN, alder.activated(here)).reference
	a = alder.putIntent(a.ID, a.OVN, alder.activated(here)).reference
	p.equal("state", a.State, "Activated")
	for i := range p.s.instances {
		p.equal("state", alder.on(i).getIntent(a.ID).State, "Activated")
	}
	alder.deleteIntent(a.ID, a.OVN)
	alder.deleteIntent(b.ID, b.OVN)
}

func offNominalRefused(p *probe) {
	alder := p.uss("uss-alder")
	accepted := alder.putIntent(newID(), "", alder.intent(here)).reference
	activated := alder.putIntent(newID(), "", alder.activated(here.move(2000, 0))).reference
	ended := alder.putIntent(newID(), "", alder.intent(here.move(4000, 0))).reference
	alder.deleteIntent(ended.ID, ended.OVN)
	for _, state := range []string{"Nonconforming", "Contingent"} {
		p.each(state, func(p *probe) {
			alder := alder.in(p)
			id := newID()
			alder.putIntent(id, "", alder.activated(here.move(0, 2000)).set("state", state), 400, 403)
			alder.putIntent(accepted.ID, accepted.OVN, alder.activated(here).set("state", state), 400, 403)
			alder.putIntent(activated.ID, activated.OVN, alder.activated(here.move(2000, 0)).set("state", state), 400, 403)
			alder.putIntent(ended.ID, "", alder.activated(here.move(4000, 0)).set("state", state), 400, 403)
			alder.putIntent(ended.ID, ended.OVN, alder.activated(here.move(4000, 0)).set("state", state), 400, 403, 404, 409)
			alder.noIntent(id)
			alder.noIntent(ended.ID)
			alder.sameIntent(accepted)
			alder.sameIntent(activated)
		})
	}
	p.equal("subscriptions left by refusals", len(alder.querySubscriptions(p.volume(here.grow(6000)))), 1)
}

func offNominalAllowed(p *probe) {
	alder := p.uss("uss-alder", scopeStrategic, scopeConformance)
	made := alder.putIntent(newID(), "", alder.activated(here)).reference
	for i, state := range []string{"Nonconforming", "Contingent", "Contingent"} {
		made = alder.putIntent(made.ID, made.OVN, alder.activated(here).set("state", state)).reference
		p.equal("state", made.State, state)
		p.equal("state", p.uss("uss-birch").on(i).getIntent(made.ID).State, state)
		p.equal("state", p.uss("uss-birch", scopeConformance).on(i).getIntent(made.ID).State, state)
	}
	alder.deleteIntent(made.ID, made.OVN)
	alder.noIntent(made.ID)
	again := alder.putIntent(newID(), "", alder.activated(here)).reference
	again = alder.putIntent(again.ID, again.OVN, alder.activated(here).set("state", "Nonconforming")).reference
	alder.putIntent(again.ID, again.OVN, alder.activated(here))
}

func needsSubscription(p *probe) {
	alder := p.uss("uss-alder", scopeStrategic, scopeConformance)
	made := alder.putIntent(newID(), "", alder.intent(here)).reference
	id := newID()
	for _, state := range []string{"Activated", "Nonconforming", "Contingent"} {
		alder.putIntent(id, "", alder.intent(here.move(2000, 0)).set("state", state), 400)
		alder.putIntent(made.ID, made.OVN, alder.intent(here).set("state", state), 400)
	}
	alder.noIntent(id)
	alder.sameIntent(made)
}

// The enumeration of the standard has no Ended; a DSS may take the wish for a
// deletion or for a fault.
func endByUpdate(p *probe) {
	alder := p.uss("uss-alder")
	made := alder.putIntent(newID(), "", alder.intent(here)).reference
	a := alder.do("PUT", intentsPath+"/"+made.ID+"/"+made.OVN, alder.intent(here).set("state", "Ended"), 200, 400)
	if a.is(400) {
		alder.sameIntent(made)
	}
}
