// Package world puts the domains together as one state.
package world
