// Package terms holds the text of agreements as the machine reads it: clauses,
// their parameters, worked examples, and the rules that come out of them. It
// has no state; package agreement says which text is in force.
package terms
