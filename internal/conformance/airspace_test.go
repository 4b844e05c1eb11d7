package conformance

import (
	"fmt"
	"math"
	"slices"
	"time"
)

// patch is the place of a check: no other check comes near. Patches lie 20 km
// apart in the open ocean.
type patch struct {
	latDeg, lngDeg float64
}

func newPatch(i int, westDeg float64) patch {
	return patch{-36 - 0.2*float64(i/40), -128 + 0.25*float64(i%40) - westDeg}
}

// metres of one degree of latitude, and of longitude on the equator; near
// enough for places within a patch.
const metresPerDegree = 111_200

// point returns a place in a patch by metres east and north of its middle, as
// the wire has it.
func (p patch) point(eastM, northM float64) object {
	lat := p.latDeg + northM/metresPerDegree
	lng := p.lngDeg + eastM/(metresPerDegree*math.Cos(p.latDeg*math.Pi/180))
	return object{"lat": round7(lat), "lng": round7(lng)}
}

func round7(deg float64) float64 { return math.Round(deg*1e7) / 1e7 }

// box is an upright block of airspace during a time.
type box struct {
	eastM, northM, widthM, heightM float64 // south-west corner and size
	lowerM, upperM                 float64
	startMin, endMin               float64 // from the beginning of the check
}

// here is the block that most checks use.
var here = box{0, 0, 400, 300, 100, 150, 10, 40}

func (b box) move(eastM, northM float64) box {
	b.eastM += eastM
	b.northM += northM
	return b
}

func (b box) grow(m float64) box {
	b.eastM -= m
	b.northM -= m
	b.widthM += 2 * m
	b.heightM += 2 * m
	return b
}

func (b box) band(lowerM, upperM float64) box {
	b.lowerM, b.upperM = lowerM, upperM
	return b
}

func (b box) during(startMin, endMin float64) box {
	b.startMin, b.endMin = startMin, endMin
	return b
}

// start returns when a block begins. All blocks of a check count from its
// beginning, so that equal blocks have equal windows.
func (p *probe) start(b box) time.Time { return p.began.Add(minutes(b.startMin)) }

func (p *probe) end(b box) time.Time { return p.began.Add(minutes(b.endMin)) }

func minutes(m float64) time.Duration { return time.Duration(m * float64(time.Minute)) }

func wireTime(t time.Time) object {
	return object{"value": t.UTC().Format("2006-01-02T15:04:05.000Z"), "format": "RFC3339"}
}

func altitude(m float64) object {
	return object{"value": m, "reference": "W84", "units": "M"}
}

// volume returns a block as the wire has it.
func (p *probe) volume(b box) object {
	e, n, w, h := b.eastM, b.northM, b.widthM, b.heightM
	at := p.patch.point
	return object{
		"volume": object{
			"outline_polygon": object{"vertices": []any{at(e, n), at(e+w, n), at(e+w, n+h), at(e, n+h)}},
			"altitude_lower":  altitude(b.lowerM),
			"altitude_upper":  altitude(b.upperM),
		},
		"time_start": wireTime(p.start(b)),
		"time_end":   wireTime(p.end(b)),
	}
}

// circle returns the circle around the middle of a patch, with the band and
// the window of a block.
func (p *probe) circle(b box, radiusM float64) object {
	v := p.volume(b)
	v["volume"] = v["volume"].(object).drop("outline_polygon").set("outline_circle", object{
		"center": p.patch.point(b.eastM, b.northM),
		"radius": object{"value": radiusM, "units": "M"},
	})
	return v
}

func (p *probe) volumes(blocks []box) []any {
	list := []any{}
	for _, b := range blocks {
		list = append(list, p.volume(b))
	}
	return list
}

// intent returns the parameters of an Accepted intent without a subscription.
func (u uss) intent(blocks ...box) object {
	return object{"extents": u.p.volumes(blocks), "key": []string{}, "state": "Accepted", "uss_base_url": u.baseURL()}
}

// activated returns parameters with an implicit subscription, as an Activated
// intent needs one.
func (u uss) activated(blocks ...box) object {
	return u.implicit(blocks...).set("state", "Activated")
}

// implicit returns the parameters of an Accepted intent with an implicit
// subscription.
func (u uss) implicit(blocks ...box) object {
	return u.intent(blocks...).set("new_subscription", object{"uss_base_url": u.baseURL(), "notify_for_constraints": false})
}

func (u uss) constraint(blocks ...box) object {
	return object{"extents": u.p.volumes(blocks), "uss_base_url": u.baseURL()}
}

// watch returns the parameters of a subscription to intents.
func (u uss) watch(b box) object {
	return object{
		"extents": u.p.volume(b), "uss_base_url": u.baseURL(),
		"notify_for_operational_intents": true, "notify_for_constraints": false,
	}
}

// reference is what a DSS shows of an intent or a constraint.
type reference struct {
	ID              string  `json:"id"`
	Manager         string  `json:"manager"`
	USSAvailability string  `json:"uss_availability"`
	Version         int     `json:"version"`
	State           string  `json:"state"`
	OVN             string  `json:"ovn"`
	TimeStart       instant `json:"time_start"`
	TimeEnd         instant `json:"time_end"`
	USSBaseURL      string  `json:"uss_base_url"`
	SubscriptionID  string  `json:"subscription_id"`
}

type instant struct {
	Value time.Time `json:"value"`
}

type subscriber struct {
	USSBaseURL    string `json:"uss_base_url"`
	Subscriptions []struct {
		ID    string `json:"subscription_id"`
		Index int    `json:"notification_index"`
	} `json:"subscriptions"`
}

type subscription struct {
	ID                 string   `json:"id"`
	Version            string   `json:"version"`
	NotificationIndex  int      `json:"notification_index"`
	TimeStart          *instant `json:"time_start"`
	TimeEnd            *instant `json:"time_end"`
	USSBaseURL         string   `json:"uss_base_url"`
	NotifyIntents      bool     `json:"notify_for_operational_intents"`
	NotifyConstraints  bool     `json:"notify_for_constraints"`
	Implicit           bool     `json:"implicit_subscription"`
	DependentIntentIDs []string `json:"dependent_operational_intents"`
}

// change is the answer to a write of an intent or a constraint, refused or
// not.
type change struct {
	reference
	*answer
	subscribers        []subscriber
	missingIntents     []reference
	missingConstraints []reference
}

func (a *answer) change() change {
	a.p.Helper()
	c := change{answer: a}
	var body struct {
		Intent             reference    `json:"operational_intent_reference"`
		Constraint         reference    `json:"constraint_reference"`
		Subscribers        []subscriber `json:"subscribers"`
		MissingIntents     []reference  `json:"missing_operational_intents"`
		MissingConstraints []reference  `json:"missing_constraints"`
	}
	a.into(&body)
	c.reference = body.Intent
	if body.Constraint.ID != "" {
		c.reference = body.Constraint
	}
	c.subscribers, c.missingIntents, c.missingConstraints = body.Subscribers, body.MissingIntents, body.MissingConstraints
	return c
}

// told returns the notification index with which a write names a subscription;
// -1 when it does not. Named twice is a fault.
func (c change) told(subscriptionID string) int {
	c.p.Helper()
	index := -1
	for _, s := range c.subscribers {
		for _, sub := range s.Subscriptions {
			if sub.ID != subscriptionID {
				continue
			}
			if index >= 0 {
				c.p.Errorf("%s: subscription %s is named twice", c.what, subscriptionID)
			}
			index = sub.Index
		}
	}
	return index
}

// putIntent creates an intent, or updates it when an OVN is given. Without
// statuses the write must succeed.
func (u uss) putIntent(id, ovn string, body object, want ...int) change {
	u.p.Helper()
	return u.put(intentsPath, id, ovn, body, want).change()
}

func (u uss) putConstraint(id, ovn string, body object, want ...int) change {
	u.p.Helper()
	return u.put(constraintsPath, id, ovn, body, want).change()
}

func (u uss) put(path, id, ovn string, body object, want []int) *answer {
	u.p.Helper()
	path += "/" + id
	if ovn != "" {
		path += "/" + ovn
	}
	if want == nil {
		want = []int{operationOf("PUT", path).success}
	}
	return u.do("PUT", path, body, want...)
}

func (u uss) deleteIntent(id, ovn string, want ...int) change {
	u.p.Helper()
	return u.remove(intentsPath, id, ovn, want).change()
}

func (u uss) deleteConstraint(id, ovn string, want ...int) change {
	u.p.Helper()
	return u.remove(constraintsPath, id, ovn, want).change()
}

func (u uss) remove(path, id, ovn string, want []int) *answer {
	u.p.Helper()
	if want == nil {
		want = []int{200}
	}
	return u.do("DELETE", path+"/"+id+"/"+ovn, nil, want...)
}

func (u uss) getIntent(id string) reference {
	u.p.Helper()
	return u.do("GET", intentsPath+"/"+id, nil, 200).change().reference
}

func (u uss) getConstraint(id string) reference {
	u.p.Helper()
	return u.do("GET", constraintsPath+"/"+id, nil, 200).change().reference
}

// noIntent sees to it that an intent does not exist.
func (u uss) noIntent(id string) {
	u.p.Helper()
	u.do("GET", intentsPath+"/"+id, nil, 404)
}

// sameIntent sees to it that an intent is as it was.
func (u uss) sameIntent(was reference) {
	u.p.Helper()
	if is := u.getIntent(was.ID); is != was {
		u.p.Errorf("intent changed:\nwas %+v\nis  %+v", was, is)
	}
}

func (u uss) queryIntents(area object) []string {
	u.p.Helper()
	return u.query(intentsPath, area)
}

func (u uss) queryConstraints(area object) []string {
	u.p.Helper()
	return u.query(constraintsPath, area)
}

func (u uss) querySubscriptions(area object) []string {
	u.p.Helper()
	return u.query(subscriptionsPath, area)
}

// query returns the sorted ids of what a search finds.
func (u uss) query(path string, area object) []string {
	u.p.Helper()
	a := u.do("POST", path+"/query", object{"area_of_interest": area}, 200)
	var body map[string][]struct {
		ID string `json:"id"`
	}
	a.into(&body)
	ids := []string{}
	for _, list := range body {
		for _, r := range list {
			if slices.Contains(ids, r.ID) {
				u.p.Errorf("%s: %s is listed twice", a.what, r.ID)
			}
			ids = append(ids, r.ID)
		}
	}
	slices.Sort(ids)
	return ids
}

// subscribed is the answer to the write of a subscription.
type subscribed struct {
	subscription
	*answer
	intents, constraints []reference
}

func (a *answer) subscribed() subscribed {
	a.p.Helper()
	var body struct {
		Subscription subscription `json:"subscription"`
		Intents      []reference  `json:"operational_intent_references"`
		Constraints  []reference  `json:"constraint_references"`
	}
	a.into(&body)
	return subscribed{body.Subscription, a, body.Intents, body.Constraints}
}

func (u uss) putSubscription(id, version string, body object, want ...int) subscribed {
	u.p.Helper()
	return u.put(subscriptionsPath, id, version, body, want).subscribed()
}

// subscribe creates a subscription to intents in a block.
func (u uss) subscribe(b box) subscribed {
	u.p.Helper()
	return u.putSubscription(newID(), "", u.watch(b))
}

func (u uss) deleteSubscription(id, version string, want ...int) subscribed {
	u.p.Helper()
	return u.remove(subscriptionsPath, id, version, want).subscribed()
}

func (u uss) getSubscription(id string) subscription {
	u.p.Helper()
	return u.do("GET", subscriptionsPath+"/"+id, nil, 200).subscribed().subscription
}

func (u uss) noSubscription(id string) {
	u.p.Helper()
	u.do("GET", subscriptionsPath+"/"+id, nil, 404)
}

// nullID is the subscription of an intent that has none.
const nullID = "00000000-0000-4000-8000-000000000000"

// within sees to it that a time is the one expected, to the second that the
// answer may differ by.
func (p *probe) within(what string, found, expected time.Time) {
	p.Helper()
	if d := found.Sub(expected).Abs(); d > time.Second {
		p.Errorf("%s: found %s, expected %s", what, found.Format(time.RFC3339Nano), expected.UTC().Format(time.RFC3339Nano))
	}
}

// equal sees to it that two values read the same.
func (p *probe) equal(what string, found, expected any) {
	p.Helper()
	if a, b := fmt.Sprint(found), fmt.Sprint(expected); a != b {
		p.Errorf("%s: found %s, expected %s", what, a, b)
	}
}

func (i *instant) String() string {
	if i == nil {
		return "none"
	}
	return i.Value.Format(time.RFC3339Nano)
}

// poll repeats until done says so; it fails after a time that is far longer
// than it should take.
func (p *probe) poll(what string, done func() bool) {
	p.Helper()
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for range 300 {
		if done() {
			return
		}
		<-tick.C
	}
	p.Fatalf("%s: not within 30 s", what)
}
