package devtools_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"clientele/internal/app/apptest"
	"clientele/internal/devtools"
	"clientele/internal/mail"
	"clientele/internal/sqldb"
	"clientele/internal/sqldb/dbtest"
)

type world struct {
	*apptest.World
	t *testing.T
}

func (w *world) ask(method, path string, change ...func(*http.Request)) *httptest.ResponseRecorder {
	w.t.Helper()
	r := httptest.NewRequestWithContext(w.t.Context(), method, "http://127.0.0.1:8080"+path, nil)
	r.RemoteAddr = "127.0.0.1:4711"
	for _, c := range change {
		c(r)
	}
	rec := httptest.NewRecorder()
	w.Handler.ServeHTTP(rec, r)
	return rec
}

// subjects returns the ids and kinds of what a query finds.
func (w *world) find(query string) string {
	w.t.Helper()
	rec := w.ask(http.MethodGet, devtools.OutboxPath+".json?"+query)
	if rec.Code != http.StatusOK {
		return fmt.Sprint(rec.Code)
	}
	var answer struct {
		Data []struct {
			ID    string   `json:"id"`
			Kind  string   `json:"kind"`
			To    string   `json:"to"`
			HTML  string   `json:"html"`
			Text  string   `json:"text"`
			Links []string `json:"links"`
		} `json:"data"`
	}
	if err := json.Unmarshal(rec.Body.Bytes(), &answer); err != nil {
		w.t.Fatal(err)
	}
	var out []string
	for _, m := range answer.Data {
		if m.Text == "" || m.HTML == "" || len(m.Links) == 0 {
			w.t.Errorf("%+v", m)
		}
		out = append(out, m.ID+" "+m.Kind)
	}
	return strings.Join(out, ", ")
}

func TestOutbox(t *testing.T) {
	db := dbtest.Open(t, sqldb.SQLite)
	w := &world{apptest.New(t, db, apptest.Options{Now: time.Unix(1000, 0)}), t}
	if got := w.find(""); got != "" {
		t.Error(got)
	}
	if rec := w.ask(http.MethodGet, devtools.OutboxPath); !strings.Contains(rec.Body.String(), "no emails") {
		t.Error(rec.Body)
	}
	for _, hash := range []string{"one", "two"} {
		st, err := w.Stores.Create(t.Context(), hash, `<i>"`+hash, "https://"+hash+".example.com")
		if err != nil {
			t.Fatal(err)
		}
		for i, kind := range []mail.Kind{mail.SignInLink, mail.PasswordReset} {
			w.Clock.Advance(time.Second)
			if err := db.Write(t.Context(), st.ID, func(tx *sqldb.Tx) error {
				return w.Mail.Queue(tx, mail.Message{Kind: kind, To: fmt.Sprintf("c%d@example.com", i), ToName: "<script>alert(1)</script>", Data: mail.Data{"link": "https://" + hash + ".example.com/x?a=1&b=2"}})
			}); err != nil {
				t.Fatal(err)
			}
		}
	}
	for range 2 { // before they count as sent and after
		for query, want := range map[string]string{
			"":                                      "two-2 password_reset, two-1 sign_in_link, one-2 password_reset, one-1 sign_in_link",
			"limit=1":                               "two-2 password_reset",
			"to=C0@EXAMPLE.com":                     "two-1 sign_in_link, one-1 sign_in_link",
			"kind=password_reset&store=one":         "one-2 password_reset",
			"after=one-1":                           "one-2 password_reset",
			"after=one-2":                           "",
			"after=one-2&store=two":                 "422",
			"kind=x":                                "422",
			"status=x":                              "422",
			"limit=0":                               "422",
			"limit=251":                             "422",
			"after=x":                               "422",
			"nothing=1":                             "422",
			"to=a&to=b":                             "422",
			"%zz":                                   "422",
			"status=failed":                         "",
			"to=c1@example.com&kind=sign_in_link":   "",
			"to=c1@example.com&kind=password_reset": "two-2 password_reset, one-2 password_reset",
		} {
			if got := w.find(query); got != want {
				t.Errorf("%s finds %s, want %s", query, got, want)
			}
		}
		if _, err := w.Jobs.RunDue(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	page := w.ask(http.MethodGet, devtools.OutboxPath+"/two-1")
	body := page.Body.String()
	for _, want := range []string{`sandbox src="/_clientele/outbox/two-1/body"`, `href="https://two.example.com/x?a=1&amp;b=2"`, "&lt;i&gt;", "&lt;script&gt;"} {
		if !strings.Contains(body, want) {
			t.Errorf("the page is without %s:\n%s", want, body)
		}
	}
	if strings.Contains(body, "<script>") || !strings.HasPrefix(page.Header().Get("Content-Security-Policy"), "default-src 'none'") {
		t.Error(body, page.Header())
	}
	html := w.ask(http.MethodGet, devtools.OutboxPath+"/two-1/body")
	if !strings.Contains(html.Body.String(), "<h1>Your sign-in link</h1>") || !strings.HasPrefix(html.Header().Get("Content-Security-Policy"), "sandbox; default-src 'none'") {
		t.Error(html.Body, html.Header())
	}
	if list := w.ask(http.MethodGet, devtools.OutboxPath).Body.String(); !strings.Contains(list, `href="/_clientele/outbox/one-2"`) || strings.Contains(list, "<i>") {
		t.Error(list)
	}
	for _, path := range []string{"/two-9", "/nix-1", "/x", "/two-1x"} {
		if rec := w.ask(http.MethodGet, devtools.OutboxPath+path); rec.Code != http.StatusNotFound {
			t.Errorf("%s: %d", path, rec.Code)
		}
	}
	// Other names and other sites.
	for host, want := range map[string]int{
		"localhost:8080": 200, "store-one.localhost:8080": 200, "[::1]:8080": 200, "127.0.0.2": 200, "LOCALHOST.": 200, "10.0.0.1:8080": 200,
		"evil.example.com": 403, "localhost.evil.example.com": 403, "": 403, "xlocalhost": 403,
	} {
		if rec := w.ask(http.MethodGet, devtools.OutboxPath+".json", func(r *http.Request) { r.Host = host }); rec.Code != want {
			t.Errorf("%s: %d", host, rec.Code)
		}
	}
	if rec := w.ask(http.MethodDelete, devtools.OutboxPath+".json", func(r *http.Request) { r.Header.Set("Sec-Fetch-Site", "cross-site") }); rec.Code != http.StatusForbidden {
		t.Error(rec.Code)
	}
	if rec := w.ask(http.MethodDelete, devtools.OutboxPath+".json"); rec.Code != http.StatusNoContent || w.find("") != "" {
		t.Error(rec.Code)
	}
	db.Close()
	if rec := w.ask(http.MethodGet, devtools.OutboxPath+".json"); rec.Code != http.StatusServiceUnavailable || rec.Header().Get("Retry-After") == "" {
		t.Error(rec.Code)
	}
}
