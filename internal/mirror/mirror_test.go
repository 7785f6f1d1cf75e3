package mirror_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"clientele/internal/app/apptest"
	"clientele/internal/customer"
	"clientele/internal/fault"
	"clientele/internal/form"
	"clientele/internal/metafield"
	"clientele/internal/mirror"
	"clientele/internal/opt"
	"clientele/internal/password"
	"clientele/internal/segment"
	"clientele/internal/sqldb"
	"clientele/internal/sqldb/dbtest"
	"clientele/internal/subscriber"
	"clientele/internal/upstream"
	"clientele/internal/webhook"
)

const sourceSeed = `
stores:
- hash: source
  settings: {timezone: Europe/Lisbon, currency: EUR, phone: "+351 1"}
  channels: [{id: 1, name: Web}, {id: 7, name: Outlet, type: storefront, platform: bigcommerce}]
  api_accounts: [{name: A, client_id: C, client_secret: S, access_token: TOKEN, scopes: [all]}]
  form_fields:
  - {form: customer, name: Referral, type: text}
  - {form: customer, name: Toppings, type: checkbox, choices: [Cheese, Ham]}
  - {form: address, name: Floor, type: number}
  attributes: [{id: 3, name: Size, type: number}, {id: 5, name: Tags, type: string}]
  customer_groups:
  - {id: 4, name: Wholesale, discount_rules: [{type: all, method: percent, amount: "12.5"}]}
  - {id: 9, name: Friends, category_access: {type: specific, categories: [1, 2]}}
  segments: [{id: 0b0a8a9e-7b1a-4c67-9f3b-0d5f3a1c2b4d, name: Best}]
`

const best = "0b0a8a9e-7b1a-4c67-9f3b-0d5f3a1c2b4d"

// pair is a store and its mirror.
type pair struct {
	*testing.T
	from, to *apptest.World
	server   *httptest.Server
	// trouble answers requests instead of the source; it reports that it did.
	trouble atomic.Pointer[func(http.ResponseWriter, *http.Request) bool]
	client  *upstream.Client
}

func newPair(t *testing.T, e sqldb.Engine) *pair {
	p := &pair{T: t}
	p.from = apptest.New(t, dbtest.Open(t, e), apptest.Options{Seed: sourceSeed})
	p.to = apptest.New(t, dbtest.Open(t, e), apptest.Options{Seed: "stores: [{hash: here}]", Now: apptest.Start.Add(time.Hour)})
	p.server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if f := p.trouble.Load(); f == nil || !(*f)(w, r) {
			p.from.Management.ServeHTTP(w, r)
		}
	}))
	t.Cleanup(p.server.Close)
	var err error
	p.client, err = upstream.NewClient(p.to.System, webhook.Rules{}, upstream.Account{URL: p.server.URL + "/stores/source", Token: "TOKEN"}, 4)
	p.ok(err)
	return p
}

func (p *pair) ok(err error) {
	p.Helper()
	if err != nil {
		p.Fatal(err)
	}
}

var party = password.Party{StoreID: 1}

// person is a customer who has some of everything.
func person(i int) customer.Create {
	c := customer.Create{
		Email: fmt.Sprintf("p%d@example.com", i), FirstName: fmt.Sprint("P", i), LastName: "O'Neil", Company: "Ä & Co", Notes: "line\nline", TaxExemptCategory: "x",
		StoreCredit: int64(i) * 10_000, AcceptsEmails: i%2 == 0,
	}
	switch i % 4 {
	case 0:
		c.GroupID = 4
		c.Attributes = []customer.AttributeInput{{AttributeID: 3, Value: "41"}, {AttributeID: 5, Value: "a, b"}}
		c.FormFields = []form.Input{{Name: "Referral", Value: form.Text("friend")}, {Name: "Toppings", Value: form.Texts([]string{"Ham"})}}
	case 1:
		c.ChannelIDs, c.OriginChannelID = []int64{1, 7}, 7
	case 2:
		c.ForcePasswordReset = true
		c.Addresses = []customer.AddressCreate{address(1), address(2)}
	}
	return c
}

func address(n int) customer.AddressCreate {
	return customer.AddressCreate{
		AddressFields: customer.AddressFields{FirstName: "A", LastName: "B", Address1: fmt.Sprint(n, " Rua"), City: "Lisboa", PostalCode: "1100", CountryCode: "PT", StateOrProvince: "Lisboa"},
		FormFields:    []form.Input{{Name: "Floor", Value: form.Number(fmt.Sprint(n))}},
	}
}

// fill makes n customers and what goes with them.
func (p *pair) fill(n int) {
	for i := range n {
		_, err := p.from.Customers.CreateFor(p.Context(), party, []customer.Create{person(i)})
		p.ok(err)
		if i%5 == 0 {
			_, err := p.from.Subscribers.Create(p.Context(), 1, subscriber.Create{Email: fmt.Sprintf("s%d@example.com", i), FirstName: "S", Consents: opt.Some([]string{})}, subscriber.Origin{Via: subscriber.ViaManagementAPI})
			p.ok(err)
			_, err = p.from.Metafields.Create(p.Context(), 1, metafield.Caller{ClientID: "C"}, metafield.Create{CustomerID: int64(i + 1), Namespace: "n", Key: "k", Value: fmt.Sprint(i), Permission: metafield.AppOnly})
			p.ok(err)
		}
	}
	_, err := p.from.Customers.SetConsent(p.Context(), 1, 8, customer.Consent{Allow: []string{"functional"}, Deny: []string{"targeting"}})
	p.ok(err)
	// More than a list shows of one customer.
	var many []customer.AddressCreate
	for i := range 23 {
		a := address(100 + i)
		a.CustomerID = 1
		many = append(many, a)
	}
	_, err = p.from.Customers.CreateAddresses(p.Context(), 1, many)
	p.ok(err)
	for i := range 13 {
		made, err := p.from.Customers.CreateAttributes(p.Context(), 1, []customer.AttributeCreate{{Name: fmt.Sprint("More ", i), Type: "string"}})
		p.ok(err)
		_, err = p.from.Customers.PutAttributeValues(p.Context(), 1, []customer.AttributeUpsert{{CustomerID: 1, AttributeID: made[0].ID, Value: fmt.Sprint(i)}})
		p.ok(err)
	}
	_, err = p.from.Segments.AddCustomers(p.Context(), 1, best, []int64{1, 2, 3})
	p.ok(err)
}

func (p *pair) once() {
	p.Helper()
	p.ok(p.to.Mirror.Run(p.Context(), 1, mirror.Options{From: p.client, Once: true, Consents: true}))
}

// differs returns what the sides do not have in common.
func (p *pair) differs() []string {
	p.Helper()
	var out []string
	p.ok(p.to.Mirror.Diff(p.Context(), 1, p.client, func(d mirror.Difference) error { out = append(out, d.String()); return nil }))
	return out
}

func (p *pair) equal() {
	p.Helper()
	if d := p.differs(); len(d) > 0 {
		p.Errorf("%d differences:\n%s", len(d), strings.Join(d[:min(len(d), 20)], "\n"))
	}
}

func (p *pair) number(w *apptest.World, query string) (n int64) {
	p.Helper()
	p.ok(w.DB.Read(p.Context(), 1, func(tx *sqldb.Tx) error {
		return tx.Query(sqldb.Dynamic(query), func(r *sqldb.Row) error { n = r.Int(0); return nil })
	}))
	return n
}

func each(t *testing.T, do func(p *pair)) {
	for _, e := range []sqldb.Engine{sqldb.SQLite, sqldb.Postgres} {
		t.Run(string(e), func(t *testing.T) {
			t.Parallel()
			do(newPair(t, e))
		})
	}
}

// One run brings everything along with its ids, and the next ones what changed.
func TestMirror(t *testing.T) {
	each(t, func(p *pair) {
		p.fill(300)
		p.once()
		p.equal()
		if said, err := p.to.Customers.Consent(p.Context(), 1, 8); err != nil || fmt.Sprint(said.Allow, said.Deny) != "[functional] [targeting]" || said.DateModified != apptest.Start.Unix() {
			p.Errorf("%+v, %v", said, err)
		}
		if n := p.number(p.to, `SELECT COUNT(*) FROM customer_consents WHERE store_id = $1`); n != 1 {
			p.Errorf("%d said something of cookies", n)
		}
		if n := p.number(p.to, `SELECT COUNT(*) FROM events WHERE store_id = $1 AND scope LIKE 'store/customer/%'`); n != 0 {
			p.Errorf("webhooks are told of %d customers", n)
		}
		if n := p.number(p.to, `SELECT COUNT(*) FROM history WHERE store_id = $1 AND customer_id <> 0`); n != 0 {
			p.Errorf("the history tells of %d customers one by one", n)
		}
		p.totals()
		p.change()
		if len(p.differs()) < 10 {
			p.Error("a comparison does not see what differs")
		}
		p.once()
		p.equal()
		p.totals()
		st, err := p.to.Mirror.Get(p.Context(), 1)
		p.ok(err)
		if st.Phase != mirror.Following || st.Counts.Rejected != 0 || st.Counts.Removed < 3 {
			p.Errorf("%+v", st.Progress)
		}
		// Nothing changes any more.
		before := st.Counts
		p.once()
		if st, err = p.to.Mirror.Get(p.Context(), 1); err != nil || st.Counts != before {
			p.Errorf("%+v, %v", st.Counts, err)
		}
		// Who is made here comes after all from there.
		made, err := p.to.Customers.CreateFor(p.Context(), party, []customer.Create{{Email: "new@example.com", FirstName: "N", LastName: "N", Addresses: []customer.AddressCreate{{AddressFields: address(1).AddressFields}}}})
		p.ok(err)
		if last := p.number(p.from, `SELECT customer_id FROM store_counters WHERE store_id = $1`); made[0].ID <= p.number(p.from, `SELECT MAX(id) FROM customers WHERE store_id = $1`) || made[0].ID > last+1 {
			p.Errorf("the next customer has the id %d", made[0].ID)
		}
	})
}

// totals holds the counts that lists go by to what there is.
func (p *pair) totals() {
	p.Helper()
	for column, table := range map[string]string{"customers": "customers", "addresses": "addresses", "subscribers": "subscribers", "attribute_values": "attribute_values"} {
		if kept, is := p.number(p.to, `SELECT `+column+` FROM store_counters WHERE store_id = $1`), p.number(p.to, `SELECT COUNT(*) FROM `+table+` WHERE store_id = $1`); kept != is {
			p.Errorf("%d %s are counted, and there are %d", kept, table, is)
		}
	}
	// Each page of a list is found by the gaps between ids.
	for page := 1; page <= 4; page++ {
		want := p.ids(p.from, page)
		if got := p.ids(p.to, page); got != want {
			p.Errorf("page %d has %s, want %s", page, got, want)
		}
	}
}

func (p *pair) ids(w *apptest.World, page int) string {
	q, err := customer.List.Parse(fmt.Sprintf("limit=100&page=%d", page))
	p.ok(err)
	rows, _, err := w.Customers.List(p.Context(), 1, q, nil)
	p.ok(err)
	var out []string
	for i := range rows {
		out = append(out, fmt.Sprint(rows[i].ID))
	}
	return strings.Join(out, " ")
}

// change does some of everything that may happen.
func (p *pair) change() {
	p.Helper()
	p.from.Clock.Advance(10 * time.Minute)
	ctx := p.Context()
	update := func(in ...customer.Update) {
		p.Helper()
		_, err := p.from.Customers.UpdateFor(ctx, party, in)
		p.ok(err)
	}
	update(customer.Update{ID: 10, FirstName: opt.Some("Other"), GroupID: opt.Some[int64](9), ChannelIDs: opt.Some([]int64{7})})
	// Two swap their addresses of email.
	update(customer.Update{ID: 21, Email: opt.Some("p21@example.com")}, customer.Update{ID: 22, Email: opt.Some("p20@example.com")})
	// One goes, and another has the email at once.
	p.remove("30")
	update(customer.Update{ID: 31, Email: opt.Some("p29@example.com")})
	p.remove("40")
	_, err := p.from.Customers.CreateFor(ctx, party, []customer.Create{{Email: "p39@example.com", FirstName: "Again", LastName: "B"}})
	p.ok(err)
	// The newest goes too.
	p.remove("300")
	// Addresses: changed, swapped, gone.
	q, err := customer.AddressList.Parse("customer_id:in=3,7")
	p.ok(err)
	book, _, err := p.from.Customers.Addresses(ctx, 1, q)
	p.ok(err)
	_, err = p.from.Customers.UpdateAddresses(ctx, 1, []customer.AddressUpdate{{ID: book[0].ID, City: opt.Some("Porto"), FormFields: []form.Input{{Name: "Floor", Value: form.Number("9")}}}})
	p.ok(err)
	for _, line := range []struct {
		id   int64
		text string
	}{{book[2].ID, "0 Rua"}, {book[3].ID, "1 Rua"}, {book[2].ID, "2 Rua"}} {
		_, err = p.from.Customers.UpdateAddresses(ctx, 1, []customer.AddressUpdate{{ID: line.id, Address1: opt.Some(line.text)}})
		p.ok(err)
	}
	q, err = customer.DeleteAddressList.Parse(fmt.Sprintf("id:in=%d", book[1].ID))
	p.ok(err)
	_, err = p.from.Customers.DeleteAddresses(ctx, 1, q)
	p.ok(err)
	// Values of attributes, whose customers do not count as changed.
	_, err = p.from.Customers.PutAttributeValues(ctx, 1, []customer.AttributeUpsert{{CustomerID: 2, AttributeID: 3, Value: "44"}, {CustomerID: 5, AttributeID: 3, Value: "45"}})
	p.ok(err)
	q, err = customer.AttributeValueList.Parse("customer_id:in=9&attribute_id:in=5")
	p.ok(err)
	values, _, err := p.from.Customers.AttributeValues(ctx, 1, q)
	p.ok(err)
	q, err = customer.DeleteAttributeValueList.Parse(fmt.Sprintf("id:in=%d", values[0].ID))
	p.ok(err)
	_, err = p.from.Customers.DeleteAttributeValues(ctx, 1, q)
	p.ok(err)
	// Subscribers: changed, gone, and another with the address.
	by := subscriber.Origin{Via: subscriber.ViaManagementAPI}
	_, err = p.from.Subscribers.Update(ctx, 1, 1, subscriber.Update{Consents: opt.Some([]string{subscriber.MarketingNewsletter})}, by)
	p.ok(err)
	p.ok(p.from.Subscribers.DeleteOne(ctx, 1, 2, by))
	_, err = p.from.Subscribers.Create(ctx, 1, subscriber.Create{Email: "s5@example.com"}, by)
	p.ok(err)
	// Metafields.
	caller := metafield.Caller{ClientID: "C"}
	_, err = p.from.Metafields.Update(ctx, 1, caller, 1, metafield.Update{ID: 1, Value: opt.Some("changed")})
	p.ok(err)
	p.ok(p.from.Metafields.Delete(ctx, 1, caller, 6, 2))
	// Segments.
	_, err = p.from.Segments.RemoveCustomers(ctx, 1, best, 2)
	p.ok(err)
	_, err = p.from.Segments.Update(ctx, 1, []segment.Update{{UUID: best, Name: opt.Some("Better")}})
	p.ok(err)
	_, err = p.from.Segments.AddCustomers(ctx, 1, best, []int64{50})
	p.ok(err)
	// A new definition, and who has a value of it.
	made, err := p.from.Customers.CreateAttributes(ctx, 1, []customer.AttributeCreate{{Name: "Late", Type: "date"}})
	p.ok(err)
	_, err = p.from.Customers.PutAttributeValues(ctx, 1, []customer.AttributeUpsert{{CustomerID: 60, AttributeID: made[0].ID, Value: "2026-01-01"}})
	p.ok(err)
}

func (p *pair) remove(ids string) {
	p.Helper()
	q, err := customer.DeleteList.Parse("id:in=" + ids)
	p.ok(err)
	_, err = p.from.Customers.Delete(p.Context(), 1, q)
	p.ok(err)
}

// What fails for a while is tried again, and limits are kept to.
func TestMirrorOfATroubledStore(t *testing.T) {
	p := newPair(t, sqldb.SQLite)
	p.fill(12)
	var n, early, from, until atomic.Int64
	trouble := func(w http.ResponseWriter, r *http.Request) bool {
		// What was under way could not know.
		if now := time.Now().UnixMilli(); now > from.Load() && now < until.Load() {
			early.Add(1)
		}
		switch n.Add(1) % 8 {
		case 1:
			w.WriteHeader(http.StatusBadGateway)
			return true
		case 3:
			from.Store(time.Now().Add(100 * time.Millisecond).UnixMilli())
			until.Store(time.Now().Add(250 * time.Millisecond).UnixMilli())
			w.Header().Set("X-Rate-Limit-Requests-Left", "0")
			w.Header().Set("X-Rate-Limit-Time-Reset-Ms", "260")
			w.WriteHeader(http.StatusTooManyRequests)
			_, _ = io.WriteString(w, `{"status":429,"title":"Too many requests"}`)
			return true
		}
		return false
	}
	p.trouble.Store(&trouble)
	p.once()
	p.trouble.Store(nil)
	p.equal()
	if early.Load() > 0 {
		t.Errorf("%d requests did not wait as long as they were told", early.Load())
	}
}

// What webhooks tell of is looked at at once, and what they tell of comes from the
// upstream alone.
func TestMirrorFollows(t *testing.T) {
	each(t, func(p *pair) {
		p.fill(20)
		here := httptest.NewServer(p.to.Handler)
		defer here.Close()
		ctx, cancel := context.WithCancel(p.Context())
		ended := make(chan error, 1)
		synced := make(chan struct{}, 1000)
		go func() {
			ended <- p.to.Mirror.Run(ctx, 1, mirror.Options{From: p.client, Callback: here.URL + "/_clientele/mirror/here", Poll: time.Hour, Each: func(s *mirror.State) {
				if s.Synced > 0 {
					select {
					case synced <- struct{}{}:
					default:
					}
				}
			}})
		}()
		<-synced
		p.equal()
		p.from.Clock.Advance(time.Minute)
		a := address(77)
		a.CustomerID = 4
		_, err := p.from.Customers.CreateAddresses(p.Context(), 1, []customer.AddressCreate{a})
		p.ok(err)
		p.remove("6")
		p.ok(p.from.Subscribers.DeleteOne(p.Context(), 1, 1, subscriber.Origin{Via: subscriber.ViaManagementAPI}))
		p.ok(p.from.Metafields.Delete(p.Context(), 1, metafield.Caller{ClientID: "C"}, 1, 1))
		if d := p.differs(); len(d) < 4 {
			p.Errorf("nobody was told yet, and only this differs: %q", d)
		}
		for range 100 {
			_, err := p.from.Deliveries.RunDue(p.Context())
			p.ok(err)
			if len(p.differs()) == 0 {
				break
			}
			time.Sleep(100 * time.Millisecond)
		}
		p.equal()
		if res, err := http.Post(here.URL+"/_clientele/mirror/here", "application/json", strings.NewReader(`{"scope":"store/customer/deleted","data":{"type":"customer","id":1}}`)); err != nil || res.StatusCode != 401 {
			p.Error(res, err)
		}
		err = p.to.Mirror.Receive(p.Context(), 1, "guessed", []byte(`{"scope":"store/customer/deleted","data":{"type":"customer","id":1}}`))
		if f := fault.As(err); f != mirror.ErrSecret {
			p.Error(err)
		}
		cancel()
		p.ok(<-ended)
		if n := p.number(p.from, `SELECT COUNT(*) FROM webhooks WHERE store_id = $1`); n != 0 {
			p.Errorf("%d webhooks are left", n)
		}
	})
}

// A mirror ends also where the account there is refused by now: only then its webhooks
// are left there.
func TestMirrorOfAClosedAccount(t *testing.T) {
	p := newPair(t, sqldb.SQLite)
	p.fill(12)
	here := httptest.NewServer(p.to.Handler)
	defer here.Close()
	status := http.StatusUnauthorized
	trouble := func(w http.ResponseWriter, r *http.Request) bool {
		if r.Method != http.MethodDelete {
			return false
		}
		w.WriteHeader(status)
		return true
	}
	p.trouble.Store(&trouble)
	if err := p.to.Mirror.Run(p.Context(), 1, mirror.Options{From: p.client, Once: true, Callback: here.URL + "/_clientele/mirror/here"}); err == nil {
		t.Error("webhooks were taken away")
	}
	status = http.StatusConflict
	if refused, err := p.to.Mirror.Leave(p.Context(), 1, p.client); err == nil || refused != nil {
		t.Errorf("%v, %v", refused, err)
	}
	status = http.StatusUnauthorized
	refused, err := p.to.Mirror.Leave(p.Context(), 1, p.client)
	if !upstream.IsStatus(refused, 401) || err != nil {
		t.Errorf("%v, %v", refused, err)
	}
	if _, err := p.to.Mirror.Get(p.Context(), 1); fault.As(err) != mirror.ErrNone {
		t.Error(err)
	}
	if n := p.number(p.from, `SELECT COUNT(*) FROM webhooks WHERE store_id = $1`); n != 3 {
		t.Errorf("%d webhooks are left", n)
	}
}

// Of a process that was killed a transaction may be committed after the next one has
// begun: that one looks whether anybody else is at work, and goes on.
func TestMirrorAfterAKill(t *testing.T) {
	each(t, func(p *pair) {
		p.fill(20)
		moved := false
		p.ok(p.to.Mirror.Run(p.Context(), 1, mirror.Options{From: p.client, Once: true, Poll: time.Millisecond, Each: func(*mirror.State) {
			if !moved {
				moved = true
				p.ok(p.to.DB.Write(p.Context(), 1, func(tx *sqldb.Tx) error {
					return tx.Exec(sqldb.Dynamic(`UPDATE mirrors SET version = version + 1 WHERE store_id = $1`))
				}))
			}
		}}))
		if !moved {
			p.Error("nobody came between")
		}
		p.equal()
	})
}
