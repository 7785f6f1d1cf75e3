package pages_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"clientele/internal/account"
	"clientele/internal/storekey"
	"clientele/internal/subscriber"
)

// What a person was shown who subscribes is kept with the consent, and an export
// of it can be checked by others.
func TestConsentsAreProved(t *testing.T) {
	each(t, supported, func(t *testing.T, w *world) {
		proofs := func(id int64) []subscriber.Change {
			t.Helper()
			q, err := subscriber.HistoryList.Parse("limit=250")
			if err != nil {
				t.Fatal(err)
			}
			out, _, err := w.Subscribers.Proofs(t.Context(), 1, id, q)
			if err != nil {
				t.Fatal(err)
			}
			return out
		}
		b := w.browser(t)
		b.lang = "de"
		b.get("/").post("/subscribe.php", "nl_email", "fan@example.com", "back", "/").want(200, "/")
		p := proofs(1)[0].Proof
		if p.Surface != "pages" || p.Place != w.server.URL+"/" || p.Locale != "de" || len(p.Version) != 16 || !strings.Contains(p.Text, "Neuigkeiten") || p.Confirmed != "" || p.Asked != nil {
			t.Errorf("at the foot of a page: %+v", p)
		}

		// Double opt-in: both what was asked and what confirmed it.
		if _, err := w.Stores.ChangeSettings(t.Context(), 1, map[string]any{"storefront": map[string]any{"confirm_subscription": true}}); err != nil {
			t.Fatal(err)
		}
		b = w.browser(t)
		asked := w.Clock.Now().Unix()
		b.get("/").post("/subscribe.php", "nl_email", "double@example.com", "back", "/").want(200, "/")
		w.Clock.Advance(time.Hour)
		link := w.Mails.Link(t, account.MailConfirmSubscription)
		path := link[strings.Index(link, "/subscribe.php"):]
		b.get(path).want(200, "")
		_, token, _ := strings.Cut(path, "token=")
		b.post("/subscribe.php?action=confirm", "token", token).want(200, "")
		p = proofs(2)[0].Proof
		if p.Confirmed != subscriber.ByEmail || !strings.HasSuffix(p.Place, "/subscribe.php?action=confirm") || p.Asked == nil || p.Asked.Time != asked || p.Asked.IP == "" ||
			!strings.Contains(p.Asked.Text, "Unsubscribe at any time") || p.Asked.Version == p.Version || p.Locale != "en" {
			t.Errorf("confirmed: %+v %+v", p, p.Asked)
		}
		for _, no := range []string{"double@", "fan@"} {
			if strings.Contains(p.Text+p.Asked.Text, no) {
				t.Errorf("the text holds an address: %+v", p)
			}
		}

		// Somebody who signed in as a customer is named.
		if _, err := w.Stores.ChangeSettings(t.Context(), 1, map[string]any{"storefront": map[string]any{"confirm_subscription": false}}); err != nil {
			t.Fatal(err)
		}
		api := w.browser(t)
		api.extra = http.Header{"X-Auth-Token": {"support-token"}}
		api.do("POST", "/stores/shop/v3/customers/subscribers", "application/json", `{"email":"api@example.com"}`).want(200, "")
		if p := proofs(3)[0].Proof; p.Surface != "v3" || p.Shown != (subscriber.Shown{}) || p.ActorKind != "" {
			t.Errorf("over the API: %+v", p)
		}
		api.do("GET", "/stores/shop/v3/clientele/subscribers/2/consents", "", "").want(200, "", `"confirmed":"emailed_link"`, `"text_version":"`+p.Version, `"email":"double@example.com"`)
		api.do("GET", "/stores/shop/v3/clientele/subscribers/99/consents", "", "").want(404, "")

		keys, err := w.Core.Keys.Keys(t.Context(), 1)
		if err != nil {
			t.Fatal(err)
		}
		export := func(address string, want int64) string {
			t.Helper()
			var out bytes.Buffer
			n, err := w.Subscribers.Export(t.Context(), 1, "shop", address, keys, &out)
			if err != nil || n != want {
				t.Fatalf("%d entries, %v", n, err)
			}
			is, err := subscriber.VerifyExport(bytes.NewReader(out.Bytes()), &keys.Public)
			if err != nil || is.Entries != want || is.Store != "shop" || is.Email != address {
				t.Fatalf("%+v, %v\n%s", is, err, out.String())
			}
			return out.String()
		}
		if text := export("Double@Example.com", 1); !strings.Contains(text, "Unsubscribe at any time") || strings.Contains(text, "fan@") {
			t.Errorf("of one address:\n%s", text)
		}
		all := export("", 3)
		lines := strings.SplitAfter(all, "\n")
		other, _ := storekey.ParsePublicKey(base64.StdEncoding.EncodeToString(make([]byte, 32)))
		if _, err := subscriber.VerifyExport(strings.NewReader(all), &other); err == nil {
			t.Error("another key's")
		}
		swapped := slices.Clone(lines)
		swapped[1], swapped[2] = swapped[2], swapped[1]
		var shorter struct {
			Entries          int64
			Chain, Signature string
		}
		if err := json.Unmarshal([]byte(lines[4]), &shorter); err != nil {
			t.Fatal(err)
		}
		var last struct{ Chain string }
		if err := json.Unmarshal([]byte(lines[2]), &last); err != nil {
			t.Fatal(err)
		}
		for name, text := range map[string]string{
			"a changed entry":   strings.Replace(all, "fan@example.com", "fun@example.com", 1),
			"a changed head":    strings.Replace(all, `"exported_at":"20`, `"exported_at":"19`, 1),
			"a missing entry":   strings.Join(slices.Delete(slices.Clone(lines), 2, 3), ""),
			"a missing end":     strings.Join(lines[:4], ""),
			"entries swapped":   strings.Join(swapped, ""),
			"an entry twice":    strings.Join(slices.Insert(slices.Clone(lines), 2, lines[1]), ""),
			"something behind":  all + lines[1],
			"cut with its hash": strings.Join(lines[:3], "") + fmt.Sprintf(`{"entries":2,"chain":%q,"signature":%q}`, last.Chain, shorter.Signature) + "\n",
			"nothing":           "",
			"something else":    "{}\n",
		} {
			if _, err := subscriber.VerifyExport(strings.NewReader(text), nil); err == nil {
				t.Errorf("%s is taken", name)
			}
		}
	})
}
