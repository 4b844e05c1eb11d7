package sim

import (
	"time"

	"github.com/deconflict/deconflict/internal/party"
)

// Tarrow is a wildfire: who fights it, who happens to fly there, and an unknown
// drone.
func Tarrow() *Scenario {
	return &Scenario{
		Name: "tarrow", About: "a wildfire in the Tarrow Range, with tankers, a medical flight, and an unknown drone",
		Day: time.Date(2026, 3, 4, 0, 0, 0, 0, time.UTC), Start: "D-1 19:00", Parts: []party.ID{tfa, ridgeline, car, medilift, highmoor},
		Rows: []Row{
			{"D-1 19:10", "the parties enrol", "TFA is the fire agency, with its air attack aircraft TA-1; Highmoor flies tankers for it. Ridgeline inspects power lines by drone, MediLift flies patients, CAR trains. Tarrow Centre is air traffic services.", castTarrow},
			{"D-1 19:30", "five parties sign the letter of the season", "Who may enter what, by whom they are called, how far they keep apart. It is agreed before there is a fire.", signLetter},
			{"D-1 20:00", "Ridgeline declares R-31, a drone flight, for tomorrow", "", fileR31},
			{"D 00:00", "test calls of each with each", "Radio and telephone, before anybody needs them.", testRange},
			{"D 02:05", "a fire is reported, and TFA asks for the zone R-1", "7 NM around the fire nobody enters but who fights it; up to 12 NM one calls first. Only those whose flights meet it are told.", askForR1},
			{"D 02:15", "R-31 is airborne", "It flies inside what will be R-1 in 15 minutes. As yet that is advice.", flyR31},
			{"D 02:30", "R-1 comes into force around R-31", "A flight in the air cannot just be refused. It is displaced: its owner must find a way out, and is called. Nobody steers it for Ridgeline.", displaceR31},
			{"D 02:34", "CAR declares CG-7, through both rings", "The node says exactly when it would be inside which.", fileCG7},
			{"D 02:36", "CAR tries another way, and T-41 takes off", "Half the rings is not enough. The tanker may enter, and has to call first.", rerouteA},
			{"D 02:38", "R-31 has landed, and CG-7 goes round", "TFA proposes a place to fly by, and CAR takes it. At 11.99 NM from the fire CG-7 touches the outer ring by a hundredth of a mile, so it has to call too.", rerouteB},
			{"D 02:41:20", "T-41 calls air attack before the ring", "What air attack answers is read back: altimeter setting, level, frequency.", meetT41},
			{"D 02:50", "MediLift declares ML-2, a medical flight, into R-1", "ML-2 and the tanker T-42 are of equal rank, and T-42 was there first. The two settle it: an offer, an answer, and both do what they said.", landML2},
			{"D 02:55", "T-42 begins its run", "", flyT42},
			{"D 02:56", "TA-1 sees an unknown drone near the fire", "In two minutes T-42 would pass it at 0.36 NM. TA-1 calls STOP to those who fly inside 7 NM, and to nobody else.", seeDrone},
			{"D 03:08", "no further sighting; the STOP stands", "Nothing ends a STOP by itself, nor anybody but those whom the caller named.", stillStopped},
			{"D 03:16", "air operations lifts the STOP", "What it cost is written down: minutes and runs, beside what was seen.", resumeFlying},
			{"D 04:30", "Tarrow Centre is not heard any more, and comes back", "TFA knows within three heartbeats, and telephones. What changed meanwhile the centre has to read before it counts again.", loseCentre},
			{"D 05:00", "each side proves what it did", "With its own log and the receipts it kept, without trusting the node.", proveAll},
		},
	}
}
