package conformance

import (
	"encoding/binary"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// Every check is also one of isolation: no answer to one party may hold an OVN
// or the version of a subscription that another was told (see send). The
// checks here look at the places where they could be expected.
var isolationChecks = []check{
	{ids: "isolation oir/access", what: "no answer tells another's OVN, subscription or outline", run: nothingTold},
	{ids: "isolation", what: "a refusal does not tell a right version from a wrong one", run: noOracle},
	{ids: "isolation", what: "a party is its whole name", run: wholeNames},
	{ids: "DSS0010 isolation", what: "no outline is kept, in no file and no log", run: nothingPrecise, own: true},
	{ids: "DSS0200 DSS0205", what: "a node alone listens for nobody else", run: oneListener, own: true},
}

// tell-tale coordinates: digits that stand in no other place.
func (p *probe) tellTale() (volume object, digits []string) {
	lat, lng := round7(p.patch.latDeg+0.0113579), round7(p.patch.lngDeg+0.0124683)
	at := func(dLat, dLng float64) object {
		point := object{"lat": round7(lat + dLat), "lng": round7(lng + dLng)}
		for _, v := range point {
			digits = append(digits, strings.TrimPrefix(strconv.FormatFloat(v.(float64), 'f', -1, 64), "-"))
		}
		return point
	}
	v := p.volume(here.band(107.375, 143.625))
	volume = v.set("volume", v["volume"].(object).set("outline_polygon", object{"vertices": []any{
		at(0, 0), at(0.0000013, 0.0021347), at(0.0017293, 0.0023719), at(0.0019937, 0.0001731),
	}}))
	return volume, append(digits, "107.375", "143.625")
}

func nothingTold(p *probe) {
	alder, birch := p.uss("uss-alder", allScopes...), p.uss("uss-birch", allScopes...)
	volume, digits := p.tellTale()
	for _, d := range digits {
		p.keep(d, alder.name, "a coordinate")
	}
	extents := []any{volume}
	watch := alder.putSubscription(newID(), "", alder.watch(here).set("extents", volume))
	intent := alder.putIntent(newID(), "", alder.intent().set("extents", extents).set("subscription_id", watch.ID))
	implicit := alder.putIntent(newID(), "", alder.implicit().set("extents", extents).set("key", []string{intent.OVN}))
	constraint := alder.putConstraint(newID(), "", alder.constraint().set("extents", extents))

	around := box{0, 0, 4000, 4000, 0, 500, 0, 120}
	area := p.volume(around)
	for i := range p.s.instances {
		birch := birch.on(i)
		p.equal("intents", len(birch.queryIntents(area)), 2)
		p.equal("constraints", len(birch.queryConstraints(area)), 1)
		p.equal("subscriptions", len(birch.querySubscriptions(area)), 0)
		for _, id := range []string{intent.ID, implicit.ID} {
			birch.getIntent(id)
		}
		birch.getConstraint(constraint.ID)
		for _, id := range []string{watch.ID, implicit.SubscriptionID} {
			birch.do("GET", subscriptionsPath+"/"+id, nil, 403)
			birch.deleteSubscription(id, "x", 403)
			birch.putSubscription(id, "x", birch.watch(around), 403, 409)
			birch.putSubscription(id, "", birch.watch(around), 403, 409)
		}
		for _, c := range []change{intent, implicit} {
			birch.putIntent(c.ID, "", birch.intent(around), 403, 409)
			birch.putIntent(c.ID, strings.Repeat("x", 30), birch.intent(around), 403)
			birch.deleteIntent(c.ID, strings.Repeat("x", 30), 403)
		}
		birch.putConstraint(constraint.ID, "", birch.constraint(around), 403, 409)
		birch.deleteConstraint(constraint.ID, strings.Repeat("x", 30), 403)
		refused := birch.putIntent(newID(), "", birch.intent(around), 409)
		p.equal("missing", len(refused.missingIntents), 2)
		own := birch.putSubscription(newID(), "", birch.watch(around).set("notify_for_constraints", true))
		p.equal("intents in the area", len(own.intents), 2)
		birch.deleteSubscription(own.ID, own.Version)
	}
	// Those to be told of a change see no more of each other than the standard
	// needs: the id and the index.
	made := birch.putIntent(newID(), "", birch.intent(around).set("key", []string{intent.OVN, implicit.OVN}))
	p.equal("subscribers", len(made.subscribers), 1)
	birch.deleteIntent(made.ID, made.OVN)
}

// Whoever is not the manager learns nothing by trying OVNs.
func noOracle(p *probe) {
	alder, birch := p.uss("uss-alder", allScopes...), p.uss("uss-birch", allScopes...)
	intent := alder.putIntent(newID(), "", alder.intent(here)).reference
	constraint := alder.putConstraint(newID(), "", alder.constraint(here)).reference
	watch := alder.subscribe(here)
	for _, c := range []struct {
		path, right string
		body        object
	}{
		{intentsPath + "/" + intent.ID, intent.OVN, birch.intent(here)},
		{constraintsPath + "/" + constraint.ID, constraint.OVN, birch.constraint(here)},
		{subscriptionsPath + "/" + watch.ID, watch.Version, birch.watch(here)},
	} {
		for _, method := range []string{"PUT", "DELETE"} {
			var body any
			if method == "PUT" {
				body = c.body
			}
			wrong := birch.do(method, c.path+"/"+strings.Repeat("x", len(c.right)), body, 403, 409)
			right := birch.do(method, c.path+"/"+c.right, body, wrong.status)
			said := strings.ReplaceAll(string(right.body), c.right, strings.Repeat("x", len(c.right)))
			p.equal(method+" "+c.path, said, string(wrong.body))
		}
	}
}

func wholeNames(p *probe) {
	alder := p.uss("uss-alder")
	made := alder.putIntent(newID(), "", alder.intent(here)).reference
	watch := alder.subscribe(here)
	for _, name := range []string{"uss-alde", "uss-alder2", "USS-ALDER", "Uss-alder"} {
		other := p.uss(name)
		other.deleteIntent(made.ID, made.OVN, 403)
		other.do("GET", subscriptionsPath+"/"+watch.ID, nil, 403)
		p.equal("subscriptions", other.querySubscriptions(p.volume(here)), []string{})
	}
	alder.sameIntent(made)
}

// traces returns the forms in which a coordinate could have been written down.
func traces(digits string) (list [][]byte) {
	list = append(list, []byte(digits))
	f, err := strconv.ParseFloat(digits, 64)
	if err != nil {
		panic(err)
	}
	for _, sign := range []float64{1, -1} {
		v := sign * f
		nano := int64(math.Round(v * 1e9))
		list = append(list, []byte(strconv.FormatInt(nano, 10)), []byte(strconv.FormatInt(nano/100, 10)))
		for _, order := range []binary.AppendByteOrder{binary.LittleEndian, binary.BigEndian} {
			list = append(list, order.AppendUint64(nil, math.Float64bits(v)), order.AppendUint64(nil, uint64(nano)))
		}
	}
	return list
}

func nothingPrecise(p *probe) {
	alder := p.uss("uss-alder", allScopes...)
	volume, digits := p.tellTale()
	extents := []any{volume}
	intent := alder.putIntent(newID(), "", alder.implicit().set("extents", extents))
	alder.putConstraint(newID(), "", alder.constraint().set("extents", extents))
	alder.putSubscription(newID(), "", alder.watch(here).set("extents", volume))
	p.equal("found", alder.queryIntents(volume), []string{intent.ID})
	birch := p.uss("uss-birch")
	birch.putIntent(newID(), "", birch.intent().set("extents", extents), 409)
	birch.do("PUT", intentsPath+"/"+newID(), birch.intent().set("extents", extents).set("state", "Flying"), 400)

	var forms [][]byte
	for _, d := range digits {
		if strings.Contains(d, ".") && len(d) > len("107.375") { // an altitude of three digits may stand anywhere
			forms = append(forms, traces(d)...)
		}
	}
	seen := 0
	err := filepath.WalkDir(p.s.node.dir, func(name string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		data, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		if strings.Contains(string(data), intent.ID) || strings.Contains(string(data), strings.ReplaceAll(intent.ID, "-", "")) {
			seen++
		}
		for _, form := range forms {
			if i := strings.Index(string(data), string(form)); i >= 0 {
				p.Errorf("%s: found a coordinate as %q: %q", filepath.Base(name), form, data[max(0, i-40):min(len(data), i+40)])
			}
		}
		return nil
	})
	if err != nil {
		p.Fatal(err)
	}
	if seen == 0 {
		p.Error("no file holds the id of the intent: the search looks at the wrong place")
	}
	for _, d := range digits {
		if said := p.s.node.Said(); strings.Contains(said, d) {
			p.Errorf("the log tells the coordinate %s", d)
		}
	}
}

// oneListener looks at the sockets of the node: with no peers there is no port
// for peers, so nothing could come in unencrypted or unknown.
func oneListener(p *probe) {
	inodes, err := socketsOf(p.s.node.PID())
	if err != nil {
		p.Fatal(err)
	}
	found := 0
	for _, table := range []string{"tcp", "tcp6"} {
		data, err := os.ReadFile("/proc/net/" + table)
		if err != nil {
			continue
		}
		for line := range strings.Lines(string(data)) {
			f := strings.Fields(line)
			const listening = "0A"
			if len(f) > 9 && f[3] == listening && slices.Contains(inodes, f[9]) {
				found++
			}
		}
	}
	p.equal("ports that the node listens on", found, 1)
}

func socketsOf(pid int) (inodes []string, err error) {
	dir := fmt.Sprintf("/proc/%d/fd", pid)
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	for _, e := range entries {
		if to, err := os.Readlink(filepath.Join(dir, e.Name())); err == nil && strings.HasPrefix(to, "socket:[") {
			inodes = append(inodes, strings.Trim(to, "socket:[]"))
		}
	}
	return inodes, nil
}

// The search for coordinates must find each form.
func TestTracesAreFound(t *testing.T) {
	nano := int64(-127987531700)
	for _, text := range []string{
		`{"lng":-127.9875317}`, `-127987531700`, `[127987531700]`, `-1279875317`,
		string(binary.LittleEndian.AppendUint64([]byte("x"), uint64(nano))),
		string(binary.BigEndian.AppendUint64([]byte("x"), math.Float64bits(-127.9875317))),
	} {
		if !slices.ContainsFunc(traces("127.9875317"), func(form []byte) bool { return strings.Contains(text, string(form)) }) {
			t.Errorf("%q was not found", text)
		}
	}
}
