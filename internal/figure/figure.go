// Package figure keeps what happens in a store a day, as numbers: how many
// customers came, signed in, and so on. A day is closed once, by a task of every
// process, and not counted again, so that a year is read as a few rows for each
// day. Days on which nothing happened have no rows, but for those that tell from
// when and until when days are closed. Today is counted when it is asked for. What
// leaves nothing that could be counted is counted as it happens.
package figure

import (
	"context"
	"slices"
	"time"

	"clientele/internal/jobs"
	"clientele/internal/sqldb"
	"clientele/internal/system"
)

// Kind is what is counted. Its code is in rows: it is never given another
// meaning, and new ones come last.
type Kind int64

// The kinds of figures.
const (
	NewCustomers Kind = iota + 1
	// SignIns are customers whose last sign-in was that day, as of the night.
	SignIns
	NewSubscribers
	// LostSubscribers are addresses that left a channel and have not come back.
	LostSubscribers
	// New subscribers by how they came.
	SubscribersOfStorefront
	SubscribersOfOrders
	SubscribersOfApps
	// OptInsAsked are subscriptions that were to be confirmed by an emailed link,
	// and OptInsConfirmed those that were.
	OptInsAsked
	OptInsConfirmed
)

// Kinds are all of them.
var Kinds = append(slices.Clone(closed), OptInsAsked, OptInsConfirmed)

// closed are the kinds that are counted when a day is over. The others are counted
// as they happen: nothing is kept by which they could be counted later.
var closed = []Kind{NewCustomers, SignIns, NewSubscribers, LostSubscribers, SubscribersOfStorefront, SubscribersOfOrders, SubscribersOfApps}

// Source returns the query that counts what happened from one time to before
// another.
type Source func(from, to int64, n *int64) sqldb.Q

// Bounds.
const (
	// Back is how many days are kept: two years, to compare one with another.
	Back = 2 * 366
	// daysAtOnce is how many days one transaction closes, beside those on which
	// nothing happened.
	daysAtOnce = 30
	every      = 5 * time.Minute
)

var (
	kindsOn   = sqldb.Static(`SELECT kind FROM daily_figures WHERE store_id = $1 AND day = $2`)
	lastDay   = sqldb.Static(`SELECT day FROM daily_figures WHERE store_id = $1 AND day < $2 AND kind = $3 ORDER BY day DESC LIMIT 1`)
	countOne  = sqldb.Static(`INSERT INTO daily_figures (store_id, day, kind, value) VALUES ($1, $2, $3, 1) ON CONFLICT (store_id, day, kind) DO UPDATE SET value = daily_figures.value + 1`)
	insertDay = sqldb.Static(`INSERT INTO daily_figures (store_id, day, kind, value) VALUES ($1, $2, $3, $4) ON CONFLICT (store_id, day, kind) DO NOTHING`)
	daysFrom  = sqldb.Static(`SELECT day, kind, value FROM daily_figures WHERE store_id = $1 AND day >= $2 ORDER BY day, kind`)
	firstDay  = sqldb.Static(`SELECT day FROM daily_figures WHERE store_id = $1 ORDER BY day LIMIT 1`)
	oldDays   = sqldb.Static(`DELETE FROM daily_figures WHERE store_id = $1 AND day < $2`)
)

// Service keeps the figures.
type Service struct {
	db      *sqldb.DB
	sys     *system.System
	zone    func(ctx context.Context, storeID int64) (*time.Location, error)
	stores  func(ctx context.Context) ([]int64, error)
	sources map[Kind]Source
	today   today
}

// NewService returns a Service over db. zone tells a store's time zone, and
// stores which stores there are.
func NewService(db *sqldb.DB, sys *system.System, zone func(ctx context.Context, storeID int64) (*time.Location, error), stores func(ctx context.Context) ([]int64, error), sources map[Kind]Source) *Service {
	return &Service{db: db, sys: sys, zone: zone, stores: stores, sources: sources}
}

// Register has r close the days that end.
func (s *Service) Register(r *jobs.Runner) { r.Every("figures", every, s.CloseAll) }

// CloseAll closes the days of all stores that have ended.
func (s *Service) CloseAll(ctx context.Context) error {
	ids, err := s.stores(ctx)
	if err != nil {
		return err
	}
	for _, id := range ids {
		for more := true; more && ctx.Err() == nil; {
			if more, err = s.Close(ctx, id); err != nil {
				return err
			}
		}
	}
	return ctx.Err()
}

// dayOf returns the number of the day that a time is in.
func dayOf(unix int64, zone *time.Location) int64 {
	y, m, d := time.Unix(unix, 0).In(zone).Date()
	return time.Date(y, m, d, 0, 0, 0, 0, time.UTC).Unix() / 86400
}

// startOf returns when a day begins.
func startOf(day int64, zone *time.Location) int64 {
	y, m, d := time.Unix(day*86400, 0).UTC().Date()
	return time.Date(y, m, d, 0, 0, 0, 0, zone).Unix()
}

// Tally counts something that happens at a time in a store with a time zone. It
// locks a row of the store, so it comes last in a transaction.
func Tally(tx *sqldb.Tx, k Kind, now int64, zone *time.Location) error {
	return tx.Exec(countOne, dayOf(now, zone), int64(k))
}

// openDay is a figure of a day that is not closed.
type openDay struct {
	day   int64
	kind  Kind
	value int64
}

// Close closes some of the days of a store that have ended and are not closed: of
// a kind that is new, all that are kept. It reports whether there are more.
func (s *Service) Close(ctx context.Context, storeID int64) (more bool, err error) {
	zone, err := s.zone(ctx, storeID)
	if err != nil {
		return false, err
	}
	today := dayOf(s.sys.Now(), zone)
	var open []openDay
	var end int64
	if err := s.db.Read(ctx, storeID, func(tx *sqldb.Tx) error {
		open, more = nil, false
		have := map[Kind]bool{}
		if err := tx.Query(kindsOn, func(r *sqldb.Row) error { have[Kind(r.Int(0))] = true; return nil }, today-1); err != nil {
			return err
		}
		var late []Kind
		for _, k := range closed {
			if !have[k] {
				late = append(late, k)
			}
		}
		from := make([]int64, len(late))
		qs := make([]sqldb.Q, len(late))
		for i, k := range late {
			from[i] = today - Back
			qs[i] = sqldb.Q{Stmt: lastDay, Args: []any{today, int64(k)}, Each: func(r *sqldb.Row) error { from[i] = max(from[i], r.Int(0)+1); return nil }}
		}
		if len(late) == 0 {
			return nil
		}
		if err := tx.Pipeline(qs...); err != nil {
			return err
		}
		first := slices.Min(from)
		if end, err = s.quiet(tx, first, today, late, zone); err != nil {
			return err
		}
		busy := end == first
		if busy {
			end = min(first+daysAtOnce, today)
		}
		more = end < today
		for day := first; day < end; day++ {
			for i, k := range late {
				if day >= from[i] && (busy || day == end-1) {
					open = append(open, openDay{day: day, kind: k})
				}
			}
		}
		if !busy {
			return nil
		}
		qs = make([]sqldb.Q, len(open))
		for i := range open {
			o := &open[i]
			qs[i] = s.sources[o.kind](startOf(o.day, zone), startOf(o.day+1, zone), &o.value)
		}
		return tx.Pipeline(qs...)
	}); err != nil || len(open) == 0 {
		return more, err
	}
	return more, s.db.Write(sqldb.Aside(ctx), storeID, func(tx *sqldb.Tx) error {
		for _, o := range open {
			if o.value == 0 && o.day != end-1 {
				continue
			}
			if err := tx.Exec(insertDay, o.day, int64(o.kind), o.value); err != nil {
				return err
			}
		}
		// Whatever happened then, the days that are kept are closed from here on.
		if err := tx.Exec(insertDay, today-Back, int64(closed[0]), int64(0)); err != nil {
			return err
		}
		return tx.Exec(oldDays, today-Back)
	})
}

// quiet returns the day up to which nothing happened from a day on: that day itself
// if something did in the days after it, or if it is the only one that is left. It
// looks at ever longer times, so each is counted once, and one that is not
// quiet twice.
func (s *Service) quiet(tx *sqldb.Tx, first, today int64, kinds []Kind, zone *time.Location) (until int64, err error) {
	until = first
	for span := int64(daysAtOnce); until < today-1; span *= 2 {
		to := min(until+span, today)
		counts, qs := make([]int64, len(kinds)), make([]sqldb.Q, len(kinds))
		for i, k := range kinds {
			qs[i] = s.sources[k](startOf(until, zone), startOf(to, zone), &counts[i])
		}
		if err := tx.Pipeline(qs...); err != nil {
			return 0, err
		}
		if slices.Max(counts) > 0 {
			break
		}
		until = to
	}
	return until, nil
}

// Series is a figure over days, the last of which is today.
type Series struct {
	Kind   Kind
	Days   []int64 // of the period, by day
	Sum    int64
	Before int64 // of the period before
	// Known tells that the days of the period before were counted.
	Known bool
}

// Period are the figures of so many days up to today, of which First is the
// first, as the number of a day since the epoch.
type Period struct {
	First  int64
	Series []Series
}

// Of returns the series of a kind.
func (p *Period) Of(k Kind) *Series {
	return &p.Series[slices.IndexFunc(p.Series, func(s Series) bool { return s.Kind == k })]
}

// Period returns the figures of so many days, today among them.
func (s *Service) Period(ctx context.Context, storeID int64, days int) (*Period, error) {
	zone, err := s.zone(ctx, storeID)
	if err != nil {
		return nil, err
	}
	n, now := int64(days), s.sys.Now()
	today := dayOf(now, zone)
	out := &Period{First: today - n + 1}
	err = s.db.Read(ctx, storeID, func(tx *sqldb.Tx) error {
		out.Series = make([]Series, len(Kinds))
		counted, kept := make([]int64, len(closed)), make([]soFar, len(closed))
		qs := make([]sqldb.Q, 0, len(closed)+2)
		for i, k := range Kinds {
			out.Series[i] = Series{Kind: k, Days: make([]int64, days)}
			if i < len(closed) {
				kept[i] = s.today.of(storeID, k, today, startOf(today, zone), now)
				qs = append(qs, s.sources[k](kept[i].until, now+1, &counted[i]))
			}
		}
		first := int64(0)
		qs = append(qs, sqldb.Q{Stmt: daysFrom, Args: []any{out.First - n}, Each: func(r *sqldb.Row) error {
			day, i, v := r.Int(0), slices.Index(Kinds, Kind(r.Int(1))), r.Int(2)
			switch {
			case i < 0 || day > today || day == today && i < len(closed):
			case day < out.First:
				out.Series[i].Before += v
			default:
				out.Series[i].Days[day-out.First] = v
				out.Series[i].Sum += v
			}
			return nil
		}}, sqldb.Q{Stmt: firstDay, Each: func(r *sqldb.Row) error { first = r.Int(0); return nil }})
		if err := tx.Pipeline(qs...); err != nil {
			return err
		}
		if err := s.keepToday(tx, storeID, today, now, counted, kept); err != nil {
			return err
		}
		for i := range out.Series {
			if i < len(closed) {
				out.Series[i].Days[days-1] = kept[i].n + counted[i]
				out.Series[i].Sum += kept[i].n + counted[i]
			}
			out.Series[i].Known = first != 0 && first <= out.First-n
		}
		return nil
	})
	return out, err
}

// Day returns a day's date.
func Day(day int64) time.Time { return time.Unix(day*86400, 0).UTC() }
