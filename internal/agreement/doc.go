// Package agreement says which text is in force between parties, and since when.
//
// The legal state of an agreement moves by signed acts of its parties and by the
// clock, on what they signed, and by nothing else: not by reports, nor by whether
// anybody answers, which is another axis (package bearer). A safety floor is a
// text of its own, signed separately: no act on another agreement reaches it, and
// it has no expiry; it ends only by withdrawing from it, with notice.
package agreement
