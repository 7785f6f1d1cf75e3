package panel_test

import (
	"strings"
	"testing"
	"time"

	"clientele/internal/sqldb"
	"clientele/internal/sqldb/dbtest"
	"clientele/internal/staff"
	chromium "clientele/internal/testing/browser"
)

// Home tells of today as it is, and of earlier days as they were closed.
func TestHome(t *testing.T) {
	each(t, garden, func(t *testing.T, w *world) {
		w.person("ann@example.com", 1, staff.Administrator)
		w.person("ray@example.com", 1, staff.ReadOnly)
		b := w.browser()
		b.signIn("ann@example.com")
		const at = "/manage/store/one"
		b.get(at+"?days=1").want(200, "", "New customers", `<p class="value">3 `, "nothing to compare yet", "!<polyline", "First steps", "Enter the address of your storefront")
		// Noon of the next day, whatever the hour is: a browser's cookies end by the
		// machine's clock, so the world begins now.
		w.Clock.Set(w.Clock.Now().UTC().Truncate(24 * time.Hour).Add(36 * time.Hour))
		if err := w.Figures.CloseAll(t.Context()); err != nil {
			t.Fatal(err)
		}
		b = w.browser()
		b.signIn("ann@example.com")
		b.get(at+"?days=1").want(200, "", "−100 %", "The period before: 3")
		b.get(at+"?days=7").want(200, "", "none before", "<polyline", "Show as table", "Wholesale", "Latest changes")
		if n := strings.Count(b.body, "<polyline"); n != 4 {
			t.Errorf("%d lines", n)
		}
		b.get(at+"?days=365").want(200, "", "Week from")
		r := w.browser()
		r.signIn("ray@example.com")
		r.get(at).want(200, at, "New customers", "!Latest changes")
	})
}

// Home tells of what somebody should look at, to whom it concerns.
func TestAttention(t *testing.T) {
	const seed = `stores:
  - hash: one
    name: Green Garden
    settings: {storefront: {confirm_subscription: true}}
    api_accounts: [{name: Old app, client_id: CID, client_secret: SECRET, access_token: TOKEN, scopes: [all]}]
    webhooks: [{client_id: CID, scope: "store/customer/*", destination: "https://hooks.example/"}]
    customers: [{id: 1, email: jane@example.com, first_name: Jane, last_name: Doe}, {id: 2, email: john@example.com, first_name: John, last_name: Roe}]
    subscribers: [{email: jane@example.com}, {email: john@example.com, source: order}]
`
	each(t, seed, func(t *testing.T, w *world) {
		w.person("ann@example.com", 1, staff.Administrator)
		w.person("ray@example.com", 1, staff.ReadOnly)
		b, r := w.browser(), w.browser()
		const at = "/manage/store/one"
		b.signIn("ann@example.com")
		b.get(at).want(200, "", "New subscribers by source", "Apps and imports", "50 %", "Confirmation rate", "none yet", "Emails have no sender", "!switched off", "!locked for a while", "!have not confirmed", "!nobody has used", "!could not be sent")
		now := w.System.Now()
		for _, q := range []string{
			`UPDATE webhooks SET is_active = 0, disabled = 'failures' WHERE store_id = $1`,
			`INSERT INTO webhooks (store_id, id, client_id, scope, destination, destination_norm, headers, is_active, date_created, date_modified) VALUES ($1, 77, 'CID', 's', 'd', 'd', '', 1, 0, 0)`,
			`INSERT INTO webhook_deliveries (store_id, hook_id, id, scope, data, date_created, lane, due_at, lease_owner, attempts) VALUES ($1, 77, 1, 's', '{}', 0, 1, 4000000000, '', 3)`,
			`INSERT INTO webhook_blocks (store_id, client_id, domain, blocked_until, reasons) VALUES ($1, 'CID', 'hooks.example', 4000000000, '[]')`,
			`INSERT INTO emails (store_id, id, channel_id, kind, recipient, recipient_name, recipient_norm, customer_id, site_url, data, message_id, status, date_created, date_expires, date_done) VALUES ($1, 901, 1, 'account_created', 'a', 'a', 'a', 0, '', '', 'm', 'failed', 1, 1, 4000000000)`,
		} {
			w.exec(q)
		}
		w.exec(`INSERT INTO sign_in_failures (store_id, subject, failures, date_last, customer_id) VALUES ($1, 'x', 40, $2, 2)`, now)
		w.exec(`INSERT INTO attempt_windows (store_id, subject, attempts, date_start, action, bound, network) VALUES ($1, 'y', 900, $2, 'guess', 10, '192.0.2.0/24')`, now)
		w.exec(`INSERT INTO unconfirmed_customers (store_id, customer_id, date_created) VALUES ($1, 1, $2)`, now-8*24*3600)
		w.exec(`INSERT INTO daily_figures (store_id, day, kind, value) VALUES ($1, $2, 8, 4), ($1, $2, 9, 1)`, now/86400-1)
		b.get(at).want(200, "", "1 webhook was switched off", "1 webhook is failing", "to 1 domain of webhooks", "1 email could not be sent", "1 account is locked", "rule=id&#43;IN&#43;%282%29", "1 network is held back",
			"1 customer has not confirmed", `25 % <span class="lozenge neutral">`, "1 of 4 newsletter requests confirmed")
		b.get(shown(t, b.body[strings.Index(b.body, "1 account is locked"):])).want(200, "", "1 customer<", "John Roe", "!Jane Doe")
		r.signIn("ray@example.com")
		r.get(at).want(200, "", "1 account is locked", "!webhook", "!could not be sent", "!Emails have no sender")
		w.Clock.Advance(91 * 24 * time.Hour)
		b = w.browser()
		b.signIn("ann@example.com")
		b.get(at).want(200, "", "API accounts that nobody has used for 90 days: Old app.", "!locked", "!held back")
	})
}

// shown is the link to what a line tells of.
func shown(t *testing.T, body string) string {
	t.Helper()
	before, _, ok := strings.Cut(body, `">Show</a>`)
	if !ok {
		t.Fatalf("no link\n%s", body)
	}
	return strings.ReplaceAll(before[strings.LastIndexByte(before, '"')+1:], "&#43;", "+")
}

// exec changes what of the first store no service would.
func (w *world) exec(q string, args ...any) {
	w.t.Helper()
	if err := w.DB.Write(w.t.Context(), 1, func(tx *sqldb.Tx) error { return tx.Exec(sqldb.Dynamic(q), args...) }); err != nil {
		w.t.Fatalf("%s: %v", q, err)
	}
}

// Home with a year behind it, and with what needs attention.
func TestBrowserHome(t *testing.T) {
	t.Parallel()
	w := open(t, dbtest.Open(t, sqldb.SQLite), garden)
	w.person("ann@example.com", 1, staff.Administrator)
	now := w.System.Now()
	for day := now/86400 - 730; day < now/86400; day++ {
		for kind := range int64(9) {
			w.exec(`INSERT INTO daily_figures (store_id, day, kind, value) VALUES ($1, $2, $3, $4)`, day, kind+1, (day*7+kind*13)%int64(40/(kind/4+1))+int64(day%365)/20)
		}
	}
	w.exec(`INSERT INTO sign_in_failures (store_id, subject, failures, date_last, customer_id) VALUES ($1, 'x', 40, $2, 2)`, now)
	w.exec(`INSERT INTO attempt_windows (store_id, subject, attempts, date_start, action, bound, network) VALUES ($1, 'y', 900, $2, 'guess', 10, '192.0.2.0/24')`, now)
	w.exec(`INSERT INTO unconfirmed_customers (store_id, customer_id, date_created) VALUES ($1, 1, $2)`, now-8*24*3600)
	b := chromium.Open(t, w.server.URL, "en-US")
	b.Open("/manage/sign-in").Write("email", "ann@example.com", "password", password).Press("main form.form .primary")
	b.Open("/manage/store/one?days=365").Want("Needs attention", "Confirmation rate", "New subscribers by source").See("manage-home-year").Stops("home", 360, 740)
	b.Calm("home")
}
