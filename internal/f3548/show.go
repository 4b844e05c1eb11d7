package f3548

import (
	"github.com/deconflict/deconflict/internal/airspace"
	"github.com/deconflict/deconflict/internal/f3548wire"
	"github.com/deconflict/deconflict/internal/volume"
)

// intent is what the caller may see of an intent: the OVN is its manager's only,
// as the standard says. Others have it from the manager, with the details.
func (c *call) intent(v *airspace.IntentView) f3548wire.OperationalIntentReference {
	version := int64(v.Version)
	ref := f3548wire.OperationalIntentReference{
		ID: v.ID.String(), Manager: string(v.Manager), USSAvailability: v.Availability.String(),
		Version: &version, State: v.State.String(),
		TimeStart: f3548wire.NewTime(v.StartNS), TimeEnd: f3548wire.NewTime(v.EndNS),
		USSBaseURL: v.URL, SubscriptionID: v.Subscription.String(),
	}
	if v.Manager == c.caller.Party {
		ref.OVN = v.OVN
	}
	return ref
}

func (c *call) intents(views []airspace.IntentView) []f3548wire.OperationalIntentReference {
	list := make([]f3548wire.OperationalIntentReference, len(views))
	for i := range views {
		list[i] = c.intent(&views[i])
	}
	return list
}

func (c *call) intentChange(change airspace.IntentChange) any {
	return f3548wire.ChangeOperationalIntentReference{
		Subscribers:                subscribers(change.Subscribers),
		OperationalIntentReference: c.intent(&change.Intent),
	}
}

// constraint is what the caller may see of a constraint.
func (c *call) constraint(v *airspace.ConstraintView) f3548wire.ConstraintReference {
	version := int64(v.Version)
	ref := f3548wire.ConstraintReference{
		ID: v.ID.String(), Manager: string(v.Manager), USSAvailability: v.Availability.String(),
		Version:   &version,
		TimeStart: f3548wire.NewTime(v.StartNS), TimeEnd: f3548wire.NewTime(v.EndNS),
		USSBaseURL: v.URL,
	}
	if v.Manager == c.caller.Party {
		ref.OVN = v.OVN
	}
	return ref
}

func (c *call) constraints(views []airspace.ConstraintView) []f3548wire.ConstraintReference {
	list := make([]f3548wire.ConstraintReference, len(views))
	for i := range views {
		list[i] = c.constraint(&views[i])
	}
	return list
}

func (c *call) constraintChange(change airspace.ConstraintChange) any {
	return f3548wire.ChangeConstraintReference{
		Subscribers:         subscribers(change.Subscribers),
		ConstraintReference: c.constraint(&change.Constraint),
	}
}

func subscribers(list []airspace.Subscriber) []f3548wire.SubscriberToNotify {
	out := make([]f3548wire.SubscriberToNotify, len(list))
	for i := range list {
		out[i].USSBaseURL = list[i].URL
		out[i].Subscriptions = make([]f3548wire.SubscriptionState, len(list[i].Notices))
		for j, n := range list[i].Notices {
			out[i].Subscriptions[j] = f3548wire.SubscriptionState{SubscriptionID: n.Subscription.String(), NotificationIndex: n.Index}
		}
	}
	return out
}

// subscription is for the subscription's owner only.
func subscription(v *airspace.SubscriptionView) f3548wire.Subscription {
	dependents := make([]string, len(v.Dependents))
	for i, id := range v.Dependents {
		dependents[i] = id.String()
	}
	return f3548wire.Subscription{
		ID: v.ID.String(), Version: v.Version, NotificationIndex: v.Index,
		TimeStart: f3548wire.NewTime(v.StartNS), TimeEnd: f3548wire.NewTime(v.EndNS),
		USSBaseURL: v.URL, NotifyForOperationalIntents: v.Intents, NotifyForConstraints: v.Constraints,
		ImplicitSubscription: v.Implicit, DependentOperationalIntents: dependents,
	}
}

// meetings are the places at which an entity meets the caller's own volumes.
func meetings(met []airspace.Met) []f3548wire.Meeting {
	out := make([]f3548wire.Meeting, len(met))
	for i := range met {
		out[i] = f3548wire.Meeting{Extent: met[i].Volume, Box: box(&met[i].Extent)}
	}
	return out
}

// box is an extent as a volume of the standard. Its northern and southern edges
// run along parallels, of which the polygon has the corners.
func box(e *volume.Extent) f3548wire.Volume4D {
	corner := func(latE9, lngE9 int64) f3548wire.LatLngPoint {
		if lngE9 > 180e9 { // beyond the antimeridian
			lngE9 -= 360e9
		}
		lat, lng := float64(latE9)/1e9, float64(lngE9)/1e9
		return f3548wire.LatLngPoint{Lat: &lat, Lng: &lng}
	}
	v := f3548wire.Volume4D{Volume: &f3548wire.Volume3D{OutlinePolygon: &f3548wire.Polygon{Vertices: []f3548wire.LatLngPoint{
		corner(e.LatE9Lo, e.LngE9Lo), corner(e.LatE9Lo, e.LngE9Hi), corner(e.LatE9Hi, e.LngE9Hi), corner(e.LatE9Hi, e.LngE9Lo),
	}}}}
	if e.Band.LowerMM > volume.NoFloorMM {
		v.Volume.AltitudeLower = f3548wire.NewAltitude(e.Band.LowerMM)
	}
	if e.Band.UpperMM < volume.NoCeilingMM {
		v.Volume.AltitudeUpper = f3548wire.NewAltitude(e.Band.UpperMM)
	}
	if e.Window.StartNS > volume.AlwaysNS {
		v.TimeStart = f3548wire.NewTime(e.Window.StartNS)
	}
	if e.Window.EndNS < volume.ForeverNS {
		v.TimeEnd = f3548wire.NewTime(e.Window.EndNS)
	}
	return v
}
