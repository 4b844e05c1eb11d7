// Package bearer watches the lines between parties: test calls, heartbeats,
// clocks, silence.
package bearer
