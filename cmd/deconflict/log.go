package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/signal"
	"strconv"
	"time"

	"github.com/deconflict/deconflict/internal/airspace"
	"github.com/deconflict/deconflict/internal/engine"
	"github.com/deconflict/deconflict/internal/journal"
	"github.com/deconflict/deconflict/internal/party"
)

const logUsage = `Usage: deconflict log verify PACK... [--key KEY]
       deconflict log show PACK [--key KEY] [--json]
       deconflict log export DIR [--from N] [--to N] [--party PARTY | --all] [-o OUT]
       deconflict log prove DIR INDEX [--party PARTY | --all] [-o OUT]
       deconflict log fsck DIR [--key KEY]
       deconflict log replay DIR
       deconflict log backup DIR OUT
       deconflict log witness NODE --key KEY --name NAME --dir DIR [-o OUT] [--post]

Works with the journal of a node: its data directory, or packs exported from it.
It changes neither and may run beside the node.

verify   says whether packs prove what they show: every shown field, every entry,
         the root and its signature. PACK may be - for standard input.
show     verifies a pack and prints what it discloses, one line an entry: index,
         time, type, party, id, state, window and OVN. Of a bad pack it shows
         nothing.
export   writes entries as a pack. What is in them is shown to nobody unless
         --party or --all says so; that they exist always is.
prove    writes the pack of one entry: proof that it is in the journal.
fsck     reads the whole journal and holds everything in it against everything
         else.
replay   makes the state from all entries anew, and compares it with that from
         the newest snapshot.
backup   copies a data directory, whole and consistent while its node runs, to the
         new directory OUT, and checks the copy as fsck does. It is as secret as
         the node: it holds the keys.
witness  verifies that a journal goes on from where this witness saw it last, and
         co-signs its checkpoint (C2SP tlog-cosignature). NODE is a node's URL or
         a data directory. A journal that does not go on raises an alarm, and
         nothing is signed.

Flags:
  --key KEY                   the log's verifier key, known from elsewhere; without
                              it that of the pack or the directory is taken, which
                              shows damage but not forgery
  --json                      show: print JSON, one line for the pack and one an entry
  --from N, --to N            the first entry, and the one behind the last
  --party PARTY               show the fields that this party may see
  --all                       show all fields
  -o OUT                      the file to write; standard output when not given
  --name NAME                 witness: the witness's name, like witness.example/mar
  --dir DIR                   witness: where it keeps its key and what it saw last;
                              made when it is not there
  --post                      witness: give the node the co-signature
  --token FILE                witness: a file with a token, for a node whose /log/ is
                              not public

Exit codes: 0 good, 1 found bad, 2 unusable input, 3 internal fault.
docs/JOURNAL.md specifies journal and packs.
`

// exitBad is what log says when a journal or a pack is not what it should be.
const exitBad = exitConflict

// logRequest is the command line of log.
type logRequest struct {
	key, party, out  string
	name, dir, token string // of a witness
	from, to         countFlag
	all, json, post  bool
}

// countFlag is a number of entries; -1 when it was not given.
type countFlag struct{ n int64 }

func (c *countFlag) String() string { return "" }

// Set reads a number.
func (c *countFlag) Set(s string) error {
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil || n < 0 {
		return errors.New("expected a number from 0")
	}
	c.n = n
	return nil
}

// parse reads the flags that an action has.
func (r *logRequest) parse(action string, args []string) ([]string, error) {
	r.from.n, r.to.n = -1, -1
	f := newFlags("log")
	switch action {
	case "verify", "fsck", "show", "witness":
		f.set.StringVar(&r.key, "key", "", "a verifier key")
	case "export", "prove":
		f.set.StringVar(&r.party, "party", "", "the id of a party")
		f.set.BoolVar(&r.all, "all", false, "nothing")
		f.set.StringVar(&r.out, "o", "", "a file to write")
	}
	if action == "witness" {
		f.set.StringVar(&r.name, "name", "", "the name of the witness")
		f.set.StringVar(&r.dir, "dir", "", "the directory of the witness")
		f.set.StringVar(&r.token, "token", "", "a file with a token")
		f.set.StringVar(&r.out, "o", "", "a file to write")
		f.set.BoolVar(&r.post, "post", false, "nothing")
	}
	if action == "show" {
		f.set.BoolVar(&r.json, "json", false, "nothing")
	}
	if action == "export" {
		f.set.Var(&r.from, "from", "the number of an entry")
		f.set.Var(&r.to, "to", "the number of an entry")
	}
	rest, err := f.parse(args)
	switch {
	case err != nil:
		return nil, err
	case r.party != "" && r.all:
		return nil, usagef("log", "found both --party and --all, expected one of them")
	case r.party != "" && !party.ID(r.party).Valid():
		return nil, usagef("log", "--party %q: expected 1 to %d printable characters without spaces", r.party, party.MaxIDBytes)
	}
	return rest, nil
}

// one returns the only argument, a data directory.
func one(action string, rest []string) (string, error) {
	if len(rest) != 1 {
		return "", usagef("log", "found %d arguments to log %s; expected a data directory", len(rest), action)
	}
	return rest[0], nil
}

func runLog(a *app, args []string) (int, error) {
	actions := map[string]func(context.Context, *app, *logRequest, []string) (int, error){
		"verify": logVerify, "show": logShow, "export": logExport, "prove": logProve, "fsck": logFsck, "replay": logReplay, "backup": logBackup, "witness": logWitness,
	}
	if len(args) == 0 || actions[args[0]] == nil {
		found := "nothing"
		if len(args) > 0 {
			found = strconv.Quote(args[0])
		}
		return 0, usagef("log", "found %s after log; expected verify, show, export, prove, fsck, replay, backup or witness", found)
	}
	var r logRequest
	rest, err := r.parse(args[0], args[1:])
	if err != nil {
		return 0, err
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	return actions[args[0]](ctx, a, &r, rest)
}

func logVerify(_ context.Context, a *app, r *logRequest, packs []string) (int, error) {
	if len(packs) == 0 {
		return 0, usagef("log", "found no pack; expected at least one")
	}
	code := exitClear
	for _, name := range packs {
		pack, err := verifyFile(a, name, r.key)
		var bad *journal.PackError
		switch {
		case errors.As(err, &bad):
			code = exitBad
			_, err = fmt.Fprintf(a.stdout, "%s is BAD, %v\n", name, bad)
		case err != nil:
			return 0, &inputError{fmt.Errorf("cannot read %s: %w", name, cause(err))}
		default:
			err = sayGood(a.stdout, name, &pack, r.key)
		}
		if err != nil {
			return 0, err
		}
	}
	return code, nil
}

// sayGood says what a verified pack is. key is the one that was given.
func sayGood(w io.Writer, name string, p *journal.Pack, key string) error {
	_, err := fmt.Fprintf(w, "%s is good: %s, %s shown\n  root %x\n  signed by %s\n",
		name, entriesOf(p.From, p.To, p.Head.Size), count(int(p.Fields), "field", "fields"), p.Head.Root, p.Key)
	if err == nil && key == "" {
		_, err = fmt.Fprintln(w, "  That is the pack's own key, which proves only that the pack is of one piece. Give --key.")
	}
	return err
}

// entriesOf names a range of a journal's entries by the first and the last one.
func entriesOf(from, to, size int64) string {
	which := fmt.Sprintf("entries %d to %d", from, to-1)
	switch to - from {
	case 0:
		which = "no entry"
	case 1:
		which = fmt.Sprintf("entry %d", from)
	}
	return fmt.Sprintf("%s, %d of the %d in the journal", which, to-from, size)
}

func verifyFile(a *app, name, key string) (journal.Pack, error) {
	if name == "-" {
		return journal.VerifyPack(a.stdin, key, nil)
	}
	f, err := os.Open(name)
	if err != nil {
		return journal.Pack{}, err
	}
	defer f.Close()
	return journal.VerifyPack(f, key, nil)
}

func logExport(ctx context.Context, a *app, r *logRequest, rest []string) (int, error) {
	dir, err := one("export", rest)
	if err != nil {
		return 0, err
	}
	return r.export(ctx, a, dir)
}

func logProve(ctx context.Context, a *app, r *logRequest, rest []string) (int, error) {
	if len(rest) != 2 {
		return 0, usagef("log", "found %d arguments to log prove; expected a data directory and the number of an entry", len(rest))
	}
	if err := r.from.Set(rest[1]); err != nil {
		return 0, usagef("log", "found the entry %q, %v", rest[1], err)
	}
	r.to.n = r.from.n + 1
	return r.export(ctx, a, rest[0])
}

// export writes a pack of a data directory.
func (r *logRequest) export(ctx context.Context, a *app, dir string) (code int, err error) {
	j, err := journal.Open(dir, journal.Options{ReadOnly: true})
	if err != nil {
		return badJournal(a, dir, err)
	}
	defer func() { err = errors.Join(err, j.Close()) }()
	size := j.Head().Size
	from, to := max(r.from.n, 0), r.to.n
	if to < 0 {
		to = size
	}
	if to == from+1 && to > size {
		return 0, usagef("log", "found entry %d asked for, expected one of the %d of %s, which are numbered from 0", from, size, dir)
	}
	if from > to || to > size {
		return 0, usagef("log", "found the entries from %d to %d asked for, expected a range within the %d of %s", from, to, size, dir)
	}
	var release journal.Release
	switch {
	case r.all:
		release = journal.ReleaseAll
	case r.party != "":
		reader := airspace.Reader{Party: party.ID(r.party), Intents: true, Constraints: true}
		release = func(_ int64, event []byte) []string { return airspace.Release(event, reader) }
	}
	write := func(w io.Writer) error { return j.Export(ctx, w, from, to, release) }
	if r.out == "" {
		err = write(a.stdout)
	} else {
		err = writeNew(r.out, write)
	}
	var corrupt *journal.CorruptError
	if errors.As(err, &corrupt) {
		return badJournal(a, dir, err)
	}
	return exitClear, err
}

// writeNew writes a file that may be larger than memory. A failure leaves none,
// as half a pack would look like a whole one until it is verified.
func writeNew(name string, write func(io.Writer) error) error {
	f, err := os.Create(name)
	if err != nil {
		return &inputError{fmt.Errorf("cannot write %s: %w", name, cause(err))}
	}
	w := bufio.NewWriter(f)
	if err := errors.Join(write(w), w.Flush(), f.Close()); err != nil {
		return errors.Join(err, os.Remove(name))
	}
	return nil
}

// badJournal reports a journal that cannot be read: damage is a finding, all
// else unusable input.
func badJournal(a *app, dir string, err error) (int, error) {
	var corrupt *journal.CorruptError
	if errors.As(err, &corrupt) {
		_, err := fmt.Fprintf(a.stdout, "%s: %v\n", dir, corrupt)
		return exitBad, err
	}
	if errors.Is(err, fs.ErrNotExist) {
		err = fmt.Errorf("found no journal in %s: %w", dir, cause(err))
	}
	return 0, &inputError{err}
}

func logFsck(ctx context.Context, a *app, r *logRequest, rest []string) (int, error) {
	dir, err := one("fsck", rest)
	if err != nil {
		return 0, err
	}
	check, err := journal.Fsck(ctx, dir, journal.Options{VerifierKey: r.key})
	if err != nil {
		return badJournal(a, dir, err)
	}
	for _, damage := range check.Damage {
		if _, err := fmt.Fprintf(a.stdout, "%s: %v\n", dir, damage); err != nil {
			return 0, err
		}
	}
	word, code := "good", exitClear
	if len(check.Damage) > 0 {
		word, code = "BAD", exitBad
	}
	_, err = fmt.Fprintf(a.stdout, "%s is %s: %d entries of %s read\n  root %x\n  signed by %s\n", dir, word, check.Entries, check.Origin, check.Head.Root, check.Key)
	return code, err
}

func logReplay(ctx context.Context, a *app, _ *logRequest, rest []string) (int, error) {
	dir, err := one("replay", rest)
	if err != nil {
		return 0, err
	}
	sum, err := engine.Replay(ctx, dir)
	if err != nil {
		return badJournal(a, dir, err)
	}
	_, err = fmt.Fprintf(a.stdout, "%s: %d entries of %s replayed in %s\n  state %x\n", dir, sum.Size, sum.Origin, sum.Took.Round(time.Millisecond), sum.State)
	if err != nil {
		return 0, err
	}
	verdict, code := fmt.Sprintf("The snapshot of %d entries leads to the same state.", sum.SnapshotSize), exitClear
	switch {
	case sum.SnapshotSize == 0:
		verdict = "There is no usable snapshot to compare with."
	case !sum.Agrees():
		verdict, code = fmt.Sprintf("BAD: the snapshot of %d entries leads to the state %x. Remove it if deconflict log fsck finds the journal good.", sum.SnapshotSize, sum.SnapshotState), exitBad
	}
	_, err = fmt.Fprintln(a.stdout, verdict)
	return code, err
}
