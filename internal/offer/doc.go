// Package offer carries offers and answers about a conflict, with deadlines.
//
// A conflict is of two versions of two intents of two parties. Either offers who
// does what; the other accepts, rejects or counters. Nobody can be bound by
// somebody else's act: an offer says "I will" or asks "would you", and only the
// party that is asked can say yes, before the deadline, to exactly what was
// offered about exactly these versions. Silence at the deadline is UNRESOLVED,
// never consent. A conflict that nothing settles goes up the ladder before it
// begins. What was accepted is watched until it is done.
//
// The states of an offer, each reached once and by one event:
//
//	open ── accepted ── complied ── failed (undone again)
//	 │          └────── failed
//	 ├───── rejected     by the addressee
//	 ├───── countered    by the addressee's own offer
//	 ├───── unresolved   at the deadline
//	 └───── void         an intent changed or ended, or another offer settled it
package offer
