package idempotency_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"testing"
	"time"

	"clientele/internal/fault"
	"clientele/internal/idempotency"
	"clientele/internal/sqldb"
	"clientele/internal/sqldb/dbtest"
	"clientele/internal/store"
	"clientele/internal/system"
	"clientele/internal/system/systemtest"
)

type world struct {
	*testing.T
	db    *sqldb.DB
	clock *systemtest.Clock
	sys   *system.System
	store int64
	keys  *idempotency.Keys
}

func each(t *testing.T, fn func(w *world)) {
	t.Helper()
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := &world{T: t, db: db, clock: systemtest.NewClock(time.Unix(1_800_000_000, 0))}
		w.sys = &system.System{Clock: w.clock.Now, Random: rand.Reader}
		st, err := store.NewService(db, w.sys).Create(t.Context(), "one", "", "")
		if err != nil {
			t.Fatal(err)
		}
		w.store, w.keys = st.ID, idempotency.New(db, w.sys)
		fn(w)
	})
}

func (w *world) request(key string, customer int64) idempotency.Request {
	return idempotency.Request{StoreID: w.store, Caller: "a", CustomerID: customer, Key: key, Parts: []string{"POST", "/x", key}}
}

var touch = sqldb.Dynamic(`UPDATE store_counters SET subscriber_id = subscriber_id + 1 WHERE store_id = $1`)

// touched is how often touch was done.
func (w *world) touched() (n int64) {
	w.Helper()
	if err := w.db.Read(w.Context(), w.store, func(tx *sqldb.Tx) error {
		return tx.Query(sqldb.Dynamic(`SELECT subscriber_id FROM store_counters WHERE store_id = $1`), func(r *sqldb.Row) error { n = r.Int(0); return nil })
	}); err != nil {
		w.Fatal(err)
	}
	return n
}

// begin begins a request that is new, and writes in it.
func (w *world) begin(k *idempotency.Keys, in idempotency.Request) (*idempotency.Attempt, context.Context) {
	w.Helper()
	a, answer, err := k.Begin(w.Context(), in)
	if err != nil || answer != nil {
		w.Fatal(answer, err)
	}
	ctx := a.Context(w.Context())
	if err := w.db.Write(ctx, w.store, func(tx *sqldb.Tx) error { return tx.Exec(touch) }); err != nil {
		w.Fatal(err)
	}
	return a, ctx
}

func (w *world) do(in idempotency.Request, body []byte) {
	w.Helper()
	a, ctx := w.begin(w.keys, in)
	defer a.Close(ctx)
	if err := a.Keep(ctx, &idempotency.Answer{Status: 201, Header: [][2]string{{"Set-Cookie", "a=b"}}, Body: body}); err != nil {
		w.Fatal(err)
	}
}

// stored is how many bytes the answers of a store take.
func (w *world) stored() (n int64) {
	w.Helper()
	if err := w.db.Read(w.Context(), w.store, func(tx *sqldb.Tx) error {
		return tx.Query(sqldb.Dynamic(`SELECT COALESCE(SUM(LENGTH(answer)), 0) FROM idempotency_keys WHERE store_id = $1`), func(r *sqldb.Row) error { n = r.Int(0); return nil })
	}); err != nil {
		w.Fatal(err)
	}
	return n
}

// Small bodies are kept as they are, larger ones compressed, and of those over a
// mebibyte it is known that they were.
func TestBodies(t *testing.T) {
	each(t, func(w *world) {
		noise := func(n int) []byte {
			b := make([]byte, n)
			_, _ = rand.Read(b)
			return b
		}
		for _, c := range []struct {
			name     string
			body     []byte
			from, to int64 // bytes that are stored, in base64
		}{
			{"none", nil, 50, 300},
			{"64 KiB", bytes.Repeat([]byte("a"), 64<<10), 87_000, 88_500},
			{"a byte more", bytes.Repeat([]byte("a"), 64<<10+1), 100, 1000},
			{"noise", noise(64<<10 + 1), 87_000, 90_000},
			{"1 MiB", bytes.Repeat([]byte("ab"), 1<<19), 1000, 10_000},
			{"1 MiB of noise", noise(1 << 20), 1_390_000, 1_410_000},
		} {
			before := w.stored()
			in := w.request(c.name, 0)
			w.do(in, c.body)
			if n := w.stored() - before; n < c.from || n > c.to {
				t.Errorf("%s takes %d bytes", c.name, n)
			}
			_, answer, err := w.keys.Begin(t.Context(), in)
			if err != nil || answer == nil || answer.Status != 201 || !bytes.Equal(answer.Body, c.body) || len(answer.Header) != 1 {
				t.Errorf("%s: %v", c.name, err)
			}
		}
		in := w.request("too large", 0)
		before := w.touched()
		w.do(in, bytes.Repeat([]byte("a"), 1<<20+1))
		if f := kindOf(w.keys.Begin(t.Context(), in)); f != fault.Repeated || w.touched() != before+1 {
			t.Errorf("one byte more than a mebibyte: %v", f)
		}
	})
}

func kindOf(_ *idempotency.Attempt, _ *idempotency.Answer, err error) fault.Kind {
	if f := fault.As(err); f != nil {
		return f.Kind
	}
	return fault.Internal
}

// A request that is under way keeps others out, in its own process until it ends
// and in others for ten seconds. Whoever loses the claim undoes what it wrote.
func TestClaims(t *testing.T) {
	each(t, func(w *world) {
		in := w.request("k", 0)
		first, ctx := w.begin(w.keys, in)
		w.clock.Advance(time.Hour)
		if k := kindOf(w.keys.Begin(t.Context(), in)); k != fault.Repeated {
			t.Errorf("in the same process: %v", k)
		}
		first.Close(ctx)
		if w.touched() != 0 {
			t.Error("what was neither kept nor passed was written")
		}
		if w.db.Engine() == sqldb.SQLite {
			return // one process
		}
		other := idempotency.New(w.db, w.sys)
		a, ctxA, err := w.claimed(w.keys, in)
		if err != nil {
			t.Fatal(err)
		}
		w.clock.Advance(9 * time.Second)
		if k := kindOf(other.Begin(t.Context(), in)); k != fault.Repeated {
			t.Errorf("after nine seconds: %v", k)
		}
		w.clock.Advance(time.Second)
		b, ctxB, err := w.claimed(other, in)
		if err != nil {
			t.Fatal("after ten seconds:", err)
		}
		if err := w.db.Write(ctxB, w.store, func(tx *sqldb.Tx) error { return tx.Exec(touch) }); err != nil {
			t.Fatal(err)
		}
		if err := b.Keep(ctxB, &idempotency.Answer{Status: 200}); err != nil {
			t.Error(err)
		}
		b.Close(ctxB)
		if err := w.db.Write(ctxA, w.store, func(tx *sqldb.Tx) error { return tx.Exec(touch) }); err != nil {
			t.Fatal(err)
		}
		if err := a.Keep(ctxA, &idempotency.Answer{Status: 201}); fault.As(err) == nil || fault.As(err).Kind != fault.Repeated {
			t.Errorf("who has lost the claim: %v", err)
		}
		a.Close(ctxA)
		_, answer, err := w.keys.Begin(t.Context(), in)
		if err != nil || answer == nil || answer.Status != 200 || w.touched() != 1 {
			t.Errorf("%+v, %v, written %d times", answer, err, w.touched())
		}
	})
}

func (w *world) claimed(k *idempotency.Keys, in idempotency.Request) (*idempotency.Attempt, context.Context, error) {
	a, answer, err := k.Begin(w.Context(), in)
	if err == nil && answer != nil {
		err = errors.New("there is an answer")
	}
	if err != nil {
		return nil, nil, err
	}
	return a, a.Context(w.Context()), nil
}
