package conformance

import (
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
)

var keyChecks = []check{
	{ids: "oir/key DSS0210,A2-7-2,2a", what: "create without the OVN of another's intent", run: createWithoutKey},
	{ids: "oir/key DSS0210,A2-7-2,2b", what: "update without the OVN of another's intent", run: updateWithoutKey},
	{ids: "oir/key", what: "the OVN of one's own other intent is needed too", run: ownKey},
	{ids: "oir/key", what: "a refusal lists all that is missing", run: allMissing},
	{ids: "oir/key", what: "intents that do not meet need no key", run: noKeyNeeded},
	{ids: "oir/key", what: "edges that touch do not meet", run: touching, own: true},
	{ids: "oir/key", what: "neighbours inside each other's boxes do not meet", run: closeNeighbours, own: true},
	{ids: "oir/key", what: "an old OVN is no key, and a deleted intent needs none", run: staleKey},
	{ids: "oir/key", what: "a key may hold more", run: longKey},
	{ids: "oir/key oir/states", what: "off-nominal states need no key", run: offNominalKey},
	{ids: "oir/key DSS0005,3", what: "constraints are in the key of those who process them", run: constraintKey},
	{ids: "oir/key isolation", what: "a refusal says where and when, within one's own volume", run: whereAndWhen, own: true},
	{ids: "oir/key DSS0100,1", what: "the OVN of what a USS that is down has accepted is not needed", run: downKey, own: true},
	{ids: "oir/key DSS0215 DSS0210,A2-7-2,2a", what: "of many at once only one gets the place", run: race},
}

func ids(list []reference) []string {
	found := []string{}
	for _, r := range list {
		found = append(found, r.ID)
	}
	slices.Sort(found)
	return found
}

func createWithoutKey(p *probe) {
	alder, birch := p.uss("uss-alder"), p.uss("uss-birch")
	first := alder.putIntent(newID(), "", alder.intent(here)).reference
	id := newID()
	for i, body := range []object{
		birch.intent(here), birch.activated(here), birch.intent(here).drop("key"), birch.intent(here).set("key", nil),
		birch.intent(here).set("key", []string{"Available from USS", first.OVN + "x"}),
		birch.intent(here.move(5000, 0), here.move(300, 200)),
	} {
		refused := birch.on(i).putIntent(id, "", body, 409)
		p.equal("missing", ids(refused.missingIntents), []string{first.ID})
		first.OVN, refused.missingIntents[0].OVN = "", ""
		p.equal("missing", refused.missingIntents[0], first)
		first = alder.getIntent(first.ID)
		birch.on(i + 1).noIntent(id)
	}
	p.equal("found", birch.queryIntents(p.volume(here)), []string{first.ID})
	p.equal("subscriptions left by refusals", birch.querySubscriptions(p.volume(here)), []string{})
	alder.sameIntent(first)
	birch.putIntent(id, "", birch.intent(here).set("key", []string{first.OVN}))
	birch.on(1).getIntent(id)
}

func updateWithoutKey(p *probe) {
	alder, birch := p.uss("uss-alder"), p.uss("uss-birch")
	first := alder.putIntent(newID(), "", alder.intent(here)).reference
	second := birch.putIntent(newID(), "", birch.intent(here.move(2000, 0))).reference
	for i, body := range []object{birch.intent(here), birch.activated(here)} {
		refused := birch.on(i).putIntent(second.ID, second.OVN, body, 409)
		p.equal("missing", ids(refused.missingIntents), []string{first.ID})
		birch.on(i + 1).sameIntent(second)
		p.equal("found", birch.queryIntents(p.volume(here)), []string{first.ID})
	}
	// Its own OVN is not needed, and does not stand for another's.
	birch.putIntent(second.ID, second.OVN, birch.intent(here).set("key", []string{second.OVN}), 409)
	second = birch.putIntent(second.ID, second.OVN, birch.intent(here).set("key", []string{first.OVN})).reference
	birch.putIntent(second.ID, second.OVN, birch.activated(here), 409)
	birch.sameIntent(second)
	birch.putIntent(second.ID, second.OVN, birch.activated(here).set("key", []string{first.OVN}))
}

func ownKey(p *probe) {
	alder := p.uss("uss-alder")
	first := alder.putIntent(newID(), "", alder.intent(here)).reference
	refused := alder.putIntent(newID(), "", alder.intent(here), 409)
	p.equal("missing", ids(refused.missingIntents), []string{first.ID})
	alder.putIntent(newID(), "", alder.intent(here).set("key", []string{first.OVN}))
	alder.sameIntent(first)
}

func allMissing(p *probe) {
	alder, birch := p.uss("uss-alder"), p.uss("uss-birch")
	key, meeting := []string{}, []string{}
	for i := range 30 {
		b := here.move(float64(i*20), 0).during(10+float64(i), 60)
		made := alder.putIntent(newID(), "", alder.intent(b).set("key", key))
		key, meeting = append(key, made.OVN), append(meeting, made.ID)
	}
	for i := range 5 { // beside, above, later
		alder.putIntent(newID(), "", alder.intent(here.move(2000+1000*float64(i), 0)))
		alder.putIntent(newID(), "", alder.intent(here.band(200+100*float64(i), 250+100*float64(i))))
		alder.putIntent(newID(), "", alder.intent(here.during(100+60*float64(i), 130+60*float64(i))))
	}
	mine := here.grow(400).during(5, 90)
	check := func(what string, key, missing []string) {
		id := newID()
		refused := birch.putIntent(id, "", birch.intent(mine).set("key", key), 409)
		slices.Sort(missing)
		p.equal(what, ids(refused.missingIntents), missing)
		birch.noIntent(id)
	}
	check("no key", nil, slices.Clone(meeting))
	check("half a key", key[:15], slices.Clone(meeting[15:]))
	check("one missing", append(slices.Clone(key[:7]), key[8:]...), []string{meeting[7]})
	birch.putIntent(newID(), "", birch.intent(mine).set("key", key))
}

func noKeyNeeded(p *probe) {
	alder := p.uss("uss-alder")
	birch := p.uss("uss-birch")
	alder.putIntent(newID(), "", alder.intent(here))
	for i, b := range []box{
		here.move(460, 0), here.move(0, -360), here.move(-3000, 3000), here.band(200, 250), here.band(20, 50),
		here.during(41, 60), here.during(1, 9), here.move(460, 0).during(41, 60),
	} {
		made := birch.putIntent(newID(), "", birch.intent(b))
		birch.deleteIntent(made.ID, made.OVN)
		if i == 0 {
			// Two extents: one shares the place, the other the time.
			two := birch.putIntent(newID(), "", birch.intent(here.during(50, 60), here.move(2000, 0)))
			birch.deleteIntent(two.ID, two.OVN)
		}
	}
	v := p.circle(here.move(-600, 150), 540)
	birch.putIntent(newID(), "", birch.intent(here).set("extents", []any{v}))
}

func touching(p *probe) {
	alder, birch := p.uss("uss-alder"), p.uss("uss-birch")
	first := alder.intent(here)
	alder.putIntent(newID(), "", first)
	times := first["extents"].([]any)[0].(object)
	later := p.volume(here.during(40, 60)).set("time_start", times["time_end"])
	earlier := p.volume(here.during(5, 10)).set("time_end", times["time_start"])
	for name, v := range map[string]object{
		"above": p.volume(here.band(150, 200)), "below": p.volume(here.band(50, 100)), "later": later, "earlier": earlier,
	} {
		p.each(name, func(p *probe) {
			birch := birch.in(p)
			made := birch.putIntent(newID(), "", birch.intent(here).set("extents", []any{v}))
			birch.deleteIntent(made.ID, made.OVN)
		})
	}
}

// Two long, slanted and narrow flights side by side, 40 m apart: their boxes
// overlap almost whole.
func closeNeighbours(p *probe) {
	alder, birch := p.uss("uss-alder"), p.uss("uss-birch")
	slanted := func(shiftM float64) []any {
		at, v := p.patch.point, p.volume(here)
		return []any{v.set("volume", v["volume"].(object).set("outline_polygon", object{"vertices": []any{
			at(shiftM, 0), at(shiftM+40, 0), at(shiftM+2040, 2000), at(shiftM+2000, 2000),
		}}))}
	}
	// 28 m wide, then 40 m of air.
	first := alder.putIntent(newID(), "", alder.intent(here).set("extents", slanted(0)))
	birch.putIntent(newID(), "", birch.intent(here).set("extents", slanted(97)))
	refused := birch.putIntent(newID(), "", birch.intent(here).set("extents", slanted(30)), 409)
	if !slices.Contains(ids(refused.missingIntents), first.ID) {
		p.Errorf("found %v missing, expected %s too", ids(refused.missingIntents), first.ID)
	}
}

func staleKey(p *probe) {
	alder, birch := p.uss("uss-alder"), p.uss("uss-birch")
	old := alder.putIntent(newID(), "", alder.intent(here)).reference
	now := alder.putIntent(old.ID, old.OVN, alder.intent(here.grow(10))).reference
	id := newID()
	refused := birch.putIntent(id, "", birch.intent(here).set("key", []string{old.OVN}), 409)
	p.equal("missing", ids(refused.missingIntents), []string{old.ID})
	alder.deleteIntent(now.ID, now.OVN)
	birch.putIntent(id, "", birch.intent(here))
}

func longKey(p *probe) {
	alder, birch := p.uss("uss-alder"), p.uss("uss-birch")
	first := alder.putIntent(newID(), "", alder.intent(here))
	key := []string{}
	for i := range 500 {
		key = append(key, fmt.Sprintf("%s_%032d", newID(), i))
	}
	birch.putIntent(newID(), "", birch.intent(here).set("key", key), 409)
	birch.putIntent(newID(), "", birch.intent(here).set("key", append(key, first.OVN, first.OVN)))
}

func offNominalKey(p *probe) {
	alder := p.uss("uss-alder")
	birch := p.uss("uss-birch", scopeStrategic, scopeConformance)
	alder.putIntent(newID(), "", alder.intent(here))
	made := birch.putIntent(newID(), "", birch.activated(here.move(2000, 0))).reference
	made = birch.putIntent(made.ID, made.OVN, birch.activated(here).set("state", "Nonconforming")).reference
	made = birch.putIntent(made.ID, made.OVN, birch.activated(here.grow(100)).set("state", "Contingent")).reference
	p.equal("state", made.State, "Contingent")
	// Those who come after need the OVN of what is off-nominal.
	cedar := p.uss("uss-cedar")
	refused := cedar.putIntent(newID(), "", cedar.intent(here), 409)
	if !slices.Contains(ids(refused.missingIntents), made.ID) {
		p.Errorf("found %v missing, expected %s too", ids(refused.missingIntents), made.ID)
	}
}

func constraintKey(p *probe) {
	alder := p.uss("uss-alder", scopeManagement)
	birch := p.uss("uss-birch", scopeStrategic, scopeProcessing)
	made := alder.putConstraint(newID(), "", alder.constraint(here)).reference
	alder.putConstraint(newID(), "", alder.constraint(here.move(3000, 0)))
	// Without a subscription to constraints they are not needed.
	plain := birch.putIntent(newID(), "", birch.implicit(here)).reference
	birch.deleteIntent(plain.ID, plain.OVN)
	processing := birch.intent(here).set("new_subscription", object{"uss_base_url": birch.baseURL(), "notify_for_constraints": true})
	id := newID()
	refused := birch.putIntent(id, "", processing, 409)
	p.equal("missing intents", ids(refused.missingIntents), []string{})
	p.equal("missing constraints", ids(refused.missingConstraints), []string{made.ID})
	birch.noIntent(id)
	birch.putIntent(id, "", processing.set("key", []string{made.OVN}))
	// The flag needs the scope.
	birch.with(scopeStrategic).putIntent(newID(), "", processing.set("key", []string{made.OVN}).set("extents", p.volumes([]box{here.move(0, 3000)})), 400, 403)
}

func race(p *probe) {
	for round := range 4 {
		var won atomic.Int32
		var wait sync.WaitGroup
		for i := range 16 {
			wait.Go(func() {
				p := p.fork()
				u := p.uss(fmt.Sprintf("uss-racer-%d", i)).on(i)
				b := here.move(float64(i*10), 2000*float64(round))
				if a := u.putIntent(newID(), "", u.intent(b), 201, 409); a.status == 201 {
					won.Add(1)
				} else if len(a.missingIntents) == 0 {
					p.Error("found a refusal that lists nothing")
				}
			})
		}
		wait.Wait()
		p.equal("how many got the place", won.Load(), 1)
	}
}

// A refusal of a deconflict node has a member beyond the standard: the boxes in
// which the caller's own extents are met. They tell nothing of the rest of the
// other's outline.
func whereAndWhen(p *probe) {
	alder, birch := p.uss("uss-alder"), p.uss("uss-birch")
	first := alder.putIntent(newID(), "", alder.intent(here.grow(1000).band(0, 120).during(5, 30)))
	second := alder.putIntent(newID(), "", alder.intent(here.move(5200, 0)))
	body := birch.intent(here, here.move(5000, 0))
	refused := birch.putIntent(newID(), "", body, 409)
	var said struct {
		Conflicts []struct {
			ID           string
			WhereAndWhen []struct {
				Extent int
				Box    struct {
					Volume struct {
						Polygon struct{ Vertices []struct{ Lat, Lng float64 } } `json:"outline_polygon"`
						Lower   struct{ Value float64 }                         `json:"altitude_lower"`
						Upper   struct{ Value float64 }                         `json:"altitude_upper"`
					}
					Start instant `json:"time_start"`
					End   instant `json:"time_end"`
				}
			} `json:"where_and_when"`
		}
	}
	refused.into(&said)
	extents := map[string]int{first.ID: 0, second.ID: 1}
	p.equal("conflicts", len(said.Conflicts), 2)
	for _, c := range said.Conflicts {
		if len(c.WhereAndWhen) != 1 {
			p.Fatalf("found %s, expected one place for each", cutText(string(refused.body), 2000))
		}
		met := c.WhereAndWhen[0]
		own := here.move(float64(extents[c.ID])*5000, 0)
		p.equal("extent", met.Extent, extents[c.ID])
		const coarseDeg = 5e-5 // cells of about 2 m
		low, high := p.patch.point(own.eastM, own.northM), p.patch.point(own.eastM+own.widthM, own.northM+own.heightM)
		for _, v := range met.Box.Volume.Polygon.Vertices {
			if v.Lat < low["lat"].(float64)-coarseDeg || v.Lat > high["lat"].(float64)+coarseDeg ||
				v.Lng < low["lng"].(float64)-coarseDeg || v.Lng > high["lng"].(float64)+coarseDeg {
				p.Errorf("%v, %v lies outside of the caller's extent", v.Lat, v.Lng)
			}
		}
		box, upper, end := met.Box, 120.0, 30.0
		if c.ID == second.ID {
			upper, end = 150, 40
		}
		p.equal("floor", box.Volume.Lower.Value, own.lowerM)
		p.equal("ceiling", box.Volume.Upper.Value, upper)
		p.within("start", box.Start.Value, p.start(own))
		p.within("end", box.End.Value, p.start(own.during(end, end)))
	}
}

// Such an OVN can be had from nobody, and the intent ranks lowest. What flies
// already ranks highest.
func downKey(p *probe) {
	alder := p.uss("uss-" + newID())
	accepted := alder.putIntent(newID(), "", alder.intent(here))
	activated := alder.putIntent(newID(), "", alder.activated(here.move(2000, 0)))
	version := p.arbiter().setAvailability(alder.name, "", "Down").Version
	birch := p.uss("uss-birch")
	birch.putIntent(newID(), "", birch.intent(here))
	refused := birch.putIntent(newID(), "", birch.intent(here.move(2000, 0)), 409)
	p.equal("missing", ids(refused.missingIntents), []string{activated.ID})
	p.arbiter().setAvailability(alder.name, version, "Normal")
	refused = birch.putIntent(newID(), "", birch.intent(here.band(140, 200)), 409)
	if !slices.Contains(ids(refused.missingIntents), accepted.ID) {
		p.Errorf("found %v missing, expected %s too", ids(refused.missingIntents), accepted.ID)
	}
}
