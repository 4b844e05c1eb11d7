package journal

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/mod/sumdb/note"
)

const witnessName = "witness.example/mar"

func witnessKeyOf(seed byte) ed25519.PrivateKey {
	return ed25519.NewKeyFromSeed(bytes.Repeat([]byte{seed}, ed25519.SeedSize))
}

func mustWitnessKey(t testing.TB, name string, key ed25519.PrivateKey) string {
	t.Helper()
	text, err := WitnessKey(name, key.Public().(ed25519.PublicKey))
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func cosign(t testing.TB, checkpoint []byte, name string, key ed25519.PrivateKey, atS int64) []byte {
	t.Helper()
	signed, err := Cosign(checkpoint, name, key, atS)
	if err != nil {
		t.Fatal(err)
	}
	return signed
}

// forkOf returns a journal under the same name and key whose entries from a
// number on are others.
func forkOf(t testing.TB, same, to int64) *Journal {
	t.Helper()
	j := open(t, t.TempDir())
	fill(t, j, same)
	for j.Head().Size < to {
		if _, err := j.Append(j.Head().Size, [][]byte{fmt.Appendf(nil, `{"n":%d,"type":"rewritten"}`, j.Head().Size)}); err != nil {
			t.Fatal(err)
		}
	}
	return j
}

// E1: the head is co-signed by a witness who verified that history goes on.
func TestE1Witness(t *testing.T) {
	j := open(t, t.TempDir())
	fill(t, j, 300)
	first := j.Checkpoint()
	fill(t, j, 700)
	fork := forkOf(t, 299, 800)

	// The toy signs whatever bears the log's signature: it vouches for both
	// histories.
	toy := func(checkpoint []byte) error {
		_, err := ParseCheckpoint(checkpoint, j.VerifierKey())
		return err
	}
	if toy(j.Checkpoint()) != nil || toy(fork.Checkpoint()) != nil {
		t.Fatal("expected the toy to sign both histories")
	}

	ctx := context.Background()
	file := filepath.Join(t.TempDir(), "kept")
	k, err := OpenKeeper(file, j.VerifierKey())
	if err != nil {
		t.Fatal(err)
	}
	for _, step := range []struct {
		name       string
		checkpoint []byte
		tiles      Tiles
		want       error
	}{
		{"the first", first, nil, nil},
		{"a fork", fork.Checkpoint(), fork.Tile, ErrForked},
		{"it goes on", j.Checkpoint(), j.Tile, nil},
		{"the same again", j.Checkpoint(), nil, nil},
		{"an older one", first, j.Tile, ErrRolledBack},
		{"a fork", fork.Checkpoint(), fork.Tile, ErrForked},
	} {
		_, err := k.Advance(ctx, step.checkpoint, step.tiles)
		if !errors.Is(err, step.want) {
			t.Errorf("%s: found %v, want %v", step.name, err, step.want)
		}
		var e *ForkError
		if errors.As(err, &e) && (!bytes.Equal(e.Newer, step.checkpoint) || toy(e.Older) != nil) {
			t.Errorf("%s: found no evidence in %v", step.name, e)
		}
	}
	if err := k.Close(); err != nil {
		t.Fatal(err)
	}

	key := witnessKeyOf(9)
	vkey := mustWitnessKey(t, witnessName, key)
	signed := cosign(t, j.Checkpoint(), witnessName, key, 1_930_000_000)
	head, atS, err := ParseCosigned(signed, j.VerifierKey(), vkey)
	if err != nil || head != j.Head() || atS != 1_930_000_000 {
		t.Errorf("found %v, %d, %v", head, atS, err)
	}
	// Signatures of other witnesses, another time, another text do not count.
	if _, _, err := ParseCosigned(signed, j.VerifierKey(), mustWitnessKey(t, witnessName, witnessKeyOf(8))); err == nil {
		t.Error("another key's co-signature was taken")
	}
	if _, _, err := ParseCosigned(j.Checkpoint(), j.VerifierKey(), vkey); err == nil {
		t.Error("a checkpoint without a co-signature was taken")
	}
	for i := range signed {
		bad := bytes.Clone(signed)
		bad[i] ^= 1
		if h, s, err := ParseCosigned(bad, j.VerifierKey(), vkey); err == nil && (h != head || s != atS) {
			t.Fatalf("byte %d changed: found %v and %d", i, h, s)
		}
	}
}

// The form is that of C2SP tlog-cosignature, put together here by hand.
func TestCosignatureForm(t *testing.T) {
	key := witnessKeyOf(9)
	public := key.Public().(ed25519.PublicKey)
	checkpoint := []byte("example.com/log\n7\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n— example.com/log AAAA\n")
	got := cosign(t, checkpoint, "w.example", key, 1679315147)
	line := strings.TrimSuffix(strings.TrimPrefix(string(got), string(checkpoint)+"— w.example "), "\n")
	raw, err := base64.StdEncoding.DecodeString(line)
	if err != nil || len(raw) != 4+8+64 {
		t.Fatalf("found %q: %v", got, err)
	}
	id := sha256.Sum256(append([]byte("w.example\n\x04"), public...))
	if !bytes.Equal(raw[:4], id[:4]) {
		t.Errorf("found the key id %x, want %x", raw[:4], id[:4])
	}
	if at := binary.BigEndian.Uint64(raw[4:]); at != 1679315147 {
		t.Errorf("found the time %d", at)
	}
	message := "cosignature/v1\ntime 1679315147\nexample.com/log\n7\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n"
	if !ed25519.Verify(public, []byte(message), raw[12:]) {
		t.Error("the signature does not cover the message of the specification")
	}
	want := fmt.Sprintf("w.example+%x+%s", id[:4], base64.StdEncoding.EncodeToString(append([]byte{4}, public...)))
	if got := mustWitnessKey(t, "w.example", key); got != want {
		t.Errorf("found the key %q, want %q", got, want)
	}
}

// Examples of the specification's authors: the checkpoint and the co-signature
// that c2sp.org/tlog-cosignature shows have the same lengths and places.
func TestCosignatureOfTheSpecificationIsRead(t *testing.T) {
	const line = "jWbPPwAAAABkGFDLEZMHwSRaJNiIDoe9DYn/zXcrtPHeolMI5OWXEhZCB9dlrDJsX3b2oyin1nPZqhf5nNo0xUe+mbIUBkBIfZ+qnA=="
	raw, err := base64.StdEncoding.DecodeString(line)
	if err != nil || len(raw) != 4+8+ed25519.SignatureSize {
		t.Fatalf("found %d bytes, %v", len(raw), err)
	}
	if at := binary.BigEndian.Uint64(raw[4:]); at != 1679315147 {
		t.Errorf("found the time %d, want 1679315147, that of the specification's message", at)
	}
}

func TestWitnessKeysAreChecked(t *testing.T) {
	good := mustWitnessKey(t, witnessName, witnessKeyOf(9))
	if _, err := parseWitnessKey(good); err != nil {
		t.Fatal(err)
	}
	logKey, err := note.NewEd25519VerifierKey(witnessName, witnessKeyOf(9).Public().(ed25519.PublicKey))
	if err != nil {
		t.Fatal(err)
	}
	for _, bad := range []string{"", "a", "a+b", "a+b+c", logKey, good[:len(good)-1], strings.Replace(good, "mar", "mas", 1), good + "=", " " + good} {
		if _, err := parseWitnessKey(bad); err == nil {
			t.Errorf("%q: found no error", bad)
		}
	}
	if _, err := WitnessKey("a b", witnessKeyOf(9).Public().(ed25519.PublicKey)); err == nil {
		t.Error("a name with a space: found no error")
	}
	if _, err := Cosign([]byte("x"), witnessName, witnessKeyOf(9), 1); err == nil {
		t.Error("no checkpoint: found no error")
	}
}

func TestKeeperLearnsNothingFromBadTiles(t *testing.T) {
	j := open(t, t.TempDir())
	fill(t, j, 300)
	first := j.Checkpoint()
	fill(t, j, 600)
	file := filepath.Join(t.TempDir(), "kept")
	k, err := OpenKeeper(file, j.VerifierKey())
	if err != nil {
		t.Fatal(err)
	}
	ctx := context.Background()
	if _, err := k.Advance(ctx, first, nil); err != nil {
		t.Fatal(err)
	}
	// Whatever is served in place of tiles, it is no proof: neither of a fork
	// nor of the contrary.
	for name, tiles := range map[string]Tiles{
		"changed": func(ctx context.Context, path string) ([]byte, error) {
			data, err := j.Tile(ctx, path)
			if err == nil {
				data[len(data)-1] ^= 1
			}
			return data, err
		},
		"short":   func(context.Context, string) ([]byte, error) { return []byte{1}, nil },
		"missing": func(context.Context, string) ([]byte, error) { return nil, os.ErrNotExist },
	} {
		_, err := k.Advance(ctx, j.Checkpoint(), tiles)
		if err == nil || errors.Is(err, ErrForked) {
			t.Errorf("%s tiles: found %v, want an error that leaves it open", name, err)
		}
	}
	if head, ok := k.Head(); !ok || head.Size != 300 {
		t.Errorf("found %v kept, want the first", head)
	}
	if _, err := OpenKeeper(file, j.VerifierKey()); !errors.Is(err, ErrLocked) {
		t.Errorf("a second keeper of one file: found %v", err)
	}
	if err := k.Close(); err != nil {
		t.Fatal(err)
	}
	// What is kept is never given up for being unreadable.
	if err := os.WriteFile(file, []byte("nothing\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := OpenKeeper(file, j.VerifierKey()); err == nil {
		t.Error("a damaged file: found no error")
	}
}

// Each pair of sizes, tile borders among them, is consistent with itself and not
// with a fork that begins before.
func TestConsistencyAtEverySize(t *testing.T) {
	sizes := []int64{0, 1, 2, 255, 256, 257, 511, 512, 700}
	j, fork := open(t, t.TempDir()), forkOf(t, 0, 700)
	fill(t, j, 700)
	ctx := context.Background()
	headOf := func(j *Journal, size int64) Head {
		root, err := j.rootAt(ctx, size)
		if err != nil {
			t.Fatal(err)
		}
		return Head{size, root}
	}
	for _, was := range sizes {
		for _, now := range sizes {
			err := CheckConsistency(ctx, headOf(j, was), headOf(j, now), j.Tile)
			want := error(nil)
			if now < was {
				want = ErrRolledBack
			}
			if !errors.Is(err, want) {
				t.Errorf("%d to %d: found %v, want %v", was, now, err, want)
			}
			if was == 0 || now < was {
				continue
			}
			if err := CheckConsistency(ctx, headOf(j, was), headOf(fork, now), fork.Tile); !errors.Is(err, ErrForked) {
				t.Errorf("%d to %d of a fork: found %v", was, now, err)
			}
		}
	}
}

func TestAddCosignature(t *testing.T) {
	dir := t.TempDir()
	j := open(t, dir)
	fill(t, j, 5)
	old := j.Checkpoint()
	fill(t, j, 9)
	ctx := context.Background()
	one, two := witnessKeyOf(1), witnessKeyOf(2)
	keys := []string{mustWitnessKey(t, "w1.example", one), mustWitnessKey(t, "w2.example", two)}
	add := func(checkpoint []byte) error {
		_, err := j.AddCosignature(ctx, checkpoint, keys)
		return err
	}
	if got := j.Published(); !bytes.Equal(got, j.Checkpoint()) {
		t.Errorf("found %s published before anybody co-signed", got)
	}
	// Refused: no witness, an unknown one, a fork, a future.
	fork := forkOf(t, 4, 12)
	for name, checkpoint := range map[string][]byte{
		"no witness":         j.Checkpoint(),
		"an unknown witness": cosign(t, j.Checkpoint(), "w3.example", witnessKeyOf(3), 10),
		"another history":    cosign(t, forkOf(t, 4, 9).Checkpoint(), "w1.example", one, 10),
		"the future":         cosign(t, fork.Checkpoint(), "w1.example", one, 10),
		"nothing":            nil,
	} {
		if err := add(checkpoint); err == nil {
			t.Errorf("%s: found no error", name)
		}
	}
	if j.Cosigned() != nil {
		t.Fatal("found a co-signature kept that was refused")
	}
	for _, checkpoint := range [][]byte{
		cosign(t, old, "w1.example", one, 10),
		cosign(t, j.Checkpoint(), "w1.example", one, 20),
		cosign(t, cosign(t, j.Checkpoint(), "w2.example", two, 21), "w3.example", witnessKeyOf(3), 22),
		cosign(t, j.Checkpoint(), "w1.example", one, 23),
		cosign(t, old, "w2.example", two, 24), // older: changes nothing
	} {
		if err := add(checkpoint); err != nil {
			t.Fatal(err)
		}
	}
	check := func(j *Journal) {
		t.Helper()
		got := j.Published()
		for i, want := range []int64{23, 21} {
			head, atS, err := ParseCosigned(got, j.VerifierKey(), keys[i])
			if err != nil || head.Size != 9 || atS != want {
				t.Errorf("witness %d: found size %d, time %d, %v, want time %d", i+1, head.Size, atS, err, want)
			}
		}
		if n := strings.Count(string(got), "— "); n != 3 {
			t.Errorf("found %d signatures, want the log's and two:\n%s", n, got)
		}
	}
	check(j)
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	j = open(t, dir)
	check(j)
	fill(t, j, 10)
	if got := j.Published(); !bytes.Equal(got, j.Checkpoint()) || !slices.Contains(strings.Split(string(j.Cosigned()), "\n"), "9") {
		t.Errorf("after one entry more found %s published and %s co-signed", got, j.Cosigned())
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	// A journal that was put back behind what a witness co-signed does not start.
	if err := os.WriteFile(filepath.Join(dir, cosignedFile), cosign(t, fork.Checkpoint(), "w1.example", one, 30), 0o600); err != nil {
		t.Fatal(err)
	}
	var corrupt *CorruptError
	if _, err := Open(dir, testOptions()); !errors.As(err, &corrupt) {
		t.Errorf("found %v, want a journal that lacks what was co-signed refused", err)
	}
}

func FuzzCosigned(f *testing.F) {
	key := witnessKeyOf(9)
	vkey := mustWitnessKey(f, witnessName, key)
	logKey, err := VerifierKey(testOrigin, testKey().Public().(ed25519.PublicKey))
	if err != nil {
		f.Fatal(err)
	}
	checkpoint, err := signCheckpoint(Head{Size: 3}, signer{testOrigin, testKey()})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(cosign(f, checkpoint, witnessName, key, 5), vkey)
	f.Fuzz(func(t *testing.T, data []byte, witness string) {
		if len(data)+len(witness) > 64<<10 {
			return
		}
		if head, _, err := ParseCosigned(data, logKey, vkey); err == nil && head != (Head{Size: 3}) {
			t.Errorf("found the head %v, which nobody signed", head)
		}
		_, _ = parseWitnessKey(witness)
		_, _ = Cosign(data, witnessName, key, 5)
	})
}
