package conformance

var subscriberChecks = []check{
	{ids: "oir/subscribers DSS0210,A2-7-2,4b DSS0210,A2-7-2,4c DSS0210,1i", what: "writes name the subscriptions that they meet", run: subscribersNamed},
	{ids: "oir/subscribers", what: "writes name no other subscriptions", run: subscribersNotNamed},
	{ids: "oir/subscribers", what: "an update names those of the old and of the new extent", run: subscribersOfMove},
	{ids: "oir/subscribers", what: "subscriptions are gathered by base URL", run: subscribersGathered},
	{ids: "DSS0210,A2-7-2,5a DSS0210,A2-7-2,5b DSS0210,A2-7-2,5c DSS0210,1a", what: "a deleted subscription is named no more", run: deletedSubscriber},
	{ids: "DSS0210,A2-7-2,4d", what: "an expired subscription is in no search and named no more", run: expiredSubscription},
}

func subscribersNamed(p *probe) {
	alder, birch := p.uss("uss-alder"), p.uss("uss-birch")
	watch := alder.subscribe(here.grow(-100))
	p.equal("index at creation", watch.NotificationIndex, 0)
	own := birch.subscribe(here.move(300, 200))
	implicit := alder.putIntent(newID(), "", alder.implicit(here.band(140, 180)))
	p.equal("index", implicit.told(watch.ID), 1)
	all := map[string]int{
		watch.ID: 1, own.ID: birch.getSubscription(own.ID).NotificationIndex,
		implicit.SubscriptionID: alder.getSubscription(implicit.SubscriptionID).NotificationIndex,
	}
	step := func(what string, c change) change {
		p.Helper()
		for id, was := range all {
			if c.told(id) != was+1 {
				p.Errorf("%s: subscription %s: found index %d, expected %d", what, id, c.told(id), was+1)
			}
			all[id] = was + 1
		}
		for i := range p.s.instances {
			p.equal(what+": index when read", alder.on(i).getSubscription(watch.ID).NotificationIndex, all[watch.ID])
			p.equal(what+": index when read", birch.on(i).getSubscription(own.ID).NotificationIndex, all[own.ID])
		}
		p.equal(what+": version after a notification", alder.getSubscription(watch.ID).Version, watch.Version)
		return c
	}
	body := birch.intent(here).set("key", []string{implicit.OVN})
	made := step("create", birch.putIntent(newID(), "", body))
	made = step("update", birch.on(1).putIntent(made.ID, made.OVN, body))
	made = step("activate", birch.putIntent(made.ID, made.OVN, body.set("state", "Activated").set("subscription_id", birch.subscribe(here.grow(100)).ID)))
	birch.putIntent(made.ID, made.OVN+"x", body, 409)
	alder.with("").do("DELETE", intentsPath+"/"+made.ID+"/"+made.OVN, nil, 401)
	step("delete", birch.on(1).deleteIntent(made.ID, made.OVN))
}

func subscribersNotNamed(p *probe) {
	alder, birch := p.uss("uss-alder", scopeStrategic, scopeProcessing), p.uss("uss-birch")
	list := map[string]string{}
	for name, b := range map[string]box{
		"beside": here.move(460, 0), "above": here.band(152, 300), "below": here.band(0, 98),
		"before": here.during(0, 9), "after": here.during(41, 60),
	} {
		list[name] = alder.subscribe(b).ID
	}
	list["of constraints"] = alder.putSubscription(newID(), "",
		alder.watch(here).set("notify_for_operational_intents", false).set("notify_for_constraints", true)).ID
	made := birch.putIntent(newID(), "", birch.intent(here))
	p.equal("subscribers of a creation", len(made.subscribers), 0)
	made = birch.putIntent(made.ID, made.OVN, birch.intent(here))
	p.equal("subscribers of an update", len(made.subscribers), 0)
	p.equal("subscribers of a deletion", len(birch.deleteIntent(made.ID, made.OVN).subscribers), 0)
	for name, id := range list {
		p.equal(name+": index", alder.getSubscription(id).NotificationIndex, 0)
	}
}

func subscribersOfMove(p *probe) {
	alder, birch := p.uss("uss-alder"), p.uss("uss-birch")
	old, next := alder.subscribe(here), alder.subscribe(here.move(3000, 0))
	path := alder.subscribe(here.move(1500, 0)) // between the two: not met
	made := birch.putIntent(newID(), "", birch.intent(here))
	p.equal("old, on creation", made.told(old.ID), 1)
	p.equal("new, on creation", made.told(next.ID), -1)
	moved := birch.putIntent(made.ID, made.OVN, birch.intent(here.move(3000, 0)))
	p.equal("old, on moving", moved.told(old.ID), 2)
	p.equal("new, on moving", moved.told(next.ID), 1)
	p.equal("between", moved.told(path.ID), -1)
	gone := birch.deleteIntent(made.ID, moved.OVN)
	p.equal("old, on deletion", gone.told(old.ID), -1)
	p.equal("new, on deletion", gone.told(next.ID), 2)
}

func subscribersGathered(p *probe) {
	alder, birch := p.uss("uss-alder"), p.uss("uss-birch")
	subs := map[string]string{}
	for range 5 {
		subs[alder.subscribe(here).ID] = alder.baseURL()
	}
	for range 3 {
		subs[birch.subscribe(here).ID] = birch.baseURL()
	}
	other := alder.putSubscription(newID(), "", alder.watch(here).set("uss_base_url", "https://alder2.example"))
	subs[other.ID] = "https://alder2.example"
	made := birch.putIntent(newID(), "", birch.intent(here))
	p.equal("entries", len(made.subscribers), 3)
	found := 0
	for _, s := range made.subscribers {
		for _, sub := range s.Subscriptions {
			p.equal("base URL of "+sub.ID, s.USSBaseURL, subs[sub.ID])
			found++
		}
	}
	p.equal("subscriptions", found, len(subs))
}

func deletedSubscriber(p *probe) {
	alder, birch := p.uss("uss-alder"), p.uss("uss-birch")
	s, stays := alder.subscribe(here), alder.subscribe(here)
	made := birch.putIntent(newID(), "", birch.intent(here))
	p.equal("index", made.told(s.ID), 1)
	alder.on(1).deleteSubscription(s.ID, s.Version)
	for i := range p.s.instances {
		alder.on(i).noSubscription(s.ID)
		p.equal("found", alder.on(i).querySubscriptions(p.volume(here)), []string{stays.ID})
	}
	made = birch.putIntent(made.ID, made.OVN, birch.intent(here))
	p.equal("index on update", made.told(s.ID), -1)
	p.equal("index of the other", made.told(stays.ID), 2)
	birch.deleteIntent(made.ID, made.OVN)
	made = birch.on(1).putIntent(newID(), "", birch.intent(here))
	p.equal("index on creation", made.told(s.ID), -1)
	p.equal("index of the other", made.told(stays.ID), 4)
}

func expiredSubscription(p *probe) {
	alder, birch := p.uss("uss-alder"), p.uss("uss-birch")
	short := here.during(-1, 1.5/60)
	s := alder.subscribe(short)
	stays := alder.subscribe(here.during(-1, 60))
	// The window of the search goes on after the end, as the test of a pool
	// has it; what matters is whether the subscription still lives.
	area := p.volume(here.during(-1, 60))
	p.equal("found while it lives", len(alder.querySubscriptions(area)), 2)
	p.poll("the subscription vanishes", func() bool { return len(alder.querySubscriptions(area)) == 1 })
	for i := range p.s.instances {
		p.equal("found", alder.on(i).querySubscriptions(area), []string{stays.ID})
	}
	made := birch.putIntent(newID(), "", birch.intent(here.during(-0.5, 40)))
	p.equal("index of the expired one", made.told(s.ID), -1)
	p.equal("index of the other", made.told(stays.ID), 1)
	// It may still be read, and then it must be what it was.
	if a := alder.do("GET", subscriptionsPath+"/"+s.ID, nil, 200, 404); a.is(200) {
		p.within("end", a.subscribed().TimeEnd.Value, s.TimeEnd.Value)
	}
}
