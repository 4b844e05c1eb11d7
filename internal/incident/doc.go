// Package incident holds incidents, with each party's account beside the other's.
package incident
