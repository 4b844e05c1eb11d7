// Package house holds no code of its own. Its tests keep the rules of the
// house: who may import whom and why a dependency is there (the tables of
// ARCHITECTURE.md), how long files and functions grow, which names and words
// stay out, and that the documents show what the program prints.
package house
