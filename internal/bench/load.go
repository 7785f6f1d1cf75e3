package bench

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"time"

	"clientele/internal/customer"
	"clientele/internal/history"
	"clientele/internal/password"
	"clientele/internal/seed"
	"clientele/internal/sqldb"
	"clientele/internal/store"
	"clientele/internal/storekey"
	"clientele/internal/subscriber"
	"clientele/internal/system"
)

// The store and the account that everything is measured with.
const (
	storeHash   = "bench"
	storeID     = 1 // the first store of a database
	accessToken = tokenStem + "00001"
	tokenStem   = "benchmark0access0token00000"
	clientID    = "benchmark0client0id000000000001"
	secret      = "00000000000000000000000000000000000000000000000000000000000000ff"
)

// mostStores is how many stores have tokens and hashes of their own.
const mostStores = 99_999

// Further stores have the same account with another token.
const seedStore = `  - hash: %s
    name: Benchmark
    api_accounts:
      - name: Benchmark
        client_id: ` + clientID + `
        client_secret: ` + secret + `
        access_token: %s
        scopes: [all]
`

// hashOf returns the hash of a store by its number; the first is 0.
func hashOf(store int) string {
	if store == 0 {
		return storeHash
	}
	return fmt.Sprintf("%s%d", storeHash, store)
}

// tokenOf returns the token of a store's account.
func tokenOf(store int) string { return fmt.Sprintf("%s%05d", tokenStem, store+1) }

func storePath(store int) string { return "/stores/" + hashOf(store) + "/v3/customers" }

const (
	// A transaction takes many batches, so that pages of the indexes that are
	// filled in no order are written once for many rows.
	loadBatch = 500
	perCommit = 40 * loadBatch
	loadCache = 512 << 10 // KiB
	// A store whose indexes are larger than the cache by far writes nearly a page
	// for each row of an index, again for each transaction. From so many
	// customers on SQLite gets ten times of both.
	largeStore = 5_000_000
	largeTimes = 10
	firstDay   = 1_600_000_000
	perBatch   = 86_400 // seconds between the batches' dates
)

// The events of loaded customers count as delivered long ago.
var dropEvents = sqldb.Dynamic(`DELETE FROM events WHERE store_id = $1`)

// loadSizes returns the cache, in KiB, and how many customers a transaction makes,
// to load a store of n.
func loadSizes(dsn string, n int64) (cache int, commit int64) {
	if n >= largeStore && strings.HasPrefix(dsn, "sqlite:") {
		return largeTimes * loadCache, largeTimes * perCommit
	}
	return loadCache, perCommit
}

// load fills an empty database with stores of n customers each, through the code
// that serves requests, so that the data keeps every rule there is. It returns
// the customers a second in each tenth.
func load(ctx context.Context, dsn string, stores int, n int64, progress io.Writer) ([]float64, error) {
	cache, commit := loadSizes(dsn, n)
	db, err := sqldb.Open(ctx, dsn, sqldb.Options{Readers: 1, CacheKiB: cache, WriteTimeout: 5 * time.Minute})
	if err != nil {
		return nil, err
	}
	defer db.Close()
	now := int64(firstDay)
	sys := system.Real()
	sys.Clock = func() time.Time { return time.Unix(now, 0) }
	if _, err := db.Migrate(ctx, now); err != nil {
		return nil, err
	}
	passwords := password.New(sys)
	customers := customer.NewService(db, sys, passwords)
	text := []byte("stores:\n")
	for i := range stores {
		text = fmt.Appendf(text, seedStore, hashOf(i), tokenOf(i))
	}
	doc, err := seed.Parse(text)
	if err != nil {
		return nil, err
	}
	seeder := seed.Applier{DB: db, System: sys, Stores: store.NewService(db, sys), Customers: customers, Passwords: passwords}
	if _, err := seeder.Apply(ctx, doc); err != nil {
		return nil, err
	}
	hash, err := passwords.Hash(ctx, password.Party{}, shopperPassword)
	if err != nil {
		return nil, err
	}
	b := newBar(progress, int64(stores)*n)
	for i := range stores {
		id := int64(storeID + i)
		attributes, err := customers.CreateAttributes(ctx, id, []customer.AttributeCreate{{Name: "Tier", Type: "string"}})
		if err != nil {
			return nil, err
		}
		now = firstDay
		for done := int64(0); done < n; {
			to := min(done+commit, n)
			err := db.Write(ctx, id, func(tx *sqldb.Tx) error {
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
				return nil, fmt.Errorf("load customers of store %s from %d on: %w", hashOf(i), done+1, err)
			}
			b.add(to - done)
			done = to
		}
	}
	tenths := b.end()
	// As a server has it after a while. Else it works at that beside what is measured.
	chain := history.NewChain(db, sys, storekey.NewService(db, sys), slog.New(slog.DiscardHandler))
	for i := range stores {
		id := int64(storeID + i)
		if err := customers.FoldSearch(ctx, id); err != nil {
			return nil, fmt.Errorf("take store %s into the lists of the search: %w", hashOf(i), err)
		}
		for more := true; more; {
			n, err := chain.Seal(ctx, id, true)
			if err != nil {
				return nil, fmt.Errorf("seal the history of store %s: %w", hashOf(i), err)
			}
			more = n > 0
		}
	}
	return tenths, nil
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
	if err != nil {
		return err
	}
	subscribers := make([]subscriber.Create, 0, loadBatch)
	for i := from; i <= to; i++ {
		subscribers = append(subscribers, subscription(i))
	}
	_, err = subscriber.Ensure(tx, subscribers, subscriber.Origin{Via: subscriber.ViaSeed}, now)
	return err
}
