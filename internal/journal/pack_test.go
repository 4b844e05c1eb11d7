package journal

import (
	"bytes"
	"crypto/ed25519"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/deconflict/deconflict/internal/statement"
)

// packJournal holds 21 entries; some text in them needs escapes.
func packJournal(t testing.TB) *Journal {
	j := open(t, t.TempDir())
	for i := range int64(3) {
		block := events(7*i, 7*i+6)
		block = append(block, fmt.Appendf(nil, `{"by":"varanth.example","note":"say \"%d\" \\ é\n\u0001😀","z":{"a":[1,{}]}}`, i))
		if _, err := j.Append(7*i, block); err != nil {
			t.Fatal(err)
		}
	}
	return j
}

func export(t testing.TB, j *Journal, from, to int64, release Release) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := j.Export(t.Context(), &b, from, to, release); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// some releases two members of every third entry.
func some(index int64, _ []byte) []string {
	if index%3 == 0 {
		return []string{"type", "by", "nobody has this"}
	}
	return nil
}

func TestPackShowsWhatIsReleased(t *testing.T) {
	j := packJournal(t)
	var joined [][]byte
	pack, err := VerifyPack(bytes.NewReader(export(t, j, 0, 21, ReleaseAll)), j.VerifierKey(), func(e PackEntry) error {
		if len(e.Fields) != e.Members {
			return fmt.Errorf("entry %d shows %d of %d members", e.Index, len(e.Fields), e.Members)
		}
		var w statement.Writer
		w.Begin('{')
		for _, f := range e.Fields {
			w.Key(f.Name)
			w.Raw(f.Value)
		}
		w.End('}')
		joined = append(joined, w.Buf)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if pack.Head != j.Head() || pack.From != 0 || pack.To != 21 {
		t.Errorf("the pack says %+v", pack)
	}
	if err := j.Read(t.Context(), 0, 21, func(r Record) error {
		if !bytes.Equal(r.Event, joined[r.Index]) {
			return fmt.Errorf("entry %d comes back as %s", r.Index, joined[r.Index])
		}
		return nil
	}); err != nil {
		t.Error(err)
	}
	shown := 0
	data := export(t, j, 2, 20, some)
	if _, err := VerifyPack(bytes.NewReader(data), "", func(e PackEntry) error {
		for _, f := range e.Fields {
			if shown++; e.Index%3 != 0 || f.Name != "by" && f.Name != "type" {
				return fmt.Errorf("entry %d shows %s", e.Index, f.Name)
			}
		}
		return nil
	}); err != nil || shown < 6 {
		t.Errorf("%d fields shown, %v", shown, err)
	}
	for _, secret := range []string{"value 3 of a member", "note", "2031-05-04"} {
		if bytes.Contains(data, []byte(secret)) {
			t.Errorf("%q was not released, but is in the pack", secret)
		}
	}
	if _, err := VerifyPack(bytes.NewReader(export(t, j, 0, 21, nil)), "", func(e PackEntry) error {
		if e.Fields != nil {
			return fmt.Errorf("entry %d shows %v", e.Index, e.Fields)
		}
		return nil
	}); err != nil {
		t.Error(err)
	}
	mine := errors.New("mine")
	if _, err := VerifyPack(bytes.NewReader(data), "", func(PackEntry) error { return mine }); err != mine {
		t.Errorf("an error of fn comes back as %v", err)
	}
	for _, r := range [][2]int64{{-1, 2}, {3, 2}, {0, 22}} {
		if err := j.Export(t.Context(), &bytes.Buffer{}, r[0], r[1], nil); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("Export%v: %v", r, err)
		}
	}
}

// swap replaces the first occurrence, which has to be there.
func swap(t testing.TB, pack []byte, old, with string) []byte {
	t.Helper()
	if !bytes.Contains(pack, []byte(old)) {
		t.Fatalf("the pack holds no %q", old)
	}
	return bytes.Replace(pack, []byte(old), []byte(with), 1)
}

// onLine changes one line of a pack.
func onLine(pack []byte, n int, change func(string) string) []byte {
	lines := strings.SplitAfter(string(pack), "\n")
	lines[n] = change(lines[n])
	return []byte(strings.Join(lines, ""))
}

// tampered returns packs that prove nothing, by what was done to them.
func tampered(t testing.TB, j *Journal) map[string][]byte {
	full := export(t, j, 0, 21, ReleaseAll)
	part := export(t, j, 5, 12, some)
	lines := strings.SplitAfter(string(full), "\n")
	text := func(pack []byte, n int) string { return strings.SplitAfter(string(pack), "\n")[n] }
	// A journal of another node, under the same name.
	o := testOptions()
	o.Key = ed25519.NewKeyFromSeed(bytes.Repeat([]byte{9}, 32))
	forger, err := Open(t.TempDir(), o)
	if err != nil {
		t.Fatal(err)
	}
	defer forger.Close()
	fill(t, forger, 21)
	forged := export(t, forger, 0, 21, ReleaseAll)
	proof := func(pack []byte) string {
		_, rest, _ := strings.Cut(string(pack), `"proof":[`)
		first, _, _ := strings.Cut(rest, "]")
		return first
	}
	hashes := strings.Split(proof(part), ",")
	field := func(n int) string { // the first field of an entry
		_, rest, _ := strings.Cut(lines[n], `"fields":[`)
		first, _, _ := strings.Cut(rest, "}")
		return first + "}"
	}
	return map[string][]byte{
		"a value":                       swap(t, full, `value 3 of`, `value 4 of`),
		"a name":                        swap(t, full, `{"name":"by"`, `{"name":"bx"`),
		"a salt":                        onLine(full, 3, func(l string) string { return l[:46] + string('A'+l[46]%2) + l[47:] }),
		"a salt exchanged":              onLine(full, 3, func(l string) string { return strings.Replace(l, text(full, 3)[20:70], text(full, 4)[20:70], 1) }),
		"a commitment":                  onLine(full, 3, func(l string) string { return strings.Replace(l, `leaf v1","`, `leaf v1","AAAAA`, 1) }),
		"a hidden commitment":           onLine(part, 2, func(l string) string { return l[:len(l)-10] + "A" + l[len(l)-9:] }),
		"a commitment added":            onLine(part, 2, func(l string) string { return l[:len(l)-3] + `,"` + strings.Repeat("A", 43) + "\"]}\n" }),
		"an index":                      swap(t, full, `"index":7,`, `"index":8,`),
		"an entry left out":             []byte(strings.Join(append(append([]string{}, lines[:5]...), lines[6:]...), "")),
		"an entry twice":                []byte(strings.Join(append(append([]string{}, lines[:6]...), lines[5:]...), "")),
		"entries exchanged":             []byte(strings.Join(append(append([]string{}, lines[:5]...), append([]string{lines[6], lines[5]}, lines[7:]...)...), "")),
		"cut short":                     full[:len(full)-1],
		"without a checkpoint":          []byte(strings.Join(lines[:22], "")),
		"only a header":                 []byte(lines[0]),
		"empty":                         nil,
		"a later start":                 swap(t, part, `"from":5`, `"from":6`),
		"an earlier end":                swap(t, part, `"to":12`, `"to":11`),
		"a larger tree":                 swap(t, full, `"size":21`, `"size":22`),
		"a smaller tree":                []byte(strings.Join(append([]string{strings.Replace(strings.Replace(lines[0], `"size":21`, `"size":20`, 1), `"to":21`, `"to":20`, 1)}, append(append([]string{}, lines[1:21]...), lines[22])...), "")),
		"a proof hash":                  swap(t, part, `"proof":["`, `"proof":["AAAAA`),
		"a proof hash left out":         swap(t, part, proof(part), strings.Join(hashes[1:], ",")),
		"a proof hash added":            swap(t, part, proof(part), proof(part)+","+hashes[0]),
		"proof hashes exchanged":        swap(t, part, hashes[0]+","+hashes[1], hashes[1]+","+hashes[0]),
		"the size in the checkpoint":    swap(t, full, `deconflict\n21\n`, `deconflict\n20\n`),
		"the origin in the checkpoint":  swap(t, full, `{"checkpoint":"node`, `{"checkpoint":"nude`),
		"the signature":                 onLine(full, 22, func(l string) string { return l[:len(l)-20] + "AAA" + l[len(l)-17:] }),
		"no signature":                  onLine(full, 22, func(l string) string { return l[:strings.Index(l, "—")] + "\"}\n" }),
		"another node's checkpoint":     []byte(strings.Join(append(append([]string{}, lines[:22]...), strings.SplitAfter(string(forged), "\n")[22]), "")),
		"another node's pack":           forged,
		"another node's pack, our key":  swap(t, forged, forger.VerifierKey(), j.VerifierKey()),
		"a key with a wrong id":         swap(t, full, testOrigin+"+", testOrigin+"+00"),
		"more behind it":                append(bytes.Clone(full), '\n'),
		"a second checkpoint":           append(bytes.Clone(full), lines[22]...),
		"white space":                   swap(t, full, `"from":0`, `"from": 0`),
		"an unknown member":             swap(t, full, `{"format"`, `{"also":1,"format"`),
		"an unknown member of an entry": swap(t, full, `,"leaf":[`, `,"last":0,"leaf":[`),
		"another format":                swap(t, full, `pack v1`, `pack v2`),
		"another leaf format":           swap(t, full, `deconflict leaf v1`, `deconflict leaf v2`),
		"a negative start":              swap(t, part, `"from":5`, `"from":-5`),
		"a number with a fraction":      swap(t, part, `"from":5`, `"from":5.0`),
		"a needless escape":             swap(t, full, `value 3 of`, `v\u0061lue 3 of`),
		"bytes that are not UTF-8":      swap(t, full, "é", "\xff\xfe"),
		"an empty list of fields":       swap(t, part, `{"index"`, `{"fields":[],"index"`),
		"a field twice":                 onLine(full, 4, func(l string) string { return strings.Replace(l, `"fields":[`, `"fields":[`+field(4)+",", 1) }),
		"fields of another entry":       onLine(full, 4, func(l string) string { return strings.Replace(l, field(4), field(5), 1) }),
		"line ends of another system":   bytes.ReplaceAll(full, []byte("\n"), []byte("\r\n")),
		"a byte order mark":             append([]byte("\ufeff"), full...),
	}
}

func goodPacks(t testing.TB, j *Journal) map[string][]byte {
	none := open(t, t.TempDir())
	return map[string][]byte{
		"all, shown":   export(t, j, 0, 21, ReleaseAll),
		"all, hidden":  export(t, j, 0, 21, nil),
		"a part":       export(t, j, 5, 12, some),
		"one":          export(t, j, 16, 17, ReleaseAll),
		"the last":     export(t, j, 20, 21, some),
		"an empty one": export(t, j, 4, 4, nil),
		"nothing":      export(t, none, 0, 0, nil),
	}
}

func TestVerifyPack(t *testing.T) {
	j := packJournal(t)
	for name, pack := range goodPacks(t, j) {
		if _, err := VerifyPack(bytes.NewReader(pack), j.VerifierKey(), nil); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	bad := tampered(t, j)
	if len(bad) < 20 {
		t.Fatalf("only %d tampered packs", len(bad))
	}
	for name, pack := range bad {
		_, err := VerifyPack(bytes.NewReader(pack), j.VerifierKey(), nil)
		var fault *PackError
		if !errors.As(err, &fault) {
			t.Errorf("%s: found %v, want a PackError", name, err)
		} else {
			t.Logf("%s: %v", name, err)
		}
	}
}

// TestIndependentVerifier has contrib/verify/verify_pack.py, which was written
// from docs/JOURNAL.md, judge the same packs.
func TestIndependentVerifier(t *testing.T) {
	for _, program := range []string{"python3", "openssl"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skipf("the independent verifier needs %s: %v", program, err)
		}
	}
	script, err := filepath.Abs("../../contrib/verify/verify_pack.py")
	if err != nil {
		t.Fatal(err)
	}
	j := packJournal(t)
	dir := t.TempDir()
	// One process judges all packs: starting one costs more than judging.
	judge := func(packs map[string][]byte, args ...string) (map[string]string, int) {
		t.Helper()
		args = append([]string{script}, args...)
		for name, pack := range packs {
			if err := os.WriteFile(filepath.Join(dir, name), pack, 0o600); err != nil {
				t.Fatal(err)
			}
			args = append(args, name)
		}
		cmd := exec.Command("python3", args...)
		cmd.Dir = dir
		out, err := cmd.CombinedOutput()
		var exit *exec.ExitError
		if err != nil && !errors.As(err, &exit) {
			t.Fatal(err)
		}
		verdicts := map[string]string{}
		for line := range strings.Lines(string(out)) {
			verdict, rest, _ := strings.Cut(line, " ")
			name, _, _ := strings.Cut(rest, ":")
			verdicts[name] = verdict
		}
		if len(verdicts) != len(packs) {
			t.Fatalf("%d verdicts for %d packs:\n%s", len(verdicts), len(packs), out)
		}
		return verdicts, cmd.ProcessState.ExitCode()
	}
	for want, packs := range map[string]map[string][]byte{"GOOD": goodPacks(t, j), "BAD": tampered(t, j)} {
		verdicts, code := judge(packs, "--key", j.VerifierKey())
		if code != map[string]int{"GOOD": 0, "BAD": 1}[want] {
			t.Errorf("exit code %d for %s packs", code, want)
		}
		for name, verdict := range verdicts {
			if verdict != want {
				t.Errorf("%s: found %s, want %s", name, verdict, want)
			}
		}
	}
}

// FuzzVerifyPack changes packs: only the good one may verify, as no change is
// without meaning.
func FuzzVerifyPack(f *testing.F) {
	j := packJournal(f)
	key := j.VerifierKey()
	for _, pack := range goodPacks(f, j) {
		f.Add(pack)
	}
	for _, pack := range tampered(f, j) {
		f.Add(pack)
	}
	// Signatures of others may follow the log's in a checkpoint.
	text := func(pack []byte) string {
		before, _, _ := bytes.Cut(pack, []byte(`\n\n—`))
		return string(before)
	}
	known := map[string]bool{}
	for _, pack := range goodPacks(f, j) {
		known[text(pack)] = true
	}
	f.Fuzz(func(t *testing.T, pack []byte) {
		if len(pack) > 64<<10 {
			return
		}
		if _, err := VerifyPack(bytes.NewReader(pack), key, nil); err == nil && !known[text(pack)] {
			t.Fatalf("a changed pack verifies: %q", pack)
		}
	})
}
