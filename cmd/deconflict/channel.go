package main

import (
	"context"
	"encoding/json"
	"errors"

	"github.com/deconflict/deconflict/client"
)

var channelVerbs = []verb{
	{name: "watch", args: "POSITION", about: "follow what comes in for a position; all for every one", run: runWatch},
}

var channelUsage = actUsage("channel", "Carries messages between positions of parties: numbered, read back by field,\nescalated when nobody answers; and STOP.", channelVerbs)

// runWatch prints what comes in until it is interrupted.
func runWatch(ctx context.Context, a *app, s *session, fl *actFlags, args []string) (int, error) {
	if len(args) != 1 {
		return 0, usagef("channel", "found %d names, expected one position, or all", len(args))
	}
	for entry, err := range s.Inbox(ctx, args[0], client.FromNow) {
		if errors.Is(err, context.Canceled) {
			break
		}
		if err != nil {
			return 0, refused(err)
		}
		if fl.json {
			if err := json.NewEncoder(a.stdout).Encode(entry); err != nil {
				return 0, err
			}
			continue
		}
		printEntry(a, &entry)
	}
	return exitClear, nil
}
