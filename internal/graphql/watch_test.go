package graphql_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"clientele/internal/app"
	"clientele/internal/graphql"
	"clientele/internal/sqldb"
	"clientele/internal/sqldb/dbtest"
)

// counted returns the counts of requests, by operation and outcome.
func counted(t *testing.T, reg *prometheus.Registry) map[string]float64 {
	t.Helper()
	families, err := reg.Gather()
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]float64{}
	for _, f := range families {
		if !strings.HasPrefix(f.GetName(), "clientele_graphql_") {
			continue
		}
		for _, m := range f.GetMetric() {
			var labels []string
			for _, l := range m.GetLabel() {
				labels = append(labels, l.GetValue())
			}
			if f.GetName() == "clientele_graphql_requests_total" {
				out[strings.Join(labels, " ")] = m.GetCounter().GetValue()
			} else {
				out["seconds "+strings.Join(labels, " ")] = float64(m.GetHistogram().GetSampleCount())
			}
		}
	}
	return out
}

// Requests are counted by what they are, and logged without what they say.
func TestWatched(t *testing.T) {
	w := newWorld(t, dbtest.Open(t, sqldb.SQLite))
	reg := w.Metrics
	a := w.ask(`query Hello { channel { entityId } }`, nil)
	if id := a.Header.Get("X-Request-Id"); !regexp.MustCompile(`^[0-9a-f]{32}$`).MatchString(id) || !strings.Contains(w.Log.String(), "request_id="+id) {
		t.Errorf("%q\n%s", id, w.Log)
	}
	if line := regexp.MustCompile(`msg="graphql request" method=POST route=/graphql status=200 ms=\S+ request_id=\S+ store=shop operation=query name=Hello outcome=ok\n`); !line.MatchString(w.Log.String()) {
		t.Error(w.Log)
	}
	token := w.signIn("jane@example.com")
	w.ask(`query($n: String!) { customer { email firstName metafields(namespace: $n) { edges { cursor } } } q: __type(name: "secret-word") { name } }`, map[string]any{"n": "var@example.com"}, "X-Bc-Customer-Access-Token", token)
	w.ask(`mutation { login(email: "jane@example.com", password: "secret-word") { result } }`, nil)
	// Who sends a wrong variable is told its value; the log is not.
	for _, password := range []any{[]string{"secret-word"}, map[string]string{"secret-word": "secret-word"}} {
		if a := w.ask(`mutation($p: String!) { login(email: "jane@example.com", password: $p) { result } }`, map[string]any{"p": password}); a.Code != 400 || !strings.Contains(a.Text, "secret-word") {
			t.Error(a.Text)
		}
	}
	w.send("GET", shop+"/graphql?query="+url.QueryEscape(`query($p: Int!) { site { product(entityId: $p) { name } } }`)+"&variables="+url.QueryEscape(`{"p":"secret-word"}`), "")
	w.manage(w.app.AccessToken, `query($p: Int!) { store { __typename } }`, map[string]any{"p": "secret-word"})
	w.ask(`{ nothing }`, nil)
	w.ask(`{ channel { entityId } }`, nil, "Authorization", "Bearer x")
	w.send("GET", shop+"/graphql?query=mutation+%7B+logout+%7B+result+%7D+%7D", "")
	w.send("OPTIONS", shop+"/graphql", "", "Origin", "https://app.example")
	w.send("GET", "https://nobody.example/graphql", "")
	got := counted(t, reg)
	want := map[string]float64{"query ok": 2, "mutation ok": 1, "mutation errors": 1, "none refused": 3, "mutation refused": 3, "query refused": 1, "none ok": 1, "seconds query": 3, "seconds mutation": 5, "seconds none": 4}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("%v, want %v", got, want)
	}
	for _, secret := range []string{"@example.com", "Jane", rightPassword, "secret-word", token, w.private, "203.0.113.7"} {
		if strings.Contains(w.Log.String(), secret) {
			t.Errorf("the log has %q\n%s", secret, w.Log)
		}
	}
	w.db.Close()
	w.ask(`{ site { settings { formFields { customer { label } } } } }`, nil) // nobody has asked for them yet
	if counted(t, reg)["query failed"] != 1 || !strings.Contains(w.Log.String(), `msg="graphql request failed"`) {
		t.Error(counted(t, reg), w.Log)
	}
}

// heldWriter keeps an answer back.
type heldWriter struct {
	*httptest.ResponseRecorder
	answered, proceed chan struct{}
}

func (h *heldWriter) WriteHeader(status int) {
	close(h.answered)
	<-h.proceed
	h.ResponseRecorder.WriteHeader(status)
}

// Who sends a body slowly takes nobody's place.
func TestSlowBodiesTakeNoPlaces(t *testing.T) {
	w := newWorld(t, dbtest.Open(t, sqldb.SQLite))
	w.restart(func(c *app.Config) { c.Parts.GraphQL = graphql.Limits{All: 1, PerToken: 1, PerPeer: 1} })
	in, out := io.Pipe()
	r := httptest.NewRequest(http.MethodPost, shop+"/graphql", in)
	r.Header.Set("Authorization", "Bearer "+w.private)
	done := make(chan int)
	go func() {
		rec := httptest.NewRecorder()
		w.Handler.ServeHTTP(rec, r)
		done <- rec.Code
	}()
	if _, err := io.WriteString(out, `{"query":"`); err != nil {
		t.Fatal(err)
	}
	if a := w.ask(`{ channel { entityId } }`, nil); a.Code != 200 {
		t.Error(a.Text)
	}
	_, _ = io.WriteString(out, `{ channel { entityId } }"}`)
	out.Close()
	if code := <-done; code != 200 {
		t.Error(code)
	}
}

// Nobody takes all places: neither who sends many requests at once, nor all
// together.
func TestPlaces(t *testing.T) {
	w := newWorld(t, dbtest.Open(t, sqldb.SQLite))
	w.restart(func(c *app.Config) { c.Parts.GraphQL = graphql.Limits{All: 2, PerToken: 1, PerPeer: 1} })
	const q = `{ channel { entityId } }`
	// hold keeps a request under way until the returned function ends it.
	hold := func(peer string, header ...string) (end func()) {
		t.Helper()
		r := httptest.NewRequest(http.MethodPost, shop+"/graphql", strings.NewReader(`{"query":"`+q+`"}`))
		r.RemoteAddr = peer
		for i := 0; i < len(header); i += 2 {
			r.Header.Set(header[i], header[i+1])
		}
		held := &heldWriter{ResponseRecorder: httptest.NewRecorder(), answered: make(chan struct{}), proceed: make(chan struct{})}
		done := make(chan int)
		go func() {
			w.Handler.ServeHTTP(held, r)
			done <- held.Code
		}()
		<-held.answered
		return func() {
			t.Helper()
			close(held.proceed)
			if code := <-done; code != 200 {
				t.Error(code)
			}
		}
	}
	page := []string{"Authorization", "Bearer " + w.page, "Origin", shop}
	// A program with the token of a page is no server of the merchant.
	end := hold("203.0.113.9:1", page[:2]...)
	if a := w.ask(q, nil); a.Code != 200 {
		t.Error("a program is in the way of servers", a.Text)
	}
	end()
	end = hold("203.0.113.7:1", "Authorization", "Bearer "+w.private)
	a := w.ask(q, nil)
	w.want(a, 429, `{"errors":[{"message":"Too many requests","extensions":{"code":"TOO_MANY_REQUESTS","retryAfter":1}}]}`)
	if a.Header.Get("Retry-After") != "1" || !strings.Contains(w.Log.String(), `msg="graphql request limited"`) {
		t.Error(a.Header, w.Log)
	}
	if a = w.ask(q, nil, page...); a.Code != 200 {
		t.Error("a server is in the way of browsers", a.Text)
	}
	other := hold("203.0.113.8:1", page...)
	if a = w.ask(q, nil, page...); a.Code != 429 {
		t.Error("all places are taken", a.Text)
	}
	end()
	if a = w.ask(q, nil); a.Code != 200 {
		t.Error(a.Text)
	}
	if a = w.ask(q, nil, page...); a.Code != 200 {
		t.Error("another peer is in the way", a.Text)
	}
	other()
	// One client has as many addresses of the sixth kind as it likes.
	end = hold("[2001:db8::1]:1", page...)
	r := httptest.NewRequest(http.MethodPost, shop+"/graphql", strings.NewReader(`{"query":"`+q+`"}`))
	r.RemoteAddr = "[2001:db8::2]:1"
	r.Header.Set("Authorization", "Bearer "+w.page)
	r.Header.Set("Origin", shop)
	rec := httptest.NewRecorder()
	w.Handler.ServeHTTP(rec, r)
	if rec.Code != 429 {
		t.Error(rec.Code, rec.Body)
	}
	end()
}
