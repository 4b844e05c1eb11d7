package sim

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/deconflict/deconflict/internal/bearer"
	"github.com/deconflict/deconflict/internal/party"
)

// clock sets the node's time on. The programs of the parties send their
// heartbeats meanwhile.
func (p *Play) clock(at string) { p.until(p.instant(at)) }

func (p *Play) until(to time.Time) {
	if to.Before(p.now) {
		p.fail(fmt.Errorf("the script goes back in time from %s to %s", p.now, to))
	}
	for len(p.beating) > 0 && !p.next.After(to) {
		p.set(p.next)
		p.beat()
	}
	p.set(to)
}

// set sets the node's time on at once.
func (p *Play) set(to time.Time) {
	r, err := http.NewRequestWithContext(p.ctx, "POST", p.node.Debug+"/debug/clock", strings.NewReader(to.Format(time.RFC3339Nano)))
	p.fail(err)
	answer, err := http.DefaultClient.Do(r)
	p.fail(err)
	defer answer.Body.Close()
	body, err := io.ReadAll(io.LimitReader(answer.Body, 1<<16))
	p.fail(err)
	if answer.StatusCode != http.StatusOK {
		p.fail(fmt.Errorf("setting the clock to %s: %s", to, body))
	}
	p.now = to
}

// beatEvery is a little less than the period that the parties agreed to.
const beatEvery = 55 * time.Second

// connect has the programs of parties send heartbeats from now on.
func (p *Play) connect(ids ...party.ID) {
	p.beating = append(p.beating, ids...)
	p.beat()
}

// disconnect ends that.
func (p *Play) disconnect(ids ...party.ID) {
	p.beating = slices.DeleteFunc(p.beating, func(id party.ID) bool { return slices.Contains(ids, id) })
}

// beat sends a heartbeat of each party that is connected. What it says of the
// party's own state is a digest of how far that has read.
func (p *Play) beat() {
	for _, id := range p.beating {
		a := p.actor(id)
		held := sha256.Sum256(fmt.Appendf(nil, "%s has read up to %d", id, a.seen))
		a.does("bearer.heartbeat", bearer.Heartbeat{
			State: hex.EncodeToString(held[:]), Seen: a.seen, Clock: &bearer.Clock{Source: "gnss", ErrorNS: 1_000_000},
		})
	}
	p.next = p.now.Add(beatEvery)
}
