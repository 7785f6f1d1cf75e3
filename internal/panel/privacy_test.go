package panel_test

import (
	"archive/zip"
	"io"
	"strings"
	"testing"
	"time"

	"clientele/internal/account"
	"clientele/internal/opt"
	"clientele/internal/sqldb"
	"clientele/internal/sqldb/dbtest"
	"clientele/internal/staff"
	"clientele/internal/store"
	"clientele/internal/subscriber"
	chromium "clientele/internal/testing/browser"
)

func TestPrivacy(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := open(t, db, readers, mailed)
		w.person("pia@example.com", 1, staff.Privacy)
		w.person("mia@example.com", 1, staff.Marketing)
		b := w.browser()
		b.signIn("pia@example.com")
		const at = "/manage/store/one/privacy"
		b.get(at).want(200, at, "No open request")
		b.get(at+"?email=nobody@example.com").want(200, "", "Nothing is kept about a person with the address nobody@example.com.")
		b.get(at+"?email=%3Cscript%3E").want(422, "", "&lt;script&gt;", "!<script>x")
		b.get(at+"?email=secret.of.two@example.com").want(200, "", "Nothing is kept")
		b.get(at+"?email=NADIA@example.com").want(200, "", "Newsletter subscriptions", "Proofs of consent", "made anonymous", "without the address itself", "/manage/store/one/customers/1")
		for _, q := range []string{"last=x.y", "before=x&requests=all", "after=-1&requests=all", "last=.", "requests=all"} {
			b.get(at+"?"+q).want(200, "")
		}

		// What she asks for, with its due date.
		b.post(at+"/requests/new", "email", "x", "kind", "export", "date_received", "2001-02-03").want(422, "", "such as name@example.com")
		b.post(at+"/requests/new", "email", "nadia@example.com", "kind", "export", "date_received", "2999-02-03").want(422, "", "in the future")
		b.post(at+"/requests/new", "email", "nadia@example.com", "kind", "export", "date_received", time.Unix(w.System.Now(), 0).UTC().Format(time.DateOnly), "note", "By phone").want(200, at+"?email=nadia%40example.com", "The request is noted.", "30 days left", "By phone", "noted by pia@example.com")
		b.post(at+"/requests/new", "email", "Nadia@example.com", "kind", "export", "date_received", "2020-02-03").want(409, "", "is open already")
		b.post(at+"/requests/new", "email", "nadia@example.com", "kind", "erase", "date_received", "2020-02-03").want(200, "", "Overdue")
		b.get("/manage/store/one").want(200, "", "1 request of a person about their data is overdue")
		b.get(at+"/requests/2/decline").want(200, "", "Decline the request of nadia@example.com?")
		b.post(at+"/requests/2/decline", "note", "").want(422, "")
		b.post(at+"/requests/2/decline", "note", "No proof of identity").want(200, at, "The request is declined.", "!Overdue")
		b.post(at+"/requests/2/decline", "note", "Twice").want(409, "", "not open any more")
		b.get(at+"?requests=all").want(200, "", "Declined", "30 days left")

		// The archive, which answers the request.
		b.get(at+"/download?email=nadia@example.com").want(200, "", "Download the data of nadia@example.com")
		b.post(at+"/download?email=nadia@example.com").want(200, "")
		z, err := zip.NewReader(strings.NewReader(b.body), int64(len(b.body)))
		if err != nil {
			t.Fatal(err)
		}
		data := ""
		for _, f := range z.File {
			r, err := f.Open()
			if err != nil {
				t.Fatal(err)
			}
			text, err := io.ReadAll(r)
			if err != nil {
				t.Fatal(err)
			}
			data += f.Name + string(text)
		}
		for _, want := range []string{"data.json", "index.html", `"person_requests":[`, "By phone", "nadia@example.com"} {
			if !strings.Contains(data, want) {
				t.Errorf("the archive lacks %s", want)
			}
		}
		b.get(at+"?requests=all").want(200, "", "Done", "!30 days left")
		b.post(at+"/download?email=nobody@example.com").want(404, "", "Nothing is kept")

		// The erasure, with its certificate; nothing of her is found afterwards, and she
		// is not subscribed again.
		b.get(at+"/erase?email=nadia@example.com").want(200, "", "Erase the data of nadia@example.com?", "Newsletter subscriptions")
		b.post(at+"/erase?email=nadia@example.com", "email", "other@example.com").want(422, "", "This is another address.")
		b.post(at+"/erase?email=nadia@example.com", "email", "NADIA@example.com", "reason", "Asked by phone").want(200, at+"/erasures/1", "Certificate", "Newsletter subscriptions", "pia@example.com", "!nadia@example.com")
		if b.get(at+"/erasures/1/certificate.json").want(200, "", `"purpose": "erasure"`, `"public_key"`, "!nadia"); !strings.Contains(b.header.Get("Content-Disposition"), "erasure-one-1.json") {
			t.Error(b.header)
		}
		b.get(at+"/erasures/9").want(404, "")
		b.get(at+"?email=nadia@example.com").want(200, "", "Certificates of erasures", "!Newsletter subscriptions", "!/manage/store/one/customers/1")
		b.get(at+"?requests=all").want(200, "", "(erased person)", "!nadia@example.com", "!By phone", "!No proof of identity")
		b.get("/manage/store/one/consents?q=nadia@example.com").want(200, "", "(erased address)", "Left, as the person was erased")
		b.get("/manage/store/one/unsubscribed?q=nadia@example.com").want(200, "", "was erased or barred on")
		b.post("/manage/store/one/subscribers/new", "email", "nadia@example.com", "consents", "marketing_newsletter", "ground", "Old list").want(422, "", "This address was erased or barred.")
		b.post("/manage/store/one/subscribers/new", "email", "nadia@example.com", "consents", "marketing_newsletter", "ground", "New form", "reconsent_asked", "1", "reconsent", "1").want(200, "", "is subscribed.")

		mia := w.browser()
		mia.signIn("mia@example.com")
		for _, path := range []string{"", "?email=nadia@example.com", "/erasures/1", "/erasures/1/certificate.json", "/download?email=nadia@example.com"} {
			mia.get(at+path).want(403, "", "!Newsletter subscriptions")
		}
	})
}

// Item 3 of what is to be shown: a person asks for her data, then for erasure, in a
// browser with scripts and without, on both engines.
func TestBrowserPrivacy(t *testing.T) {
	t.Parallel()
	journeys(t, func(t *testing.T, db *sqldb.DB, scripts bool) {
		w := open(t, db, readers, mailed)
		w.person("ann@example.com", 1, staff.Administrator)
		w.asked("nadia@example.com")
		w.sent("nadia@example.com")
		b := chromium.Open(t, w.server.URL, "en-US")
		if !scripts {
			b.WithoutScripts()
		}
		see := func(name string) {
			if scripts && db.Engine() == sqldb.SQLite {
				b.See(name)
			}
		}
		const at, submit = "/manage/store/one/privacy", "main form.form .primary"
		b.Open("/manage/sign-in").Write("email", "ann@example.com", "password", password).Press(submit)
		b.Open(at+"/requests/new").Write("email", "nadia@example.com", "note", "Letter of 3 May, passport seen").Press(submit).Want("The request is noted.", "What is kept about nadia@example.com")
		see("manage-privacy")
		b.Open(at + "/download?email=nadia@example.com").Want("Download the data of nadia@example.com")
		see("manage-privacy-download")
		if _, err := w.Persons.Preview(t.Context(), 1, "nadia@example.com"); err != nil {
			t.Fatal(err)
		}
		b.Open(at+"/requests/new").Write("email", "nadia@example.com").Tick("[name=kind][value=erase]").Press(submit).Want("The request is noted.")
		b.Open(at+"/erase?email=nadia@example.com").Want("Proofs of consent", "Emails sent")
		see("manage-privacy-erase")
		b.Write("email", "nadia@example.com", "reason", "Ticket 4711").Press("main form.form .danger").Want("Certificate", "Signature")
		see("manage-certificate")
		b.Open(at+"?requests=all&email=nadia@example.com").Want("(erased person)", "Done")
		see("manage-privacy-erased")
		b.Open("/manage/store/one/subscribers/new").Write("email", "nadia@example.com", "ground", "Old list").Press(submit).Want("This address was erased or barred.")
		for _, text := range []string{"nadia@example.com", "Nadia", "passport seen"} {
			if found := w.holds(text); found != "" {
				t.Errorf("%s is still in %s", text, found)
			}
		}
		_, err := w.Subscribers.Create(t.Context(), 1, subscriber.Create{Email: "nadia@example.com", ChannelID: opt.Some(int64(1))}, subscriber.Origin{Via: subscriber.ViaImport})
		if !subscriber.Refused(err) {
			t.Errorf("an import subscribes her: %v", err)
		}
		site := store.Site{StoreID: 1, StoreHash: "one", ChannelID: 1, URL: "http://shop.example"}
		if _, err := w.Shoppers.Subscribe(t.Context(), site, "nadia@example.com", "", "", account.Client{}); err != nil {
			t.Errorf("she herself: %v", err)
		}
		if scripts {
			b.Calm("the end")
		}
	})
}

// holds returns a table of the first store that has a text in one of its columns.
func (w *world) holds(text string) (found string) {
	w.t.Helper()
	for table, column := range map[string]string{
		"customers": "email", "customer_emails": "email_norm", "subscribers": "email", "consent_changes": "email", "emails": "recipient", "account_tokens": "data", "bounces": "email",
		"subscriber_ends": "email_norm", "person_requests": "email || note", "erasures": "email", "search_terms": "term",
	} {
		if err := w.DB.Read(w.t.Context(), 1, func(tx *sqldb.Tx) error {
			return tx.Query(sqldb.Dynamic(`SELECT `+column+` FROM `+table+` WHERE store_id = $1`), func(r *sqldb.Row) error {
				if strings.Contains(strings.ToLower(r.Text(0)), strings.ToLower(text)) {
					found = table
				}
				return nil
			})
		}); err != nil {
			w.t.Fatal(err)
		}
	}
	return found
}
