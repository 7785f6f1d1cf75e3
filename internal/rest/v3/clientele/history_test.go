package clientele_test

import (
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"clientele/internal/auth"
	"clientele/internal/history"
	"clientele/internal/history/historytest"
	"clientele/internal/sqldb"
	"clientele/internal/sqldb/dbtest"
	"clientele/internal/store"
)

type historyPage struct {
	Data []struct {
		ID     int64
		Action string
	}
	Meta struct {
		Page struct {
			Start string `json:"start_cursor"`
			End   string `json:"end_cursor"`
			Links struct{ Previous, Next string }
		} `json:"cursor_pagination"`
	}
}

func (p *historyPage) ids() (out []int64) {
	for _, e := range p.Data {
		out = append(out, e.ID)
	}
	return out
}

// record writes entries of a store by hand.
func (d *desk) record(hash string, n int, entry func(i int) history.Entry) {
	d.t.Helper()
	if err := d.DB.Write(d.t.Context(), d.stores[hash], func(tx *sqldb.Tx) error {
		c, err := store.Advance{Entries: int64(n)}.Run(tx)
		if err != nil {
			return err
		}
		entries := make([]history.Entry, n)
		for i := range entries {
			entries[i] = entry(i)
		}
		return history.Record(tx, c.EntryID, d.Clock.Now().Unix(), entries)
	}); err != nil {
		d.t.Fatal(err)
	}
}

func TestHistory(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		d := newDesk(t, db)
		d.account("first", "crm", auth.Customers)
		d.account("first", "auditor", auth.ClienteleHistory)
		d.account("second", "stranger", auth.FullScopes()...)
		for _, id := range d.stores {
			historytest.Forget(t, db, id)
		}
		const path = "/clientele/history"
		list := func(query string) (out historyPage) {
			t.Helper()
			if err := json.Unmarshal([]byte(d.want("first", "auditor", "GET", path+query, "", 200, "")), &out); err != nil {
				t.Fatal(err)
			}
			return out
		}
		want := func(query string, ids ...int64) historyPage {
			t.Helper()
			p := list(query)
			if got := p.ids(); !slices.Equal(got, ids) {
				t.Errorf("%s: %v, want %v", query, got, ids)
			}
			return p
		}
		want("")
		d.want("first", "crm", "POST", "/customers", `[{"email":"a@example.com","first_name":"Ada","last_name":"B"},{"email":"c@example.com","first_name":"Cy","last_name":"D","store_credit_amounts":[{"amount":2.5}]}]`, 200, "")
		d.want("second", "stranger", "POST", "/customers", `[{"email":"ada@example.com","first_name":"Ada","last_name":"Z"}]`, 200, "")
		d.want("first", "crm", "PUT", "/customers", `[{"id":2,"company":"Löwe \"Söhne\"","customer_group_id":0,"accepts_product_review_abandoned_cart_emails":true}]`, 200, "")
		d.want("first", "crm", "PUT", "/customers", `[{"id":2,"company":"Löwe \"Söhne\""}]`, 200, "") // changes nothing
		d.want("first", "crm", "POST", "/customers/addresses", `[{"customer_id":2,"first_name":"Cy","last_name":"D","address1":"1 St","city":"Austin","state_or_province":"Texas","country_code":"US","postal_code":"78701"}]`, 200, "")
		d.want("first", "crm", "PUT", "/clientele/customers/2/locale", `{"locale":"de"}`, 200, "")

		got := d.want("first", "auditor", "GET", path+"?resource_type=customer&action=updated&limit=1&text=s%C3%96HNE", "", 200, "")
		const shown = `{"data":[{"id":3,"time":"2026-06-18T14:37:37Z","actor":{"kind":"api_account","id":1,"name":"crm","client_id":"crm"},"surface":"v3","action":"updated","resource":{"type":"customer","id":2},"customer_id":2,` +
			`"changes":[{"field":"accepts_emails","before":false,"after":true},{"field":"company","before":"","after":"Löwe \"Söhne\""}],"reason":null,"ip":"192.0.2.1","request_id":"`
		if !strings.HasPrefix(got, shown) {
			t.Errorf("an update\n got %s\nwant %s", got, shown)
		}
		_, request, _ := strings.Cut(got, `"request_id":"`)
		request, _, _ = strings.Cut(request, `"`)
		if len(request) != 32 {
			t.Errorf("the request is %q", request)
		}

		// What refused a token is a reason in words of the program.
		d.record("first", 1, func(int) history.Entry {
			e := history.Entry{Action: history.TokenRefused, Resource: history.Session, CustomerID: 1}
			e.Because(`the claim "aud" is <not> ours`)
			return e
		})
		if got := d.want("first", "auditor", "GET", path+"?action=token_refused", "", 200, ""); !strings.Contains(got, `"reason":"the claim \"aud\" is \u003cnot\u003e ours"`) && !strings.Contains(got, `"reason":"the claim \"aud\" is <not> ours"`) {
			t.Errorf("the reason: %s", got)
		}
		for query, ids := range map[string][]int64{
			"":                                      {6, 5, 4, 3, 2, 1},
			"?customer_id=2":                        {5, 4, 3, 2},
			"?customer_id=2&limit=2":                {5, 4},
			"?customer_id=7":                        nil,
			"?actor_kind=api_account":               {5, 4, 3, 2, 1},
			"?actor_kind=api_account&actor_id=1":    {5, 4, 3, 2, 1},
			"?actor_id=2":                           nil,
			"?actor_kind=system":                    {6},
			"?actor_name=crm":                       {5, 4, 3, 2, 1},
			"?actor_name=nobody":                    nil,
			"?surface=v3":                           {5, 4, 3, 2, 1},
			"?surface=v2":                           nil,
			"?action=created":                       {4, 2, 1},
			"?resource_type=address":                {4},
			"?resource_type=customer&resource_id=1": {1},
			"?request_id=" + request:                {3},
			"?text=ADA":                             {1},
			"?text=2.5":                             {2},
			"?text=192.0.2":                         {5, 4, 3, 2, 1},
			`?text=the+claim+"AUD"`:                 {6},
			"?text=stranger":                        nil,
			"?time:min=2026-06-18&time:max=2026-06-18": {6, 5, 4, 3, 2, 1},
			"?time:max=2026-06-17":                     nil,
			"?time:min=2026-06-19":                     nil,
			"?time:min=2026-06-18T14:37:38Z":           nil,
			"?limit=1000":                              {6, 5, 4, 3, 2, 1},
		} {
			want(query, ids...)
		}
		// Older ones come after, and newer ones before.
		p := want("?limit=2&action=created", 4, 2)
		if p.Meta.Page.Links.Previous != "" {
			t.Errorf("before the newest: %+v", p.Meta.Page)
		}
		p = want(p.Meta.Page.Links.Next, 1)
		if p.Meta.Page.Links.Next != "" {
			t.Errorf("after the oldest: %+v", p.Meta.Page)
		}
		p = want(p.Meta.Page.Links.Previous, 4, 2)
		p = want("?limit=2&after="+p.Meta.Page.End, 1)
		want("?limit=1&before="+p.Meta.Page.Start, 2)
		want("?limit=2&before="+p.Meta.Page.Start, 3, 2)

		// What somebody had erased is not shown, and the rest is.
		if err := db.Write(t.Context(), d.stores["first"], func(tx *sqldb.Tx) error { _, err := history.Erase(tx, 1, 0, 100); return err }); err != nil {
			t.Fatal(err)
		}
		if got := d.want("first", "auditor", "GET", path+"?customer_id=1&action=created", "", 200, ""); strings.Contains(got, "Ada") || strings.Contains(got, "192.0.2") || !strings.Contains(got, `{"field":"origin_channel_id","before":null,"after":1}`) {
			t.Errorf("erased: %s", got)
		}
		want("?text=ada")

		for _, query := range []string{
			"?action=eaten", "?action=", "?actor_kind=person", "?surface=door", "?resource_type=thing", "?customer_id=x", "?customer_id=0", "?customer_id=", "?actor_id=-1", "?text=", "?text=+", "?text=" + strings.Repeat("a", 201),
			"?actor_name=", "?request_id=", "?time:min=yesterday", "?time=2026-06-18", "?page=1", "?limit=0", "?sort=id", "?after=x", "?after=eyJpZCI6MX0&before=eyJpZCI6MX0", "?customer_id:in=1",
		} {
			d.want("first", "auditor", "GET", path+query, "", 422, "")
		}
		d.want("first", "crm", "GET", path, "", 403, "")
		d.want("first", "stranger", "GET", path, "", 401, "")
		if got := d.want("second", "stranger", "GET", path, "", 200, ""); strings.Contains(got, "crm") || strings.Count(got, `"action":`) != 1 {
			t.Errorf("the other store's: %s", got)
		}

		// The whole of it, a line for each.
		stream := func(accept, query string, status int) string {
			t.Helper()
			r := httptest.NewRequest("GET", "/stores/first/v3"+path+query, nil)
			r.Header.Set("X-Auth-Token", "auditor")
			r.Header.Set("Accept", accept)
			w, target := httptest.NewRecorder(), r.Clone(t.Context())
			d.Handler.ServeHTTP(w, r)
			if err := d.check.Check(target, nil, w.Code, w.Header(), w.Body.Bytes()); err != nil || w.Code != status {
				t.Errorf("%s %s: %d, %v: %s", accept, query, w.Code, err, w.Body)
			}
			return w.Body.String()
		}
		d.record("first", 600, func(i int) history.Entry {
			e := history.Entry{Action: history.Updated, Resource: history.Group, ID: int64(i + 1)}
			e.Add(false, history.FieldName, history.Text("a"), history.Text(fmt.Sprint("b", i)))
			return e
		})
		const end = `{"meta":{"complete":true,"after":null}}` + "\n"
		text := stream("application/x-ndjson", "", 200)
		all := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
		if len(all) != 607 || !strings.HasPrefix(all[0], `{"id":606,`) || !strings.HasPrefix(all[605], `{"id":1,`) || !strings.HasSuffix(text, end) {
			t.Errorf("%d lines, from %.100s to %.500s", len(all), text, text[max(0, len(text)-500):])
		}
		if text = stream("application/json;q=0.5, application/x-ndjson", "?customer_id=2&after="+p.Meta.Page.Start, 200); text != end {
			t.Errorf("what is older than the first: %s", text)
		}
		if text = stream("application/x-ndjson", "?resource_type=address", 200); strings.Count(text, "\n") != 2 || !strings.HasPrefix(text, `{"id":4,`) {
			t.Errorf("of addresses: %s", text)
		}
		if text = stream("application/x-ndjson;q=0.5, */*;q=0.1, application/json", "?limit=1", 200); !strings.HasPrefix(text, `{"data":[{"id":606,`) {
			t.Errorf("JSON is preferred: %.100s", text)
		}
		stream("application/x-ndjson", "?limit=5", 422)
		stream("application/x-ndjson", "?before=eyJpZCI6MX0", 422)
		stream("application/x-ndjson", "?action=eaten", 422)
		stream("text/csv", "", 406)
	})
}
