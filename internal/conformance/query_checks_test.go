package conformance

import (
	"slices"
	"time"
)

var queryChecks = []check{
	{ids: "DSS0005,2 DSS0210,2e DSS0210,A2-7-2,1c", what: "intents are found where they are and nowhere else", run: intentsFound},
	{ids: "DSS0005,2", what: "areas without bounds", run: openAreas},
	{ids: "DSS0005,2 DSS0005,4 DSS0005,5", what: "areas that cannot be", run: badAreas},
	{ids: "DSS0005,2", what: "an instant as an area", run: instants, own: true},
	{ids: "DSS0005,2", what: "across the antimeridian and around the pole", run: farPlaces},
	{ids: "DSS0005,2", what: "results are complete", run: completeResults},
}

func intentsFound(p *probe) {
	alder, birch := p.uss("uss-alder"), p.uss("uss-birch")
	made := alder.putIntent(newID(), "", alder.intent(here))
	for name, area := range map[string]object{
		"itself":          p.volume(here),
		"larger":          p.volume(here.grow(2000).during(0, 120).band(0, 1000)),
		"inside":          p.volume(here.grow(-100).during(20, 21).band(120, 121)),
		"a corner":        p.volume(here.move(350, 250)),
		"the end":         p.volume(here.during(39, 80)),
		"the start":       p.volume(here.during(0, 11)),
		"the top":         p.volume(here.band(149, 400)),
		"the bottom":      p.volume(here.band(-100, 101)),
		"a circle":        p.circle(here.move(200, 150), 10),
		"circle at side":  p.circle(here.move(-90, 150), 100),
		"circle at angle": p.circle(here.move(-60, -60), 100),
		"crossing":        p.volume(box{-500, 100, 1500, 5, 100, 150, 10, 40}),
	} {
		p.each(name, func(p *probe) {
			for i := range p.s.instances {
				p.equal("found", birch.in(p).on(i).queryIntents(area), []string{made.ID})
				p.equal("found", birch.in(p).on(i).with(scopeConformance).queryIntents(area), []string{made.ID})
			}
		})
	}
	for name, area := range map[string]object{
		"east":            p.volume(here.move(460, 0)),
		"north":           p.volume(here.move(0, 360)),
		"before":          p.volume(here.during(0, 9)),
		"after":           p.volume(here.during(41, 80)),
		"above":           p.volume(here.band(152, 400)),
		"below":           p.volume(here.band(0, 98)),
		"circle at side":  p.circle(here.move(-160, 150), 100),
		"circle at angle": p.circle(here.move(-120, -120), 100),
		"far":             p.volume(here.move(6000, 6000)),
	} {
		p.each("not "+name, func(p *probe) {
			if name == "circle at angle" && p.s.node == nil {
				return // coarser coverings may reach so far
			}
			for i := range p.s.instances {
				p.equal("found", birch.in(p).on(i).queryIntents(area), []string{})
			}
		})
	}
	moved := alder.putIntent(made.ID, made.OVN, alder.intent(here.move(0, 2000)))
	p.equal("found where it was", birch.queryIntents(p.volume(here)), []string{})
	p.equal("found where it is", birch.queryIntents(p.volume(here.move(0, 2000))), []string{made.ID})
	alder.deleteIntent(made.ID, moved.OVN)
	p.equal("found after deletion", birch.queryIntents(p.volume(here.grow(3000))), []string{})
}

func openAreas(p *probe) {
	alder := p.uss("uss-alder")
	low := alder.putIntent(newID(), "", alder.intent(here.band(-50, 10)))
	high := alder.putIntent(newID(), "", alder.intent(here.band(10_000, 10_050)))
	both := []string{low.ID, high.ID}
	slices.Sort(both)
	area := p.volume(here)
	space := area["volume"].(object)
	p.equal("no altitudes", alder.queryIntents(area.set("volume", space.drop("altitude_lower").drop("altitude_upper"))), both)
	p.equal("no floor", alder.queryIntents(area.set("volume", space.drop("altitude_lower"))), []string{low.ID})
	p.equal("no ceiling", alder.queryIntents(area.set("volume", space.drop("altitude_upper"))), []string{high.ID})
	wide := p.volume(here.band(-1000, 20_000))
	p.equal("no times", alder.queryIntents(wide.drop("time_start").drop("time_end")), both)
	p.equal("no start", alder.queryIntents(wide.drop("time_start")), both)
	p.equal("no end", alder.queryIntents(wide.drop("time_end")), both)
	p.equal("no end, later", alder.queryIntents(wide.drop("time_end").set("time_start", wireTime(p.end(here).Add(time.Minute)))), []string{})
}

func badAreas(p *probe) {
	u := p.uss("uss-alder", scopeStrategic, scopeManagement)
	good := p.volume(here)
	refuse := func(name string, body any) {
		p.each(name, func(p *probe) {
			for _, path := range []string{intentsPath, constraintsPath, subscriptionsPath} {
				u.in(p).do("POST", path+"/query", body, 400)
			}
		})
	}
	for name, area := range p.badVolumes() {
		// A search may look at what has ended, and at an instant.
		if name != "end is past" && name != "end at start" {
			refuse(name, object{"area_of_interest": area})
		}
	}
	refuse("no area", object{})
	refuse("null area", object{"area_of_interest": nil})
	refuse("area a list", object{"area_of_interest": []any{good}})
	refuse("area a text", object{"area_of_interest": "36.1,-128.2"})
	refuse("the volume itself", good)
	refuse("no body", nil)
	refuse("broken", `{"area_of_interest":`)
}

func instants(p *probe) {
	alder := p.uss("uss-alder")
	body := alder.intent(here)
	made := alder.putIntent(newID(), "", body)
	own := body["extents"].([]any)[0].(object)
	at := func(v any) object { return p.volume(here).set("time_start", v).set("time_end", v) }
	p.equal("in the middle", alder.queryIntents(at(wireTime(time.Now().Add(20*time.Minute)))), []string{made.ID})
	p.equal("at the start", alder.queryIntents(at(own["time_start"])), []string{made.ID})
	p.equal("at the end", alder.queryIntents(at(own["time_end"])), []string{})
}

func farPlaces(p *probe) {
	alder := p.uss("uss-alder")
	band := newID()[24:] // twelve hex digits place the altitude, so that runs do not meet
	lower := float64(band[0]%16)*3000 + float64(band[1]%16)*150
	b := here.band(lower, lower+20)
	around := func(lat, lng, radiusM float64) object {
		v := p.circle(b, radiusM)
		inner := v["volume"].(object)
		return v.set("volume", inner.set("outline_circle", object{
			"center": object{"lat": lat, "lng": lng}, "radius": object{"value": radiusM, "units": "M"},
		}))
	}
	for _, c := range []struct {
		name             string
		lat, lng         float64 // of the intent, 400 m
		lat2, lng2, near float64 // of an area that meets it
		lat3, lng3, far  float64 // of one that does not
	}{
		{"antimeridian", -36.1, 180, -36.1, -179.996, 100, -36.1, -179.99, 100},
		{"antimeridian from the west", -36.3, -179.999, -36.3, 179.999, 100, -36.3, 179.99, 100},
		{"antimeridian at -180", -36.5, -180, -36.5, 180, 50, -36.5, 179.99, 50},
		{"pole", 90, 0, 89.999, 120, 50, 89.99, 120, 50},
		{"beside the pole", -89.9999, 10, -89.999, -170, 100, -89.99, -170, 100},
	} {
		p.each(c.name, func(p *probe) {
			alder := alder.in(p)
			made := alder.putIntent(newID(), "", alder.intent(here).set("extents", []any{around(c.lat, c.lng, 400)}))
			p.equal("found near", alder.queryIntents(around(c.lat2, c.lng2, c.near)), []string{made.ID})
			p.equal("found far", alder.queryIntents(around(c.lat3, c.lng3, c.far)), []string{})
			alder.deleteIntent(made.ID, made.OVN)
		})
	}
}

// There is no hidden limit to a list.
func completeResults(p *probe) {
	alder := p.uss("uss-alder")
	want := []string{}
	for i := range 300 {
		lower := 100 + 10*float64(i)
		b := here.band(lower, lower+5)
		want = append(want, alder.putIntent(newID(), "", alder.intent(b)).ID)
	}
	slices.Sort(want)
	p.equal("found", alder.queryIntents(p.volume(here.band(0, 5000))), want)
	birch := p.uss("uss-birch")
	refused := birch.putIntent(newID(), "", birch.intent(here.band(0, 5000)), 409)
	p.equal("missing", ids(refused.missingIntents), want)
}
