package limit

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"time"

	"clientele/internal/sqldb"
)

// Most attempts are within their bounds: they are counted without a look, together
// with others that wait. Where a bound is reached, none of it is kept, and each
// attempt is looked at by itself.

// counting is an attempt that is counted for bounds, with their windows after it.
type counting struct {
	bounds []Bound
	now    int64
	at     []window
}

func countingOf(bounds []Bound, now int64) *counting {
	return &counting{bounds, now, make([]window, len(bounds))}
}

// over returns the first bound that the attempt is beyond and how long to wait,
// or -1.
func (c *counting) over() (full int, wait time.Duration) {
	for i, b := range c.bounds {
		if wait := c.at[i].left(c.now, b.Most+1); wait > 0 {
			return i, wait
		}
	}
	return -1, 0
}

const windowArgs = 5

var (
	countAttempts = sqldb.StaticRows(`INSERT INTO attempt_windows (store_id, subject, attempts, date_start, action, bound) VALUES `, 0, windowArgs, 6,
		` ON CONFLICT (store_id, subject) DO UPDATE SET
			attempts = excluded.attempts + CASE WHEN `+runs+` THEN attempt_windows.attempts ELSE 0 END,
			date_start = CASE WHEN `+runs+` THEN attempt_windows.date_start ELSE excluded.date_start END,
			network = CASE WHEN `+runs+` THEN attempt_windows.network ELSE '' END,
			action = excluded.action, bound = excluded.bound
		RETURNING subject, attempts, date_start`)
	noteNetwork = sqldb.Static(`UPDATE attempt_windows SET network = $3 WHERE store_id = $1 AND subject = $2`)
)

// runs is whether the window that is there still runs: see current.
var runs = fmt.Sprintf(`attempt_windows.date_start BETWEEN excluded.date_start - %d AND excluded.date_start + %d`, windowSeconds-1, windowSeconds)

// countAll counts attempts. It is errFull where one comes to a bound that is
// reached.
func countAll(tx *sqldb.Tx, in []*counting) ([]error, error) {
	if err := tally(tx, in); err != nil {
		return nil, err
	}
	for _, c := range in {
		if i, _ := c.over(); i >= 0 {
			return nil, errFull
		}
	}
	return make([]error, len(in)), nil
}

// tally counts attempts, whatever their bounds, and tells each its windows.
func tally(tx *sqldb.Tx, in []*counting) error {
	type subject struct {
		Bound
		now, n int64
		at     window
	}
	subjects := map[string]*subject{}
	for _, c := range in {
		for _, b := range c.bounds {
			s := subjects[b.Subject]
			if s == nil {
				s = &subject{}
				subjects[b.Subject] = s
			}
			s.Bound, s.now, s.n = b, c.now, s.n+1
		}
	}
	rows := make([]any, 0, windowArgs*len(subjects))
	for _, name := range slices.Sorted(maps.Keys(subjects)) { // the order of all who lock several
		s := subjects[name]
		rows = append(rows, name, s.n, s.now, s.Action, s.Most)
	}
	if err := tx.Pipeline(countAttempts.Queries(nil, rows, func(r *sqldb.Row) error {
		subjects[r.Text(0)].at = window{r.Int(1), r.Int(2)}
		return nil
	})...); err != nil {
		return err
	}
	for _, c := range in {
		for i, b := range c.bounds {
			s := subjects[b.Subject]
			s.n-- // that come after it
			c.at[i] = window{s.at.attempts - s.n, s.at.start}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(subjects)) {
		// The network is kept only while its bound is reached.
		if s := subjects[name]; s.Network != "" && s.at.left(s.now, s.Most) > 0 {
			if err := tx.Exec(noteNetwork, name, s.Network); err != nil {
				return err
			}
		}
	}
	return nil
}

// takeFree is Take where no bound is reached. It is errFull, and nothing is
// counted, where one is, or was in this process.
func (w *Windows) takeFree(ctx context.Context, storeID int64, bounds []Bound) error {
	for _, b := range bounds {
		if w.full.Wait(key(storeID, b)) > 0 {
			return errFull
		}
	}
	return w.counts.Write(sqldb.Aside(ctx), storeID, countingOf(bounds, w.sys.Now()))
}

func key(storeID int64, b Bound) string { return strconv.FormatInt(storeID, 10) + " " + b.Subject }
