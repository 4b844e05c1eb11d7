package journal

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/mod/sumdb/tlog"
)

const testOrigin = "node.example/deconflict"

func testKey() ed25519.PrivateKey {
	return ed25519.NewKeyFromSeed(bytes.Repeat([]byte{7}, ed25519.SeedSize))
}

// seeds is a source of seeds that repeats from run to run.
func seeds() *rand.ChaCha8 { return rand.NewChaCha8([32]byte{1}) }

func testOptions() Options {
	return Options{Origin: testOrigin, Key: testKey(), Rand: seeds()}
}

func open(t testing.TB, dir string) *Journal {
	t.Helper()
	j, err := Open(dir, testOptions())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { j.Close() })
	return j
}

// event returns a made-up event of about 700 bytes and 15 members.
func event(n int64) []byte {
	var b strings.Builder
	fmt.Fprintf(&b, `{"at":"2031-05-04T03:02:01.%09dZ","by":"tarrow.example","n":%d`, n, n)
	for i := range 11 {
		fmt.Fprintf(&b, `,"name%c":"value %d of a member of this event, é"`, 'a'+i, n*int64(i))
	}
	b.WriteString(`,"type":"intent-put","v":1}`)
	return []byte(b.String())
}

func events(from, to int64) [][]byte {
	var list [][]byte
	for i := from; i < to; i++ {
		list = append(list, event(i))
	}
	return list
}

func fill(t testing.TB, j *Journal, to int64) {
	t.Helper()
	for from := j.Head().Size; from < to; {
		next := min(to, from+100)
		if _, err := j.Append(from, events(from, next)); err != nil {
			t.Fatal(err)
		}
		from = next
	}
}

// reference computes the root of a journal's entries by package tlog's own
// incremental algorithm.
func reference(t testing.TB, j *Journal) tlog.Hash {
	t.Helper()
	var stored []tlog.Hash
	reader := tlog.HashReaderFunc(func(indexes []int64) ([]tlog.Hash, error) {
		var list []tlog.Hash
		for _, i := range indexes {
			list = append(list, stored[i])
		}
		return list, nil
	})
	size := j.Head().Size
	err := j.Read(t.Context(), 0, size, func(r Record) error {
		leaf, err := Leaf(r.Event, r.Seed)
		if err != nil {
			return err
		}
		add, err := tlog.StoredHashes(r.Index, leaf, reader)
		stored = append(stored, add...)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	root, err := tlog.TreeHash(size, reader)
	if err != nil {
		t.Fatal(err)
	}
	return root
}

// leafVector is one of the committed examples of the leaf format.
type leafVector struct {
	Seed     string        `json:"seed"`
	Event    string        `json:"event"`
	Fields   []fieldVector `json:"fields"`
	Leaf     string        `json:"leaf"`
	LeafHash string        `json:"leaf_hash"`
}

type fieldVector struct {
	Name       string `json:"name"`
	Value      string `json:"value"`
	Salt       string `json:"salt"`
	Commitment string `json:"commitment"`
}

// TestLeafVectors holds the format to examples that were computed once, by a
// program of its own (testdata/vectors.py), and are never edited.
func TestLeafVectors(t *testing.T) {
	data, err := os.ReadFile("testdata/leaf-vectors.json")
	if err != nil {
		t.Fatal(err)
	}
	var vectors []leafVector
	if err := json.Unmarshal(data, &vectors); err != nil {
		t.Fatal(err)
	}
	if len(vectors) < 4 {
		t.Fatalf("found %d vectors", len(vectors))
	}
	for i, v := range vectors {
		bytes, err := hex.DecodeString(v.Seed)
		if err != nil {
			t.Fatal(err)
		}
		seed := Hash(bytes)
		for _, f := range v.Fields {
			salt := Salt(seed, f.Name)
			if got := fmt.Sprintf("%x", salt); got != f.Salt {
				t.Errorf("vector %d, %s: salt %s, want %s", i, f.Name, got, f.Salt)
			}
			if got := fmt.Sprintf("%x", Commitment(salt, f.Name, []byte(f.Value))); got != f.Commitment {
				t.Errorf("vector %d, %s: commitment %s, want %s", i, f.Name, got, f.Commitment)
			}
		}
		leaf, err := Leaf([]byte(v.Event), seed)
		if err != nil {
			t.Fatal(err)
		}
		if string(leaf) != v.Leaf {
			t.Errorf("vector %d: leaf %s, want %s", i, leaf, v.Leaf)
		}
		if got := fmt.Sprintf("%x", Hash(tlog.RecordHash(leaf))); got != v.LeafHash {
			t.Errorf("vector %d: leaf hash %s, want %s", i, got, v.LeafHash)
		}
	}
}

func TestSaltIsHMAC(t *testing.T) {
	rng := rand.New(seeds())
	for range 200 {
		var seed Hash
		for i := range seed {
			seed[i] = byte(rng.Uint32())
		}
		name := strings.Repeat("ab", rng.IntN(100))
		mac := hmac.New(sha256.New, seed[:])
		mac.Write([]byte(name))
		if got := Salt(seed, name); !bytes.Equal(got[:], mac.Sum(nil)) {
			t.Fatalf("salt of %q under %x is %x, want %x", name, seed, got, mac.Sum(nil))
		}
	}
}

func TestAppendAndRead(t *testing.T) {
	dir := t.TempDir()
	j := open(t, dir)
	if h := j.Head(); h.Size != 0 || h.Root != sha256.Sum256(nil) {
		t.Fatalf("a new journal has head %v", h)
	}
	rng := rand.New(seeds())
	for from := int64(0); from < 1000; {
		to := from + 1 + rng.Int64N(60)
		head, err := j.Append(from, events(from, to))
		if err != nil {
			t.Fatal(err)
		}
		if head != j.Head() || head.Size != to {
			t.Fatalf("Append gives %v, Head %v", head, j.Head())
		}
		from = to
	}
	check := func(j *Journal) {
		t.Helper()
		head := j.Head()
		if root := reference(t, j); root != head.Root {
			t.Fatalf("root %x, want %x", head.Root, root)
		}
		if signed, err := ParseCheckpoint(j.Checkpoint(), j.VerifierKey()); err != nil || signed != head {
			t.Fatalf("checkpoint states %v, %v; want %v", signed, err, head)
		}
		next := int64(0)
		if err := j.Read(t.Context(), 0, head.Size, func(r Record) error {
			if r.Index != next || !bytes.Equal(r.Event, event(next)) {
				return fmt.Errorf("record %d is %d: %s", next, r.Index, r.Event)
			}
			next++
			return nil
		}); err != nil || next != head.Size {
			t.Fatalf("read %d of %d: %v", next, head.Size, err)
		}
		for _, i := range []int64{0, 1, 255, 256, head.Size - 1} {
			if r, err := j.Get(t.Context(), i); err != nil || r.Index != i || !bytes.Equal(r.Event, event(i)) {
				t.Fatalf("Get(%d) gives %v, %v", i, r, err)
			}
		}
	}
	check(j)
	head := j.Head()
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	if err := j.Close(); err != nil {
		t.Fatalf("a second Close: %v", err)
	}
	if _, err := j.Append(head.Size, events(0, 1)); !errors.Is(err, ErrClosed) {
		t.Fatalf("Append after Close: %v", err)
	}
	j = open(t, dir)
	if j.Head() != head {
		t.Fatalf("opening anew gives %v, want %v", j.Head(), head)
	}
	check(j)
	ro, err := Open(dir, Options{ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	defer ro.Close()
	check(ro)
	if _, err := ro.Append(head.Size, events(0, 1)); !errors.Is(err, ErrReadOnly) {
		t.Fatalf("Append when read-only: %v", err)
	}
	fill(t, j, head.Size+10)
	check(j)
	check(ro)
}

func TestReadRefusesWhatIsNotThere(t *testing.T) {
	j := open(t, t.TempDir())
	fill(t, j, 10)
	none := func(Record) error { return errors.New("called") }
	for _, r := range [][2]int64{{-1, 5}, {5, 4}, {0, 11}, {11, 11}} {
		if err := j.Read(t.Context(), r[0], r[1], none); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("Read %v: %v", r, err)
		}
	}
	if err := j.Read(t.Context(), 10, 10, none); err != nil {
		t.Errorf("an empty range: %v", err)
	}
	for _, i := range []int64{-1, 10, 1 << 60} {
		if _, err := j.Get(t.Context(), i); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("Get(%d): %v", i, err)
		}
	}
	mine := errors.New("mine")
	if err := j.Read(t.Context(), 0, 10, func(Record) error { return mine }); err != mine {
		t.Errorf("an error of fn comes back as %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := j.Read(ctx, 0, 10, none); !errors.Is(err, context.Canceled) {
		t.Errorf("with a cancelled context: %v", err)
	}
}

func TestAppendRefusals(t *testing.T) {
	j := open(t, t.TempDir())
	fill(t, j, 3)
	if _, err := j.Append(2, events(2, 3)); !errors.Is(err, ErrHeadMoved) {
		t.Fatalf("behind a head that moved: %v", err)
	}
	if _, err := j.Append(3, nil); err != nil {
		t.Fatalf("an empty block: %v", err)
	}
	fill(t, j, 4)
	_, first := j.Append(4, [][]byte{event(4), []byte(`{"b": 1}`)})
	if first == nil || !strings.Contains(first.Error(), "entry 5") {
		t.Fatalf("an event that is not canonical: %v", first)
	}
	if _, err := j.Append(4, events(4, 5)); err != first {
		t.Fatalf("after a failure: %v, want the same %v", err, first)
	}
	if h := j.Head(); h.Size != 4 {
		t.Fatalf("the head is at %d", h.Size)
	}
}

func TestLimits(t *testing.T) {
	seed := Hash{}
	if _, err := Leaf([]byte(`{"a":"`+strings.Repeat("x", MaxEventBytes)+`"}`), seed); err == nil {
		t.Error("an event above the limit was taken")
	}
	members := func(n int) []byte {
		var b bytes.Buffer
		b.WriteByte('{')
		for i := range n {
			if i > 0 {
				b.WriteByte(',')
			}
			fmt.Fprintf(&b, `"m%06d":0`, i)
		}
		b.WriteByte('}')
		return b.Bytes()
	}
	if leaf, err := Leaf(members(MaxMembers), seed); err != nil || len(leaf) >= 1<<16 {
		t.Errorf("a leaf with the most members has %d bytes, %v", len(leaf), err)
	}
	if _, err := Leaf(members(MaxMembers+1), seed); err == nil {
		t.Error("one member too many was taken")
	}
}

func TestOpenRefusesAnotherIdentity(t *testing.T) {
	dir := t.TempDir()
	j := open(t, dir)
	fill(t, j, 1)
	j.Close()
	o := testOptions()
	o.Origin = "other.example/log"
	if _, err := Open(dir, o); err == nil || !strings.Contains(err.Error(), testOrigin) {
		t.Errorf("another origin: %v", err)
	}
	o = testOptions()
	o.Key = ed25519.NewKeyFromSeed(make([]byte, 32))
	if _, err := Open(dir, o); err == nil || !strings.Contains(err.Error(), "signed by the key") {
		t.Errorf("another key: %v", err)
	}
	o.Origin = "has space"
	if _, err := Open(t.TempDir(), o); err == nil || !strings.Contains(err.Error(), "origin") {
		t.Errorf("a bad origin: %v", err)
	}
	if _, err := Open(filepath.Join(dir, "none"), Options{ReadOnly: true}); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("reading where nothing is: %v", err)
	}
	other, _ := VerifierKey(testOrigin, o.Key.Public().(ed25519.PublicKey))
	var corrupt *CorruptError
	if _, err := Open(dir, Options{ReadOnly: true, VerifierKey: other}); !errors.As(err, &corrupt) {
		t.Errorf("reading with a key that did not sign: %v", err)
	}
}

func BenchmarkLeaf(b *testing.B) {
	l := newLeafHasher()
	e := event(1)
	b.SetBytes(int64(len(e)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := l.leafHash(e, Hash{}); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkAppend32(b *testing.B) {
	j := open(b, b.TempDir())
	block := events(0, 32)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := j.Append(j.Head().Size, block); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkRead(b *testing.B) {
	j := open(b, b.TempDir())
	fill(b, j, 20_000)
	b.ReportAllocs()
	b.ResetTimer()
	n := 0
	for b.Loop() {
		if err := j.Read(b.Context(), 0, 20_000, func(Record) error { n++; return nil }); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "records/s")
}
