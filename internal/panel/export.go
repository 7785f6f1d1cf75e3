package panel

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"

	"clientele/internal/bulk"
	"clientele/internal/desk"
	"clientele/internal/export"
	"clientele/internal/fault"
	"clientele/internal/html"
	"clientele/internal/intake"
	"clientele/internal/rule"
	"clientele/internal/staff"
)

// exportRoutes are the pages of files that are written for somebody, and of the
// templates for them. They are for who may export subscribers; files of customers are
// for who may export these.
func exportRoutes() []Route {
	may := In(staff.ExportSubscribers)
	at := ofStore + "/export"
	return []Route{
		get(at, may, (*call).exportsPage), sudo(get(at+"/new", may, (*call).newExportPage)), sudo(post(at+"/new", may, (*call).makeExport)),
		get(at+"/{id}", may, (*call).exportPage), asides(get(at+"/{id}/live", may, (*call).exportLive)),
		sudo(get(at+"/{id}/file", may, (*call).exportFile)), post(at+"/{id}/cancel", may, (*call).cancelExport),
		get(at+"/templates/new", may, (*call).templatePage), post(at+"/templates/new", may, (*call).saveTemplate),
		get(at+"/templates/{id}/remove", may, (*call).removeTemplatePage), post(at+"/templates/{id}/remove", may, (*call).removeTemplate),
	}
}

func (c *call) exportAt(id int64, more string) string {
	return c.storeAt("/export/" + strconv.FormatInt(id, 10) + more)
}

// mayExportKind reports whether who is signed in may take records of a kind away.
func (c *call) mayExportKind(k export.Kind) bool {
	return k == export.Subscribers || c.can(staff.ExportCustomers)
}

// seesExport reports whether who is signed in may have the file of an export.
func (c *call) seesExport(e *export.Export) bool {
	return c.mayExportKind(e.Kind) && e.Format != export.Clientele && e.OpenTo(c.staff.Actor(), c.staff.Rights.Owns(c.store.ID))
}

// oneExport returns the export of the address; that of somebody else is not there.
func (c *call) oneExport() (*export.Export, error) {
	id, err := c.param("id")
	if err != nil {
		return nil, err
	}
	e, err := c.Exports.Get(c.R.Context(), c.store.ID, id)
	if err == nil && !c.seesExport(e) {
		err = errNoPage
	}
	return e, err
}

var exportStates = map[export.State]string{export.Running: "info", export.Done: "success", export.Failed: "danger", export.Cancelled: "warning"}

func (c *call) exportState(e *export.Export) Lozenge {
	return Lozenge{exportStates[e.State], c.look.Text("export.state." + string(e.State))}
}

// exportWhat tells of whom a file is.
func (c *call) exportWhat(o *export.Options) string {
	switch {
	case o.IDs != nil:
		return c.look.Text("export.what.chosen", c.look.number(int64(len(o.IDs))))
	case o.Rule != "":
		return c.shownRule(o.Rule)
	case o.Filter != "":
		return c.filterWords(o.Filter)
	case o.Segment != "":
		return c.look.Text("export.what.segment")
	}
	return c.look.Text("export.what.all")
}

// shownRule is a rule with the names that things have now.
func (c *call) shownRule(text string) string {
	n, err := rule.Parse(text)
	if err != nil {
		return text
	}
	if _, asked, err := c.Rules.Ask(c.R.Context(), c.store.ID, n); err == nil && asked != nil {
		return asked.Node.String()
	}
	return text
}

func (c *call) exportsPage() error {
	p := &listPage{}
	p.Title, p.Lead = c.look.Text("export.title"), c.look.Text("export.lead")
	p.Actions = []Action{{Label: c.look.Text("export.template.new"), URL: c.storeAt("/export/templates/new")}, {Label: c.look.Text("export.new"), URL: c.storeAt("/export/new"), Primary: true}}
	q, err := c.asked(export.List)
	if err != nil {
		return err
	}
	all, res, err := c.Exports.Page(c.R.Context(), c.store.ID, q)
	if err != nil {
		return err
	}
	t := &Table{ID: "list", Caption: p.Title, Columns: []Column{
		{Label: c.look.Text("export.file")}, {Label: c.look.Text("export.kind")}, {Label: c.look.Text("export.what")}, {Label: c.look.Text("import.rows"), Numeric: true},
		{Label: c.look.Text("customers.column.state")}, {Label: c.look.Text("history.by")}, {Label: c.look.Text("bulk.begun")},
	}}
	for i := range all {
		e := &all[i]
		if !c.seesExport(e) {
			continue
		}
		name := Cell{Text: e.File, URL: c.exportAt(e.ID, "")}
		if e.File == "" {
			name.Text = c.look.Text("export.number", strconv.FormatInt(e.ID, 10))
		} else {
			name.Sub = c.bytes(e.Size)
		}
		t.Rows = append(t.Rows, Row{ID: "export-" + strconv.FormatInt(e.ID, 10), Cells: []Cell{
			name, {Text: c.known("import.kind.", string(e.Kind))}, {Text: short(c.exportWhat(&e.Options), 80)}, {Text: c.look.number(e.Records)}, {Lozenges: []Lozenge{c.exportState(e)}}, {Text: c.actorName(&e.By)}, {When: c.when(e.Created)},
		}})
	}
	p.Table, p.Pages = t, c.pagesOf(q, res, "results")
	if len(t.Rows) == 0 {
		p.Table, p.Pages = nil, nil
		p.Empty = &Empty{Icon: "copy", Title: c.look.Text("export.none.title"), Text: c.look.Text("export.none.text"), Action: &p.Actions[1]}
		p.Actions = p.Actions[:1]
	}
	return c.show(http.StatusOK, p)
}

// fileTemplate is how a file is written: one that is there from the beginning, or one that
// somebody keeps.
type fileTemplate struct {
	value, label string
	options      export.Options
	view         *desk.View // nil: from the beginning
}

// exportTemplates are those that who is signed in may use.
func (c *call) exportTemplates() (out []fileTemplate, err error) {
	for _, k := range []export.Kind{export.Customers, export.Subscribers} {
		if !c.mayExportKind(k) {
			continue
		}
		for _, name := range export.Templates {
			if o, ok := export.Template(name, k); ok {
				out = append(out, fileTemplate{value: string(k) + "/" + name, label: c.look.Text("import.kind."+string(k)) + ": " + c.look.Text("export.template."+name), options: o})
			}
		}
	}
	views, err := c.Desk.Views(c.R.Context(), c.store.ID, desk.ExportsList, c.staff.ID)
	for i := range views {
		v := &views[i]
		o, ok := templateOf(v)
		if ok && c.mayExportKind(o.Kind) {
			out = append(out, fileTemplate{value: "view/" + strconv.FormatInt(v.ID, 10), label: c.look.Text("import.kind."+string(o.Kind)) + ": " + v.Name, options: o, view: v})
		}
	}
	return out, err
}

// templateOf reads the options that a view keeps.
func templateOf(v *desk.View) (o export.Options, ok bool) {
	q, err := url.ParseQuery(v.Query)
	if err != nil || v.List != desk.ExportsList || json.Unmarshal([]byte(q.Get("options")), &o) != nil {
		return o, false
	}
	return o, o.Check() == nil
}

// newExportForm asks for a file. The address may say of whom.
func (c *call) newExportForm() (*formPage, []fileTemplate, bulk.Options, error) {
	subject := bulk.Subject(c.R.URL.Query().Get("kind"))
	if subject != bulk.Subscribers {
		subject = bulk.Customers
	}
	q := c.R.URL.Query()
	o := bulk.Options{Subject: subject}
	if q.Get("id") != "" || q.Get("all") != "" {
		o = c.selected(subject)
	}
	p := &formPage{Intro: c.look.Text("export.text")}
	p.Title = c.look.Text("export.new")
	p.Crumbs = []html.Link{{Label: c.look.Text("export.title"), URL: c.storeAt("/export")}}
	of := o.IDs != nil || o.Rule != "" || o.Filter != ""
	p.Form = c.newForm(c.storeAt("/export/new"), "export.submit")
	if of {
		p.Form.Action += selection(o) + "&kind=" + string(subject)
		p.Messages = []Message{{Kind: "info", Text: c.look.Text("export.of", c.exportWhat(&export.Options{IDs: o.IDs, Rule: o.Rule, Filter: o.Filter}))}}
	}
	p.Form.Cancel = &html.Link{Label: c.look.Text("cancel"), URL: c.storeAt("/export")}
	all, err := c.exportTemplates()
	if err != nil {
		return nil, nil, o, err
	}
	if of { // those of the other kind cannot be meant
		all = slices.DeleteFunc(all, func(t fileTemplate) bool { return string(t.options.Kind) != string(subject) })
	}
	choose := &html.Field{Name: "template", Label: c.look.Text("export.template"), Hint: c.look.Text("export.template.hint"), Type: "select", Required: true}
	for _, t := range all {
		choose.Options = append(choose.Options, html.Option{Value: t.value, Label: t.label, Selected: t.value == q.Get("template")})
	}
	fields := []*html.Field{choose}
	if !of {
		segments := &html.Field{Name: "segment", Label: c.look.Text("export.what"), Type: "select", Plain: true, Options: []html.Option{{Label: c.look.Text("export.what.all")}}}
		names, _, err := c.Rules.Ask(c.R.Context(), c.store.ID, nil)
		if err != nil {
			return nil, nil, o, err
		}
		for _, s := range names.Segments {
			segments.Options = append(segments.Options, html.Option{Value: s.UUID, Label: c.look.Text("export.of_segment", s.Name)})
		}
		fields = append(fields, segments)
	}
	fields = append(fields, c.exportFields(&export.Options{}, true)...)
	p.Form.Sections = []*html.Section{{Fields: fields}}
	return p, all, o, nil
}

// exportFields ask how a file is written. over tells that a template says it too.
func (c *call) exportFields(o *export.Options, over bool) []*html.Field {
	format := "comma"
	switch {
	case o.Lines:
		format = "lines"
	case o.Separator == ";":
		format = "semicolon"
	case o.Separator == "\t":
		format = "tab"
	}
	f := &html.Field{Name: "format", Label: c.look.Text("export.format"), Type: "select", Narrow: true, Plain: true}
	d := &html.Field{Name: "dates", Label: c.look.Text("export.dates"), Type: "select", Narrow: true, Plain: true}
	if over {
		f.Options = append(f.Options, html.Option{Label: c.look.Text("export.as_template")})
		d.Options = append(d.Options, html.Option{Label: c.look.Text("export.as_template")})
	}
	for _, v := range []string{"comma", "semicolon", "tab", "lines"} {
		f.Options = append(f.Options, html.Option{Value: v, Label: c.look.Text("export.format." + v), Selected: !over && v == format})
	}
	for _, v := range []export.Dates{"", export.Day, export.DayAndTime, export.DayFirst, export.MonthFirst} {
		value := string(v)
		if v == "" {
			value = "iso"
		}
		d.Options = append(d.Options, html.Option{Value: value, Label: c.look.Text("export.dates." + value), Selected: !over && v == o.Dates})
	}
	return []*html.Field{f, d, {Name: "raw", Label: c.look.Text("export.raw"), Hint: c.look.Text("export.raw.hint"), Type: "check", Checked: o.Raw}}
}

// enterExport takes how a file is written from a form.
func (c *call) enterExport(o *export.Options) {
	switch c.form.Get("format") {
	case "comma":
		o.Separator, o.Lines = "", false
	case "semicolon":
		o.Separator, o.Lines = ";", false
	case "tab":
		o.Separator, o.Lines = "\t", false
	case "lines":
		o.Separator, o.Lines = "", true
	}
	switch v := c.form.Get("dates"); v {
	case "":
	case "iso":
		o.Dates = ""
	default:
		o.Dates = export.Dates(v)
	}
	if c.form.Get("raw") != "" {
		o.Raw = true
	}
}

func (c *call) newExportPage() error {
	p, _, _, err := c.newExportForm()
	if err != nil {
		return err
	}
	return c.show(http.StatusOK, p)
}

func (c *call) makeExport() error {
	p, all, of, err := c.newExportForm()
	if err != nil {
		return err
	}
	if !c.filled(p.Form) {
		return c.show(http.StatusUnprocessableEntity, p)
	}
	at := slices.IndexFunc(all, func(t fileTemplate) bool { return t.value == c.form.Get("template") })
	if at < 0 {
		return errBad
	}
	o := all[at].options
	o.IDs, o.Rule, o.Filter = of.IDs, of.Rule, of.Filter
	if p.Form.Field("segment") != nil {
		o.Segment = c.value("segment")
	}
	c.enterExport(&o)
	e, err := c.Exports.Ask(c.R.Context(), c.store.ID, o)
	if f := new(rule.Fault); errors.As(err, &f) {
		p.Form.Problem = c.ruleProblem(f)
		return c.show(http.StatusUnprocessableEntity, p)
	}
	if f := fault.As(err); f != nil && f.Kind == fault.Conflict && len(f.Items) == 0 {
		p.Form.Problem = c.look.Text("wrong.export_many")
		return c.show(http.StatusConflict, p)
	}
	if err != nil {
		return c.again(p, p.Form, err)
	}
	return c.redirect(c.exportAt(e.ID, ""))
}

func exportKey(e *export.Export) string { return keyOf(e.State, e.Records) }

func (c *call) exportPage() error {
	e, err := c.oneExport()
	if err != nil {
		return err
	}
	p := &workView{Lozenges: []Lozenge{c.exportState(e)}}
	p.Title = e.File
	if p.Title == "" {
		p.Title = c.look.Text("export.number", strconv.FormatInt(e.ID, 10))
	}
	p.Crumbs = []html.Link{{Label: c.look.Text("export.title"), URL: c.storeAt("/export")}}
	p.Facts = []Fact{{Label: c.look.Text("export.kind"), Value: c.known("import.kind.", string(e.Kind))}, {Label: c.look.Text("export.what"), Value: c.exportWhat(&e.Options)}, {Label: c.look.Text("import.rows"), Value: c.look.number(e.Records)}}
	switch e.State {
	case export.Running:
		p.Events = c.with(c.exportAt(e.ID, "/live"), "of", exportKey(e))
		p.Bar = &Progress{Label: c.look.Text("export.writing"), Text: c.look.Text("bulk.progress.some", c.look.number(e.Records))}
		p.Messages = append(p.Messages, Message{Kind: "info", Text: c.look.Text("work.close")})
		p.Posts = []Button{{Label: c.look.Text("work.stop"), Action: c.exportAt(e.ID, "/cancel")}}
	case export.Done:
		p.Facts = append(p.Facts, Fact{Label: c.look.Text("import.size"), Value: c.bytes(e.Size)}, Fact{Label: "SHA-256", Value: e.FileHash})
		p.Messages = append(p.Messages, Message{Kind: "success", Text: c.look.Text("export.ready")})
		p.Links = []Action{{Label: c.look.Text("export.download"), URL: c.exportAt(e.ID, "/file"), Primary: true}}
	case export.Failed:
		p.Messages = append(p.Messages, Message{Kind: "error", Title: c.look.Text("export.failed"), Text: e.Error})
	}
	p.Facts = append(p.Facts, Fact{Label: c.look.Text("history.by"), Value: c.actorName(&e.By)}, Fact{Label: c.look.Text("bulk.begun"), When: c.when(e.Created)})
	return c.show(http.StatusOK, p)
}

// exportLive tells when the page of an export is not what is there any more.
func (c *call) exportLive() error {
	return c.follow(c.R.URL.Query().Get("of"), func() (string, error) {
		e, err := c.oneExport()
		if err != nil {
			return "", err
		}
		return exportKey(e), nil
	})
}

func (c *call) exportFile() error {
	e, err := c.oneExport()
	if err != nil {
		return err
	}
	if e.State != export.Done {
		return c.redirect(c.exportAt(e.ID, ""))
	}
	kind := "application/zip"
	switch {
	case e.Table():
		kind = "text/csv; charset=utf-8"
	case e.Lines:
		kind = "application/x-ndjson"
	}
	if c.R.Method == http.MethodHead {
		return c.sendFile(kind, e.File, nil)
	}
	e, f, err := c.Exports.Open(c.R.Context(), c.store.ID, e.ID)
	if err != nil {
		return err
	}
	defer f.Close()
	c.exchange.Lasts()
	intake.Long(c.W)
	return c.sendFile(kind, e.File, func() error {
		_, err := io.Copy(c.W, f)
		return err
	})
}

func (c *call) cancelExport() error {
	e, err := c.oneExport()
	if err != nil {
		return err
	}
	// One that has ended meanwhile is shown as it is.
	if _, err := c.Exports.Cancel(c.R.Context(), c.store.ID, e.ID); err != nil && fault.As(err) == nil {
		return err
	}
	return c.redirect(c.exportAt(e.ID, ""))
}
