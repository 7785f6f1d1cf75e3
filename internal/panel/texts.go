package panel

import (
	"errors"
	"html/template"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/go-chi/chi/v5"

	"clientele/internal/html"
	"clientele/internal/locale"
	"clientele/internal/mail"
	"clientele/internal/opt"
)

// textView is the editor of an email's text.
type textView struct {
	frame
	Form         *Form
	Message      *Message
	Preview      string // the address of the preview, and where a draft is sent
	Views        []html.Option
	Test         string // the address of where a draft is sent to be tried
	TestTo       string
	Placeholders []mail.Placeholder
	Languages    *Tabs
	Versions     *Table
	Danger       []Action
}

func (*textView) template() string { return "text" }
func (*textView) frames() bool     { return true }

// textAt is where the text of a kind of emails is, in a language.
func (c *call) textAt(kind mail.Kind, more, language string) string {
	return c.with(c.storeAt("/texts/"+string(kind)+more), "language", language)
}

// ownTexts are the store's own texts, by their places.
func (c *call) ownTexts() (map[mail.Place]mail.Template, error) {
	all, err := c.Mail.List(c.R.Context(), c.store.ID)
	if err != nil {
		return nil, err
	}
	out := map[mail.Place]mail.Template{}
	for i := range all {
		out[all[i].Place()] = all[i]
	}
	return out, nil
}

func (c *call) textsPage() error {
	own, err := c.ownTexts()
	if err != nil {
		return err
	}
	p := &listPage{}
	p.Title, p.Lead = c.look.Text("texts.title"), c.look.Text("texts.lead")
	p.Table = &Table{ID: "list", Caption: c.look.Text("texts.title"), Columns: []Column{{Label: c.look.Text("texts.email")}, {Label: c.look.Text("texts.own")}, {Label: c.look.Text("changed")}}}
	for _, kind := range mail.TemplateKinds() {
		var languages []string
		changed := int64(0)
		for at, t := range own {
			if at.Kind != kind {
				continue
			}
			name := c.look.Text("texts.every")
			if at.Locale != "" {
				name = c.languageName(at.Locale)
			}
			if at.ChannelID != 0 {
				name = c.look.Text("texts.channel", name, strconv.FormatInt(at.ChannelID, 10))
			}
			languages, changed = append(languages, name), max(changed, t.DateModified)
		}
		slices.Sort(languages)
		state := Cell{Lozenges: []Lozenge{{"neutral", c.look.Text("texts.program")}}}
		if len(languages) > 0 {
			state = Cell{Lozenges: []Lozenge{{"info", c.look.Text("texts.changed")}}, Sub: strings.Join(languages, ", ")}
		}
		p.Table.Rows = append(p.Table.Rows, Row{ID: "text-" + string(kind), Cells: []Cell{{Text: c.known("email.kind.", string(kind)), Sub: c.look.Text("texts.purpose." + string(kind)), URL: c.textAt(kind, "", "")}, state, {When: c.when(changed)}}})
	}
	return c.show(http.StatusOK, p)
}

// languageName is what a language is called, as far as that is known.
func (c *call) languageName(code string) string {
	if l, ok := c.looks[locale.Base(code)]; ok && slices.Contains(html.Languages, locale.Base(code)) {
		if name := l().Text("language.name"); locale.Base(code) == code {
			return name
		}
	}
	return code
}

// textPlace is the place of the address: a kind, and one of the store's languages.
func (c *call) textPlace() (mail.Place, []string, error) {
	kind := mail.Kind(chi.URLParam(c.R, "id"))
	if !slices.Contains(mail.TemplateKinds(), kind) {
		return mail.Place{}, nil, errNoPage
	}
	settings, err := c.Stores.Settings(c.R.Context(), c.store.ID)
	if err != nil {
		return mail.Place{}, nil, err
	}
	languages := settings.Languages()
	at := mail.Place{Kind: kind, Locale: languages[0]}
	if asked := c.R.URL.Query().Get("language"); asked != "" {
		if !slices.Contains(languages, asked) {
			return at, nil, errNoPage
		}
		at.Locale = asked
	}
	return at, languages, nil
}

// textHere is textPlace with the text of the place.
func (c *call) textHere() (at mail.Place, languages []string, e mail.Editing, err error) {
	if at, languages, err = c.textPlace(); err == nil {
		e, err = c.Mail.Edit(c.R.Context(), c.store.ID, at)
	}
	return at, languages, e, err
}

// textViews are the looks in which an email is previewed.
var textViews = []string{"desktop", "phone", "dark"}

// textEditor is the editor of the place of the address.
func (c *call) textEditor() (*textView, *mail.Editing, error) {
	at, languages, e, err := c.textHere()
	if err != nil {
		return nil, nil, err
	}
	placeholders, err := mail.Placeholders(at.Kind)
	if err != nil {
		return nil, nil, err
	}
	language := at.Locale
	p := &textView{Preview: c.textAt(at.Kind, "/preview", language), Test: c.textAt(at.Kind, "/test", language), TestTo: c.staff.Email}
	p.Title, p.Lead = c.known("email.kind.", string(at.Kind)), c.look.Text("texts.purpose."+string(at.Kind))
	p.Crumbs = []html.Link{{Label: c.look.Text("texts.title"), URL: c.storeAt("/texts")}}
	for i, v := range textViews {
		p.Views = append(p.Views, html.Option{Value: v, Label: c.look.Text("texts.view." + v), Selected: i == 0})
	}
	for _, x := range placeholders {
		if !strings.Contains(x.Name, "{{.") { // those of the other template language are for programs
			p.Placeholders = append(p.Placeholders, x)
		}
	}
	if len(languages) > 1 {
		p.Tabs = &Tabs{Label: c.look.Text("field.language")}
		for _, l := range languages {
			p.Tabs.Items = append(p.Tabs.Items, NavItem{Label: c.languageName(l), URL: c.textAt(at.Kind, "", l), Current: l == language})
		}
	}
	p.Form = c.textForm(c.textAt(at.Kind, "", language), &e)
	if !e.Own {
		p.Message = &Message{Kind: "info", Text: c.look.Text("texts.begins")}
	}
	if p.Versions, err = c.textVersions(at, &e); err != nil {
		return nil, nil, err
	}
	if e.Own {
		p.Danger = []Action{{Label: c.look.Text("texts.reset"), URL: c.textAt(at.Kind, "/reset", language), Danger: true, Dialog: true}}
	}
	return p, &e, nil
}

func (c *call) textForm(action string, e *mail.Editing) *Form {
	subject := &html.Field{Name: "subject", Label: c.look.Text("texts.subject"), Type: "text", Value: e.Subject, Required: true, MaxLength: 1000, Autocomplete: "off"}
	body := &html.Field{Name: "html", Label: c.look.Text("texts.html"), Hint: c.look.Text("texts.html.hint"), Type: "textarea", Rows: 22, Value: e.HTML, Required: true}
	plain := &html.Field{Name: "text", Label: c.look.Text("texts.plain"), Hint: c.look.Text("texts.plain.hint"), Type: "textarea", Rows: 4, Value: e.Text, Plain: true}
	f := c.newForm(action, "save", subject, body, plain)
	f.Hide("version", strconv.FormatInt(e.Version, 10))
	f.Cancel = &html.Link{Label: c.look.Text("cancel"), URL: c.storeAt("/texts")}
	return f
}

// shownVersions is how many versions of a text the editor shows.
const shownVersions = 10

// textVersions are the versions that a text can go back to; nil where there are none.
func (c *call) textVersions(at mail.Place, e *mail.Editing) (*Table, error) {
	if e.Version == 0 {
		return nil, nil
	}
	all, err := c.Mail.History(c.R.Context(), c.store.ID, at)
	if err != nil {
		return nil, err
	}
	t := &Table{ID: "versions", Caption: c.look.Text("texts.versions"), Columns: []Column{{Label: c.look.Text("texts.version")}, {Label: c.look.Text("history.when")}, {Label: c.look.Text("history.by")}, {Label: c.look.Text("actions"), Hidden: true}}}
	for i := range all[:min(len(all), shownVersions)] {
		v := &all[i]
		n := strconv.FormatInt(v.Number, 10)
		what := Cell{Text: c.look.Text("texts.number", n), Sub: v.Subject}
		if v.Subject == "" && v.HTML == "" && v.Text == "" {
			what.Sub = c.look.Text("texts.program")
		}
		if v.Undo && v.Restores != 0 {
			what.Lozenges = []Lozenge{{"neutral", c.look.Text("texts.restored", strconv.FormatInt(v.Restores, 10))}}
		}
		row := Row{ID: "version-" + n, Cells: []Cell{what, {When: c.when(v.DateModified)}, {Text: c.known("texts.by.", string(v.Writer))}, {}}}
		if i > 0 {
			row.Cells[3].Post = &Button{Label: c.look.Text("texts.restore"), Action: c.textAt(at.Kind, "/undo", at.Locale), Fields: []html.Option{{Label: "version", Value: n}}, About: c.look.Text("texts.number", n)}
		}
		t.Rows = append(t.Rows, row)
	}
	return t, nil
}

func (c *call) textPage() error {
	p, _, err := c.textEditor()
	if err != nil {
		return err
	}
	return c.show(http.StatusOK, p)
}

// draft is the text as it was sent with the editor's form.
func (c *call) draft(e *mail.Editing) mail.Template {
	t := e.Template
	line := func(name string) string { return strings.ReplaceAll(c.value(name), "\r\n", "\n") }
	t.Subject, t.HTML, t.Text = line("subject"), line("html"), line("text")
	return t
}

func (c *call) saveText() error {
	p, e, err := c.textEditor()
	if err != nil {
		return err
	}
	f := p.Form
	if !c.filled(f) {
		return c.show(http.StatusUnprocessableEntity, p)
	}
	from, err := strconv.ParseInt(c.form.Get("version"), 10, 64)
	if err != nil {
		return errBad
	}
	if err := c.Mail.Save(c.R.Context(), c.store.ID, c.draft(e), from, mail.ByPanel); err != nil {
		if errors.Is(err, mail.ErrStale) {
			f.Hidden = nil
			f.Hide("version", strconv.FormatInt(e.Version, 10))
			c.conflict(f, c.textForm("", e))
			return c.show(http.StatusConflict, p)
		}
		return c.again(p, f, err)
	}
	undo := &Undo{Action: c.textAt(e.Kind, "/undo", e.Locale), Fields: []string{"version", strconv.FormatInt(e.Version, 10)}}
	return c.doneUndo(c.textAt(e.Kind, "", e.Locale), undo, "text_saved", p.Title)
}

// inView makes a page of an email look as on a device.
func inView(page, view string) string {
	to := "not all"
	if view == "dark" {
		to = "all"
	}
	return strings.ReplaceAll(page, "(prefers-color-scheme: dark)", to)
}

// textPreview is how the text of the address looks, in a frame.
func (c *call) textPreview() error {
	_, _, e, err := c.textHere()
	if err != nil {
		return err
	}
	return c.showDraft(e.Template, c.R.URL.Query().Get("view"))
}

// draftPreview is how a text looks that is being written, in a frame.
func (c *call) draftPreview() error {
	_, _, e, err := c.textHere()
	if err != nil {
		return err
	}
	return c.showDraft(c.draft(&e), c.form.Get("view"))
}

func (c *call) showDraft(t mail.Template, view string) error {
	_, _, page, err := c.Mail.Draft(c.R.Context(), c.store.ID, t)
	if err != nil {
		text, ok := c.problem(err)
		if !ok {
			return err
		}
		var b strings.Builder
		b.WriteString(`<!doctype html><html><head><meta charset="utf-8"><style>body{font:16px/1.5 system-ui,sans-serif;margin:24px;color:#7a1f25}</style></head><body><p role="alert">`)
		b.WriteString(template.HTMLEscapeString(text))
		b.WriteString(`</p></body></html>`)
		page = b.String()
	}
	c.sendFramed(inView(page, view))
	return nil
}

// testText sends what is being written to who writes it.
func (c *call) testText() error {
	p, e, err := c.textEditor()
	if err != nil {
		return err
	}
	f := p.Form
	if !c.filled(f) {
		return c.show(http.StatusUnprocessableEntity, p)
	}
	if err := c.Mail.Try(c.R.Context(), c.store.ID, c.draft(e), c.staff.Email, c.staff.Name); err != nil {
		return c.again(p, f, err)
	}
	p.Notice = &Notice{Text: c.look.Text("notice.text_tested", c.staff.Email)}
	return c.show(http.StatusOK, p)
}

// undoText goes back to an earlier version, or with 0 to the program's own text.
func (c *call) undoText() error {
	at, _, err := c.textPlace()
	if err != nil {
		return err
	}
	to, err := strconv.ParseInt(c.form.Get("version"), 10, 64)
	if err != nil || to < 0 {
		return errBad
	}
	if _, err := c.Mail.Undo(c.R.Context(), c.store.ID, at, opt.Some(to), mail.ByPanel); err != nil {
		return err
	}
	return c.done(c.textAt(at.Kind, "", at.Locale), "text_restored")
}

func (c *call) resetTextForm() (*questionPage, mail.Place, error) {
	at, _, err := c.textPlace()
	if err != nil {
		return nil, at, err
	}
	name := c.known("email.kind.", string(at.Kind))
	p := c.ask("texts.reset_q", c.textAt(at.Kind, "/reset", at.Locale), true, c.textAt(at.Kind, "", at.Locale), name)
	p.Crumbs = []html.Link{{Label: c.look.Text("texts.title"), URL: c.storeAt("/texts")}, {Label: name, URL: c.textAt(at.Kind, "", at.Locale)}}
	return p, at, nil
}

func (c *call) resetTextPage() error {
	p, _, err := c.resetTextForm()
	if err != nil {
		return err
	}
	return c.show(http.StatusOK, p)
}

func (c *call) resetText() error {
	_, at, err := c.resetTextForm()
	if err != nil {
		return err
	}
	// One that has none is as it is to be.
	if err := c.Mail.Reset(c.R.Context(), c.store.ID, at, mail.ByPanel); err != nil && !isNotFound(err) {
		return err
	}
	return c.done(c.textAt(at.Kind, "", at.Locale), "text_reset")
}
