package customer_test

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"clientele/internal/channel"
	"clientele/internal/customer"
	"clientele/internal/fault"
	"clientele/internal/form"
	"clientele/internal/group"
	"clientele/internal/history/historytest"
	"clientele/internal/jsonx"
	"clientele/internal/listing"
	"clientele/internal/opt"
	"clientele/internal/password"
	"clientele/internal/password/passwordtest"
	"clientele/internal/rest"
	"clientele/internal/sqldb"
	"clientele/internal/sqldb/dbtest"
	"clientele/internal/store"
	"clientele/internal/system"
	"clientele/internal/words"
)

// world is a database with two stores, "mine" and "other", with the same
// reference data but for what only the other has: channel, group and
// attribute 9.
type world struct {
	t           *testing.T
	db          *sqldb.DB
	svc         *customer.Service
	now         atomic.Int64
	mine, other int64
}

func each(t *testing.T, fn func(w *world)) {
	t.Helper()
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) { fn(newWorld(t, db)) })
}

func newWorld(t *testing.T, db *sqldb.DB) *world {
	t.Helper()
	w := &world{t: t, db: db}
	w.now.Store(1000)
	sys := system.Real()
	sys.Clock = func() time.Time { return time.Unix(w.now.Load(), 0) }
	w.svc = customer.NewService(db, sys, passwordtest.New(sys))
	stores := store.NewService(db, sys)
	for _, s := range []struct {
		id   *int64
		hash string
	}{{&w.mine, "mine"}, {&w.other, "other"}} {
		st, err := stores.Create(t.Context(), s.hash, "", "")
		if err != nil {
			t.Fatal(err)
		}
		*s.id = st.ID
		if err := db.Write(t.Context(), st.ID, func(tx *sqldb.Tx) error {
			last := int64(4)
			if s.hash == "other" {
				last = 9
			}
			for id := int64(2); id <= last; id++ {
				if err := channel.Put(tx, channel.Given{ID: id, Name: fmt.Sprint("c", id)}, 0); err != nil {
					return err
				}
				if _, err := group.Put(tx, id, group.Write{Name: opt.Some("g")}, 0); err != nil {
					return err
				}
			}
			for i, typ := range customer.AttributeTypes {
				if _, err := customer.PutAttribute(tx, int64(i+1), typ, typ, 0); err != nil {
					return err
				}
			}
			if last == 9 {
				if _, err := customer.PutAttribute(tx, 9, "theirs", "string", 0); err != nil {
					return err
				}
				if err := form.Put(tx, form.Field{Form: form.Customer, Name: "theirs", Type: "text"}, 0); err != nil {
					return err
				}
			}
			for _, name := range []string{form.Customer, form.Address} {
				for _, typ := range form.Types {
					f := form.Field{Form: name, Name: "f " + typ, Type: typ}
					switch typ {
					case "checkbox", "radio", "dropdown":
						f.Options.Choices = []string{"a", "b", "c\""}
					case "text":
						f.Options.MaxLength = 5
					}
					if err := form.Put(tx, f, 0); err != nil {
						return err
					}
				}
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
	}
	t.Cleanup(w.checkTotals)
	for _, id := range []int64{w.mine, w.other} {
		historytest.Forget(t, db, id)
	}
	return w
}

func named(email string, channels ...int64) customer.Create {
	return customer.Create{Email: email, FirstName: "Jane", LastName: "Doe", ChannelIDs: channels}
}

func home(customerID int64, line string) customer.AddressCreate {
	return customer.AddressCreate{CustomerID: customerID, AddressFields: customer.AddressFields{
		FirstName: "Jane", LastName: "Doe", Address1: line, City: "Berlin", PostalCode: "10115", CountryCode: "DE", StateOrProvince: "Berlin",
	}}
}

func (w *world) create(in ...customer.Create) []customer.Customer {
	w.t.Helper()
	out, err := w.svc.CreateFor(w.t.Context(), password.Party{StoreID: w.mine}, in)
	if err != nil {
		w.t.Fatal(err)
	}
	return out
}

func (w *world) update(in ...customer.Update) []customer.Customer {
	w.t.Helper()
	out, err := w.svc.UpdateFor(w.t.Context(), password.Party{StoreID: w.mine}, in)
	if err != nil {
		w.t.Fatal(err)
	}
	return out
}

func (w *world) list(storeID int64, raw string) []customer.Customer {
	w.t.Helper()
	q, err := customer.List.Parse(raw)
	if err != nil {
		w.t.Fatal(err)
	}
	out, _, err := w.svc.List(w.t.Context(), storeID, q, nil)
	if err != nil {
		w.t.Fatal(err)
	}
	return out
}

const everything = "include=addresses,attributes,formfields"

func (w *world) get(id int64) customer.Customer {
	w.t.Helper()
	out := w.list(w.mine, fmt.Sprintf("id:in=%d&%s", id, everything))
	if len(out) != 1 {
		w.t.Fatalf("%d customers %d", len(out), id)
	}
	return out[0]
}

func (w *world) remove(ids ...int64) int {
	w.t.Helper()
	n, err := w.svc.Delete(w.t.Context(), w.mine, customer.DeleteList.New().Where("id", listing.In, ids, nil))
	if err != nil {
		w.t.Fatal(err)
	}
	return n
}

// query returns the rows of a query of integers and texts as text.
func (w *world) query(storeID int64, sql string) []string {
	w.t.Helper()
	var out []string
	if err := w.db.Read(w.t.Context(), storeID, func(tx *sqldb.Tx) error {
		out = nil
		return tx.Query(sqldb.Dynamic(sql), func(r *sqldb.Row) error { out = append(out, r.Text(0)); return nil })
	}); err != nil {
		w.t.Fatalf("%s: %v", sql, err)
	}
	return out
}

func (w *world) number(storeID int64, sql string) (n int64) {
	w.t.Helper()
	if err := w.db.Read(w.t.Context(), storeID, func(tx *sqldb.Tx) error {
		return tx.Query(sqldb.Dynamic(sql), func(r *sqldb.Row) error { n = r.Int(0); return nil })
	}); err != nil {
		w.t.Fatalf("%s: %v", sql, err)
	}
	return n
}

var tables = []string{"customers", "addresses", "attribute_values", "customer_form_values", "address_form_values", "customer_emails", "events", "list_gaps"}

// sizes tells how much there is of everything, and the counters.
func (w *world) sizes(storeID int64) string {
	w.t.Helper()
	var b strings.Builder
	for _, t := range tables {
		fmt.Fprintf(&b, "%s=%d ", t, w.number(storeID, "SELECT COUNT(*) FROM "+t+" WHERE store_id = $1"))
	}
	for _, c := range []string{"customer_id", "address_id", "attribute_value_id", "event_id", "customers", "addresses"} {
		fmt.Fprintf(&b, "%s=%d ", c, w.number(storeID, "SELECT "+c+" FROM store_counters WHERE store_id = $1"))
	}
	return b.String()
}

// events returns what happened after event number last.
func (w *world) events(last int64) []string {
	w.t.Helper()
	var out []string
	next := last
	if err := w.db.Read(w.t.Context(), w.mine, func(tx *sqldb.Tx) error {
		return tx.Query(sqldb.Dynamic(`SELECT id, scope, resource_id, customer_id, data FROM events WHERE store_id = $1 AND id > $2 ORDER BY id`), func(r *sqldb.Row) error {
			if next++; r.Int(0) != next {
				return fmt.Errorf("event %d comes after %d", r.Int(0), next-1)
			}
			s := fmt.Sprintf("%s %d %d %s", strings.TrimPrefix(r.Text(1), "store/customer/"), r.Int(2), r.Int(3), r.Text(4))
			out = append(out, s)
			return nil
		}, last)
	}); err != nil {
		w.t.Fatal(err)
	}
	return out
}

func (w *world) lastEvent() int64 {
	return w.number(w.mine, `SELECT event_id FROM store_counters WHERE store_id = $1`)
}

// recount compares what is counted with what is there.
func (w *world) recount() {
	w.t.Helper()
	for list, table := range map[int]string{1: "customers", 2: "addresses"} {
		if total, n := w.number(w.mine, "SELECT "+table+" FROM store_counters WHERE store_id = $1"), w.number(w.mine, "SELECT COUNT(*) FROM "+table+" WHERE store_id = $1"); total != n {
			w.t.Errorf("total of %s is %d, there are %d", table, total, n)
		}
		last := w.number(w.mine, map[int]string{1: "SELECT customer_id", 2: "SELECT address_id"}[list]+" FROM store_counters WHERE store_id = $1")
		there := w.query(w.mine, "SELECT CAST(id AS TEXT) FROM "+table+" WHERE store_id = $1")
		for level, shift := range []uint{15, 10, 5} {
			want := map[string]int{}
			for id := int64(1); id <= last; id++ {
				if !slices.Contains(there, fmt.Sprint(id)) {
					want[fmt.Sprint(id>>shift)]++
				}
			}
			have := map[string]int{}
			for _, row := range w.query(w.mine, fmt.Sprintf(`SELECT CAST(block AS TEXT) || ':' || CAST(missing AS TEXT) FROM list_gaps WHERE store_id = $1 AND list = %d AND level = %d AND missing <> 0`, list, level)) {
				block, n, _ := strings.Cut(row, ":")
				if v, err := strconv.Atoi(n); err == nil {
					have[block] = v
				}
			}
			if !reflect.DeepEqual(have, want) {
				w.t.Errorf("%s: gaps of level %d are %v, want %v", table, level, have, want)
			}
		}
	}
}

// broken returns the items of a fault as "index.field code".
// speech writes the words for fields with underscores.
var speech = &words.Speech{Spell: words.Snake, Names: map[fault.Field]string{
	password.FieldPassword: "authentication.new_password", customer.FieldStoreCredit: "store_credit_amounts",
}}

func broken(err error) []string {
	f := fault.As(err)
	if f == nil {
		if err != nil {
			return []string{"not a fault: " + err.Error()}
		}
		return nil
	}
	var out []string
	for i := range f.Items {
		it := &f.Items[i]
		out = append(out, fmt.Sprintf("%d.%s %s", it.Index(), speech.Path(it), it.Code))
	}
	return out
}

func (w *world) wantBroken(what string, err error, want ...string) {
	w.t.Helper()
	if got := broken(err); !slices.Equal(got, want) {
		w.t.Errorf("%s: %q, want %q", what, got, want)
	}
}

// inUse reports whether a batch was refused because of a taken email, and tells
// which item's: the look for it found out, not the database's key.
func inUse(err error) bool {
	f := fault.As(err)
	if f == nil || f.Kind != fault.Conflict || len(f.Items) != 1 || errors.Is(err, sqldb.ErrUnavailable) {
		return false
	}
	it := f.Items[0]
	return it.Code == fault.EmailInUse && it.Field == "email" && it.Index() >= 0 && it.Value != ""
}

func value(t *testing.T, text string) form.Value {
	t.Helper()
	v, err := jsonx.Parse([]byte(text), jsonx.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	return rest.FormValue(v)
}

func (w *world) field(name, text string) form.Input {
	w.t.Helper()
	return form.Input{Name: name, Value: value(w.t, text)}
}

func equal(t *testing.T, what string, got, want any) {
	t.Helper()
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%s:\n got %+v\nwant %+v", what, got, want)
	}
}
