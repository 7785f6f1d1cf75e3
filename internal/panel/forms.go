package panel

import (
	"net/http"
	"slices"

	"clientele/internal/account"
	"clientele/internal/auth"
	"clientele/internal/bulk"
	"clientele/internal/credit"
	"clientele/internal/customer"
	"clientele/internal/desk"
	"clientele/internal/fault"
	"clientele/internal/form"
	"clientele/internal/group"
	"clientele/internal/html"
	"clientele/internal/mail"
	"clientele/internal/password"
	persons "clientele/internal/person"
	"clientele/internal/rule"
	"clientele/internal/segment"
	"clientele/internal/setting"
	"clientele/internal/staff"
	"clientele/internal/store"
	"clientele/internal/subscriber"
	"clientele/internal/transfer"
	"clientele/internal/webhook"
	"clientele/internal/words"
)

// newForm returns a form with one section.
func (c *call) newForm(action, submit string, fields ...*html.Field) *Form {
	f := &Form{}
	f.Action, f.Submit = action, c.look.Text(submit)
	f.Sections = []*html.Section{{Fields: fields}}
	return f
}

// section adds a section with a legend.
func (c *call) section(f *Form, legend string, fields ...*html.Field) {
	f.Sections = append(f.Sections, &html.Section{Legend: c.look.Text(legend), Fields: fields})
}

// speech has the names of controls.
var speech = &words.Speech{Spell: words.Snake, Names: map[fault.Field]string{
	staff.FieldTimezone: "timezone", group.FieldCategory: "target", group.FieldProduct: "target",
}}

// explain puts what a fault says beside the fields of a form that it is about,
// and tells whether it was one to be shown so.
func (c *call) explain(f *Form, err error) bool {
	e := fault.As(err)
	if e == nil {
		return false
	}
	switch e.Kind {
	case fault.TooMany:
		c.exchange.SetRetry(e)
		f.Problem = c.wait(e)
		return true
	case fault.Invalid, fault.Conflict, fault.Malformed, fault.BadInput:
	default:
		return false
	}
	for i := range e.Items {
		it := &e.Items[i]
		x := f.Field(speech.Path(it))
		if it.FormField != 0 {
			x = f.Field(html.CustomName(it.FormField))
		}
		if x == nil {
			x = f.Field(speech.Name(it.Field))
		}
		if x == nil {
			f.Problem = c.reason(it)
		} else if x.Error == "" {
			x.Error = c.wrong(x, it)
		}
	}
	if len(e.Items) == 0 {
		f.Problem = c.look.Text("wrong.form")
	}
	return true
}

// wrong says what is wrong with a field.
func (c *call) wrong(x *html.Field, it *fault.Item) string {
	switch {
	case whys[it.Why] != "":
	case it.Code == fault.Required, it.Code == fault.TooShort:
		if x.Type == "select" || x.Group() {
			return c.look.Text("wrong.choose")
		}
		return c.look.Text("wrong.required")
	case it.Code == fault.TooLong:
		return c.look.Text("wrong.too_long", it.Want)
	case x.Type == "email" && it.Code == fault.EmailInUse:
		return c.look.Text("wrong.customer_taken")
	case x.Type == "email" && it.Code == fault.BadFormat:
		return c.look.Text("wrong.email")
	}
	return c.reason(it)
}

// whys are the texts of reasons, below "wrong.".
var whys = map[fault.Reason]string{
	staff.WhyShortPassword: "password_short", staff.WhyCommonPassword: "password_common", staff.WhyOwnPassword: "password_own",
	staff.WhyTaken: "email_taken", staff.WhyLastOwner: "last_owner", staff.WhyManyPasskeys: "many_passkeys", staff.WhyTimezone: "timezone",
	store.WhyTimezone:      "timezone",
	customer.WhyPostalCode: "postal_code", customer.WhyState: "state", customer.WhyNoState: "state", customer.WhyHasAddress: "has_address",
	password.WhyShort: "password_weak", password.WhyLettersAndDigits: "password_weak", credit.WhyNotEnough: "not_enough", credit.WhyPast: "expires_past", credit.WhyAmount: "money",
	account.WhyNoChannel: "no_storefront", account.WhyNoAddress: "no_storefront", account.WhyNoAccess: "no_access", desk.WhyNameTaken: "view_taken", desk.WhyMany: "many",
	mail.WhyTemplate: "template", mail.WhyMakesNothing: "makes_nothing", mail.WhyNothing: "makes_nothing", mail.WhyBodyTooLarge: "too_long", mail.WhyNoServer: "no_server", mail.WhyNotSent: "not_sent",
	persons.WhyRequestOpen: "request_open", persons.WhyFuture: "future", persons.WhyRequestEnded: "request_ended",
	subscriber.WhySuppressed: "suppressed", subscriber.WhyLeft: "left", subscriber.WhyTaken: "subscribed", subscriber.WhyNoChannel: "value",
	group.WhyNoName: "required", group.WhyNoCategories: "no_categories", group.WhyCategoryID: "id", group.WhyManyCategories: "many_categories", group.WhyManyRules: "many_discounts",
	group.WhyTwoForAll: "two_for_all", group.WhyNotAlone: "price_list_alone", group.WhyAmount: "amount", group.WhyTarget: "id", group.WhyHasPriceLists: "has_price_lists", group.WhyHasDiscounts: "price_list_alone",
	segment.WhyNameTaken: "segment_taken", segment.WhyMany: "segments_full", segment.WhyManyRules: "many_rules", segment.WhyCircle: "circle", segment.WhyDeepRules: "deep_rules",
	segment.WhyReadsGroup: "reads_group", segment.WhyNoGroup: "no_group", segment.WhyPriority: "priority", segment.WhyRule: "by_rule",
	rule.WhyBytes: "rule_bytes", rule.WhyEmpty: "rule_empty", rule.WhyText: "rule_text", rule.WhyExpected: "rule_expected", rule.WhyOpen: "rule_open", rule.WhyNumber: "rule_number",
	rule.WhyComparisons: "rule_comparisons", rule.WhyDepth: "rule_depth", rule.WhyValues: "rule_values", rule.WhyField: "rule_field", rule.WhyInAddress: "rule_in_address", rule.WhyKey: "rule_key",
	rule.WhyNoKey: "rule_no_key", rule.WhyName: "rule_name", rule.WhySeveral: "rule_several", rule.WhyOp: "rule_op", rule.WhyValue: "rule_value", rule.WhyDate: "rule_date",
	bulk.WhyNobody: "bulk_nobody", bulk.WhyMany: "bulk_many", bulk.WhyBusy: "bulk_busy",
	transfer.WhyNoEmailColumn: "no_email_column", transfer.WhyNoIDColumn: "no_id_column", transfer.WhyNoAmountColumn: "no_amount_column", transfer.WhyNoGroupColumn: "no_group_column", transfer.WhyColumn: "column_place",
	auth.WhyNoChannels: "choose", auth.WhyNoChannel: "choose", auth.WhyManyChannels: "many_channels", auth.WhyUnknownChannel: "unknown_channel", auth.WhyOrigins: "origins", auth.WhyOrigin: "origins", auth.WhyNoScope: "choose", auth.WhyScope: "choose",
	store.WhyName: "required", store.WhyURL: "url", store.WhyHost: "host", store.WhyCountry: "choose", store.WhyCurrency: "choose", store.WhyLanguage: "language", store.WhyColor: "color", store.WhyChoice: "choose", store.WhyRange: "range",
	store.WhySeparators: "separators", store.WhyKeys: "keys", store.WhyTwice: "language_twice", store.WhyManyLocales: "many_languages", store.WhyNoToken: "no_token", store.WhyNoUpstream: "upstream", store.WhyDay: "day", store.WhyLogo: "logo", store.WhyLogoSize: "logo_size", store.WhyLogoSide: "logo_side", store.WhyNoLogo: "url", setting.WhyURL: "url", setting.WhyLongURL: "url",
	form.WhyManyChoices: "many_choices", form.WhyChoiceTwice: "choice_twice", form.WhyMaxLength: "whole", form.WhyRows: "whole", form.WhyLimit: "limit", form.WhyMaxBelowMin: "max_below_min", form.WhyNameTaken: "field_taken", form.WhyManyFields: "many_fields",
	form.WhyBuiltInRequired: "built_in", form.WhyBuiltIn: "built_in", form.WhyNotChoice: "not_choice", form.WhyNotNumber: "number", form.WhyNotDate: "day",
	webhook.WhyURL: "hook_url", webhook.WhyLongURL: "hook_url", webhook.WhyScheme: "hook_url", webhook.WhyCredentials: "hook_credentials", webhook.WhyFragment: "hook_url", webhook.WhyPort: "hook_url",
	webhook.WhyHost: "hook_url", webhook.WhyNotHTTPS: "hook_https", webhook.WhyCustomPort: "hook_port", webhook.WhyPrivate: "hook_private", webhook.WhyHeaderName: "header", webhook.WhyReserved: "header_reserved",
	webhook.WhyHeaderTwice: "header_twice", webhook.WhyLongHeader: "header_long", webhook.WhyControl: "header", webhook.WhyLongHeaders: "header_long", webhook.WhyManyHeaders: "header_many",
	webhook.WhyTaken: "hook_taken", webhook.WhyNotSeparate: "hook_separate", webhook.WhyManyOfScope: "hook_scope_many", webhook.WhyMany: "hook_many", webhook.WhyScopeUnknown: "hook_scope", webhook.WhyLongScope: "hook_scope",
	rule.WhyBlank: "rule_blank", rule.WhyOrder: "rule_order", rule.WhyChoice: "rule_choice",
}

// reason says what a fault is about.
func (c *call) reason(it *fault.Item) string {
	if key := whys[it.Why]; key != "" {
		return c.look.Text("wrong."+key, it.Want, it.Value, it.Other)
	}
	return c.look.Text("wrong.value")
}

// isNotFound reports whether there is not what was asked for.
func isNotFound(err error) bool {
	e := fault.As(err)
	return e != nil && e.Kind == fault.NotFound
}

// isConflict reports whether what was asked for cannot be done as things are.
func isConflict(err error) bool {
	e := fault.As(err)
	return e != nil && e.Kind == fault.Conflict
}

// again shows a form once more, with what a fault says; another error is one.
func (c *call) again(p page, f *Form, err error) error {
	if !c.explain(f, err) {
		return err
	}
	status := http.StatusUnprocessableEntity
	switch e := fault.As(err); e.Kind {
	case fault.TooMany:
		status = http.StatusTooManyRequests
	case fault.Conflict:
		status = http.StatusConflict
	}
	return c.show(status, p)
}

// filled notes what has to be filled in and is not, and tells whether the form
// can be used.
func (c *call) filled(f *Form) bool {
	f.Enter(c.form)
	c.require(f)
	return !f.Bad()
}

// require notes what has to be filled in and is not, and what was chosen that is not
// among the choices.
func (c *call) require(f *Form) {
	f.Require(c.form, c.look.Catalogue)
	for _, x := range f.Fields() {
		if x.Error != "" || x.Type != "select" && x.Type != "radio" {
			continue
		}
		if v := c.form.Get(x.Name); v != "" && !slices.ContainsFunc(x.Options, func(o html.Option) bool { return o.Value == v }) {
			x.Error = c.look.Text("wrong.choose")
		}
	}
}

func (c *call) textField(name, label string) *html.Field {
	return &html.Field{Name: name, Label: c.look.Text(label), Type: "text", Required: true, MaxLength: 255}
}

func (c *call) emailField(autocomplete string) *html.Field {
	return &html.Field{Name: "email", Label: c.look.Text("field.email"), Type: "email", Autocomplete: autocomplete, Required: true, MaxLength: 255}
}

func (c *call) passwordField(name, label, autocomplete string) *html.Field {
	return &html.Field{Name: name, Label: c.look.Text(label), Type: "password", Autocomplete: autocomplete, Required: true}
}

// newPassword are the fields to choose a password with.
func (c *call) newPassword() []*html.Field {
	first := c.passwordField("password", "field.new_password", "new-password")
	first.Hint = c.look.Text("password.hint")
	first.Narrow = true
	second := c.passwordField("confirm_password", "field.confirm_password", "new-password")
	second.Narrow = true
	return []*html.Field{first, second}
}

// alike notes that a new password was not written twice alike.
func (c *call) alike(f *Form) bool {
	if x := f.Field("confirm_password"); x.Error == "" && c.form.Get("password") != c.form.Get("confirm_password") {
		x.Error = c.look.Text("wrong.password_match")
	}
	return !f.Bad()
}

// languageField chooses a language of the panel.
func (c *call) languageField(chosen, own string) *html.Field {
	f := &html.Field{Name: "locale", Label: c.look.Text("field.language"), Type: "select", Narrow: true, Required: own == ""}
	if own != "" {
		f.Options = append(f.Options, html.Option{Label: c.look.Text(own), Selected: chosen == ""})
	}
	for _, lang := range html.Languages {
		f.Options = append(f.Options, html.Option{Value: lang, Label: c.looks[lang]().Text("language.name"), Selected: chosen == lang})
	}
	return f
}

// zones are time zones to choose from; any other can be written.
var zones = []string{
	"UTC", "America/Anchorage", "America/Argentina/Buenos_Aires", "America/Bogota", "America/Chicago", "America/Denver", "America/Halifax", "America/Los_Angeles",
	"America/Mexico_City", "America/New_York", "America/Sao_Paulo", "America/Toronto", "Africa/Cairo", "Africa/Johannesburg", "Africa/Lagos", "Asia/Dubai", "Asia/Hong_Kong",
	"Asia/Jakarta", "Asia/Kolkata", "Asia/Seoul", "Asia/Shanghai", "Asia/Singapore", "Asia/Tokyo", "Australia/Melbourne", "Australia/Perth", "Australia/Sydney",
	"Europe/Amsterdam", "Europe/Athens", "Europe/Berlin", "Europe/Brussels", "Europe/Dublin", "Europe/Helsinki", "Europe/Istanbul", "Europe/Lisbon", "Europe/London",
	"Europe/Madrid", "Europe/Moscow", "Europe/Paris", "Europe/Prague", "Europe/Rome", "Europe/Stockholm", "Europe/Vienna", "Europe/Warsaw", "Europe/Zurich",
	"Pacific/Auckland", "Pacific/Honolulu",
}

// zoneField chooses a time zone; own is what none of them means.
func (c *call) zoneField(chosen, own string) *html.Field {
	f := &html.Field{Name: "timezone", Label: c.look.Text("field.timezone"), Type: "select", Narrow: true, Required: own == ""}
	if own != "" {
		f.Options = append(f.Options, html.Option{Label: c.look.Text(own), Selected: chosen == ""})
	}
	known := chosen == ""
	for _, z := range zones {
		f.Options = append(f.Options, html.Option{Value: z, Label: z, Selected: z == chosen})
		known = known || z == chosen
	}
	if !known {
		f.Options = append(f.Options, html.Option{Value: chosen, Label: chosen, Selected: true})
	}
	return f
}
