// Package notice holds notices of protected sites and of humanitarian movements,
// and how far word of them got.
//
// A notice is told, never asked for: nothing here approves or denies one. What
// looks wrong with it is a query back to the notifier, which holds it back for
// HoldNS at most. Whom it is told is the notifier's choice alone. Each recipient
// then says, step by step, how far it got in its own house; a link that is late
// alarms both sides.
package notice
