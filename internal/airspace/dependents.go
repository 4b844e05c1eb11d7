package airspace

// dependents lists, for each subscription, the intents that rest on it, as
// chains through the intents' numbers. It follows from the intents, so that no
// snapshot holds it. Links are numbers plus one; zero ends a chain.
type dependents struct {
	first table[int64] // of a subscription
	next  table[int64] // of an intent
	prev  table[int64]
}

// attach makes an intent rest on a subscription.
func (d *dependents) attach(subscription, intent int64) {
	head := d.first.get(subscription)
	d.next.set(intent, head)
	if head != 0 {
		d.prev.set(head-1, intent+1)
	}
	d.first.set(subscription, intent+1)
}

// detach undoes attach.
func (d *dependents) detach(subscription, intent int64) {
	prev, next := d.prev.get(intent), d.next.get(intent)
	if next != 0 {
		d.prev.set(next-1, prev)
	}
	if prev != 0 {
		d.next.set(prev-1, next)
	} else {
		d.first.set(subscription, next)
	}
	d.prev.set(intent, 0)
	d.next.set(intent, 0)
}

// each calls f with the number of every intent that rests on the subscription,
// in no stated order, until f returns false.
func (d *dependents) each(subscription int64, f func(intent int64) bool) {
	for link := d.first.get(subscription); link != 0; link = d.next.get(link - 1) {
		if !f(link - 1) {
			return
		}
	}
}

// any reports whether an intent rests on the subscription.
func (d *dependents) any(subscription int64) bool { return d.first.get(subscription) != 0 }
