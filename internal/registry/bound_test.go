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
