package f3548

import (
	"github.com/deconflict/deconflict/internal/airspace"
	"github.com/deconflict/deconflict/internal/f3548wire"
	"github.com/deconflict/deconflict/internal/outline"
)

func (d *DSS) createConstraint(c *call) (any, error) {
	if err := d.hasRoom(); err != nil {
		return nil, err
	}
	id, err := c.newEntityID()
	if err != nil {
		return nil, err
	}
	return d.putConstraint(c, id, "")
}

func (d *DSS) updateConstraint(c *call) (any, error) {
	id, err := c.newEntityID()
	if err != nil {
		return nil, err
	}
	ovn, err := c.versionInPath("OVN")
	if err != nil {
		return nil, err
	}
	return d.putConstraint(c, id, ovn)
}

func (d *DSS) putConstraint(c *call, id airspace.ID, ovn string) (any, error) {
	var body f3548wire.PutConstraintReference
	if err := d.decode(c, &body); err != nil {
		return nil, err
	}
	at, err := baseURL("uss_base_url", body.USSBaseURL)
	if err != nil {
		return nil, err
	}
	volumes, err := d.outlines(c.Context(), body.Extents, needs{times: true}, d.Limits.ConstraintKM2)
	if err != nil {
		return nil, err
	}
	names, err := d.draw()
	if err != nil {
		return nil, err
	}
	change, err := submit(d, c, airspace.PutConstraint{
		By: c.caller.Party, ID: id, OVN: ovn, NewOVN: names.ovn, Outline: volumes, URL: at,
	})
	if err != nil {
		return nil, err
	}
	return c.constraintChange(change), nil
}

func (d *DSS) deleteConstraint(c *call) (any, error) {
	id, err := c.entityID()
	if err != nil {
		return nil, err
	}
	ovn, err := c.versionInPath("OVN")
	if err != nil {
		return nil, err
	}
	change, err := submit(d, c, airspace.DeleteConstraint{By: c.caller.Party, ID: id, OVN: ovn})
	if err != nil {
		return nil, err
	}
	return c.constraintChange(change), nil
}

func (d *DSS) getConstraint(c *call) (any, error) {
	id, err := c.entityID()
	if err != nil {
		return nil, err
	}
	var view airspace.ConstraintView
	var found bool
	err = d.Engine.ReadIn(c.Context(), airspace.Scope{Kind: airspace.ConstraintKind, ID: id}, func(st *airspace.State, _ int64) { view, found = st.Constraint(id) })
	if err != nil {
		return nil, err
	}
	if !found {
		return nil, unknown("constraint", id)
	}
	return f3548wire.GetConstraintReference{ConstraintReference: c.constraint(&view)}, nil
}

func (d *DSS) queryConstraints(c *call) (any, error) {
	area, err := d.area(c)
	if err != nil {
		return nil, err
	}
	var views []airspace.ConstraintView
	err = d.Engine.ReadIn(c.Context(), airspace.Scope{Kind: airspace.ConstraintKind, Area: []outline.Volume{area}}, func(st *airspace.State, _ int64) { views = st.Constraints(area) })
	if err != nil {
		return nil, err
	}
	return f3548wire.QueryConstraintReferences{ConstraintReferences: c.constraints(views)}, nil
}
