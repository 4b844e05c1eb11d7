package f3548

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"github.com/deconflict/deconflict/internal/airspace"
	"github.com/deconflict/deconflict/internal/engine"
	"github.com/deconflict/deconflict/internal/f3548wire"
)

// refusal is an answer that is not a success.
type refusal struct {
	status      int
	message     string
	allow       string // methods, with status 405
	retryAfterS int    // seconds; 0: says nothing
	body        any    // instead of the message alone
}

func (r *refusal) Error() string { return r.message }

func refuse(status int, format string, args ...any) error {
	return &refusal{status: status, message: fmt.Sprintf(format, args...)}
}

// statuses are those of what the airspace refuses.
var statuses = map[airspace.RefusalKind]int{
	airspace.Invalid:       http.StatusBadRequest,
	airspace.HasDependents: http.StatusBadRequest,
	airspace.NotOwner:      http.StatusForbidden,
	airspace.NotAllowed:    http.StatusForbidden,
	airspace.NotFound:      http.StatusNotFound,
	airspace.Exists:        http.StatusConflict,
	airspace.StaleVersion:  http.StatusConflict,
	airspace.MissingKeys:   http.StatusConflict,
	airspace.MarkedDown:    http.StatusPreconditionFailed,
}

// asRefusal says how an error is answered; nil for one that is not the caller's
// to know.
func asRefusal(err error) *refusal {
	var (
		own      *refusal
		lawful   *airspace.Refusal
		field    *f3548wire.FieldError
		tooLarge *http.MaxBytesError
	)
	switch {
	case errors.As(err, &own):
		return own
	case errors.As(err, &lawful):
		if status, ok := statuses[lawful.Kind]; ok {
			return &refusal{status: status, message: lawful.Message}
		}
	case errors.As(err, &field):
		status := http.StatusBadRequest
		if errors.Is(field, f3548wire.ErrKeyTooLong) {
			status = http.StatusRequestEntityTooLarge
		}
		return &refusal{status: status, message: field.Error()}
	case errors.As(err, &tooLarge):
		return &refusal{
			status:  http.StatusRequestEntityTooLarge,
			message: fmt.Sprintf("the body has more than %d bytes", tooLarge.Limit),
		}
	case errors.Is(err, engine.ErrOverloaded):
		return &refusal{
			status: http.StatusServiceUnavailable, retryAfterS: 1,
			message: "more requests are waiting than the node can take; nothing was done",
		}
	case errors.Is(err, engine.ErrClosed):
		return &refusal{
			status: http.StatusServiceUnavailable, retryAfterS: 5,
			message: "the node is shutting down; nothing was done",
		}
	case errors.Is(err, engine.ErrStopped):
		return &refusal{
			status: http.StatusServiceUnavailable, retryAfterS: 5,
			message: "the node stopped; whether a requested change was made is not known: GET the entity once the node runs again, its manager sees the OVN there",
		}
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		return &refusal{
			status: http.StatusGatewayTimeout, retryAfterS: 1,
			message: "the time for this request ran out before it was decided; nothing was done",
		}
	}
	return nil
}

// fail answers with an error. What is not the caller's to know goes to the log.
func (d *DSS) fail(w http.ResponseWriter, r *http.Request, err error) {
	answer := asRefusal(err)
	if answer == nil {
		id := w.Header().Get("X-Request-Id")
		d.Log.Error("a request failed", "request", id, "method", r.Method, "error", err)
		answer = &refusal{status: http.StatusInternalServerError, message: "the node failed; its log has more under the id of this request"}
	}
	if answer.allow != "" {
		w.Header().Set("Allow", answer.allow)
	}
	if answer.retryAfterS > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(answer.retryAfterS))
	}
	if answer.body == nil {
		answer.body = f3548wire.Error{Message: answer.message}
	}
	d.answer(w, r, answer.status, answer.body)
}

func (d *DSS) answer(w http.ResponseWriter, r *http.Request, status int, body any) {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(body); err != nil {
		d.Log.Error("an answer could not be written as JSON", "method", r.Method, "error", err)
		status = http.StatusInternalServerError
		text.Reset()
		text.WriteString(`{"message":"the node failed"}`)
	}
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Content-Length", strconv.Itoa(text.Len()))
	w.WriteHeader(status)
	_, _ = w.Write(text.Bytes()) // the caller went away: nobody to tell
}

// words joins words for a message.
func words(list []string) string { return strings.Join(list, ", ") }

// quote writes what a caller sent into a message, not all of it when it is long.
func quote(s string) string {
	const most = 64
	if len(s) > most {
		return strconv.Quote(s[:most]) + "…"
	}
	return strconv.Quote(s)
}
