// Package bearer watches the lines between parties: test calls, heartbeats,
// clocks, silence.
//
// A line is one direction of one bearer between two parties: a call from one is
// heard by the other. Test calls are made on every line at fixed times of day.
// The caller speaks a challenge that is new for each call, who answers enters
// what was heard. A bearer is as good as the last test on each of its lines.
//
// Heartbeats are another matter: a party tells the node regularly that it lives
// and how far it has read. Those who agreed on something count on each other's; a
// party may let others count on its own, and learns nothing of theirs by it. One
// that stops is SILENT towards each party that counts on it, and after its return
// in RESYNC until it has read what it missed.
//
// The cause of a miss is unknown until one of the two parties states it.
//
// A node that did not run cannot know who was silent. Due takes a deadline that
// it finds far in the past (see lateParts) for a sign of that: it counts no miss,
// gives everybody one full period from now, and says so in the event Woke.
package bearer
