package customer

import (
	"context"
	"maps"
	"math"
	"slices"
	"time"

	"clientele/internal/form"
	"clientele/internal/history"
	"clientele/internal/jobs"
	"clientele/internal/password"
	"clientele/internal/sqldb"
	"clientele/internal/store"
)

// How many hashes of other systems a store holds, by kind, is kept in the
// transactions that change them. Wrong passwords are answered as late as the
// dearest kind takes (see password.Hasher.Level).
//
// Customers that were there before these counts are counted by a job, from the
// lowest id on. Until it is done, a row of imported_hash_counts tells up to
// which id it came: a transaction that changes the hash of a customer up to
// there adjusts the counts, one above leaves it to the job. The row is what the
// two meet at: who changes a hash keeps it from moving until the commit, and
// the job, which moves it, sees all that was committed before.

// hashJob counts the hashes of customers that are there.
const hashJob = "count_hashes"

const (
	// hashBite is how many customers one transaction of the job looks at; it
	// takes some milliseconds.
	hashBite = 2000
	// hashShift is for how long the job works before it lets others have a go.
	hashShift = 20 * time.Second
)

var (
	selectKinds = sqldb.Static(`SELECT kind FROM imported_hashes WHERE store_id = $1`)
	uncounted   = sqldb.Static(`SELECT counted_to FROM imported_hash_counts WHERE store_id = $1`)
	countHash   = sqldb.Static(`INSERT INTO imported_hashes (store_id, kind, customers) VALUES ($1, $2, $3)
		ON CONFLICT (store_id, kind) DO UPDATE SET customers = imported_hashes.customers + excluded.customers`)
	dropKind    = sqldb.Static(`DELETE FROM imported_hashes WHERE store_id = $1 AND kind = $2 AND customers = 0`)
	nextHashes  = sqldb.Static(`SELECT id, password_hash FROM customers WHERE store_id = $1 AND id > $2 ORDER BY id LIMIT $3`)
	moveCounted = sqldb.Static(`UPDATE imported_hash_counts SET counted_to = $2 WHERE store_id = $1`)
	endCounting = sqldb.Static(`DELETE FROM imported_hash_counts WHERE store_id = $1`)
)

// HeldKinds are the queries for the kinds that a store holds.
func HeldKinds(into *password.Kinds) []sqldb.Q {
	return []sqldb.Q{
		{Stmt: selectKinds, Each: func(r *sqldb.Row) error { into.Names = append(into.Names, r.Text(0)); return nil }},
		{Stmt: uncounted, Each: func(*sqldb.Row) error { into.Partial = true; return nil }},
	}
}

// rehash is that the stored hash of a customer becomes another; one that is
// empty is none.
type rehash struct {
	id       int64
	from, to string
}

// countHashes adjusts the counts to changes that tx makes. It comes after the
// customers are locked and, where there are several, the store's counters.
func countHashes(tx *sqldb.Tx, changes ...rehash) error {
	moved := changes[:0:0]
	for _, ch := range changes {
		if ch.from, ch.to = password.Kind(ch.from), password.Kind(ch.to); ch.from != ch.to {
			moved = append(moved, ch)
		}
	}
	if len(moved) == 0 {
		return nil
	}
	counted := int64(math.MaxInt64)
	if err := tx.Query(sqldb.Dynamic(uncounted.SQL()+tx.ForShare()), func(r *sqldb.Row) error { counted = r.Int(0); return nil }); err != nil {
		return err
	}
	by := map[string]int64{}
	for _, ch := range moved {
		if ch.id <= counted {
			by[ch.from]--
			by[ch.to]++
		}
	}
	return addHashes(tx, by)
}

var upgradePassword = sqldb.Static(`UPDATE customers SET password_hash = $4 WHERE store_id = $1 AND id = $2 AND password_hash = $3`)

// Rehash replaces the stored hash of a customer's password by another one of
// the same password, unless it is no longer the one given.
func Rehash(tx *sqldb.Tx, id int64, from, to string) error {
	n, err := tx.ExecCount(upgradePassword, id, from, to)
	if err != nil || n == 0 {
		return err
	}
	return countHashes(tx, rehash{id, from, to})
}

// takePassword gives a customer without a password one.
var takePassword = sqldb.Static(`UPDATE customers SET password_hash = $3 WHERE store_id = $1 AND id = $2 AND password_hash = ''`)

// TakePassword stores the hash of the password that a customer had in another
// store, and reports whether it did: not where there is a password by now. It is
// no new password, so nothing ends and no event tells of it; the history does.
func TakePassword(tx *sqldb.Tx, id int64, hash string, now int64) (bool, error) {
	n, err := tx.ExecCount(takePassword, id, hash)
	if err != nil || n == 0 {
		return false, err
	}
	if err := countHashes(tx, rehash{id: id, to: hash}); err != nil {
		return false, err
	}
	e := passwordChanged(id)
	e.Add(false, history.FieldSource, "", history.Text(fromUpstream))
	return true, history.Enter(tx, now, e)
}

// fromUpstream is the source of a password that was taken over.
const fromUpstream = "upstream"

// takePasswords gives customers without a password the hashes of those that they had
// elsewhere. The customers are locked.
func takePasswords(tx *sqldb.Tx, hashes []rehash) error {
	if len(hashes) == 0 {
		return nil
	}
	if _, err := (store.Advance{}).Run(tx); err != nil { // the counters before the counts
		return err
	}
	for _, h := range hashes {
		if err := tx.Exec(takePassword, h.id, h.to); err != nil {
			return err
		}
	}
	return countHashes(tx, hashes...)
}

// addHashes adds to the counts of kinds.
func addHashes(tx *sqldb.Tx, by map[string]int64) error {
	for _, k := range slices.Sorted(maps.Keys(by)) {
		n := by[k]
		if k == "" || n == 0 {
			continue
		}
		if err := tx.Exec(countHash, k, n); err != nil {
			return err
		}
		if n > 0 {
			continue
		}
		if err := tx.Exec(dropKind, k); err != nil {
			return err
		}
	}
	return nil
}

// Register has r count the hashes of customers that are older than the counts,
// take customers out of groups that are gone, count values, and keep what the search reads.
func (s *Service) Register(r *jobs.Runner) {
	again := []time.Duration{5 * time.Second, time.Minute, 10 * time.Minute, time.Hour, 6 * time.Hour, 24 * time.Hour}
	r.Register(jobs.Kind{Name: hashJob, Handler: s.countAll, Limit: 2, Schedule: again})
	r.Register(jobs.Kind{Name: leaveJob, Handler: s.leaveRest, Limit: 2, Schedule: again})
	r.Register(jobs.Kind{Name: form.CountValuesJob, Handler: s.countValues, Limit: 2, Schedule: again})
	s.index.Register(r)
}

// countAll is the handler of hashJob. What it counted stays counted when it is
// cut off.
func (s *Service) countAll(ctx context.Context, j jobs.Job) error {
	for end := s.sys.Elapsed() + hashShift; s.sys.Elapsed() < end; {
		done, err := s.countSome(ctx, j.StoreID)
		if done || err != nil {
			return err
		}
	}
	return jobs.NotNow(time.Second)
}

// countSome counts the hashes of the next customers, and tells that there are
// no more.
func (s *Service) countSome(ctx context.Context, storeID int64) (done bool, err error) {
	err = s.db.Write(ctx, storeID, func(tx *sqldb.Tx) error {
		done = true
		last, n := int64(0), 0
		if err := tx.Query(sqldb.Dynamic(uncounted.SQL()+tx.ForDelete()), func(r *sqldb.Row) error { done, last = false, r.Int(0); return nil }); err != nil || done {
			return err
		}
		by := map[string]int64{}
		if err := tx.Query(nextHashes, func(r *sqldb.Row) error {
			last = r.Int(0)
			n++
			by[password.Kind(r.Text(1))]++
			return nil
		}, last, int64(s.bite)); err != nil {
			return err
		}
		if err := addHashes(tx, by); err != nil {
			return err
		}
		if done = n < s.bite; done {
			return tx.Exec(endCounting)
		}
		return tx.Exec(moveCounted, last)
	})
	return done, err
}

// WithoutPassword returns up to most customers without a password, among the next
// look above an id. last is up to which one was looked, and end that there are no
// more.
func WithoutPassword(tx *sqldb.Tx, after int64, look, most int) (out []Customer, last int64, end bool, err error) {
	last = after
	n := 0
	err = tx.Query(withHashes, func(r *sqldb.Row) error {
		if len(out) == most {
			return nil
		}
		n++
		last = r.Int(0)
		if r.Text(hashColumn) == "" {
			out = append(out, Customer{})
			out[len(out)-1].scan(r)
		}
		return nil
	}, after, int64(look))
	return out, last, err == nil && len(out) < most && n < look, err
}

var withHashes = sqldb.Static(`SELECT ` + customerColumns + `, password_hash FROM customers WHERE store_id = $1 AND id > $2 ORDER BY id LIMIT $3`)

// CountWithoutPassword counts customers without a password among the next look above
// an id, and how many those are.
func CountWithoutPassword(tx *sqldb.Tx, after int64, look int) (without, all, last int64, err error) {
	last = after
	err = tx.Query(nextHashes, func(r *sqldb.Row) error {
		all++
		last = r.Int(0)
		if r.Text(1) == "" {
			without++
		}
		return nil
	}, after, int64(look))
	return without, all, last, err
}
