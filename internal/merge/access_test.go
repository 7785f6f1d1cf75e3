package merge_test

import (
	"testing"
	"time"

	"clientele/internal/account"
	"clientele/internal/customer"
	"clientele/internal/merge"
	"clientele/internal/opt"
	"clientele/internal/password"
	"clientele/internal/sqldb"
	"clientele/internal/sqldb/dbtest"
)

// With a former address one signs in to the account that stayed, by its password, if
// that was asked for and until somebody registers with it. Parted, each signs in to
// their own, and nobody is signed in any more. After a month nobody is parted.
func TestFormerAddresses(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := newWorld(t, db, 1)
		made := func(address, secret string) int64 {
			t.Helper()
			out, err := w.Customers.CreateFor(t.Context(), password.Party{StoreID: 1}, []customer.Create{{Email: address, FirstName: "A", LastName: "B", NewPassword: opt.Some(secret)}})
			w.ok(err)
			return out[0].ID
		}
		keep, other := made("keep@example.com", "keeps pass 1"), made("Former@example.com", "other pass 1")
		signsIn := func(address, secret string, want int64) {
			t.Helper()
			id, err := w.Shoppers.Validate(t.Context(), 1, account.Credentials{Email: address, Password: secret})
			if err != nil || id != want {
				t.Errorf("%s with %s is %d, want %d (%v)", address, secret, id, want, err)
			}
		}
		part := func(m *merge.Merge) {
			t.Helper()
			_, err := w.Merges.Part(t.Context(), 1, m.ID)
			w.ok(err)
		}
		ask := merge.Ask{Keep: keep, Merge: []int64{other}}
		m := w.merge(ask)
		signsIn("former@example.com", "keeps pass 1", 0)
		part(m)

		ask.SignIn = true
		m = w.merge(ask)
		signsIn("FORMER@example.com", "keeps pass 1", keep)
		signsIn("former@example.com", "other pass 1", 0)
		third := made("former@example.com", "third pass 1")
		signsIn("former@example.com", "third pass 1", third)
		signsIn("former@example.com", "keeps pass 1", 0)
		if _, err := w.Customers.Delete(t.Context(), 1, customer.DeleteList.New().Where("id", "in", []int64{third}, nil)); err != nil {
			t.Fatal(err)
		}
		w.put("account_sessions", map[string]any{"customer_id": keep, "date_expires": int64(4e9)})
		part(m)
		signsIn("former@example.com", "other pass 1", other)
		signsIn("former@example.com", "keeps pass 1", 0)
		signsIn("keep@example.com", "keeps pass 1", keep)
		if n := w.count(`SELECT COUNT(*) FROM account_sessions WHERE store_id = $1`); n != 0 {
			t.Errorf("%d sessions are left", n)
		}

		// What is chosen of the other is the other's again afterwards.
		ask.Take = map[merge.Field]int64{merge.Email: other, merge.Password: other}
		m = w.merge(ask)
		signsIn("former@example.com", "other pass 1", keep)
		signsIn("keep@example.com", "other pass 1", keep)
		signsIn("keep@example.com", "keeps pass 1", 0)
		part(m)
		signsIn("former@example.com", "other pass 1", other)
		signsIn("keep@example.com", "keeps pass 1", keep)

		m = w.merge(ask)
		w.Clock.Advance(merge.Life + time.Second)
		w.ok(w.Merges.Prune(t.Context()))
		if n := w.count(`SELECT COUNT(*) FROM customer_merges WHERE store_id = $1 AND data <> ''`); n != 0 {
			t.Errorf("%d merges tell of what was", n)
		}
		if _, err := w.Merges.Part(t.Context(), 1, m.ID); err != merge.ErrTooLate {
			t.Error(err)
		}
	})
}

// What was changed since is left as it is, and told.
func TestLeft(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := newWorld(t, db, 1)
		w.definitions()
		house := func(street string) string {
			return `{"first_name":"A","last_name":"B","address1":"` + street + `","city":"Austin","state_or_province":"Texas","country_code":"US","postal_code":"78701"}`
		}
		w.must(`POST /v3/customers`, `[{"email":"a@example.com","first_name":"A","last_name":"B","phone":"1","store_credit_amounts":[{"amount":5}]},
			{"email":"b@example.com","first_name":"B","last_name":"B","phone":"2","company":"Co","store_credit_amounts":[{"amount":10}],"addresses":[`+house("1 St")+`,`+house("2 St")+`]}]`)
		w.must(`PUT /v3/customers/attribute-values`, `[{"attribute_id":1,"customer_id":2,"value":"x"}]`)
		w.must(`PUT /v3/customers/form-field-values`, `[{"name":"F0","customer_id":2,"value":"x"},{"name":"F1","customer_id":2,"value":"y"}]`)
		w.must(`POST /v3/customers/subscribers`, `{"email":"b@example.com"}`)
		m := w.merge(merge.Ask{Keep: 1, Merge: []int64{2}, Take: map[merge.Field]int64{merge.Phone: 2}})
		w.must(`PUT /v3/customers`, `[{"id":1,"company":"Other"}]`)
		w.must(`DELETE /v3/customers/addresses?id:in=1`, ``)
		w.must(`PUT /v3/customers/addresses`, `[{"id":2,"address1":"3 St"}]`)
		w.must(`PUT /v3/customers/form-field-values`, `[{"name":"F1","customer_id":1,"value":"z"}]`)
		w.must(`POST /v3/clientele/customers/1/credit`, `{"kind":"debit","amount":12}`)
		w.must(`DELETE /v3/customers/subscribers/1`, ``)
		parted, err := w.Merges.Part(t.Context(), 1, m.ID)
		w.ok(err)
		want := []merge.Left{
			{Table: "customers", Field: "company", Key: "1"}, {Table: "addresses", Key: "1", Gone: true}, {Table: "addresses", Key: "2"},
			{Table: "customer_form_values", Key: "1 101"}, {Table: "subscribers", Key: "b@example.com"},
		}
		if len(parted.Left) != len(want) {
			t.Fatalf("%+v", parted.Left)
		}
		for i := range want {
			if parted.Left[i] != want[i] {
				t.Errorf("%+v, want %+v", parted.Left[i], want[i])
			}
		}
		for sql, n := range map[string]int64{
			`SELECT COUNT(*) FROM customers WHERE store_id = $1 AND id = 1 AND phone = '1' AND company = 'Other'`:  1,
			`SELECT COUNT(*) FROM addresses WHERE store_id = $1 AND customer_id = 2 AND address1 = '3 St'`:         1,
			`SELECT COUNT(*) FROM addresses WHERE store_id = $1`:                                                   1,
			`SELECT COUNT(*) FROM customer_form_values WHERE store_id = $1 AND customer_id = 2`:                    2,
			`SELECT COUNT(*) FROM customer_form_values WHERE store_id = $1 AND customer_id = 1 AND field_id = 101`: 1,
			`SELECT COUNT(*) FROM customer_form_values WHERE store_id = $1 AND customer_id = 1`:                    1,
			`SELECT COUNT(*) FROM subscribers WHERE store_id = $1`:                                                 0,
			`SELECT CAST(SUM(store_credit) AS BIGINT) FROM customers WHERE store_id = $1`:                          30_000,
			`SELECT CAST(SUM(store_credit) AS BIGINT) FROM customers WHERE store_id = $1 AND store_credit < 0`:     0,
		} {
			if got := w.count(sql); got != n {
				t.Errorf("%s: %d, want %d", sql, got, n)
			}
		}
		w.whole()
		w.ledgers([]int64{1, 2})
	})
}
