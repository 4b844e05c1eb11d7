package f3548

import (
	"crypto/sha256"
	"net/http"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/deconflict/deconflict/internal/airspace"
	"github.com/deconflict/deconflict/internal/f3548wire"
	"github.com/deconflict/deconflict/internal/party"
)

// Availability of USSs, reports, and what InterUSS asks about a DSS.

func (c *call) uss() (party.ID, error) {
	uss := party.ID(c.path[0])
	if !uss.Valid() {
		return "", refuse(http.StatusBadRequest, "uss_id in the path: found %s, expected 1 to %d printable characters without space", quote(c.path[0]), party.MaxIDBytes)
	}
	return uss, nil
}

func availability(view airspace.AvailabilityView) any {
	return f3548wire.Availability{
		Version: view.Version,
		Status:  f3548wire.AvailabilityStatus{USS: string(view.USS), Availability: view.Availability.String()},
	}
}

func (d *DSS) getAvailability(c *call) (any, error) {
	uss, err := c.uss()
	if err != nil {
		return nil, err
	}
	var view airspace.AvailabilityView
	err = d.Engine.Read(c.Context(), func(st *airspace.State, _ int64) { view = st.Availability(uss) })
	if err != nil {
		return nil, err
	}
	return availability(view), nil
}

func (d *DSS) setAvailability(c *call) (any, error) {
	uss, err := c.uss()
	if err != nil {
		return nil, err
	}
	var body f3548wire.SetAvailability
	if err := d.decode(c, &body); err != nil {
		return nil, err
	}
	if body.OldVersion == nil {
		return nil, &f3548wire.FieldError{Path: "old_version", Found: "nothing", Expected: "the version that is replaced, empty for the first"}
	}
	state, ok := airspace.ParseAvailability(body.Availability)
	if !ok {
		return nil, &f3548wire.FieldError{Path: "availability", Found: quote(body.Availability), Expected: "Unknown, Normal or Down"}
	}
	names, err := d.draw()
	if err != nil {
		return nil, err
	}
	view, err := submit(d, c, airspace.SetAvailability{
		By: c.caller.Party, USS: uss, OldVersion: *body.OldVersion, NewVersion: names.version, Availability: state,
	})
	if err != nil {
		return nil, err
	}
	return availability(view), nil
}

// maxProblemBytes is how much is kept of the words of a report.
const maxProblemBytes = 1000

func (d *DSS) fileReport(c *call) (any, error) {
	text, err := d.read(c)
	if err != nil {
		return nil, err
	}
	var report f3548wire.ErrorReport
	if err := f3548wire.Decode(text, &report); err != nil {
		return nil, err
	}
	problem, err := checkExchange(report.Exchange)
	if err != nil {
		return nil, f3548wire.Within("exchange", err)
	}
	names, err := d.draw()
	if err != nil {
		return nil, err
	}
	report.ReportID, err = submit(d, c, airspace.FileReport{
		By: c.caller.Party, Report: names.id.String(), SHA256: sha256.Sum256(text), Problem: problem,
	})
	if err != nil {
		return nil, err
	}
	return report, nil
}

// checkExchange checks the exchange that a report is about and returns the
// problem with it.
func checkExchange(text []byte) (problem string, err error) {
	if text == nil {
		return "", &f3548wire.FieldError{Found: "nothing", Expected: "the exchange that the report is about"}
	}
	var e f3548wire.Exchange
	if err := f3548wire.Decode(text, &e); err != nil {
		return "", err
	}
	switch {
	case e.URL == "":
		return "", &f3548wire.FieldError{Path: "url", Found: "nothing", Expected: "the URL of the request"}
	case e.Method == "":
		return "", &f3548wire.FieldError{Path: "method", Found: "nothing", Expected: "the method of the request"}
	case e.RecorderRole != "Client" && e.RecorderRole != "Server":
		return "", &f3548wire.FieldError{Path: "recorder_role", Found: quote(e.RecorderRole), Expected: "Client or Server"}
	case e.RequestTime == nil:
		return "", &f3548wire.FieldError{Path: "request_time", Found: "nothing", Expected: "a time"}
	}
	if _, err := e.RequestTime.NS("request_time"); err != nil {
		return "", err
	}
	if e.ResponseTime != nil {
		if _, err := e.ResponseTime.NS("response_time"); err != nil {
			return "", err
		}
	}
	if code := e.ResponseCode; code != nil && *code != int64(int32(*code)) {
		return "", &f3548wire.FieldError{Path: "response_code", Found: strconv.FormatInt(*code, 10), Expected: "a status of HTTP"}
	}
	problem = e.Problem
	if len(problem) > maxProblemBytes {
		cut := maxProblemBytes
		for !utf8.RuneStart(problem[cut]) {
			cut--
		}
		problem = problem[:cut]
	}
	return strings.Clone(problem), nil
}

func (d *DSS) pool(*call) (any, error) {
	return struct {
		DARID string `json:"dar_id"`
	}{d.DARID}, nil
}

func (d *DSS) version(*call) (any, error) {
	return struct {
		Version string `json:"version"`
	}{d.Version}, nil
}

// systemIdentity is what InterUSS calls a DSS when it asks for its version.
const systemIdentity = "dss"

func (d *DSS) systemVersion(c *call) (any, error) {
	if c.path[0] != systemIdentity {
		return nil, refuse(http.StatusNotFound, "there is no system %s here, only %s", quote(c.path[0]), systemIdentity)
	}
	return struct {
		Identity string `json:"system_identity"`
		Version  string `json:"system_version"`
	}{systemIdentity, d.Version}, nil
}
