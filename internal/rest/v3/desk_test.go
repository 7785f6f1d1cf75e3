package v3_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"clientele/api/apitest"
	"clientele/internal/app/apptest"
	"clientele/internal/auth"
	"clientele/internal/channel"
	"clientele/internal/group"
	"clientele/internal/opt"
	"clientele/internal/sqldb"
	"clientele/internal/sqldb/dbtest"
	"clientele/internal/visit"
)

// desk is a server with two stores whose every exchange is held to the API
// document. Time stands still unless a test moves it.
type desk struct {
	*apptest.World
	t      *testing.T
	db     *sqldb.DB
	check  *apitest.Validator
	stores [2]int64
	// Of the first store: two accounts with the usual scopes and one that may
	// only read; of the second store: one with all scopes.
	app, other, reader, stranger account
	address                      string      // RemoteAddr of requests
	told                         string      // the shopper's address, by the app
	header                       http.Header // of the last answer
}

type account struct{ hash, token, client string }

var usual = []auth.Scope{auth.Customers, auth.Information, auth.Instruments, auth.ChannelSettings, auth.Sites}

// onEach runs a test with a new desk on each engine.
func onEach(t *testing.T, fn func(t *testing.T, d *desk)) {
	t.Helper()
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) { fn(t, newDesk(t, db)) })
}

func newDesk(t *testing.T, db *sqldb.DB) *desk {
	t.Helper()
	d := &desk{t: t, db: db, check: apitest.New(t), World: apptest.New(t, db, apptest.Options{})}
	for i, hash := range []string{"first", "second"} {
		st, err := d.Stores.Create(t.Context(), hash, "", "")
		if err != nil {
			t.Fatal(err)
		}
		d.stores[i] = st.ID
	}
	d.app = d.account("app", usual...)
	d.other = d.account("other", usual...)
	d.reader = d.account("reader", auth.CustomersReadOnly, auth.InformationReadOnly, auth.InstrumentsReadOnly, auth.ChannelSettingsRead, auth.SitesReadOnly)
	d.stranger = d.accountOf(1, "stranger", auth.FullScopes()...)
	d.want(d.app, "POST", "/customers", `[{"email":"ines@example.com","first_name":"Inês","last_name":"Duarte"},{"email":"tomasz@example.org","first_name":"Tomasz","last_name":"Wilk"}]`, 200, "")
	d.want(d.stranger, "POST", "/customers", `[{"email":"ines@example.com","first_name":"Inês","last_name":"Duarte"}]`, 200, "")
	return d
}

// account makes an account of the first store.
func (d *desk) account(name string, scopes ...auth.Scope) account {
	d.t.Helper()
	return d.accountOf(0, name, scopes...)
}

func (d *desk) accountOf(st int, name string, scopes ...auth.Scope) account {
	d.t.Helper()
	cred, err := d.APIAccounts.Create(d.t.Context(), d.stores[st], name, scopes, auth.Credentials{ClientID: name})
	if err != nil {
		d.t.Fatal(err)
	}
	return account{[]string{"first", "second"}[st], cred.AccessToken, name}
}

func (d *desk) do(a account, method, path, body string) (int, string) {
	d.t.Helper()
	r := httptest.NewRequest(method, "/stores/"+a.hash+"/v3"+path, strings.NewReader(body))
	if d.address != "" {
		r.RemoteAddr = d.address
	}
	r.Header.Set("X-Auth-Token", a.token)
	if d.told != "" {
		r.Header.Set(visit.ClientIP, d.told)
	}
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	w := httptest.NewRecorder()
	target := r.Clone(d.t.Context())
	d.Handler.ServeHTTP(w, r)
	if err := d.check.Check(target, []byte(body), w.Code, w.Header(), w.Body.Bytes()); err != nil {
		d.t.Errorf("%s %s %s: %v\n%s", method, path, body, err, w.Body)
	}
	d.header = w.Header()
	return w.Code, w.Body.String()
}

// want does a request and compares the answer; an empty body is not compared.
func (d *desk) want(a account, method, path, body string, status int, answer string) string {
	d.t.Helper()
	got, text := d.do(a, method, path, body)
	if got != status || answer != "" && text != answer {
		d.t.Errorf("%s %s %s\n got %d %s\nwant %d %s", method, path, body, got, text, status, answer)
	}
	return text
}

// events returns the scopes and data of the first store's events after n.
func (d *desk) events(n int64) []string {
	d.t.Helper()
	var out []string
	err := d.db.Read(d.t.Context(), d.stores[0], func(tx *sqldb.Tx) error {
		return tx.Query(sqldb.Dynamic(`SELECT scope, data FROM events WHERE store_id = $1 AND id > $2 ORDER BY id`), func(r *sqldb.Row) error {
			out = append(out, r.Text(0)+" "+r.Text(1))
			return nil
		}, n)
	})
	if err != nil {
		d.t.Fatal(err)
	}
	return out
}

const (
	typ      = `"type":"https://developer.bigcommerce.com/api-docs/getting-started/api-status-codes"`
	notFound = `{"status":404,"title":"The resource at that URL is not found.",` + typ + `}`
)

// write runs a transaction in the first store.
func (d *desk) write(fn func(tx *sqldb.Tx) error) {
	d.t.Helper()
	if err := d.db.Write(d.t.Context(), d.stores[0], fn); err != nil {
		d.t.Fatal(err)
	}
}

// channels makes channels.
func (d *desk) channels(ids ...int64) {
	d.t.Helper()
	d.write(func(tx *sqldb.Tx) error {
		for _, id := range ids {
			if err := channel.Put(tx, channel.Given{ID: id, Name: fmt.Sprint("Channel ", id)}, d.Clock.Now().Unix()); err != nil {
				return err
			}
		}
		return nil
	})
}

// groups makes customer groups.
func (d *desk) groups(ids ...int64) {
	d.t.Helper()
	d.write(func(tx *sqldb.Tx) error {
		for _, id := range ids {
			if _, err := group.Put(tx, id, group.Write{Name: opt.Some(fmt.Sprint("Group ", id))}, d.Clock.Now().Unix()); err != nil {
				return err
			}
		}
		return nil
	})
}
