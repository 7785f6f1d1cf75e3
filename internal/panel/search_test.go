package panel_test

import (
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"clientele/internal/segment"
	"clientele/internal/sqldb"
	"clientele/internal/sqldb/dbtest"
	"clientele/internal/sso"
	"clientele/internal/staff"
	"clientele/internal/store"
	"clientele/internal/subscriber"
	chromium "clientele/internal/testing/browser"
	"clientele/internal/webhook"
)

const searched = `stores:
  - hash: one
    name: Green Garden
    customer_groups: [{id: 1, name: Wholesale}]
    api_accounts: [{name: App, client_id: app-of-one, client_secret: "0123456789abcdef0123456789abcdef0123456789", access_token: "token-of-one-0123456789abcdef", scopes: [all]}]
    customers:
      - {id: 17, email: jane@example.com, first_name: Jane, last_name: Doe, phone: "+49 (30) 1234-567"}
  - {hash: two, name: Birch Books, customers: [{id: 18, email: other@example.com, first_name: Jane, last_name: Other}]}
`

func TestSearch(t *testing.T) {
	each(t, searched, func(t *testing.T, w *world) {
		w.person("ann@example.com", 1, staff.Administrator)
		w.person("ray@example.com", 1, staff.ReadOnly)
		uuid := w.segment(segment.Save{Name: "Whole families"}, "")
		sub, err := w.Subscribers.Create(t.Context(), 1, subscriber.Create{Email: "sub@example.com", FirstName: "Nadia", LastName: "News"}, subscriber.Origin{})
		if err != nil {
			t.Fatal(err)
		}
		b := w.browser()
		b.signIn("ann@example.com")
		const at = "/manage/store/one/search"
		find := func(text string, words ...string) {
			t.Helper()
			b.get(at+"?q="+url.QueryEscape(text)).want(200, "", append(words, "!other@example.com", "!Birch")...)
		}
		find("", "Add a group", "Customer groups", `popovertarget="new"`)
		for _, text := range []string{"j", "ja", "do", "jane@example.com", "doe ja", "ja doe", "JANE", "0301234567", "+49 30 1234567", "17", "#17"} {
			find(text, "Jane Doe", "jane@example.com")
		}
		find("#18", "Nothing found")
		find("'\\", "Nothing found")
		find("whole", "Wholesale", "Whole families", "!Jane")
		find(uuid, "Whole families")
		find("sub@example.com", "Subscribers", "Channel 1")
		find("news nad", "Subscribers", "sub@example.com", "Nadia News")
		find("\x00\xffzz", "Nothing found")
		find("roles", "Staff")
		find("export", "Export")
		find("sign in as doe ja", "Sign in as Jane Doe", "/manage/store/one/customers/17/sign-in-as")
		find("sign in as", "!Sign in as Jane")
		find("Sign in as other", "!Sign in as Jane")
		find("<script>x", "&lt;script&gt;x", "Nothing found")
		find(strings.Repeat("x", 8001), "too long")
		find("msg_one_1_1", "Nothing found")
		hook, err := w.Webhooks.Create(t.Context(), 1, "app-of-one", webhook.Create{Scope: "store/customer/*", Destination: "https://example.com/hook"})
		if err != nil {
			t.Fatal(err)
		}
		test, err := w.Webhooks.Test(t.Context(), 1, "app-of-one", hook.ID)
		if err == nil {
			find(webhook.MessageID("one", hook.ID, test.ID), "This message is being sent.")
		}
		token, err := w.Shoppers.UnsubscribeToken(t.Context(), 1, sub.ID)
		if err != nil {
			t.Fatal(err)
		}
		find("https://shop.example.com/unsubscribe.php?token="+token, "A link to unsubscribe that works", "sub@example.com")
		find("https://shop.example.com/unsubscribe.php?token=1.AAAA", "not one of this store")
		// A token is read, and not used up.
		login, err := w.SSO.Token(t.Context(), store.Site{StoreID: 1, StoreHash: "one", ChannelID: 1}, sso.Request{CustomerID: 17})
		if err != nil {
			t.Fatal(err)
		}
		find(login, "It would be accepted now.", "Jane Doe", "app-of-one")
		find(login, "It would be accepted now.")
		find(login[:len(login)-4]+"AAAA", "does not fit the client secret")
		w.Clock.Advance(5 * time.Minute)
		find(login, "iat is more than 30 seconds ago")
		// Who may do less finds less.
		r := w.browser()
		r.signIn("ray@example.com")
		r.get(at+"?q=").want(200, "", "Customer groups", "!Add a group", "!Staff", `!popovertarget="new"`)
		r.get(at+"?q=sign+in+as+jane").want(200, "", "!Sign in as Jane")
		r.get("/manage/store/two/search?q=jane").want(404, "")
		r.get(at+"?q="+strconv.Itoa(17)).want(200, "", "Jane Doe")
	})
}

func TestBrowserOfSearch(t *testing.T) {
	t.Parallel()
	w := open(t, dbtest.Open(t, sqldb.SQLite), searched)
	w.person("ann@example.com", 1, staff.Administrator)
	b := chromium.Open(t, w.server.URL, "en-US")
	b.Open("/manage/sign-in").Write("email", "ann@example.com", "password", password).Press("main form.form .primary")
	b.Open("/manage/store/one/groups").Await(`!document.dispatchEvent(new KeyboardEvent("keydown", {key: "k", ctrlKey: true, cancelable: true}))`).Await(`document.querySelector("dialog.palette input") === document.activeElement`)
	b.Type("#palette", "whol").Await(`document.querySelector("dialog .found a strong")?.textContent === "Wholesale" && document.querySelectorAll("dialog .found").length === 2`).See("manage-palette")
	b.Eval(`document.querySelector("#palette").dispatchEvent(new KeyboardEvent("keydown", {key: "ArrowDown", bubbles: true})); ""`)
	b.Await(`document.activeElement.textContent.startsWith("Wholesale")`)
	b.Open("/manage/store/one/search?q=jane").Want("Jane Doe").See("manage-search").Stops("search", 360, 740)
	b.Calm("search")
	b.WithoutScripts().Open("/manage/store/one").Open("/manage/store/one/search").Type("#search-q", "wholesale").Press("main .filters .button").Want("Wholesale", "2 results")
}
