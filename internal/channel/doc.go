// Package channel carries messages between the watch positions of parties.
//
// A message is addressed to a position, never to a person. It has a precedence
// with a handling time, which runs from sending until a person dealt with it in
// the way that its type asks for. Delivery is not understanding: what has to be
// read back is open until the fields read back match. When the time runs out, a
// ladder of positions and bearers is climbed; at its end each side falls back on
// what it does by itself. Silence is never consent, and no message orders
// anybody's aircraft: a party says what it does, asks, advises or warns.
package channel
