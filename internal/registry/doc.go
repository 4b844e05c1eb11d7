// Package registry says who the parties are: their kinds, roles, keys, act
// policies, members and watch rosters, and under what authority an act is done.
//
// A party is a set of roles, and what it says counts only when those said it who
// must: see State.Authorize. Nobody enrols or changes another party, and whoever
// enrols must be able to change what it enrolled. What a party reads about
// another is in State.Show.
//
// # Co-signing
//
// A statement that lacks signatures waits, and the same statement sent again
// with further ones adds up:
//
//	(nothing) --some sign--> waiting --more sign--> waiting
//	(nothing) --all sign---> done
//	waiting --the last sign--> done          party.completed, then what comes of it
//	waiting --14 days after its date--> gone party.lapsed
//
// # Positions
//
// A position is manned while its roster names somebody. When that changes, the
// node says so to everybody, with the exact instant: party.manned and
// party.unmanned. A position that never had a roster is unmanned without saying.
package registry
