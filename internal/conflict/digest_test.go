package conflict

import (
	"bytes"
	"encoding/json"
	"sort"
	"testing"

	"github.com/deconflict/deconflict/internal/statement"
	"github.com/deconflict/deconflict/internal/volume"
)

// TestDigestsCoverWhatMatters changes one input after the other and expects
// both digests to change, and changes of names to leave them alone.
func TestDigestsCoverWhatMatters(t *testing.T) {
	base := func() (*volume.Entity, *volume.Entity, Minima) {
		return h17(t), block(t, "N-204", circle(t, 12.10, -29.70, 12), 9000, 16000, "08:45", "10:00"), Minima{LateralMM: nm}
	}
	a, b, m := base()
	first := verdict(t, a, b, m)
	for what, change := range map[string]func(a, b *volume.Entity, m *Minima){
		"version":      func(a, _ *volume.Entity, _ *Minima) { a.Version = "2" },
		"party":        func(a, _ *volume.Entity, _ *Minima) { a.Party = "X" },
		"type":         func(_, b *volume.Entity, _ *Minima) { b.Type = "advisory" },
		"lower":        func(_, b *volume.Entity, _ *Minima) { b.Volumes[0].Band.LowerMM++ },
		"end":          func(_, b *volume.Entity, _ *Minima) { b.Volumes[0].Window.EndNS++ },
		"buffer":       func(_, b *volume.Entity, _ *Minima) { b.Volumes[0].Buffers.TimeNS++ },
		"datum":        func(_, b *volume.Entity, _ *Minima) { b.Volumes[0].Datum.ErrorMM++ },
		"minima":       func(_, _ *volume.Entity, m *Minima) { m.LateralMM++ },
		"their source": func(_, _ *volume.Entity, m *Minima) { m.Source = "clause 4" },
		"supposition":  func(a, _ *volume.Entity, _ *Minima) { a.Suppositions = []string{"start given"} },
	} {
		a, b, m := base()
		change(a, b, &m)
		v := verdict(t, a, b, m)
		if v.InputsDigest == first.InputsDigest || v.Digest == first.Digest {
			t.Errorf("%s: a digest did not change", what)
		}
	}
	a, b, m = base()
	a.Name, b.Name = "for people", "also"
	if v := verdict(t, a, b, m); v.InputsDigest != first.InputsDigest || v.Digest != first.Digest {
		t.Error("names change a digest")
	}
	// Results count too, each instant and distance.
	for what, change := range map[string]func(v *Verdict){
		"decision":      func(v *Verdict) { v.Conflict = false },
		"from":          func(v *Verdict) { v.FromNS += millisecond },
		"to":            func(v *Verdict) { v.ToNS += millisecond },
		"distance":      func(v *Verdict) { v.MinHorizontal.HorizontalTenthMM++ },
		"instant":       func(v *Verdict) { v.MinHorizontal.TimeNS++ },
		"gap":           func(v *Verdict) { v.MinVertical.VerticalMM++ },
		"place":         func(v *Verdict) { v.MinVertical.A.LatE9++ },
		"part":          func(v *Verdict) { v.Parts[0].B.Index++ },
		"part's window": func(v *Verdict) { v.Parts[0].FromNS -= millisecond },
		"tolerance":     func(v *Verdict) { v.ToleranceTenthMM++ },
	} {
		v := verdict(t, a, b, m)
		change(&v)
		if verdictDigest(&v) == first.Digest {
			t.Errorf("%s: the verdict's digest did not change", what)
		}
	}
}

// TestCanonicalForms checks that what is digested is canonical JSON: members
// sorted, no white space, and the same when decoded and encoded again.
func TestCanonicalForms(t *testing.T) {
	b := block(t, "N-204 \"µ\"\n", circle(t, 12.10, -29.70, 12), 9000, 16000, "08:45", "10:00")
	a := h17(t)
	v := verdict(t, a, b, Minima{LateralMM: nm})
	for name, write := range map[string]func(*statement.Writer){
		"entity":     func(w *statement.Writer) { writeEntity(w, b) },
		"trajectory": func(w *statement.Writer) { writeEntity(w, a) },
		"inputs":     func(w *statement.Writer) { writeInputs(w, &v, EntityDigest(a), EntityDigest(b)) },
		"verdict":    func(w *statement.Writer) { writeVerdict(w, &v) },
	} {
		var w statement.Writer
		write(&w)
		var value any
		d := json.NewDecoder(bytes.NewReader(w.Buf))
		d.UseNumber()
		if err := d.Decode(&value); err != nil {
			t.Fatalf("%s: %v in %s", name, err, w.Buf)
		}
		if again := canonical(nil, value); !bytes.Equal(again, w.Buf) {
			t.Errorf("%s is not canonical:\n%s\n%s", name, w.Buf, again)
		}
	}
}

// canonical encodes a decoded value as RFC 8785 has it.
func canonical(dst []byte, value any) []byte {
	switch v := value.(type) {
	case map[string]any:
		keys := make([]string, 0, len(v))
		for k := range v {
			keys = append(keys, k)
		}
		sort.Slice(keys, func(i, j int) bool { return statement.Less(keys[i], keys[j]) })
		dst = append(dst, '{')
		for i, k := range keys {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = append(statement.AppendString(dst, k), ':')
			dst = canonical(dst, v[k])
		}
		return append(dst, '}')
	case []any:
		dst = append(dst, '[')
		for i, e := range v {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = canonical(dst, e)
		}
		return append(dst, ']')
	case string:
		return statement.AppendString(dst, v)
	case json.Number:
		return append(dst, v...)
	case bool:
		if v {
			return append(dst, "true"...)
		}
		return append(dst, "false"...)
	}
	return append(dst, "null"...)
}
