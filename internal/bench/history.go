package bench

import (
	"context"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"clientele/internal/customer"
	"clientele/internal/history"
	"clientele/internal/password"
	"clientele/internal/sqldb"
	"clientele/internal/store"
	"clientele/internal/system"
)

const (
	caseHistory    = "history"
	historyCreates = 20_000
	historyBatch   = 8 // entries of a transaction, as of creates that share one
	historyTurns   = 4
)

// HistoryRow is what the history costs: of a create with the entry that it has,
// how much is the entry's. Both are made in this process, so that what is taken is
// of the services and the database alone. Times are of the processor.
type HistoryRow struct {
	create, entry time.Duration
	bytes         int64 // of the tables, for so many entries
	entries       int64
}

// Without is how much a create costs without its entry, of what it costs.
func (r *HistoryRow) Without() float64 { return float64(r.create-r.entry) / float64(r.create) }

// figures are the rows of the report.
func (r *HistoryRow) figures() []Figure {
	each := float64(r.bytes) / float64(r.entries)
	return []Figure{
		figureOf("Processor time of a create in this process, of its entry of the history", "", amount(unitMicros, micros(r.create)), amount(unitMicros, micros(r.entry))),
		figureOf("A create without its entry, of one with it", "≥ 0.95 "+met(r.Without() >= 0.95), amount(unitShare, r.Without()).more()),
		figureOf("Bytes of such an entry, of 1,000,000", "", amount(unitCount, each), inMiB(int64(each*1e6))),
	}
}

// history measures in a database of its own.
func (b *bencher) history(ctx context.Context, d data) (_ *HistoryRow, err error) {
	dsn, drop, err := copyOf(ctx, d, "history")
	if err != nil {
		return nil, err
	}
	defer drop(&err)
	db, err := sqldb.Open(ctx, dsn, sqldb.Options{WriteTimeout: 5 * time.Minute})
	if err != nil {
		return nil, err
	}
	defer db.Close()
	sys := system.Real()
	if _, err := db.Migrate(ctx, sys.Now()); err != nil {
		return nil, err
	}
	st, err := store.NewService(db, sys).Create(ctx, "", "Kept", "")
	if err != nil {
		return nil, err
	}
	ctx = history.With(ctx, &history.Origin{Surface: history.V3, Actor: history.APIAccountActor(1), Address: "203.0.113.7", RequestID: strings.Repeat("0a", 16)})
	row := &HistoryRow{entries: historyCreates}
	before, err := tableBytes(ctx, db, "history%")
	if err != nil {
		return nil, err
	}
	people := make([]customer.Create, historyCreates+historyBatch) // before the clock runs; counted from 1 on
	for i := range people {
		people[i] = crowdPerson(int64(i))
		people[i].Addresses = nil // each has an entry of its own
	}
	customers := customer.NewService(db, sys, password.New(sys))
	if row.create, err = b.spend(historyCreates, func(i int64) error {
		_, err := customers.CreateFor(ctx, password.Party{StoreID: st.ID}, []customer.Create{people[i]})
		return err
	}); err != nil {
		return nil, err
	}
	after, err := tableBytes(ctx, db, "history%")
	if err != nil {
		return nil, err
	}
	row.bytes = after - before
	// An entry costs what transactions with entries cost more than those without. Both
	// take turns, as the machine is not always as fast.
	for range historyTurns {
		without, err := b.entries(ctx, db, st.ID, nil)
		if err != nil {
			return nil, err
		}
		with, err := b.entries(ctx, db, st.ID, people)
		if err != nil {
			return nil, err
		}
		row.entry += (with - without) / historyTurns
	}
	b.say("%-11s create %.1f µs  entry %.1f µs  %.0f bytes an entry", caseHistory, micros(row.create), micros(row.entry), float64(row.bytes)/float64(row.entries))
	return row, nil
}

// told are the fields of the entry of a create.
var told = history.Table[customer.Customer]{
	history.Personal(history.TextColumn(history.FieldEmail, func(c *customer.Customer) string { return c.Email })),
	history.Personal(history.TextColumn(history.FieldFirstName, func(c *customer.Customer) string { return c.FirstName })),
	history.Personal(history.TextColumn(history.FieldLastName, func(c *customer.Customer) string { return c.LastName })),
	history.Personal(history.TextColumn(history.FieldCompany, func(c *customer.Customer) string { return c.Company })),
	history.Personal(history.TextColumn(history.FieldPhone, func(c *customer.Customer) string { return c.Phone })),
	history.IntColumn(history.FieldOriginChannel, func(c *customer.Customer) int64 { return 1 }),
}

// entries returns what an entry's share of a transaction costs that counts
// entries, and records those of people, if there are some.
func (b *bencher) entries(ctx context.Context, db *sqldb.DB, storeID int64, people []customer.Create) (time.Duration, error) {
	each, err := b.spend(historyCreates/historyBatch, func(i int64) error {
		return db.WriteShared(ctx, storeID, func(tx *sqldb.Tx) error {
			c, err := store.Advance{Entries: historyBatch}.Run(tx)
			if err != nil || people == nil {
				return err
			}
			list := make([]history.Entry, historyBatch)
			for n := range list {
				p := &people[i*historyBatch+int64(n)]
				id := c.EntryID + int64(n)
				list[n] = history.Entry{Action: history.Created, Resource: history.Customer, ID: id, CustomerID: id}
				told.Diff(&list[n], nil, &customer.Customer{Email: p.Email, FirstName: p.FirstName, LastName: p.LastName, Company: p.Company, Phone: p.Phone})
			}
			return history.Record(tx, c.EntryID, c.EntryID, list)
		})
	})
	return each / historyBatch, err
}

// spend returns the processor time that each of n calls takes of this process and
// of the database.
func (b *bencher) spend(n int64, do func(i int64) error) (time.Duration, error) {
	me := &child{proc: &os.Process{Pid: os.Getpid()}}
	before := me.cpu() + b.database()
	var next atomic.Int64
	var all sync.WaitGroup
	failed := make(chan error, b.Clients)
	for range b.Clients {
		all.Go(func() {
			for i := next.Add(1); i <= n; i = next.Add(1) {
				if err := do(i); err != nil {
					failed <- err
					return
				}
			}
		})
	}
	all.Wait()
	select {
	case err := <-failed:
		return 0, err
	default:
	}
	return (me.cpu() + b.database() - before) / time.Duration(n), nil
}
