// Package state replaces what stores hold, for tests: it takes snapshots, goes
// back to them, and makes stores that hold what others do. It knows no table by
// itself: what there is the schema says, and rules.go what becomes of it.
//
// To go back means to change those rows that differ, in one transaction: most
// tests change few of them. Whoever was about to write before that is refused
// afterwards (sqldb.Epoch).
package state

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"

	"clientele/internal/fault"
	"clientele/internal/sqldb"
	"clientele/internal/system"
)

const (
	// maxBaseline bounds the customers and subscribers of stores that are kept as
	// they were after the start: they are in memory.
	maxBaseline = 5000
	// maxStores bounds how many stores there may be for Clone to make one more.
	maxStores = 10_000
)

// Service replaces what stores hold.
type Service struct {
	DB     *sqldb.DB
	System *system.System
	// Forget has the rest of the process forget what it remembers of stores.
	Forget func()
	// Draw draws what a store draws at its first use and keeps for good.
	Draw func(ctx context.Context, storeID int64) error

	secrets []sqldb.Secrets
	plan    *plan // once ready
	sealed  map[*table][]sealed

	mu       sync.Mutex
	baseline baseline
	packed   []byte // the baseline, until somebody needs it: it takes less room
	once     sync.Once
	ready    chan struct{} // the baseline is known
	read     map[string]*image
	pool     pool
}

// New returns a Service. Secrets are those of all packages.
func New(db *sqldb.DB, sys *system.System, secrets []sqldb.Secrets) *Service {
	s := &Service{DB: db, System: sys, secrets: secrets, ready: make(chan struct{}), read: map[string]*image{}}
	s.baseline.of = map[string]*kept{}
	s.pool.wake = make(chan struct{}, 1)
	return s
}

// learn reads the schema.
func (s *Service) learn(tx *sqldb.Tx) error {
	layouts, err := tx.Layouts()
	if err != nil {
		return err
	}
	p, err := newPlan(layouts, s.DB.Bulk())
	if err != nil {
		return err
	}
	if s.sealed, err = p.sealedIn(s.secrets); err != nil {
		return err
	}
	differ := map[*table]bool{}
	for _, name := range append([]string{"api_accounts", "channels", "history_seals", "secret_keys"}, seenAcross...) {
		differ[p.named[name]] = true
	}
	for t := range s.sealed {
		differ[t] = true
	}
	p.settle(differ)
	s.plan = p
	return nil
}

// wait waits until the baseline is known, with which the schema is.
func (s *Service) wait(ctx context.Context) error {
	s.Begin(ctx)
	select {
	case <-s.ready:
	case <-ctx.Done():
		return ctx.Err()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.plan == nil {
		if err := s.DB.Read(ctx, installationID, s.learn); err != nil {
			return err
		}
	}
	if s.packed == nil {
		return nil
	}
	c, err := s.decode(s.packed)
	if err != nil {
		return err
	}
	s.packed = nil
	s.keep(c)
	return nil
}

func (s *Service) forget() {
	if s.Forget != nil {
		s.Forget()
	}
}

// kept is a store with what it held at a time.
type kept struct {
	shop
	holds holding
}

// image is what a database held at a time, or some of its stores.
type image struct {
	made   int64
	plain  bool // secrets are not encrypted
	stores []kept
	// installation is what is of no store; nil: it is no part.
	installation holding
}

// baseline is what the database held after the start.
type baseline struct {
	why          error // there is none
	of           map[string]*kept
	installation holding
}

func (b *baseline) put(k *kept) { b.of[k.Hash] = k }

// draw has stores draw what they keep for good: drawn after a snapshot, it would
// be another after each return to it.
func (s *Service) draw(ctx context.Context, hashes []string) error {
	if err := s.wait(ctx); err != nil || s.Draw == nil {
		return err
	}
	var have []shop
	if err := s.DB.Read(ctx, installationID, func(tx *sqldb.Tx) (err error) {
		have, err = s.plan.shopsTx(tx)
		return err
	}); err != nil {
		return err
	}
	for _, st := range have {
		if hashes == nil || slices.Contains(hashes, st.Hash) {
			if err := s.Draw(ctx, st.ID); err != nil {
				return err
			}
		}
	}
	return nil
}

// hold returns what stores hold, all at the same moment: all stores and the
// installation if none is named.
func (s *Service) hold(ctx context.Context, hashes []string) (out *image, err error) {
	if err := s.wait(ctx); err != nil {
		return nil, err
	}
	err = s.DB.Snapshot(ctx, installationID, func(tx *sqldb.Tx) error {
		out = &image{made: s.System.Now()}
		have, err := s.plan.shopsTx(tx)
		if err != nil {
			return err
		}
		wanted := have
		if hashes != nil {
			wanted = nil
			for _, hash := range hashes {
				st := find(have, hash)
				if st == nil {
					return unknown(hash)
				}
				wanted = append(wanted, *st)
			}
		}
		for _, st := range wanted {
			k := kept{shop: st}
			if k.holds, err = s.plan.hold(tx.In(st.ID)); err != nil {
				return err
			}
			out.stores = append(out.stores, k)
		}
		if hashes == nil {
			out.installation, err = s.plan.hold(tx)
		}
		return err
	})
	return out, err
}

var (
	storeIDs = sqldb.Global(`SELECT id FROM stores`)
	sizeOf   = sqldb.Static(`SELECT customers + subscribers FROM store_counters WHERE store_id = $1`)
)

// Begin keeps what there is now as what Reset goes back to, when it is called for
// the first time. It returns when the moment is fixed, and reads beside the
// requests. It is called before the first write that somebody asks for: a server
// that nobody writes to keeps nothing.
func (s *Service) Begin(ctx context.Context) {
	s.once.Do(func() { s.begin(context.WithoutCancel(ctx)) })
}

func (s *Service) begin(ctx context.Context) {
	fixed := make(chan struct{})
	once := sync.OnceFunc(func() { close(fixed) })
	go func() {
		defer close(s.ready)
		defer once()
		var packed []byte
		err := s.DB.Snapshot(ctx, installationID, func(tx *sqldb.Tx) error {
			n := int64(0)
			var ids []int64
			if err := tx.Query(storeIDs, func(r *sqldb.Row) error { ids = append(ids, r.Int(0)); return nil }); err != nil {
				return err
			}
			once() // the moment is fixed
			for _, id := range ids {
				if err := tx.In(id).Query(sizeOf, func(r *sqldb.Row) error { n += r.Int(0); return nil }); err != nil {
					return err
				}
			}
			if n > maxBaseline {
				return fault.New(fault.Conflict, fmt.Sprintf("there is no baseline: at the start there were %d customers and subscribers, and up to %d are kept to go back to; a snapshot may have more", n, maxBaseline))
			}
			if err := s.learn(tx); err != nil {
				return err
			}
			stores, err := s.plan.shopsTx(tx)
			if err != nil {
				return err
			}
			packed, err = s.pack(tx, stores)
			return err
		})
		s.mu.Lock()
		defer s.mu.Unlock()
		s.baseline.why, s.packed = err, packed
	}()
	<-fixed
}

// keep makes content the baseline of its stores. mu is held.
func (s *Service) keep(c *image) {
	for i := range c.stores {
		s.baseline.put(&c.stores[i])
	}
	if c.installation != nil {
		s.baseline.installation, s.baseline.why = c.installation, nil
	}
}

// Rebase keeps what there is now as what Reset goes back to.
func (s *Service) Rebase(ctx context.Context) error {
	if err := s.draw(ctx, nil); err != nil {
		return err
	}
	c, err := s.hold(ctx, nil)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.keep(c)
	return nil
}

// Reset has stores hold what they held after the start, or, if they were made
// since, as they were made; all stores and the installation if none is named,
// and then there are no others.
func (s *Service) Reset(ctx context.Context, hashes []string) error {
	if err := s.wait(ctx); err != nil {
		return err
	}
	to := &image{}
	s.mu.Lock()
	b, why := s.baseline, s.baseline.why
	if hashes == nil {
		for _, k := range b.of {
			if !k.ForTest {
				to.stores = append(to.stores, *k)
			}
		}
		to.installation = b.installation
	}
	missing := ""
	for _, hash := range hashes {
		k := b.of[hash]
		if k == nil {
			missing = hash
			break
		}
		to.stores = append(to.stores, *k)
	}
	s.mu.Unlock()
	switch {
	case why != nil && (hashes == nil || missing != ""):
		return why
	case missing != "":
		return fault.New(fault.NotFound, fmt.Sprintf("there is no store %q to go back to: it was not there after the start", missing))
	}
	slices.SortFunc(to.stores, func(a, b kept) int { return int(a.ID - b.ID) })
	return s.goTo(ctx, to, hashes == nil)
}

// Empty has stores hold nothing but what they are reached by; all stores if none
// is named.
func (s *Service) Empty(ctx context.Context, hashes []string) error {
	if err := s.wait(ctx); err != nil {
		return err
	}
	err := s.DB.Replace(ctx, func(tx *sqldb.Tx) (out sqldb.Replaced, err error) {
		have, err := s.plan.shopsTx(tx)
		if err != nil {
			return out, err
		}
		for _, hash := range hashes {
			if find(have, hash) == nil {
				return out, unknown(hash)
			}
		}
		for _, st := range have {
			if hashes != nil && !slices.Contains(hashes, st.Hash) {
				continue
			}
			in := tx.In(st.ID)
			h, err := s.plan.hold(in)
			if err != nil {
				return out, err
			}
			if h, err = s.emptied(h); err != nil {
				return out, err
			}
			if err := s.plan.replace(in, h); err != nil {
				return out, err
			}
			out.Stores = append(out.Stores, st.ID)
		}
		return out, nil
	})
	if err == nil {
		s.forget()
	}
	return err
}

// goTo has stores hold what content says, in one transaction. With all there are
// no stores but those of the content.
func (s *Service) goTo(ctx context.Context, to *image, all bool) error {
	var left []int64
	err := s.DB.Replace(ctx, func(tx *sqldb.Tx) (out sqldb.Replaced, err error) {
		out.All, left = all, nil
		have, err := s.plan.shopsTx(tx)
		if err != nil {
			return out, err
		}
		if all {
			for _, st := range have {
				if slices.ContainsFunc(to.stores, func(k kept) bool { return k.Hash == st.Hash }) {
					continue
				}
				out.Stores, left = append(out.Stores, st.ID), append(left, st.ID)
				if err := s.forsake(tx, st.ID); err != nil {
					return out, err
				}
			}
		}
		if to.installation != nil {
			h := to.installation
			if to.plain {
				if h, err = s.moved(tx, h, installationID, installationID); err != nil {
					return out, err
				}
			}
			if err := s.plan.replace(tx.In(installationID), h); err != nil {
				return out, err
			}
		}
		for i := range to.stores {
			id, err := s.putTx(tx, have, &to.stores[i], to.plain)
			if err != nil {
				return out, err
			}
			out.Stores = append(out.Stores, id)
		}
		return out, nil
	})
	if errors.Is(err, sqldb.ErrForeignKey) || errors.Is(err, sqldb.ErrUnique) {
		err = fault.New(fault.Invalid, "the snapshot is damaged: what it holds does not go together")
	}
	if err != nil {
		return err
	}
	if all {
		s.mu.Lock()
		maps.DeleteFunc(s.baseline.of, func(hash string, b *kept) bool {
			return b.ForTest && !slices.ContainsFunc(to.stores, func(k kept) bool { return k.Hash == hash })
		})
		s.mu.Unlock()
	}
	s.discard(left...)
	s.forget()
	return nil
}

// putTx has a store hold what it held, and makes it if it is gone: under the id
// that it had, if that is free.
func (s *Service) putTx(tx *sqldb.Tx, have []shop, k *kept, plain bool) (id int64, err error) {
	if st := find(have, k.Hash); st != nil {
		id = st.ID
	} else {
		if id = k.ID; slices.ContainsFunc(have, func(st shop) bool { return st.ID == id }) {
			if id, err = nextID(tx); err != nil {
				return 0, err
			}
		} else if err := tx.Exec(reclaimSpare, id); err != nil { // its rows may still be there
			return 0, err
		}
	}
	row, err := s.plan.as(k.shop, id, k.Hash, k.ForTest)
	if err != nil {
		return 0, err
	}
	if st := find(have, k.Hash); st == nil || !bytes.Equal(st.row, row.row) {
		if err := s.plan.putShop(tx, row); err != nil {
			return 0, err
		}
	}
	h := k.holds
	if id != k.ID || plain {
		if h, err = s.moved(tx, h, k.ID, id); err != nil {
			return 0, err
		}
	}
	if id != k.ID {
		h = h.with(s.plan.named["history_seals"], noRows)
	}
	return id, s.plan.replace(tx.In(id), h)
}
