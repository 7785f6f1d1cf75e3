package mail

import (
	"context"
	"maps"
	"regexp"
	"slices"
	"strings"

	"clientele/internal/event"
	"clientele/internal/fault"
	"clientele/internal/locale"
	"clientele/internal/sqldb"
	"clientele/internal/store"
)

// Template is a store's own text of a kind of message, in Go's template
// language: {{.Store.Name}}, {{.Customer.Name}}, {{.Link}}, {{.Data.reason}}
// (see View), if and with. A part that is empty is the program's own.
type Template struct {
	Kind         Kind
	Locale       string // such as "de" or "pt-br"; empty: every language without one
	Subject      string
	Text         string
	HTML         string
	DateModified int64
}

// Placeholder is what a template may hold.
type Placeholder struct {
	Name, Meaning string
	Sample        string // what Preview shows; empty where it depends on the store
}

// Placeholders returns what the templates of a kind may hold.
func Placeholders(kind Kind) ([]Placeholder, error) {
	info, ok := kinds[kind]
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
	return out, nil
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

const (
	opTemplate  = domain + ".template"
	maxTemplate = 100_000
)

var (
	selectTemplates    = sqldb.Static(`SELECT kind, locale, subject, body_text, body_html, date_modified FROM email_templates WHERE store_id = $1 ORDER BY kind, locale`)
	selectKindTemplate = sqldb.Static(`SELECT kind, locale, subject, body_text, body_html, date_modified FROM email_templates WHERE store_id = $1 AND kind = $2`)
	upsertTemplate     = sqldb.Static(`INSERT INTO email_templates (store_id, kind, locale, subject, body_text, body_html, date_modified) VALUES ($1, $2, $3, $4, $5, $6, $7)
		ON CONFLICT (store_id, kind, locale) DO UPDATE SET subject = excluded.subject, body_text = excluded.body_text, body_html = excluded.body_html, date_modified = excluded.date_modified`)
	deleteTemplate = sqldb.Static(`DELETE FROM email_templates WHERE store_id = $1 AND kind = $2 AND locale = $3`)
)

func scanTemplate(r *sqldb.Row) Template {
	return Template{Kind: Kind(r.Text(0)), Locale: r.Text(1), Subject: r.Text(2), Text: r.Text(3), HTML: r.Text(4), DateModified: r.Int(5)}
}

// CheckTemplate reports everything that is wrong with a template: it is tried
// with sample values.
func CheckTemplate(t *Template) error {
	c := fault.Collector{}
	info, ok := kinds[t.Kind]
	if !ok {
		c.Because(FieldKind, fault.NotAccepted, WhyKind, kindNames())
	}
	t.Locale = locale.Lower(t.Locale)
	if t.Locale != "" && !store.IsLanguage(t.Locale) {
		c.Because(FieldLocale, fault.BadFormat, WhyLocale, "")
	}
	if t.Subject == "" && t.Text == "" && t.HTML == "" {
		c.Because(FieldSubject, fault.Required, WhyNothing, "")
	}
	sample := View{
		Store:    StoreView{Name: "Sample store", URL: "https://shop.example.com", Email: "shop@example.com", Phone: "1", Address: "1 Street", LogoURL: "https://shop.example.com/logo.png"},
		Customer: CustomerView{Name: "Jane Doe", Email: "jane@example.com"}, Locale: "en", Link: info.sample["link"], Duration: "15 minutes", Data: info.sample,
	}
	for _, part := range []struct {
		name    fault.Field
		text    string
		execute func(string, View) (string, error)
	}{{FieldSubject, t.Subject, executeText}, {FieldText, t.Text, executeText}, {FieldHTML, t.HTML, executeHTML}} {
		c.Length(part.name, part.text, 0, maxTemplate)
		if part.text == "" || len(part.text) > maxTemplate {
			continue
		}
		if name := noData(part.text, info.sample); ok && name != "" {
			c.AddItem(fault.Item{Field: part.name, Code: fault.BadFormat, Why: WhyTemplate, Value: "there is no placeholder .Data." + name + " in these emails: clientele email template placeholders lists them"})
			continue
		}
		made, err := part.execute(part.text, sample)
		if err != nil {
			c.AddItem(fault.Item{Field: part.name, Code: fault.BadFormat, Why: WhyTemplate, Value: err.Error()})
		} else if oneLine(made, maxBody) == "" {
			c.Because(part.name, fault.BadFormat, WhyMakesNothing, "")
		}
	}
	return c.Err(fault.Invalid)
}

// PutTemplate sets a template of the store of tx.
func PutTemplate(tx *sqldb.Tx, t Template, now int64) error {
	if err := CheckTemplate(&t); err != nil {
		return err
	}
	same := false
	if err := tx.Query(selectKindTemplate, func(r *sqldb.Row) error {
		stored := scanTemplate(r)
		stored.DateModified = t.DateModified
		same = same || stored == t
		return nil
	}, string(t.Kind)); err != nil || same {
		return err
	}
	if err := tx.Exec(upsertTemplate, string(t.Kind), t.Locale, t.Subject, t.Text, t.HTML, now); err != nil {
		return err
	}
	return tell(tx, t.Kind, event.EmailTemplateUpdated, now)
}

// tell records what became of a kind of email, which holds on every channel.
func tell(tx *sqldb.Tx, kind Kind, scope string, now int64) error {
	return store.TellChannels(tx, now, func(channelID int64) event.Event { return event.EmailTemplate(channelID, scope, string(kind)) })
}

// Put sets a store's template.
func (s *Service) Put(ctx context.Context, storeID int64, t Template) error {
	return s.db.Write(ctx, storeID, func(tx *sqldb.Tx) error { return PutTemplate(tx, t, s.sys.Now()) })
}

// List returns a store's templates by kind and locale.
func (s *Service) List(ctx context.Context, storeID int64) (out []Template, err error) {
	err = s.db.Read(ctx, storeID, func(tx *sqldb.Tx) error {
		out = nil
		return tx.Query(selectTemplates, func(r *sqldb.Row) error { out = append(out, scanTemplate(r)); return nil })
	})
	return out, err
}

// Get returns a store's template of a kind in exactly one locale.
func (s *Service) Get(ctx context.Context, storeID int64, kind Kind, in string) (*Template, error) {
	all, err := s.List(ctx, storeID)
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(all, func(t Template) bool { return t.Kind == kind && t.Locale == locale.Lower(in) })
	if i < 0 {
		return nil, noTemplate()
	}
	return &all[i], nil
}

// Reset goes back to the program's own texts.
func (s *Service) Reset(ctx context.Context, storeID int64, kind Kind, in string) error {
	return s.db.Write(ctx, storeID, func(tx *sqldb.Tx) error {
		n, err := tx.ExecCount(deleteTemplate, string(kind), locale.Lower(in))
		if err == nil && n == 0 {
			err = noTemplate()
		}
		if err != nil {
			return err
		}
		return tell(tx, kind, event.EmailTemplateDeleted, s.sys.Now())
	})
}

func noTemplate() error {
	return &fault.Error{Kind: fault.NotFound, Message: "the store has no such template"}
}

func noKind() string { return "there is no such kind of email; the kinds are " + kindNames() }

func kindNames() string {
	var names []string
	for _, k := range Kinds() {
		names = append(names, string(k))
	}
	return strings.Join(names, ", ")
}

// Preview renders a message as it would be sent now, with sample values.
func (s *Service) Preview(ctx context.Context, storeID int64, kind Kind) (subject, text, html string, err error) {
	info, ok := kinds[kind]
	if !ok {
		return "", "", "", fault.New(fault.NotFound, noKind())
	}
	m := &Stored{StoreID: storeID, Kind: kind, ChannelID: store.DefaultChannel, To: "jane@example.com", ToName: "Jane Doe", data: payload{Data: info.sample}}
	w, err := s.world(ctx, m)
	if err != nil {
		return "", "", "", err
	}
	p, err := s.own.render(m, w)
	return p.Subject, p.Text, p.HTML, err
}
