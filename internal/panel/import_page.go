package panel

import (
	"net/http"
	"slices"
	"strconv"

	"clientele/internal/html"
	"clientele/internal/transfer"
)

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
		b.Text = c.look.PluralWith("import.rows.of", in.Rows, c.look.number(imp.Counts.Rows), c.look.number(in.Rows))
	}
	if rate := int64(imp.Rate() + 0.5); rate > 0 {
		b.Text += " · " + c.look.several("import.rate", rate) + " · " + c.look.Text("import.left", c.seconds(imp.Left()))
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
		if f.n > 0 || f.always && (f.key != "created" || !imp.Kind().Changes()) {
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
		p.Messages = append(p.Messages, Message{Kind: "warning", Title: c.look.several("import.trial.wrong.title", n.Rejected), Text: c.look.several("import.trial.wrong", n.Rejected)})
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
		b.Table = &Table{ID: "list-" + outcome, Caption: b.Title, Columns: []Column{{Label: c.look.Text("import.line"), Numeric: true}, {Label: c.look.Text("field.email")}}}
		named := slices.ContainsFunc(some, func(x transfer.Example) bool { return x.Name != "" })
		if named {
			b.Table.Columns = append(b.Table.Columns, Column{Label: c.look.Text("customers.column.name")})
		}
		for i, x := range some {
			row := Row{ID: outcome + "-" + strconv.Itoa(i), Cells: []Cell{{Text: c.look.number(x.Line)}, {Text: x.Email}}}
			if named {
				row.Cells = append(row.Cells, Cell{Text: x.Name})
			}
			b.Table.Rows = append(b.Table.Rows, row)
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
		b.Table = &Table{ID: "list-" + id, Caption: b.Title, Columns: []Column{{Label: c.look.Text("import.line"), Numeric: true}, {Label: c.look.Text("import.column")}, {Label: c.look.Text("bulk.reason")}}}
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
		undone, kept := "import.undone", "bulk.kept"
		if imp.Kind().Changes() { // nobody was added who could go
			undone, kept = "import.undone.changes", "import.undone.kept"
		}
		p.Facts = append(p.Facts, Fact{Label: c.look.Text(undone), Value: c.look.number(u.Customers + u.Subscribers + u.Changed)}, Fact{Label: c.look.Text(kept), Value: c.look.number(u.KeptCustomers + u.KeptSubscribers + u.KeptChanged)})
		return nil
	}
	c.importFailed(p, imp)
	switch {
	case imp.State == transfer.Cancelled:
		p.Messages = append(p.Messages, Message{Kind: "info", Title: c.look.Text("import.paused.title"), Text: c.look.several("import.paused", imp.Counts.Rows)})
	case imp.State == transfer.Stopped:
		p.Messages = append(p.Messages, Message{Kind: "warning", Text: c.look.several("import.stopped", imp.Counts.Rows)})
	case imp.State == transfer.Done && imp.Counts.Rejected > 0:
		p.Messages = append(p.Messages, Message{Kind: "warning", Text: c.look.several("import.done.wrong", imp.Counts.Rejected)})
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

// importDays is for how long Home tells of imports.
const importDays = 7

// troubledImports tells of the last imports of which not all was taken.
func (c *call) troubledImports() (out []Attention, err error) {
	q := transfer.List.New()
	q.Limit = int64(pageSizes[0])
	all, _, err := c.Transfer.Page(c.R.Context(), c.store.ID, q)
	for i := range all {
		imp := &all[i]
		if c.mayImport(imp) && imp.Troubled(c.visits.System.Now()-importDays*daySeconds) {
			text := c.look.PluralWith("attention.import", imp.Counts.Rejected, c.importName(imp), c.look.number(imp.Counts.Rejected))
			if imp.State == transfer.Failed {
				text = c.look.Text("attention.import.failed", c.importName(imp))
			}
			out = append(out, Attention{Text: text, More: &html.Link{Label: c.look.Text("attention.show"), URL: c.importAt(imp.ID, "")}})
		}
	}
	return out, err
}
