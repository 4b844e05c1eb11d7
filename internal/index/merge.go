package index

import "slices"

const (
	// defaultFreshCap is the size from which the fresh run is merged into the
	// delta. Below it the writer packs it anew with every full tail: 128
	// inserts share the packing of 2,000 entries on average, 5 us each.
	defaultFreshCap = 4096

	// soleCap is the size from which a run that is the only one is left as it
	// is: among a thousand boxes that stay while others come and go, packing
	// all of them with every full tail costs 7 us an insert, packing those that
	// come and go 1 us.
	soleCap = 512

	// The delta is merged into the base when it reaches base/deltaShare, and
	// the removed entries are dropped when they are total/deadShare.
	deltaShare = 8
	deadShare  = 4
)

// job is a merge in the background.
type job[ID Key] struct {
	inputs  []*run[ID]
	removed []removal[ID] // since the job began; the result has to follow
}

// removal is a Delete or Replace of id by write seq.
type removal[ID Key] struct {
	id  ID
	seq uint32
}

// packTail packs the full tail: with the fresh run where there is one that no
// job is reading, else alone. While a merge is under way the fresh run grows
// past freshCap, packing it takes longer, and so a writer that is faster than
// the merges is slowed down rather than the readers.
func (x *Index[ID]) packTail() {
	part := x.next
	part.runs = nil
	keep := x.next.runs
	if k := len(keep); k > 0 && !x.merging(keep[k-1]) {
		limit := x.freshCap
		if k == 1 {
			limit = min(limit, soleCap)
		}
		if keep[k-1].len() < limit || x.job != nil && k > 1 {
			part.runs = keep[k-1:]
			keep = keep[:k-1]
		}
	}
	r := part.pack(nil)
	// Readers hold the old slice and the old tail.
	x.next.runs = appendRun(keep, r)
	x.next.tail, x.next.tailLen = new(tail[ID]), 0
	x.maintain()
}

// appendRun returns a new slice, without r where it is empty.
func appendRun[ID Key](runs []*run[ID], r *run[ID]) []*run[ID] {
	runs = slices.Clone(runs)
	if r.len() > 0 {
		runs = append(runs, r)
	}
	return runs
}

func (x *Index[ID]) merging(r *run[ID]) bool {
	return x.job != nil && slices.Contains(x.job.inputs, r)
}

// maintain starts the merge that is due, if any and if none is under way.
func (x *Index[ID]) maintain() {
	runs := x.next.runs
	if x.job != nil || len(runs) == 0 {
		return
	}
	total, dead := 0, 0
	for _, r := range runs {
		total += r.len()
		dead += r.dead
	}
	base, fresh := runs[0].len(), runs[len(runs)-1].len()
	switch {
	case dead >= max(total/deadShare, x.freshCap),
		len(runs) > 1 && total-base >= max(base/deltaShare, x.freshCap):
		x.start(runs)
	case len(runs) > 2 && fresh >= x.freshCap:
		x.start(runs[1:])
	}
}

// start begins to merge the inputs, which are neighbours in runs.
func (x *Index[ID]) start(inputs []*run[ID]) {
	j := &job[ID]{inputs: slices.Clone(inputs)}
	x.job = j
	view := Snapshot[ID]{seq: x.next.seq, runs: j.inputs, tail: new(tail[ID])}
	go func() {
		r := view.pack(nil) // on one processor: readers need the others
		x.mu.Lock()
		defer x.mu.Unlock()
		x.finish(j, r)
	}()
}

// finish puts the result of a job in the place of its inputs.
func (x *Index[ID]) finish(j *job[ID], r *run[ID]) {
	// All inputs are older than the job, so a removal since then is one of
	// every entry of its id in the result.
	for _, gone := range j.removed {
		r.kill(gone.id, gone.seq)
	}
	at := slices.Index(x.next.runs, j.inputs[0])
	rest := x.next.runs[at+len(j.inputs):]
	x.next.runs = append(appendRun(x.next.runs[:at], r), rest...)
	x.job = nil
	x.idle.Broadcast()
	x.publish()
	x.maintain()
}

// Wait returns when no merge is under way in the background.
func (x *Index[ID]) Wait() {
	x.mu.Lock()
	defer x.mu.Unlock()
	for x.job != nil {
		x.idle.Wait()
	}
}

// Repack packs everything into one run and frees what was removed. Readers go
// on; writers wait. It is never needed: merges happen on their own. It helps
// before a long time with few writes.
func (x *Index[ID]) Repack() {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.repack()
	x.publish()
}

// repack also starts the numbers of writes anew, since no entry of the result
// has been removed.
func (x *Index[ID]) repack() {
	for x.job != nil {
		x.idle.Wait()
	}
	x.next.runs = appendRun(nil, x.next.pack(processors()))
	x.next.tail, x.next.tailLen = new(tail[ID]), 0
	x.next.seq = firstSeq
}
