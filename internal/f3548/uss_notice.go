package f3548

import (
	"fmt"
	"math"
	"net/http"
	"strconv"

	"github.com/deconflict/deconflict/internal/airspace"
	"github.com/deconflict/deconflict/internal/f3548wire"
	"github.com/deconflict/deconflict/internal/party"
)

// hearIntent takes in what another USS tells this one as a subscriber. It is
// checked and not kept: a node that is a DSS keeps no precise extents of others
// (DSS0010), and judges its own parties' intents against the DSS's coarse ones.
func (d *DSS) hearIntent(c *call) (any, error) {
	var body f3548wire.PutOperationalIntentDetails
	if err := d.decode(c, &body); err != nil {
		return nil, err
	}
	id, err := checkNotified("operational_intent_id", body.OperationalIntentID, body.Subscriptions)
	if err != nil {
		return nil, err
	}
	if told := body.OperationalIntent; told != nil {
		if err := d.checkToldIntent(id, told); err != nil {
			return nil, f3548wire.Within("operational_intent", err)
		}
	}
	return nil, d.fromManager(c, func(st *airspace.State) (party.ID, bool) {
		view, ok := st.Intent(id)
		return view.Manager, ok
	})
}

// hearConstraint is hearIntent for constraints.
func (d *DSS) hearConstraint(c *call) (any, error) {
	var body f3548wire.PutConstraintDetails
	if err := d.decode(c, &body); err != nil {
		return nil, err
	}
	id, err := checkNotified("constraint_id", body.ConstraintID, body.Subscriptions)
	if err != nil {
		return nil, err
	}
	if told := body.Constraint; told != nil {
		if err := d.checkToldConstraint(id, told); err != nil {
			return nil, f3548wire.Within("constraint", err)
		}
	}
	return nil, d.fromManager(c, func(st *airspace.State) (party.ID, bool) {
		view, ok := st.Constraint(id)
		return view.Manager, ok
	})
}

// fromManager refuses word of an entity from somebody who does not manage it.
// An entity that is not there may have ended.
func (d *DSS) fromManager(c *call, managerOf func(*airspace.State) (party.ID, bool)) error {
	var manager party.ID
	var known bool
	if err := d.Engine.Read(c.Context(), func(st *airspace.State, _ int64) { manager, known = managerOf(st) }); err != nil {
		return err
	}
	if known && manager != c.caller.Party {
		return refuse(http.StatusForbidden, "the entity is managed by another USS, which alone tells of its changes")
	}
	return nil
}

// checkNotified checks what a notice is about and by which subscriptions it is
// given.
func checkNotified(place, text string, by []f3548wire.NotifiedSubscription) (airspace.ID, error) {
	id, err := parseID(place, text)
	if err != nil {
		return id, err
	}
	if len(by) == 0 {
		return id, &f3548wire.FieldError{Path: "subscriptions", Found: "none", Expected: "those that the notice is given by"}
	}
	for i := range by {
		at := fmt.Sprintf("subscriptions[%d]", i)
		if _, err := parseID(at+".subscription_id", by[i].SubscriptionID); err != nil {
			return id, err
		}
		n := by[i].NotificationIndex
		if n == nil || *n < 0 || *n > math.MaxInt32 {
			found := "nothing"
			if n != nil {
				found = strconv.FormatInt(*n, 10)
			}
			return id, &f3548wire.FieldError{Path: at + ".notification_index", Found: found, Expected: "a count"}
		}
	}
	return id, nil
}

func (d *DSS) checkToldIntent(id airspace.ID, told *f3548wire.OperationalIntent) error {
	switch {
	case told.Reference == nil:
		return &f3548wire.FieldError{Path: "reference", Found: "nothing", Expected: "the reference"}
	case told.Details == nil:
		return &f3548wire.FieldError{Path: "details", Found: "nothing", Expected: "the details"}
	}
	if err := checkReference(id, told.Reference.ID, told.Reference.OVN); err != nil {
		return err
	}
	if len(told.Details.Volumes)+len(told.Details.OffNominalVolumes) == 0 {
		return &f3548wire.FieldError{Path: "details.volumes", Found: "none", Expected: "at least one"}
	}
	if err := d.fewVertices(append(told.Details.Volumes[:len(told.Details.Volumes):len(told.Details.Volumes)], told.Details.OffNominalVolumes...)); err != nil {
		return err
	}
	if err := checkVolumes("details.volumes", told.Details.Volumes); err != nil {
		return err
	}
	return checkVolumes("details.off_nominal_volumes", told.Details.OffNominalVolumes)
}

func (d *DSS) checkToldConstraint(id airspace.ID, told *f3548wire.Constraint) error {
	switch {
	case told.Reference == nil:
		return &f3548wire.FieldError{Path: "reference", Found: "nothing", Expected: "the reference"}
	case told.Details == nil || len(told.Details.Volumes) == 0:
		return &f3548wire.FieldError{Path: "details.volumes", Found: "none", Expected: "at least one"}
	}
	if err := checkReference(id, told.Reference.ID, told.Reference.OVN); err != nil {
		return err
	}
	if err := d.fewVertices(told.Details.Volumes); err != nil {
		return err
	}
	return checkVolumes("details.volumes", told.Details.Volumes)
}

// checkReference: the reference is of what the notice is about, and has the OVN
// that stands for having been told.
func checkReference(id airspace.ID, text, ovn string) error {
	of, err := parseID("reference.id", text)
	switch {
	case err != nil:
		return err
	case of != id:
		return &f3548wire.FieldError{Path: "reference.id", Found: quote(text), Expected: "that of the notice"}
	case ovn == "":
		return &f3548wire.FieldError{Path: "reference.ovn", Found: "nothing", Expected: "the OVN"}
	}
	return nil
}

func checkVolumes(place string, volumes []f3548wire.Volume4D) error {
	for i := range volumes {
		if _, err := volumes[i].ToVolume(); err != nil {
			return f3548wire.Within(fmt.Sprintf("%s[%d]", place, i), err)
		}
	}
	return nil
}
