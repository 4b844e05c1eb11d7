// Package record holds what parties confirm of the journal: counter-signatures
// of its entries and the heads that they verified.
//
// The journal is one list, but a node that lied could show each party another
// one. So a party's own client verifies what it was shown and says so, signed:
// which entries it has, and which head. A head that is not this journal's is
// told to everybody.
package record
