package devtools_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"clientele/internal/app"
	"clientele/internal/app/apptest"
	"clientele/internal/mail"
	"clientele/internal/sqldb"
	"clientele/internal/sqldb/dbtest"
	"clientele/internal/webhook"
)

const liveSeed = `
stores:
  - hash: abc123
    name: Demo
    settings: {admin_email: shop@example.com}
    api_accounts: [{name: app, client_id: CID, client_secret: SECRET, access_token: TOKEN, scopes: [all]}]
    customers:
      - {id: 1, email: jane@example.com, first_name: Jane, last_name: Doe, password: Secret-123}
`

// live is a world that listens.
type live struct {
	*apptest.World
	t    *testing.T
	http *httptest.Server
}

func listen(t *testing.T, db *sqldb.DB, change func(*app.Config)) *live {
	t.Helper()
	l := &live{apptest.New(t, db, apptest.Options{Seed: liveSeed, Change: change}), t, nil}
	l.http = httptest.NewServer(l.Handler)
	t.Cleanup(l.http.Close)
	return l
}

type answer struct {
	status int
	header http.Header
	body   string
	err    error
}

// plainly is a client that asks once, whatever becomes of it.
var plainly = &http.Client{
	Transport:     &http.Transport{DisableKeepAlives: true},
	CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
}

func (l *live) ask(method, path, body string, header ...string) answer {
	l.t.Helper()
	r, err := http.NewRequestWithContext(l.t.Context(), method, l.http.URL+path, strings.NewReader(body))
	if err != nil {
		l.t.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	res, err := plainly.Do(r)
	if err != nil {
		return answer{err: err}
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	return answer{res.StatusCode, res.Header, string(text), err}
}

func (l *live) api(method, path, body string, header ...string) answer {
	l.t.Helper()
	return l.ask(method, "/stores/abc123"+path, body, append([]string{"X-Auth-Token", "TOKEN", "Content-Type", "application/json", "Accept", "application/json"}, header...)...)
}

func (l *live) control(want int, method, path, body string) string {
	l.t.Helper()
	a := l.ask(method, "/_clientele/v1"+path, body)
	if a.status != want {
		l.t.Fatalf("%s %s %s: %d %s %v", method, path, body, a.status, a.body, a.err)
	}
	return a.body
}

// fault adds a rule and returns its id.
func (l *live) fault(rule string) string {
	l.t.Helper()
	var out struct{ ID string }
	if err := json.Unmarshal([]byte(l.control(201, "POST", "/faults", rule)), &out); err != nil {
		l.t.Fatal(err)
	}
	return out.ID
}

// seen are how often a rule matched and hit.
func (l *live) seen(id string) (seen, fired int64) {
	l.t.Helper()
	var out struct {
		Data []struct {
			ID          string
			Seen, Fired int64
		}
	}
	if err := json.Unmarshal([]byte(l.control(200, "GET", "/faults", "")), &out); err != nil {
		l.t.Fatal(err)
	}
	for _, r := range out.Data {
		if r.ID == id {
			return r.Seen, r.Fired
		}
	}
	l.t.Fatalf("there is no %s", id)
	return 0, 0
}

func (l *live) bearer() string {
	l.t.Helper()
	var out struct{ Data struct{ Token string } }
	a := l.api("POST", "/v3/storefront/api-token", `{"channel_ids":[1],"expires_at":0}`)
	if err := json.Unmarshal([]byte(a.body), &out); err != nil || out.Data.Token == "" {
		l.t.Fatal(a.body, err)
	}
	return out.Data.Token
}

// Each status comes in the form of each surface, and says by which fault.
func TestFaultsHaveTheFormOfTheirSurface(t *testing.T) {
	l := listen(t, dbtest.Open(t, sqldb.SQLite), nil)
	bearer := l.bearer()
	form := func(has ...string) func(answer) bool {
		return func(a answer) bool {
			for _, h := range has {
				if !strings.Contains(a.body, strings.ReplaceAll(h, "CODE", fmt.Sprint(a.status))) {
					return false
				}
			}
			return true
		}
	}
	for surface, in := range map[string]struct {
		ask  func() answer
		good func(answer) bool
	}{
		"v3":         {func() answer { return l.api("GET", "/v3/customers", "") }, form(`{"status":CODE,"title":"`, `"type":"https://developer.bigcommerce.com`)},
		"v2":         {func() answer { return l.api("GET", "/v2/customers", "") }, form(`[{"status":CODE,"message":"`)},
		"storefront": {func() answer { return l.ask("GET", "/api/storefront/form-fields", "", "Sec-Fetch-Site", "same-origin") }, form(`{"status":CODE,"title":"`, `"type":"about:blank"`)},
		"graphql": {func() answer {
			return l.ask("POST", "/graphql", `{"query":"{ site { settings { storeName } } }"}`, "Authorization", "Bearer "+bearer, "Content-Type", "application/json")
		}, form(`{"errors":[{"message":"`)},
		"pages": {func() answer { return l.ask("GET", "/login.php", "", "Accept", "text/html") }, form("<!DOCTYPE html>", "</html>")},
	} {
		if a := in.ask(); a.status != 200 || a.header.Get("X-Clientele-Fault") != "" {
			t.Errorf("%s without a fault: %d %s", surface, a.status, a.body)
		}
		for _, code := range []int{400, 401, 403, 404, 408, 409, 413, 415, 418, 422, 429, 500, 501, 502, 503, 504} {
			id := l.fault(fmt.Sprintf(`{"match":{"surface":%q},"effect":{"status":{"code":%d,"retry_after":7}},"times":1}`, surface, code))
			a := in.ask()
			if a.status != code || a.header.Get("X-Clientele-Fault") != id || !in.good(a) || a.header.Get("Retry-After")+a.header.Get("X-Retry-After") == "" {
				t.Errorf("%s, %d: %d %v\n%.400s", surface, code, a.status, a.header, a.body)
			}
			if a := in.ask(); a.status != 200 {
				t.Errorf("%s after its fault: %d", surface, a.status)
			}
		}
		l.control(204, "DELETE", "/faults", "")
	}
	if strings.Contains(l.Log.String(), "level=ERROR") {
		t.Error("faults that a test asked for are logged as errors:", l.Log)
	}
}

// Who may not ask is told so, whatever the rules.
func TestRefusalsStayRightUnderFaults(t *testing.T) {
	l := listen(t, dbtest.Open(t, sqldb.SQLite), nil)
	ask := func() []answer {
		return []answer{
			l.ask("GET", "/stores/abc123/v3/customers", ""),
			l.ask("GET", "/stores/abc123/v3/customers", "", "X-Auth-Token", "WRONG"),
			l.ask("POST", "/stores/abc123/v2/customers", `{}`, "X-Auth-Token", "WRONG"),
			l.ask("POST", "/stores/abc123/graphql", `{}`),
			l.ask("POST", "/graphql", `{"query":"{ site { settings { storeName } } }"}`),
			l.ask("POST", "/api/storefront/subscriptions", `{}`, "Origin", "https://evil.example", "Sec-Fetch-Site", "cross-site"),
		}
	}
	before := ask()
	var ids []string
	for _, effect := range []string{`{"status":{"code":500}}`, `{"drop":"before"}`, `{"drop":"after_commit"}`, `{"rate_limit":{}}`} {
		ids = append(ids, l.fault(`{"match":{},"effect":`+effect+`}`))
	}
	for i, a := range ask() {
		if b := before[i]; a.err != nil || a.status != b.status || a.body != b.body || a.status != 401 && a.status != 403 || a.header.Get("X-Clientele-Fault") != "" {
			t.Errorf("%d: %d %s, before %d %s", i, a.status, a.body, b.status, b.body)
		}
	}
	for _, id := range ids {
		if seen, _ := l.seen(id); seen != 0 {
			t.Errorf("%s has seen %d requests of nobody", id, seen)
		}
	}
}

// A rule hits the same requests each time.
func TestFaultsAreDeterministic(t *testing.T) {
	l := listen(t, dbtest.Open(t, sqldb.SQLite), nil)
	hits := func(rule string) (out string) {
		l.control(204, "DELETE", "/faults", "")
		l.fault(rule)
		for range 24 {
			if l.api("GET", "/v3/customers?limit=1", "").status == 500 {
				out += "x"
			} else {
				out += "."
			}
		}
		return out
	}
	const of = `"match":{"surface":"v3","route":"/customers","method":"get"},"effect":{"status":{"code":500}}`
	for rule, want := range map[string]string{
		`{` + of + `}`:                                      "xxxxxxxxxxxxxxxxxxxxxxxx",
		`{` + of + `,"times":2}`:                            "xx......................",
		`{` + of + `,"after":3,"times":2}`:                  "...xx...................",
		`{` + of + `,"every":5}`:                            "x....x....x....x....x...",
		`{` + of + `,"after":1,"every":4,"times":3}`:        ".x...x...x..............",
		`{` + of + `,"probability":0}`:                      "........................",
		`{` + of + `,"probability":1}`:                      "xxxxxxxxxxxxxxxxxxxxxxxx",
		`{` + of + `,"probability":0.3,"seed":7}`:           "",
		`{` + of + `,"probability":0.3,"seed":8,"every":2}`: "",
	} {
		got := hits(rule)
		if want == "" {
			want = hits(rule)
			if n := strings.Count(got, "x"); n == 0 || n > 16 {
				t.Errorf("%s hits %s", rule, got)
			}
		}
		if got != want {
			t.Errorf("%s hits %s, want %s", rule, got, want)
		}
	}
	if hits(`{`+of+`,"probability":0.3,"seed":7}`) == hits(`{`+of+`,"probability":0.3,"seed":9}`) {
		t.Error("the seed does not matter")
	}
}

func TestFaultsMatch(t *testing.T) {
	l := listen(t, dbtest.Open(t, sqldb.SQLite), nil)
	bearer := l.bearer()
	for match, want := range map[string]string{ // of the requests below
		`{}`:                               "abcdefghi",
		`{"surface":"v3"}`:                 "abcd",
		`{"surface":"v3","method":"POST"}`: "cd",
		`{"route":"/customers"}`:           "abce",
		`{"route":"/customers/addresses"}`: "d",
		`{"route":"/customers/{customer_id}/addresses/{customer_address_id}"}`: "i",
		`{"operation":"getCustomerAddressV2"}`:                                 "i",
		`{"operation":"getCustomers"}`:                                         "ab",
		`{"store":"abc123"}`:                                                   "abcdefghi",
		`{"email":"Ann@Example.com"}`:                                          "bc",
		`{"body":"Long Street"}`:                                               "d",
		`{"surface":"graphql","operation":"site"}`:                             "f",
		`{"surface":"graphql","operation":"Named"}`:                            "f",
		`{"surface":"pages","email":"who+x@example.com"}`:                      "g",
		`{"surface":"webhook"}`:                                                "",
	} {
		l.control(204, "DELETE", "/faults", "")
		l.fault(`{"match":` + match + `,"effect":{"status":{"code":503}}}`)
		got := ""
		for name, ask := range map[string]func() answer{
			"a": func() answer { return l.api("GET", "/v3/customers", "") },
			"b": func() answer { return l.api("GET", "/v3/customers?email:in=ann@example.com", "") },
			"c": func() answer { return l.api("POST", "/v3/customers", `[{"email":"ann\u0040example.com"}]`) },
			"d": func() answer {
				return l.api("POST", "/v3/customers/addresses", `[{"address1":"Long Street","email":"joann@example.com"}]`)
			},
			"e": func() answer { return l.api("GET", "/v2/customers", "") },
			"f": func() answer {
				return l.ask("POST", "/graphql", `{"query":"query Named { site { settings { storeName } } }"}`, "Authorization", "Bearer "+bearer, "Content-Type", "application/json")
			},
			"g": func() answer {
				return l.ask("POST", "/login.php", url.Values{"login_email": {"who+x@example.com"}}.Encode(), "Content-Type", "application/x-www-form-urlencoded", "Sec-Fetch-Site", "same-origin")
			},
			"i": func() answer { return l.api("GET", "/v2/customers/1/addresses/5", "") },
			"h": func() answer { return l.ask("GET", "/api/storefront/form-fields", "", "Sec-Fetch-Site", "same-origin") },
		} {
			if a := ask(); a.status == 503 && a.header.Get("X-Clientele-Fault") != "" {
				got += name
			}
		}
		for _, name := range strings.Split("abcdefghi", "") {
			if strings.Contains(got, name) != strings.Contains(want, name) {
				t.Errorf("%s hits %s, want %s", match, got, want)
				break
			}
		}
	}
}

func TestFaultsThatCannotBe(t *testing.T) {
	l := listen(t, dbtest.Open(t, sqldb.SQLite), nil)
	for rule, want := range map[string]int{
		``: 400, `[]`: 400, `{} {}`: 400,
		`{"match":{},"effect":{"status":{"code":500}},"often":2}`:                                  400,
		`{"match":{"surfaces":"v3"},"effect":{"status":{"code":500}}}`:                             400,
		`{"match":{},"effect":{"status":{"code":500,"text":"x"}}}`:                                 400,
		`{"match":{},"effect":{"delay":"soon"}}`:                                                   400,
		`{"match":{},"effect":{}}`:                                                                 422,
		`{"match":{"surface":"v4"},"effect":{"status":{"code":500}}}`:                              422,
		`{"match":{"route":"/custmers"},"effect":{"status":{"code":500}}}`:                         422,
		`{"match":{"route":"customers"},"effect":{"status":{"code":500}}}`:                         422,
		`{"match":{},"effect":{"status":{"code":200}}}`:                                            422,
		`{"match":{},"effect":{"status":{"code":500},"drop":"before"}}`:                            422,
		`{"match":{},"effect":{"drop":"never"}}`:                                                   422,
		`{"match":{},"effect":{"delay":"2h"}}`:                                                     422,
		`{"match":{},"effect":{"delay":{"p50":"2s","p99":"1s"}}}`:                                  422,
		`{"match":{},"effect":{"partial":{"item":2}}}`:                                             422,
		`{"match":{"surface":"v3"},"effect":{"partial":{"item":0}}}`:                               422,
		`{"match":{"surface":"v3"},"effect":{"duplicate":true}}`:                                   422,
		`{"match":{"surface":"webhook"},"effect":{"drop":"truncate"}}`:                             422,
		`{"match":{"surface":"smtp"},"effect":{"smtp":{"stage":"helo","code":550}}}`:               422,
		`{"match":{"surface":"smtp"},"effect":{"status":{"code":500}}}`:                            422,
		`{"match":{},"effect":{"status":{"code":500}},"times":-1}`:                                 422,
		`{"match":{},"effect":{"status":{"code":500}},"probability":1.5}`:                          422,
		`{"match":{"body":"` + strings.Repeat("x", 1001) + `"},"effect":{"drop":"before"}}`:        422,
		`{"match":{"surface":"v2","route":"/customers/addresses"},"effect":{"drop":"before"}}`:     422,
		`{"match":{"method":"FETCH"},"effect":{"drop":"before"}}`:                                  422,
		`{"match":{"store":"another"},"effect":{"drop":"before"}}`:                                 422,
		`{"match":{"operation":"getNothing"},"effect":{"drop":"before"}}`:                          422,
		`{"match":{"surface":"v2","operation":"getCustomers"},"effect":{"drop":"before"}}`:         422,
		`{"match":{"surface":"webhook","operation":"store/cusomer/*"},"effect":{"drop":"before"}}`: 422,
		`{"match":{"surface":"smtp","operation":"x"},"effect":{"delay":"1s"}}`:                     422,
	} {
		if a := l.ask("POST", "/_clientele/v1/faults", rule); a.status != want {
			t.Errorf("%s: %d %s, want %d", rule, a.status, a.body, want)
		}
	}
	for rule, want := range map[string]string{
		`null`: "the body must be a JSON object", `{"Match":{}}`: "Match: is not a member; there are match, effect", `{"times":1,"times":2}`: "times: is given twice",
		`{"times":"2"}`: "times: want a whole number", `{"times":1.5}`: "times: want a whole number", `{"match":[]}`: "match: want an object, not array",
		`{"match":{"surface":3}}`: "match.surface: want a text, not number", `{"effect":{"status":{"code":"500"}}}`: "effect.status.code: want a whole number",
		`{"effect":{"duplicate":"yes"}}`: "effect.duplicate: want true or false", `{"probability":"1"}`: "probability: want a number", `{"seed":-1}`: "seed: want a whole number from 0 on",
		`{"effect":{"delay":5}}`: "delay: want a time",
	} {
		if a := l.ask("POST", "/_clientele/v1/faults", rule); a.status != 400 || !strings.Contains(a.body, want) || strings.Contains(a.body, "int") {
			t.Errorf("%s: %d %s, want %s", rule, a.status, a.body, want)
		}
	}
	for _, query := range []string{"surface=x", "surface=smtp", "method=FETCH", "status=99", "status=600", "contract=yes", "route=/custmers", "surface=v2&route=/customers/addresses", "surface=v3&operation=getNothing"} {
		if a := l.ask("GET", "/_clientele/v1/requests?"+query, ""); a.status != 422 {
			t.Errorf("%s: %d %s", query, a.status, a.body)
		}
	}
	if a := l.ask("DELETE", "/_clientele/v1/faults?all=true", ""); a.status != 422 {
		t.Errorf("%d %s", a.status, a.body)
	}
	if a := l.ask("POST", "/_clientele/v1/faults", `{"match":{"route":"/customers/adresses"},"effect":{"drop":"before"}}`); !strings.Contains(a.body, "/customers/addresses") {
		t.Error(a.body)
	}
	for range 200 {
		l.fault(`{"match":{"body":"none"},"effect":{"drop":"before"}}`)
	}
	if a := l.ask("POST", "/_clientele/v1/faults", `{"match":{},"effect":{"drop":"before"}}`); a.status != 409 {
		t.Errorf("one more than may be: %d %s", a.status, a.body)
	}
	l.control(204, "DELETE", "/faults/fault-7", "")
	l.control(404, "DELETE", "/faults/fault-7", "")
	l.control(204, "DELETE", "/faults", "")
	for _, match := range []string{
		`"surface":"storefront","operation":"createStorefrontSubscription","store":"abc123"`, `"surface":"graphql","operation":"MyQuery"`, `"surface":"v3","operation":"getCustomers","method":"get"`,
		`"surface":"smtp","operation":"password_reset"`, `"surface":"v2","route":"/customers/{id}/addresses"`, `"operation":"getCustomers"`,
	} {
		effect := `{"status":{"code":500}}`
		if strings.Contains(match, "smtp") {
			effect = `{"delay":"1ms"}`
		}
		l.fault(`{"match":{` + match + `},"effect":` + effect + `}`)
	}
	if a := l.ask("GET", "/_clientele/v1/faults", "", "Origin", "https://evil.example"); a.status != 403 {
		t.Error(a.status)
	}
}

func (l *live) customers() (n int) {
	l.t.Helper()
	var out struct {
		Meta struct{ Pagination struct{ Total int } }
	}
	if err := json.Unmarshal([]byte(l.api("GET", "/v3/customers?limit=1", "").body), &out); err != nil {
		l.t.Fatal(err)
	}
	return out.Meta.Pagination.Total
}

func TestDroppedAnswers(t *testing.T) {
	l := listen(t, dbtest.Open(t, sqldb.SQLite), nil)
	for i, in := range []struct {
		effect string
		more   int
		good   func(answer) bool
	}{
		{`{"drop":"before"}`, 0, func(a answer) bool { return a.err != nil && a.status == 0 }},
		{`{"drop":"after_commit"}`, 1, func(a answer) bool { return a.err != nil && a.status == 0 }},
		{`{"drop":"truncate"}`, 1, func(a answer) bool {
			return a.status == 200 && errors.Is(a.err, io.ErrUnexpectedEOF) && strings.HasPrefix(a.body, `{"data":[{"id":`) && !json.Valid([]byte(a.body))
		}},
		{`{"drop":"empty"}`, 1, func(a answer) bool {
			return a.status == 200 && a.err == nil && a.body == "" && a.header.Get("X-Clientele-Fault") != ""
		}},
		{`{"delay":"30ms"}`, 1, func(a answer) bool {
			return a.status == 200 && json.Valid([]byte(a.body)) && a.header.Get("X-Clientele-Fault") != ""
		}},
		{`{"delay":{"p50":"1ms","p99":"5ms"}}`, 1, func(a answer) bool { return a.status == 200 && a.header.Get("X-Clientele-Fault") != "" }},
		{`{"status":{"code":500}}`, 0, func(a answer) bool { return a.status == 500 }},
	} {
		before := l.customers()
		l.fault(`{"match":{"surface":"v3","method":"POST"},"effect":` + in.effect + `,"times":1}`)
		a := l.api("POST", "/v3/customers", fmt.Sprintf(`[{"email":"c%d@example.com","first_name":"A","last_name":"B"}]`, i))
		if !in.good(a) {
			t.Errorf("%s: %+v", in.effect, a)
		}
		if more := l.customers() - before; more != in.more {
			t.Errorf("%s: %d customers more, want %d", in.effect, more, in.more)
		}
	}
	// A delay is really waited for.
	l.fault(`{"match":{"surface":"v3"},"effect":{"delay":"80ms"},"times":1}`)
	start := time.Now()
	if l.api("GET", "/v3/customers", ""); time.Since(start) < 80*time.Millisecond {
		t.Error("a delay took no time")
	}
}

// Whoever has lost the answer to a write with a key and repeats it has written
// once.
func TestLostAnswersWithKeysWriteOnce(t *testing.T) {
	n := 1000
	if testing.Short() {
		n = 60
	}
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		l := listen(t, db, nil)
		id := l.fault(`{"match":{"surface":"v3","route":"/customers","method":"POST"},"effect":{"drop":"after_commit"},"probability":0.6,"seed":1}`)
		before := l.customers()
		work := make(chan int)
		var wg sync.WaitGroup
		var mu sync.Mutex
		lost := 0
		for range 8 {
			wg.Go(func() {
				for i := range work {
					body := fmt.Sprintf(`[{"email":"once%d@example.com","first_name":"A","last_name":"B"}]`, i)
					for try := 0; ; try++ {
						a := l.api("POST", "/v3/customers", body, "Idempotency-Key", fmt.Sprint("key-", i))
						if a.err == nil && a.status == 200 {
							if replayed := a.header.Get("Idempotent-Replayed") == "true"; replayed != (try > 0) {
								t.Errorf("%d: try %d is answered with %v", i, try, a.header)
							}
							break
						}
						if a.status == 409 && a.header.Get("X-Retry-After") != "" { // the lost one is still being answered
							continue
						}
						if a.err == nil || try > 60 {
							t.Errorf("%d: %+v", i, a)
							break
						}
						mu.Lock()
						lost++
						mu.Unlock()
					}
				}
			})
		}
		for i := range n {
			work <- i
		}
		close(work)
		wg.Wait()
		if more := l.customers() - before; more != n {
			t.Errorf("%d customers more, want %d", more, n)
		}
		if _, fired := l.seen(id); int(fired) < n/2 || lost != int(fired) {
			t.Errorf("%d answers were lost, and %d clients have noticed", fired, lost)
		}
	})
}

func TestRateLimitsAreTrue(t *testing.T) {
	l := listen(t, dbtest.Open(t, sqldb.SQLite), nil)
	for _, path := range []string{"/v3/customers", "/v2/customers"} {
		l.fault(`{"match":{"route":"/customers"},"effect":{"rate_limit":{}},"times":1}`)
		a := l.api("GET", path, "")
		h := a.header
		if a.status != 429 || h.Get("X-Rate-Limit-Requests-Left") != "0" || h.Get("X-Rate-Limit-Requests-Quota") != "1000000" || h.Get("X-Rate-Limit-Time-Reset-Ms") != "60000" && h.Get("X-Rate-Limit-Time-Reset-Ms") > "60000" || h.Get("X-Retry-After") == "" {
			t.Errorf("%s: %d %v", path, a.status, h)
		}
		l.fault(`{"match":{"route":"/customers"},"effect":{"rate_limit":{"retry_after":3}},"times":1}`)
		if h := l.api("GET", path, "").header; h.Get("X-Retry-After") != "3" || h.Get("X-Rate-Limit-Time-Reset-Ms") != "3000" {
			t.Errorf("%s: %v", path, h)
		}
		if a := l.api("GET", path, ""); a.status/100 != 2 {
			t.Errorf("%s: %d", path, a.status)
		}
	}
}

func TestPartOfABatchFails(t *testing.T) {
	l := listen(t, dbtest.Open(t, sqldb.SQLite), nil)
	id := l.fault(`{"match":{"surface":"v3","route":"/customers","method":"POST"},"effect":{"partial":{"item":2}}}`)
	batch := func(of string, n int) string {
		var items []string
		for i := range n {
			items = append(items, fmt.Sprintf(`{"email":"%s%d@example.com","first_name":"A","last_name":"B"}`, of, i+1))
		}
		return "[" + strings.Join(items, ",") + "]"
	}
	a := l.api("POST", "/v3/customers", batch("part", 3), "Accept-Encoding", "gzip")
	var out struct {
		Data   []struct{ Email string }
		Errors []struct {
			Status int
			Errors map[string]string
		}
		Meta struct{ Total, Success, Failed int }
	}
	if err := json.Unmarshal([]byte(a.body), &out); err != nil || a.status != 207 || len(out.Data) != 2 || out.Data[1].Email != "part3@example.com" || out.Errors[0].Errors["1"] == "" || out.Meta.Total != 3 || out.Meta.Success != 2 || out.Meta.Failed != 1 {
		t.Errorf("%d %s %v", a.status, a.body, err)
	}
	if l.customers() != 3 {
		t.Errorf("%d customers", l.customers())
	}
	if a := l.api("POST", "/v3/customers", batch("one", 1)); a.status != 200 {
		t.Errorf("a batch without the item: %d %s", a.status, a.body)
	}
	if seen, fired := l.seen(id); fired != 1 || seen != 1 {
		t.Error(seen, fired)
	}
}

func TestMagicAddresses(t *testing.T) {
	l := listen(t, dbtest.Open(t, sqldb.SQLite), func(c *app.Config) { c.Magic = true })
	bearer := l.bearer()
	post := func(word string) answer {
		return l.api("POST", "/v3/customers", `[{"email":"m+clientele-`+word+`@example.com","first_name":"A","last_name":"B"}]`)
	}
	for word, want := range map[string]int{"429": 429, "500": 500, "locked": 200, "bounce": 200, "nothing": 200, "delay1s": 200} {
		if a := post(word); a.status != want || (a.header.Get("X-Clientele-Fault") != "") != (word != "nothing" && word != "locked" && word != "bounce") {
			t.Errorf("%s: %d %s %v", word, a.status, a.body, a.header)
		}
	}
	before := l.customers()
	if a := post("lost"); a.err == nil || l.customers() != before+1 {
		t.Errorf("lost: %+v", a)
	}
	// The locked account can be made, and not be signed in to.
	for name, a := range map[string]answer{
		"graphql": l.ask("POST", "/graphql", `{"query":"mutation { login(email: \"m+clientele-locked@example.com\", password: \"x\") { result } }"}`, "Authorization", "Bearer "+bearer, "Content-Type", "application/json"),
		"v3":      l.api("POST", "/v3/customers/validate-credentials", `{"email":"m+clientele-locked@example.com","password":"x"}`),
		"pages":   l.ask("POST", "/login.php?action=check_login", "login_email=m%2Bclientele-locked%40example.com&login_pass=x", "Content-Type", "application/x-www-form-urlencoded", "Sec-Fetch-Site", "same-origin"),
	} {
		if a.status != 429 || a.header.Get("Retry-After")+a.header.Get("X-Retry-After") == "" {
			t.Errorf("%s: %d %v %s", name, a.status, a.header, a.body)
		}
	}
	// A client that gives up ends what is held.
	client := &http.Client{Timeout: 100 * time.Millisecond}
	r, err := http.NewRequestWithContext(t.Context(), "GET", l.http.URL+"/stores/abc123/v3/customers?email:in=m%2Bclientele-timeout@example.com", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("X-Auth-Token", "TOKEN")
	if res, err := client.Do(r); err == nil {
		res.Body.Close()
		t.Error(res.Status)
	}
	// Without the flag they are addresses like others.
	plain := listen(t, dbtest.Open(t, sqldb.SQLite), nil)
	if a := plain.api("POST", "/v3/customers", `[{"email":"m+clientele-500@example.com","first_name":"A","last_name":"B"}]`); a.status != 200 {
		t.Errorf("without the flag: %d %s", a.status, a.body)
	}
}

// Deliveries fail, arrive twice, out of order and with a wrong signature.
func TestFaultsOfWebhooks(t *testing.T) {
	l := listen(t, dbtest.Open(t, sqldb.SQLite), nil)
	type delivery struct{ id, signature, body string }
	var mu sync.Mutex
	var got []delivery
	receiver := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		mu.Lock()
		defer mu.Unlock()
		got = append(got, delivery{id: r.Header.Get(webhook.HeaderID), signature: r.Header.Get(webhook.HeaderSignature), body: string(body)})
	}))
	defer receiver.Close()
	if a := l.api("POST", "/v3/hooks", `{"scope":"store/customer/created","destination":"`+receiver.URL+`/","is_active":true}`); a.status != 200 {
		t.Fatal(a.body)
	}
	l.Deliveries.Start(t.Context())
	defer func() { _ = l.Deliveries.Stop(t.Context()) }()
	n := 0
	// send makes customers, and returns the deliveries once there are as many as
	// wanted and nothing is left to do.
	send := func(customers, want int) []delivery {
		t.Helper()
		mu.Lock()
		got = nil
		mu.Unlock()
		for range customers {
			n++
			if a := l.api("POST", "/v3/customers", fmt.Sprintf(`[{"email":"h%d@example.com","first_name":"A","last_name":"B"}]`, n)); a.status != 200 {
				t.Fatal(a.body)
			}
		}
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		defer cancel()
		arrived := func() int { mu.Lock(); defer mu.Unlock(); return len(got) }
		for try := 0; try == 0 || arrived() < want && try < 200; try++ {
			if err := l.Deliveries.Settle(ctx); err != nil {
				t.Fatal(err)
			}
			if arrived() < want {
				time.Sleep(10 * time.Millisecond)
			}
		}
		mu.Lock()
		defer mu.Unlock()
		return got
	}
	// again lets time go by until a delivery is tried again: what became of the
	// last attempt may be written down after the clock was moved.
	again := func() (got []delivery) {
		t.Helper()
		for range 20 {
			l.Clock.Advance(10 * time.Minute)
			if got = send(0, 0); len(got) > 0 {
				break
			}
		}
		return got
	}
	if got := send(1, 1); len(got) != 1 {
		t.Fatal(got)
	}
	l.fault(`{"match":{"surface":"webhook","store":"abc123","operation":"store/customer/created"},"effect":{"duplicate":true},"times":1}`)
	if got := send(1, 2); len(got) != 2 || got[0] != got[1] {
		t.Errorf("duplicate: %+v", got)
	}
	l.fault(`{"match":{"surface":"webhook"},"effect":{"signature":"wrong"},"times":1}`)
	if got := send(2, 2); len(got) != 2 || strings.EqualFold(got[0].signature, got[1].signature) || !strings.HasPrefix(got[0].signature, "v1,") {
		t.Errorf("signature: %+v", got)
	}
	l.fault(`{"match":{"surface":"webhook","body":"\"id\":6,"},"effect":{"reorder":true},"times":1}`)
	if got := send(2, 2); len(got) != 2 || number(got[0].body) < number(got[1].body) {
		t.Errorf("reorder: %+v", got)
	}
	for _, effect := range []string{`{"status":{"code":503}}`, `{"drop":"before"}`} {
		l.fault(`{"match":{"surface":"webhook"},"effect":` + effect + `,"times":1}`)
		if got := send(1, 0); len(got) != 0 {
			t.Errorf("%s: %+v", effect, got)
		}
		if got := again(); len(got) != 1 {
			t.Errorf("after %s: %+v", effect, got)
		}
	}
	l.fault(`{"match":{"surface":"webhook"},"effect":{"drop":"after_commit"},"times":1}`)
	first := send(1, 1)
	if second := again(); len(first) != 1 || len(second) != 1 || first[0].id != second[0].id {
		t.Errorf("after_commit: %+v, then %+v", first, second)
	}
}

// number is the customer's id in a delivery.
func number(body string) int64 {
	var in struct{ Data struct{ ID int64 } }
	_ = json.Unmarshal([]byte(body), &in)
	return in.Data.ID
}

func TestFaultsOfEmails(t *testing.T) {
	db := dbtest.Open(t, sqldb.SQLite)
	l := listen(t, db, func(c *app.Config) { c.Magic = true })
	queue := func(to string) {
		t.Helper()
		st, err := l.Stores.ByHash(t.Context(), "abc123")
		if err != nil {
			t.Fatal(err)
		}
		if err := db.Write(t.Context(), st.ID, func(tx *sqldb.Tx) error {
			return l.Mail.Queue(tx, mail.Message{Kind: mail.SignInLink, To: to, Data: mail.Data{"link": "https://a.example/x"}})
		}); err != nil {
			t.Fatal(err)
		}
		if _, err := l.Jobs.RunDue(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	status := func(to string) string {
		t.Helper()
		var out struct {
			Data []struct{ Status, Error string }
		}
		if err := json.Unmarshal([]byte(l.ask("GET", "/_clientele/outbox.json?to="+url.QueryEscape(to), "").body), &out); err != nil {
			t.Fatal(err)
		}
		return out.Data[0].Status + " " + out.Data[0].Error
	}
	l.fault(`{"match":{"surface":"smtp","email":"later@example.com"},"effect":{"smtp":{"stage":"rcpt_to","code":451}},"times":1}`)
	l.fault(`{"match":{"surface":"smtp","email":"never@example.com","store":"abc123","operation":"sign_in_link"},"effect":{"smtp":{"stage":"data","code":554}}}`)
	for _, to := range []string{"good@example.com", "later@example.com", "never@example.com", "m+clientele-bounce@example.com"} {
		queue(to)
	}
	for to, want := range map[string]string{
		"good@example.com": "sent ", "later@example.com": "queued the mail server refused, as a test wants it: SMTP RCPT TO: reply 451",
		"never@example.com":              "failed the mail server refused, as a test wants it: SMTP DATA: reply 554",
		"m+clientele-bounce@example.com": "failed the mail server refused, as a test wants it: SMTP RCPT TO: reply 550",
	} {
		if got := status(to); got != want {
			t.Errorf("%s: %s, want %s", to, got, want)
		}
	}
	l.Clock.Advance(time.Minute)
	if _, err := l.Jobs.RunDue(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := status("later@example.com"); got != "sent " {
		t.Errorf("tried again: %s", got)
	}
}
