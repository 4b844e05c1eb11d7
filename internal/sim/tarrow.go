package sim

import "time"

// Tarrow is a wildfire: who fights it, who happens to fly there, and an unknown
// drone.
func Tarrow() *Scenario {
	return &Scenario{
		Name: "tarrow", About: "a wildfire in the Tarrow Range, with tankers, a medical flight, and an unknown drone",
		Day: time.Date(2026, 3, 4, 0, 0, 0, 0, time.UTC), Start: "D-1 19:00",
		Rows: []Row{
			{"D-1 19:10", "parties enrol", castTarrow},
			{"D-1 19:30", "five parties sign the letter of the season", signLetter},
			{"D-1 20:00", "Ridgeline files R-31 for tomorrow", fileR31},
			{"D 00:00", "test calls of each with each", testRange},
			{"D 02:05", "a fire is reported; TFA asks for R-1", askForR1},
			{"D 02:15", "R-31 is airborne", flyR31},
			{"D 02:30", "R-1 comes into force around R-31", displaceR31},
			{"D 02:34", "CAR files CG-7 through the rings", fileCG7},
			{"D 02:36", "CAR tries another way; T-41 takes off", rerouteA},
			{"D 02:38", "R-31 is down; CG-7 goes round", rerouteB},
			{"D 02:41:20", "T-41 calls air attack", meetT41},
			{"D 02:50", "MediLift files ML-2 into R-1", landML2},
			{"D 02:55", "T-42 begins its run", flyT42},
			{"D 02:56", "TA-1 sees an unknown drone", seeDrone},
			{"D 03:08", "no further sighting; nothing is cleared by itself", stillStopped},
			{"D 03:16", "air operations lifts the STOP", resumeFlying},
			{"D 04:30", "Tarrow Centre is not heard any more, and comes back", loseCentre},
			{"D 05:00", "each party proves what it did, and the node starts again", proveAll},
		},
	}
}
