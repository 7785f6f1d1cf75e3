package panel

import (
	"net/http"
	"strconv"

	"clientele/internal/desk"
	"clientele/internal/html"
	"clientele/internal/staff"
)

// views are the saved views as tabs above the list; nil where there are none. Of
// several that show the same, the address says which one is meant.
func (c *call) views() (tabs *Tabs, current *desk.View, err error) {
	all, err := c.Desk.Views(c.R.Context(), c.store.ID, desk.CustomersList, c.staff.ID)
	if err != nil || len(all) == 0 {
		return nil, nil, err
	}
	q := c.R.URL.Query()
	now, same := desk.ViewQuery(q), map[string]int{}
	for i := range all {
		same[all[i].Query]++
		if v := &all[i]; v.Query == now && (current == nil || strconv.FormatInt(v.ID, 10) == q.Get("view")) {
			current = v
		}
	}
	tabs = &Tabs{Label: c.look.Text("views.label"), Items: []NavItem{{Label: c.look.Text("all"), URL: c.customersAt(""), Current: now == ""}}}
	for i := range all {
		v := &all[i]
		at := c.customersAt("") + "?" + v.Query
		if same[v.Query] > 1 {
			at += "&view=" + strconv.FormatInt(v.ID, 10)
		}
		tabs.Items = append(tabs.Items, NavItem{Label: v.Name, URL: at, Current: v == current})
	}
	return tabs, current, nil
}

// sharesViews reports whether who is signed in makes and removes the store's views.
func (c *call) sharesViews() bool { return c.can(staff.EditCustomers) || c.can(staff.Segments) }

// viewForm names what the address shows.
func (c *call) viewForm() *questionPage {
	p := c.ask("views.save", c.listAt("/view"), false, c.listAt(""))
	p.Crumbs = []html.Link{{Label: c.look.Text("customers.title"), URL: c.listAt("")}}
	p.Dialog.Form.Sections[0].Fields = []*html.Field{c.textField("name", "field.name")}
	if c.sharesViews() {
		p.Dialog.Form.Sections[0].Fields = append(p.Dialog.Form.Sections[0].Fields, &html.Field{Name: "shared", Label: c.look.Text("views.shared"), Type: "check"})
	}
	return p
}

func (c *call) viewPage() error { return c.show(http.StatusOK, c.viewForm()) }

func (c *call) saveView() error {
	p := c.viewForm()
	f := p.Dialog.Form
	if !c.filled(f) {
		return c.show(http.StatusUnprocessableEntity, p)
	}
	v := desk.View{StaffID: c.staff.ID, List: desk.CustomersList, Name: c.value("name"), Query: desk.ViewQuery(c.R.URL.Query())}
	if f.Field("shared") != nil && c.form.Get("shared") != "" {
		v.StaffID = 0
	}
	v, err := c.Desk.SaveView(c.R.Context(), c.store.ID, v)
	if err != nil {
		return c.again(p, f, err)
	}
	return c.done(c.listAt("", "view", strconv.FormatInt(v.ID, 10)), "view_saved", v.Name)
}

// removeView removes a view that who is signed in may remove.
func (c *call) removeView() error {
	id, err := c.param("id")
	if err != nil {
		return err
	}
	if err := c.Desk.RemoveView(c.R.Context(), c.store.ID, id, c.staff.ID, c.sharesViews()); err != nil {
		return err
	}
	return c.done(c.customersAt(""), "view_removed")
}

// removeViewPage asks whether a view is to go.
func (c *call) removeViewPage() error {
	id, err := c.param("id")
	if err != nil {
		return err
	}
	v, err := c.Desk.View(c.R.Context(), c.store.ID, id, c.staff.ID)
	if err != nil {
		return err
	}
	if !v.Removable(c.staff.ID, c.sharesViews()) {
		return errNoPage
	}
	p := c.ask("views.remove", c.customersAt("/views/"+strconv.FormatInt(id, 10)+"/remove"), true, c.customersAt(""), v.Name)
	p.Crumbs = []html.Link{{Label: c.look.Text("customers.title"), URL: c.customersAt("")}}
	return c.show(http.StatusOK, p)
}
