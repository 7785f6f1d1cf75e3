package panel

import (
	"net/http"
	"net/url"

	"github.com/go-chi/chi/v5"

	"clientele/internal/desk"
	"clientele/internal/html"
	"clientele/internal/staff"
)

// customersView names the list of customers in saved views.
const customersView = "customers"

// viewQuery is what of an address a view keeps: not where a page begins.
func viewQuery(q url.Values) string {
	out := url.Values{}
	for _, name := range []string{"q", "wide", "rule", "sort", "limit", "columns"} {
		if v := q.Get(name); v != "" {
			out.Set(name, v)
		}
	}
	return out.Encode()
}

// views are the saved views as tabs above the list; nil where there are none.
func (c *call) views() (tabs *Tabs, current *desk.View, err error) {
	all, err := c.Desk.Views(c.R.Context(), c.store.ID, customersView, c.staff.ID)
	if err != nil || len(all) == 0 {
		return nil, nil, err
	}
	now := viewQuery(c.R.URL.Query())
	tabs = &Tabs{Label: c.look.Text("views.label"), Items: []NavItem{{Label: c.look.Text("all"), URL: c.customersAt(""), Current: now == ""}}}
	for i := range all {
		v := &all[i]
		item := NavItem{Label: v.Name, URL: c.customersAt("") + "?" + v.Query, Current: v.Query == now}
		if item.Current && current == nil {
			current = v
		}
		tabs.Items = append(tabs.Items, item)
	}
	return tabs, current, nil
}

// viewForm names what the address shows.
func (c *call) viewForm() *questionPage {
	p := c.ask("views.save", c.listAt("/view"), false, c.listAt(""))
	p.Crumbs = []html.Link{{Label: c.look.Text("customers.title"), URL: c.listAt("")}}
	p.Dialog.Form.Sections[0].Fields = []*html.Field{c.textField("name", "field.name")}
	if c.can(staff.EditCustomers) || c.can(staff.Segments) {
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
	v := desk.View{StaffID: c.staff.ID, List: customersView, Name: c.value("name"), Query: viewQuery(c.R.URL.Query())}
	if f.Field("shared") != nil && c.form.Get("shared") != "" {
		v.StaffID = 0
	}
	if _, err := c.Desk.SaveView(c.R.Context(), c.store.ID, v); err != nil {
		return c.again(p, f, err)
	}
	return c.done(c.listAt(""), "view_saved", v.Name)
}

// removeView removes a view that who is signed in may remove.
func (c *call) removeView() error {
	id, err := c.param("id")
	if err != nil {
		return err
	}
	if err := c.Desk.RemoveView(c.R.Context(), c.store.ID, id, c.staff.ID, c.can(staff.EditCustomers) || c.can(staff.Segments)); err != nil {
		return err
	}
	return c.done(c.customersAt(""), "view_removed")
}

// removeViewPage asks whether a view is to go.
func (c *call) removeViewPage() error {
	id := chi.URLParam(c.R, "id")
	p := c.ask("views.remove", c.customersAt("/views/"+url.PathEscape(id)+"/remove"), true, c.customersAt(""))
	p.Crumbs = []html.Link{{Label: c.look.Text("customers.title"), URL: c.customersAt("")}}
	return c.show(http.StatusOK, p)
}
