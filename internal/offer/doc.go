// Package offer carries offers and answers about a conflict, with deadlines.
package offer
