package merge_test

import (
	"math/rand/v2"
	"strings"
	"testing"

	"clientele/internal/merge"
	"clientele/internal/sqldb"
	"clientele/internal/sqldb/dbtest"
)

// Whatever customers have, they are what they were after they became one and were
// parted. Meanwhile nothing is of those who are gone, the sum of credit stays, and who
// unsubscribed with one address is unsubscribed.
func TestMergeAndPart(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		seed := rand.Uint64()
		t.Logf("seed %d", seed)
		w := newWorld(t, db, seed)
		w.definitions()
		for round := range 8 {
			ids := []int64{w.person(3 * round), w.person(3*round + 1), w.person(3*round + 2)}
			a := merge.Ask{Keep: ids[0], Merge: ids[1:], SignIn: w.some(), Take: map[merge.Field]int64{}, TakeOf: map[merge.Choice]int64{}}
			if w.r.IntN(3) == 0 {
				a.Keep, a.Merge = ids[2], []int64{ids[0], ids[1]}
			}
			for _, f := range merge.Fields {
				if w.r.IntN(4) == 0 {
					a.Take[f] = ids[w.r.IntN(3)]
				}
			}
			for of := range int64(2) {
				a.TakeOf[merge.Choice{Table: "attribute_values", Of: of + 1}] = ids[w.r.IntN(3)]
				a.TakeOf[merge.Choice{Table: "customer_form_values", Of: of + 100}] = ids[w.r.IntN(3)]
			}
			before, credit := w.everything(), w.credits()
			ends, complained := w.standing(ids), w.complaints(ids)
			m := w.merge(a)
			if complained && !w.complaints([]int64{a.Keep}) {
				t.Errorf("round %d: a complaint is forgotten", round)
			}
			if now := w.credits(); now != credit {
				t.Errorf("round %d: %d credit, there was %d", round, now, credit)
			}
			w.nothingOf(a.Merge)
			w.whole()
			w.leftIsLeft(ends, a.Keep)
			parted, err := w.Merges.Part(t.Context(), 1, m.ID)
			if err != nil {
				t.Fatal(err)
			}
			if len(parted.Left) > 0 {
				t.Errorf("round %d: %+v was left", round, parted.Left)
			}
			if diff := differ(before, w.everything()); len(diff) > 0 {
				t.Fatalf("round %d, %+v:\n%s", round, a, strings.Join(diff, "\n"))
			}
			if now := w.credits(); now != credit {
				t.Errorf("round %d: %d credit after all, there was %d", round, now, credit)
			}
			w.ledgers(ids)
		}
	})
}

// standing returns on which channels any of the addresses left, and who is on none.
func (w *world) standing(ids []int64) map[int64]bool {
	w.t.Helper()
	out := map[int64]bool{}
	w.ok(w.DB.Read(w.t.Context(), 1, func(tx *sqldb.Tx) error {
		clear(out)
		in, args := sqldb.In(nil, ids)
		return tx.Query(sqldb.Dynamic(`SELECT s.channel_id FROM subscriber_ends s JOIN customer_emails e ON e.store_id = s.store_id AND e.email_norm = s.email_norm WHERE s.store_id = $1 AND e.customer_id IN `+in),
			func(r *sqldb.Row) error { out[r.Int(0)] = true; return nil }, args...)
	}))
	return out
}

// complaints reports whether any of the addresses' owners complained.
func (w *world) complaints(ids []int64) bool {
	w.t.Helper()
	n := 0
	w.ok(w.DB.Read(w.t.Context(), 1, func(tx *sqldb.Tx) error {
		n = 0
		in, args := sqldb.In(nil, ids)
		return tx.Query(sqldb.Dynamic(`SELECT 1 FROM subscriber_ends s JOIN customer_emails e ON e.store_id = s.store_id AND e.email_norm = s.email_norm WHERE s.store_id = $1 AND s.via = 'complaint' AND e.customer_id IN `+in),
			func(*sqldb.Row) error { n++; return nil }, args...)
	}))
	return n > 0
}

// leftIsLeft: with no address of who stays is a channel subscribed that one left.
func (w *world) leftIsLeft(ends map[int64]bool, keep int64) {
	w.t.Helper()
	for channel := range ends {
		if n := w.count(`SELECT COUNT(*) FROM subscribers s WHERE s.store_id = $1 AND s.channel_id = $2 AND s.email_norm IN (
			SELECT email_norm FROM customer_emails WHERE store_id = $1 AND customer_id = $3 UNION SELECT email_norm FROM customer_aliases WHERE store_id = $1 AND customer_id = $3)`, channel, keep); n != 0 {
			w.t.Errorf("%d subscribers of a channel that the person left", n)
		}
	}
}

// nothingOf: no table but those of the past names customers who are gone.
func (w *world) nothingOf(ids []int64) {
	w.t.Helper()
	for table, columns := range w.tables {
		if strings.HasPrefix(table, "history") || table == "events" || strings.HasPrefix(table, "search") || table == "rule_marks" {
			continue
		}
		for _, c := range columns {
			if c.name != "customer_id" || table == "store_counters" {
				continue
			}
			for _, id := range ids {
				if n := w.count(`SELECT COUNT(*) FROM `+table+` WHERE store_id = $1 AND customer_id = $2`, id); n != 0 {
					w.t.Errorf("%s has %d rows of customer %d, who is gone", table, n, id)
				}
			}
		}
	}
}

// whole: totals are what there is.
func (w *world) whole() {
	w.t.Helper()
	for column, table := range map[string]string{"customers": "customers", "addresses": "addresses", "subscribers": "subscribers", "shopper_profiles": "shopper_profiles", "attribute_values": "attribute_values"} {
		if kept, are := w.count(`SELECT `+column+` FROM store_counters WHERE store_id = $1`), w.count(`SELECT COUNT(*) FROM `+table+` WHERE store_id = $1`); kept != are {
			w.t.Errorf("%d %s are kept, there are %d", kept, column, are)
		}
	}
	if kept, are := w.count(`SELECT form_values FROM store_counters WHERE store_id = $1`),
		w.count(`SELECT (SELECT COUNT(*) FROM customer_form_values WHERE store_id = $1) + (SELECT COUNT(*) FROM address_form_values WHERE store_id = $1)`); kept != are {
		w.t.Errorf("%d form values are kept, there are %d", kept, are)
	}
	for list, table := range map[int64]string{1: "wishlists", 2: "companies", 3: "metafields", 4: "segment_members"} {
		if kept, are := w.count(`SELECT CAST(COALESCE(SUM(total), 0) AS BIGINT) FROM list_totals WHERE store_id = $1 AND list = $2`, list), w.count(`SELECT COUNT(*) FROM `+table+` WHERE store_id = $1`); kept != are {
			w.t.Errorf("%d %s are kept, there are %d", kept, table, are)
		}
	}
	if n := w.count(`SELECT COUNT(*) FROM customer_form_values WHERE store_id = $1 AND session_id <> 2 * customer_id`); n != 0 {
		w.t.Errorf("%d form values are of another submission", n)
	}
}

// ledgers: the balance of each is the sum of its entries.
func (w *world) ledgers(ids []int64) {
	w.t.Helper()
	for _, id := range ids {
		sum := w.count(`SELECT CAST(COALESCE(SUM(amount), 0) AS BIGINT) FROM credit_entries WHERE store_id = $1 AND customer_id = $2`, id)
		if has := w.count(`SELECT store_credit FROM customers WHERE store_id = $1 AND id = $2`, id); has != sum {
			w.t.Errorf("the ledger of %d has %d, the balance is %d", id, sum, has)
		}
	}
}
