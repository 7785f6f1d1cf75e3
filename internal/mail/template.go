package mail

import (
	"context"
	"maps"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"clientele/internal/fault"
	"clientele/internal/locale"
	"clientele/internal/sqldb"
	"clientele/internal/store"
)

// Kinds of templates that are no kinds of messages.
const (
	// GuestAccountCreated is the welcome with a link to choose a password, for
	// who has none.
	GuestAccountCreated Kind = "guest_account_created"
	// DetailsChanged is what tells of a changed password or address where the
	// store has no template for the one that it is.
	DetailsChanged Kind = "account_details_changed"
)

// templateKind is what a kind of templates demands.
type templateKind struct {
	// typeID is the documented name; empty: there is none.
	typeID string
	// of is the kind of messages that sample is for.
	of     Kind
	sample Data
	// canBeOff tells that the emails can be switched off.
	canBeOff bool
}

// templated are the kinds of templates.
var templated = func() map[Kind]templateKind {
	out := map[Kind]templateKind{}
	for k, info := range kinds {
		out[k] = templateKind{of: k, sample: info.sample}
	}
	out[AccountCreated] = templateKind{typeID: "createaccount_email", of: AccountCreated, sample: kinds[AccountCreated].sample, canBeOff: true}
	out[GuestAccountCreated] = templateKind{typeID: "createguestaccount_email", of: AccountCreated, sample: Data{"link": "https://shop.example.com/choose?t=1", "minutes": "10080"}, canBeOff: true}
	out[DetailsChanged] = templateKind{typeID: "account_details_changed_email", of: EmailChanged, sample: kinds[EmailChanged].sample, canBeOff: true}
	out[PasswordReset] = templateKind{typeID: "account_reset_password_email", of: PasswordReset, sample: kinds[PasswordReset].sample}
	out[SignInLink] = templateKind{typeID: "passwordless_login_email", of: SignInLink, sample: kinds[SignInLink].sample}
	return out
}()

// TemplateKinds returns all kinds of templates in alphabetical order.
func TemplateKinds() []Kind { return slices.Sorted(maps.Keys(templated)) }

// TypeID returns the documented name of a kind of templates, or "".
func (k Kind) TypeID() string { return templated[k].typeID }

// KindOfType returns the kind of templates with a documented name.
func KindOfType(typeID string) (Kind, bool) {
	for k, t := range templated {
		if t.typeID == typeID && typeID != "" {
			return k, true
		}
	}
	return "", false
}

// told is what webhooks call a kind.
func (k Kind) told() string {
	if id := k.TypeID(); id != "" {
		return id
	}
	return string(k)
}

// candidates returns the kinds of templates that a message of a kind may be made
// of.
func candidates(k Kind) []Kind {
	switch k {
	case AccountCreated:
		return []Kind{AccountCreated, GuestAccountCreated}
	case PasswordChanged, EmailChanged:
		return []Kind{k, DetailsChanged}
	}
	return []Kind{k}
}

// templates returns the kinds of templates that the message is made of, the best
// first.
func (m *Stored) templates() []Kind {
	all := candidates(m.Kind)
	if m.Kind != AccountCreated {
		return all
	}
	if m.data.Data["link"] != "" && m.data.Data["minutes"] != "" {
		return all[1:]
	}
	return all[:1]
}

// Place is where a template holds.
type Place struct {
	Kind      Kind
	ChannelID int64  // 0: all that have none of their own
	Locale    string // such as "de" or "pt-br"; empty: every language without one
}

// Template is a store's own text of a kind of message, in Handlebars
// ({{store.name}}, {{lang "hello"}}, see Placeholders) or in Go's template
// language: {{.Store.Name}}, {{.Customer.Name}}, {{.Link}}, {{.Data.reason}}
// (see View), if and with. A part that is empty is the program's own; only a text
// is made of HTML that is the store's own.
type Template struct {
	Kind      Kind
	ChannelID int64
	Locale    string
	Subject   string
	Text      string
	HTML      string
	// Translations are the phrases that lang finds.
	Translations Translations
	DateModified int64
}

// Place returns where the template holds.
func (t *Template) Place() Place { return Place{t.Kind, t.ChannelID, t.Locale} }

func (t *Template) empty() bool { return t.Subject == "" && t.Text == "" && t.HTML == "" }

// says reports whether two templates say the same.
func (t *Template) says(o *Template) bool {
	return t.Subject == o.Subject && t.Text == o.Text && t.HTML == o.HTML && maps.EqualFunc(t.Translations, o.Translations, maps.Equal)
}

// speaks reports whether the template is for one of some locales.
func (t *Template) speaks(codes []string) bool {
	return slices.Contains(codes, t.Locale) || slices.ContainsFunc(codes, func(c string) bool { return len(t.Translations[c]) > 0 })
}

// Placeholder is what a template may hold.
type Placeholder struct {
	Name, Meaning string
	Sample        string // what Preview shows; empty where it depends on the store
}

// Placeholders returns what the templates of a kind may hold: in Go's template
// language and, after it, the merge fields of Handlebars.
func Placeholders(kind Kind) ([]Placeholder, error) {
	info, ok := templated[kind]
	if !ok {
		return nil, fault.New(fault.NotFound, noKind())
	}
	out := []Placeholder{
		{"{{.Store.Name}}", "the store's name", ""},
		{"{{.Store.URL}}", "the URL of its storefront", ""},
		{"{{.Store.Email}}", "its address for orders", ""},
		{"{{.Store.Phone}}", "its phone number", ""},
		{"{{.Store.Address}}", "its postal address", ""},
		{"{{.Store.LogoURL}}", "the URL of its logo", ""},
		{"{{.Customer.Name}}", "who the email is to, if that is known", "Jane Doe"},
		{"{{.Customer.Email}}", "their address", "jane@example.com"},
		{"{{.Locale}}", "the language of the email", ""},
		{"{{.Link}}", "the link to follow", info.sample["link"]},
		{"{{.Duration}}", "for how long the link works, in words", ""},
		{"{{.Unsubscribe}}", "the link that ends emails of this kind", ""},
	}
	for _, key := range slices.Sorted(maps.Keys(info.sample)) {
		if key != "link" && key != "minutes" { // Link and Duration
			out = append(out, Placeholder{"{{.Data." + key + "}}", strings.ReplaceAll(key, "_", " "), info.sample[key]})
		}
	}
	return append(out, mergeFields(kind)...), nil
}

// noData finds a placeholder of Data that the emails of a kind do not have.
func noData(text string, sample Data) string {
	for _, m := range dataName.FindAllStringSubmatch(text, -1) {
		if _, ok := sample[m[1]]; !ok {
			return m[1]
		}
	}
	return ""
}

var dataName = regexp.MustCompile(`\{\{[^}]*\.Data\.(\w+)`)

// Bounds of a template, in characters; that of a part is the documented one.
const (
	maxTemplate = 65_536
	maxPhrases  = 500
	maxPhrase   = 5_000
	maxLocales  = 40
	maxKey      = 100
)

// CheckTemplate reports everything that is wrong with a template: it is tried
// with sample values.
func CheckTemplate(t *Template) error {
	c := fault.Collector{}
	info, ok := templated[t.Kind]
	if !ok {
		c.Because(FieldKind, fault.NotAccepted, WhyKind, kindNames())
	}
	t.Locale = locale.Lower(t.Locale)
	if t.Locale != "" && !store.IsLanguage(t.Locale) {
		c.Because(FieldLocale, fault.BadFormat, WhyLocale, "")
	}
	if t.empty() {
		c.Because(FieldSubject, fault.Required, WhyNothing, "")
	}
	t.Translations = t.Translations.lower()
	t.Translations.check(&c)
	sample := sampleView(t.Kind)
	values := sample.fields(t.Kind, sampleReader, 2026)
	for _, part := range []struct {
		name fault.Field
		text string
		html bool
	}{{FieldSubject, t.Subject, false}, {FieldText, t.Text, false}, {FieldHTML, t.HTML, true}} {
		if c.Length(part.name, part.text, 0, maxTemplate); part.html && utf8.RuneCountInString(part.text) > maxTemplate {
			c.Items[len(c.Items)-1].Why = WhyBodyTooLarge
		}
		if part.text == "" || len(part.text) > 4*maxTemplate {
			continue
		}
		if name := noData(part.text, info.sample); ok && name != "" {
			c.AddItem(fault.Item{Field: part.name, Code: fault.BadFormat, Why: WhyTemplate, Value: "there is no placeholder .Data." + name + " in these emails: clientele email template placeholders lists them"})
			continue
		}
		made, err := try(part.text, part.html, t, sample, values)
		if err != nil {
			c.AddItem(fault.Item{Field: part.name, Code: fault.BadFormat, Why: WhyTemplate, Value: err.Error()})
		} else if oneLine(made, maxBody) == "" {
			c.Because(part.name, fault.BadFormat, WhyMakesNothing, "")
		}
	}
	return c.Err(fault.Invalid)
}

// try makes a text of a part with sample values, in every language of its
// phrases.
func try(text string, html bool, t *Template, v View, values map[string]any) (made string, err error) {
	if !isHandlebars(text) {
		return execute(text, html, v)
	}
	c, err := compile(text, treeOf(values))
	if err != nil {
		return "", err
	}
	p := phrasesOf(t.Translations)
	if err := c.check(p); err != nil {
		return "", err
	}
	h, err := c.prepare(html, p)
	if err != nil {
		return "", err
	}
	for _, l := range append(slices.Clone(p.locales), defaultLanguage) {
		if made, err = h.execute(phraseLocales(l), values); err != nil {
			return "", err
		}
	}
	return made, nil
}

// Locales returns the locales in alphabetical order.
func (t Translations) Locales() []string { return slices.Sorted(maps.Keys(t)) }

// Keys returns the keys of a locale's phrases in alphabetical order.
func (t Translations) Keys(locale string) []string { return slices.Sorted(maps.Keys(t[locale])) }

// lower returns the phrases with their locales in one form.
func (t Translations) lower() Translations {
	if len(t) == 0 {
		return nil
	}
	out := Translations{}
	for _, l := range t.Locales() { // in order: what a locale says twice has one outcome
		if out[locale.Lower(l)] == nil {
			out[locale.Lower(l)] = map[string]string{}
		}
		maps.Copy(out[locale.Lower(l)], t[l])
	}
	return out
}

// check notes what is wrong with phrases.
func (t Translations) check(c *fault.Collector) {
	if len(t) > maxLocales {
		c.Because(FieldTranslations, fault.TooManyItems, WhyPhrases, "40 locales")
		return
	}
	n := 0
	for _, l := range t.Locales() {
		if !store.IsLanguage(l) {
			c.AddItem(fault.Item{Field: FieldTranslations, Code: fault.BadFormat, Why: WhyPhraseLocale, Value: l})
		}
		for _, key := range t.Keys(l) {
			n++
			c.Length(FieldTranslations, t[l][key], 0, maxPhrase)
			if key == "" || len(key) > maxKey || strings.ContainsAny(key, "\"'{}\x00") {
				c.AddItem(fault.Item{Field: FieldTranslations, Code: fault.BadFormat, Why: WhyPhraseKey, Value: oneLine(key, maxKey)})
			}
		}
	}
	if n > maxPhrases {
		c.Because(FieldTranslations, fault.TooManyItems, WhyPhrases, "500 phrases")
	}
}

// List returns a store's templates by kind, channel and locale.
func (s *Service) List(ctx context.Context, storeID int64) (out []Template, err error) {
	err = s.db.Read(ctx, storeID, func(tx *sqldb.Tx) error {
		out = nil
		return tx.Query(selectLatest, func(r *sqldb.Row) error {
			v, err := scanVersion(r)
			if !v.empty() {
				out = append(out, v.Template)
			}
			return err
		})
	})
	return out, err
}

// Get returns the store's template of exactly one place.
func (s *Service) Get(ctx context.Context, storeID int64, at Place) (out *Template, err error) {
	err = s.db.Read(ctx, storeID, func(tx *sqldb.Tx) error {
		out, err = current(tx, at)
		return err
	})
	if err == nil && out == nil {
		err = noTemplate()
	}
	return out, err
}

func noTemplate() error {
	return &fault.Error{Kind: fault.NotFound, Message: "the store has no such template"}
}

func noKind() string { return "there is no such kind of email; the kinds are " + kindNames() }

func kindNames() string {
	var names []string
	for _, k := range TemplateKinds() {
		names = append(names, string(k))
	}
	return strings.Join(names, ", ")
}

// Preview renders a message as it would be sent now on a channel, with sample
// values.
func (s *Service) Preview(ctx context.Context, storeID int64, kind Kind, channelID int64) (subject, text, html string, err error) {
	info, ok := templated[kind]
	if !ok {
		return "", "", "", fault.New(fault.NotFound, noKind())
	}
	m := &Stored{StoreID: storeID, Kind: info.of, ChannelID: max(channelID, store.DefaultChannel), To: "jane@example.com", ToName: "Jane Doe", data: payload{Data: maps.Clone(info.sample)}}
	w, err := s.world(ctx, m)
	if err != nil {
		return "", "", "", err
	}
	p, err := s.own().render(m, w)
	return p.Subject, p.Text, p.HTML, err
}
