package main

import "github.com/deconflict/deconflict/client"

// specialFlags are those of single domains.
type specialFlags struct {
	settings             // intent: what plan files leave open
	read        listFlag // intent
	take        int
	atRisk      string // channel
	callback    string
	radius      lengthFlag
	precedence  string
	text, ref   string
	after       int64
	count       int
	from, to    string // party
	linguist    bool
	rosterLevel string
}

func (s *specialFlags) add(domain string, f *flags) {
	switch domain {
	case "intent":
		s.register(f)
		f.set.Var(&s.read, "read", "the id of an intent or zone")
		f.set.IntVar(&s.take, "take", 0, "a number")
	case "channel":
		f.set.StringVar(&s.atRisk, "at-risk", "people", "people or aircraft")
		f.set.StringVar(&s.callback, "callback", "", "where the sender can be reached")
		f.set.Var(&s.radius, "radius", "a length such as 2NM")
		f.set.StringVar(&s.precedence, "precedence", "ROUTINE", "FLASH, IMMEDIATE, PRIORITY or ROUTINE")
		f.set.StringVar(&s.text, "text", "", "a text")
		f.set.StringVar(&s.ref, "ref", "", "an id")
		f.set.Int64Var(&s.after, "after", client.FromNow, "the number of a receipt")
		f.set.IntVar(&s.count, "count", 0, "a number")
	case "party":
		f.set.StringVar(&s.from, "from", "", "a time such as 2031-05-07T06:00:00Z")
		f.set.StringVar(&s.to, "to", "", "a time such as 2031-05-07T18:00:00Z")
		f.set.BoolVar(&s.linguist, "linguist", false, "")
		f.set.StringVar(&s.rosterLevel, "level", "", "watch, duty, senior or policy")
	}
}

// specialHelp says what these flags are, by domain.
var specialHelp = map[string]string{
	"intent": `  --read ID                   an intent or zone that was read, on which the act
                              rests; may be given again
  --take N                    of 'options': change the intent by the N-th of them
` + settingsUsage,
	"channel": `  --at-risk WHO               of a STOP: people, when not given, or aircraft
  --callback WHERE            of a STOP: where its sender can be reached
  --radius LENGTH             of a STOP: how far around the place, such as 2NM
  --precedence P              of 'send': FLASH, IMMEDIATE, PRIORITY or ROUTINE;
                              ROUTINE when not given
  --text TEXT                 of 'send' and 'answer': what fields cannot say, English
  --ref ID                    of 'send': the message or record that it is about
  --after N                   of 'watch': begin after the entry N of the journal, -1
                              for all that it holds; from now on when not given
  --count N                   of 'watch': end after so many
`,
	"party": `  --from INSTANT              of 'roster': when the watch begins; now when not given
  --to INSTANT                of 'roster': when it ends
  --level LEVEL               of 'roster': at which level; that of the person's role
                              when not given
  --linguist                  of 'roster': the person is qualified to interpret
`,
}
