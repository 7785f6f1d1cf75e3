package panel_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"clientele/internal/sqldb"
	"clientele/internal/sqldb/dbtest"
	"clientele/internal/staff"
	"clientele/internal/webhook"
)

// target is what webhooks lead to.
type target struct {
	*httptest.Server
	mu     sync.Mutex
	status int
	heads  []http.Header
	bodies []string
}

func newTarget(t *testing.T, status int) *target {
	a := &target{status: status}
	a.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		a.mu.Lock()
		defer a.mu.Unlock()
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		a.heads, a.bodies = append(a.heads, r.Header.Clone()), append(a.bodies, string(body))
		w.Header().Set("X-Request-Id", "<script>alert(1)</script>")
		w.WriteHeader(a.status)
		fmt.Fprint(w, "<script>alert(2)</script>")
	}))
	t.Cleanup(a.Close)
	return a
}

func (a *target) answer(status int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.status = status
}

func (a *target) count() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return len(a.bodies)
}

// send has what is due sent.
func (w *world) send() {
	w.t.Helper()
	if _, err := w.Deliveries.RunDue(w.t.Context()); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) change(id int64, company string) {
	w.t.Helper()
	b := w.browser()
	b.extra = http.Header{"X-Auth-Token": {"TOKEN"}, "Content-Type": {"application/json"}}
	b.do(http.MethodPut, "/stores/one/v3/customers", fmt.Sprintf(`[{"id":%d,"company":%q}]`, id, company)).want(200, "")
}

const shop = `stores:
  - hash: one
    name: Green Garden
    settings: {admin_email: shop@example.com}
    api_accounts:
      - {name: <b>Mailer</b>, client_id: CID, client_secret: "S$E'C\"R", access_token: TOKEN, scopes: [all]}
      - {name: Books, client_id: CID2, client_secret: SECRET2, access_token: TOKEN2, scopes: [store_v2_customers]}
    customers:
      - {id: 1, email: jane@example.com, first_name: Jane, last_name: Doe}
      - {id: 2, email: bo@example.com, first_name: Bo, last_name: Berg}
  - {hash: two, name: Birch Books}
`

func TestHooks(t *testing.T) {
	each(t, shop, func(t *testing.T, w *world) {
		w.person("dan@example.com", 1, staff.Developer)
		w.person("ada@example.com", 1, staff.Administrator)
		w.person("eve@example.com", 2, staff.Owner)
		to := newTarget(t, 500)
		b := w.browser()
		b.signIn("dan@example.com").want(200, "")
		const at = "/manage/store/one/webhooks"
		b.get(at).want(200, at, "No webhook yet", "Add a webhook")
		b.get(at+"/new").want(200, "", "&lt;b&gt;Mailer", `value="store/customer/*"`, "Kept elsewhere", "!<b>Mailer")
		b.post(at+"/new", "destination", "ftp://x", "client_id", "CID", "scope", "store/customer/*").want(422, "", `id="f-destination-error"`, `value="store/customer/*" checked`)
		b.post(at+"/new", "destination", to.URL+"/a", "client_id", "CID").want(422, "", "Please choose")
		b.post(at+"/new", "destination", to.URL+"/a", "client_id", "nobody", "scope", "store/customer/*").want(422, "")
		b.post(at+"/new", "destination", to.URL+"/a", "client_id", "CID", "scope", "store/no/such").want(422, "", "no such scope")
		b.post(at+"/new", "destination", to.URL+"/a", "client_id", "CID", "scope", "store/customer/*", "headers", "nonsense").want(422, "", "Name: value")
		b.post(at+"/new", "destination", to.URL+"/a", "client_id", "CID", "scope", "store/customer/*", "headers", "webhook-id: 1").want(422, "", "sets this header itself")
		// What another choice covers is left out.
		b.post(at+"/new", "destination", to.URL+"/a", "client_id", "CID", "scope", "store/customer/*", "scope", "store/customer/updated", "scope", "store/subscriber/created", "headers", "Authorization: Bearer tell-nobody", "is_active", "1").want(200, at, "2 webhooks are added.", "store/customer/*", "store/subscriber/created", "!store/customer/updated")
		b.post(at+"/new", "destination", to.URL+"/a", "client_id", "CID", "scope", "store/customer/*").want(422, "", "has a webhook with this scope")
		hook := at + "/1"
		b.get(hook).want(200, hook, "Nothing was to be sent", "No delivery", "&lt;b&gt;Mailer")

		// A delivery that fails, with all there is to say of it.
		w.change(1, "Acme")
		w.change(1, "Bolt")
		w.send()
		b.get(hook).want(200, "", "store/customer/updated", "500", "Will be tried again", "0 of 2 arrived", "status 500")
		deliveries := regexp.MustCompile(`/manage/store/one/webhooks/1/deliveries/\d+`).FindAllString(b.body, -1)
		if len(deliveries) != 2 {
			t.Fatal(deliveries)
		}
		second, first := deliveries[0], deliveries[1]
		b.get(first).want(200, "", "will be tried again", "answered with status 500", "11 attempts are left", "Next attempts", "POST "+to.URL+"/a", "webhook-id: msg_one_1_", "&lt;script&gt;alert(1)", "&lt;script&gt;alert(2)", "!<script>alert", "!tell-nobody", "&#34;scope&#34;:&#34;store/customer/updated&#34;")
		b.get(second).want(200, "", "waits for an earlier one", first)
		b.get(at).want(200, "", "Failing", "0 of 2 arrived", "status 500")
		b.get("/manage/store/one/search?q="+regexp.MustCompile(`msg_one_1_\d+`).FindString(b.get(first).body)).want(200, "", first)
		// Mended and sent again.
		to.answer(204)
		b.post(first+"/again").want(200, first, "sent again now")
		w.send()
		b.get(first).want(200, "", "The destination has it.", "Attempt 2", "204")
		w.send()
		b.get(hook).want(200, "", "2 of 2 arrived")
		b.post(hook+"/test").want(200, hook, "A test is on its way", "store/hook/test")
		w.send()
		b.get(hook+"?state=failed").want(200, "", "No delivery")
		b.get(hook+"?scope=store/hook/test").want(200, "", "store/hook/test", "!store/customer/updated")
		b.get(hook+"?state=nonsense&scope=%00%27&after=x").want(422, "")

		// Paused, what happens meanwhile, and everything sent again.
		w.Clock.Advance(2 * time.Second)
		n := to.count()
		b.get(hook+"/pause").want(200, "", "Pause this webhook?")
		b.post(hook+"/pause").want(200, hook, "is paused", "Undo", "Continue")
		w.change(2, "Acme")
		w.send()
		b.post(hook+"/test").want(200, hook, "Continue it first")
		b.post(hook+"/replay", "hours", "24", "which", "all").want(200, hook, "Continue it first")
		b.post(first+"/again").want(200, hook, "Continue it first")
		b.get(at+"?state=off").want(200, "", "Paused", "!store/subscriber")
		if to.count() != n {
			t.Error("a paused webhook sends")
		}
		b.post(hook+"/resume").want(200, hook, "sends again")
		b.post(hook+"/replay", "hours", "7").want(422, "")
		b.post(hook+"/replay", "hours", "7", "which", "all").want(422, "", "Please choose.")
		b.post(hook+"/replay", "hours", "1", "which", "failed").want(200, hook, "Sent again: 0.")
		b.post(hook+"/replay", "hours", "1", "which", "all").want(200, hook, "Sent again: 4.")
		for range 4 {
			w.send()
		}
		if got := to.count() - n; got != 4 {
			t.Errorf("%d are sent again, want 4", got)
		}
		if got := to.heads[len(to.heads)-1].Get("Authorization"); got != "Bearer tell-nobody" {
			t.Errorf("the webhook's header is %q", got)
		}

		// Two change it at once.
		version := regexp.MustCompile(`name="version" value="(\w+)"`).FindStringSubmatch(b.get(hook+"/edit").want(200, "", "Authorization: Bearer tell-nobody").body)[1]
		b.post(hook+"/edit", "destination", to.URL+"/b", "scope", "store/customer/*", "is_active", "1", "version", version).want(200, hook, "is changed", to.URL+"/b")
		b.post(hook+"/edit", "destination", to.URL+"/c", "scope", "store/customer/*", "is_active", "1", "version", version).want(409, "", "changed this meanwhile", to.URL+"/b", to.URL+"/c")

		// The secret is shown to who may make accounts, and that is in the history.
		b.get(hook+"/signature").want(200, "", "whsec_", `S$E&#39;C\`)
		b.get("/manage/store/one/history").want(200, "", "Exported", "!tell-nobody")
		ada := w.browser()
		ada.signIn("ada@example.com")
		ada.get(hook).want(200, "", "!Check signatures", "!/edit")
		for _, path := range []string{hook + "/signature", hook + "/edit", at + "/new"} {
			ada.get(path).want(403, "", "!whsec_")
		}
		ada.post(hook+"/edit", "destination", to.URL+"/evil", "scope", "store/customer/*").want(403, "")
		ada.get(hook+"/api").want(200, "", "/v3/hooks/1")

		// Another store's.
		eve := w.browser()
		eve.signIn("eve@example.com")
		for _, path := range []string{"/1", "/1/signature", "/1/edit", strings.TrimPrefix(first, at), "/1/delete"} {
			eve.get("/manage/store/two/webhooks"+path).want(404, "", "!Mailer", "!whsec_")
		}
		for _, path := range []string{"/1/test", "/1/pause", "/1/delete", "/1/resume", strings.TrimPrefix(first, at) + "/again"} {
			eve.post("/manage/store/two/webhooks"+path).want(404, "")
		}
		eve.post("/manage/store/two/webhooks/new", "destination", to.URL, "client_id", "CID", "scope", "store/customer/*").want(422, "")

		ada.post(hook+"/delete").want(200, at, "is deleted.", "!store/customer/*")
		ada.post(hook+"/delete").want(404, "")
		ada.get(first).want(404, "")
	})
}

// A page of a webhook tells when something changes.
func TestHookLive(t *testing.T) {
	w := open(t, dbtest.Open(t, sqldb.SQLite), shop)
	w.person("dan@example.com", 1, staff.Developer)
	b := w.browser()
	b.signIn("dan@example.com")
	to := newTarget(t, 200)
	b.post("/manage/store/one/webhooks/new", "destination", to.URL, "client_id", "CID", "scope", "store/customer/*", "is_active", "1").want(200, "")
	at := html2text(regexp.MustCompile(`data-events="([^"]+)"`).FindStringSubmatch(b.body)[1])
	req, err := http.NewRequest(http.MethodGet, w.server.URL+at, nil)
	if err != nil {
		t.Fatal(err)
	}
	res, err := b.client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	time.AfterFunc(time.Second, func() { w.change(1, "Acme"); w.send() })
	text := make([]byte, 4096)
	for all := ""; !strings.Contains(all, "data: changed"); {
		n, err := res.Body.Read(text)
		if all += string(text[:n]); err != nil {
			t.Fatal(err, all)
		}
	}
}

func html2text(s string) string { return strings.ReplaceAll(s, "&amp;", "&") }

// The programs that are shown check signatures as they are made.
func TestSignatureChecks(t *testing.T) {
	w := open(t, dbtest.Open(t, sqldb.SQLite), shop)
	w.person("dan@example.com", 1, staff.Developer)
	b := w.browser()
	b.signIn("dan@example.com")
	to := newTarget(t, 200)
	b.post("/manage/store/one/webhooks/new", "destination", to.URL, "client_id", "CID", "scope", "store/customer/*", "is_active", "1").want(200, "")
	b.get("/manage/store/one/webhooks/1/signature").want(200, "")
	unescape := strings.NewReplacer("&#34;", `"`, "&#39;", "'", "&lt;", "<", "&gt;", ">", "&amp;", "&", "&#43;", "+")
	code := map[string]string{}
	for _, m := range regexp.MustCompile(`(?s)<h2>([^<]+)</h2></summary><pre class="code" tabindex="0">(.*?)</pre>`).FindAllStringSubmatch(b.body, -1) {
		code[m[1]] = unescape.Replace(m[2])
	}
	if len(code) != 4 {
		t.Fatalf("%d programs", len(code))
	}
	const id, body = "msg_one_1_7", `{"scope":"store/customer/updated"}`
	now := time.Now().Unix()
	signature := webhook.Sign(`S$E'C"R`, id, now, []byte(body))
	head := func(body string) string {
		text, err := json.Marshal(map[string]string{"webhook-id": id, "webhook-timestamp": strconv.FormatInt(now, 10), "webhook-signature": "v1,bad " + signature, "body": body})
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	dir := t.TempDir()
	for _, p := range []struct{ name, tool, file, call string }{
		{"Node.js", "node", "check.mjs", `const h = JSON.parse(process.argv[2]); console.log(isFromTheStore(h, h.body) === true ? "yes" : "no");`},
		{"Python", "python3", "check.py", "import json, sys\nh = json.loads(sys.argv[1])\nprint('yes' if is_from_the_store(h, h['body'].encode()) else 'no')\n"},
		{"PHP", "php", "check.php", "$h = json_decode($argv[1], true);\n$s = ['HTTP_WEBHOOK_ID' => $h['webhook-id'], 'HTTP_WEBHOOK_TIMESTAMP' => $h['webhook-timestamp'], 'HTTP_WEBHOOK_SIGNATURE' => $h['webhook-signature']];\necho is_from_the_store($s, $h['body']) ? 'yes' : 'no';\n"},
	} {
		tool, err := exec.LookPath(p.tool)
		if err != nil {
			t.Logf("%s is not here", p.tool)
			continue
		}
		file := filepath.Join(dir, p.file)
		if err := os.WriteFile(file, []byte(code[p.name]+"\n"+p.call), 0o600); err != nil {
			t.Fatal(err)
		}
		for text, want := range map[string]string{body: "yes", body + " ": "no"} {
			out, err := exec.Command(tool, file, head(text)).CombinedOutput()
			if strings.TrimSpace(string(out)) != want || err != nil {
				t.Errorf("%s says %s, want %s: %v", p.name, out, want, err)
			}
		}
	}
	if !strings.Contains(code["Go"], `const secret = "S$E'C\"R"`) {
		t.Error(code["Go"])
	}
}

// A webhook fails, is found from Home, inspected, mended and sent again: with
// scripts and without, on both engines.
func TestBrowserHooks(t *testing.T) {
	t.Parallel()
	journeys(t, func(t *testing.T, db *sqldb.DB, scripts bool) { hookJourney(t, open(t, db, shop), scripts) })
}

func hookJourney(t *testing.T, w *world, scripts bool) {
	w.person("dan@example.com", 1, staff.Developer)
	b, see := w.tab(t, scripts)
	to := newTarget(t, 503)
	b.Open("/manage/sign-in").Write("email", "dan@example.com", "password", password).Press("main form.form .primary")
	b.Open("/manage/store/one/webhooks").Want("No webhook yet")
	see("manage-webhooks-none")
	b.Press("main .empty .button").Write("destination", to.URL+"/shop").Tick(`[value="store/customer/*"]`)
	see("manage-webhooks-new")
	b.Press("main .actionbar .primary").Want("is added", "No delivery")
	see("manage-webhook-empty")
	page := b.Path()
	w.change(1, "Acme")
	w.send()
	w.Clock.Advance(61 * time.Second)
	w.send()
	b.Open("/manage/store/one").Want("1 webhook is failing").Press(`.attention a[href*="webhooks"]`).Want("Failing", "0 of 1 arrived")
	see("manage-webhooks")
	b.Press("#list th a").Want("store/customer/updated", "Will be tried again")
	see("manage-webhook")
	b.Press("#list th a").Want("answered with status 503", "10 attempts are left", "Attempt 2")
	see("manage-delivery")
	to.answer(200)
	b.Press("main .panel .one .button").Want("sent again now")
	w.send()
	if scripts {
		b.Open(page)
		b.Eval(`fetch(location.pathname + "/test", {method: "POST"}).then(() => ""); ""`)
		b.Await(`document.querySelector("#deliveries").textContent.includes("store/hook/test")`)
		w.send()
		b.Await(`document.querySelector("#deliveries").textContent.split("Arrived").length > 3`)
		b.Tick(`[href$="/replay"]`).Await(`document.querySelector("dialog[open] [name=hours]") !== null`).See("manage-webhook-replay")
		b.Tick(`dialog [data-cancel]`).Await(`document.querySelector("dialog") === null`)
	} else {
		b.Open(page).Want("1 of 1 arrived")
		b.Press(`[href$="/replay"]`).Tick("[name=which][value=all]").Press("main form.form .primary").Want("Sent again: 1.")
	}
	b.Open(page + "/signature").Want("whsec_")
	see("manage-webhook-signature")
	if scripts {
		b.Open(page).Stops(page, 1280, 800)
		b.Calm("the end")
	}
}
