package panel

import (
	"net/http"
	"slices"
	"strconv"
	"strings"

	"clientele/internal/bulk"
	"clientele/internal/fault"
	"clientele/internal/html"
)

// oneBulk returns the bulk action of the address, and whether who is signed in may do
// the same.
func (c *call) oneBulk() (*bulk.Action, bool, error) {
	id, err := c.param("id")
	if err != nil {
		return nil, false, err
	}
	a, err := c.Bulk.Get(c.R.Context(), c.store.ID, id)
	if err != nil {
		return nil, false, err
	}
	may := slices.ContainsFunc(bulkActions[a.Subject], func(b bulkAction) bool { return b.kind == a.Kind && c.can(b.need) })
	return a, may, nil
}

// bulkStates are the states of bulk actions as they are shown.
var bulkStates = map[bulk.State]string{bulk.Running: "info", bulk.Done: "success", bulk.Stopped: "warning", bulk.Failed: "danger", bulk.Undoing: "info", bulk.Reverted: "neutral"}

func (c *call) bulkState(a *bulk.Action) Lozenge {
	return Lozenge{bulkStates[a.State], c.look.Text("bulk.state." + string(a.State))}
}

func bulkKey(a *bulk.Action) string {
	return keyOf(a.State, a.Changed, a.Unchanged, a.Failures, a.Undone, a.Kept)
}

func (c *call) bulkPage() error {
	a, may, err := c.oneBulk()
	if err != nil {
		return err
	}
	at := c.storeAt("/bulk/" + strconv.FormatInt(a.ID, 10))
	p := &workView{Lozenges: []Lozenge{c.bulkState(a)}}
	p.Title, p.Lead = c.bulkName(a), c.bulkOf(a)
	p.Crumbs = []html.Link{{Label: c.look.Text(string(a.Subject) + ".title"), URL: c.storeAt("/" + string(a.Subject))}, {Label: c.look.Text("bulk.title"), URL: c.storeAt("/bulk")}}
	if !a.State.Ended() {
		p.Events = c.with(at+"/live", "of", bulkKey(a))
		bar := &Progress{Label: p.Title, Value: a.Seen(), Max: max(a.Expected, 0)}
		bar.Text = c.look.Text("bulk.progress", c.look.number(a.Seen()), c.look.number(max(a.Expected, 0)))
		if a.State == bulk.Undoing {
			bar.Value, bar.Max = a.Undone+a.Kept, a.Changed
			bar.Text = c.look.Text("bulk.progress", c.look.number(bar.Value), c.look.number(bar.Max))
		} else if a.Expected < 0 {
			bar.Text = c.look.Text("bulk.progress.some", c.look.number(a.Seen()))
		}
		p.Bar = bar
		p.Messages = append(p.Messages, Message{Kind: "info", Text: c.look.Text("work.close")})
	}
	if a.Error != "" {
		p.Messages = append(p.Messages, Message{Kind: "error", Title: c.look.Text("bulk.failed"), Text: a.Error})
	}
	fact := func(key string, n int64) {
		p.Facts = append(p.Facts, Fact{Label: c.look.Text("bulk." + key), Value: c.look.number(n)})
	}
	fact("changed", a.Changed)
	fact("unchanged", a.Unchanged)
	fact("failures", a.Failures)
	if a.State == bulk.Undoing || a.State == bulk.Reverted {
		fact("undone", a.Undone)
		fact("kept", a.Kept)
	}
	if a.Ground != "" {
		p.Facts = append(p.Facts, Fact{Label: c.look.Text("bulk.ground"), Value: a.Ground})
	}
	if a.Anew {
		p.Facts = append(p.Facts, Fact{Label: c.look.Text("bulk.reconsent"), Value: c.look.Text("yes")})
	}
	p.Facts = append(p.Facts, Fact{Label: c.look.Text("history.by"), Value: c.actorName(&a.By)}, Fact{Label: c.look.Text("bulk.begun"), When: c.when(a.Created)})
	if a.Ended != 0 {
		p.Facts = append(p.Facts, Fact{Label: c.look.Text("bulk.ended"), When: c.when(a.Ended)})
	}
	if may {
		switch {
		case a.State == bulk.Running:
			p.Posts = append(p.Posts, Button{Label: c.look.Text("work.stop"), Action: at + "/stop"})
		case a.State == bulk.Stopped:
			p.Posts = append(p.Posts, Button{Label: c.look.Text("work.resume"), Action: at + "/resume"})
		}
		if a.CanUndo(c.visits.System.Now()) {
			p.Posts = append(p.Posts, Button{Label: c.look.Text("bulk.undo"), Action: at + "/undo"})
		}
	}
	if a.Failures > 0 {
		some, err := c.Bulk.Failures(c.R.Context(), c.store.ID, a, 0, maxFailures)
		if err != nil {
			return err
		}
		p.Blocks = append(p.Blocks, c.bulkFailed(a, some, at))
	}
	return c.show(http.StatusOK, p)
}

// maxFailures is how many of those a page shows to whom it could not be done.
const maxFailures = 20

func (c *call) bulkFailed(a *bulk.Action, some []bulk.Failure, at string) *Block {
	b := &Block{ID: "failed", Title: c.look.Text("bulk.failures"), Nothing: c.look.Text("bulk.failures.gone")}
	if len(some) == 0 {
		return b
	}
	b.Actions = []Action{c.link("bulk.failures.file", at+"/failures")}
	b.Table = &Table{ID: "failures", Caption: b.Title, Columns: []Column{{Label: c.look.Text("customers.column.name")}, {Label: c.look.Text("bulk.reason")}}}
	for i := range some {
		f := &some[i]
		who := Cell{Text: strings.TrimSpace(f.FirstName + " " + f.LastName), Sub: f.Email}
		if who.Text == "" {
			who.Text, who.Sub = f.Email, ""
		}
		if who.Text == "" {
			who.Text = c.look.Text("bulk.nobody", strconv.FormatInt(f.ID, 10))
		} else if a.Subject == bulk.Customers {
			who.URL = c.customerAt(f.ID, "")
		} else {
			who.URL = c.subscriberAt(f.ID, "")
		}
		b.Table.Rows = append(b.Table.Rows, Row{ID: "failed-" + strconv.FormatInt(f.ID, 10), Cells: []Cell{who, {Text: c.known("bulk.code.", f.Code)}}})
	}
	return b
}

// bulkLive tells when the page of a bulk action is not what is there any more.
func (c *call) bulkLive() error {
	return c.follow(c.R.URL.Query().Get("of"), func() (string, error) {
		a, _, err := c.oneBulk()
		if err != nil {
			return "", err
		}
		return bulkKey(a), nil
	})
}

func (c *call) bulkFailures() error {
	a, _, err := c.oneBulk()
	if err != nil {
		return err
	}
	return c.sendFile("text/csv; charset=utf-8", "bulk-"+strconv.FormatInt(a.ID, 10)+".failures.csv", func() error { return c.Bulk.WriteFailures(c.R.Context(), c.store.ID, a, c.W) })
}

// sendFile answers with a file to be kept.
func (c *call) sendFile(kind, name string, write func() error) error {
	h := c.W.Header()
	html.Secure(h, c.referrer())
	h.Set("Content-Type", kind)
	h.Set("Content-Disposition", `attachment; filename="`+strings.Map(plainName, name)+`"`)
	if c.R.Method == http.MethodHead {
		return nil
	}
	// The answer has begun: what fails cuts it off.
	if err := write(); err != nil {
		c.exchange.Judge(err)
		panic(http.ErrAbortHandler)
	}
	return nil
}

// changeBulk changes a bulk action of who may do the same.
func (c *call) changeBulk(key string, do func(id int64) (*bulk.Action, error)) error {
	a, may, err := c.oneBulk()
	if err != nil {
		return err
	}
	if !may {
		return errDenied
	}
	at := c.storeAt("/bulk/" + strconv.FormatInt(a.ID, 10))
	after, err := do(a.ID)
	if f := fault.As(err); f != nil && f.Kind == fault.Conflict { // it has ended, or somebody was quicker
		return c.redirect(at)
	}
	if err != nil {
		return err
	}
	return c.done(at, key, c.bulkName(after), c.look.number(after.Undone))
}

func (c *call) stopBulk() error {
	return c.changeBulk("bulk_stopped", func(id int64) (*bulk.Action, error) { return c.Bulk.Stop(c.R.Context(), c.store.ID, id) })
}

func (c *call) resumeBulk() error {
	return c.changeBulk("bulk_resumed", func(id int64) (*bulk.Action, error) { return c.Bulk.Resume(c.R.Context(), c.store.ID, id) })
}

func (c *call) undoBulk() error {
	return c.changeBulk("bulk_undoing", func(id int64) (*bulk.Action, error) { return c.Bulk.Undo(c.R.Context(), c.store.ID, id) })
}

// bulkListPage lists bulk actions, the newest first.
func (c *call) bulkListPage() error {
	q, err := c.asked(bulk.List)
	if err != nil {
		return err
	}
	all, res, err := c.Bulk.Page(c.R.Context(), c.store.ID, q)
	if err != nil {
		return err
	}
	p := &listPage{}
	p.Title, p.Lead = c.look.Text("bulk.title"), c.look.Text("bulk.lead")
	p.Crumbs = []html.Link{{Label: c.look.Text("customers.title"), URL: c.customersAt("")}}
	if len(all) == 0 {
		p.Empty = &Empty{Icon: "people", Title: c.look.Text("bulk.none.title"), Text: c.look.Text("bulk.none.text"), Action: &Action{Label: c.look.Text("customers.back"), URL: c.customersAt("")}}
		return c.show(http.StatusOK, p)
	}
	p.Pages = c.pagesOf(q, res, "results")
	p.Table = &Table{ID: "list", Caption: p.Title, Columns: []Column{{Label: c.look.Text("bulk.what")}, {Label: c.look.Text("bulk.changed"), Numeric: true}, {Label: c.look.Text("bulk.failures"), Numeric: true}, {Label: c.look.Text("customers.column.state")}, {Label: c.look.Text("history.by")}, {Label: c.look.Text("bulk.begun")}}}
	for i := range all {
		a := &all[i]
		id := strconv.FormatInt(a.ID, 10)
		p.Table.Rows = append(p.Table.Rows, Row{ID: "bulk-" + id, Cells: []Cell{
			{Text: c.bulkName(a), Sub: short(c.bulkOf(a), 80), URL: c.storeAt("/bulk/" + id)}, {Text: c.look.number(a.Changed)}, {Text: c.look.number(a.Failures)}, {Lozenges: []Lozenge{c.bulkState(a)}}, {Text: c.actorName(&a.By)}, {When: c.when(a.Created)},
		}})
	}
	return c.show(http.StatusOK, p)
}
