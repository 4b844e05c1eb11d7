// Package channel carries messages between the watch positions of parties.
package channel
