package notify

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// cursor says how far telling got. What lies before is told, or was given up.
type cursor struct {
	// Next is the index of the first entry that subscribers may not be told of.
	Next int64 `json:"next"`
	// Hooks are the same for each hook, by hookKey.String.
	Hooks map[string]int64 `json:"hooks,omitempty"`
}

// readCursor reads the file; false when there is none.
func readCursor(file string) (c cursor, known bool, err error) {
	data, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return cursor{Hooks: map[string]int64{}}, false, nil
	}
	if err == nil {
		err = json.Unmarshal(data, &c)
	}
	if err != nil {
		return cursor{}, false, fmt.Errorf("%s: %w; without the file, what was not told before is not told any more", file, err)
	}
	if c.Hooks == nil {
		c.Hooks = map[string]int64{}
	}
	return c, true, nil
}

// write replaces the file. It is not synced: an older one tells something twice.
func (c cursor) write(file string) error {
	data, err := json.Marshal(c)
	if err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(file), filepath.Base(file)+".*")
	if err != nil {
		return err
	}
	_, err = f.Write(append(data, '\n'))
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(f.Name(), file)
	}
	if err != nil {
		_ = os.Remove(f.Name())
	}
	return err
}
