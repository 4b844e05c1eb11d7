package faults

import (
	"crypto/rand"
	"fmt"
	"time"
)

const (
	intentsPath       = "/dss/v1/operational_intent_references"
	subscriptionsPath = "/dss/v1/subscriptions"
)

// reference is what a node shows of an intent.
type reference struct {
	ID           string `json:"id"`
	Manager      string `json:"manager"`
	Version      int    `json:"version"`
	State        string `json:"state"`
	OVN          string `json:"ovn"`
	URL          string `json:"uss_base_url"`
	Subscription string `json:"subscription_id"`
}

// subscription is what a node shows of a subscription.
type subscription struct {
	ID       string `json:"id"`
	Version  string `json:"version"`
	Index    int    `json:"notification_index"`
	URL      string `json:"uss_base_url"`
	Implicit bool   `json:"implicit_subscription"`
}

// intentAnswer is the answer to a write of an intent, refused or not.
type intentAnswer struct {
	Intent      reference `json:"operational_intent_reference"`
	Subscribers []struct {
		Subscriptions []struct {
			ID    string `json:"subscription_id"`
			Index int    `json:"notification_index"`
		} `json:"subscriptions"`
	} `json:"subscribers"`
	Missing []reference `json:"missing_operational_intents"`
}

type subscriptionAnswer struct {
	Subscription subscription `json:"subscription"`
}

type intentList struct {
	Intents []reference `json:"operational_intent_references"`
}

type subscriptionList struct {
	Subscriptions []subscription `json:"subscriptions"`
}

// nullID is the subscription of an intent that has none.
const nullID = "00000000-0000-4000-8000-000000000000"

func newID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

// site is where all that a test declares lies: a grid of places 300 m apart in
// the open ocean, one hour from now.
type site struct {
	start time.Time
}

func newSite() site { return site{time.Now().Add(time.Hour).UTC().Truncate(time.Second)} }

const (
	southDeg = -36.0
	westDeg  = -128.0
	stepDeg  = 0.003
	columns  = 32
)

// place returns a volume of 50 m around the i-th place.
func (s site) place(i int) object {
	return s.volume(object{"outline_circle": object{
		"center": object{"lat": southDeg + stepDeg*float64(i/columns), "lng": westDeg + stepDeg*float64(i%columns)},
		"radius": object{"value": 50, "units": "M"},
	}})
}

// all returns a volume that holds every place.
func (s site) all() object {
	south, west := southDeg-stepDeg, westDeg-stepDeg
	north, east := southDeg+stepDeg*columns, westDeg+stepDeg*columns
	return s.volume(object{"outline_polygon": object{"vertices": []object{
		{"lat": south, "lng": west},
		{"lat": south, "lng": east},
		{"lat": north, "lng": east},
		{"lat": north, "lng": west},
	}}})
}

func (s site) volume(shape object) object {
	shape["altitude_lower"] = object{"value": 100, "reference": "W84", "units": "M"}
	shape["altitude_upper"] = object{"value": 150, "reference": "W84", "units": "M"}
	at := func(t time.Time) object { return object{"value": t.Format(time.RFC3339), "format": "RFC3339"} }
	return object{"volume": shape, "time_start": at(s.start), "time_end": at(s.start.Add(time.Hour))}
}

// intent returns the parameters of an intent at a place, with a key or without.
func (s site) intent(place int, state, url string, key ...string) object {
	if key == nil {
		key = []string{}
	}
	return object{"extents": []object{s.place(place)}, "key": key, "state": state, "uss_base_url": url}
}

// watch returns the parameters of a subscription to all intents in a volume.
func watch(volume object, url string) object {
	return object{
		"extents": volume, "uss_base_url": url,
		"notify_for_operational_intents": true, "notify_for_constraints": false,
	}
}
