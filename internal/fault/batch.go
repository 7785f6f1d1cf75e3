package fault

import "slices"

// Batch gathers what is wrong with the items of a batch. It alone tells where
// in the batch an item is: what looks at an item knows only its fields.
type Batch struct{ Items []Item }

// Each has look look at each of n items of a batch, in order.
func (b *Batch) Each(n int, look func(i int, c *Collector)) {
	c := new(Collector)
	for i := range n {
		*c = Collector{}
		look(i, c)
		for _, it := range c.Items {
			it.position = i + 1
			b.Items = append(b.Items, it)
		}
	}
}

// Err returns what was found as one Error, or nil.
func (b *Batch) Err(kind Kind) error {
	if len(b.Items) == 0 {
		return nil
	}
	return &Error{Kind: kind, Items: b.Items}
}

// Index returns the position in the batch, from 0 on, or -1 for the operation
// as a whole.
func (it *Item) Index() int { return it.position - 1 }

// Alone makes the fault of a batch of one that of an operation on no batch.
func Alone(err error) error {
	f := As(err)
	if f == nil || !slices.ContainsFunc(f.Items, func(it Item) bool { return it.position > 0 }) {
		return err
	}
	one := *f
	one.Items = make([]Item, len(f.Items))
	for i, it := range f.Items {
		it.position = 0
		one.Items[i] = it
	}
	return &one
}
