package faults

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/deconflict/deconflict/internal/program"
)

// TestOrder traces the system calls of a node under load and holds every answer
// against them: what a write made, a read showed or a refusal named was synced
// before the answer left.
func TestOrder(t *testing.T) {
	strace := needStrace(t)
	acks := int64(200)
	if long {
		acks = 1500
	}
	v := traced(t, strace, built(t), acks)
	t.Logf("%d writes, %d reads and %d refusals followed by %d syncs", v.writes, v.reads, v.refusals, v.syncs)
	for _, early := range v.early {
		t.Error(early)
	}
	if v.writes < int(acks) || v.reads < 20 || v.refusals < 10 {
		t.Error("too few answers to tell")
	}
}

// mutants of the program do not keep the order. Each is one piece of text
// replaced in one file.
var mutants = []struct {
	name, file, old, new string
	times                int // that the text stands in the file
}{
	{
		"the journal does not sync", "internal/journal/store.go",
		"synchronous(FULL)", "synchronous(OFF)", 2,
	},
	{
		"the journal syncs now and then", "internal/journal/store.go",
		"synchronous(FULL)", "synchronous(NORMAL)", 2,
	},
	{
		"writes are answered before the append", "internal/engine/writer.go",
		"			head = e.append(b)\n", `			for _, r := range b.answers {
				close(r.done)
			}
			b.answers = nil
			head = e.append(b)
`, 1,
	},
	{
		"reads of an entity or an area do not wait", "internal/engine/engine.go",
		"return b.wait(ctx)", "return nil", 1,
	},
	{
		"other reads do not wait", "internal/engine/engine.go",
		"return e.look(fn).wait(ctx)", "e.look(fn)\n\treturn nil", 1,
	},
	{
		"reads do not wait for an end", "internal/airspace/touch.go",
		"return Touch{kind: IntentKind, id: e.ID, volumes: st.intentMoves(e.Number, nil)}", "return Touch{}", 1,
	},
	{
		"refusals do not wait", "internal/engine/writer.go",
		"	r.block = b\n", `	if r.err != nil {
		close(r.done)
		return
	}
	r.block = b
`, 1,
	},
}

// TestOrderMutants sees to it that each of the mutants is found out.
func TestOrderMutants(t *testing.T) {
	if !long {
		t.Skip("builds the program again and again; runs with DECONFLICT_FAULTS=1")
	}
	strace := needStrace(t)
	for _, m := range mutants {
		t.Run(m.name, func(t *testing.T) {
			v := traced(t, strace, buildMutant(t, m.file, m.old, m.new, m.times), 800)
			if len(v.early) == 0 {
				t.Errorf("not noticed in %d writes, %d reads and %d refusals", v.writes, v.reads, v.refusals)
				return
			}
			t.Logf("%d of %d answers left early, such as: %s", len(v.early), v.writes+v.reads+v.refusals, v.early[0])
		})
	}
}

// buildMutant builds the program with a piece of text replaced.
func buildMutant(t *testing.T, file, before, after string, times int) string {
	t.Helper()
	original, err := filepath.Abs(filepath.Join("..", "..", file))
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(original)
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(string(text), before); n != times {
		t.Fatalf("%s: found %q %d times, expected %d: the mutant does not fit any more", file, before, n, times)
	}
	dir := t.TempDir()
	changed := filepath.Join(dir, filepath.Base(file))
	if err := os.WriteFile(changed, []byte(strings.ReplaceAll(string(text), before, after)), 0o600); err != nil {
		t.Fatal(err)
	}
	overlay, err := json.Marshal(map[string]map[string]string{"Replace": {original: changed}})
	if err != nil {
		t.Fatal(err)
	}
	overlayFile, binary := filepath.Join(dir, "overlay.json"), filepath.Join(dir, "deconflict")
	if err := os.WriteFile(overlayFile, overlay, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := program.Build(t.Context(), binary, "-overlay", overlayFile); err != nil {
		t.Fatal(err)
	}
	return binary
}

// traced runs a node under strace with writers, readers and clients who are
// refused, until so many changes are acknowledged, and judges the answers.
func traced(t *testing.T, strace, binary string, acks int64) verdict {
	t.Helper()
	dir := t.TempDir()
	data, traceFile := filepath.Join(dir, "data"), filepath.Join(dir, "trace")
	n, child := underStrace(t, tracing(strace, traceFile), binary, data)
	n.recorder = &recorder{}
	l := newLoad(uint64(acks))
	if err := l.watch(n); err != nil {
		t.Fatal(err)
	}
	// One intent is always there, so that there is always somebody to refuse.
	pilot := intentsPath + "/" + newID()
	if err := n.read("foxtrot", "PUT", pilot, l.site.intent(columns*columns-1, "Accepted", "https://foxtrot.example"), 201, nil); err != nil {
		t.Fatal(err)
	}
	stop := make(chan struct{})
	var others sync.WaitGroup
	for i := range 3 {
		others.Go(func() { l.look(n, i, stop) })
		others.Go(func() { l.intrude(n, i, stop) })
	}
	l.run(n, stop, acks, func() { close(stop) })
	others.Wait()
	if err := child.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	if code, said := ended(t, n.Process); code != 0 {
		t.Fatalf("the node ended with code %d\n%s", code, said)
	}
	for _, fault := range l.faults {
		t.Error(fault)
	}
	return judge(t, traceFile, data, n.recorder.answers)
}

// look reads intents and subscriptions while they are written, until stop is closed.
func (l *load) look(n *node, i int, stop <-chan struct{}) {
	area := object{"area_of_interest": l.site.all()}
	for turn := i; ; turn++ {
		select {
		case <-stop:
			return
		default:
		}
		method, path, body, party := "POST", intentsPath+"/query", any(area), parties[i]
		if hot := l.hot.Load(); hot != nil && turn%3 > 0 {
			method, path, body, party = "GET", hot.path, nil, hot.party
		}
		if _, err := n.do(party, method, path, body); err != nil {
			l.fault("%s %s: %v", method, path, err)
			return
		}
	}
}

// intrude asks for places of the writers without their OVNs, until stop is
// closed.
func (l *load) intrude(n *node, i int, stop <-chan struct{}) {
	for turn := i; ; turn++ {
		select {
		case <-stop:
			return
		default:
		}
		body := l.site.intent(0, "Accepted", "https://echo.example")
		body["extents"] = []object{l.site.all()}
		a, err := n.do("echo", "PUT", intentsPath+"/"+newID(), body)
		if err != nil || a.status != 409 {
			l.fault("an intent across all places: %d %.200s %v", a.status, a.body, err)
			return
		}
	}
}
