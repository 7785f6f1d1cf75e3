package devtools_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"clientele/internal/app"
	"clientele/internal/mail"
	"clientele/internal/sqldb"
	"clientele/internal/sqldb/dbtest"
	"clientele/internal/system"
	chromium "clientele/internal/testing/browser"
)

// lived is a server in which things have happened.
func lived(t *testing.T) *live {
	t.Helper()
	db := dbtest.Open(t, sqldb.SQLite)
	l := listen(t, db, func(c *app.Config) { c.Parts.Clock = new(system.Movable) })
	l.api("GET", "/v3/customers?email:in=ann@example.com", "")
	l.api("POST", "/v3/customers", `[{"email":"ann@example.com","first_name":"Ann","last_name":"Lee","nickname":"N"}]`)
	l.api("POST", "/v3/hooks", `{"scope":"store/customer/created","destination":"http://127.0.0.1:9/","is_active":true}`)
	l.api("POST", "/v3/customers", `[{"email":"bob@example.com","first_name":"Bob","last_name":"Lee"}]`)
	l.ask("GET", "/stores/abc123/v3/catalog/products", "")
	l.fault(`{"match":{"surface":"v3","route":"/customers"},"effect":{"status":{"code":500}},"times":1}`)
	l.api("GET", "/v3/customers", "")
	if err := db.Write(t.Context(), 1, func(tx *sqldb.Tx) error {
		return l.Mail.Queue(tx, mail.Message{Kind: mail.SignInLink, To: "ann@example.com", ToName: "Ann", Data: mail.Data{"link": "https://a.example/x"}})
	}); err != nil {
		t.Fatal(err)
	}
	if _, err := l.Deliveries.RunDue(t.Context()); err != nil {
		t.Fatal(err)
	}
	return l
}

func TestPagesForPeople(t *testing.T) {
	l := lived(t)
	for path, want := range map[string][]string{
		"/_clientele/":           {"Last request", "GET", "/stores/abc123/v3/customers", "Log in to your account", "store/customer/created", "abc123"},
		"/_clientele/requests":   {"createCustomers", "contract", "fault", "/_clientele/v1/requests/har"},
		"/_clientele/requests/2": {"does not know the member", "&#34;email&#34;", "createCustomers", "***"},
		"/_clientele/outbox":     {"Log in to your account", "/_clientele/outbox.json"},
		"/_clientele/deliveries": {"store/customer/created", "pending"},
		"/_clientele/clock":      {"Move the clock by"},
		"/_clientele/faults":     {"fault-1", "&#34;code&#34;:500"},
		"/_clientele/stores":     {"abc123"},
		"/_clientele/requests?surface=v3&status=404&unmatched=true&route=&body=": {"catalog"},
	} {
		a := l.ask("GET", path, "")
		if a.status != 200 || !strings.HasPrefix(a.header.Get("Content-Security-Policy"), "default-src 'none'; style-src 'self'; script-src 'self'") {
			t.Errorf("%s: %d %v", path, a.status, a.header)
		}
		for _, w := range want {
			if !strings.Contains(a.body, w) {
				t.Errorf("%s is without %q:\n%s", path, w, a.body)
			}
		}
		if strings.Contains(a.body, "bob@example.com") {
			t.Errorf("%s tells of a person", path)
		}
		if a := l.ask("GET", path, "", "Sec-Fetch-Site", "cross-site"); a.status != http.StatusForbidden {
			t.Errorf("%s for another site: %d", path, a.status)
		}
	}
	form := func(path, body string, want int) answer {
		t.Helper()
		a := l.ask("POST", path, body, "Content-Type", "application/x-www-form-urlencoded", "Sec-Fetch-Site", "same-origin")
		if a.status != want {
			t.Errorf("%s %s: %d %s", path, body, a.status, a.body)
		}
		return a
	}
	form("/_clientele/faults", "rule=%7B%7D", 422)
	form("/_clientele/faults", "rule=x", 400)
	form("/_clientele/faults", `rule={"match":{},"effect":{"drop":"before"}}`, 303)
	if a := l.ask("GET", "/_clientele/faults", ""); !strings.Contains(a.body, "fault-2") {
		t.Error(a.body)
	}
	form("/_clientele/faults", "remove=fault-2", 303)
	form("/_clientele/faults", "remove=all", 303)
	form("/_clientele/clock", "do=advance&by=soon", 422)
	form("/_clientele/clock", "do=stop", 303)
	if a := l.ask("GET", "/_clientele/clock", ""); !strings.Contains(a.body, "stands still") {
		t.Error(a.body)
	}
	form("/_clientele/requests", "", 303)
	if a := l.ask("GET", "/_clientele/requests", ""); !strings.Contains(a.body, "There are no requests.") {
		t.Error(a.body)
	}
	if a := l.ask("POST", "/_clientele/requests", "", "Origin", "https://evil.example"); a.status != 403 {
		t.Error(a.status)
	}
	if a := l.ask("GET", "/_clientele/requests/77", ""); a.status != 404 {
		t.Error(a.status)
	}
}

// The pages in a real browser, on phones and desktops, and the live part.
func TestPagesForPeopleInABrowser(t *testing.T) {
	l := lived(t)
	b := chromium.Open(t, l.http.URL, "en-US")
	b.Open("/_clientele/").Want("Log in to your account", "store/customer/created").See("development")
	before := b.Eval(`String(document.querySelectorAll("#content section:first-child tbody tr").length)`)
	l.api("GET", "/v3/customers/addresses", "")
	b.Await(`document.querySelector("#now .last").textContent.includes("/v3/customers/addresses")`)
	b.Await(fmt.Sprintf(`document.querySelectorAll("#content section:first-child tbody tr").length === %s + 1`, before))
	b.Open("/_clientele/requests").Want("createCustomers").See("development-requests")
	b.Press(`tbody tr:first-child a`).Want("getCustomersAddresses", "as it says").See("development-request")
	b.Open("/_clientele/requests?unmatched=true").Want("catalog")
	b.Open("/_clientele/requests/2").See("development-warning")
	b.Open("/_clientele/deliveries").Want("pending").See("development-deliveries")
	b.Open("/_clientele/outbox").See("development-outbox").Press("td a").Want("https://a.example/x").See("development-email")
	b.Open("/_clientele/clock").Press(`button[value=stop]`).Want("stands still").See("development-clock")
	b.Open("/_clientele/faults").Write("rule", "nothing").Press("form.card button").Want("the body cannot be read").See("development-faults-wrong")
	b.Open("/_clientele/faults").Press(".small-button").Want("Nothing is made to fail.").See("development-faults")
	b.Open("/_clientele/stores").See("development-stores")
	b.WithoutScripts().Open("/_clientele/").Want("Last request")
}
