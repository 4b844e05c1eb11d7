// Package agreement says which text is in force between parties, and since when.
package agreement
