package conformance

import (
	"slices"
	"strings"
	"time"
)

var subscriptionChecks = []check{
	{ids: "sub/paths sub/fields rule/codes rule/times DSS0005,5 DSS0210,1a DSS0210,1b DSS0210,1c DSS0210,1e DSS0210,1f DSS0210,1g DSS0210,1h DSS0210,1i", what: "create a subscription", run: createSubscription},
	{ids: "sub/times DSS0015", what: "a start or an end that is left out", run: subscriptionTimes},
	{ids: "sub/fields DSS0210,1f", what: "every update changes the version", run: updateSubscription},
	{ids: "sub/paths DSS0210,1a DSS0210,A2-7-2,5a", what: "delete a subscription", run: deleteSubscription},
	{ids: "rule/versions", what: "a wrong version of a subscription", run: wrongVersion},
	{ids: "sub/owner DSS0210,1b", what: "only the owner sees and changes a subscription", run: subscriptionAccess},
	{ids: "sub/body DSS0210,A2-7-2,4a", what: "a new subscription is told what is there", run: subscriptionBody},
	{ids: "DSS0015", what: "a subscription of 24 h and of more", run: dayLimit},
	{ids: "sub/search DSS0210,1d", what: "subscriptions are found where they are and nowhere else", run: subscriptionsFound},
	{ids: "sub/search", what: "a search of 10,000 square kilometres is refused", run: largeSearch},
	{ids: "sub/flags rule/errors", what: "a subscription with a member missing or wrong", run: badSubscriptions},
	{ids: "sub/flags", what: "each flag needs its scope", run: flagScopes},
}

// sameSubscription sees to it that a subscription is as it was, everywhere.
func (u uss) sameSubscription(was subscription) {
	u.p.Helper()
	for i := range u.p.s.instances {
		u.p.equal("subscription", u.on(i).getSubscription(was.ID), was)
	}
}

func createSubscription(p *probe) {
	alder := p.uss("uss-alder")
	id := newID()
	alder.noSubscription(id)
	start, end := p.start(here), p.end(here)
	made := alder.putSubscription(id, "", alder.watch(here))
	p.equal("id", made.ID, id)
	p.equal("base URL", strings.HasPrefix(made.USSBaseURL, alder.baseURL()), true)
	p.equal("notify for intents", made.NotifyIntents, true)
	p.equal("notify for constraints", made.NotifyConstraints, false)
	p.equal("implicit", made.Implicit, false)
	p.equal("index", made.NotificationIndex, 0)
	p.within("start", made.TimeStart.Value, start)
	p.within("end", made.TimeEnd.Value, end)
	if made.Version == "" {
		p.Error("found no version")
	}
	p.equal("intents", len(made.intents), 0)
	p.equal("constraints", len(made.constraints), 0)
	alder.sameSubscription(made.subscription)
	for i := range p.s.instances {
		p.equal("found", alder.on(i).querySubscriptions(p.volume(here)), []string{id})
	}
	alder.putSubscription(id, "", alder.watch(here.grow(10)), 409)
	p.uss("uss-birch").putSubscription(id, "", alder.watch(here.grow(10)), 403, 409)
	alder.sameSubscription(made.subscription)
}

func subscriptionTimes(p *probe) {
	alder := p.uss("uss-alder")
	for _, c := range []struct {
		name       string
		start, end bool
	}{{"both", true, true}, {"no start", false, true}, {"no end", true, false}, {"neither", false, false}} {
		p.each(c.name, func(p *probe) {
			alder, now := alder.in(p), time.Now()
			body := alder.watch(here)
			volume := body["extents"].(object)
			start, end := p.start(here), p.end(here)
			if !c.start {
				volume, start = volume.drop("time_start"), now
			}
			if !c.end {
				volume = volume.drop("time_end")
			}
			made := alder.putSubscription(newID(), "", body.set("extents", volume))
			if made.TimeStart == nil || made.TimeEnd == nil {
				p.Fatalf("found %s, expected both times", made.body)
			}
			// The clocks of the two may differ by what the standard allows.
			if d := made.TimeStart.Value.Sub(start).Abs(); d > 5*time.Second || c.start && d > time.Second {
				p.Errorf("found start %s, expected %s", made.TimeStart.Value, start)
			}
			if c.end {
				p.within("end", made.TimeEnd.Value, end)
			}
			if d := made.TimeEnd.Value.Sub(made.TimeStart.Value); d <= 0 || d > 24*time.Hour+time.Second {
				p.Errorf("found a subscription of %s, expected 24 h at most", d)
			}
			alder.sameSubscription(made.subscription)
		})
	}
}

func updateSubscription(p *probe) {
	alder := p.uss("uss-alder", scopeStrategic, scopeProcessing)
	made := alder.subscribe(here)
	seen, version := map[string]bool{made.Version: true}, made.Version
	for i, body := range []object{
		alder.watch(here.move(50, 0)),
		alder.watch(here.move(50, 0)),
		alder.watch(here.band(100, 400)),
		alder.watch(here.during(10, 50)),
		alder.watch(here).set("uss_base_url", "https://alder2.example/utm"),
		alder.watch(here).set("notify_for_constraints", true),
		alder.watch(here).set("notify_for_operational_intents", false).set("notify_for_constraints", true),
	} {
		start := time.Now()
		is := alder.on(i).putSubscription(made.ID, version, body)
		if seen[is.Version] || is.Version == "" {
			p.Errorf("update %d: found version %q again", i, is.Version)
		}
		seen[is.Version], version = true, is.Version
		p.equal("base URL", strings.HasPrefix(is.USSBaseURL, body["uss_base_url"].(string)), true)
		p.equal("notify for intents", is.NotifyIntents, body["notify_for_operational_intents"])
		p.equal("notify for constraints", is.NotifyConstraints, body["notify_for_constraints"])
		p.equal("implicit", is.Implicit, false)
		if is.NotificationIndex < 0 || is.TimeEnd.Value.Before(start) {
			p.Errorf("update %d: found %s", i, is.body)
		}
		alder.sameSubscription(is.subscription)
	}
	p.equal("found", alder.querySubscriptions(p.volume(here)), []string{made.ID})
}

func deleteSubscription(p *probe) {
	alder := p.uss("uss-alder")
	made := alder.subscribe(here)
	gone := alder.on(1).deleteSubscription(made.ID, made.Version)
	p.equal("id", gone.ID, made.ID)
	p.equal("version", gone.Version, made.Version)
	for i := range p.s.instances {
		alder.on(i).noSubscription(made.ID)
		p.equal("found", alder.on(i).querySubscriptions(p.volume(here)), []string{})
	}
	alder.deleteSubscription(made.ID, made.Version, 404)
	alder.putSubscription(made.ID, made.Version, alder.watch(here), 400, 404, 409)
	alder.noSubscription(made.ID)
}

func wrongVersion(p *probe) {
	alder := p.uss("uss-alder")
	made := alder.subscribe(here)
	now := alder.putSubscription(made.ID, made.Version, alder.watch(here.grow(10))).subscription
	for _, wrong := range []string{made.Version, now.Version + "x", "x", "0", strings.Repeat("x", 500)} {
		alder.putSubscription(made.ID, wrong, alder.watch(here), 400, 409)
		alder.deleteSubscription(made.ID, wrong, 409)
	}
	alder.sameSubscription(now)
}

func subscriptionAccess(p *probe) {
	alder, birch := p.uss("uss-alder"), p.uss("uss-birch")
	made := alder.subscribe(here)
	for i := range p.s.instances {
		birch := birch.on(i)
		birch.do("GET", subscriptionsPath+"/"+made.ID, nil, 403)
		for _, version := range []string{made.Version, "x"} {
			birch.deleteSubscription(made.ID, version, 403)
			birch.putSubscription(made.ID, version, birch.watch(here), 403, 409)
		}
		p.equal("found by another", birch.querySubscriptions(p.volume(here)), []string{})
	}
	alder.sameSubscription(made.subscription)
	p.equal("found by the owner", alder.querySubscriptions(p.volume(here)), []string{made.ID})
}

func subscriptionBody(p *probe) {
	alder, birch := p.uss("uss-alder", allScopes...), p.uss("uss-birch", allScopes...)
	intent := birch.putIntent(newID(), "", birch.intent(here)).reference
	own := alder.putIntent(newID(), "", alder.intent(here.band(150, 200)).set("key", []string{intent.OVN})).reference
	constraint := birch.putConstraint(newID(), "", birch.constraint(here)).reference
	birch.putIntent(newID(), "", birch.intent(here.move(3000, 0)))
	birch.putConstraint(newID(), "", birch.constraint(here.band(500, 600)))
	both := []string{intent.ID, own.ID}
	slices.Sort(both)
	watch := alder.watch(here.grow(100).band(0, 300))
	for i, c := range []struct {
		intents, constraints bool
	}{{true, false}, {false, true}, {true, true}} {
		body := watch.set("notify_for_operational_intents", c.intents).set("notify_for_constraints", c.constraints)
		made := alder.on(i).putSubscription(newID(), "", body)
		again := alder.on(i+1).putSubscription(made.ID, made.Version, body)
		for _, s := range []subscribed{made, again} {
			p.equal("intents", ids(s.intents), map[bool][]string{true: both, false: {}}[c.intents])
			p.equal("constraints", ids(s.constraints), map[bool][]string{true: {constraint.ID}, false: {}}[c.constraints])
			for _, r := range append(s.intents, s.constraints...) {
				if r.OVN == intent.OVN || r.OVN == constraint.OVN {
					p.Errorf("found the OVN of another: %s", r.OVN)
				}
			}
		}
	}
}

func dayLimit(p *probe) {
	alder := p.uss("uss-alder")
	day := here.during(-1, 24*60-1)
	made := alder.subscribe(day)
	alder.putSubscription(made.ID, made.Version, alder.watch(day.grow(10)))
	long := here.during(-1, 24*60+10)
	later := here.during(60, 24*60+80)
	for _, b := range []box{long, later} {
		check := func(a *answer) {
			p.Helper()
			if a.is(200) {
				s := a.subscribed()
				if d := s.TimeEnd.Value.Sub(s.TimeStart.Value); d > 24*time.Hour {
					p.Errorf("found a subscription of %s", d)
				}
			}
		}
		check(alder.do("PUT", subscriptionsPath+"/"+newID(), alder.watch(b), 200, 400))
		now := alder.subscribe(here)
		check(alder.do("PUT", subscriptionsPath+"/"+now.ID+"/"+now.Version, alder.watch(b), 200, 400))
	}
}

func subscriptionsFound(p *probe) {
	alder := p.uss("uss-alder")
	made := alder.subscribe(here)
	for name, area := range map[string]object{
		"itself": p.volume(here), "larger": p.volume(here.grow(2000).during(0, 120).band(0, 1000)),
		"inside": p.volume(here.grow(-100).during(20, 21).band(120, 121)), "a corner": p.volume(here.move(350, 250)),
		"a circle": p.circle(here.move(200, 150), 10), "the end": p.volume(here.during(39, 80)),
	} {
		p.each(name, func(p *probe) {
			for i := range p.s.instances {
				p.equal("found", alder.in(p).on(i).querySubscriptions(area), []string{made.ID})
				p.equal("found", alder.in(p).on(i).with(scopeProcessing).querySubscriptions(area), []string{made.ID})
			}
		})
	}
	for name, area := range map[string]object{
		"beside": p.volume(here.move(460, 0)), "above": p.volume(here.band(152, 300)), "after": p.volume(here.during(41, 80)),
		"before": p.volume(here.during(0, 9)), "far": p.volume(here.move(7000, 7000)),
	} {
		p.each("not "+name, func(p *probe) {
			for i := range p.s.instances {
				p.equal("found", alder.in(p).on(i).querySubscriptions(area), []string{})
			}
		})
	}
	moved := alder.putSubscription(made.ID, made.Version, alder.watch(here.move(7000, 7000)))
	p.equal("found where it was", alder.querySubscriptions(p.volume(here)), []string{})
	p.equal("found where it is", alder.querySubscriptions(p.volume(here.move(7000, 7000))), []string{made.ID})
	alder.deleteSubscription(made.ID, moved.Version)
}

func largeSearch(p *probe) {
	alder := p.uss("uss-alder")
	v := p.volume(here)
	lat, lng := p.patch.latDeg, p.patch.lngDeg
	corner := func(dLat, dLng float64) object { return object{"lat": lat + dLat, "lng": lng + dLng} }
	degree := v.set("volume", v["volume"].(object).set("outline_polygon", object{"vertices": []any{
		corner(0, 0), corner(0, 1), corner(1, 1), corner(1, 0),
	}}))
	for _, area := range []object{degree, p.circle(here, 60_000)} {
		alder.do("POST", subscriptionsPath+"/query", object{"area_of_interest": area}, 400, 413)
	}
	// What the tests of pools search is not large: 6 by 3.3 km.
	p.equal("found", alder.querySubscriptions(p.volume(box{-3000, -1650, 6000, 3300, 0, 3000, 0, 60})), []string{})
}

func badSubscriptions(p *probe) {
	alder := p.uss("uss-alder", scopeStrategic, scopeProcessing)
	good := alder.watch(here)
	now := alder.subscribe(here.move(0, 3000)).subscription
	for name, body := range map[string]any{
		"no body":              nil,
		"empty":                object{},
		"no extents":           good.drop("extents"),
		"extents a list":       good.set("extents", []any{p.volume(here)}),
		"no base URL":          good.drop("uss_base_url"),
		"empty base URL":       good.set("uss_base_url", ""),
		"base URL no URL":      good.set("uss_base_url", "alder"),
		"neither flag":         good.drop("notify_for_operational_intents").drop("notify_for_constraints"),
		"both flags false":     good.set("notify_for_operational_intents", false),
		"flag a text":          good.set("notify_for_operational_intents", "true"),
		"ended":                alder.watch(here.during(-60, -1)),
		"ends before it start": alder.watch(here.during(60, 30)),
	} {
		p.each(name, func(p *probe) {
			alder, id := alder.in(p), newID()
			alder.do("PUT", subscriptionsPath+"/"+id, body, 400)
			alder.noSubscription(id)
			alder.do("PUT", subscriptionsPath+"/"+now.ID+"/"+now.Version, body, 400)
			alder.sameSubscription(now)
		})
	}
}

func flagScopes(p *probe) {
	strategic, processing := p.uss("uss-alder"), p.uss("uss-alder", scopeProcessing)
	constraints := strategic.watch(here).set("notify_for_constraints", true)
	strategic.putSubscription(newID(), "", constraints, 403)
	strategic.putSubscription(newID(), "", constraints.set("notify_for_operational_intents", false), 403)
	processing.putSubscription(newID(), "", strategic.watch(here), 403)
	processing.putSubscription(newID(), "", constraints, 403)
	p.equal("what was refused is found", strategic.querySubscriptions(p.volume(here)), []string{})
	processing.putSubscription(newID(), "", constraints.set("notify_for_operational_intents", false))
	strategic.with(scopeStrategic, scopeProcessing).putSubscription(newID(), "", constraints)
}
