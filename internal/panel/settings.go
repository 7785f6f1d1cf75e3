package panel

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"clientele/internal/account"
	"clientele/internal/auth"
	"clientele/internal/fault"
	"clientele/internal/geo"
	"clientele/internal/html"
	"clientele/internal/opt"
	"clientele/internal/recaptcha"
	"clientele/internal/setting"
	"clientele/internal/staff"
	"clientele/internal/store"
)

// settingPage is a page of settings, some of those that `clientele store settings`
// knows.
type settingPage struct {
	key, path string
	sections  []settingSection
	// beside adds what the page shows besides its form.
	beside func(c *call, p *settingsView) error
}

type settingSection struct {
	key      string
	settings []settingField
}

// settingField is a setting as it is asked for. Its texts are "set.{name}" and
// "set.{name}.hint", which says what it means for shoppers.
type settingField struct {
	name, kind string
}

// The kinds of settings that are not types of inputs.
const (
	flagSetting     = "flag"
	wholeSetting    = "whole"
	durationSetting = "days" // kept in seconds
	listSetting     = "list"
	secretSetting   = "secret"
)

var settingPages = []settingPage{
	{key: "store", path: "/settings", sections: []settingSection{
		{"contact", []settingField{{"admin_email", "email"}, {"order_email", "email"}, {"phone", "tel"}, {"first_name", "text"}, {"last_name", "text"}, {"address", "textarea"}, {"country_code", "country"}, {"industry", "text"}}},
		{"addresses", []settingField{{"secure_url", "url"}, {"domain", "text"}, {"storefront.shop_url", "url"}, {"control_panel_base_url", "url"}}},
	}},
	{key: "look", path: "/settings/look", sections: []settingSection{
		{"look", []settingField{{"storefront.theme_color", "color"}, {"logo_url", "text"}, {"favicon_url", "url"}}},
	}, beside: (*call).besideLook},
	{key: "languages", path: "/settings/languages", sections: []settingSection{
		{"languages", []settingField{{"language", "language"}, {"storefront.locales", listSetting}, {"storefront.inactive_locales", listSetting}}},
	}},
	{key: "formats", path: "/settings/formats", sections: []settingSection{
		{"time", []settingField{{"timezone", "zone"}, {"display_date_format", "text"}, {"extended_display_date_format", "text"}, {"export_date_format", "text"}}},
		{"money", []settingField{{"currency", "currency"}, {"currency_symbol", "text"}, {"currency_symbol_location", "location"}, {"decimal_separator", "text"}, {"thousands_separator", "text"}, {"decimal_places", wholeSetting}, {"is_price_entered_with_tax", flagSetting}, {"allow_negative_store_credit", flagSetting}}},
		{"units", []settingField{{"weight_units", "weight"}, {"dimension_units", "dimension"}}},
	}},
	{key: "status", path: "/settings/status", sections: []settingSection{
		{"status", []settingField{{"status", "status"}, {"storefront.status_message", "textarea"}, {"storefront.robots_txt", "textarea"}}},
		{"plan", []settingField{{"plan_customer_groups", flagSetting}, {"plan_customer_segmentation", flagSetting}, {"plan_name", "text"}, {"plan_level", "text"}}},
		{"migration", []settingField{{"migration.upstream", "url"}, {"migration.token", secretSetting}, {"migration.until", "date"}}},
	}},
	{key: "accounts", path: "/settings/accounts", sections: []settingSection{
		{"registration", []settingField{{"storefront.registration", flagSetting}, {"storefront.registration_address", flagSetting}, {"storefront.confirm_email", flagSetting}, {"storefront.guest_checkout", flagSetting}}},
		{"sessions", []settingField{{"storefront.shopper_inactivity_duration_seconds", durationSetting}, {"storefront.shopper_activity_extends_duration", flagSetting}, {"storefront.impersonation_notice", flagSetting}, {"storefront.current_customer_algorithm", "algorithm"}}},
		{"password", []settingField{
			{"storefront.password.minimum_password_length", wholeSetting}, {"storefront.password.require_numbers", flagSetting}, {"storefront.password.minimum_numbers", wholeSetting},
			{"storefront.password.require_lower_case", flagSetting}, {"storefront.password.require_upper_case", flagSetting},
			{"storefront.password.require_special_characters", flagSetting}, {"storefront.password.minimum_special_characters", wholeSetting},
		}},
		{"recaptcha", []settingField{
			{"storefront.recaptcha.enabled", flagSetting}, {"storefront.recaptcha.enabled_on_checkout", flagSetting}, {"storefront.recaptcha.site_key", "text"}, {"storefront.recaptcha.secret_key", secretSetting},
			{"storefront.recaptcha.verify_url", "url"}, {"storefront.recaptcha.failed_login_lockout_duration_seconds", wholeSetting},
		}},
	}, beside: (*call).besideAccounts},
	{key: "newsletter", path: "/settings/newsletter", sections: []settingSection{
		{"newsletter", []settingField{{"storefront.show_newsletter_signup", flagSetting}, {"storefront.newsletter_checked_by_default", flagSetting}, {"storefront.confirm_subscription", flagSetting}, {"refuse_suppressed_addresses", flagSetting}}},
	}},
}

// SettingNames are the dotted names of all settings that pages ask for.
func SettingNames() []string {
	var out []string
	for i := range settingPages {
		out = append(out, settingPages[i].names()...)
	}
	return out
}

// settingTabs are the pages that are beside each other, by their keys.
var settingTabs = []string{"store", "look", "languages", "formats", "status"}

// settingRoutes are the pages of settings.
func settingRoutes() []Route {
	const at = ofStore + "/settings"
	may := In(staff.Settings)
	out := []Route{
		post(at+"/name", may, (*call).renameStore), post(at+"/accounts/recaptcha", may, (*call).testRobots),
		get(at+"/privacy", may, (*call).privacySettingsPage), post(at+"/privacy", may, (*call).savePrivacySettings),
	}
	out = append(out, logoRoutes(may)...)
	for i := range settingPages {
		p := &settingPages[i]
		out = append(out, get(ofStore+p.path, may, func(c *call) error { return c.settingsPage(p) }), post(ofStore+p.path, may, func(c *call) error { return c.saveSettings(p) }))
	}
	return out
}

// settingsView is a page of settings.
type settingsView struct {
	frame
	Messages []Message
	First    *Form
	Form     *Form
	Swatch   *Swatch
	Logo     *LogoView
	Table    *Table
	Posts    []Button
	Facts    []Fact
}

func (*settingsView) template() string { return "settings" }

// Swatch shows colours on each other.
type Swatch struct {
	Ground, Ink string
	Contrast    string
}

// names are the dotted names of the page's settings.
func (p *settingPage) names() []string {
	var out []string
	for _, s := range p.sections {
		for _, f := range s.settings {
			out = append(out, f.name)
		}
	}
	return out
}

// settingText writes a setting's value as an input has it.
func settingText(f settingField, v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case string:
		return v
	case bool:
		return strconv.FormatBool(v)
	case json.Number:
		if n, err := v.Int64(); f.kind == durationSetting && err == nil {
			return strconv.FormatFloat(float64(n)/daySeconds, 'f', -1, 64)
		}
		return v.String()
	case []any:
		var lines []string
		for _, e := range v {
			lines = append(lines, fmt.Sprint(e))
		}
		return strings.Join(lines, "\n")
	}
	return fmt.Sprint(v)
}

// settingChoices are the answers to choose from.
func (c *call) settingChoices(kind, chosen string) []html.Option {
	var out []html.Option
	add := func(value, label string) {
		out = append(out, html.Option{Value: value, Label: label, Selected: value == chosen})
	}
	weight, dimension := store.Units()
	switch kind {
	case "status":
		for _, s := range store.Statuses() {
			add(s, c.look.Text("set.status."+s))
		}
	case "location":
		add("left", c.look.Text("set.left"))
		add("right", c.look.Text("set.right"))
	case "weight":
		for _, u := range weight {
			add(u, c.look.Text("set.unit."+u))
		}
	case "dimension":
		for _, u := range dimension {
			add(u, c.look.Text("set.unit."+u))
		}
	case "algorithm":
		add("HS512", "HS512")
		add("HS256", "HS256")
	case "country":
		for _, o := range c.look.countries() {
			add(o.Value, o.Label)
		}
	case "currency":
		for _, cur := range geo.Currencies() {
			add(cur.Code, cur.Code+" – "+cur.Name)
		}
	}
	known := chosen == ""
	for i := range out {
		known = known || out[i].Selected
	}
	if !known {
		add(chosen, chosen)
	}
	return out
}

// settingInput is the field of a form for a setting.
func (c *call) settingInput(f settingField, v *store.Values) *html.Field {
	now, otherwise := settingText(f, v.Holds[f.name]), settingText(f, v.Defaults[f.name])
	x := &html.Field{Name: f.name, Label: c.look.Text("set." + f.name), Type: f.kind, Value: now, Plain: true, MaxLength: 2048}
	var hint []string
	if key := "set." + f.name + ".hint"; c.look.Has(key) {
		hint = append(hint, c.look.Text(key))
	}
	shown := otherwise
	switch f.kind {
	case flagSetting:
		x.Type, x.Checked, x.Value = "check", now == "true", ""
		shown = c.look.Text(map[bool]string{true: "set.on", false: "set.off"}[otherwise == "true"])
	case wholeSetting, durationSetting:
		x.Type, x.InputMode, x.Narrow = "text", "numeric", true
		if f.kind == durationSetting {
			x.InputMode = "decimal"
		}
	case listSetting:
		x.Type, x.Rows = "textarea", 3
	case secretSetting:
		x.Type, x.Autocomplete = "password", "off"
		if v.Said[f.name] == true {
			hint = append(hint, c.look.Text("set.secret"))
		}
		shown = ""
	case "textarea":
		x.Rows, x.MaxLength = 3, 65536
	case "zone":
		x = c.zoneField(now, "")
		x.Name, x.Label, x.Plain = f.name, c.look.Text("set."+f.name), true
	case "language":
		x.Type, x.Narrow = "text", true
	case "status", "location", "weight", "dimension", "algorithm", "country", "currency":
		x.Type, x.Options, x.Narrow = "select", c.settingChoices(f.kind, now), true
		for _, o := range c.settingChoices(f.kind, otherwise) {
			if o.Selected {
				shown = o.Label
			}
		}
	case "date", "tel":
		x.Narrow = true
	}
	if shown != "" {
		hint = append(hint, c.look.Text("set.default", shown))
	}
	x.Hint = strings.Join(hint, " ")
	return x
}

// settingsForm is the form of a page.
func (c *call) settingsForm(p *settingPage, v *store.Values) *Form {
	f := c.newForm(c.storeAt(p.path), "save")
	f.Sections = nil
	for _, s := range p.sections {
		section := &html.Section{Legend: c.look.Text("settings.section." + s.key)}
		if key := "settings.section." + s.key + ".hint"; c.look.Has(key) {
			section.Hint = c.look.Text(key)
		}
		for _, x := range s.settings {
			section.Fields = append(section.Fields, c.settingInput(x, v))
		}
		f.Sections = append(f.Sections, section)
	}
	f.Hide("version", v.Version(p.names()))
	return f
}

// settingsView is a page with its form.
func (c *call) settingsView(p *settingPage) (*settingsView, *store.Values, error) {
	v, err := c.Stores.Values(c.R.Context(), c.store.ID)
	if err != nil {
		return nil, nil, err
	}
	out := &settingsView{Form: c.settingsForm(p, &v)}
	out.Title, out.Lead = c.look.Text("settings."+p.key+".title"), c.look.Text("settings."+p.key+".lead")
	if slices.Contains(settingTabs, p.key) {
		out.Title = c.look.Text("settings.store.title")
		out.Tabs = &Tabs{Label: out.Title}
		for i := range settingPages {
			if t := &settingPages[i]; slices.Contains(settingTabs, t.key) {
				out.Tabs.Items = append(out.Tabs.Items, NavItem{Label: c.look.Text("settings." + t.key + ".tab"), URL: c.storeAt(t.path), Current: t.key == p.key})
			}
		}
	}
	if p.key == "store" {
		out.First = c.nameForm()
	}
	if p.beside != nil {
		if err := p.beside(c, out); err != nil {
			return nil, nil, err
		}
	}
	return out, &v, nil
}

func (c *call) settingsPage(p *settingPage) error {
	view, _, err := c.settingsView(p)
	if err != nil {
		return err
	}
	return c.show(http.StatusOK, view)
}

// given is what a form says of a setting; ok is false where that cannot be it. nil
// is the default.
func (f settingField) given(c *call, v *store.Values) (value any, is, ok bool) {
	text := c.value(f.name)
	switch f.kind {
	case flagSetting:
		on := c.form.Get(f.name) != ""
		if on == (v.Defaults[f.name] == true) {
			return nil, true, true
		}
		return on, true, true
	case secretSetting:
		return text, text != "", true
	}
	if text == "" || text == settingText(f, v.Defaults[f.name]) {
		return nil, true, true
	}
	switch f.kind {
	case wholeSetting:
		n, err := strconv.Atoi(text)
		return n, true, err == nil
	case durationSetting:
		days, err := strconv.ParseFloat(strings.ReplaceAll(text, ",", "."), 64)
		return int64(days*daySeconds + 0.5), true, err == nil && days > 0 && days < 100_000
	case listSetting:
		return strings.FieldsFunc(text, func(r rune) bool { return strings.ContainsRune(", ;\r\n\t", r) }), true, true
	case "color":
		return strings.ToLower(text), true, true
	}
	return text, true, true
}

// put puts a value into a tree by its dotted name.
func put(tree map[string]any, name string, value any) {
	for {
		first, rest, below := strings.Cut(name, ".")
		if !below {
			tree[first] = value
			return
		}
		next, is := tree[first].(map[string]any)
		if !is {
			next = map[string]any{}
			tree[first] = next
		}
		tree, name = next, rest
	}
}

func (c *call) saveSettings(p *settingPage) error {
	view, v, err := c.settingsView(p)
	if err != nil {
		return err
	}
	f := view.Form
	before := c.settingsForm(p, v)
	f.Enter(c.form)
	f.Hidden = nil
	f.Hide("version", c.form.Get("version"))
	change := map[string]any{}
	for _, s := range p.sections {
		for _, x := range s.settings {
			value, is, ok := x.given(c, v)
			if !ok {
				f.Field(x.name).Error = c.look.Text("wrong.number")
			}
			if is {
				put(change, x.name, value)
			}
		}
	}
	if f.Bad() {
		return c.show(http.StatusUnprocessableEntity, view)
	}
	_, err = c.Stores.ChangeSettingsAt(c.R.Context(), c.store.ID, p.names(), c.form.Get("version"), change)
	if errors.Is(err, store.ErrStale) {
		now, err := c.Stores.Values(c.R.Context(), c.store.ID)
		if err != nil {
			return err
		}
		c.conflict(f, c.settingsForm(p, &now))
		return c.show(http.StatusConflict, view)
	}
	if err != nil {
		return c.again(view, f, err)
	}
	after, err := c.Stores.Values(c.R.Context(), c.store.ID)
	if err != nil {
		return err
	}
	return c.doneUndo(c.storeAt(p.path), undoOf(c.storeAt(p.path), before, after.Version(p.names())), "settings_saved")
}

// nameForm renames the store.
func (c *call) nameForm() *Form {
	name := c.textField("name", "field.store_name")
	name.Value, name.Autocomplete = c.store.Name, "off"
	f := c.newForm(c.storeAt("/settings/name"), "settings.rename", name)
	f.Inline = true
	return f
}

func (c *call) renameStore() error {
	p := &settingPages[0]
	view, _, err := c.settingsView(p)
	if err != nil {
		return err
	}
	if !c.filled(view.First) {
		return c.show(http.StatusUnprocessableEntity, view)
	}
	if err := c.Stores.Rename(c.R.Context(), c.store.ID, c.value("name")); err != nil {
		return c.again(view, view.First, err)
	}
	return c.doneUndo(c.storeAt("/settings"), &Undo{Action: c.storeAt("/settings/name"), Fields: []string{"name", c.store.Name}}, "store_renamed", c.value("name"))
}

// What pages show besides their forms.

// besideLook shows the colour as buttons have it, with the contrast of its text.
func (c *call) besideLook(p *settingsView) error {
	s, err := c.Stores.Settings(c.R.Context(), c.store.ID)
	if err != nil {
		return err
	}
	palette := html.NewPalette(s.Storefront.ThemeColor)
	ratio := html.Contrast(palette.Accent, palette.OnAccent)
	p.Swatch = &Swatch{Ground: palette.Accent, Ink: palette.OnAccent, Contrast: c.look.Text("settings.contrast", strconv.FormatFloat(ratio, 'f', 1, 64))}
	if white := html.Contrast(palette.Accent, "#ffffff"); white < 4.5 {
		p.Messages = append(p.Messages, Message{Kind: "info", Text: c.look.Text("settings.contrast.low", strconv.FormatFloat(white, 'f', 1, 64))})
	}
	return c.besideLogo(p, s)
}

// samplePasswords are those that the rules are tried on.
var samplePasswords = []string{"summer", "summer7", "Summer2026", "Summer-2026", "correct horse battery staple"}

// besideAccounts shows what the rules for passwords mean, and offers to test the
// check for robots.
func (c *call) besideAccounts(p *settingsView) error {
	s, err := c.Stores.Settings(c.R.Context(), c.store.ID)
	if err != nil {
		return err
	}
	rules := account.Rules(s.Storefront.Password)
	p.Table = &Table{ID: "samples", Caption: c.look.Text("settings.samples"), Columns: []Column{{Label: c.look.Text("settings.sample")}, {Label: c.look.Text("settings.sample.result")}}}
	for i, sample := range samplePasswords {
		l := Lozenge{"success", c.look.Text("settings.sample.good")}
		if len(rules.Check(sample)) > 0 {
			l = Lozenge{"danger", c.look.Text("settings.sample.bad")}
		}
		p.Table.Rows = append(p.Table.Rows, Row{ID: "sample-" + strconv.Itoa(i), Cells: []Cell{{Text: sample}, {Lozenges: []Lozenge{l}}}})
	}
	if s.Storefront.ReCaptcha.SecretKey != "" {
		p.Posts = []Button{{Label: c.look.Text("settings.recaptcha.test"), Action: c.storeAt("/settings/accounts/recaptcha")}}
	}
	return nil
}

// testRobots asks the service that tells persons from programs about a token that is
// none: an answer shows that it can be reached and knows the secret.
func (c *call) testRobots() error {
	s, err := c.Stores.Settings(c.R.Context(), c.store.ID)
	if err != nil {
		return err
	}
	err = c.Robots.Verify(c.R.Context(), &s.Storefront.ReCaptcha, "clientele-test", "")
	view, _, other := c.settingsView(settingPageOf("accounts"))
	if other != nil {
		return other
	}
	f := fault.As(err)
	switch {
	case err == nil, errors.Is(err, recaptcha.ErrRefused):
		view.Messages = append(view.Messages, Message{Kind: "success", Title: c.look.Text("settings.recaptcha.good"), Text: c.look.Text("settings.recaptcha.good.text")})
	case f != nil && f.Kind == fault.Unavailable:
		why := ""
		if f.Cause != nil {
			why = short(f.Cause.Error(), 200)
		}
		view.Messages = append(view.Messages, Message{Kind: "error", Title: c.look.Text("settings.recaptcha.bad"), Text: why})
	default:
		return err
	}
	return c.show(http.StatusOK, view)
}

func settingPageOf(key string) *settingPage {
	for i := range settingPages {
		if settingPages[i].key == key {
			return &settingPages[i]
		}
	}
	return nil
}

// privacyForm is what the store says about consent.
func (c *call) privacyView() (*settingsView, error) {
	s, err := c.CustomerSettings.Get(c.R.Context(), c.store.ID, 0)
	if err != nil {
		return nil, err
	}
	flag := func(b *bool) bool { return b != nil && *b }
	policy := ""
	if s.PolicyURL != nil {
		policy = *s.PolicyURL
	}
	off := c.look.Text("set.default", c.look.Text("set.off"))
	p := &settingsView{Form: c.newForm(c.storeAt("/settings/privacy"), "save",
		&html.Field{Name: "ask_shopper_for_tracking_consent", Label: c.look.Text("privacy_settings.banner"), Hint: c.look.Text("privacy_settings.banner.hint") + " " + off, Type: "check", Checked: flag(s.AskConsent)},
		&html.Field{Name: "ask_shopper_for_tracking_consent_on_checkout", Label: c.look.Text("privacy_settings.checkout"), Hint: off, Type: "check", Checked: flag(s.AskConsentOnCheckout)},
		&html.Field{Name: "policy_url", Label: c.look.Text("privacy_settings.policy"), Hint: c.look.Text("privacy_settings.policy.hint"), Type: "url", Value: policy, MaxLength: 2048})}
	p.Form.Sections[0].Legend = c.look.Text("privacy_settings.consent")
	p.Title, p.Lead = c.look.Text("privacy_settings.title"), c.look.Text("privacy_settings.lead")
	p.Facts = []Fact{
		{Label: c.look.Text("privacy_settings.history"), Value: c.keptFor(c.Kept.History)}, {Label: c.look.Text("privacy_settings.deliveries"), Value: c.keptFor(c.Kept.Deliveries)}, {Label: c.look.Text("privacy_settings.events"), Value: c.keptFor(c.Kept.Events)},
		{Label: c.look.Text("privacy_settings.requests"), Value: c.look.Plural("ago.days.plain", auth.RequestDays)},
	}
	return p, nil
}

// keptFor tells how long something is kept.
func (c *call) keptFor(d time.Duration) string {
	if d == 0 {
		return c.look.Text("privacy_settings.forever")
	}
	return c.look.Plural("ago.days.plain", int((d+24*time.Hour-1)/(24*time.Hour)))
}

func (c *call) privacySettingsPage() error {
	p, err := c.privacyView()
	if err != nil {
		return err
	}
	return c.show(http.StatusOK, p)
}

func (c *call) savePrivacySettings() error {
	p, err := c.privacyView()
	if err != nil {
		return err
	}
	before := undoOf(c.storeAt("/settings/privacy"), p.Form, "")
	if !c.filled(p.Form) {
		return c.show(http.StatusUnprocessableEntity, p)
	}
	if _, err := c.CustomerSettings.Put(c.R.Context(), c.store.ID, 0, setting.Update{
		AskConsent: opt.Some(c.form.Get("ask_shopper_for_tracking_consent") != ""), AskConsentOnCheckout: opt.Some(c.form.Get("ask_shopper_for_tracking_consent_on_checkout") != ""), PolicyURL: opt.Some(c.value("policy_url")),
	}); err != nil {
		return c.again(p, p.Form, err)
	}
	return c.doneUndo(c.storeAt("/settings/privacy"), before, "settings_saved")
}

// Kept is how long the installation keeps things; 0 is for ever.
type Kept struct{ History, Deliveries, Events time.Duration }
