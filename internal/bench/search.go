package bench

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/url"
	"slices"
	"time"

	"clientele/internal/customer"
	"clientele/internal/password"
	"clientele/internal/seed"
	"clientele/internal/sqldb"
	"clientele/internal/store"
	"clientele/internal/system"
)

const (
	caseSearch = "search"
	// The crowd has a store of its own, and an account there.
	searchStore = "crowd"
	searchToken = tokenStem + "crowd"
	searchAsked = 2000 // questions, each with one edit
)

// SearchRow is how a search fares among as many people as the store has.
type SearchRow struct {
	customers   int64
	waits       []time.Duration // sorted
	found       int
	bytes       int64         // of the tables of the search
	made, lists time.Duration // how long making the customers took, and putting them into the lists
	storeID     int64
	named       []NameTime
	nameBytes   int64 // of the words of names, which bytes does not count
}

func (r *SearchRow) percentile(n int) time.Duration { return r.waits[(len(r.waits)-1)*n/100] }

// Median and Late are the median and the 99th percentile of a search over HTTP.
func (r *SearchRow) Median() time.Duration { return r.percentile(50) }

// Late is described at Median.
func (r *SearchRow) Late() time.Duration { return r.percentile(99) }

// Found is the share of questions whose answer has the right customer among the
// first ten.
func (r *SearchRow) Found() float64 { return float64(r.found) / searchAsked }

// PerCustomer is how many bytes of the database a customer takes in the tables
// of the search.
func (r *SearchRow) PerCustomer() float64 { return float64(r.bytes) / float64(r.customers) }

// figures are the rows of the report.
func (r *SearchRow) figures(engine string) []Figure {
	median, late, size := 10*time.Millisecond, 60*time.Millisecond, 250.0
	if engine == string(sqldb.Postgres) {
		median, late, size = 15*time.Millisecond, 80*time.Millisecond, 400
	}
	each := func(d time.Duration) Amount { return amount(unitMicros, micros(d)/float64(r.customers)) }
	return append([]Figure{
		figureOf("A search, median", "≤ "+millis(median)+" "+met(r.Median() <= median), inMillis(r.Median()).less()),
		figureOf("A search, 99th percentile", "≤ "+millis(late)+" "+met(r.Late() <= late), inMillis(r.Late()).less()),
		figureOf("Searches with an edit that have the right customer among the first ten", "≥ 97 % "+met(r.Found() >= 0.97), amount(unitPercent, 100*r.Found()).more()),
		figureOf("Bytes of a customer in the tables of the search", fmt.Sprintf("≤ %.0f %s", size, met(r.PerCustomer() <= size)), amount(unitCount, r.PerCustomer()).less()),
		figureOf("Time of a customer in the lists, of making one", "", each(r.lists), each(r.made)),
	}, r.nameFigures()...)
}

// search measures a search among the crowd, in a database of its own.
func (b *bencher) search(ctx context.Context, d data) (_ *SearchRow, err error) {
	dsn, drop, err := copyOf(ctx, d, "search")
	if err != nil {
		return nil, err
	}
	defer drop(&err)
	row := &SearchRow{customers: cmp.Or(b.Crowd, b.Customers)}
	if err := row.load(ctx, dsn, b.Progress); err != nil {
		return nil, err
	}
	server, err := b.serve(ctx, dsn)
	if err != nil {
		return nil, err
	}
	defer server.stop()
	c, err := dial(ctx, server.addr)
	if err != nil {
		return nil, err
	}
	defer c.conn.Close()
	var body bytes.Buffer
	if err := row.ask(func(q string) ([]int64, error) {
		body.Reset()
		err := c.do(func(b []byte) []byte {
			return fmt.Appendf(b, "GET /stores/%s/v3/clientele/search?q=%s HTTP/1.1\r\nHost: localhost\r\nX-Auth-Token: %s\r\nAccept: application/json\r\n\r\n", searchStore, url.QueryEscape(q), searchToken)
		}, 200, &body)
		if err != nil {
			return nil, err
		}
		var answer struct{ Data []struct{ ID int64 } }
		err = json.Unmarshal(body.Bytes(), &answer)
		var ids []int64
		for _, c := range answer.Data {
			ids = append(ids, c.ID)
		}
		return ids, err
	}); err != nil {
		return nil, err
	}
	if err := row.names(ctx, dsn, c); err != nil {
		return nil, err
	}
	for _, t := range row.slowNames(5) {
		b.say("%-11s name:like=%q: %s, by a comparison with every name %s, total %d", caseSearch, t.text, millis(t.took), millis(t.every), t.total)
	}
	for _, f := range row.nameFigures() {
		b.say("%-11s %s", caseSearch, f)
	}
	b.say("%-11s median %s, 99th percentile %s  right %.3f  %.0f bytes a customer", caseSearch, millis(row.Median()), millis(row.Late()), row.Found(), row.PerCustomer())
	return row, nil
}

// load makes the crowd, and its lists as the job does.
func (r *SearchRow) load(ctx context.Context, dsn string, progress io.Writer) error {
	cache, commit := loadSizes(dsn, r.customers)
	db, err := sqldb.Open(ctx, dsn, sqldb.Options{CacheKiB: cache, WriteTimeout: 5 * time.Minute})
	if err != nil {
		return err
	}
	defer db.Close()
	sys := system.Real()
	if _, err := db.Migrate(ctx, sys.Now()); err != nil {
		return err
	}
	doc, err := seed.Parse(fmt.Appendf([]byte("stores:\n"), seedStore, searchStore, searchToken))
	if err != nil {
		return err
	}
	passwords := password.New(sys)
	customers, stores := customer.NewService(db, sys, passwords), store.NewService(db, sys)
	seeder := seed.Applier{DB: db, System: sys, Stores: stores, Customers: customers, Passwords: passwords}
	if _, err := seeder.Apply(ctx, doc); err != nil {
		return err
	}
	st, err := stores.ByHash(ctx, searchStore)
	if err != nil {
		return err
	}
	r.storeID = st.ID
	before, err := tableBytes(ctx, db, "search%")
	if err != nil {
		return err
	}
	bar := newBar(progress, r.customers)
	for from := int64(1); from <= r.customers; {
		to := min(from+commit/4, r.customers+1)
		start := time.Now()
		if err := db.Write(ctx, st.ID, func(tx *sqldb.Tx) error {
			for i := from; i < to; i += loadBatch {
				var batch []customer.Create
				for n := i; n < min(i+loadBatch, to); n++ {
					batch = append(batch, crowdPerson(n))
				}
				if _, err := customers.CreateTx(tx, batch, make([]string, len(batch))); err != nil {
					return err
				}
			}
			return tx.Exec(dropEvents)
		}); err != nil {
			return err
		}
		r.made += time.Since(start)
		start = time.Now()
		if err := customers.FoldSearch(ctx, st.ID); err != nil {
			return err
		}
		r.lists += time.Since(start)
		bar.add(to - from)
		from = to
	}
	bar.end()
	after, err := tableBytes(ctx, db, "search%")
	if err != nil {
		return err
	}
	r.nameBytes, err = sizeOfNames(ctx, db, st.ID)
	r.bytes = after - before - r.nameBytes
	return err
}

// tableBytes returns how many bytes the tables take whose names are like a
// pattern, with their indexes.
func tableBytes(ctx context.Context, db *sqldb.DB, like string) (n int64, err error) {
	size := sqldb.Dynamic(`SELECT SUM(pgsize) FROM dbstat WHERE $1 = 0 AND name LIKE $2`)
	if db.Engine() == sqldb.Postgres {
		size = sqldb.Dynamic(`SELECT SUM(pg_total_relation_size(oid))::bigint FROM pg_class WHERE $1::bigint = 0 AND relkind = 'r' AND relname LIKE $2`)
	}
	err = db.Read(ctx, 0, func(tx *sqldb.Tx) error {
		return tx.Query(size, func(r *sqldb.Row) error { n = r.Int(0); return nil }, like)
	})
	return n, err
}

// ask searches for some of the crowd and takes the time. get answers a query.
func (r *SearchRow) ask(get func(q string) (ids []int64, err error)) error {
	random := rand.New(rand.NewPCG(1, 1))
	for range searchAsked {
		i := 1 + random.Int64N(r.customers)
		q := crowdQuery(random, i)
		start := time.Now()
		ids, err := get(q)
		if err != nil {
			return fmt.Errorf("%q: %w", q, err)
		}
		r.waits = append(r.waits, time.Since(start))
		if slices.Contains(ids[:min(10, len(ids))], i) {
			r.found++
		}
	}
	slices.Sort(r.waits)
	return nil
}
