package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/deconflict/deconflict/internal/engine"
	"github.com/deconflict/deconflict/internal/journal"
)

// logBackup copies a data directory. The copy gets its name once it is whole
// and found good, so that what bears the name can be relied on.
func logBackup(ctx context.Context, a *app, _ *logRequest, rest []string) (code int, err error) {
	if len(rest) != 2 {
		return 0, usagef("log", "found %d arguments to log backup; expected a data directory and the directory to make", len(rest))
	}
	dir, out := rest[0], filepath.Clean(rest[1])
	if _, err := os.Lstat(out); !errors.Is(err, fs.ErrNotExist) {
		if err == nil {
			err = errors.New("it exists; a backup is a directory of its own")
		}
		return 0, &inputError{fmt.Errorf("cannot make %s: %w", out, cause(err))}
	}
	partial, err := os.MkdirTemp(filepath.Dir(out), filepath.Base(out)+".partial-*") // mode 0700
	if err != nil {
		return 0, &inputError{fmt.Errorf("cannot make %s: %w", out, cause(err))}
	}
	defer func() {
		if partial != "" {
			err = errors.Join(err, os.RemoveAll(partial))
		}
	}()
	if err := engine.Backup(ctx, dir, partial); err != nil {
		return badJournal(a, dir, err)
	}
	if err := copySecrets(dir, partial); err != nil {
		return 0, &inputError{err}
	}
	check, err := journal.Fsck(ctx, partial, journal.Options{})
	if err != nil {
		return 0, err
	}
	if len(check.Damage) > 0 {
		_, err := fmt.Fprintf(a.stdout, "%s cannot be backed up, as the copy is BAD: %v\n", dir, check.Damage[0])
		return exitBad, err
	}
	if err := os.Rename(partial, out); err != nil {
		return 0, err
	}
	partial = ""
	_, err = fmt.Fprintf(a.stdout, "%s is a good copy of %s: %s of %s\n  root %x\n  signed by %s\n", out, dir, count(int(check.Entries), "entry", "entries"), check.Origin, check.Head.Root, check.Key)
	return exitClear, err
}

// copySecrets copies the keys and the registered clients, those that there are.
// Each of these files is replaced as a whole when it changes.
func copySecrets(dir, out string) error {
	names, err := filepath.Glob(filepath.Join(dir, "keys", "*.key"))
	if err != nil {
		return err
	}
	if _, err := os.Stat(filepath.Join(dir, "clients.json")); err == nil {
		names = append(names, filepath.Join(dir, "clients.json"))
	}
	if err := os.Mkdir(filepath.Join(out, "keys"), 0o700); err != nil {
		return err
	}
	for _, name := range names {
		within, err := filepath.Rel(dir, name)
		if err != nil {
			return err
		}
		data, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		f, err := os.OpenFile(filepath.Join(out, within), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
		if err != nil {
			return err
		}
		_, err = f.Write(data)
		if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
			return err
		}
	}
	return nil
}
