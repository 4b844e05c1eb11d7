package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/deconflict/deconflict/internal/journal"
	"github.com/deconflict/deconflict/internal/statement"
)

// logShow prints what packs disclose. A pack is verified to its end before its
// first entry is shown: what a bad one says counts for nothing.
func logShow(_ context.Context, a *app, r *logRequest, packs []string) (code int, err error) {
	if len(packs) != 1 {
		return 0, usagef("log", "found %d arguments to log show; expected one pack", len(packs))
	}
	name := packs[0]
	file, done, err := openPack(a, name)
	if err != nil {
		return 0, &inputError{fmt.Errorf("cannot read %s: %w", name, cause(err))}
	}
	defer func() { err = errors.Join(err, done()) }()
	pack, err := journal.VerifyPack(file, r.key, nil)
	var bad *journal.PackError
	switch {
	case errors.As(err, &bad):
		_, err := fmt.Fprintf(a.stdout, "%s is BAD, %v\n  Nothing of it is shown, as it proves nothing.\n", name, bad)
		return exitBad, err
	case err != nil:
		return 0, &inputError{fmt.Errorf("cannot read %s: %w", name, cause(err))}
	}
	if _, err := file.Seek(0, io.SeekStart); err != nil {
		return 0, err
	}
	out := bufio.NewWriter(a.stdout)
	show := showEntry
	if r.json {
		show = showEntryJSON
		err = showPackJSON(out, &pack, r.key != "")
	} else {
		err = sayGood(out, name, &pack, r.key)
	}
	if err != nil {
		return 0, err
	}
	again, err := journal.VerifyPack(file, pack.Key, func(e journal.PackEntry) error { return show(out, &e) })
	if err == nil && again != pack {
		err = errors.New("found another pack at the second reading")
	}
	if err != nil {
		return 0, fmt.Errorf("%s changed while it was shown: %w", name, errors.Join(err, out.Flush()))
	}
	return exitClear, out.Flush()
}

// openPack opens a pack so that it can be read twice: standard input is kept in
// a file meanwhile.
func openPack(a *app, name string) (*os.File, func() error, error) {
	if name != "-" {
		f, err := os.Open(name)
		if err != nil {
			return nil, nil, err
		}
		return f, f.Close, nil
	}
	f, err := os.CreateTemp("", "deconflict-pack-*")
	if err != nil {
		return nil, nil, err
	}
	done := func() error { return errors.Join(f.Close(), os.Remove(f.Name())) }
	if _, err = io.Copy(f, a.stdin); err == nil {
		_, err = f.Seek(0, io.SeekStart)
	}
	if err != nil {
		return nil, nil, errors.Join(err, done())
	}
	return f, done, nil
}

// showEntry prints an entry in one line: index, time, type, who, what, state,
// window and OVN, those of them that are disclosed. Times lose decimals that are
// all zero.
func showEntry(w *bufio.Writer, e *journal.PackEntry) error {
	shown := map[string]string{}
	for _, f := range e.Fields {
		text := string(f.Value)
		if s, err := statement.Unquote(f.Value); err == nil {
			text = strings.TrimSuffix(s, ".000000000Z")
			if text != s {
				text += "Z"
			}
		}
		shown[f.Name] = printable(text)
	}
	parts := []string{fmt.Sprint(e.Index)}
	add := func(before string, names ...string) {
		for _, name := range names {
			if shown[name] != "" {
				parts = append(parts, before+shown[name])
			}
		}
	}
	add("", "at", "type", "manager", "owner", "by", "id", "report", "state")
	add("says of ", "uss")
	add("", "availability")
	if start, end := shown["start"], shown["end"]; start != "" && end != "" {
		parts = append(parts, start+" to "+end)
	}
	add("OVN ", "ovn")
	if shown["swept"] != "" {
		parts = append(parts, "swept")
	}
	switch hidden := e.Members - len(e.Fields); {
	case len(e.Fields) == 0:
		parts = append(parts, fmt.Sprintf("nothing disclosed of %s", count(e.Members, "member", "members")))
	case hidden > 0:
		parts = append(parts, fmt.Sprintf("(%d hidden)", hidden))
	}
	_, err := fmt.Fprintln(w, strings.Join(parts, "  "))
	return err
}

// shownPack and shownEntry are the lines of --json.
type shownPack struct {
	Schema   string `json:"schema"`
	Key      string `json:"key"`
	KeyGiven bool   `json:"key_given"`
	From     int64  `json:"from"`
	To       int64  `json:"to"`
	Size     int64  `json:"size"`
	Root     string `json:"root"`
}

type shownEntry struct {
	Index   int64           `json:"index"`
	Members int             `json:"members"`
	Fields  json.RawMessage `json:"fields"`
}

func showPackJSON(w io.Writer, p *journal.Pack, keyGiven bool) error {
	return jsonLine(w, shownPack{"deconflict pack shown v1", p.Key, keyGiven, p.From, p.To, p.Head.Size, fmt.Sprintf("%x", p.Head.Root)})
}

func showEntryJSON(w *bufio.Writer, e *journal.PackEntry) error {
	fields := []byte{'{'}
	for i, f := range e.Fields {
		if i > 0 {
			fields = append(fields, ',')
		}
		fields = append(statement.AppendString(fields, f.Name), ':')
		fields = append(fields, f.Value...)
	}
	return jsonLine(w, shownEntry{e.Index, e.Members, append(fields, '}')})
}

// jsonLine writes a value in one line and leaves characters as they are.
func jsonLine(w io.Writer, v any) error {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(v); err != nil {
		return err
	}
	_, err := w.Write(b.Bytes())
	return err
}
