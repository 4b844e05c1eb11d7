// Package notify tells others what concerns them: subscribers of the airspace
// of changes of the intents that this node manages, and parties that gave a
// hook of what comes into their inboxes.
//
// What has to be told stands in the journal, so nothing is kept but how far the
// telling got. It is told at least once: after a restart what was not known to
// be told is told again. Who does not answer holds up nobody else.
package notify
