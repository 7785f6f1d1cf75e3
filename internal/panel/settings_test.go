package panel_test

import (
	"fmt"
	"html"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"clientele/internal/form"
	"clientele/internal/panel"
	"clientele/internal/sqldb"
	"clientele/internal/staff"
	"clientele/internal/store"
	chromium "clientele/internal/testing/browser"
)

// fieldsOf are what the form at a path sends as it is.
func (b *browser) fieldsOf(path string) map[string]string {
	b.t.Helper()
	b.get(path).want(200, "")
	out := map[string]string{}
	at := strings.Index(b.body, `action="`+path+`"`)
	if at < 0 {
		b.t.Fatal("no form")
	}
	body := b.body[at:]
	body = body[:strings.Index(body, "</form>")]
	for _, m := range regexp.MustCompile(`<input type="hidden" name="([^"]+)" value="([^"]*)"`).FindAllStringSubmatch(body, -1) {
		out[m[1]] = m[2]
	}
	for _, m := range regexp.MustCompile(`name="([^"]+)" type="[a-z]+"(?: value="([^"]*)")?`).FindAllStringSubmatch(body, -1) {
		out[m[1]] = m[2]
	}
	for _, m := range regexp.MustCompile(`type="checkbox" id="[^"]+" name="([^"]+)" value="1"( checked)?`).FindAllStringSubmatch(body, -1) {
		if m[2] != "" {
			out[m[1]] = "1"
		}
	}
	for _, m := range regexp.MustCompile(`(?s)<textarea id="[^"]+" name="([^"]+)"[^>]*>(.*?)</textarea>`).FindAllStringSubmatch(body, -1) {
		out[m[1]] = m[2]
	}
	for _, m := range regexp.MustCompile(`(?s)<select id="[^"]+" name="([^"]+)".*?</select>`).FindAllStringSubmatch(body, -1) {
		if chosen := regexp.MustCompile(`value="([^"]*)" selected`).FindStringSubmatch(m[0]); chosen != nil {
			out[m[1]] = chosen[1]
		}
	}
	for k, v := range out {
		out[k] = html.UnescapeString(v)
	}
	return out
}

// send posts fields with changes, in pairs; "-" leaves one out.
func (b *browser) send(path string, fields map[string]string, changes ...string) *browser {
	b.t.Helper()
	for i := 0; i+1 < len(changes); i += 2 {
		if fields[changes[i]] = changes[i+1]; changes[i+1] == "-" {
			delete(fields, changes[i])
		}
	}
	var pairs []string
	for k, v := range fields {
		pairs = append(pairs, k, v)
	}
	return b.post(path, pairs...)
}

var settingPaths = []string{"", "/look", "/languages", "/formats", "/status", "/accounts", "/newsletter"}

func TestSettings(t *testing.T) {
	each(t, shop, func(t *testing.T, w *world) {
		w.person("ada@example.com", 1, staff.Administrator)
		b := w.browser()
		b.signIn("ada@example.com").want(200, "")
		const at = "/manage/store/one/settings"
		values := func() map[string]any {
			v, err := w.Stores.Values(t.Context(), 1)
			if err != nil {
				t.Fatal(err)
			}
			return v.Said
		}
		// Sent as they are, forms change nothing: a default stays one.
		before := fmt.Sprint(values())
		for _, path := range settingPaths {
			b.send(at+path, b.fieldsOf(at+path)).want(200, at+path, "The settings are saved.")
		}
		if after := fmt.Sprint(values()); after != before {
			t.Errorf("%s became %s", before, after)
		}
		// Changed, and taken back to the default.
		f := b.fieldsOf(at + "/accounts")
		b.send(at+"/accounts", f, "storefront.password.minimum_password_length", "12", "storefront.registration", "-", "storefront.shopper_inactivity_duration_seconds", "1.5", "storefront.recaptcha.secret_key", "hush-hush", "storefront.recaptcha.site_key", "SITE").want(200, at+"/accounts", "are saved", "Undo", "Refused", "One is kept", "!hush-hush")
		if v := values(); fmt.Sprintf("%v %v %v %v", v["storefront.password.minimum_password_length"], v["storefront.registration"], v["storefront.shopper_inactivity_duration_seconds"], v["storefront.recaptcha.secret_key"]) != "12 false 129600 true" {
			t.Errorf("%v", v)
		}
		// Somebody who still has the page of before sees both.
		b.send(at+"/accounts", f, "storefront.password.minimum_password_length", "20").want(409, "", "changed this meanwhile")
		f = b.fieldsOf(at + "/accounts")
		b.send(at+"/accounts", f, "storefront.password.minimum_password_length", "").want(200, at+"/accounts")
		if v := values(); v["storefront.password.minimum_password_length"] != nil || v["storefront.recaptcha.secret_key"] != true {
			t.Errorf("%v", v)
		}
		for _, bad := range [][2]string{{"storefront.password.minimum_password_length", "2"}, {"storefront.password.minimum_password_length", "x"}, {"storefront.shopper_inactivity_duration_seconds", "-1"}, {"storefront.recaptcha.verify_url", "nonsense"}} {
			b.send(at+"/accounts", b.fieldsOf(at+"/accounts"), bad[0], bad[1]).want(422, "", `id="f-`+bad[0]+`-error"`)
		}
		b.post(at+"/accounts/recaptcha").want(200, "", "reCAPTCHA answers and knows the secret")
		b.send(at+"/languages", b.fieldsOf(at+"/languages"), "storefront.locales", "de\nnonsense language!").want(422, "", `id="f-storefront.locales-error"`)
		b.send(at+"/languages", b.fieldsOf(at+"/languages"), "storefront.locales", "de, fr").want(200, "")
		if got := fmt.Sprint(values()["storefront.locales"]); got != "[de fr]" {
			t.Error(got)
		}
		b.send(at+"/look", b.fieldsOf(at+"/look"), "storefront.theme_color", "#ffee00").want(200, "", "contrast of 1.2", "#ffee00")
		b.send(at+"/look", b.fieldsOf(at+"/look"), "storefront.theme_color", "red").want(422, "", "such as #1f4e79")
		b.send(at+"/status", b.fieldsOf(at+"/status"), "status", "maintenance", "storefront.status_message", "<b>Back soon</b>").want(200, "", "&lt;b&gt;Back soon", "!<b>Back")
		if now, err := w.Stores.Settings(t.Context(), 1); err != nil || !now.Down() {
			t.Errorf("shoppers are let in: %v", err)
		}
		b.send(at+"/status", b.fieldsOf(at+"/status"), "status", "live").want(200, "")
		b.post(at+"/name", "name", "").want(422, "")
		b.post(at+"/name", "name", "<i>Garden</i>").want(200, at, "is called &lt;i&gt;Garden", "!<i>Garden")
		b.post(at+"/privacy", "ask_shopper_for_tracking_consent", "1", "policy_url", "https://shop.example.com/privacy").want(200, at+"/privacy", "are saved", "https://shop.example.com/privacy", "checked")
		b.post(at+"/privacy", "policy_url", "nonsense").want(422, "")
		b.get("/manage/store/one/search?q=double+opt").want(200, "", "Subscribers confirm by a link", at+"/newsletter#f-storefront.confirm_subscription")
		for _, role := range []staff.Role{staff.Developer, staff.ReadOnly} {
			w.person(string(role)+"@example.com", 1, role)
			other := w.browser()
			other.signIn(string(role) + "@example.com")
			other.get(at+"/accounts").want(403, "", "!SITE")
			other.get("/manage/store/one/search?q=password").want(200, "", "!f-storefront.password")
		}
	})
}

// Each setting that there is can be changed by a page.
func TestEverySettingHasAPage(t *testing.T) {
	asked := panel.SettingNames()
	all := store.SettingNames()
	for _, name := range all {
		if !slices.Contains(asked, name) {
			t.Errorf("%s is on no page", name)
		}
	}
	for _, name := range asked {
		if !slices.Contains(all, name) {
			t.Errorf("there is no setting %s", name)
		}
	}
}

func TestFields(t *testing.T) {
	each(t, strings.Replace(shop, "admin_email: shop@example.com", "admin_email: shop@example.com, storefront: {locales: [de]}", 1), func(t *testing.T, w *world) {
		w.person("ada@example.com", 1, staff.Administrator)
		w.person("eve@example.com", 2, staff.Owner)
		b := w.browser()
		b.signIn("ada@example.com").want(200, "")
		const at = "/manage/store/one/settings/sign-up-form"
		b.get(at).want(200, at, "Email Address", "Built in", "Move Password up")
		b.post(at+"/new?form=account", "label", "Kind", "type", "dropdown", "refresh", "1").want(200, "", `name="choices"`, `name="choices.de"`, "Translation: Deutsch")
		b.post(at+"/new?form=account", "label", "Kind", "type", "dropdown", "choices", "A\nA").want(422, "", "A choice is there twice")
		b.post(at+"/new?form=account", "label", "", "type", "dropdown").want(422, "", `id="f-label-error"`)
		b.post(at+"/new?form=account", "label", "<b>Kind</b>", "type", "dropdown", "required", "1", "choices", "Private\r\nTrade\r\n", "placeholder", "Pick one", "hint", "How you <i>buy</i>", "label.de", "Art", "hint.de", "Wie Sie kaufen", "choices.de", "Privat\nGewerbe").want(200, at+"?form=account", "is added to the form", "&lt;b&gt;Kind", "!<b>Kind", "Pick one", "How you &lt;i&gt;buy", "!<i>buy")
		b.get(at+"?form=account&language=de").want(200, "", "Art", "Gewerbe", "Wie Sie kaufen", "!How you")
		b.post(at+"/new?form=account", "label", "Long", "type", "text", "hint", strings.Repeat("x", 256)).want(422, "", `id="f-hint-error"`)
		b.post(at+"/new?form=account", "label", "Live", "type", "text", "hint", "As you write", "refresh", "1").want(200, "", `>As you write<`)
		all, err := w.Forms.Form(t.Context(), 1, form.Customer, "")
		if err != nil {
			t.Fatal(err)
		}
		made := all[len(all)-1]
		if !made.Required || len(made.Options.Choices) != 2 {
			t.Errorf("%+v", made)
		}
		field := fmt.Sprintf("%s/%d", at, made.ID)
		// Another choice and its translation; the page of before is stale then.
		f := b.fieldsOf(field)
		b.send(field, f, "choices", "Private\nTrade\nClub", "choices.de", "Privat\nGewerbe\nVerein").want(200, at+"?form=account")
		b.send(field, f, "label", "Other").want(409, "", "changed this meanwhile")
		b.get(at+"?form=account&language=de").want(200, "", "Verein")
		b.send(field, b.fieldsOf(field), "default", "Nothing").want(422, "", "none of the choices")
		// The order, also of built-in fields.
		var ids []string
		for i := range all {
			if all[i].ID != form.CurrentPassword {
				ids = append(ids, "id", fmt.Sprint(all[i].ID))
			}
		}
		b.post(at+"/order", append(ids, "form", "account", "up", fmt.Sprint(made.ID))...).want(200, at+"?form=account", "The order is changed.")
		now, err := w.Forms.Form(t.Context(), 1, form.Customer, "")
		if err != nil {
			t.Fatal(err)
		}
		place := func(f form.Form, id int64) int {
			return slices.IndexFunc(f, func(x form.Field) bool { return x.ID == id })
		}
		if place(now, made.ID) >= place(all, made.ID) {
			t.Errorf("it stays at %d", place(now, made.ID))
		}
		b.post(at+"/order", "form", "account", "id", "x").want(400, "")
		b.send(fmt.Sprintf("%s/%d", at, form.Company), b.fieldsOf(fmt.Sprintf("%s/%d", at, form.Company)), "label", "Firm", "required", "1").want(200, at+"?form=address", "Firm")
		b.get(at+"/1/delete").want(404, "")
		b.post(at+"/1/delete").want(404, "")
		eve := w.browser()
		eve.signIn("eve@example.com")
		eve.get(strings.Replace(field, "/one/", "/two/", 1)).want(404, "", "!Private")
		b.get(field+"/delete").want(200, "", "Delete &lt;b&gt;Kind")
		b.post(field+"/delete").want(200, at+"?form=account", "is deleted.")
	})
}

func TestAttributes(t *testing.T) {
	each(t, shop, func(t *testing.T, w *world) {
		w.person("ada@example.com", 1, staff.Administrator)
		b := w.browser()
		b.signIn("ada@example.com")
		const at = "/manage/store/one/settings/attributes"
		b.get(at).want(200, at, "No attribute yet")
		b.post(at+"/new", "name", "<u>Size</u>", "type", "number").want(200, at, "&lt;u&gt;Size", "Number", "!<u>Size")
		b.post(at+"/new", "name", "X", "type", "nonsense").want(422, "")
		b.post(at+"/1/rename", "name", "Shoe size").want(200, at, "Shoe size", "Undo")
		b.post(at+"/9/rename", "name", "X").want(404, "")
		b.get(at+"/1/delete").want(200, "", "Delete Shoe size?")
		b.post(at+"/1/delete").want(200, at, "is deleted.", "No attribute yet")
	})
}

func TestChannels(t *testing.T) {
	each(t, shop, func(t *testing.T, w *world) {
		w.person("ada@example.com", 1, staff.Administrator)
		b := w.browser()
		b.signIn("ada@example.com")
		const at = "/manage/store/one/settings/channels"
		b.get(at).want(200, at, "Storefront", "none")
		b.post(at+"/1/site", "url", w.server.URL).want(409, "", "cannot be the site")
		b.post(at+"/1/site", "url", "nonsense").want(422, "", "such as https://shop.example.com")
		b.post(at+"/1/site", "url", strings.Replace(w.server.URL, "127.0.0.1", "localhost", 1)).want(200, at+"/1", "is changed")
		b.post(at+"/1/check").want(200, "", "leads here", "does not begin with https")
		other := newTarget(t, http.StatusOK)
		b.post(at+"/1/site", "url", strings.Replace(other.URL, "127.0.0.1", "localhost", 1)).want(200, at+"/1")
		b.post(at+"/1/check").want(200, "", "Something else answers", "!leads here")
		other.Close()
		b.post(at+"/1/check").want(200, "", "Nothing answers")
		b.post(at+"/1/site", "url", "https://nothing.invalid").want(200, at+"/1")
		b.post(at+"/1/check").want(200, "", "has no address")
		b.post(at+"/1", "name", "Shop", "status", "active").want(200, at+"/1", "Shop is changed.", "nothing.invalid")
		b.post(at+"/1", "name", "", "status", "active").want(422, "")
		b.post(at+"/1/site", "url", "").want(200, at+"/1", "!nothing.invalid")
		b.post(at+"/new", "name", "Second").want(200, at+"/2", "Second is added.")
		b.post(at+"/2/site", "url", "https://two.example.com").want(200, at+"/2", "https://two.example.com")
		b.post(at+"/9/check").want(404, "")
	})
}

// The sign-up form gets a required pick list, in two languages; the storefront shows
// it, and customers are filtered by it.
func TestBrowserFields(t *testing.T) {
	t.Parallel()
	journeys(t, func(t *testing.T, db *sqldb.DB, scripts bool) {
		fieldJourney(t, open(t, db, strings.NewReplacer("admin_email: shop@example.com", "admin_email: shop@example.com, storefront: {locales: [de], registration_address: false}", "  - {hash: two, name: Birch Books}\n", "").Replace(shop)), scripts)
	})
}

func fieldJourney(t *testing.T, w *world, scripts bool) {
	w.person("ada@example.com", 1, staff.Administrator)
	b, see := w.tab(t, scripts)
	const submit = "main form.form .actionbar .primary"
	b.Open("/manage/sign-in").Write("email", "ada@example.com", "password", password).Press("main form.form .primary")
	b.Open("/manage/store/one/settings/sign-up-form")
	see("manage-sign-up-form")
	b.Press("main .actions .primary")
	if scripts {
		b.Eval(`const s = document.querySelector("[name=type]"); s.value = "dropdown"; s.dispatchEvent(new Event("change", {bubbles: true})); ""`)
		b.Await(`document.querySelector("[name=choices]") !== null`)
	} else {
		b.Eval(`document.querySelector("[name=type]").value = "dropdown"`)
		b.Press("#field .refresh")
	}
	b.Write("label", "Kind of customer").Tick("[name=required]").Write("choices", "Private\nTrade", "label.de", "Art des Kunden", "choices.de", "Privat\nGewerblich")
	if scripts {
		b.Eval(`const x = document.querySelector("[name=choices]"); x.dispatchEvent(new Event("input", {bubbles: true})); ""`)
		b.Await(`document.querySelector("#sample select")?.options.length === 3`)
	}
	see("manage-field-new")
	b.Press(submit).Want("Kind of customer is added to the form.")
	if scripts {
		b.Tick(`#preview .chips li:nth-child(2) a`).Await(`document.querySelector("#preview").textContent.includes("Art des Kunden")`)
		up := `#field-26 [name=up]`
		b.Press(up).Want("The order is changed.")
	} else {
		b.Press(`#field-26 [name=up]`).Want("The order is changed.")
	}
	see("manage-sign-up-form-more")

	de := chromium.Open(t, w.server.URL, "de")
	de.Open("/login.php?action=create_account").Want("Art des Kunden", "Gewerblich")
	shopper := chromium.Open(t, w.server.URL, "en-US")
	shopper.Open("/login.php?action=create_account").Want("Kind of customer", "Trade")
	api := w.browser()
	api.extra = http.Header{"X-Auth-Token": {"TOKEN"}, "Content-Type": {"application/json"}}
	api.do(http.MethodPut, "/stores/one/v3/customers/form-field-values", `[{"customer_id":2,"name":"Kind of customer","value":"Trade"}]`).want(200, "")
	b.Open("/manage/store/one/customers?rule=" + strings.NewReplacer(" ", "%20", "'", "%27", "=", "%3D").Replace("form_field['Kind of customer'] = 'Trade'")).Want("bo@example.com")
	if text := b.Eval(`document.querySelector("#results").textContent`); strings.Contains(text, "jane@example.com") {
		t.Error("the filter finds others too")
	}
	if !scripts {
		return
	}
	for _, path := range settingPaths {
		b.Open("/manage/store/one/settings" + path).See("manage-settings" + strings.ReplaceAll(path, "/", "-"))
	}
	b.Open("/manage/store/one/settings/privacy").Want("How long things are kept").See("manage-settings-privacy")
	b.Open("/manage/store/one/settings/channels").See("manage-channels").Press("#list th a").See("manage-channel")
	b.Open("/manage/store/one/settings/attributes").See("manage-attributes-none")
	b.Open("/manage/store/one/settings/attributes/new").Write("name", "Shoe size").Press("main form.form .primary").See("manage-attributes")
	b.Open("/manage/store/one/settings/accounts").Stops("settings", 1280, 800)
	b.Calm("the end")
}
