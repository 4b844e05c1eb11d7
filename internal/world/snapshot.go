package world

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/deconflict/deconflict/internal/airspace"
)

// Image is a state as it was at one instant, while the state goes on.
type Image struct {
	air   *airspace.Image
	parts *State // of the domains: copies that share what never changes
}

// Freeze returns an image of the state. It is quick: the writer waits for it.
func (st *State) Freeze() *Image {
	m := &Image{air: st.Airspace.Freeze(), parts: &State{taken: st.taken.clone(), entries: st.entries}}
	for i := range domains {
		domains[i].clone(st, m.parts)
	}
	return m
}

// magic begins a written state and names its form.
const magic = "deconflict world 2\n"

// WriteTo writes the state: one JSON object of the domains, with its length
// before it, and the airspace. Equal states have equal bytes.
func (m *Image) WriteTo(w io.Writer) (int64, error) {
	parts := map[string]any{"entries": m.parts.entries, "taken": m.parts.taken.image()}
	for i := range domains {
		parts[domains[i].name] = domains[i].part(m.parts)
	}
	text, err := json.Marshal(parts)
	if err != nil {
		return 0, err
	}
	var head bytes.Buffer
	head.WriteString(magic)
	_ = binary.Write(&head, binary.BigEndian, uint64(len(text))) // a Buffer takes all
	head.Write(text)
	n, err := head.WriteTo(w)
	if err != nil {
		return n, err
	}
	more, err := m.air.WriteTo(w)
	return n + more, err
}

// ReadState reads what WriteTo wrote. It trusts nothing.
func ReadState(data []byte) (*State, error) {
	rest, ok := bytes.CutPrefix(data, []byte(magic))
	if !ok {
		return nil, errors.New("not a state of this version: it does not begin with " + magic[:len(magic)-1])
	}
	if len(rest) < 8 || binary.BigEndian.Uint64(rest) > uint64(len(rest)-8) {
		return nil, errors.New("the state is cut off")
	}
	n := binary.BigEndian.Uint64(rest)
	text, air := rest[8:8+n], rest[8+n:]
	var parts map[string]json.RawMessage
	if err := json.Unmarshal(text, &parts); err != nil {
		return nil, err
	}
	st := New()
	var taken []takenImage
	if err := json.Unmarshal(parts["taken"], &taken); err != nil {
		return nil, fmt.Errorf("acts: %w", err)
	}
	if err := json.Unmarshal(parts["entries"], &st.entries); err != nil {
		return nil, fmt.Errorf("entries: %w", err)
	}
	if err := st.taken.restore(taken); err != nil {
		return nil, err
	}
	for i := range domains {
		if err := json.Unmarshal(parts[domains[i].name], domains[i].part(st)); err != nil {
			return nil, fmt.Errorf("%s: %w", domains[i].name, err)
		}
	}
	var err error
	st.Airspace, err = airspace.ReadState(air)
	return st, err
}

// HoldIndex stops the upkeep of what only deciding needs, for a replay.
// BuildIndex must end it.
func (st *State) HoldIndex() { st.Airspace.HoldIndex() }

// BuildIndex ends HoldIndex.
func (st *State) BuildIndex() { st.Airspace.BuildIndex() }

// Counts says how much is known.
func (st *State) Counts() airspace.Counts { return st.Airspace.Counts() }
