package duplicate

import (
	"context"
	"slices"
	"strings"
	"time"

	"clientele/internal/customer"
	"clientele/internal/history"
	"clientele/internal/jobs"
	"clientele/internal/jsonx"
	"clientele/internal/listing"
	"clientele/internal/sqldb"
)

const (
	// findJob looks at customers until all were looked at.
	findJob = "find_duplicates"
	// bite is how many customers one transaction looks at.
	bite = 100
	// shift is how long a job looks before it lets others have a go.
	shift = 20 * time.Second
	// settled is after how many seconds no write is under way any more that dates
	// its customer so.
	settled = 60
	// anew is after how many seconds all customers are looked at once more: addresses
	// change without their customers.
	anew = 7 * 24 * 60 * 60
)

var (
	selectScan = sqldb.Static(`SELECT date_started, position, changed_to, changed_id, date_done FROM duplicate_scans WHERE store_id = $1`)
	startScan  = sqldb.Static(`INSERT INTO duplicate_scans (store_id, position, changed_to, changed_id, date_started, date_done) VALUES ($1, 0, $2, 0, $2, 0) ON CONFLICT (store_id) DO NOTHING`)
	moveScan   = sqldb.Static(`UPDATE duplicate_scans SET position = $2, changed_to = $3, changed_id = $4, date_done = $5 WHERE store_id = $1`)
	scanned    = sqldb.Global(`SELECT s.id FROM stores s JOIN duplicate_scans d ON d.store_id = s.id ORDER BY s.id`)

	dropKeys   = sqldb.Static(`DELETE FROM duplicate_keys WHERE store_id = $1 AND customer_id = $2`)
	insertKeys = sqldb.StaticRows(`INSERT INTO duplicate_keys (store_id, compare_key, customer_id) VALUES `, 0, 2, 6, ` ON CONFLICT (store_id, compare_key, customer_id) DO NOTHING`)
	othersOf   = sqldb.Static(`SELECT customer_id FROM duplicate_keys WHERE store_id = $1 AND compare_key = $2 ORDER BY customer_id LIMIT $3`)
	pairsOf    = sqldb.Static(`SELECT id, first_id, second_id, distance, reasons FROM duplicate_pairs WHERE store_id = $1 AND first_id = $2 UNION ALL
		SELECT p.id, p.first_id, p.second_id, p.distance, p.reasons FROM duplicate_pairs p WHERE p.store_id = $1 AND p.second_id = $2`)
	openPairs  = sqldb.Static(`SELECT id FROM duplicate_pairs WHERE store_id = $1 AND is_dismissed = 0 ORDER BY distance, id LIMIT 1 OFFSET $2`)
	takeIDs    = sqldb.Static(`UPDATE store_counters SET duplicate_id = duplicate_id + $2 WHERE store_id = $1 RETURNING duplicate_id`)
	insertPair = sqldb.Static(`INSERT INTO duplicate_pairs (store_id, id, first_id, second_id, distance, reasons, is_dismissed, date_created) VALUES ($1, $2, $3, $4, $5, $6, 0, $7)
		ON CONFLICT (store_id, first_id, second_id) DO UPDATE SET distance = excluded.distance, reasons = excluded.reasons`)
	dropPair    = sqldb.Static(`DELETE FROM duplicate_pairs WHERE store_id = $1 AND id = $2 AND is_dismissed = 0`)
	pairByID    = sqldb.Static(`SELECT ` + pairColumns + ` FROM duplicate_pairs WHERE store_id = $1 AND id = $2`)
	dismissPair = sqldb.Static(`UPDATE duplicate_pairs SET is_dismissed = $3 WHERE store_id = $1 AND id = $2`)
)

const pairColumns = `id, first_id, second_id, distance, reasons, is_dismissed, date_created`

func (p *Pair) scan(r *sqldb.Row) error {
	*p = Pair{ID: r.Int(0), First: r.Int(1), Second: r.Int(2), Score: top - r.Int(3), Dismissed: r.Flag(5), Created: r.Int(6)}
	for text := range strings.SplitSeq(r.Text(4), ",") {
		p.Reasons = append(p.Reasons, Reason(text))
	}
	return nil
}

// List returns a page of pairs.
func (s *Service) List(ctx context.Context, storeID int64, q *listing.Query) (out []Pair, res *listing.Result, err error) {
	err = s.db.Read(ctx, storeID, func(tx *sqldb.Tx) (err error) {
		out, res, err = listing.Rows(tx, q, pairColumns, (*Pair).scan)
		return err
	})
	return out, res, err
}

// Dismiss notes that the customers of a pair are two, or not any more.
func (s *Service) Dismiss(ctx context.Context, storeID, id int64, is bool) (*Pair, error) {
	var p *Pair
	err := s.db.Write(ctx, storeID, func(tx *sqldb.Tx) error {
		p = nil
		if err := tx.Query(sqldb.Dynamic(pairByID.SQL()+tx.ForUpdate()), func(r *sqldb.Row) error { p = &Pair{}; return p.scan(r) }, id); err != nil {
			return err
		}
		if p == nil {
			return errNoPair
		}
		if p.Dismissed == is {
			return nil
		}
		e := history.Entry{Action: history.Updated, Resource: history.Duplicate, ID: id}
		e.Add(false, history.FieldCustomer, "", string(jsonx.AppendInts(nil, []int64{p.First, p.Second})))
		e.Add(false, history.FieldStatus, history.Text(status(p.Dismissed)), history.Text(status(is)))
		p.Dismissed = is
		if err := history.Enter(tx, s.sys.Now(), e); err != nil {
			return err
		}
		return tx.Exec(dismissPair, id, sqldb.Flag(is))
	})
	return p, err
}

func status(dismissed bool) string {
	if dismissed {
		return "dismissed"
	}
	return "open"
}

// scan is Scan with what the job goes by.
type scan struct {
	Scan
	changedTo, changedID int64
}

func readScan(tx *sqldb.Tx, clause string) (out scan, err error) {
	err = tx.Query(sqldb.Dynamic(selectScan.SQL()+clause), func(r *sqldb.Row) error {
		out = scan{Scan{Started: r.Int(0), Position: r.Int(1), Done: r.Int(4)}, r.Int(2), r.Int(3)}
		return nil
	})
	return out, err
}

// Scan tells how far a store was looked through.
func (s *Service) Scan(ctx context.Context, storeID int64) (out Scan, err error) {
	err = s.db.Read(ctx, storeID, func(tx *sqldb.Tx) error {
		all, err := readScan(tx, "")
		out = all.Scan
		return err
	})
	return out, err
}

// Start has a job look through a store, and at what changes from then on. Asked for
// again it changes nothing.
func (s *Service) Start(ctx context.Context, storeID int64) (Scan, error) {
	err := s.db.Write(ctx, storeID, func(tx *sqldb.Tx) error {
		there, err := readScan(tx, "")
		if err != nil || there.Started != 0 {
			return err
		}
		now := s.sys.Now()
		if err := tx.Exec(startScan, now); err != nil {
			return err
		}
		return jobs.Enqueue(tx, now, findJob, struct{}{}, now)
	})
	if err != nil {
		return Scan{}, err
	}
	return s.Scan(ctx, storeID)
}

// Register has r find duplicates.
func (s *Service) Register(r *jobs.Runner) {
	r.Register(jobs.Kind{Name: findJob, Limit: 1, Timeout: 5 * time.Minute, Handler: func(ctx context.Context, j jobs.Job) error {
		more, err := s.Look(ctx, j.StoreID, shift)
		if err == nil && more {
			return jobs.NotNow(time.Second)
		}
		return err
	}, Schedule: []time.Duration{5 * time.Second, time.Minute, 10 * time.Minute, time.Hour, 6 * time.Hour, 24 * time.Hour}})
	r.Every("duplicates of changed customers", 10*time.Minute, s.lookAll)
}

// lookAll looks for a while at what changed in all stores that asked for it.
func (s *Service) lookAll(ctx context.Context) error {
	var stores []int64
	if err := s.db.Read(ctx, 0, func(tx *sqldb.Tx) error {
		stores = stores[:0]
		return tx.Query(scanned, func(r *sqldb.Row) error { stores = append(stores, r.Int(0)); return nil })
	}); err != nil {
		return err
	}
	for _, id := range stores {
		if _, err := s.Look(ctx, id, shift); err != nil {
			return err
		}
	}
	return nil
}

// Look looks at customers for a while, and reports whether there are more to look at.
func (s *Service) Look(ctx context.Context, storeID int64, patience time.Duration) (more bool, err error) {
	for end := s.sys.Elapsed() + patience; ; {
		if more, err = s.lookSome(ctx, storeID); err != nil || !more || s.sys.Elapsed() >= end {
			return more, err
		}
	}
}

// lookSome looks at some customers: at those that changed, and then at those that
// nobody has looked at yet.
func (s *Service) lookSome(ctx context.Context, storeID int64) (more bool, err error) {
	err = s.db.WriteAgain(ctx, storeID, func(tx *sqldb.Tx) error {
		more = false
		at, err := readScan(tx, tx.ForUpdate())
		if err != nil || at.Started == 0 {
			return err
		}
		now := s.sys.Now()
		changed, err := customer.ChangedAfter(tx, at.changedTo, at.changedID, now-settled, bite)
		if err != nil {
			return err
		}
		ids := make([]int64, 0, bite)
		switch {
		case len(changed) > 0:
			for _, c := range changed {
				ids = append(ids, c.ID)
				at.changedTo, at.changedID = c.DateModified, c.ID
			}
			more = true
		case at.Done != 0 && at.Done > now-anew:
			return nil
		default:
			if at.Done != 0 {
				at.Done, at.Position = 0, 0
			}
			if ids, err = customer.IDsAfter(tx, at.Position, bite); err != nil {
				return err
			}
			if len(ids) < bite {
				at.Done = now
			} else {
				more = true
			}
			if len(ids) > 0 {
				at.Position = ids[len(ids)-1]
			}
		}
		if err := s.look(tx, ids, now); err != nil {
			return err
		}
		return tx.Exec(moveScan, at.Position, at.changedTo, at.changedID, at.Done)
	})
	return more, err
}

// look compares customers with all others.
func (s *Service) look(tx *sqldb.Tx, ids []int64, now int64) error {
	if len(ids) == 0 {
		return nil
	}
	people, err := customer.ForComparison(tx, ids)
	if err != nil {
		return err
	}
	keys := make(map[int64][]key, len(people))
	var rows []any
	for i := range people {
		c := &people[i]
		keys[c.ID] = keysOf(c)
		if err := tx.Exec(dropKeys, c.ID); err != nil {
			return err
		}
		for _, k := range keys[c.ID] {
			rows = append(rows, k.hash, c.ID)
		}
	}
	if err := insertKeys.Exec(tx, nil, rows); err != nil {
		return err
	}
	holders := map[int64][]int64{}
	var qs []sqldb.Q
	for _, list := range keys {
		for _, k := range list {
			if _, asked := holders[k.hash]; asked {
				continue
			}
			holders[k.hash] = nil
			qs = append(qs, sqldb.Q{Stmt: othersOf, Args: []any{k.hash, int64(common + 1)}, Each: func(r *sqldb.Row) error {
				holders[k.hash] = append(holders[k.hash], r.Int(0))
				return nil
			}})
		}
	}
	if err := tx.Pipeline(qs...); err != nil {
		return err
	}
	alike := map[[2]int64]map[Reason]bool{}
	for id, list := range keys {
		for _, k := range list {
			if len(holders[k.hash]) > common {
				continue
			}
			for _, other := range holders[k.hash] {
				if other == id {
					continue
				}
				both := [2]int64{min(id, other), max(id, other)}
				if alike[both] == nil {
					alike[both] = map[Reason]bool{}
				}
				alike[both][k.reason] = true
			}
		}
	}
	return s.keep(tx, ids, alike, now)
}

// keep notes the pairs of which one customer was looked at, and drops those that are
// none any more.
func (s *Service) keep(tx *sqldb.Tx, ids []int64, alike map[[2]int64]map[Reason]bool, now int64) error {
	var qs []sqldb.Q
	had := map[[2]int64]string{}
	var gone []int64
	for _, id := range ids {
		qs = append(qs, sqldb.Q{Stmt: pairsOf, Args: []any{id}, Each: func(r *sqldb.Row) error {
			both := [2]int64{r.Int(1), r.Int(2)}
			if had[both] = strings.Clone(r.Text(4)); alike[both] == nil {
				gone = append(gone, r.Int(0))
			}
			return nil
		}})
	}
	if err := tx.Pipeline(qs...); err != nil {
		return err
	}
	for _, id := range gone {
		if err := tx.Exec(dropPair, id); err != nil {
			return err
		}
	}
	type found struct {
		both    [2]int64
		score   int64
		reasons string
	}
	var fresh []found
	for both, reasons := range alike {
		if reasons[SameEmail] {
			delete(reasons, SameMailbox)
		}
		var words []string
		for _, r := range order {
			if reasons[r] {
				words = append(words, string(r))
			}
		}
		text := strings.Join(words, ",")
		if had[both] == text {
			continue
		}
		fresh = append(fresh, found{both, score(reasons), text})
	}
	if len(fresh) == 0 {
		return nil
	}
	full := false
	if err := tx.Query(openPairs, func(*sqldb.Row) error { full = true; return nil }, int64(shownMost)); err != nil || full {
		return err
	}
	slices.SortFunc(fresh, func(a, b found) int { return slices.Compare(a.both[:], b.both[:]) })
	last := int64(0)
	if err := tx.Query(takeIDs, func(r *sqldb.Row) error { last = r.Int(0); return nil }, int64(len(fresh))); err != nil {
		return err
	}
	for i, f := range fresh {
		if err := tx.Exec(insertPair, last-int64(len(fresh)-1-i), f.both[0], f.both[1], top-f.score, f.reasons, now); err != nil {
			return err
		}
	}
	return nil
}
