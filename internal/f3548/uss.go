package f3548

import (
	"fmt"
	"net/http"

	"github.com/deconflict/deconflict/internal/airspace"
	"github.com/deconflict/deconflict/internal/f3548wire"
	"github.com/deconflict/deconflict/internal/intent"
	"github.com/deconflict/deconflict/internal/volume"
	"github.com/deconflict/deconflict/internal/world"
)

// This node is the USS of what parties declare natively: it is what the
// references of those intents name.

// Details returns an operational intent that this node manages as it is told to
// other USSs: with its OVN, which stands for having read it. It finds none that
// is not in the airspace, or that another USS manages.
//
// What it takes from the state never changes, so that the second part of the
// work, which it returns, may be done when the state has gone on.
func Details(st *world.State, id airspace.ID) (build func() (*f3548wire.OperationalIntent, error), found bool) {
	view, listed := st.Airspace.Intent(id)
	record := st.Intent.Intent(id.String())
	if !listed || record == nil || !record.Listed {
		return nil, false
	}
	return func() (*f3548wire.OperationalIntent, error) { return operationalIntent(&view, record) }, true
}

func operationalIntent(view *airspace.IntentView, record *intent.Intent) (*f3548wire.OperationalIntent, error) {
	d, err := record.Details()
	if err != nil {
		return nil, err
	}
	ref := (&call{}).intent(view)
	ref.OVN = view.OVN
	priority := int64(d.Priority)
	details := f3548wire.OperationalIntentDetails{Priority: &priority}
	if details.Volumes, err = wireVolumes(d.Volumes); err != nil {
		return nil, fmt.Errorf("volumes of intent %s: %w", d.ID, err)
	}
	if details.OffNominalVolumes, err = wireVolumes(d.OffNominal); err != nil {
		return nil, fmt.Errorf("off-nominal volumes of intent %s: %w", d.ID, err)
	}
	return &f3548wire.OperationalIntent{Reference: &ref, Details: &details}, nil
}

func wireVolumes(volumes []volume.Volume4D) ([]f3548wire.Volume4D, error) {
	out := make([]f3548wire.Volume4D, len(volumes))
	for i := range volumes {
		var err error
		if out[i], err = f3548wire.FromVolume(&volumes[i]); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func (d *DSS) getDetails(c *call) (any, error) {
	id, err := c.entityID()
	if err != nil {
		return nil, err
	}
	var build func() (*f3548wire.OperationalIntent, error)
	var found bool
	err = d.Engine.ReadWorld(c.Context(), func(st *world.State, _ int64) { build, found = Details(st, id) })
	if err != nil {
		return nil, err
	}
	if !found {
		return nil, notManaged("operational intent", id)
	}
	o, err := build()
	if err != nil {
		return nil, err
	}
	return f3548wire.GetOperationalIntentDetails{OperationalIntent: *o}, nil
}

// getTelemetry has none to give: positions of aircraft do not come here.
func (d *DSS) getTelemetry(c *call) (any, error) {
	id, err := c.entityID()
	if err != nil {
		return nil, err
	}
	var view airspace.IntentView
	var found bool
	err = d.Engine.ReadWorld(c.Context(), func(st *world.State, _ int64) {
		if _, found = Details(st, id); found {
			view, found = st.Airspace.Intent(id)
		}
	})
	switch {
	case err != nil:
		return nil, err
	case !found:
		return nil, notManaged("operational intent", id)
	case view.State != airspace.Nonconforming && view.State != airspace.Contingent:
		return nil, refuse(http.StatusConflict, "the operational intent is %s, expected Nonconforming or Contingent: others give no telemetry", view.State)
	}
	return nil, refuse(http.StatusPreconditionFailed, "there is no telemetry of operational intent %s", id)
}

// getConstraintDetails finds none: zones that are declared natively bind by
// agreement, and are no constraints of the airspace.
func (d *DSS) getConstraintDetails(c *call) (any, error) {
	id, err := c.entityID()
	if err != nil {
		return nil, err
	}
	return nil, notManaged("constraint", id)
}

func notManaged(kind string, id airspace.ID) error {
	return refuse(http.StatusNotFound, "this USS manages no %s %s", kind, id)
}
