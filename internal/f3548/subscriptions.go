package f3548

import (
	"net/http"

	"github.com/deconflict/deconflict/internal/airspace"
	"github.com/deconflict/deconflict/internal/auth"
	"github.com/deconflict/deconflict/internal/f3548wire"
	"github.com/deconflict/deconflict/internal/outline"
)

func (d *DSS) createSubscription(c *call) (any, error) {
	if err := d.hasRoom(); err != nil {
		return nil, err
	}
	id, err := c.newEntityID()
	if err != nil {
		return nil, err
	}
	return d.putSubscription(c, id, "")
}

func (d *DSS) updateSubscription(c *call) (any, error) {
	id, err := c.newEntityID()
	if err != nil {
		return nil, err
	}
	version, err := c.versionInPath("version")
	if err != nil {
		return nil, err
	}
	return d.putSubscription(c, id, version)
}

func (d *DSS) putSubscription(c *call, id airspace.ID, version string) (any, error) {
	var body f3548wire.PutSubscription
	if err := d.decode(c, &body); err != nil {
		return nil, err
	}
	if body.NotifyForOperationalIntents && !c.caller.Has(auth.ScopeStrategicCoordination) {
		return nil, refuse(http.StatusForbidden, "notify_for_operational_intents needs scope %s", auth.ScopeStrategicCoordination)
	}
	if body.NotifyForConstraints && !c.caller.Has(auth.ScopeConstraintProcessing) {
		return nil, refuse(http.StatusForbidden, "notify_for_constraints needs scope %s", auth.ScopeConstraintProcessing)
	}
	at, err := baseURL("uss_base_url", body.USSBaseURL)
	if err != nil {
		return nil, err
	}
	area, err := d.subscribed(body.Extents)
	if err != nil {
		return nil, err
	}
	names, err := d.draw()
	if err != nil {
		return nil, err
	}
	change, err := submit(d, c, airspace.PutSubscription{
		By: c.caller.Party, ID: id, Version: version, NewVersion: names.version, Outline: area, URL: at,
		Intents: body.NotifyForOperationalIntents, Constraints: body.NotifyForConstraints,
	})
	if err != nil {
		return nil, err
	}
	return f3548wire.ChangeSubscription{
		Subscription:                subscription(&change.Subscription),
		OperationalIntentReferences: c.intents(change.Intents),
		ConstraintReferences:        c.constraints(change.Constraints),
	}, nil
}

// subscribed coarsens the extents of a subscription. Without a start it starts
// now, without an end it ends as late as it may.
func (d *DSS) subscribed(extents *f3548wire.Volume4D) (outline.Volume, error) {
	const path = "extents"
	if extents == nil {
		return outline.Volume{}, &f3548wire.FieldError{Path: path, Found: "nothing", Expected: "a volume"}
	}
	filled := *extents
	if filled.TimeStart == nil {
		filled.TimeStart = f3548wire.NewTime(d.Now().UnixNano())
	}
	if filled.TimeEnd == nil {
		startNS, err := filled.TimeStart.NS("time_start")
		if err != nil {
			return outline.Volume{}, f3548wire.Within(path, err)
		}
		filled.TimeEnd = f3548wire.NewTime(startNS + airspace.MaxSubscriptionNS)
	}
	v, err := filled.ToVolume()
	var o outline.Volume
	if err == nil {
		o, err = coarse(&filled, &v)
	}
	if err != nil {
		return o, f3548wire.Within(path, err)
	}
	if areaKM2 := o.AreaKM2(); areaKM2 > d.Limits.SubscriptionKM2 {
		// The standard has no 413 for these operations.
		return o, refuse(http.StatusBadRequest, "%v", tooLarge(path, areaKM2, d.Limits.SubscriptionKM2))
	}
	return o, nil
}

func (d *DSS) deleteSubscription(c *call) (any, error) {
	id, err := c.entityID()
	if err != nil {
		return nil, err
	}
	version, err := c.versionInPath("version")
	if err != nil {
		return nil, err
	}
	change, err := submit(d, c, airspace.DeleteSubscription{By: c.caller.Party, ID: id, Version: version})
	if err != nil {
		return nil, err
	}
	return f3548wire.GetSubscription{Subscription: subscription(&change.Subscription)}, nil
}

func (d *DSS) getSubscription(c *call) (any, error) {
	id, err := c.entityID()
	if err != nil {
		return nil, err
	}
	var view airspace.SubscriptionView
	var found bool
	err = d.Engine.Read(c.Context(), func(st *airspace.State, _ int64) { view, found = st.Subscription(id) })
	if err != nil {
		return nil, err
	}
	if !found {
		return nil, unknown("subscription", id)
	}
	if view.Owner != c.caller.Party {
		return nil, refuse(http.StatusForbidden, "this subscription is another USS's")
	}
	return f3548wire.GetSubscription{Subscription: subscription(&view)}, nil
}

func (d *DSS) querySubscriptions(c *call) (any, error) {
	area, err := d.area(c)
	if err != nil {
		return nil, err
	}
	var views []airspace.SubscriptionView
	err = d.Engine.Read(c.Context(), func(st *airspace.State, nowNS int64) {
		views = st.Subscriptions(area, c.caller.Party, nowNS)
	})
	if err != nil {
		return nil, err
	}
	list := make([]f3548wire.Subscription, len(views))
	for i := range views {
		list[i] = subscription(&views[i])
	}
	return f3548wire.QuerySubscriptions{Subscriptions: list}, nil
}
