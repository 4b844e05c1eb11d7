package api

// ClockQuality is how good the clock is that a node goes by.
type ClockQuality struct {
	Source string `json:"source"` // system, or rehearsal: set by hand
	// Synchronised tells whether something keeps it to the time of others. Nil:
	// unknown.
	Synchronised *bool `json:"synchronised,omitempty"`
	// ErrorMS is how far it may be off, in milliseconds, if that is known.
	ErrorMS *int64 `json:"error_ms,omitempty"`
}

func (h *handler) clock() ClockQuality {
	if h.Clock == nil {
		return ClockQuality{Source: "system"}
	}
	return h.Clock()
}
