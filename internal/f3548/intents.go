package f3548

import (
	"net/http"

	"github.com/deconflict/deconflict/internal/airspace"
	"github.com/deconflict/deconflict/internal/auth"
	"github.com/deconflict/deconflict/internal/f3548wire"
	"github.com/deconflict/deconflict/internal/outline"
)

func (d *DSS) createIntent(c *call) (any, error) {
	id, err := c.newEntityID()
	if err != nil {
		return nil, err
	}
	return d.putIntent(c, id, "")
}

// hasRoom refuses what is new while disk space is short.
func (d *DSS) hasRoom() error {
	if !d.Full() {
		return nil
	}
	return &refusal{
		status: http.StatusServiceUnavailable, retryAfterS: 60,
		message: "the node is short of disk space and takes in nothing new; what it has can be changed and ended",
	}
}

func (d *DSS) updateIntent(c *call) (any, error) {
	id, err := c.newEntityID()
	if err != nil {
		return nil, err
	}
	ovn, err := c.versionInPath("OVN")
	if err != nil {
		return nil, err
	}
	return d.putIntent(c, id, ovn)
}

func (d *DSS) putIntent(c *call, id airspace.ID, ovn string) (any, error) {
	cmd, err := d.parseIntent(c, id, ovn)
	if err != nil {
		return nil, err
	}
	if ovn == "" && (cmd.State == airspace.Accepted || cmd.State == airspace.Activated) {
		if err := d.hasRoom(); err != nil {
			return nil, err
		}
	}
	change, err := submit(d, c, cmd)
	if err != nil {
		return nil, c.explain(err)
	}
	return c.intentChange(change), nil
}

func (d *DSS) parseIntent(c *call, id airspace.ID, ovn string) (cmd airspace.PutIntent, err error) {
	var body f3548wire.PutOperationalIntentReference
	if err := d.decode(c, &body); err != nil {
		return cmd, err
	}
	if n := len(body.Key); n > d.Limits.KeyEntries {
		return cmd, refuse(http.StatusRequestEntityTooLarge, "key: found %d OVNs, expected at most %d", n, d.Limits.KeyEntries)
	}
	names, err := d.draw()
	if err != nil {
		return cmd, err
	}
	cmd = airspace.PutIntent{
		By: c.caller.Party, ID: id, OVN: ovn, NewOVN: names.ovn, NewVersion: names.version, Key: body.Key,
		MayPlan:        c.caller.Has(auth.ScopeStrategicCoordination),
		MayOffNominal:  c.caller.Has(auth.ScopeConformanceMonitoring),
		MayConstraints: c.caller.Has(auth.ScopeConstraintProcessing),
	}
	var ok bool
	if cmd.State, ok = airspace.ParseState(body.State); !ok {
		found := "nothing"
		if body.State != "" {
			found = quote(body.State)
		}
		return cmd, &f3548wire.FieldError{
			Path: "state", Found: found, Expected: "Accepted, Activated, Nonconforming or Contingent (DELETE ends an intent)",
		}
	}
	if cmd.URL, err = baseURL("uss_base_url", body.USSBaseURL); err != nil {
		return cmd, err
	}
	if suffix := body.RequestedOVNSuffix; suffix != nil {
		if err := d.checkSuffix(*suffix); err != nil {
			return cmd, err
		}
		if cmd.NewOVN = id.String() + "_" + *suffix; cmd.NewOVN == ovn {
			return cmd, &f3548wire.FieldError{Path: "requested_ovn_suffix", Found: "that of the current OVN", Expected: "another"}
		}
	}
	if err := parseReliance(&cmd, &body, names.id); err != nil {
		return cmd, err
	}
	cmd.Outline, err = d.outlines(c.Context(), body.Extents, needs{altitudes: true, times: true}, d.Limits.IntentKM2)
	return cmd, err
}

// parseReliance reads on which subscription the intent is to rest. The null id,
// with which answers say that there is none, asks for none.
func parseReliance(cmd *airspace.PutIntent, body *f3548wire.PutOperationalIntentReference, newID airspace.ID) (err error) {
	if body.SubscriptionID != "" {
		if cmd.Subscription, err = parseID("subscription_id", body.SubscriptionID); err != nil {
			return err
		}
		if cmd.Subscription == airspace.NullID {
			cmd.Subscription = airspace.ID{}
		}
	}
	if n := body.NewSubscription; n != nil {
		at, err := baseURL("new_subscription.uss_base_url", n.USSBaseURL)
		if err != nil {
			return err
		}
		cmd.Implicit = &airspace.ImplicitSubscription{ID: newID, URL: at, Constraints: n.NotifyForConstraints}
	}
	return nil
}

func (d *DSS) deleteIntent(c *call) (any, error) {
	id, err := c.entityID()
	if err != nil {
		return nil, err
	}
	ovn, err := c.versionInPath("OVN")
	if err != nil {
		return nil, err
	}
	names, err := d.draw()
	if err != nil {
		return nil, err
	}
	change, err := submit(d, c, airspace.DeleteIntent{
		By: c.caller.Party, ID: id, OVN: ovn, NewVersion: names.version,
	})
	if err != nil {
		return nil, err
	}
	return c.intentChange(change), nil
}

func (d *DSS) getIntent(c *call) (any, error) {
	id, err := c.entityID()
	if err != nil {
		return nil, err
	}
	var view airspace.IntentView
	var found bool
	err = d.Engine.ReadIn(c.Context(), airspace.Scope{Kind: airspace.IntentKind, ID: id}, func(st *airspace.State, _ int64) { view, found = st.Intent(id) })
	if err != nil {
		return nil, err
	}
	if !found {
		return nil, unknown("operational intent", id)
	}
	return f3548wire.GetOperationalIntentReference{OperationalIntentReference: c.intent(&view)}, nil
}

func unknown(kind string, id airspace.ID) error {
	return refuse(http.StatusNotFound, "there is no %s %s", kind, id)
}

func (d *DSS) queryIntents(c *call) (any, error) {
	area, err := d.area(c)
	if err != nil {
		return nil, err
	}
	var views []airspace.IntentView
	err = d.Engine.ReadIn(c.Context(), airspace.Scope{Kind: airspace.IntentKind, Area: []outline.Volume{area}}, func(st *airspace.State, _ int64) { views = st.Intents(area) })
	if err != nil {
		return nil, err
	}
	return f3548wire.QueryOperationalIntentReferences{OperationalIntentReferences: c.intents(views)}, nil
}

// explain gives the answer to a key that lacks OVNs its own form: every entity
// whose OVN is missing, and where and when each meets the caller's own volumes.
func (c *call) explain(err error) error {
	lawful, ok := err.(*airspace.Refusal)
	if !ok || lawful.Kind != airspace.MissingKeys {
		return err
	}
	body := f3548wire.AirspaceConflict{
		Message:                   lawful.Message,
		MissingOperationalIntents: make([]f3548wire.OperationalIntentReference, 0, len(lawful.MissingIntents)),
		MissingConstraints:        make([]f3548wire.ConstraintReference, 0, len(lawful.MissingConstraints)),
		Conflicts:                 make([]f3548wire.Conflict, 0, len(lawful.MissingIntents)+len(lawful.MissingConstraints)),
	}
	for i := range lawful.MissingIntents {
		m := &lawful.MissingIntents[i]
		ref := c.intent(&m.View)
		body.MissingOperationalIntents = append(body.MissingOperationalIntents, ref)
		body.Conflicts = append(body.Conflicts, f3548wire.Conflict{ID: ref.ID, Kind: f3548wire.KindOperationalIntent, WhereAndWhen: meetings(m.Met)})
	}
	for i := range lawful.MissingConstraints {
		m := &lawful.MissingConstraints[i]
		ref := c.constraint(&m.View)
		body.MissingConstraints = append(body.MissingConstraints, ref)
		body.Conflicts = append(body.Conflicts, f3548wire.Conflict{ID: ref.ID, Kind: f3548wire.KindConstraint, WhereAndWhen: meetings(m.Met)})
	}
	return &refusal{status: statuses[lawful.Kind], message: lawful.Message, body: body}
}
