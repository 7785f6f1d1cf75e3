package sqldb

import "context"

// Together is a kind of write. Those of a store that wait for each other run
// as one, so that they share their statements as well as their commit: many
// rows are inserted at once, and a row that all of them change is changed once.
type Together[T any] struct {
	db    *DB
	run   func(tx *Tx, in []T) (own []error, err error)
	apart bool
}

// NewTogether returns a Together of writes that run does, of one or of several
// in their order. run is held to what DB.WriteShared asks for. It returns the
// errors of single writes, which must have no effect then, or nil where all
// succeeded; err fails all of them, and each is then run by itself.
func NewTogether[T any](db *DB, run func(tx *Tx, in []T) (own []error, err error)) *Together[T] {
	return &Together[T]{db: db, run: run}
}

// Apart has the writes share a transaction with none of another kind, so that run
// may lock rows before the store's counters, as other writes do: several in the
// order in which all lock them. It comes before the first write, and returns k.
func (k *Together[T]) Apart() *Together[T] {
	k.apart = true
	return k
}

// member is a write that may run together with others of its kind.
type member struct {
	kind    any // the *Together
	apart   bool
	in      any
	own     error
	with    []*member // those that the next run is about, itself first
	said    signals
	changed changes
}

// alone has the next run be about m only.
func (m *member) alone() {
	if m != nil {
		m.with, m.own = append(m.with[:0], m), nil
	}
}

// failure returns why a write has no effect, though the run that it was part of
// has not failed.
func (m *member) failure() error {
	if m == nil {
		return nil
	}
	return m.own
}

// Write is DB.WriteSharedAgain of one write.
func (k *Together[T]) Write(ctx context.Context, store int64, in T) error {
	return again(ctx, store, func(ctx context.Context, store int64, _ func(*Tx) error) error {
		return k.write(ctx, store, in)
	}, nil)
}

func (k *Together[T]) write(ctx context.Context, store int64, in T) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	db := k.db
	if ref := unitOf(ctx); ref.unit != nil {
		if err, did := ref.unit.write(ctx, store, ref.aside, db.equipped(func(tx *Tx) error {
			own, err := k.run(tx, []T{in})
			if err == nil && own != nil {
				err = own[0]
			}
			return err
		})); did {
			return err
		}
	}
	return db.counted(ctx, store, func() error {
		m := &member{kind: k, apart: k.apart, in: in}
		m.alone()
		err := db.writeShared(ctx, store, db.equipped(func(tx *Tx) error { return k.together(tx, m.with) }), m)
		db.versions.end(&m.changed)
		if err == nil {
			db.topics.tell(m.said)
		}
		return err
	})
}

// together runs members. Where none succeeds it fails, so that nothing of them
// stays.
func (k *Together[T]) together(tx *Tx, with []*member) error {
	in := make([]T, len(with))
	for i, m := range with {
		in[i], m.own = m.in.(T), nil
	}
	var said signals
	var changed changes
	tx.ctx, tx.said, tx.sys = nil, &said, k.db.sys
	tx.changed, tx.versions = &changed, &k.db.versions
	own, err := k.run(tx, in)
	lived := false
	for i, m := range with {
		m.said = said
		m.changed.stores, m.changed.all = append(m.changed.stores, changed.stores...), m.changed.all || changed.all
		if own != nil {
			m.own = classify(own[i])
		}
		lived = lived || m.own == nil
	}
	if err == nil && !lived {
		err = own[0]
	}
	return err
}

// companions brings those that may run together with the first write to its
// side, in their order, and returns how many they are with it. of tells whose
// write one is, nil for one that runs by itself.
func companions[J any](writes []J, of func(J) *member, same func(a, b J) bool) int {
	first := of(writes[0])
	n := 1
	if first == nil {
		return n
	}
	for i := 1; i < len(writes); i++ {
		w := writes[i]
		if m := of(w); m == nil || m.kind != first.kind || !same(writes[0], w) {
			continue
		}
		// Those between them stay in their order, too.
		copy(writes[n+1:i+1], writes[n:i])
		writes[n] = w
		n++
	}
	first.with = first.with[:0]
	for _, w := range writes[:n] {
		first.with = append(first.with, of(w))
	}
	return n
}

// apart has each of some writes run by itself from now on.
func apart[J any](writes []J, of func(J) *member) {
	for _, w := range writes {
		of(w).alone()
	}
}
