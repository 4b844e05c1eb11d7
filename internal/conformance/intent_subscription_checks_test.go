package conformance

import (
	"slices"
	"time"
)

var intentSubscriptionChecks = []check{
	{ids: "oir/explicit DSS0005,5", what: "an explicit subscription that covers is attached", run: explicitCovers},
	{ids: "oir/explicit", what: "an explicit subscription that does not cover, on create", run: uncoveringCreate},
	{ids: "oir/explicit", what: "an explicit subscription that does not cover, on swap", run: uncoveringSwap},
	{ids: "oir/explicit", what: "an explicit subscription that does not cover, on attach", run: uncoveringAttach},
	{ids: "oir/explicit sub/owner", what: "a subscription of another, or of nobody", run: foreignSubscription},
	{ids: "oir/update-without", what: "an update without subscription detaches an explicit one", run: detachExplicit},
	{ids: "oir/update-without oir/implicit-dies", what: "an update without subscription ends an implicit one", run: detachImplicit},
	{ids: "oir/implicit DSS0005,5 DSS0210,1h rule/times", what: "an implicit subscription covers its intent", run: implicitCovers},
	{ids: "oir/implicit-moves oir/implicit-dies", what: "an intent moves with a new implicit subscription", run: implicitMoves},
	{ids: "oir/implicit-widens", what: "an implicit subscription grows with its intent", run: implicitWidens},
	{ids: "oir/implicit-shared oir/implicit-dies oir/implicit-widens", what: "an implicit subscription serves two intents", run: implicitShared},
	{ids: "oir/implicit-dies", what: "an implicit subscription gives way to an explicit one", run: implicitToExplicit},
	{ids: "oir/implicit-dies", what: "deleting the intent ends the implicit subscription, not the explicit one", run: subscriptionsAfterDelete},
	{ids: "oir/implicit-replaces", what: "a new implicit subscription in place of an explicit one or none", run: implicitReplaces},
	{ids: "oir/explicit DSS0005,5", what: "a subscription that an intent depends on stays and covers", run: dependentSubscription},
}

func explicitCovers(p *probe) {
	alder := p.uss("uss-alder")
	exact := alder.subscribe(here)
	wide := alder.subscribe(here.grow(500).band(0, 500).during(0, 120))
	open := alder.watch(here.grow(500).during(0, 120))
	volume := open["extents"].(object)
	open["extents"] = volume.set("volume", volume["volume"].(object).drop("altitude_lower").drop("altitude_upper"))
	unbounded := alder.putSubscription(newID(), "", open)
	for i, s := range []subscribed{exact, wide, unbounded} {
		b := here
		if s.ID == exact.ID {
			b = here.grow(-50).band(110, 140).during(11, 39)
		}
		made := alder.on(i).putIntent(newID(), "", alder.intent(b).set("subscription_id", s.ID))
		p.equal("subscription", made.SubscriptionID, s.ID)
		if made.told(s.ID) < 0 {
			p.Errorf("subscription %s is not named", s.ID)
		}
		for j := range p.s.instances {
			p.equal("subscription", alder.on(j).getIntent(made.ID).SubscriptionID, s.ID)
			if list := alder.on(j).getSubscription(s.ID).DependentIntentIDs; list != nil {
				p.equal("dependent intents", list, []string{made.ID})
			}
		}
		again := alder.putIntent(made.ID, made.OVN, alder.activated(b).drop("new_subscription").set("subscription_id", s.ID))
		p.equal("subscription", again.SubscriptionID, s.ID)
		alder.deleteIntent(made.ID, again.OVN)
		alder.getSubscription(s.ID)
	}
}

// uncovering returns subscriptions none of which covers the block here.
func (u uss) uncovering() map[string]string {
	u.p.Helper()
	list := map[string]string{}
	for name, b := range map[string]box{
		"ends early":   here.grow(500).during(5, 39),
		"starts late":  here.grow(500).during(11, 60),
		"another time": here.grow(500).during(60, 90),
		"too narrow":   here.grow(-20).during(5, 60),
		"beside":       here.move(5000, 0).during(5, 60),
		"too low":      here.grow(500).band(0, 140).during(5, 60),
		"too high":     here.grow(500).band(110, 500).during(5, 60),
	} {
		list[name] = u.subscribe(b).ID
	}
	return list
}

func uncoveringCreate(p *probe) {
	alder := p.uss("uss-alder")
	for name, id := range alder.uncovering() {
		p.each(name, func(p *probe) {
			alder, intent := alder.in(p), newID()
			alder.putIntent(intent, "", alder.intent(here).set("subscription_id", id), 400)
			alder.putIntent(intent, "", alder.intent(here, here.move(400, 0)).set("subscription_id", id), 400)
			alder.noIntent(intent)
		})
	}
}

func uncoveringSwap(p *probe) {
	alder := p.uss("uss-alder")
	good := alder.subscribe(here.grow(100).during(0, 60))
	explicit := alder.putIntent(newID(), "", alder.intent(here).set("subscription_id", good.ID)).reference
	for name, id := range alder.uncovering() {
		p.each(name, func(p *probe) {
			alder := alder.in(p)
			alder.putIntent(explicit.ID, explicit.OVN, alder.intent(here).set("subscription_id", id), 400)
			alder.sameIntent(explicit)
		})
	}
	// What covered once does not cover a larger intent.
	alder.putIntent(explicit.ID, explicit.OVN, alder.intent(here.grow(200)).set("subscription_id", good.ID), 400)
	alder.putIntent(explicit.ID, explicit.OVN, alder.intent(here.during(10, 61)).set("subscription_id", good.ID), 400)
	alder.sameIntent(explicit)
	alder.getSubscription(good.ID)
}

func uncoveringAttach(p *probe) {
	alder := p.uss("uss-alder")
	list := alder.uncovering()
	none := alder.putIntent(newID(), "", alder.intent(here)).reference
	for name, id := range list {
		p.each(name, func(p *probe) {
			alder := alder.in(p)
			alder.putIntent(none.ID, none.OVN, alder.intent(here).set("subscription_id", id), 400)
			alder.sameIntent(none)
		})
	}
	// One that does not watch intents does not serve, wherever it is.
	constraints := alder.with(scopeProcessing).putSubscription(newID(), "",
		alder.watch(here.grow(100)).set("notify_for_operational_intents", false).set("notify_for_constraints", true))
	alder.putIntent(none.ID, none.OVN, alder.intent(here).set("subscription_id", constraints.ID), 400)
	alder.sameIntent(none)
}

func foreignSubscription(p *probe) {
	alder, birch := p.uss("uss-alder"), p.uss("uss-birch")
	good := alder.subscribe(here.grow(100).during(0, 60))
	none := birch.putIntent(newID(), "", birch.intent(here)).reference
	id := newID()
	for _, subscription := range []string{good.ID, newID()} {
		birch.putIntent(id, "", birch.intent(here.move(2000, 0)).set("subscription_id", subscription), 400, 403, 404)
		birch.putIntent(none.ID, none.OVN, birch.intent(here).set("subscription_id", subscription), 400, 403, 404)
		birch.noIntent(id)
		birch.sameIntent(none)
	}
}

func detachExplicit(p *probe) {
	alder := p.uss("uss-alder")
	s := alder.subscribe(here.grow(100).during(0, 60))
	made := alder.putIntent(newID(), "", alder.intent(here).set("subscription_id", s.ID))
	bare := alder.putIntent(made.ID, made.OVN, alder.intent(here))
	p.equal("subscription", bare.SubscriptionID, nullID)
	p.equal("subscription", alder.on(1).getIntent(made.ID).SubscriptionID, nullID)
	alder.on(1).getSubscription(s.ID)
	alder.noSubscription(nullID)
}

func detachImplicit(p *probe) {
	alder := p.uss("uss-alder")
	made := alder.putIntent(newID(), "", alder.implicit(here))
	bare := alder.putIntent(made.ID, made.OVN, alder.intent(here))
	p.equal("subscription", bare.SubscriptionID, nullID)
	for i := range p.s.instances {
		alder.on(i).noSubscription(made.SubscriptionID)
		p.equal("subscriptions", alder.on(i).querySubscriptions(p.volume(here)), []string{})
	}
}

func implicitCovers(p *probe) {
	alder := p.uss("uss-alder")
	blocks := []box{here, here.move(1000, 0).during(30, 70)}
	start, end := p.start(here), p.end(blocks[1])
	body := alder.implicit(blocks...).set("new_subscription", object{"uss_base_url": "https://notify.example"})
	made := alder.putIntent(newID(), "", body)
	if made.told(made.SubscriptionID) < 0 {
		p.Error("the new subscription is not among those to be notified")
	}
	for i := range p.s.instances {
		s := alder.on(i).getSubscription(made.SubscriptionID)
		p.equal("implicit", s.Implicit, true)
		p.equal("notify for intents", s.NotifyIntents, true)
		p.equal("notify for constraints", s.NotifyConstraints, false)
		p.equal("base URL", s.USSBaseURL, "https://notify.example")
		p.within("start", s.TimeStart.Value, start)
		p.within("end", s.TimeEnd.Value, end)
		for _, b := range blocks {
			p.equal("found", alder.on(i).querySubscriptions(p.volume(b)), []string{s.ID})
		}
		p.equal("found by another", p.uss("uss-birch").querySubscriptions(p.volume(here)), []string{})
		p.uss("uss-birch").on(i).do("GET", subscriptionsPath+"/"+s.ID, nil, 403)
	}
	// It is a subscription like any other: others' writes name it.
	birch := p.uss("uss-birch")
	told := birch.putIntent(newID(), "", birch.intent(here).set("key", []string{made.OVN}))
	p.equal("index", told.told(made.SubscriptionID), alder.getSubscription(made.SubscriptionID).NotificationIndex)
	apart := birch.putIntent(newID(), "", birch.intent(here.move(5000, 0)))
	p.equal("index", apart.told(made.SubscriptionID), -1)
}

func implicitMoves(p *probe) {
	alder := p.uss("uss-alder")
	made := alder.putIntent(newID(), "", alder.implicit(here))
	there := here.move(5000, 0).during(100, 130)
	start, end := p.start(there), p.end(there)
	moved := alder.putIntent(made.ID, made.OVN, alder.implicit(there))
	s := alder.getSubscription(moved.SubscriptionID)
	p.equal("implicit", s.Implicit, true)
	if s.TimeStart.Value.After(start.Add(time.Second)) || s.TimeEnd.Value.Before(end.Add(-time.Second)) {
		p.Errorf("found a subscription from %s to %s, which does not cover", s.TimeStart.Value, s.TimeEnd.Value)
	}
	p.equal("found", alder.querySubscriptions(p.volume(there)), []string{s.ID})
	if made.SubscriptionID != s.ID {
		alder.noSubscription(made.SubscriptionID)
	}
	p.equal("found where it was", alder.querySubscriptions(p.volume(here)), []string{})
}

func implicitWidens(p *probe) {
	alder := p.uss("uss-alder")
	made := alder.putIntent(newID(), "", alder.implicit(here))
	larger := here.grow(800).band(50, 300).during(5, 90)
	start, end := p.start(larger), p.end(larger)
	body := alder.intent(larger).set("subscription_id", made.SubscriptionID)
	grown := alder.putIntent(made.ID, made.OVN, body)
	p.equal("subscription", grown.SubscriptionID, made.SubscriptionID)
	for i := range p.s.instances {
		s := alder.on(i).getSubscription(made.SubscriptionID)
		p.equal("implicit", s.Implicit, true)
		p.within("start", s.TimeStart.Value, start)
		p.within("end", s.TimeEnd.Value, end)
		edge := p.volume(here.move(-700, -700).band(250, 290).during(80, 89))
		p.equal("found at the new edge", alder.on(i).querySubscriptions(edge), []string{s.ID})
	}
}

func implicitShared(p *probe) {
	alder := p.uss("uss-alder")
	b := alder.putIntent(newID(), "", alder.implicit(here))
	s := b.SubscriptionID
	explicit := alder.subscribe(here.grow(100).band(0, 500).during(0, 120))
	small := here.grow(-50).band(200, 230).during(12, 30)
	for name, first := range map[string]object{
		"had an explicit one": alder.intent(small).set("subscription_id", explicit.ID),
		"had none":            alder.intent(small),
	} {
		p.each(name, func(p *probe) {
			alder := alder.in(p)
			a := alder.putIntent(newID(), "", first)
			a = alder.putIntent(a.ID, a.OVN, alder.intent(small).set("subscription_id", s))
			p.equal("subscription", a.SubscriptionID, s)
			// It covers both now, in band and window too.
			p.equal("found at A", slices.Contains(alder.querySubscriptions(p.volume(small)), s), true)
			p.equal("found at B", slices.Contains(alder.querySubscriptions(p.volume(here.during(35, 39))), s), true)
			alder.deleteIntent(a.ID, a.OVN)
			alder.getSubscription(s)
		})
	}
	a := alder.putIntent(newID(), "", alder.intent(small).set("subscription_id", s))
	alder.deleteIntent(b.ID, b.OVN)
	p.equal("implicit", alder.getSubscription(s).Implicit, true)
	alder.deleteIntent(a.ID, a.OVN)
	alder.noSubscription(s)
	alder.getSubscription(explicit.ID)
}

func implicitToExplicit(p *probe) {
	alder := p.uss("uss-alder")
	explicit := alder.subscribe(here.grow(100).during(0, 60))
	made := alder.putIntent(newID(), "", alder.implicit(here))
	swapped := alder.putIntent(made.ID, made.OVN, alder.intent(here).set("subscription_id", explicit.ID))
	p.equal("subscription", swapped.SubscriptionID, explicit.ID)
	for i := range p.s.instances {
		alder.on(i).noSubscription(made.SubscriptionID)
		p.equal("implicit", alder.on(i).getSubscription(explicit.ID).Implicit, false)
	}
}

func subscriptionsAfterDelete(p *probe) {
	alder := p.uss("uss-alder")
	explicit := alder.subscribe(here.grow(100).during(0, 60))
	a := alder.putIntent(newID(), "", alder.intent(here).set("subscription_id", explicit.ID))
	b := alder.putIntent(newID(), "", alder.activated(here.band(200, 230)))
	alder.deleteIntent(a.ID, a.OVN)
	gone := alder.deleteIntent(b.ID, b.OVN)
	p.equal("subscription as last seen", gone.SubscriptionID, b.SubscriptionID)
	for i := range p.s.instances {
		alder.on(i).getSubscription(explicit.ID)
		alder.on(i).noSubscription(b.SubscriptionID)
		p.equal("found", alder.on(i).querySubscriptions(p.volume(here)), []string{explicit.ID})
	}
}

func implicitReplaces(p *probe) {
	alder := p.uss("uss-alder")
	explicit := alder.subscribe(here.grow(100).during(0, 60))
	for name, first := range map[string]object{
		"explicit": alder.intent(here).set("subscription_id", explicit.ID),
		"none":     alder.intent(here),
	} {
		p.each(name, func(p *probe) {
			alder := alder.in(p)
			made := alder.putIntent(newID(), "", first)
			replaced := alder.putIntent(made.ID, made.OVN, alder.implicit(here))
			if id := replaced.SubscriptionID; id == explicit.ID || id == nullID || !alder.getSubscription(id).Implicit {
				p.Errorf("found subscription %s, expected a new implicit one", id)
			}
			alder.getSubscription(explicit.ID)
			alder.deleteIntent(made.ID, replaced.OVN)
			alder.noSubscription(replaced.SubscriptionID)
		})
	}
}

// The standard has a DSS refuse what would leave an intent without its
// subscription.
func dependentSubscription(p *probe) {
	alder := p.uss("uss-alder")
	s := alder.subscribe(here.grow(100).during(0, 60))
	made := alder.putIntent(newID(), "", alder.intent(here).set("subscription_id", s.ID))
	now := alder.getSubscription(s.ID)
	alder.deleteSubscription(s.ID, now.Version, 400)
	alder.putSubscription(s.ID, now.Version, alder.watch(here.move(2000, 0)), 400)
	alder.putSubscription(s.ID, now.Version, alder.watch(here.grow(100).during(0, 30)), 400)
	alder.sameSubscription(now)
	larger := alder.putSubscription(s.ID, now.Version, alder.watch(here.grow(200).during(0, 90)))
	implicit := alder.putIntent(newID(), "", alder.implicit(here.band(200, 230)))
	own := alder.getSubscription(implicit.SubscriptionID)
	alder.deleteSubscription(own.ID, own.Version, 400)
	alder.deleteIntent(made.ID, made.OVN)
	alder.deleteSubscription(s.ID, larger.Version)
	alder.noSubscription(s.ID)
}
