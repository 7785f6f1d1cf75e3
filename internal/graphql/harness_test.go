package graphql_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"clientele/api/apitest"
	"clientele/internal/app"
	"clientele/internal/app/apptest"
	"clientele/internal/auth"
	"clientele/internal/channel"
	"clientele/internal/customer"
	"clientele/internal/form"
	"clientele/internal/jsonx"
	"clientele/internal/jwt"
	"clientele/internal/opt"
	"clientele/internal/password"
	"clientele/internal/rest"
	"clientele/internal/sqldb"
	"clientele/internal/sqldb/dbtest"
	"clientele/internal/store"
)

// world is the program with a store of two channels and some customers.
type world struct {
	*apptest.World
	t     testing.TB
	db    *sqldb.DB
	app   auth.Credentials
	check *apitest.Validator

	// Tokens of channel 1.
	page, private, poor, act string
}

const shop = "https://shop.example"

const rightPassword = "Secret123"

func newWorld(t testing.TB, db *sqldb.DB) *world {
	t.Helper()
	w := &world{t: t, db: db, check: apitest.New(t)}
	w.restart(nil)
	ctx := t.Context()
	st, err := w.Stores.Create(ctx, "shop", "My shop", shop)
	w.ok(err)
	_, err = w.Stores.Create(ctx, "other", "Other", "https://other.example")
	w.ok(err)
	w.ok(db.Write(ctx, st.ID, func(tx *sqldb.Tx) error {
		return channel.Put(tx, channel.Given{ID: 2, Name: "Two", URL: "https://two.example"}, 1)
	}))
	w.app, err = w.APIAccounts.Create(ctx, st.ID, "app", auth.FullScopes(), auth.Credentials{})
	w.ok(err)
	w.page = w.token(auth.NewToken{Kind: auth.BrowserToken, Origins: opt.Some([]string{"https://app.example"})})
	w.private = w.token(auth.NewToken{Kind: auth.PrivateToken, Scopes: []string{"Unauthenticated", "Customer"}})
	w.poor = w.token(auth.NewToken{Kind: auth.PrivateToken, Scopes: []string{"Unauthenticated"}})
	w.act = w.token(auth.NewToken{Kind: auth.ImpersonationToken})
	_, err = w.Customers.CreateFor(ctx, password.Party{StoreID: st.ID}, []customer.Create{
		{Email: "jane@example.com", FirstName: "Jane", LastName: "Doe", Company: "Acme", Phone: "123", StoreCredit: 12345000, NewPassword: opt.Some(rightPassword)},
		{Email: "john@example.com", FirstName: "John", LastName: "Roe", NewPassword: opt.Some(rightPassword)},
		{Email: "reset@example.com", FirstName: "Re", LastName: "Set", NewPassword: opt.Some(rightPassword), ForcePasswordReset: true},
	})
	w.ok(err)
	return w
}

// restart makes the program anew, which remembers nothing.
func (w *world) restart(change func(*app.Config)) {
	w.t.Helper()
	w.World = apptest.New(w.t, w.db, apptest.Options{Now: time.Unix(1_800_000_000, 0), Change: change})
}

func (w *world) ok(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) token(in auth.NewToken) string {
	w.t.Helper()
	in.ClientID, in.ChannelID = w.app.ClientID, opt.Some(int64(1))
	token, err := w.Tokens.Create(w.t.Context(), 1, in)
	w.ok(err)
	return token
}

// settings changes what the store says.
func (w *world) settings(change func(*store.Settings)) {
	w.t.Helper()
	w.ok(w.db.Write(w.t.Context(), 1, func(tx *sqldb.Tx) error {
		s := store.Settings{}
		change(&s)
		return store.PutSettings(tx, s)
	}))
}

// answer is what came back.
type answer struct {
	Code   int
	Header http.Header
	Text   string
	Data   map[string]any
	Errors []struct {
		Message    string
		Path       []any
		Extensions map[string]any
	}
}

// ask sends a query with variables; header are pairs of names and values, of
// which Authorization is the private token unless given.
func (w *world) ask(query string, variables map[string]any, header ...string) *answer {
	w.t.Helper()
	body, err := json.Marshal(map[string]any{"query": query, "variables": variables})
	w.ok(err)
	return w.send(http.MethodPost, shop+"/graphql", string(body), header...)
}

func (w *world) send(method, url, body string, header ...string) *answer {
	w.t.Helper()
	r := httptest.NewRequest(method, url, strings.NewReader(body))
	r.RemoteAddr = "203.0.113.7:1234"
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Authorization", "Bearer "+w.private)
	for i := 0; i < len(header); i += 2 {
		r.Header.Del(header[i])
		if header[i+1] != "" || header[i] == "X-Bc-Customer-Access-Token" {
			r.Header.Set(header[i], header[i+1])
		}
	}
	rec := httptest.NewRecorder()
	w.Handler.ServeHTTP(rec, r)
	if method != http.MethodPut {
		if err := w.check.Check(r, []byte(body), rec.Code, rec.Header(), rec.Body.Bytes()); err != nil {
			w.t.Errorf("%v\n%.300s", err, rec.Body)
		}
	}
	a := &answer{Code: rec.Code, Header: rec.Header(), Text: rec.Body.String()}
	if rec.Body.Len() > 0 {
		if err := json.Unmarshal(rec.Body.Bytes(), a); err != nil {
			w.t.Fatalf("%v: %s", err, a.Text)
		}
	}
	return a
}

// signIn returns a customer access token.
func (w *world) signIn(email string) string {
	w.t.Helper()
	a := w.ask(`mutation($e: String!, $p: String!) { login(email: $e, password: $p) { customerAccessToken { value expiresAt } } }`, map[string]any{"e": email, "p": rightPassword})
	token, _ := dig(a.Data, "login.customerAccessToken.value").(string)
	if token == "" {
		w.t.Fatalf("no token: %s", a.Text)
	}
	return token
}

// want compares the whole body.
func (w *world) want(a *answer, code int, body string) {
	w.t.Helper()
	if a.Code != code || a.Text != body {
		w.t.Errorf("%d %s\nwant %d %s", a.Code, a.Text, code, body)
	}
}

// refused checks for a single error.
func (w *world) refused(a *answer, code int, message string) {
	w.t.Helper()
	if a.Code != code || len(a.Errors) != 1 || a.Errors[0].Message != message {
		w.t.Errorf("%d %s\nwant %d %s", a.Code, a.Text, code, message)
	}
}

// dig follows a path of members and indexes.
func dig(v any, path string) any {
	for part := range strings.SplitSeq(path, ".") {
		switch x := v.(type) {
		case map[string]any:
			v = x[part]
		case []any:
			var i int
			if _, err := fmt.Sscan(part, &i); err != nil || i >= len(x) {
				return nil
			}
			v = x[i]
		default:
			return nil
		}
	}
	return v
}

func (w *world) loginToken(customerID int64, iat int64) string {
	claims := fmt.Sprintf(`{"iss":%q,"iat":%d,"jti":"20b7c03e-00da-4d29-91bf-%012d","operation":"customer_login","store_hash":"shop","customer_id":%d}`, w.app.ClientID, iat, customerID+iat%1000*1000, customerID)
	return w.signed(claims)
}

// signed returns a login token of the app.
func (w *world) signed(claims string) string {
	return jwt.SignHMAC(jwt.HS256, w.app.ClientSecret, []byte(claims))
}

func each(t *testing.T, fn func(t *testing.T, w *world)) {
	t.Helper()
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) { fn(t, newWorld(t, db)) })
}

func value(t testing.TB, text string) form.Value {
	t.Helper()
	v, err := jsonx.Parse([]byte(text), jsonx.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	return rest.FormValue(v)
}

func required(id int64) form.Update {
	return form.Update{ID: id, Required: opt.Some(true)}
}
