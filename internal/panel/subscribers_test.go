package panel_test

import (
	"net/url"
	"regexp"
	"strings"
	"testing"

	"clientele/internal/account"
	"clientele/internal/app"
	"clientele/internal/mail"
	"clientele/internal/opt"
	"clientele/internal/sqldb"
	"clientele/internal/sqldb/dbtest"
	"clientele/internal/staff"
	"clientele/internal/store"
	"clientele/internal/subscriber"
	chromium "clientele/internal/testing/browser"
)

const readers = `stores:
  - hash: one
    name: Green Garden
    settings: {admin_email: shop@example.com, storefront: {confirm_subscription: true}}
    channels: [{id: 1, name: Shop, url: "http://shop.example"}]
    customers: [{id: 1, email: nadia@example.com, first_name: Nadia, last_name: News}]
    subscribers:
      - {email: nadia@example.com, first_name: Nadia, last_name: News}
      - {email: tomasz@example.org}
      - {email: "o'hara@example.net", consents: []}
  - hash: two
    name: Birch Books
    subscribers: [{id: 50, email: secret.of.two@example.com}]
`

// mailed has the program queue and keep emails of accounts as it does.
func mailed(c *app.Config) { c.Parts.Mail = nil }

// asked has somebody ask for the newsletter on the storefront, who is to confirm it.
func (w *world) asked(address string) {
	w.t.Helper()
	site := store.Site{StoreID: 1, StoreHash: "one", ChannelID: 1, URL: "http://shop.example"}
	pending, err := w.Shoppers.Subscribe(w.t.Context(), site, address, "Wait", "Ing", account.Client{Shown: subscriber.Shown{Place: "http://shop.example/", Locale: "en", Text: "News by email"}})
	if err != nil || !pending {
		w.t.Fatal(pending, err)
	}
}

func TestSubscribers(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := open(t, db, readers, mailed)
		w.person("mia@example.com", 1, staff.Marketing)
		w.person("ron@example.com", 1, staff.ReadOnly)
		w.asked("wait@example.com")
		b := w.browser()
		b.signIn("mia@example.com")
		const at = "/manage/store/one/subscribers"
		b.get(at).want(200, at, "3 subscribers", "nadia@example.com", "tomasz@example.org", "o&#39;hara@example.net", "Unsubscribed", "!secret.of.two", "!wait@example.com")
		b.get(at+"?q=amp&wide=1").want(200, "", "3 subscribers", "Contains “amp”")
		b.get(at+"?q=masz").want(200, "", "1 subscriber<", "tomasz@example.org", "!nadia")
		b.get(at+"?q=nad").want(200, "", "Nadia News", "Look for “nad” anywhere", "!tomasz")
		b.get(at+"?state=unsubscribed").want(200, "", "1 subscriber<", "o&#39;hara", "!nadia")
		b.get(at+"?state=bounced").want(200, "", "Nothing found")
		b.get(at+"?since=2001-01-01&until=2001-01-02").want(200, "", "Nothing found")
		b.get(at+"?state=waiting").want(200, "", "1 person has not confirmed yet", "wait@example.com", "Wait Ing", "!nadia")
		for _, q := range []string{"before=x", "after=-1", "state=x&source=x&consent=x", "channel=99999999999999999999", "q=%00%ff", "state=waiting&before=x.y", "state=waiting&after=1.%00", "since=x", "q=" + strings.Repeat("x", 3000)} {
			b.get(at+"?"+q).want(200, "")
		}
		b.get(at+"/api?q=nadia@example.com").want(200, "", "/stores/one/v3/customers/subscribers?email=nadia%40example.com")

		// One of them, and what proves the consents.
		b.get(at+"/1").want(200, "", "nadia@example.com", "Nadia News", "Agreed to: ", "by a seed file", "http://shop.example/unsubscribe.php?token=", "/manage/store/one/customers/1")
		b.get(at+"/50").want(404, "", "!secret.of.two")
		b.get("/manage/store/two/subscribers/50").want(404, "", "!secret.of.two")
		b.get(at+"/1/proof").want(200, "", "Proof of consents", "Green Garden (one)", "data-print")
		if b.get(at+"/1/proof.json").want(200, "", `"email": "nadia@example.com"`, `"subscriber_id": 1`); !strings.Contains(b.header.Get("Content-Disposition"), "consents-one-1.json") {
			t.Error(b.header)
		}
		b.get(at+"/1/unsubscribe").want(200, "", "Unsubscribe nadia@example.com?")
		b.post(at+"/1/unsubscribe").want(200, at+"/1", "nadia@example.com is unsubscribed.", "Agreed to nothing", "by staff", "mia@example.com")
		b.post(at+"/new", "email", "nadia@example.com", "consents", "marketing_newsletter", "ground", "").want(422, "", "Where the consent is from", "!reconsent")
		b.post(at+"/new", "email", "nadia@example.com", "consents", "marketing_newsletter", "ground", "Fair").want(422, "", "This person has unsubscribed.", `name="reconsent"`)
		b.post(at+"/new", "email", "nadia@example.com", "consents", "marketing_newsletter", "ground", "Fair", "reconsent_asked", "1", "reconsent", "1").want(200, at+"/1", "is subscribed.", "Ground: Fair", "Agreed anew after leaving.")
		b.post(at+"/new", "email", "nadia@example.com", "consents", "marketing_newsletter", "ground", "Fair").want(409, "", "subscribes on the channel already")
		b.post(at+"/new", "email", "new@example.com", "consents", "nonsense", "ground", "Fair").want(422, "")
		b.post(at+"/2/delete").want(200, at, "The subscriber tomasz@example.org is deleted.")
		b.get(at+"/2").want(200, "", "Former subscriber 2", "Left: all consents ended")

		// Who waits gets another email, and the first link works no more.
		first := w.sent("wait@example.com")
		waits := regexp.MustCompile(at + `/waiting/[0-9a-f]+`).FindString(b.get(at + "?state=waiting").body)
		b.get(waits).want(200, "", "News by email", "has not followed the emailed link yet")
		b.post(waits+"/send").want(200, "", "Another email to confirm is on its way to wait@example.com.")
		b.get(waits).want(404, "")
		second := w.sent("wait@example.com")
		if first == second {
			t.Error("the same link twice")
		}
		site := store.Site{StoreID: 1, StoreHash: "one", ChannelID: 1, URL: "http://shop.example"}
		if err := w.Shoppers.ConfirmSubscription(t.Context(), site, first, account.Client{}); err == nil {
			t.Error("the first link works")
		}
		if err := w.Shoppers.ConfirmSubscription(t.Context(), site, second, account.Client{}); err != nil {
			t.Error(err)
		}
		b.get(at+"?state=waiting").want(200, "", "Nobody waits")
		b.get(at+"?q=wait").want(200, "", "wait@example.com")

		// Nothing reaches an address, and then it does.
		if _, err := w.Subscribers.Bounce(t.Context(), 1, subscriber.Report{Email: "NADIA@example.com", Kind: "hard", Reason: "550 <script>"}, subscriber.Origin{}); err != nil {
			t.Fatal(err)
		}
		b.get(at+"/1").want(200, "", "Mail servers have refused this address", "550 &lt;script&gt;", "The address works again")
		b.get(at+"?state=bounced").want(200, "", "nadia@example.com", "Bounced")
		b.post(at+"/1/reachable").want(200, at+"/1", "counts as reachable again", "!Mail servers have refused")

		// Consents by the address, and who has left.
		b.get("/manage/store/one/consents").want(200, "", "nadia@example.com", "tomasz@example.org", "confirmed by email")
		b.get("/manage/store/one/consents?q=TOMASZ@example.org").want(200, "", "2 entries", "Left: all consents ended", "!nadia")
		b.get("/manage/store/one/consents?q=nobody@example.org").want(200, "", "Nothing is on record of exactly this address.")
		if err := w.Subscribers.Leave(t.Context(), 1, 1, "wait@example.com", subscriber.Origin{Via: subscriber.ViaStorefront}); err != nil {
			t.Fatal(err)
		}
		b.get("/manage/store/one/unsubscribed").want(200, "", "wait@example.com", "tomasz@example.org", "Removed", "Unsubscribed")
		b.get("/manage/store/one/unsubscribed?q=wait@example.com").want(200, "", "wait@example.com left by their own wish on")
		b.get("/manage/store/one/unsubscribed?q=free@example.com").want(200, "", "Nothing keeps free@example.com from being subscribed.")
		b.get("/manage/store/one/unsubscribed?before=x&after=1.2").want(200, "")

		// Who may only read sees neither proofs nor ways to change.
		ron := w.browser()
		ron.signIn("ron@example.com")
		ron.get(at+"/1").want(200, "", "nadia@example.com", "!Unsubscribe<", "!Proof as JSON", "!Emails sent")
		for _, path := range []string{"/1/proof", "/1/proof.json", "/new", "/1/delete"} {
			ron.get(at+path).want(403, "", "!nadia@example.com")
		}
		ron.get("/manage/store/one/consents").want(403, "")
		ron.get(at+"/2").want(404, "")

		// A saved view, and what the search finds.
		mia := url.Values{"state": {"unsubscribed"}}.Encode()
		b.get(at+"?"+mia).want(200, "", "Save view")
		b.post(at+"/view?"+mia, "name", "Left us").want(200, "", "The view Left us is saved.", at+"?state=unsubscribed")
		b.get("/manage/store/one/customers").want(200, "", "!Left us")
		b.get("/manage/store/one/search?q=nadia").want(200, "", at+"/1")
		b.get("/manage/store/one/search?q=suppression").want(200, "", "/manage/store/one/unsubscribed")
	})
}

// sent sends what waits, and returns the token of the last email's link to an
// address.
func (w *world) sent(address string) string {
	w.t.Helper()
	if _, err := w.Jobs.RunDue(w.t.Context()); err != nil {
		w.t.Fatal(err)
	}
	found, err := w.Mail.Messages(w.t.Context(), 1, mail.Filter{To: address, Limit: 1})
	if err != nil || len(found) != 1 {
		w.t.Fatal(found, err)
	}
	return regexp.MustCompile(`token=([0-9a-f]+)`).FindStringSubmatch(found[0].Text)[1]
}

// The pages in a browser.
func TestBrowserSubscribers(t *testing.T) {
	t.Parallel()
	w := open(t, dbtest.Open(t, sqldb.SQLite), readers, mailed)
	w.person("ann@example.com", 1, staff.Administrator)
	w.asked("wait@example.com")
	w.sent("wait@example.com")
	site := store.Site{StoreID: 1, StoreHash: "one", ChannelID: 1, URL: "http://shop.example"}
	w.asked("grace@example.com")
	if err := w.Shoppers.ConfirmSubscription(t.Context(), site, w.sent("grace@example.com"), account.Client{Shown: subscriber.Shown{Place: "http://shop.example/subscribe.php?action=confirm", Locale: "en", Text: "Do you want to receive the newsletter of Green Garden?"}}); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Subscribers.Bounce(t.Context(), 1, subscriber.Report{Email: "tomasz@example.org", Kind: "hard", Reason: "550 5.1.1 no such user"}, subscriber.Origin{Via: subscriber.ViaMailServer}); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Subscribers.Create(t.Context(), 1, subscriber.Create{Email: "left@example.com", Consents: opt.Some([]string{"marketing_newsletter"})}, subscriber.Origin{Via: subscriber.ViaManagementAPI}); err != nil {
		t.Fatal(err)
	}
	if err := w.Subscribers.Leave(t.Context(), 1, 1, "left@example.com", subscriber.Origin{Via: subscriber.ViaStorefront}); err != nil {
		t.Fatal(err)
	}
	b := chromium.Open(t, w.server.URL, "en-US")
	b.Open("/manage/sign-in").Write("email", "ann@example.com", "password", password).Press("main form.form .primary")
	const at = "/manage/store/one/subscribers"
	b.Open(at).Want("4 subscribers").See("manage-subscribers")
	b.Type("#q", "masz").Await(`document.querySelectorAll("#list tbody tr").length === 1 && location.search.startsWith("?") && document.activeElement.id === "q"`)
	b.Open(at + "?state=waiting").Want("wait@example.com").See("manage-subscribers-waiting").Press("#list a").Want("News by email").See("manage-subscriber-waiting")
	b.Open(at + "/4").Want("Confirmed by the emailed link").See("manage-subscriber")
	b.Open(at + "/2").Want("Mail servers have refused").See("manage-subscriber-bounced")
	b.Open(at + "/4/proof").See("manage-proof")
	b.Open(at + "/new").See("manage-subscriber-new")
	b.Write("email", "left@example.com", "ground", "Fair").Press("main form.form .primary").Want("This person has unsubscribed.").See("manage-subscriber-left")
	b.Open(at + "/4").Tick(`a[href$="/unsubscribe"]`).Await(`document.querySelector("dialog[open] .primary") !== null`).See("manage-unsubscribe").Press("dialog .primary").Want("is unsubscribed.")
	b.Open("/manage/store/one/consents").See("manage-consents")
	b.Open("/manage/store/one/unsubscribed?q=left@example.com").See("manage-unsubscribed")
	b.Calm("the end")
}
