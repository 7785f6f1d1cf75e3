package webhook

import "slices"

// Forget has the dispatcher know nothing any more of how destinations behaved,
// as after its start: what stores hold was replaced.
func (d *Dispatcher) Forget() {
	d.mu.Lock()
	defer d.mu.Unlock()
	clear(d.windows)
	clear(d.allowance)
}

// live returns the results of deliveries that are still there: those of which
// the store's content was replaced meanwhile are not.
func (d *Dispatcher) live(results []result) []result {
	return slices.DeleteFunc(slices.Clone(results), func(r result) bool { return d.db.Superseded(r.storeID, r.epoch) })
}
