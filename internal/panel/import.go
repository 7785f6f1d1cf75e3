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
	switch {
	case f.Kind == fault.TooLarge:
		p.Form.Field("file").Error = c.look.Text("wrong.file_large")
	case errors.Is(err, transfer.ErrSpreadsheet):
		p.Form.Field("file").Error = c.look.Text("wrong.spreadsheet")
	case f.Kind == fault.Invalid:
		p.Form.Field("file").Error = c.look.Text("wrong.choose")
	case f.Kind == fault.Conflict:
		p.Form.Problem = c.look.Text("wrong.import_room")
	case f.Kind == fault.Unavailable:
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
