package panel

import (
	"net/http"
	"strconv"

	"clientele/internal/customer"
	"clientele/internal/duplicate"
	"clientele/internal/html"
	"clientele/internal/listing"
	"clientele/internal/staff"
)

// duplicateTabs are the pages about customers who are, or were, several.
func (c *call) duplicateTabs(f *frame, current string) {
	f.Tabs = &Tabs{Label: c.look.Text("duplicates.tabs")}
	for _, t := range [][2]string{{"/duplicates", "duplicates.open"}, {"/duplicates?dismissed=1", "duplicates.dismissed"}, {"/merges", "merges.title"}} {
		f.Tabs.Items = append(f.Tabs.Items, NavItem{Label: c.look.Text(t[1]), URL: c.storeAt(t[0]), Current: t[0] == current})
	}
}

// duplicatesPage lists pairs of customers who may be one person.
func (c *call) duplicatesPage() error {
	dismissed, tab := "false", "/duplicates"
	if c.R.URL.Query().Get("dismissed") != "" {
		dismissed, tab = "true", "/duplicates?dismissed=1"
	}
	scan, err := c.Duplicates.Scan(c.R.Context(), c.store.ID)
	if err != nil {
		return err
	}
	q, err := c.asked(duplicate.List, "is_dismissed", dismissed)
	if err != nil {
		return err
	}
	pairs, res, err := c.Duplicates.List(c.R.Context(), c.store.ID, q)
	if err != nil {
		return err
	}
	p := &listPage{}
	p.Title, p.Lead = c.look.Text("duplicates.title"), c.look.Text("duplicates.lead")
	c.duplicateTabs(&p.frame, tab)
	switch {
	case scan.Started == 0:
		p.Empty = &Empty{Icon: "people", Title: c.look.Text("duplicates.asleep"), Text: c.look.Text("duplicates.asleep.text")}
		if c.can(staff.Merge) {
			p.Empty.Action = &Action{Label: c.look.Text("duplicates.find"), URL: c.storeAt("/duplicates/find"), Primary: true, Dialog: true}
		}
		return c.show(http.StatusOK, p)
	case scan.Done == 0:
		p.Note = &Message{Kind: "info", Text: c.look.Text("duplicates.looking", c.look.number(scan.Position))}
	}
	if len(pairs) == 0 {
		p.Empty = &Empty{Icon: "people", Title: c.look.Text("duplicates.none"), Text: c.look.Text("duplicates.none.text")}
		return c.show(http.StatusOK, p)
	}
	people, err := c.paired(pairs)
	if err != nil {
		return err
	}
	p.Table = &Table{ID: "duplicates", Caption: p.Title, Columns: []Column{
		{Label: c.look.Text("duplicates.first")}, {Label: c.look.Text("duplicates.second")}, {Label: c.look.Text("duplicates.why")}, {Label: c.look.Text("duplicates.score"), Numeric: true},
		{Label: c.look.Text("actions"), Hidden: true},
	}}
	for i := range pairs {
		if row, ok := c.pairRow(&pairs[i], people, dismissed == "true"); ok {
			p.Table.Rows = append(p.Table.Rows, row)
		}
	}
	p.Pages = c.pagesOf(q, res, "results")
	return c.show(http.StatusOK, p)
}

// paired reads the customers of pairs.
func (c *call) paired(pairs []duplicate.Pair) (map[int64]*customer.Customer, error) {
	var all []int64
	for i := range pairs {
		all = append(all, pairs[i].First, pairs[i].Second)
	}
	q := customer.List.New().Where("id", listing.In, all, nil).WithoutTotal()
	q.Limit = 2 * listing.MaxLimit
	rows, _, err := c.Customers.List(c.R.Context(), c.store.ID, q, nil)
	out := make(map[int64]*customer.Customer, len(rows))
	for i := range rows {
		out[rows[i].ID] = &rows[i]
	}
	return out, err
}

func (c *call) pairRow(p *duplicate.Pair, people map[int64]*customer.Customer, dismissed bool) (Row, bool) {
	first, second := people[p.First], people[p.Second]
	if first == nil || second == nil { // gone meanwhile
		return Row{}, false
	}
	id := strconv.FormatInt(p.ID, 10)
	cell := func(k *customer.Customer) Cell {
		return Cell{Text: customerName(k), Sub: k.Email, URL: c.customerAt(k.ID, "")}
	}
	why := Cell{}
	for _, r := range p.Reasons {
		why.Lozenges = append(why.Lozenges, Lozenge{"info", c.look.Text("duplicates.why." + string(r))})
	}
	var do Cell
	if c.can(staff.Merge) {
		both := customerName(first) + ", " + customerName(second)
		do.Post = &Button{Label: c.look.Text("duplicates.dismiss"), Action: c.storeAt("/duplicates/" + id), About: both}
		if dismissed {
			do.Post.Label = c.look.Text("duplicates.restore")
			do.Post.Fields = append(do.Post.Fields, html.Option{Label: "undo", Value: "1"})
		} else {
			do.Actions = []Action{{Label: c.look.Text("duplicates.merge"), URL: c.mergeAt(p.First, []int64{p.Second})}}
		}
	}
	return Row{ID: "pair-" + id, Cells: []Cell{cell(first), cell(second), why, {Text: strconv.FormatInt(p.Score, 10) + "\u00a0%"}, do}}, true
}

func (c *call) findPage() error {
	return c.show(http.StatusOK, c.ask("duplicates.ask", c.storeAt("/duplicates/find"), false, c.storeAt("/duplicates")))
}

func (c *call) findDuplicates() error {
	if _, err := c.Duplicates.Start(c.R.Context(), c.store.ID); err != nil {
		return err
	}
	return c.done(c.storeAt("/duplicates"), "duplicates_looking")
}

// dismissPair notes that two customers are two, or with "undo" that they may be one.
func (c *call) dismissPair() error {
	id, err := c.param("id")
	if err != nil {
		return err
	}
	back := c.form.Get("undo") != ""
	if _, err := c.Duplicates.Dismiss(c.R.Context(), c.store.ID, id, !back); err != nil {
		return err
	}
	if back {
		return c.done(c.storeAt("/duplicates"), "pair_restored")
	}
	return c.doneUndo(c.storeAt("/duplicates"), &Undo{Action: c.storeAt("/duplicates/" + strconv.FormatInt(id, 10)), Fields: []string{"undo", "1"}}, "pair_dismissed")
}
