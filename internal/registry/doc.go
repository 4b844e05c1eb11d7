// Package registry knows who the parties are: roles with their keys, which roles
// an act needs, members, and who stands the watch.
package registry
