package customer_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"clientele/internal/account"
	"clientele/internal/customer"
	"clientele/internal/event"
	"clientele/internal/fault"
	"clientele/internal/form"
	"clientele/internal/group"
	"clientele/internal/limit"
	"clientele/internal/listing"
	"clientele/internal/opt"
	"clientele/internal/password"
	"clientele/internal/password/passwordtest"
	"clientele/internal/sqldb"
	"clientele/internal/sqldb/dbtest"
	"clientele/internal/store"
	"clientele/internal/system"
)

type shop struct {
	*customer.Service
	accounts *account.Service
	db       *sqldb.DB
	sys      *system.System
	now      time.Time
	a, b     int64 // two stores
}

func newShop(t *testing.T, db *sqldb.DB) *shop {
	t.Helper()
	s := &shop{db: db, sys: system.Real(), now: time.Unix(1_780_000_000, 0)}
	s.sys.Clock = func() time.Time { return s.now }
	passwords := passwordtest.New(s.sys)
	s.Service = customer.NewService(db, s.sys, passwords)
	s.accounts = account.NewService(account.Config{DB: db, System: s.sys, Customers: s.Service, Passwords: passwords})
	for i, to := range []*int64{&s.a, &s.b} {
		st, err := store.NewService(db, s.sys).Create(t.Context(), fmt.Sprintf("shop%d", i), "", "")
		if err != nil {
			t.Fatal(err)
		}
		*to = st.ID
	}
	return s
}

func (s *shop) add(t *testing.T, store int64, in ...customer.Create) []customer.Customer {
	t.Helper()
	rows, err := s.CreateFor(t.Context(), password.Party{StoreID: store}, in)
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

func (s *shop) count(t *testing.T, store int64) int64 {
	t.Helper()
	n, err := s.Count(t.Context(), store, customer.PlainList.New())
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func kind(err error) fault.Kind {
	if f := fault.As(err); f != nil {
		return f.Kind
	}
	return fault.Internal
}

func person(email, first, last string) customer.Create {
	return customer.Create{Email: email, FirstName: first, LastName: last}
}

func lisbon() customer.AddressFields {
	return customer.AddressFields{FirstName: "Inês", LastName: "Duarte", Phone: "1", Address1: "Rua 1", City: "Lisboa", PostalCode: "1200-195", CountryCode: "PT"}
}

func TestPlainListFilters(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		s := newShop(t, db)
		one := person("jane@example.com", "Jane", "Doe")
		one.StoreCredit, one.Company, one.TaxExemptCategory = 105_000, "ACME", "G"
		s.add(t, s.a, one)
		s.now = s.now.Add(48 * time.Hour)
		s.add(t, s.a,
			person("anne@example.com", "Jane Anne", "Doe"), person("odd@example.com", " JANE ", "  van Doe "),
			person("dot@example.com", "Jane!", "Doe"), person("zoe@example.com", "ZOË", "Ärger"))
		s.add(t, s.b, person("jane@example.com", "Jane", "Doe"))
		second := s.now.UTC()
		for raw, want := range map[string]string{
			"":                         "[1 2 3 4 5]",
			"first_name=jane":          "[1 3]",
			"first_name=Jane%20Anne":   "[2]",
			"first_name=Jane!":         "[4]",
			"first_name=zoë":           "[5]",
			"first_name=Jan":           "[]",
			"first_name=":              "[]",
			"last_name=DOE":            "[1 2 4]",
			"last_name=ärger":          "[5]",
			"company=acme":             "[1]",
			"company=":                 "[2 3 4 5]",
			"email=JANE@example.com":   "[1]",
			"email=nobody@example.com": "[]",
			"store_credit=10.5":        "[1]",
			"store_credit=0":           "[2 3 4 5]",
			"store_credit=10.50001":    "[1]",
			"customer_group_id=0":      "[1 2 3 4 5]",
			"customer_group_id=7":      "[]",
			"tax_exempt_category=G":    "[1]",
			"min_id=2&max_id=3":        "[2 3]",
			"min_date_created=" + second.Format(time.DateOnly):         "[2 3 4 5]",
			"max_date_created=" + second.Format("2006-01-02T15:04:05"): "[1 2 3 4 5]",
			"max_date_modified=" + second.Format(time.DateOnly):        "[1 2 3 4 5]",
			"first_name=jane&last_name=doe":                            "[1]",
			"page=2&limit=2":                                           "[3 4]",
			"page=3&limit=2":                                           "[5]",
			"page=4&limit=2":                                           "[]",
		} {
			q, err := customer.PlainList.Parse(raw)
			if err != nil {
				t.Fatalf("%s: %v", raw, err)
			}
			rows, err := s.PlainPage(t.Context(), s.a, q)
			if err != nil {
				t.Fatalf("%s: %v", raw, err)
			}
			ids := []int64{}
			for _, c := range rows {
				ids = append(ids, c.ID)
			}
			if got := fmt.Sprint(ids); got != want {
				t.Errorf("%s finds %s, want %s", raw, got, want)
			}
			if n, err := s.Count(t.Context(), s.a, q); err != nil || q.Page == 1 && n != int64(len(ids)) {
				t.Errorf("%s counts %d, want %d: %v", raw, n, len(ids), err)
			}
		}
	})
}

var scopes = sqldb.Static(`SELECT scope FROM events WHERE store_id = $1 ORDER BY id`)

func (s *shop) events(t *testing.T, store int64) map[string]int {
	t.Helper()
	out := map[string]int{}
	if err := s.db.Read(t.Context(), store, func(tx *sqldb.Tx) error {
		return tx.Query(scopes, func(r *sqldb.Row) error { out[r.Text(0)]++; return nil })
	}); err != nil {
		t.Fatal(err)
	}
	return out
}

func TestDeleteAll(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		s := newShop(t, db)
		const n = 205 // more than two transactions' worth
		for i := range n {
			c := person(fmt.Sprintf("c%d@example.com", i), "C", "C")
			if i%50 == 0 {
				c.Addresses = []customer.AddressCreate{{AddressFields: lisbon()}}
			}
			s.add(t, s.a, c)
		}
		s.add(t, s.b, person("b@example.com", "B", "B"))
		if err := s.DeleteAll(t.Context(), s.a); err != nil {
			t.Fatal(err)
		}
		if left := s.count(t, s.a); left != 0 {
			t.Errorf("%d are left", left)
		}
		if left := s.count(t, s.b); left != 1 {
			t.Errorf("the other store has %d", left)
		}
		if got := s.events(t, s.a)[event.CustomerDeleted]; got != n {
			t.Errorf("%d events, want %d", got, n)
		}
		_, res, err := s.Addresses(t.Context(), s.a, customer.AddressList.New())
		if err != nil || res.Total != 0 {
			t.Errorf("%d addresses are left: %v", res.Total, err)
		}
		// An email is free again, and ids are not given twice.
		if rows := s.add(t, s.a, person("c0@example.com", "C", "C")); rows[0].ID != n+1 {
			t.Errorf("the next id is %d", rows[0].ID)
		}
		if err := s.DeleteAll(t.Context(), s.a); err != nil {
			t.Fatal(err)
		}
		if err := s.DeleteAll(t.Context(), s.a); err != nil {
			t.Errorf("an empty store: %v", err)
		}
	})
}

func TestOneCustomer(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		s := newShop(t, db)
		ctx := t.Context()
		if err := db.Write(ctx, s.a, func(tx *sqldb.Tx) error {
			return form.Put(tx, form.Field{Form: "customer", Name: "License", Type: "text"}, 1)
		}); err != nil {
			t.Fatal(err)
		}
		in := person("one@example.com", "One", "Two")
		in.FormFields = []form.Input{{Name: "License", Value: form.Text("X1")}}
		in.NewPassword = opt.Some("secret1")
		id := s.add(t, s.a, in)[0].ID
		s.add(t, s.b, person("b1@example.com", "B", "B"), person("b2@example.com", "B", "B"))
		const foreign = 2

		u := customer.Update{ID: id, RegistrationIP: opt.Some("2.2.2.2"), StoreCredit: opt.Some[int64](10_000)}
		c, err := s.UpdateOne(ctx, password.Party{StoreID: s.a}, u)
		if err != nil || c.RegistrationIP != "2.2.2.2" || c.StoreCredit != 10_000 || len(c.FormFields) != 1 || c.FirstName != "One" {
			t.Errorf("%+v, %v", c, err)
		}
		got, err := s.Get(ctx, s.a, id)
		if err != nil || got.RegistrationIP != "2.2.2.2" || len(got.FormFields) != 1 || got.FormFields[0].JSON != `"X1"` {
			t.Errorf("%+v, %v", got, err)
		}
		for password, want := range map[string]bool{"secret1": true, "secret2": false, "": false} {
			if ok, err := s.accounts.VerifyPassword(ctx, s.a, id, password, limit.Peer{}); err != nil || ok != want {
				t.Errorf("%q: %v, %v", password, ok, err)
			}
		}
		for name, fn := range map[string]func() error{
			"get": func() error { _, err := s.Get(ctx, s.a, foreign); return err },
			"update": func() error {
				_, err := s.UpdateOne(ctx, password.Party{StoreID: s.a}, customer.Update{ID: foreign})
				return err
			},
			"verify": func() error { _, err := s.accounts.VerifyPassword(ctx, s.a, foreign, "x", limit.Peer{}); return err },
			"delete": func() error { return s.DeleteOne(ctx, s.a, foreign) },
		} {
			if err := fn(); kind(err) != fault.NotFound {
				t.Errorf("%s another store's customer: %v", name, err)
			}
		}
		if err := s.DeleteOne(ctx, s.a, id); err != nil {
			t.Error(err)
		}
		if err := s.DeleteOne(ctx, s.a, id); kind(err) != fault.NotFound {
			t.Errorf("deleted twice: %v", err)
		}
		if n := s.count(t, s.b); n != 2 {
			t.Errorf("the other store has %d customers", n)
		}
	})
}

var passwordHash = sqldb.Static(`SELECT password_hash FROM customers WHERE store_id = $1 AND id = $2`)

func TestGeneratedPasswordAndDefaultGroup(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		s := newShop(t, db)
		ctx := t.Context()
		g, err := group.NewService(db, s.sys, s).Create(ctx, s.a, group.Write{Name: opt.Some("Everyone"), IsDefault: opt.Some(true)})
		if err != nil {
			t.Fatal(err)
		}
		plain := person("plain@example.com", "P", "P")
		joins := person("joins@example.com", "J", "J")
		joins.JoinDefault, joins.GeneratePassword = true, true
		elsewhere := joins
		elsewhere.Email = "elsewhere@example.com"
		rows := s.add(t, s.a, plain, joins)
		if rows[0].GroupID != 0 || rows[1].GroupID != g.ID {
			t.Errorf("the groups are %d and %d", rows[0].GroupID, rows[1].GroupID)
		}
		if other := s.add(t, s.b, elsewhere); other[0].GroupID != 0 {
			t.Errorf("joined another store's group %d", other[0].GroupID)
		}
		var hashes [2]string
		if err := db.Read(ctx, s.a, func(tx *sqldb.Tx) error {
			for i := range rows {
				if err := tx.Query(passwordHash, func(r *sqldb.Row) error { hashes[i] = r.Text(0); return nil }, rows[i].ID); err != nil {
					return err
				}
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		if hashes[0] != "" || hashes[1] == "" {
			t.Errorf("the hashes are %q", hashes)
		}
		if ok, err := s.accounts.VerifyPassword(ctx, s.a, rows[1].ID, "guess", limit.Peer{}); ok || err != nil {
			t.Errorf("%v, %v", ok, err)
		}
	})
}

func TestAddressBook(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		s := newShop(t, db)
		ctx := t.Context()
		me := s.add(t, s.a, person("me@example.com", "M", "E"))[0].ID
		other := s.add(t, s.a, person("other@example.com", "O", "T"))[0].ID
		foreign := s.add(t, s.b, person("b@example.com", "B", "B"), person("b2@example.com", "B", "B"), person("b3@example.com", "B", "B"))[2].ID

		first, err := s.CreateAddress(ctx, s.a, customer.AddressCreate{CustomerID: me, AddressFields: lisbon()})
		if err != nil {
			t.Fatal(err)
		}
		again, err := s.CreateAddress(ctx, s.a, customer.AddressCreate{CustomerID: me, AddressFields: lisbon()})
		if err != nil || again.ID != first.ID {
			t.Errorf("the same address again: %+v, %v", again, err)
		}
		if _, err := s.CreateAddress(ctx, s.a, customer.AddressCreate{CustomerID: foreign, AddressFields: lisbon()}); kind(err) != fault.NotFound {
			t.Errorf("an address of another store's customer: %v", err)
		}
		second := lisbon()
		second.Address1 = "Rua 2"
		two, err := s.CreateAddress(ctx, s.a, customer.AddressCreate{CustomerID: me, AddressFields: second})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.UpdateAddress(ctx, s.a, me, customer.AddressUpdate{ID: two.ID, Address1: opt.Some("Rua 1")}); kind(err) != fault.Conflict {
			t.Errorf("a change to an equal one: %v", err)
		}
		if _, err := s.UpdateAddress(ctx, s.a, other, customer.AddressUpdate{ID: two.ID, City: opt.Some("Porto")}); kind(err) != fault.NotFound {
			t.Errorf("a change through another customer: %v", err)
		}
		if err := s.DeleteAddress(ctx, s.a, other, two.ID); kind(err) != fault.NotFound {
			t.Errorf("a deletion through another customer: %v", err)
		}
		for store, owner := range map[int64]int64{s.a: foreign, s.b: foreign + 10} {
			if _, err := s.Book(ctx, store, owner, customer.AddressBook.New()); kind(err) != fault.NotFound {
				t.Errorf("the book of nobody: %v", err)
			}
			if _, err := s.BookCount(ctx, store, owner); kind(err) != fault.NotFound {
				t.Errorf("the count of nobody: %v", err)
			}
			if err := s.DeleteBook(ctx, store, owner); kind(err) != fault.NotFound {
				t.Errorf("deleting the book of nobody: %v", err)
			}
		}
		for i := range 210 {
			a := lisbon()
			a.Address1 = fmt.Sprint("Rua ", i+3)
			if _, err := s.CreateAddress(ctx, s.a, customer.AddressCreate{CustomerID: me, AddressFields: a}); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := s.CreateAddress(ctx, s.a, customer.AddressCreate{CustomerID: other, AddressFields: lisbon()}); err != nil {
			t.Fatal(err)
		}
		q := customer.AddressBook.New()
		q.Page, q.Limit = 2, 2
		if err := s.DeleteBookPage(ctx, s.a, me, q); err != nil {
			t.Error(err)
		}
		rows, err := s.Book(ctx, s.a, me, customer.AddressBook.New())
		if err != nil || len(rows) != listing.DefaultLimit || rows[0].ID != first.ID || rows[2].Address1 != "Rua 5" {
			t.Errorf("%d rows, %v", len(rows), err)
		}
		if n, err := s.BookCount(ctx, s.a, me); n != 210 || err != nil {
			t.Errorf("%d addresses, %v", n, err)
		}
		if err := s.DeleteBook(ctx, s.a, me); err != nil {
			t.Error(err)
		}
		if n, err := s.BookCount(ctx, s.a, me); n != 0 || err != nil {
			t.Errorf("%d addresses, %v", n, err)
		}
		if n, err := s.BookCount(ctx, s.a, other); n != 1 || err != nil {
			t.Errorf("the other customer has %d addresses, %v", n, err)
		}
		if got := s.events(t, s.a); got[event.AddressDeleted] != 212 {
			t.Errorf("the events are %v", got)
		}
	})
}

// Within one batch each customer joins the group of the channel they come from.
func TestEachJoinsTheGroupOfTheirChannel(t *testing.T) {
	each(t, func(w *world) {
		err := w.db.Write(w.t.Context(), w.mine, func(tx *sqldb.Tx) error {
			choose := sqldb.Dynamic(`INSERT INTO customer_settings (store_id, channel_id, name, value) VALUES ($1, $2, $3, $4)`)
			return errors.Join(
				tx.Exec(sqldb.Dynamic(`UPDATE customer_groups SET is_default = 1 WHERE store_id = $1 AND id = 2`)),
				tx.Exec(choose, int64(3), group.DefaultSetting, "4"), tx.Exec(choose, int64(4), group.DefaultSetting, "0"),
			)
		})
		if err != nil {
			w.t.Fatal(err)
		}
		var in []customer.Create
		want := []int64{2, 2, 4, 0, 3, 0} // channels 1 and 2 have the store's group
		for i := range want {
			c := named(fmt.Sprint(i, "@x.org"))
			c.OriginChannelID, c.JoinDefault = int64(min(i+1, 4)), i < 5
			in = append(in, c)
		}
		in[4].GroupID = 3 // that is given
		for i, c := range w.create(in...) {
			if c.GroupID != want[i] || w.get(c.ID).GroupID != want[i] {
				w.t.Errorf("%d, from channel %d: group %d, want %d", i, c.OriginChannelID, c.GroupID, want[i])
			}
		}
	})
}
