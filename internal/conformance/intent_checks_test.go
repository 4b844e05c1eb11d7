package conformance

import (
	"strings"
	"sync"
	"time"
)

var intentChecks = []check{
	{ids: "DSS0005,1 rule/codes rule/schema rule/times oir/paths oir/response oir/no-subscription DSS0210,A2-7-2,1a DSS0210,A2-7-2,1d", what: "create an intent", run: createIntent},
	{ids: "DSS0005,1 oir/versions rule/codes DSS0210,A2-7-2,1b", what: "update an intent", run: updateIntent},
	{ids: "DSS0005,1 oir/versions DSS0210,A2-7-2,3a DSS0210,A2-7-2,3b DSS0210,2a", what: "delete an intent", run: deleteIntent},
	{ids: "rule/versions DSS0005,1", what: "a wrong OVN of an intent", run: wrongIntentOVN},
	{ids: "oir/access OPIN0035", what: "only the manager changes an intent", run: intentAccess},
	{ids: "oir/past-start", what: "extents that have begun", run: pastStart},
	{ids: "DSS0005,1 rule/times DSS0210,2f", what: "times span all extents", run: manyExtents},
	{ids: "DSS0005,1", what: "members that may be null or are not known", run: nullMembers},
	{ids: "DSS0005,1 oir/paths", what: "an id is one id in capitals too", run: capitals, own: true},
	{ids: "DSS0005,1 rule/errors", what: "an intent with a member missing or wrong", run: badIntents},
	{ids: "DSS0005,1 DSS0005,3 DSS0005,5 rule/errors", what: "volumes that cannot be", run: badVolumes},
	{ids: "DSS0215 DSS0020 DSS0210,A2-7-2,1c DSS0210,A2-7-2,1d", what: "read what was written, at once and everywhere", run: readYourWrites},
}

func createIntent(p *probe) {
	alder := p.uss("uss-alder")
	id := newID()
	alder.noIntent(id)
	start, end := p.start(here), p.end(here)
	made := alder.putIntent(id, "", alder.intent(here))
	p.equal("id", made.ID, id)
	p.equal("manager", made.Manager, "uss-alder")
	p.equal("availability", made.USSAvailability, "Unknown")
	p.equal("state", made.State, "Accepted")
	p.equal("base URL", made.USSBaseURL, alder.baseURL())
	p.equal("subscription", made.SubscriptionID, nullID)
	p.equal("subscribers", len(made.subscribers), 0)
	if made.OVN == "" || made.Version < 0 {
		p.Errorf("found OVN %q and version %d", made.OVN, made.Version)
	}
	p.within("start", made.TimeStart.Value, start)
	p.within("end", made.TimeEnd.Value, end)
	alder.noSubscription(nullID)
	for i := range p.s.instances {
		alder.on(i).sameIntent(made.reference)
		p.equal("found", alder.on(i).queryIntents(p.volume(here)), []string{id})
	}
	// To create again is to update without the version.
	alder.putIntent(id, "", alder.intent(here.move(0, 2000)), 409)
	p.uss("uss-birch").putIntent(id, "", alder.intent(here.move(0, 2000)), 403, 409)
	alder.sameIntent(made.reference)
}

func updateIntent(p *probe) {
	alder := p.uss("uss-alder")
	made := alder.putIntent(newID(), "", alder.intent(here)).reference
	seen := map[string]bool{made.OVN: true}
	was := made
	for i, body := range []object{
		alder.intent(here),
		alder.intent(here.grow(100)),
		alder.intent(here.during(20, 60)),
		alder.intent(here).set("uss_base_url", "https://alder2.example"),
		alder.activated(here),
		alder.activated(here),
	} {
		is := alder.on(i).putIntent(made.ID, was.OVN, body).reference
		if seen[is.OVN] || is.Version <= was.Version {
			p.Errorf("update %d: found OVN %q and version %d after %q and %d", i, is.OVN, is.Version, was.OVN, was.Version)
		}
		seen[is.OVN] = true
		p.equal("state", is.State, body["state"])
		p.equal("base URL", is.USSBaseURL, body["uss_base_url"])
		p.equal("manager", is.Manager, made.Manager)
		for i := range p.s.instances {
			alder.on(i).sameIntent(is)
			p.equal("found", alder.on(i).queryIntents(p.volume(here)), []string{made.ID})
		}
		alder.sameIntent(is)
		was = is
	}
}

func deleteIntent(p *probe) {
	alder := p.uss("uss-alder")
	made := alder.putIntent(newID(), "", alder.implicit(here)).reference
	gone := alder.on(1).deleteIntent(made.ID, made.OVN)
	p.equal("what was deleted", gone.reference, made)
	for i := range p.s.instances {
		alder.on(i).noIntent(made.ID)
		p.equal("found", alder.on(i).queryIntents(p.volume(here)), []string{})
	}
	alder.deleteIntent(made.ID, made.OVN, 404)
	alder.putIntent(made.ID, made.OVN, alder.intent(here), 400, 404, 409)
	alder.noIntent(made.ID)
	again := alder.putIntent(made.ID, "", alder.intent(here))
	if again.OVN == made.OVN {
		p.Errorf("found the old OVN %q after deletion and creation", made.OVN)
	}
}

func wrongIntentOVN(p *probe) {
	alder := p.uss("uss-alder")
	made := alder.putIntent(newID(), "", alder.intent(here)).reference
	made2 := alder.putIntent(made.ID, made.OVN, alder.intent(here)).reference
	for _, wrong := range []string{made.OVN, strings.Repeat("x", 20), made2.OVN + "x", made2.OVN[:len(made2.OVN)-1], "x"} {
		p.each(wrong, func(p *probe) {
			alder.in(p).putIntent(made.ID, wrong, alder.intent(here.move(0, 2000)), 409)
			alder.in(p).deleteIntent(made.ID, wrong, 409)
		})
	}
	alder.sameIntent(made2)
}

func intentAccess(p *probe) {
	alder, birch := p.uss("uss-alder"), p.uss("uss-birch")
	made := alder.putIntent(newID(), "", alder.intent(here)).reference
	for _, ovn := range []string{made.OVN, strings.Repeat("x", 20)} {
		birch.putIntent(made.ID, ovn, birch.intent(here), 403)
		birch.putIntent(made.ID, ovn, birch.activated(here), 403)
		birch.putIntent(made.ID, ovn, birch.intent(here.move(0, 2000)), 403)
		birch.deleteIntent(made.ID, ovn, 403)
		alder.sameIntent(made)
	}
	shown := birch.getIntent(made.ID)
	if shown.OVN == made.OVN {
		p.Error("the OVN is shown to another")
	}
	shown.OVN = made.OVN
	p.equal("reference as another reads it", shown, made)
	p.equal("found by another", birch.queryIntents(p.volume(here)), []string{made.ID})
}

func pastStart(p *probe) {
	alder := p.uss("uss-alder")
	begun := here.during(-10.0/60, 10)
	start := p.start(begun)
	made := alder.putIntent(newID(), "", alder.intent(begun))
	p.within("start", made.TimeStart.Value, start)
	moved := alder.putIntent(made.ID, made.OVN, alder.intent(begun.move(50, 0)))
	p.within("start", moved.TimeStart.Value, start)
	p.equal("found", alder.queryIntents(p.volume(here.during(0, 10))), []string{made.ID})
	alder.putIntent(newID(), "", alder.intent(here.during(-20, -10)), 400)
}

func manyExtents(p *probe) {
	alder := p.uss("uss-alder")
	blocks := []box{here.during(20, 25), here.move(600, 0).during(10, 18), here.move(1200, 0).during(25, 33)}
	start, end := p.start(blocks[1]), p.end(blocks[2])
	made := alder.putIntent(newID(), "", alder.intent(blocks...))
	p.within("start", made.TimeStart.Value, start)
	p.within("end", made.TimeEnd.Value, end)
	for i, b := range blocks {
		p.equal("found in an extent", alder.queryIntents(p.volume(b)), []string{made.ID})
		// The extents are where they are, each in its time: not their hull.
		if other := blocks[(i+1)%3]; p.s.node != nil {
			p.equal("found where it is at another time", alder.queryIntents(p.volume(b.during(other.startMin+1, other.startMin+2))), []string{})
		}
	}
}

func nullMembers(p *probe) {
	alder := p.uss("uss-alder")
	body := alder.intent(here).set("new_subscription", nil).set("subscription_id", nil).set("key", nil).
		set("requested_ovn_suffix", nil).set("flight_type", "unknown to the standard").set("more", object{"x": []any{1, nil}})
	made := alder.putIntent(newID(), "", body)
	p.equal("subscription", made.SubscriptionID, nullID)
	alder.putIntent(newID(), "", alder.intent(here.move(0, 2000)).drop("key"))
	area := p.volume(here)
	area["volume"] = area["volume"].(object).set("outline_circle", nil)
	p.equal("found", alder.queryIntents(area.set("time_start", nil)), []string{made.ID})
}

func capitals(p *probe) {
	alder := p.uss("uss-alder")
	id := strings.ToUpper(newID())
	made := alder.putIntent(id, "", alder.intent(here))
	if !strings.EqualFold(made.ID, id) {
		p.Errorf("found id %s, expected %s", made.ID, id)
	}
	p.equal("in small letters", alder.getIntent(strings.ToLower(id)), made.reference)
	alder.putIntent(strings.ToLower(id), "", alder.intent(here.move(0, 2000)), 409)
}

// badIntents are parameters with one fault each.
func badIntents(p *probe) {
	alder := p.uss("uss-alder")
	good := alder.implicit(here)
	made := alder.putIntent(newID(), "", alder.intent(here.move(0, 3000))).reference
	for name, body := range map[string]any{
		"no body":                 nil,
		"empty":                   object{},
		"null":                    "null",
		"a list":                  "[]",
		"no extents":              good.drop("extents"),
		"null extents":            good.set("extents", nil),
		"empty extents":           good.set("extents", []any{}),
		"extents no list":         good.set("extents", p.volume(here)),
		"null extent":             good.set("extents", []any{nil}),
		"no state":                good.drop("state"),
		"state unknown":           good.set("state", "Flying"),
		"state in capitals":       good.set("state", "ACCEPTED"),
		"no base URL":             good.drop("uss_base_url"),
		"empty base URL":          good.set("uss_base_url", ""),
		"base URL no URL":         good.set("uss_base_url", "alder"),
		"base URL of a script":    good.set("uss_base_url", "javascript:alert(1)"),
		"base URL a number":       good.set("uss_base_url", 7),
		"key no list":             good.set("key", "x"),
		"key of numbers":          good.set("key", []any{1}),
		"subscription id no UUID": good.drop("new_subscription").set("subscription_id", "x"),
		"subscription no URL":     good.set("new_subscription", object{}),
		"subscription bad URL":    good.set("new_subscription", object{"uss_base_url": "alder"}),
		"subscription flag":       good.set("new_subscription", object{"uss_base_url": alder.baseURL(), "notify_for_constraints": "no"}),
	} {
		p.each(name, func(p *probe) {
			alder, id := alder.in(p), newID()
			alder.do("PUT", intentsPath+"/"+id, body, 400)
			alder.noIntent(id)
			alder.do("PUT", intentsPath+"/"+made.ID+"/"+made.OVN, body, 400)
			alder.sameIntent(made)
		})
	}
}

// badVolumes returns volumes that no write may accept.
func (p *probe) badVolumes() map[string]object {
	good := p.volume(here)
	polygon := func(vertices ...any) object {
		return good.set("volume", good["volume"].(object).set("outline_polygon", object{"vertices": vertices}))
	}
	round := func(change func(c object) object) object {
		v := p.circle(here, 100)
		inner := v["volume"].(object)
		return v.set("volume", inner.set("outline_circle", change(inner["outline_circle"].(object))))
	}
	space := func(name string, value any) object {
		return good.set("volume", good["volume"].(object).set(name, value))
	}
	at, now := p.patch.point, time.Now()
	return map[string]object{
		"empty":                 {},
		"no volume":             good.drop("volume"),
		"no outline":            good.set("volume", good["volume"].(object).drop("outline_polygon")),
		"two outlines":          space("outline_circle", p.circle(here, 100)["volume"].(object)["outline_circle"]),
		"no vertices":           polygon(),
		"two vertices":          polygon(at(0, 0), at(100, 0)),
		"crossing edges":        polygon(at(0, 0), at(100, 100), at(100, 0), at(0, 100)),
		"a vertex twice":        polygon(at(0, 0), at(100, 0), at(100, 0), at(0, 100)),
		"first vertex repeated": polygon(at(0, 0), at(100, 0), at(0, 100), at(0, 0)),
		"no area":               polygon(at(0, 0), at(0, 100), at(0, 200)),
		"latitude 91":           polygon(at(0, 0).set("lat", 91), at(100, 0), at(0, 100)),
		"longitude 181":         polygon(at(0, 0).set("lng", 181), at(100, 0), at(0, 100)),
		"latitude text":         polygon(at(0, 0).set("lat", "-36"), at(100, 0), at(0, 100)),
		"no latitude":           polygon(at(0, 0).drop("lat"), at(100, 0), at(0, 100)),
		"radius 0":              p.circle(here, 0),
		"radius below 0":        p.circle(here, -1),
		"radius in feet":        round(func(c object) object { return c.set("radius", object{"value": 100, "units": "FT"}) }),
		"no radius":             round(func(c object) object { return c.drop("radius") }),
		"no centre":             round(func(c object) object { return c.drop("center") }),
		"altitude in feet":      space("altitude_upper", altitude(200).set("units", "FT")),
		"altitude above sea":    space("altitude_upper", altitude(200).set("reference", "AMSL")),
		"altitude no value":     space("altitude_upper", altitude(200).drop("value")),
		"altitude too high":     space("altitude_upper", altitude(100_001)),
		"altitude too low":      space("altitude_lower", altitude(-8_001)),
		"floor above ceiling":   space("altitude_lower", altitude(151)),
		"floor at ceiling":      space("altitude_lower", altitude(150)),
		"end before start":      good.set("time_end", wireTime(now)).set("time_start", wireTime(now.Add(time.Hour))),
		"end at start":          good.set("time_end", wireTime(now.Add(time.Hour))).set("time_start", wireTime(now.Add(time.Hour))),
		"end is past":           good.set("time_end", wireTime(now.Add(-time.Minute))).set("time_start", wireTime(now.Add(-time.Hour))),
		"time format":           good.set("time_end", wireTime(p.end(here)).set("format", "ISO")),
		"time no format":        good.set("time_end", wireTime(p.end(here)).drop("format")),
		"time with offset":      good.set("time_end", object{"value": p.end(here).UTC().Format("2006-01-02T15:04:05") + "+00:00", "format": "RFC3339"}),
		"time no date":          good.set("time_end", object{"value": "tomorrow", "format": "RFC3339"}),
		"time a number":         good.set("time_end", object{"value": 1, "format": "RFC3339"}),
		"time a string":         good.set("time_end", p.end(here).UTC().Format(time.RFC3339)),
	}
}

func badVolumes(p *probe) {
	alder := p.uss("uss-alder", scopeStrategic, scopeManagement)
	good := p.volume(here)
	bad := p.badVolumes()
	refuse := func(name string, volume object, paths ...string) {
		p.each(name, func(p *probe) {
			alder := alder.in(p)
			for _, path := range paths {
				switch path {
				case intentsPath:
					alder.do("PUT", path+"/"+newID(), alder.intent(here).set("extents", []any{volume}), 400)
					if name != "end is past" { // a flight under way has flown some of its volumes
						alder.do("PUT", path+"/"+newID(), alder.intent(here).set("extents", []any{good, volume}), 400)
					}
				case constraintsPath:
					alder.do("PUT", path+"/"+newID(), alder.constraint(here).set("extents", []any{volume}), 400)
				case subscriptionsPath:
					alder.do("PUT", path+"/"+newID(), alder.watch(here).set("extents", volume), 400)
				}
			}
		})
	}
	for name, volume := range bad {
		refuse(name, volume, intentsPath, constraintsPath, subscriptionsPath)
	}
	// Bounds that areas may leave open. A reference must show its times.
	refuse("no start", good.drop("time_start"), intentsPath, constraintsPath)
	refuse("no end", good.drop("time_end"), intentsPath, constraintsPath)
	refuse("no floor", good.set("volume", good["volume"].(object).drop("altitude_lower")), intentsPath)
	refuse("no ceiling", good.set("volume", good["volume"].(object).drop("altitude_upper")), intentsPath)
	p.equal("what was refused is found", alder.queryIntents(good), []string{})
	p.equal("what was refused is found", alder.queryConstraints(good), []string{})
	p.equal("what was refused is found", alder.querySubscriptions(good), []string{})
}

func readYourWrites(p *probe) {
	var wait sync.WaitGroup
	for w := range 8 {
		wait.Go(func() {
			p := p.fork()
			alder := p.uss("uss-alder")
			b := here.move(0, float64(w)*1000)
			for round := range 5 {
				id, at := newID(), w+round
				made := alder.on(at).putIntent(id, "", alder.intent(b)).reference
				alder.on(at + 1).sameIntent(made)
				p.equal("found", alder.on(at+1).queryIntents(p.volume(b)), []string{id})
				made = alder.on(at+1).putIntent(id, made.OVN, alder.intent(b.grow(10))).reference
				alder.on(at).sameIntent(made)
				alder.on(at).deleteIntent(id, made.OVN)
				alder.on(at + 1).noIntent(id)
				p.equal("found", alder.on(at+1).queryIntents(p.volume(b)), []string{})
			}
		})
	}
	wait.Wait()
}
