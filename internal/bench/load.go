package bench

import (
	"context"
	"fmt"
	"io"
	"time"

	"clientele/internal/customer"
	"clientele/internal/password"
	"clientele/internal/seed"
	"clientele/internal/sqldb"
	"clientele/internal/store"
	"clientele/internal/subscriber"
	"clientele/internal/system"
)

// The store and the account that everything is measured with.
const (
	storeHash   = "bench"
	storeID     = 1 // the first store of a database
	accessToken = "benchmark0access0token0000000001"
	clientID    = "benchmark0client0id000000000001"
	secret      = "00000000000000000000000000000000000000000000000000000000000000ff"
	seedFile    = `stores:
  - hash: ` + storeHash + `
    name: Benchmark
    api_accounts:
      - name: Benchmark
        client_id: ` + clientID + `
        client_secret: ` + secret + `
        access_token: ` + accessToken + `
        scopes: [all]
`
)

const (
	// A transaction takes many batches, so that pages of the indexes that are
	// filled in no order are written once for many rows.
	loadBatch = 500
	perCommit = 40 * loadBatch
	loadCache = 512 << 10 // KiB
	firstDay  = 1_600_000_000
	perBatch  = 86_400 // seconds between the batches' dates
)

// The events of loaded customers count as delivered long ago.
var dropEvents = sqldb.Dynamic(`DELETE FROM events WHERE store_id = $1`)

// load fills an empty database with a store of n customers, through the code
// that serves requests, so that the data keeps every rule there is.
func load(ctx context.Context, dsn string, n int64, progress io.Writer) error {
	db, err := sqldb.Open(ctx, dsn, sqldb.Options{Readers: 1, CacheKiB: loadCache, WriteTimeout: 5 * time.Minute})
	if err != nil {
		return err
	}
	defer db.Close()
	now := int64(firstDay)
	sys := system.Real()
	sys.Clock = func() time.Time { return time.Unix(now, 0) }
	if _, err := db.Migrate(ctx, now); err != nil {
		return err
	}
	passwords := password.New(sys)
	customers := customer.NewService(db, sys, passwords)
	doc, err := seed.Parse([]byte(seedFile))
	if err != nil {
		return err
	}
	seeder := seed.Applier{DB: db, System: sys, Stores: store.NewService(db, sys), Customers: customers, Passwords: passwords}
	if _, err := seeder.Apply(ctx, doc); err != nil {
		return err
	}

	attributes, err := customers.CreateAttributes(ctx, storeID, []customer.AttributeCreate{{Name: "Tier", Type: "string"}})
	if err != nil {
		return err
	}

	hash, err := passwords.Hash(ctx, password.Party{}, shopperPassword)
	if err != nil {
		return err
	}
	start := time.Now()
	said := start
	for done := int64(0); done < n; {
		to := min(done+perCommit, n)
		err := db.Write(ctx, storeID, func(tx *sqldb.Tx) error {
			for from := done + 1; from <= to; from += loadBatch {
				if err := ctx.Err(); err != nil {
					return err
				}
				if err := loadSome(tx, customers, attributes[0].ID, hash, from, min(from+loadBatch-1, to), now); err != nil {
					return err
				}
				now += perBatch
			}
			return tx.Exec(dropEvents)
		})
		if err != nil {
			return fmt.Errorf("load customers from %d on: %w", done+1, err)
		}
		done = to
		if time.Since(said) > 5*time.Second {
			said = time.Now()
			fmt.Fprintf(progress, "  %d of %d customers, %.0f a second\n", done, n, float64(done)/time.Since(start).Seconds())
		}
	}
	fmt.Fprintf(progress, "  %d customers in %s\n", n, time.Since(start).Round(100*time.Millisecond))
	return nil
}

// loadSome makes customers, each with an address, a value of an attribute and
// a subscription, the first with a password.
func loadSome(tx *sqldb.Tx, customers *customer.Service, attribute int64, hash string, from, to, now int64) error {
	batch := make([]customer.Create, 0, loadBatch)
	hashes := make([]string, 0, loadBatch)
	for i := from; i <= to; i++ {
		p := person(i)
		p.Attributes = []customer.AttributeInput{{AttributeID: attribute, Value: tier(i)}}
		batch = append(batch, p)
		if i <= signers {
			hashes = append(hashes, hash)
		} else {
			hashes = append(hashes, "")
		}
	}
	made, err := customers.CreateTx(tx, batch, hashes)
	if err == nil && made[0].ID != from {
		err = fmt.Errorf("the database is not empty: customer %d became %d", from, made[0].ID)
	}
	for i := from; i <= to && err == nil; i++ {
		err = subscriber.Ensure(tx, subscription(i), subscriber.Origin{Via: subscriber.ViaSeed}, now)
	}
	return err
}
