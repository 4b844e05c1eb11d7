package journal

import (
	"bufio"
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"io/fs"

	"github.com/deconflict/deconflict/internal/statement"
)

// packFormat is the first thing that an export pack says.
const packFormat = "deconflict pack v1"

// Release names the members of an event that the reader of a pack may see. A
// nil Release releases nothing.
type Release func(index int64, event []byte) []string

// ReleaseAll releases every member: for the node's own evidence and backups.
func ReleaseAll(_ int64, event []byte) []string {
	fields, err := statement.Fields(event)
	if err != nil {
		return nil // Export reports the event itself
	}
	var names []string
	for _, f := range fields {
		names = append(names, f.Name)
	}
	return names
}

// Export writes the entries from (included) to to (excluded) as a pack: lines
// of canonical JSON, a header, one line an entry, and the checkpoint, as
// docs/JOURNAL.md specifies. All entries are there with their leaves, members
// only as released, so that a pack shows what was left out without showing what
// it was. A range beyond the durable head is fs.ErrNotExist.
func (j *Journal) Export(ctx context.Context, w io.Writer, from, to int64, release Release) error {
	d := j.now.Load()
	if from < 0 || from > to || to > d.head.Size {
		return fmt.Errorf("found the range from %d to %d, expected one within 0 to %d: %w", from, to, d.head.Size, fs.ErrNotExist)
	}
	proof, err := j.rangeProof(ctx, from, to, d.head.Size)
	if err != nil {
		return err
	}
	out := bufio.NewWriterSize(w, 64<<10)
	var line statement.Writer
	emit := func() error {
		line.Buf = append(line.Buf, '\n')
		_, err := out.Write(line.Buf)
		line.Reset()
		return err
	}
	line.Begin('{')
	line.Key("format")
	line.String(packFormat)
	line.Key("from")
	line.Int(from)
	line.Key("key")
	line.String(j.verifier)
	line.Key("proof")
	line.Begin('[')
	for _, h := range proof {
		line.String(base64.RawURLEncoding.EncodeToString(h[:]))
	}
	line.End(']')
	line.Key("size")
	line.Int(d.head.Size)
	line.Key("to")
	line.Int(to)
	line.End('}')
	if err := emit(); err != nil {
		return err
	}
	l := newLeafHasher()
	err = j.Read(ctx, from, to, func(r Record) error {
		if err := exportEntry(&line, l, r, release); err != nil {
			return err
		}
		return emit()
	})
	if err != nil {
		return err
	}
	line.Begin('{')
	line.Key("checkpoint")
	line.String(string(d.checkpoint))
	line.End('}')
	if err := emit(); err != nil {
		return err
	}
	return out.Flush()
}

func exportEntry(line *statement.Writer, l *leafHasher, r Record, release Release) error {
	leaf, err := l.leaf(r.Event, r.Seed)
	if err != nil {
		return &CorruptError{databaseFile, fmt.Sprintf("entry %d", r.Index), err.Error(), "the event that was appended"}
	}
	released := map[string]bool{}
	if release != nil {
		for _, name := range release(r.Index, r.Event) {
			released[name] = true
		}
	}
	line.Begin('{')
	if len(released) > 0 {
		line.Key("fields")
		line.Begin('[')
		for _, f := range l.fields {
			if !released[f.Name] {
				continue
			}
			salt := l.salt(f.Name)
			line.Begin('{')
			line.Key("name")
			line.String(f.Name)
			line.Key("salt")
			line.String(base64.RawURLEncoding.EncodeToString(salt[:]))
			line.Key("value")
			line.String(string(f.Value))
			line.End('}')
		}
		line.End(']')
	}
	line.Key("index")
	line.Int(r.Index)
	line.Key("leaf")
	line.Raw(leaf)
	line.End('}')
	return nil
}
