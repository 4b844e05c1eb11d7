package conformance

import (
	"encoding/json"
	"net/url"
	"strings"
	"time"
)

var availabilityChecks = []check{
	{ids: "DSS0100,1 rule/schema", what: "the availability of an unknown USS", run: unknownUSS},
	{ids: "DSS0100,1 rule/codes DSS0210,3a DSS0210,3b DSS0210,3c DSS0210,A2-7-2,6", what: "set the availability of a USS", run: setAvailability},
	{ids: "DSS0100,1 rule/versions rule/empty-elements", what: "a wrong version of an availability", run: wrongAvailability},
	{ids: "DSS0100,1 rule/errors", what: "an availability with a member missing or wrong", run: badAvailability},
	{ids: "DSS0100,1 DSS0005,1", what: "references show the availability of their manager", run: shownAvailability},
	{ids: "DSS0100,1 oir/states", what: "a USS that is down cannot plan", run: downUSS},
}

var reportChecks = []check{
	{ids: "DSS0100,2 rule/codes rule/schema", what: "a report is echoed with an id", run: reports},
	{ids: "DSS0100,2 rule/errors", what: "a report with a member missing or wrong", run: badReports},
}

var poolChecks = []check{
	{ids: "interuss.dss.hosting.ExposeAux DSS0020", what: "the pool names its airspace", run: poolStatus},
	{ids: "interuss.dss.hosting.ExposeAux", what: "the version of the DSS", run: systemVersion},
}

type availability struct {
	Version string             `json:"version"`
	Status  availabilityStatus `json:"status"`
}

type availabilityStatus struct {
	USS          string `json:"uss"`
	Availability string `json:"availability"`
}

func (a *answer) availability() (v availability) {
	a.p.Helper()
	a.into(&v)
	return v
}

func (u uss) getAvailability(name string) availability {
	u.p.Helper()
	return u.do("GET", availabilityPath+"/"+url.PathEscape(name), nil, 200).availability()
}

func (u uss) setAvailability(name, old, state string, want ...int) availability {
	u.p.Helper()
	if want == nil {
		want = []int{200}
	}
	body := object{"old_version": old, "availability": state}
	return u.do("PUT", availabilityPath+"/"+url.PathEscape(name), body, want...).availability()
}

func (p *probe) arbiter() uss { return p.uss("arbiter", scopeArbitration) }

func unknownUSS(p *probe) {
	for _, name := range []string{newID(), "uss-" + newID(), "org.example:uss+" + newID()} {
		for _, scope := range []string{scopeArbitration, scopeStrategic, scopeConformance} {
			for i := range p.s.instances {
				p.equal("availability", p.uss("uss-alder", scope).on(i).getAvailability(name), availability{"", availabilityStatus{name, "Unknown"}})
			}
		}
	}
}

func setAvailability(p *probe) {
	name := "uss-" + newID()
	old, seen := "", map[string]bool{"": true}
	for i, state := range []string{"Normal", "Down", "Down", "Unknown", "Normal"} {
		now := p.arbiter().on(i).setAvailability(name, old, state)
		p.equal("status", now.Status, availabilityStatus{name, state})
		if seen[now.Version] {
			p.Errorf("found version %q again", now.Version)
		}
		seen[now.Version], old = true, now.Version
		for j := range p.s.instances {
			p.equal("availability", p.arbiter().on(j).getAvailability(name), now)
			p.equal("availability", p.uss("uss-birch").on(j).getAvailability(name), now)
		}
	}
}

func wrongAvailability(p *probe) {
	name := "uss-" + newID()
	p.arbiter().setAvailability(name, "x", "Down", 409)
	p.equal("status", p.arbiter().getAvailability(name).Status.Availability, "Unknown")
	first := p.arbiter().setAvailability(name, "", "Normal")
	now := p.arbiter().setAvailability(name, first.Version, "Down")
	p.arbiter().setAvailability(name, "", "Normal", 400, 404, 409)
	for _, wrong := range []string{first.Version, now.Version + "x", "x", strings.Repeat("x", 300)} {
		p.arbiter().setAvailability(name, wrong, "Normal", 409)
	}
	p.uss("uss-alder").setAvailability(name, now.Version, "Normal", 403)
	p.equal("availability", p.arbiter().getAvailability(name), now)
}

func badAvailability(p *probe) {
	name := "uss-" + newID()
	good := object{"old_version": "", "availability": "Down"}
	for what, body := range map[string]any{
		"no body": nil, "empty": object{}, "no availability": good.drop("availability"), "unknown state": good.set("availability", "Away"),
		"in capitals": good.set("availability", "DOWN"), "version a number": good.set("old_version", 1), "a list": "[]",
	} {
		p.each(what, func(p *probe) {
			arbiter := p.arbiter()
			arbiter.do("PUT", availabilityPath+"/"+name, body, 400)
			p.equal("status", arbiter.getAvailability(name).Status.Availability, "Unknown")
		})
	}
}

func shownAvailability(p *probe) {
	alder := p.uss("uss-"+newID(), scopeStrategic, scopeManagement)
	intent := alder.putIntent(newID(), "", alder.intent(here))
	constraint := alder.putConstraint(newID(), "", alder.constraint(here))
	version := ""
	for i, state := range []string{"Normal", "Down", "Normal"} {
		version = p.arbiter().setAvailability(alder.name, version, state).Version
		birch := p.uss("uss-birch", scopeStrategic, scopeManagement).on(i)
		p.equal("availability", birch.getIntent(intent.ID).USSAvailability, state)
		p.equal("availability", birch.getConstraint(constraint.ID).USSAvailability, state)
		// The OVN is the USS's own affair still.
		p.equal("OVN", alder.getIntent(intent.ID).OVN, intent.OVN)
	}
}

// The standard has a DSS answer 412.
func downUSS(p *probe) {
	alder := p.uss("uss-"+newID(), scopeStrategic, scopeConformance)
	made := alder.putIntent(newID(), "", alder.activated(here)).reference
	down := p.arbiter().setAvailability(alder.name, "", "Down")
	made.USSAvailability = "Down"
	id := newID()
	alder.putIntent(id, "", alder.intent(here.move(2000, 0)), 412)
	alder.putIntent(id, "", alder.activated(here.move(2000, 0)), 412)
	alder.putIntent(made.ID, made.OVN, alder.activated(here), 412)
	alder.deleteIntent(made.ID, made.OVN, 412)
	alder.noIntent(id)
	alder.sameIntent(made)
	// What it must still be able to say is that a flight is off-nominal.
	made = alder.putIntent(made.ID, made.OVN, alder.activated(here).set("state", "Contingent")).reference
	p.arbiter().setAvailability(alder.name, down.Version, "Unknown")
	alder.deleteIntent(made.ID, made.OVN)
}

// report returns a report as a client makes it.
func report() object {
	return object{"exchange": object{
		"url": "https://dss.example/dss/v1/operational_intent_references/query", "method": "POST",
		"headers": []string{"Authorization: Bearer x"}, "recorder_role": "Client",
		"request_time": wireTime(time.Now()), "request_body": `{"area_of_interest":{}}`,
		"response_time": wireTime(time.Now()), "response_body": "", "response_code": 500, "problem": "a test of the suite",
	}}
}

func reports(p *probe) {
	seen := map[string]bool{}
	for i, scope := range []string{scopeManagement, scopeProcessing, scopeStrategic, scopeConformance, scopeArbitration} {
		body := report()
		switch i {
		case 1:
			body["report_id"] = "mine"
		case 2:
			body["exchange"] = body["exchange"].(object).drop("headers").drop("request_body").drop("response_time").
				drop("response_body").drop("response_code").drop("problem")
		}
		a := p.uss("uss-alder", scope).on(i).do("POST", reportsPath, body, 201)
		var echo struct {
			ReportID string `json:"report_id"`
			Exchange map[string]any
		}
		a.into(&echo)
		if echo.ReportID == "" || seen[echo.ReportID] {
			p.Errorf("found report id %q, expected a new one", echo.ReportID)
		}
		seen[echo.ReportID] = true
		var sent map[string]any
		if err := json.Unmarshal(encode(p.T, body["exchange"]), &sent); err != nil {
			p.Fatal(err)
		}
		for member, value := range sent {
			p.equal(member, echo.Exchange[member], value)
		}
	}
	p.uss("uss-alder", scopeForeign).do("POST", reportsPath, report(), 403)
}

func badReports(p *probe) {
	exchange := report()["exchange"].(object)
	for name, body := range map[string]any{
		"no body":         nil,
		"empty":           object{},
		"exchange a list": object{"exchange": []any{}},
		"empty exchange":  object{"exchange": object{}},
		"no URL":          object{"exchange": exchange.drop("url")},
		"no method":       object{"exchange": exchange.drop("method")},
		"no role":         object{"exchange": exchange.drop("recorder_role")},
		"unknown role":    object{"exchange": exchange.set("recorder_role", "Bystander")},
		"no time":         object{"exchange": exchange.drop("request_time")},
		"bad time":        object{"exchange": exchange.set("request_time", "now")},
		"code a text":     object{"exchange": exchange.set("response_code", "500")},
		"code a fraction": object{"exchange": exchange.set("response_code", 500.5)},
		"headers a text":  object{"exchange": exchange.set("headers", "Authorization: Bearer x")},
		"body an object":  object{"exchange": exchange.set("request_body", object{})},
		"answer bad time": object{"exchange": exchange.set("response_time", object{"value": "now", "format": "RFC3339"})},
	} {
		p.each(name, func(p *probe) { p.uss("uss-alder").do("POST", reportsPath, body, 400) })
	}
}

func poolStatus(p *probe) {
	airspace := map[string]bool{}
	for i := range p.s.instances {
		var status struct {
			ID string `json:"dar_id"`
		}
		p.uss("uss-alder", scopePool).on(i).do("GET", "/aux/v1/pool", nil, 200).into(&status)
		airspace[status.ID] = true
	}
	p.equal("airspaces of one pool", len(airspace), 1)
}

func systemVersion(p *probe) {
	u := p.uss("uss-alder", scopeVersions)
	var first, v struct {
		Identity string `json:"system_identity"`
		Version  string `json:"system_version"`
	}
	u.do("GET", "/versions/dss", nil, 200).into(&first)
	p.equal("identity", first.Identity, "dss")
	u.do("GET", "/versions/dss", nil, 200).into(&v)
	p.equal("version", v.Version, first.Version)
	u.do("GET", "/versions/nothing", nil, 404)
	// What the pool's documents name and its tests do not ask for.
	if p.s.node != nil {
		var aux struct{ Version string }
		u.do("GET", "/aux/v1/version", nil, 200).into(&aux)
		p.equal("version", aux.Version, first.Version)
	}
}
