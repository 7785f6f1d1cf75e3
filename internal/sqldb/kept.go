package sqldb

import (
	"context"
	"fmt"
	"maps"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// keptFor is how long a kept value counts without a look at the database. A
// write of this process is seen at once, one of another process within this
// time.
const keptFor = time.Second

// keptLimit bounds how many values are kept of one kind.
const keptLimit = 10_000

// Kept keeps what stores say that seldom changes, such as their settings, so
// that a request need not read and parse it again. K tells apart what one store
// has several of. Values are shared by all who ask: nobody changes them.
type Kept[K comparable, T any] struct {
	db   *DB
	read func(tx *Tx, key K) (T, error)

	mu     sync.RWMutex
	values map[keptKey[K]]keptValue[T]
}

type keptKey[K comparable] struct {
	store int64
	key   K
}

type keptValue[T any] struct {
	value   T
	version uint64
	until   time.Duration // of Elapsed
}

// Keep returns a Kept that read fills out of the rows of tables. To read another
// table is an error: nobody would learn of its changes.
func Keep[K comparable, T any](db *DB, read func(tx *Tx, key K) (T, error), tables ...string) *Kept[K, T] {
	db.versions.watch(tables)
	return &Kept[K, T]{db: db, read: read, values: map[keptKey[K]]keptValue[T]{}}
}

// Get returns what a store says. A failure is not kept, and who has gone is not
// answered.
func (k *Kept[K, T]) Get(ctx context.Context, store int64, key K) (T, error) {
	if err := ctx.Err(); err != nil {
		var none T
		return none, err
	}
	at := keptKey[K]{store, key}
	// Read first: a write that commits meanwhile makes the value an old one.
	version := k.db.versions.of(store)
	now := k.db.sys.Elapsed()
	k.mu.RLock()
	have, ok := k.values[at]
	k.mu.RUnlock()
	if ok && have.version == version && now < have.until {
		return have.value, nil
	}
	var value T
	err := k.db.Read(ctx, store, func(tx *Tx) (err error) {
		var unwatched error
		tx.watch = k.db.versions.guard(tx.watch, &unwatched)
		if value, err = k.read(tx, key); err != nil {
			return err
		}
		return unwatched
	})
	if err != nil {
		return value, err
	}
	if ref := unitOf(ctx); ref.unit != nil && ref.unit.Open() {
		return value, nil // it may not be committed
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if len(k.values) >= keptLimit {
		clear(k.values)
	}
	k.values[at] = keptValue[T]{value: value, version: version, until: now + keptFor}
	return value, nil
}

// versions count the writes of this process to the tables that somebody keeps
// something of, by store.
type versions struct {
	tables atomic.Pointer[map[string]bool]
	all    atomic.Uint64 // writes that are about no store in particular

	mu     sync.RWMutex
	stores map[int64]uint64
}

func (v *versions) watch(tables []string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	watched := map[string]bool{}
	if before := v.tables.Load(); before != nil {
		maps.Copy(watched, *before)
	}
	for _, t := range tables {
		watched[t] = true
	}
	v.tables.Store(&watched)
}

// guard returns a watch that reports a statement that reads a table whose
// writes are not counted.
func (v *versions) guard(also func(*Stmt), found *error) func(*Stmt) {
	watched := *v.tables.Load()
	return func(s *Stmt) {
		if also != nil {
			also(s)
		}
		for _, table := range tablesRead(s.sql) {
			if !watched[table] {
				*found = fmt.Errorf("sqldb: what is kept of %s is not made old by its writes", table)
			}
		}
	}
}

// of returns a number that is another one after each write for a store.
func (v *versions) of(store int64) uint64 {
	v.mu.RLock()
	defer v.mu.RUnlock()
	return v.stores[store] + v.all.Load()
}

// changes are the stores for which a transaction writes what somebody keeps.
type changes struct {
	stores []int64
	all    bool
}

// note notes what a statement is about to change.
func (v *versions) note(c *changes, s *Stmt, store int64) {
	watched := v.tables.Load()
	if watched == nil || !(*watched)[s.writes] {
		return
	}
	switch n := len(c.stores); {
	case s.global:
		c.all = true
	case n == 0 || c.stores[n-1] != store:
		c.stores = append(c.stores, store)
	}
}

// end makes old what was kept of the stores. A transaction without effect may
// do so too, and one of which nobody knows whether it had any must.
func (v *versions) end(c *changes) {
	if c.all {
		v.all.Add(1)
	}
	if len(c.stores) == 0 {
		return
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.stores == nil {
		v.stores = map[int64]uint64{}
	}
	for _, store := range c.stores {
		v.stores[store]++
	}
}

// writtenTable returns the table that a statement changes, or nothing.
func writtenTable(sql string) string {
	rest := strings.TrimLeft(sql, " \t\n")
	for _, verb := range []string{"INSERT INTO ", "UPDATE ", "DELETE FROM "} {
		if after, ok := strings.CutPrefix(rest, verb); ok {
			if end := strings.IndexAny(after, " \t\n("); end > 0 {
				return after[:end]
			}
			return after
		}
	}
	return ""
}

// tablesRead returns the tables that a statement selects from.
func tablesRead(sql string) []string {
	var out []string
	words := strings.Fields(sql)
	for i := 1; i < len(words); i++ {
		if before := words[i-1]; before != "FROM" && before != "JOIN" {
			continue
		}
		if name := strings.TrimRight(words[i], "),"); !strings.HasPrefix(name, "(") {
			out = append(out, name)
		}
	}
	return out
}
