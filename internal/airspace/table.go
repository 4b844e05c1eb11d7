package airspace

// chunkSize is how many entries are copied when one of them changes after a
// freeze.
const chunkSize = 1024

// table holds values by number. Freezing it takes a pointer for each chunk;
// later changes copy the chunks they touch, so that a frozen table stays as it
// was. Chunks whose values are all zero again are given back.
type table[V comparable] struct {
	chunks []*chunk[V]
	age    int64 // how often the table was frozen
}

type chunk[V comparable] struct {
	values [chunkSize]V
	live   int
	age    int64 // when the chunk was made: frozen tables may hold older ones
}

// get returns the value of a number, zero when there is none.
func (t *table[V]) get(n int64) (v V) {
	if i := n / chunkSize; n >= 0 && i < int64(len(t.chunks)) && t.chunks[i] != nil {
		return t.chunks[i].values[n%chunkSize]
	}
	return v
}

// set gives a number a value; zero removes it.
func (t *table[V]) set(n int64, v V) {
	var zero V
	was := t.get(n)
	if was == v {
		return
	}
	i := n / chunkSize
	for int64(len(t.chunks)) <= i {
		t.chunks = append(t.chunks, nil)
	}
	c := t.chunks[i]
	switch {
	case c == nil:
		c = &chunk[V]{age: t.age}
		t.chunks[i] = c
	case c.age != t.age:
		copied := *c
		copied.age = t.age
		c = &copied
		t.chunks[i] = c
	}
	c.values[n%chunkSize] = v
	if was != zero {
		c.live--
	}
	if v != zero {
		c.live++
	}
	if c.live == 0 && i < int64(len(t.chunks))-1 { // the last one is about to be used again
		t.chunks[i] = nil
	}
}

// freeze returns the table as it is, for readers at leisure.
func (t *table[V]) freeze() table[V] {
	t.age++
	return table[V]{chunks: append([]*chunk[V](nil), t.chunks...)}
}

// each calls f with every number that has a value, in ascending order.
func (t *table[V]) each(f func(n int64, v V)) {
	var zero V
	for i, c := range t.chunks {
		if c == nil {
			continue
		}
		for j := range c.values {
			if c.values[j] != zero {
				f(int64(i)*chunkSize+int64(j), c.values[j])
			}
		}
	}
}
