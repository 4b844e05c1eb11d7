// Package record holds what parties confirm of the journal: counter-signatures
// of its entries and the heads that they verified.
package record
