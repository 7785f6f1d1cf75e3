package panel_test

import (
	"testing"

	"clientele/internal/sqldb"
	"clientele/internal/staff"
)

// credit is the store credit of a customer.
func (w *world) credit(id int64) (amount int64) {
	w.t.Helper()
	if err := w.DB.Read(w.t.Context(), 1, func(tx *sqldb.Tx) error {
		return tx.Query(sqldb.Dynamic(`SELECT store_credit FROM customers WHERE store_id = $1 AND id = $2`), func(r *sqldb.Row) error { amount = r.Int(0); return nil }, id)
	}); err != nil {
		w.t.Fatal(err)
	}
	return amount
}

// Files of store credit and of groups change customers who are there, by rules of their
// own, and an undo gives back what they had.
func TestImportChanges(t *testing.T) {
	each(t, crowd(), func(t *testing.T, w *world) {
		w.person("olga@example.com", 1, staff.Owner)
		w.person("mia@example.com", 1, staff.Marketing)
		b, mia := w.browser().signIn("olga@example.com"), w.browser().signIn("mia@example.com")
		had, other := w.credit(2), w.credit(3)

		b.upload(imports, "credit.csv", "Email,Amount,Reason\nc1@example.com,5,Sorry\nc2@example.com,1,\nnobody@example.com,1,\n").want(200, imports+"/1")
		w.jobs()
		b.get(imports+"/1").want(200, imports+"/1/columns", "3 rows", "Store credit of customers", "a table of store credit")
		mia.get(imports+"/1/columns").want(404, "")
		b.post(imports+"/1/columns", "kind", "credit").want(200, imports+"/1/rules", "added to the balance", "!gets what is missing", "!order of day")
		b.post(imports+"/1/rules", "amounts", "more", "match", "email", "on_error", "skip").want(422, "", "Please choose.")
		b.post(imports+"/1/rules", "amounts", "add", "match", "email", "on_error", "skip").want(200, imports+"/1")
		w.jobs()
		b.get(imports+"/1").want(200, "", "Would be changed, for example", "c1@example.com")
		if w.credit(2) != had {
			t.Error("a dry run gives credit")
		}
		b.post(imports+"/1/run").want(200, imports+"/1")
		w.jobs()
		if got := w.credit(2); got != had+50_000 {
			t.Errorf("%d, had %d", got, had)
		}
		b.get(imports+"/1").want(200, "", "No customer has this address or number", "1 row was not imported")
		b.post(imports+"/1/undo").want(200, imports+"/1")
		w.jobs()
		b.get(imports+"/1").want(200, "", "Changed back", "Not changed back", "!Taken away")
		if w.credit(2) != had || w.credit(3) != other {
			t.Errorf("%d and %d", w.credit(2), w.credit(3))
		}

		b.upload(imports, "groups.csv", "Email,Customer Group\nc1@example.com,Fresh\n").want(200, imports+"/2")
		w.jobs()
		b.get(imports+"/2").want(200, imports+"/2/columns", "Groups of customers")
		b.post(imports+"/2/columns", "kind", "group_members", "column1", "-").want(200, imports+"/2/rules")
		b.post(imports+"/2/rules", "blank", "leave", "match", "email", "on_error", "skip").want(422, "", "No column goes to the customer group")
		b.post(imports+"/2/columns", "kind", "group_members", "column1", "customer_group").want(200, imports+"/2/rules")
		b.post(imports+"/2/rules", "blank", "leave", "match", "email", "on_error", "skip").want(200, imports+"/2")
		w.jobs()
		b.post(imports+"/2/run").want(200, imports+"/2")
		w.jobs()
		b.get("/manage/store/one/customers/2").want(200, "", "Fresh")
		b.post(imports+"/2/undo").want(200, imports+"/2")
		w.jobs()
		b.get("/manage/store/one/customers/2").want(200, "", "!Fresh")
	})
}
