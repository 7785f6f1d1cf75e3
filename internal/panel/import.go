package panel

import (
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"strconv"

	"clientele/internal/customer"
	"clientele/internal/fault"
	"clientele/internal/html"
	"clientele/internal/intake"
	"clientele/internal/staff"
	"clientele/internal/transfer"
	"clientele/internal/transfer/source"
)

// importRoutes are the pages that lead from a file to what became of its rows. They
// are for who may import subscribers; files of customers are for who may import these.
func importRoutes() []Route {
	may := In(staff.ImportSubscribers)
	at := ofStore + "/import"
	receive := post(at, may, (*call).receiveFile)
	receive.Streams = true
	return []Route{
		get(at, may, (*call).importsPage), receive,
		get(at+"/{id}", may, (*call).importPage), asides(get(at+"/{id}/live", may, (*call).importLive)),
		get(at+"/{id}/columns", may, (*call).importColumnsPage), post(at+"/{id}/columns", may, (*call).saveImportColumns),
		get(at+"/{id}/rules", may, (*call).importRulesPage), post(at+"/{id}/rules", may, (*call).saveImportRules),
		post(at+"/{id}/run", may, (*call).runImport), post(at+"/{id}/pause", may, (*call).pauseImport),
		post(at+"/{id}/resume", may, (*call).resumeImport), post(at+"/{id}/undo", may, (*call).undoImport),
		get(at+"/{id}/errors", may, (*call).importErrors), get(at+"/{id}/warnings", may, (*call).importWarnings),
	}
}

func (c *call) importAt(id int64, more string) string {
	return c.storeAt("/import/" + strconv.FormatInt(id, 10) + more)
}

// importSteps are the steps from a file to its rows.
func (c *call) importSteps(at int) *Steps {
	s := &Steps{Label: c.look.Text("import.steps"), Current: at}
	for _, key := range []string{"file", "columns", "rules", "trial", "run"} {
		s.Items = append(s.Items, c.look.Text("import.step."+key))
	}
	return s
}

// mayImport reports whether who is signed in may see an import, and change it.
func (c *call) mayImport(imp *transfer.Import) bool {
	return c.can(staff.ImportCustomers) || imp.Kind() == source.Subscribers
}

// oneImport returns the import of the address. One of customers is not there for who
// may import subscribers alone.
func (c *call) oneImport() (*transfer.Import, error) {
	id, err := c.param("id")
	if err != nil {
		return nil, err
	}
	imp, err := c.Transfer.Get(c.R.Context(), c.store.ID, id)
	if err == nil && !c.mayImport(imp) {
		err = errNoPage
	}
	return imp, err
}

// importName is what an import is called.
func (c *call) importName(imp *transfer.Import) string {
	if imp.File == "" {
		return c.look.Text("import.number", strconv.FormatInt(imp.ID, 10))
	}
	return imp.File
}

// importState is where an import is, in a word.
func (c *call) importState(imp *transfer.Import) Lozenge {
	kind := map[transfer.State]string{transfer.Done: "success", transfer.Failed: "danger", transfer.Stopped: "warning", transfer.Cancelled: "warning", transfer.Reverted: "neutral"}[imp.State]
	if kind == "" {
		kind = "info"
	}
	key := string(imp.State)
	if imp.Plan.DryRun {
		key = "trial." + key
		if imp.State == transfer.Done {
			kind = "info"
		}
	}
	return Lozenge{kind, c.known("import.state.", key)}
}

// fileForm takes a file.
func (c *call) fileForm() *Form {
	f := c.newForm(c.storeAt("/import"), "import.file.submit",
		&html.Field{Name: "file", Label: c.look.Text("import.file"), Hint: c.look.Text("import.file.hint"), Type: "file", Required: true})
	f.Files, f.Inline, f.Drop = true, true, c.look.Text("import.file.drop")
	return f
}

// importsList is the page of imports, with the form for another one.
func (c *call) importsList() (*workView, error) {
	p := &workView{Form: c.fileForm()}
	p.Title, p.Lead = c.look.Text("import.title"), c.look.Text("import.lead")
	q, err := c.asked(transfer.List)
	if err != nil {
		return nil, err
	}
	all, res, err := c.Transfer.Page(c.R.Context(), c.store.ID, q)
	if err != nil {
		return nil, err
	}
	t := &Table{ID: "list", Caption: c.look.Text("import.list"), Columns: []Column{
		{Label: c.look.Text("import.file")}, {Label: c.look.Text("import.kind")}, {Label: c.look.Text("import.rows"), Numeric: true}, {Label: c.look.Text("import.created"), Numeric: true},
		{Label: c.look.Text("import.rejected"), Numeric: true}, {Label: c.look.Text("customers.column.state")}, {Label: c.look.Text("history.by")}, {Label: c.look.Text("bulk.begun")},
	}}
	for i := range all {
		imp := &all[i]
		if !c.mayImport(imp) {
			continue
		}
		t.Rows = append(t.Rows, Row{ID: "import-" + strconv.FormatInt(imp.ID, 10), Cells: []Cell{
			{Text: c.importName(imp), Sub: c.bytes(imp.Size), URL: c.importAt(imp.ID, "")}, {Text: c.known("import.kind.", string(imp.Kind()))}, {Text: c.look.number(imp.Counts.Rows)}, {Text: c.look.number(imp.Counts.Created)},
			{Text: c.look.number(imp.Counts.Rejected)}, {Lozenges: []Lozenge{c.importState(imp)}}, {Text: c.actorName(&imp.By)}, {When: c.when(imp.Created)},
		}})
	}
	if len(t.Rows) > 0 {
		b := &Block{ID: "imports", Title: c.look.Text("import.list"), Table: t}
		if pages := c.pagesOf(q, res, "work"); pages.Next != "" {
			b.More = &html.Link{Label: c.look.Text("import.older"), URL: pages.Next}
		}
		p.After = append(p.After, b)
	}
	return p, nil
}

func (c *call) importsPage() error {
	p, err := c.importsList()
	if err != nil {
		return err
	}
	return c.show(http.StatusOK, p)
}

// maxFileName bounds the name of a file, in characters.
const maxFileName = 200

// receiveFile keeps a file as it comes, and has a server look at it.
func (c *call) receiveFile() error {
	imp, err := c.receive()
	f := fault.As(err)
	if f == nil || c.exchange.Gone() {
		if err != nil {
			return err
		}
		return c.redirect(c.importAt(imp.ID, ""))
	}
	p, other := c.importsList()
	if other != nil {
		return other
	}
	switch f.Kind {
	case fault.TooLarge:
		p.Form.Field("file").Error = c.look.Text("wrong.file_large")
	case fault.Invalid:
		p.Form.Field("file").Error = c.look.Text("wrong.choose")
	case fault.Conflict:
		p.Form.Problem = c.look.Text("wrong.import_room")
	case fault.Unavailable:
		p.Form.Problem = c.look.Text("wrong.import_busy")
	default:
		return err
	}
	return c.show(http.StatusUnprocessableEntity, p)
}

// receive reads the one file of a form.
func (c *call) receive() (*transfer.Import, error) {
	kind, parameters, err := mime.ParseMediaType(c.R.Header.Get("Content-Type"))
	if err != nil || kind != "multipart/form-data" || parameters["boundary"] == "" {
		return nil, fault.New(fault.Invalid, "there is no file in the form")
	}
	body, err := c.exchange.BodyStream(transfer.MaxFile)
	if err != nil {
		return nil, err
	}
	file, name, err := c.filePart(multipart.NewReader(body, parameters["boundary"]))
	if err := body.End(err); err != nil {
		return nil, err
	}
	defer file.Drop(c.R.Context())
	o := transfer.Options{OnExisting: customer.SkipExisting, Hold: true}
	if !c.can(staff.ImportCustomers) {
		o.Kind = source.Subscribers
	}
	return c.Transfer.Accept(c.R.Context(), file, name, o)
}

// filePart keeps the part of a form that is a file.
func (c *call) filePart(form *multipart.Reader) (file *transfer.Received, name string, err error) {
	for {
		part, err := form.NextPart()
		switch {
		case errors.Is(err, io.EOF) && file == nil:
			return nil, "", fault.New(fault.Invalid, "there is no file in the form")
		case errors.Is(err, io.EOF):
			return file, name, nil
		case err == nil && (file != nil || part.FormName() != "file"):
			continue
		case err == nil:
			name = short(clean(part.FileName()), maxFileName)
			file, err = c.Transfer.Receive(c.R.Context(), c.store.ID, part)
		}
		if err != nil {
			if file != nil {
				file.Drop(c.R.Context())
			}
			if fault.As(err) == nil {
				err = errBad
			}
			return nil, "", err
		}
	}
}

// importPage is the page of an import: of a file that is looked at or tried, of rows
// that are taken, or of what became of them.
func (c *call) importPage() error {
	imp, err := c.oneImport()
	if err != nil {
		return err
	}
	p := &workView{}
	p.Title = c.importName(imp)
	p.Crumbs = []html.Link{{Label: c.look.Text("import.title"), URL: c.storeAt("/import")}}
	p.Lozenges = []Lozenge{c.importState(imp)}
	if imp.Kept {
		p.Steps = c.importSteps(4)
	}
	switch {
	case imp.State == transfer.Waiting:
		return c.redirect(c.importAt(imp.ID, "/columns"))
	case imp.State == transfer.Inspecting && imp.Plan.Hold || imp.State == transfer.Running && imp.Plan.Hold:
		c.importLook(p, imp)
	case imp.Plan.DryRun:
		p.Steps = c.importSteps(3)
		err = c.importTrial(p, imp)
	default:
		err = c.importRun(p, imp)
	}
	if err != nil {
		return err
	}
	return c.show(http.StatusOK, p)
}

func importKey(imp *transfer.Import) string {
	return keyOf(imp.State, imp.Counts, imp.Position, imp.Undone != nil && imp.State == transfer.Undoing, imp.Modified)
}

// importLive tells when the page of an import is not what is there any more.
func (c *call) importLive() error {
	return c.follow(c.R.URL.Query().Get("of"), func() (string, error) {
		imp, err := c.oneImport()
		if err != nil {
			return "", err
		}
		return importKey(imp), nil
	})
}

// following has the page of an import follow it.
func (c *call) following(p *workView, imp *transfer.Import) {
	p.Events = c.with(c.importAt(imp.ID, "/live"), "of", importKey(imp))
	p.Messages = append(p.Messages, Message{Kind: "info", Text: c.look.Text("work.close")})
}

// importLook is the page while a server looks what a file is.
func (c *call) importLook(p *workView, imp *transfer.Import) {
	p.Steps = c.importSteps(0)
	c.following(p, imp)
	p.Bar = &Progress{Label: c.look.Text("import.looking"), Text: c.look.Text("import.looking")}
	p.Facts = []Fact{{Label: c.look.Text("import.size"), Value: c.bytes(imp.Size)}}
	p.Posts = []Button{{Label: c.look.Text("work.stop"), Action: c.importAt(imp.ID, "/pause")}}
}

// importBar is how far rows are taken or tried.
func (c *call) importBar(imp *transfer.Import) *Progress {
	b := &Progress{Label: c.look.Text("import.progress"), Value: imp.Counts.Rows, Text: c.look.Text("import.looking")}
	if in := imp.Inspection; in != nil {
		b.Max = in.Rows
		b.Text = c.look.Text("import.rows.of", c.look.number(imp.Counts.Rows), c.look.number(in.Rows))
	}
	if rate := int64(imp.Rate() + 0.5); rate > 0 {
		b.Text += " · " + c.look.Text("import.rate", c.look.number(rate)) + " · " + c.look.Text("import.left", c.seconds(imp.Left()))
	}
	return b
}

// importCounts are the numbers of what became of rows, or would.
func (c *call) importCounts(imp *transfer.Import) (out []Fact) {
	n := imp.Counts
	for _, f := range []struct {
		key    string
		n      int64
		always bool
	}{
		{"rows", n.Rows, true}, {"created", n.Created, true}, {"changed", n.Changed, true}, {"unchanged", n.Unchanged, true}, {"skipped", n.Skipped, false}, {"rejected", n.Rejected, true},
		{"warnings", n.Warnings, false}, {"subscribed", n.Subscribed, false}, {"unsubscribed", n.Left, false}, {"kept", n.Kept, false},
	} {
		if f.always || f.n > 0 {
			out = append(out, Fact{Label: c.look.Text("import." + f.key), Value: c.look.number(f.n)})
		}
	}
	return out
}

// importTrial is the page of a trial: how far it is, or what would become of the rows.
func (c *call) importTrial(p *workView, imp *transfer.Import) error {
	p.Facts = c.importCounts(imp)
	if !imp.State.Ended() {
		c.following(p, imp)
		p.Bar = c.importBar(imp)
		p.Posts = []Button{{Label: c.look.Text("work.stop"), Action: c.importAt(imp.ID, "/pause")}}
		return nil
	}
	p.Links = []Action{c.link("import.to_columns", c.importAt(imp.ID, "/columns")), c.link("import.to_rules", c.importAt(imp.ID, "/rules"))}
	if imp.State != transfer.Done && imp.State != transfer.Stopped {
		c.importFailed(p, imp)
		return nil
	}
	n := imp.Counts
	switch {
	case n.Created+n.Changed+n.Subscribed+n.Left == 0:
		p.Messages = append(p.Messages, Message{Kind: "warning", Title: c.look.Text("import.trial.nothing.title"), Text: c.look.Text("import.trial.nothing")})
	case n.Rejected > 0:
		p.Messages = append(p.Messages, Message{Kind: "warning", Title: c.look.Text("import.trial.wrong.title", c.look.number(n.Rejected)), Text: c.look.Text("import.trial.wrong")})
	default:
		p.Messages = append(p.Messages, Message{Kind: "success", Title: c.look.Text("import.trial.good.title"), Text: c.look.Text("import.trial.good")})
	}
	if imp.CanRevise() {
		p.Posts = []Button{{Label: c.look.Text("import.run"), Action: c.importAt(imp.ID, "/run"), Primary: true}}
	}
	if err := c.importWrong(p, imp); err != nil {
		return err
	}
	if imp.Inspection == nil {
		return nil
	}
	for _, outcome := range []string{"created", "changed", "unchanged", "skipped"} {
		some := imp.Inspection.Examples[outcome]
		if len(some) == 0 {
			continue
		}
		b := &Block{ID: outcome, Title: c.look.Text("import.examples." + outcome)}
		b.Table = &Table{ID: "list-" + outcome, Caption: b.Title, Columns: []Column{{Label: c.look.Text("import.line")}, {Label: c.look.Text("field.email")}, {Label: c.look.Text("customers.column.name")}}}
		for i, x := range some {
			b.Table.Rows = append(b.Table.Rows, Row{ID: outcome + "-" + strconv.Itoa(i), Cells: []Cell{{Text: c.look.number(x.Line)}, {Text: x.Email}, {Text: x.Name}}})
		}
		p.Blocks = append(p.Blocks, b)
	}
	return nil
}

// importFailed says why an import came to no good end.
func (c *call) importFailed(p *workView, imp *transfer.Import) {
	if imp.State == transfer.Failed {
		p.Messages = append(p.Messages, Message{Kind: "error", Title: c.look.Text("import.failed"), Text: imp.Error})
	}
}

// importWrong tells of what is wrong with rows, with line, column and reason.
func (c *call) importWrong(p *workView, imp *transfer.Import) error {
	if imp.Problems == 0 {
		return nil
	}
	wrong, all, err := c.Transfer.Wrongs(c.R.Context(), c.store.ID, imp.ID)
	if err != nil {
		return err
	}
	for i := range wrong {
		w := &wrong[i]
		id := "wrong-" + strconv.Itoa(i)
		key := "import.wrong"
		if w.Warning {
			key = "import.partly"
		}
		b := &Block{ID: id, Title: c.look.Text(key, c.importReason(w.Code), c.look.number(w.Count))}
		if !all {
			b.Title = c.look.Text(key+".some", c.importReason(w.Code), c.look.number(w.Count))
		}
		b.Table = &Table{ID: "list-" + id, Caption: b.Title, Columns: []Column{{Label: c.look.Text("import.line")}, {Label: c.look.Text("import.column")}, {Label: c.look.Text("bulk.reason")}}}
		for n, x := range w.First {
			b.Table.Rows = append(b.Table.Rows, Row{ID: id + "-" + strconv.Itoa(n), Cells: []Cell{{Text: c.look.number(x.Line)}, {Text: x.Column}, {Text: c.importReason(x.Code)}}})
		}
		p.Blocks = append(p.Blocks, b)
	}
	if imp.Kept && imp.Counts.Rejected > 0 {
		p.Links = append(p.Links, c.link("import.errors", c.importAt(imp.ID, "/errors")))
	}
	if imp.Kept && imp.Counts.Warnings > 0 {
		p.Links = append(p.Links, c.link("import.warnings.file", c.importAt(imp.ID, "/warnings")))
	}
	return nil
}

// importReason says what a code means.
func (c *call) importReason(code string) string {
	if c.look.Has("import.code." + code) {
		return c.look.Text("import.code." + code)
	}
	return transfer.Message(code)
}

// importRun is the page of rows that are taken, and of what became of them.
func (c *call) importRun(p *workView, imp *transfer.Import) error {
	p.Facts = c.importCounts(imp)
	at := func(more string) string { return c.importAt(imp.ID, more) }
	switch imp.State {
	case transfer.Inspecting, transfer.Running:
		p.Bar = c.importBar(imp)
		if !imp.Kept { // a command takes it
			return nil
		}
		c.following(p, imp)
		p.Posts = []Button{{Label: c.look.Text("import.pause"), Action: at("/pause")}}
		return nil
	case transfer.Undoing:
		c.following(p, imp)
		p.Bar = &Progress{Label: c.look.Text("import.state.undoing"), Text: c.look.Text("import.state.undoing")}
	}
	if u := imp.Undone; u != nil {
		p.Facts = append(p.Facts, Fact{Label: c.look.Text("import.undone"), Value: c.look.number(u.Customers + u.Subscribers)}, Fact{Label: c.look.Text("bulk.kept"), Value: c.look.number(u.KeptCustomers + u.KeptSubscribers)})
		return nil
	}
	c.importFailed(p, imp)
	switch {
	case imp.State == transfer.Cancelled:
		p.Messages = append(p.Messages, Message{Kind: "info", Title: c.look.Text("import.paused.title"), Text: c.look.Text("import.paused", c.look.number(imp.Counts.Rows))})
	case imp.State == transfer.Stopped:
		p.Messages = append(p.Messages, Message{Kind: "warning", Text: c.look.Text("import.stopped", c.look.number(imp.Counts.Rows))})
	case imp.State == transfer.Done && imp.Counts.Rejected > 0:
		p.Messages = append(p.Messages, Message{Kind: "warning", Text: c.look.Text("import.done.wrong", c.look.number(imp.Counts.Rejected))})
	case imp.State == transfer.Done:
		p.Messages = append(p.Messages, Message{Kind: "success", Text: c.look.Text("import.done")})
	}
	if imp.CanRevise() {
		p.Links = append(p.Links, c.link("import.to_columns", at("/columns")))
	}
	if imp.CanResume() {
		p.Posts = append(p.Posts, Button{Label: c.look.Text("work.resume"), Action: at("/resume"), Primary: true})
	}
	if imp.CanUndo(c.visits.System.Now()) {
		p.Posts = append(p.Posts, Button{Label: c.look.Text("import.undo"), Action: at("/undo"), Danger: true})
	}
	if imp.Ended != 0 {
		p.Facts = append(p.Facts, Fact{Label: c.look.Text("bulk.ended"), When: c.when(imp.Ended)})
	}
	if !imp.Kept {
		return nil
	}
	return c.importWrong(p, imp)
}

// revisable returns the import of the address if somebody can still say how its file
// is taken; else it leads to its page.
func (c *call) revisable() (imp *transfer.Import, led bool, err error) {
	if imp, err = c.oneImport(); err != nil || imp.CanRevise() {
		return imp, false, err
	}
	return imp, true, c.redirect(c.importAt(imp.ID, ""))
}

// importForm is a step that asks for something about a file.
func (c *call) importForm(imp *transfer.Import, step int, key, path, submit string) *formPage {
	p := &formPage{Steps: c.importSteps(step), Intro: c.look.Text(key)}
	p.Title = c.importName(imp)
	p.Crumbs = []html.Link{{Label: c.look.Text("import.title"), URL: c.storeAt("/import")}}
	p.Form = &Form{}
	p.Form.Action, p.Form.Submit = c.importAt(imp.ID, path), c.look.Text(submit)
	return p
}

// headRows is how many rows of a file are shown as examples.
const headRows = 3

// importColumnsForm asks of what the file is, and where its columns go.
func (c *call) importColumnsForm(imp *transfer.Import) (*formPage, error) {
	p := c.importForm(imp, 1, "import.columns.text", "/columns", "import.next")
	in, l := imp.Inspection, &imp.Plan.Layout
	p.Form.Cancel = &html.Link{Label: c.look.Text("cancel"), URL: c.storeAt("/import")}
	found := c.look.Text("import.found", c.look.number(in.Rows), c.known("import.format.", imp.Plan.Format), strings.ToUpper(string(l.Encoding)), c.known("import.separator.", map[string]string{",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}[l.Separator]))
	if l.Objects {
		found = c.look.Text("import.found.objects", c.look.number(in.Rows), c.known("import.format.", imp.Plan.Format))
	}
	p.Messages = []Message{{Kind: "info", Text: found}}
	if in.Duplicates > 0 {
		p.Messages = append(p.Messages, Message{Kind: "warning", Text: c.look.Text("import.duplicates", c.look.number(in.Duplicates))})
	}
	kind := &html.Field{Name: "kind", Label: c.look.Text("import.kind"), Type: "select", Required: true, Narrow: true}
	for _, k := range []source.Kind{source.Customers, source.Addresses, source.Subscribers} {
		if k == source.Subscribers || c.can(staff.ImportCustomers) {
			kind.Options = append(kind.Options, html.Option{Value: string(k), Label: c.look.Text("import.kind." + string(k)), Selected: k == imp.Kind()})
		}
	}
	kind.Hint = c.look.Text("import.kind.hint")
	p.Form.Sections = []*html.Section{{Fields: []*html.Field{kind}}}
	own, err := c.Transfer.Own(c.R.Context(), c.store.ID)
	if err != nil {
		return nil, err
	}
	head, err := c.Transfer.Head(c.R.Context(), c.store.ID, imp.ID, headRows)
	if err != nil && err != transfer.ErrNoFile {
		return nil, err
	}
	s := &html.Section{Legend: c.look.Text("import.step.columns"), Hint: c.look.Text("import.columns.hint")}
	for i := range imp.Plan.Columns {
		col := &imp.Plan.Columns[i]
		f := &html.Field{Name: "column" + strconv.Itoa(i), Label: col.Name, Type: "select", Narrow: true, Plain: true, Options: c.targets(imp.Kind(), col, own)}
		var examples []string
		for _, row := range head {
			if i < len(row) && strings.TrimSpace(row[i]) != "" {
				examples = append(examples, short(strings.TrimSpace(row[i]), 40))
			}
		}
		if examples != nil {
			f.Hint = c.look.Text("import.examples", strings.Join(slices.Compact(examples), " · "))
		}
		s.Fields = append(s.Fields, f)
	}
	p.Form.Sections = append(p.Form.Sections, s)
	return p, nil
}

// targets are where a column may go. That where it goes is among them.
func (c *call) targets(kind source.Kind, col *source.Column, own source.Own) []html.Option {
	chosen := col.Target.String()
	out := []html.Option{{Value: "-", Label: c.look.Text("import.nowhere"), Selected: chosen == "-"}}
	add := func(value, label string) {
		out = append(out, html.Option{Value: value, Label: label, Selected: value == chosen})
	}
	for _, f := range source.Fields(kind) {
		t, err := source.ParseTarget(string(f))
		if err != nil {
			continue
		}
		add(t.String(), c.targetName(t))
	}
	if kind == source.Customers {
		for _, name := range own.Attributes {
			add("attribute:"+name, c.look.Text("import.to_attribute", name))
		}
		for _, name := range own.FormFields {
			add("form_field:"+name, c.look.Text("import.to_form_field", name))
		}
		add("attribute:"+col.Name, c.look.Text("import.to_new", col.Name))
	}
	if !slices.ContainsFunc(out, func(o html.Option) bool { return o.Selected }) {
		add(chosen, c.targetName(col.Target))
	}
	seen := map[string]bool{}
	return slices.DeleteFunc(out, func(o html.Option) bool { twice := seen[o.Value]; seen[o.Value] = true; return twice })
}

// targetName is what a place for a column is called.
func (c *call) targetName(t source.Target) string {
	name := c.known("import.field.", string(t.Field))
	switch {
	case t.Address > 1:
		return c.look.Text("import.to_address", name, strconv.Itoa(t.Address))
	case t.Name != "":
		return name + ": " + t.Name
	}
	return name
}

func (c *call) importColumnsPage() error {
	imp, led, err := c.revisable()
	if err != nil || led {
		return err
	}
	p, err := c.importColumnsForm(imp)
	if err != nil {
		return err
	}
	return c.show(http.StatusOK, p)
}

func (c *call) saveImportColumns() error {
	imp, led, err := c.revisable()
	if err != nil || led {
		return err
	}
	p, err := c.importColumnsForm(imp)
	if err != nil {
		return err
	}
	p.Form.Enter(c.form)
	o := imp.Plan.Options
	kind := source.Kind(c.form.Get("kind"))
	if kind != source.Subscribers && !c.can(staff.ImportCustomers) {
		return errDenied
	}
	then, next := transfer.Wait, "/rules"
	if kind != imp.Kind() {
		// Of another kind columns go elsewhere: they are found anew, and asked for again.
		then, next, o.Map = transfer.Look, "", nil
	} else {
		given := map[string]source.Target{}
		for name, t := range o.Map {
			given[name] = t
		}
		for i := range imp.Plan.Columns {
			col := &imp.Plan.Columns[i]
			text := c.form.Get("column" + strconv.Itoa(i))
			if text == "" || text == col.Target.String() {
				continue
			}
			t, err := source.ParseTarget(text)
			if err != nil {
				p.Form.Field("column" + strconv.Itoa(i)).Error = c.look.Text("wrong.value")
				continue
			}
			given[col.Name] = t
		}
		o.Map = given
	}
	if p.Form.Bad() {
		return c.show(http.StatusUnprocessableEntity, p)
	}
	o.Kind = kind
	if _, err := c.Transfer.Revise(c.R.Context(), c.store.ID, imp.ID, o, then); err != nil {
		return c.again(p, p.Form, err)
	}
	return c.redirect(c.importAt(imp.ID, next))
}

// importRulesForm asks how rows are taken.
func (c *call) importRulesForm(imp *transfer.Import) *formPage {
	p := c.importForm(imp, 2, "import.rules.text", "/rules", "import.try")
	p.Form.Cancel = &html.Link{Label: c.look.Text("import.back"), URL: c.importAt(imp.ID, "/columns")}
	o := &imp.Plan.Options
	choose := func(name string, chosen string, values ...string) *html.Field {
		f := &html.Field{Name: name, Label: c.look.Text("import." + name), Type: "radio", Required: true}
		for _, v := range values {
			f.Options = append(f.Options, html.Option{Value: v, Label: c.look.Text("import." + name + "." + v), Selected: v == chosen})
		}
		return f
	}
	pick := func(on bool, yes, no string) string {
		if on {
			return yes
		}
		return no
	}
	var fields []*html.Field
	if imp.Kind() == source.Subscribers {
		ground := c.textField("ground", "import.ground")
		ground.Value, ground.Hint, ground.MaxLength = o.Ground, c.look.Text("import.ground.hint"), transfer.MaxGround
		fields = append(fields, ground)
	} else {
		fields = append(fields, choose("on_existing", string(o.OnExisting), string(customer.SkipExisting), string(customer.FillExisting), string(customer.OverwriteExisting)), choose("match", pick(o.ByID, "id", "email"), "email", "id"))
	}
	fields = append(fields, choose("on_error", pick(o.StopOnError, "stop", "skip"), "skip", "stop"))
	dates := &html.Field{Name: "date_order", Label: c.look.Text("import.date_order"), Type: "select", Narrow: true, Plain: true, Options: []html.Option{{Label: c.look.Text("import.date_order.found")}}}
	for _, v := range []value.Order{value.DayFirst, value.MonthFirst} {
		dates.Options = append(dates.Options, html.Option{Value: string(v), Label: c.look.Text("import.date_order." + string(v)), Selected: v == o.DateOrder})
	}
	fields = append(fields, dates, &html.Field{Name: "events", Label: c.look.Text("import.events"), Hint: c.look.Text("import.events.hint"), Type: "check", Checked: o.Events})
	p.Form.Sections = []*html.Section{{Fields: fields}}
	return p
}

func (c *call) importRulesPage() error {
	imp, led, err := c.revisable()
	if err != nil || led {
		return err
	}
	return c.show(http.StatusOK, c.importRulesForm(imp))
}

func (c *call) saveImportRules() error {
	imp, led, err := c.revisable()
	if err != nil || led {
		return err
	}
	p := c.importRulesForm(imp)
	if !c.filled(p.Form) {
		return c.show(http.StatusUnprocessableEntity, p)
	}
	o := imp.Plan.Options
	if p.Form.Field("on_existing") != nil {
		o.OnExisting, o.ByID = customer.Existing(c.form.Get("on_existing")), c.form.Get("match") == "id"
	}
	o.Kind = imp.Kind()
	o.StopOnError, o.DateOrder, o.Events, o.Ground = c.form.Get("on_error") == "stop", value.Order(c.form.Get("date_order")), c.form.Get("events") != "", c.value("ground")
	if _, err := c.Transfer.Revise(c.R.Context(), c.store.ID, imp.ID, o, transfer.Try); err != nil {
		return c.again(p, p.Form, err)
	}
	return c.redirect(c.importAt(imp.ID, ""))
}

// changeImport changes the import of the address and leads to its page.
func (c *call) changeImport(key string, do func(imp *transfer.Import) error) error {
	imp, err := c.oneImport()
	if err != nil {
		return err
	}
	at := c.importAt(imp.ID, "")
	err = do(imp)
	if f := fault.As(err); f != nil && (f.Kind == fault.Conflict || f.Kind == fault.Invalid) { // it has ended, or somebody was quicker
		return c.done(at, "import_not")
	}
	if err != nil {
		return err
	}
	return c.done(at, key, c.importName(imp))
}

func (c *call) runImport() error {
	return c.changeImport("import_run", func(imp *transfer.Import) error {
		o := imp.Plan.Options
		o.Kind = imp.Kind()
		_, err := c.Transfer.Revise(c.R.Context(), c.store.ID, imp.ID, o, transfer.Take)
		return err
	})
}

func (c *call) pauseImport() error {
	return c.changeImport("import_paused", func(imp *transfer.Import) error {
		_, err := c.Transfer.Cancel(c.R.Context(), c.store.ID, imp.ID)
		return err
	})
}

func (c *call) resumeImport() error {
	return c.changeImport("import_resumed", func(imp *transfer.Import) error {
		_, err := c.Transfer.Resume(c.R.Context(), c.store.ID, imp.ID)
		return err
	})
}

func (c *call) undoImport() error {
	return c.changeImport("import_undoing", func(imp *transfer.Import) error {
		_, err := c.Transfer.Undo(c.R.Context(), c.store.ID, imp.ID)
		return err
	})
}

func (c *call) importErrors() error   { return c.importReport(false) }
func (c *call) importWarnings() error { return c.importReport(true) }

// importReport answers with the rows that were not taken, or in part.
func (c *call) importReport(warnings bool) error {
	imp, err := c.oneImport()
	if err != nil {
		return err
	}
	imp, f, err := c.Transfer.Open(c.R.Context(), c.store.ID, imp.ID)
	if err != nil {
		return err
	}
	defer f.Close()
	c.exchange.Lasts()
	intake.Long(c.W)
	kind := "text/csv; charset=utf-8"
	if imp.Plan.Layout.Objects {
		kind = "application/x-ndjson"
	}
	return c.sendFile(kind, imp.ReportName(warnings), func() error {
		_, err := c.Transfer.Report(c.R.Context(), c.store.ID, imp, f, warnings, c.W)
		return err
	})
}
