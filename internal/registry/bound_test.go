package registry

import (
	"fmt"
	"testing"

	"github.com/deconflict/deconflict/internal/event"
	"github.com/deconflict/deconflict/internal/party"
)

// A lead has so many members named that did not confirm, and no more. It can
// still change what it named, and those that confirm make room.
func TestNamedMembersAreBounded(t *testing.T) {
	st := New()
	name := func(member party.ID) error {
		body := &Name{Lead: "compact", Member: member, Aircraft: []string{"manned"}}
		_, err := st.decideMember(&party.Act{Statement: party.Statement{Party: "compact"}}, body, event.Env{})
		return err
	}
	for i := range maxNamed {
		id := party.ID(fmt.Sprint("m", i))
		if err := name(id); err != nil {
			t.Fatalf("%s: %v", id, err)
		}
		st.member(Member{Lead: "compact", Member: id})
	}
	if name("another") == nil {
		t.Error("one more is named")
	}
	if err := name("m7"); err != nil {
		t.Errorf("what was named cannot be changed: %v", err)
	}
	st.member(Member{Lead: "compact", Member: "m3", Confirmed: 1})
	if err := name("another"); err != nil {
		t.Errorf("one confirmed, and made no room: %v", err)
	}
}

// A position that a record no longer has leaves no roster behind: a party could
// otherwise have one of each name that there is.
func TestAPositionThatIsGoneLeavesNothing(t *testing.T) {
	st := New()
	st.parties["north"] = &Party{ID: "north", Positions: []Position{{Name: "watch"}}}
	st.roster(&Rostered{Party: "north", Position: "watch", Watches: []Watch{{Position: "watch", Person: "a", From: 1, To: 2}}}, 3)
	if len(st.desks) != 1 {
		t.Fatal("a roster of the past is not kept: the test shows nothing")
	}
	record := Party{
		ID: "north", Roles: []Role{{Name: "chief", Level: party.Policy, Holders: []Holder{{Person: "a", Key: "k"}}}},
		Policies: map[string]Policy{"party.change": {K: 1, Roles: []string{"chief"}}},
	}
	a := &party.Act{Statement: party.Statement{Party: "north"}}
	events, err := st.change(a, &Change{Party: record}, View{}, event.Env{NowNS: 4})
	if err != nil {
		t.Fatal(err)
	}
	for _, ev := range events {
		st.Apply(ev, event.At{NS: 4})
	}
	if len(st.desks) != 0 {
		t.Errorf("found %d rosters, want none", len(st.desks))
	}
}
