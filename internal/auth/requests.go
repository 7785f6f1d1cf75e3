package auth

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"

	"clientele/internal/sqldb"
)

// Requests are those of an API account in the last days, as far as they are
// written down: each process does that once a minute.
type Requests struct {
	Days      []RequestDay `json:"d,omitempty"` // from the oldest
	Addresses []Caller     `json:"a,omitempty"` // the one that asked last first
}

// RequestDay is how many requests came on a day of UTC, counted from 1970.
type RequestDay struct {
	Day int64 `json:"d"`
	N   int64 `json:"n"`
}

// Caller is an address from which requests came.
type Caller struct {
	Address string `json:"a"`
	Last    int64  `json:"t"`
	N       int64  `json:"n"`
}

// All is how many requests there were.
func (r *Requests) All() (n int64) {
	for _, d := range r.Days {
		n += d.N
	}
	return n
}

// Bounds of what is kept of requests.
const (
	RequestDays  = 7
	MaxAddresses = 20 // of an account; those that asked last stay
	daySeconds   = 24 * 60 * 60
)

// tally are requests that are not written down yet.
type tally struct {
	mu        sync.Mutex
	n         int64
	addresses map[string]Caller
}

// Count counts a request of an account from an address. It is called for each.
func (s *APIAccounts) Count(a *APIAccount, address string) {
	key, u := accountKey{a.StoreID, a.ID}, &s.uses
	u.counting.RLock()
	t := u.tallies[key]
	u.counting.RUnlock()
	if t == nil {
		u.counting.Lock()
		if t = u.tallies[key]; t == nil && len(u.tallies) < maxUses {
			if u.tallies == nil {
				u.tallies = map[accountKey]*tally{}
			}
			t = &tally{addresses: map[string]Caller{}}
			u.tallies[key] = t
		}
		u.counting.Unlock()
		if t == nil {
			return
		}
	}
	now := s.sys.Now()
	t.mu.Lock()
	defer t.mu.Unlock()
	t.n++
	if c, known := t.addresses[address]; known || len(t.addresses) < MaxAddresses {
		t.addresses[address] = Caller{address, now, c.N + 1}
	}
}

var (
	selectRequests = sqldb.Static(`SELECT id, requests FROM api_accounts WHERE store_id = $1 AND requests <> '' ORDER BY id`)
	writeRequests  = sqldb.Static(`UPDATE api_accounts SET requests = $3 WHERE store_id = $1 AND id = $2`)
)

// Requests returns the requests of a store's accounts, by their ids.
func (s *APIAccounts) Requests(ctx context.Context, storeID int64) (out map[int64]Requests, err error) {
	first := s.sys.Now()/daySeconds - RequestDays + 1
	err = s.db.Read(ctx, storeID, func(tx *sqldb.Tx) error {
		out = map[int64]Requests{}
		return tx.Query(selectRequests, func(r *sqldb.Row) error {
			some, err := readRequests(r.Text(1))
			some.since(first)
			out[r.Int(0)] = some
			return err
		})
	})
	return out, err
}

func readRequests(text string) (r Requests, err error) {
	if text == "" {
		return r, nil
	}
	if err := json.Unmarshal([]byte(text), &r); err != nil {
		return r, fmt.Errorf("requests of an API account: %w", err)
	}
	return r, nil
}

// since leaves out what was before a day.
func (r *Requests) since(day int64) {
	r.Days = slices.DeleteFunc(r.Days, func(d RequestDay) bool { return d.Day < day })
	r.Addresses = slices.DeleteFunc(r.Addresses, func(c Caller) bool { return c.Last < day*daySeconds })
}

// add takes in further requests of a day.
func (r *Requests) add(day, n int64, addresses map[string]Caller) {
	r.since(day - RequestDays + 1)
	at, is := slices.BinarySearchFunc(r.Days, day, func(d RequestDay, day int64) int { return cmp.Compare(d.Day, day) })
	if !is {
		r.Days = slices.Insert(r.Days, at, RequestDay{Day: day})
	}
	r.Days[at].N += n
	for _, c := range addresses {
		if i := slices.IndexFunc(r.Addresses, func(have Caller) bool { return have.Address == c.Address }); i >= 0 {
			r.Addresses[i].N, r.Addresses[i].Last = r.Addresses[i].N+c.N, max(r.Addresses[i].Last, c.Last)
		} else {
			r.Addresses = append(r.Addresses, c)
		}
	}
	slices.SortFunc(r.Addresses, func(a, b Caller) int { return cmp.Or(cmp.Compare(b.Last, a.Last), cmp.Compare(a.Address, b.Address)) })
	r.Addresses = r.Addresses[:min(len(r.Addresses), MaxAddresses)]
}

// writeRequests writes down requests. What cannot be written waits for the next
// time.
func (s *APIAccounts) writeRequests(ctx context.Context) error {
	u := &s.uses
	u.counting.Lock()
	all := u.tallies
	u.tallies = nil
	u.counting.Unlock()
	day := s.sys.Now() / daySeconds
	var failed []error
	for _, key := range slices.SortedFunc(maps.Keys(all), accountKey.compare) {
		t := all[key]
		t.mu.Lock() // who found it before it was taken may still count
		n, addresses := t.n, t.addresses
		t.n, t.addresses = 0, map[string]Caller{}
		t.mu.Unlock()
		if err := s.db.Write(ctx, key.store, func(tx *sqldb.Tx) error { return addRequests(tx, key.id, day, n, addresses) }); err != nil {
			failed = append(failed, fmt.Errorf("store %d: %w", key.store, err))
			s.giveBack(key, n, addresses)
		}
	}
	return errors.Join(failed...)
}

func addRequests(tx *sqldb.Tx, id, day, n int64, addresses map[string]Caller) error {
	text, found := "", false
	if err := tx.Query(sqldb.Dynamic(`SELECT requests FROM api_accounts WHERE store_id = $1 AND id = $2`+tx.ForUpdate()), func(r *sqldb.Row) error { text, found = r.Text(0), true; return nil }, id); err != nil || !found {
		return err
	}
	have, err := readRequests(text)
	if err != nil {
		have = Requests{} // what is only looked at must not stand in the way
	}
	have.add(day, n, addresses)
	out, err := json.Marshal(have)
	if err != nil {
		return err
	}
	return tx.Exec(writeRequests, id, string(out))
}

// giveBack has requests wait that could not be written down.
func (s *APIAccounts) giveBack(key accountKey, n int64, addresses map[string]Caller) {
	u := &s.uses
	u.counting.Lock()
	defer u.counting.Unlock()
	if u.tallies == nil {
		u.tallies = map[accountKey]*tally{}
	}
	t := u.tallies[key]
	if t == nil {
		u.tallies[key] = &tally{n: n, addresses: addresses}
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.n += n
	for at, c := range addresses {
		have := t.addresses[at]
		t.addresses[at] = Caller{at, max(have.Last, c.Last), have.N + c.N}
	}
}
