package sim

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"

	"github.com/deconflict/deconflict/internal/party"
)

// proveAll is the end of a play: each party verifies the receipt of each of its
// acts, and a pack of what it was shown; the node is started again and shows
// everybody the same.
func proveAll(p *Play) {
	p.disconnect(p.beating...)
	ids := slices.Sorted(maps.Keys(p.actors))
	for _, id := range ids {
		p.proveReceipts(p.actors[id])
	}
	if p.node.Verify != nil {
		for _, id := range ids {
			err := p.node.Verify(p.actors[id].fetchPack())
			p.check(err == nil, fmt.Sprintf("What the record holds for %s is verified by the program", called(id)), err)
		}
	}
	if p.node.Restart == nil {
		return
	}
	before := map[party.ID]map[string]string{}
	for _, id := range ids {
		before[id] = p.actors[id].sees()
	}
	p.fail(p.node.Restart(p.now))
	for _, id := range ids {
		after := p.actors[id].sees()
		same := len(after) == len(before[id])
		for place, text := range before[id] {
			if after[place] != text {
				same = false
				p.part().check(false, fmt.Sprintf("%s sees the same at %s", called(id), place), "before ", text, ", after ", after[place])
			}
		}
		p.check(same, fmt.Sprintf("%s sees the same after the node was started again", called(id)), len(after), " places")
	}
}

// proveReceipts has a party verify that all that it did is in the journal that
// it watches.
func (p *Play) proveReceipts(a *Actor) {
	good := 0
	for _, index := range a.acts {
		r, err := a.log().Receipt(p.ctx, index)
		if err != nil {
			p.check(false, fmt.Sprintf("the receipt %d of %s", index, a.id), err)
			continue
		}
		if r.Type() == "act.taken" && field[party.ID](p, &r.Entry, "by") == a.id || r.Type() == "party.cosigned" {
			good++
		}
	}
	equal(p, fmt.Sprintf("%s verifies the receipts of all its acts, in number", called(a.id)), good, len(a.acts))
}

// fetchPack fetches what the journal holds for a party, with its proofs.
func (a *Actor) fetchPack() []byte {
	r, err := http.NewRequestWithContext(a.p.ctx, "GET", a.BaseURL+"/v1/packs", nil)
	a.p.fail(err)
	token, err := a.Token(a.p.ctx)
	a.p.fail(err)
	r.Header.Set("Authorization", "Bearer "+token)
	answer, err := http.DefaultClient.Do(r)
	a.p.fail(err)
	defer answer.Body.Close()
	pack, err := io.ReadAll(answer.Body)
	a.p.fail(err)
	if answer.StatusCode != http.StatusOK {
		a.p.fail(fmt.Errorf("the pack of %s: %s: %s", a.id, answer.Status, pack))
	}
	return pack
}

// sees returns all that the node shows a party now, by place.
func (a *Actor) sees() map[string]string {
	seen := map[string]string{}
	// list reads a place and returns its member, without what the answer rests on.
	list := func(place, member string) json.RawMessage {
		var answer map[string]json.RawMessage
		a.p.fail(a.Get(a.p.ctx, place, &answer))
		seen[place] = string(answer[member])
		return answer[member]
	}
	each := func(listed json.RawMessage, place, member string) {
		var ids []string
		a.p.fail(json.Unmarshal(listed, &ids))
		for _, id := range ids {
			list(place+id, member)
		}
	}
	list("/v1/parties", "parties")
	list("/v1/agreements", "agreements")
	list("/v1/zones", "zones")
	list("/v1/offers", "offers")
	each(list("/v1/declared", "ids"), "/v1/declared/", "declared")
	each(list("/v1/incidents", "ids"), "/v1/incidents/", "incident")
	for id := range a.p.actors {
		if id != a.id {
			list("/v1/rules/"+string(id), "rules")
			list("/v1/links/"+string(id), "link")
			list("/v1/heads/"+string(id), "heads")
		}
	}
	var inbox bytes.Buffer
	for next, last := int64(-1), int64(-2); next > last; {
		last = next
		var page struct {
			Entries json.RawMessage `json:"entries"`
			Next    int64           `json:"next"`
		}
		a.p.fail(a.Get(a.p.ctx, fmt.Sprintf("/v1/inbox/all?after=%d", last), &page))
		inbox.Write(page.Entries)
		next = page.Next
	}
	seen["/v1/inbox/all"] = inbox.String()
	return seen
}
