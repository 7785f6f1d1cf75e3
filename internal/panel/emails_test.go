package panel_test

import (
	"strconv"
	"strings"
	"testing"

	"clientele/internal/mail"
	"clientele/internal/sqldb"
	"clientele/internal/sqldb/dbtest"
	"clientele/internal/staff"
	"clientele/internal/store"
	chromium "clientele/internal/testing/browser"
)

// changed queues an email without a link that is good once, and returns its id.
func (w *world) changed(to string) int64 {
	w.t.Helper()
	if err := w.DB.Write(w.t.Context(), 1, func(tx *sqldb.Tx) error {
		return w.Mail.Queue(tx, mail.Message{Kind: mail.EmailChanged, Site: store.Site{StoreID: 1, ChannelID: 1, URL: "http://shop.example"}, To: to, ToName: "Nadia News", CustomerID: 1, Data: mail.Data{"new_email": "new@example.com"}})
	}); err != nil {
		w.t.Fatal(err)
	}
	found, err := w.Mail.Headers(w.t.Context(), 1, mail.Filter{To: to, Limit: 1})
	if err != nil || len(found) != 1 {
		w.t.Fatal(found, err)
	}
	return found[0].ID
}

func TestEmails(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := open(t, db, readers, mailed)
		w.person("cas@example.com", 1, staff.CustomerService)
		w.person("ron@example.com", 1, staff.ReadOnly)
		w.asked("wait@example.com")
		token := w.sent("wait@example.com")
		id := w.changed("nadia@example.com")
		w.keep()
		b := w.browser()
		b.signIn("cas@example.com")
		const at = "/manage/store/one/emails"
		b.get(at).want(200, at, "wait@example.com", "nadia@example.com", "Confirm the newsletter", "2 emails")
		b.get(at+"?q=WAIT@example.com").want(200, "", "1 email<", "wait@example.com", "!nadia@example.com")
		b.get(at+"?kind=email_changed").want(200, "", "nadia@example.com", "!wait@example.com")
		b.get(at+"?state=failed").want(200, "", "Nothing found")
		for _, q := range []string{"before=x", "after=99999999999999999999", "kind=x&state=y", "q=%00"} {
			b.get(at+"?"+q).want(200, "")
		}
		b.get(at+"?after=1").want(200, "", "nadia@example.com")

		// The message, without what its link opens.
		b.get(at+"/1").want(200, "", `sandbox src="/manage/store/one/emails/1/body"`, "cannot be sent again", "!"+token)
		if csp := b.header.Get("Content-Security-Policy"); !strings.Contains(csp, "frame-src 'self'") {
			t.Error(csp)
		}
		b.get(at+"/1/body").want(200, "", "token=…", "!"+token)
		if csp := b.header.Get("Content-Security-Policy"); !strings.HasPrefix(csp, "sandbox; default-src 'none'") {
			t.Error(csp)
		}
		b.post(at+"/1/again").want(409, "")
		mine := at + "/" + strconv.FormatInt(id, 10)
		b.get(mine).want(200, "", "new@example.com", "Send again")
		b.post(mine+"/again").want(200, "", "The email is on its way to nadia@example.com again.", "waiting")
		b.get(at+"?q=nadia@example.com").want(200, "", "2 emails")

		// One that was refused, in words.
		w.exec(`UPDATE emails SET status = 'failed', error = 'client failed to send RCPT TO: 550 5.1.1 <x>: no such user' WHERE store_id = $1 AND id = $2`, id)
		b.get(mine).want(200, "", "There is no such mailbox.", "550 5.1.1 &lt;x&gt;", "Send again")
		b.post(mine+"/again").want(200, mine, "on its way")
		b.get(at+"/99").want(404, "")
		b.get("/manage/store/two/emails/1").want(404, "")
		ron := w.browser()
		ron.signIn("ron@example.com")
		ron.get(at).want(403, "")
		ron.get(at+"/1/body").want(403, "", "!newsletter")
	})
}

const speakers = `stores:
  - hash: one
    name: Green Garden
    settings: {admin_email: shop@example.com, storefront: {locales: [de]}}
    channels: [{id: 1, name: Shop, url: "http://shop.example"}]
    customers: [{id: 1, email: nadia@example.com, first_name: Nadia, last_name: News}]
  - {hash: two, name: Birch Books}
`

func TestTexts(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := open(t, db, speakers, mailed)
		w.person("ann@example.com", 1, staff.Administrator)
		b := w.browser()
		b.signIn("ann@example.com")
		const list, at = "/manage/store/one/texts", "/manage/store/one/texts/email_changed"
		b.get(list).want(200, list, "Welcome", "The program’s own", "Tells the old address that there is a new one.", "!texts.purpose")
		b.get(at).want(200, at, "You have no text of your own here yet", "{{store.name}}", "{{customer.full_name}}", "Deutsch", "!{{lang")
		b.get(at+"?language=de").want(200, "", "!{{lang", "E-Mail-Adresse")
		b.get(at+"?language=xx").want(404, "")
		b.get(list+"/nonsense").want(404, "")
		b.get(at+"/preview").want(200, "", "new@example.com", "Green Garden", "@media not all")
		b.get(at+"/preview?view=dark").want(200, "", "@media all")
		text := []string{"subject", "{{store.name}}: it moved", "html", "<h1>Moved</h1><p>To {{details_changed.new_email}}</p>", "text", "", "version", "0"}
		with := func(more ...string) []string { return append(append([]string{}, text...), more...) }
		b.post(at+"/preview", with("view", "dark")...).want(200, "", "<h1>Moved</h1>", "To new@example.com")
		b.post(at, "subject", "Hello {{nobody.knows}}", "html", "<p>x</p>", "version", "0").want(422, at, "This does not work:", "nobody.knows")
		b.post(at+"/preview", "subject", "x", "html", "<p>{{#if}}").want(200, "", "This does not work:", "!<p>{{#if}}")
		b.post(at+"/test", text...).want(200, at+"/test", "A test is on its way to ann@example.com.", "it moved")
		sent, err := w.Mail.Messages(t.Context(), 1, mail.Filter{To: "ann@example.com", Limit: 1})
		if err != nil || len(sent) != 1 || sent[0].Subject != "Green Garden: it moved" || sent[0].Status != mail.Sent {
			t.Fatalf("%+v %v", sent, err)
		}
		b.post(at, text...).want(200, at+"?language=en", "is saved.", "Version 1", "staff", "Undo")
		// Somebody else was quicker.
		b.post(at, with()...).want(409, "", "changed this meanwhile")
		w.changed("nadia@example.com")
		w.keep()
		if sent, err = w.Mail.Messages(t.Context(), 1, mail.Filter{To: "nadia@example.com", Limit: 1}); err != nil || sent[0].Subject != "Green Garden: it moved" {
			t.Fatalf("%+v %v", sent, err)
		}
		b.post(at+"/undo", "version", "0").want(200, at+"?language=en", "The earlier version holds again.", "You have no text of your own here yet")
		b.post(at+"/undo", "version", "1").want(200, "", "it moved", "as version 1")
		b.post(at+"/undo", "version", "-1").want(400, "")
		b.post(at+"/undo", "version", "77").want(404, "")
		b.get(at+"/reset").want(200, "", "Go back to the program’s own text?")
		b.post(at+"/reset").want(200, at+"?language=en", "The program’s own text holds again.")
		b.get(list).want(200, "", "!Your own")
	})
}

// Item 6 of what is to be shown: a text is changed with a preview, tested, sent and
// undone, with scripts and without, on both engines.
func TestBrowserTexts(t *testing.T) {
	t.Parallel()
	journeys(t, func(t *testing.T, db *sqldb.DB, scripts bool) {
		w := open(t, db, speakers, mailed)
		w.person("ann@example.com", 1, staff.Administrator)
		b := chromium.Open(t, w.server.URL, "en-US")
		if !scripts {
			b.WithoutScripts()
		}
		see := func(name string) {
			if scripts && db.Engine() == sqldb.SQLite {
				b.See(name)
			}
		}
		const at = "/manage/store/one/texts/email_changed"
		b.Open("/manage/sign-in").Write("email", "ann@example.com", "password", password).Press("main form.form .primary")
		b.Open("/manage/store/one/texts").Want("Welcome")
		see("manage-texts")
		b.Open(at).Want("You have no text of your own here yet")
		see("manage-text")
		b.Write("subject", "Your address has moved", "html", "<h1>Moved</h1><p>To {{details_changed.new_email}}, {{customer.full_name}}</p>")
		b.Tick("[data-preview]").Want("Preview")
		b.Press(`button[formaction*="/test"]`).Want("A test is on its way to ann@example.com.")
		b.Press("main .actionbar .primary").Want("is saved.", "Version 1")
		see("manage-text-saved")
		w.changed("nadia@example.com")
		w.keep()
		b.Open("/manage/store/one/emails").Want("Your address has moved")
		see("manage-emails")
		b.Press("#list a").Want("Your address has moved", "nadia@example.com")
		see("manage-email")
		b.Open(at + "/reset").Want("Go back to the program’s own text?").Press("main form.form .danger").Want("The program’s own text holds again.")
		if scripts {
			b.Calm("the end")
		}
	})
}
