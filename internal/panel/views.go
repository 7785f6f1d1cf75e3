package panel

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"clientele/internal/desk"
	"clientele/internal/html"
	"clientele/internal/staff"
)

// viewed is a list that has saved views: its name, its path below the store and its
// title.
type viewed struct{ list, path, title string }

// viewsOf is the list whose saved views the page is about.
func (c *call) viewsOf() viewed {
	if strings.HasPrefix(c.route.Pattern, Base+ofStore+subscriberList.path+"/") {
		return subscriberList
	}
	return customerList
}

// viewed is the list with the parameters that a view keeps, or a page below it, and
// more of them.
func (c *call) viewed(l viewed, path string, more ...string) string {
	at, q := c.storeAt(l.path+path), desk.ViewQuery(c.R.URL.Query())
	for i := 0; i+1 < len(more); i += 2 {
		if q != "" {
			q += "&"
		}
		q += url.Values{more[i]: {more[i+1]}}.Encode()
	}
	if q == "" {
		return at
	}
	return at + "?" + q
}

// viewActions are what can be done about the view that a list shows, or might
// become.
func (c *call) viewActions(l viewed, view *desk.View) []Action {
	switch {
	case view != nil && view.Removable(c.staff.ID, c.sharesViews()):
		return []Action{{Label: c.look.Text("views.remove.action"), URL: c.storeAt(l.path + "/views/" + strconv.FormatInt(view.ID, 10) + "/remove"), Dialog: true}}
	case view == nil && desk.ViewQuery(c.R.URL.Query()) != "":
		return []Action{{Label: c.look.Text("views.save.action"), URL: c.viewed(l, "/view"), Dialog: true}}
	}
	return nil
}

// views are the saved views as tabs above the list; nil where there are none. Of
// several that show the same, the address says which one is meant.
func (c *call) views(l viewed) (tabs *Tabs, current *desk.View, err error) {
	all, err := c.Desk.Views(c.R.Context(), c.store.ID, l.list, c.staff.ID)
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
	tabs = &Tabs{Label: c.look.Text("views.label"), Items: []NavItem{{Label: c.look.Text("all"), URL: c.storeAt(l.path), Current: now == ""}}}
	for i := range all {
		v := &all[i]
		at := c.storeAt(l.path) + "?" + v.Query
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
	l := c.viewsOf()
	p := c.ask("views.save", c.viewed(l, "/view"), false, c.viewed(l, ""))
	p.Crumbs = []html.Link{{Label: c.look.Text(l.title), URL: c.viewed(l, "")}}
	p.Dialog.Form.Sections[0].Fields = []*html.Field{c.textField("name", "field.name")}
	if c.sharesViews() {
		p.Dialog.Form.Sections[0].Fields = append(p.Dialog.Form.Sections[0].Fields, &html.Field{Name: "shared", Label: c.look.Text("views.shared"), Type: "check"})
	}
	return p
}

func (c *call) viewPage() error { return c.show(http.StatusOK, c.viewForm()) }

func (c *call) saveView() error {
	p, l := c.viewForm(), c.viewsOf()
	f := p.Dialog.Form
	if !c.filled(f) {
		return c.show(http.StatusUnprocessableEntity, p)
	}
	v := desk.View{StaffID: c.staff.ID, List: l.list, Name: c.value("name"), Query: desk.ViewQuery(c.R.URL.Query())}
	if f.Field("shared") != nil && c.form.Get("shared") != "" {
		v.StaffID = 0
	}
	v, err := c.Desk.SaveView(c.R.Context(), c.store.ID, v)
	if err != nil {
		return c.again(p, f, err)
	}
	return c.done(c.viewed(l, "", "view", strconv.FormatInt(v.ID, 10)), "view_saved", v.Name)
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
	return c.done(c.storeAt(c.viewsOf().path), "view_removed")
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
	l := c.viewsOf()
	at := c.storeAt(l.path)
	p := c.ask("views.remove", at+"/views/"+strconv.FormatInt(id, 10)+"/remove", true, at, v.Name)
	p.Crumbs = []html.Link{{Label: c.look.Text(l.title), URL: at}}
	return c.show(http.StatusOK, p)
}
