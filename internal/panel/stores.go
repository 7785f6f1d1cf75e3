package panel

import (
	"net/http"
	"strings"

	"github.com/go-chi/chi/v5"

	"clientele/internal/fold"
	"clientele/internal/html"
	"clientele/internal/staff"
	"clientele/internal/store"
)

// storesPage lists the stores of who is signed in; the switcher leads here where
// there are many.
func (c *call) storesPage() error {
	mine, err := c.storesOf()
	if err != nil {
		return err
	}
	q := c.R.URL.Query()
	word := fold.Text(strings.TrimSpace(q.Get("q")))
	var found []store.Store
	for _, s := range mine {
		if word == "" || strings.Contains(fold.Text(s.Name+" "+s.Hash), word) {
			found = append(found, s)
		}
	}
	from, to, pages := c.part(len(found), q, "results")
	kept, err := c.Stores.Overview(c.R.Context(), found[from:to])
	if err != nil {
		return err
	}
	p := &listPage{Pages: pages, Table: &Table{ID: "list", Caption: c.look.Text("stores.title"), Columns: []Column{
		{Label: c.look.Text("field.store_name")}, {Label: c.look.Text("stores.customers"), Numeric: true}, {Label: c.look.Text("stores.activity")}, {Label: c.look.Text("created")},
	}}}
	p.Title, p.Lead = c.look.Text("stores.title"), c.look.Text("stores.lead")
	owns := c.staff.Rights.Owns(staff.AllStores)
	if owns {
		p.Table.Columns = append(p.Table.Columns, Column{Label: c.look.Text("actions"), Hidden: true})
		p.Actions = []Action{{Label: c.look.Text("stores.new"), URL: Base + "/stores/new", Primary: true}}
	}
	p.Filters = &Filters{Action: Base + "/stores", Label: c.look.Text("stores.search"), Query: q.Get("q"), Swap: "results", Count: c.look.Plural("stores.count", len(found))}
	for i, s := range found[from:to] {
		active, err := c.History.Latest(c.R.Context(), s.ID)
		if err != nil {
			return err
		}
		name, action := Cell{Text: s.Name, Sub: s.Hash, URL: Base + "/store/" + s.Hash}, "archive"
		if s.DateArchived != 0 {
			name.URL, name.Lozenges, action = "", []Lozenge{{"neutral", c.look.Text("stores.archived")}}, "restore"
		}
		row := Row{ID: "store-" + s.Hash, Cells: []Cell{name, {Text: c.look.number(kept[i])}, {When: c.when(active), Text: c.look.Text("never")}, {When: c.when(s.DateCreated)}}}
		if owns {
			row.Cells = append(row.Cells, Cell{Actions: []Action{{Label: c.look.Text("stores." + action + ".action"), URL: Base + "/stores/" + s.Hash + "/" + action, Dialog: true}}})
		}
		p.Table.Rows = append(p.Table.Rows, row)
	}
	if len(found) == 0 {
		p.Table, p.Pages = nil, nil
		p.Empty = &Empty{Icon: "shop", Title: c.look.Text("none.title"), Text: c.look.Text("none.text"), Action: &Action{Label: c.look.Text("none.reset"), URL: Base + "/stores"}}
		if len(mine) == 0 {
			p.Filters = nil
			p.Empty = &Empty{Icon: "shop", Title: c.look.Text("stores.none.title"), Text: c.look.Text("stores.none.text")}
		}
	}
	return c.show(http.StatusOK, p)
}

func (c *call) newStoreForm() *formPage {
	p := &formPage{Intro: c.look.Text("new_store.intro")}
	p.Title = c.look.Text("new_store.title")
	p.Crumbs = []html.Link{{Label: c.look.Text("stores.title"), URL: Base + "/stores"}}
	address := &html.Field{Name: "url", Label: c.look.Text("field.url"), Hint: c.look.Text("field.url.hint"), Type: "url", MaxLength: 255}
	p.Form = c.newForm(Base+"/stores/new", "new_store.submit", c.textField("name", "field.store_name"), address, c.languageField(c.look.Lang, ""), c.zoneField("UTC", ""))
	p.Form.Cancel = &html.Link{Label: c.look.Text("cancel"), URL: Base + "/stores"}
	return p
}

func (c *call) newStorePage() error { return c.show(http.StatusOK, c.newStoreForm()) }

// makeStore makes a store with its first API account, whose secrets are shown
// once.
func (c *call) makeStore() error {
	p := c.newStoreForm()
	if !c.filled(p.Form) {
		return c.show(http.StatusUnprocessableEntity, p)
	}
	ctx := c.R.Context()
	if address := c.value("url"); address != "" && !store.IsWebURL(address) {
		p.Form.Field("url").Error = c.look.Text("wrong.url")
		return c.show(http.StatusUnprocessableEntity, p)
	}
	made, cred, err := c.NewStore(ctx, c.value("name"), c.value("url"), map[string]any{"language": c.value("locale"), "timezone": c.value("timezone")})
	if err != nil {
		return c.again(p, p.Form, err)
	}
	next := &memberView{Note: &Message{Kind: "success", Title: c.look.Text("new_store.done", made.Name), Text: c.look.Text("new_store.once")}}
	next.Title = made.Name
	next.Crumbs = p.Crumbs
	next.Actions = []Action{{Label: c.look.Text("new_store.open"), URL: Base + "/store/" + made.Hash, Primary: true}}
	next.Facts = []Fact{
		{Label: c.look.Text("new_store.hash"), Value: made.Hash}, {Label: c.look.Text("new_store.token"), Value: cred.AccessToken},
		{Label: c.look.Text("new_store.client_id"), Value: cred.ClientID}, {Label: c.look.Text("new_store.client_secret"), Value: cred.ClientSecret},
	}
	return c.show(http.StatusOK, next)
}

// storeAction asks before the store of the address is archived or, where it is
// archived, put back into service.
func (c *call) storeAction(action string, archived bool) (*questionPage, *store.Store, error) {
	st, err := c.Stores.ByHash(c.R.Context(), chi.URLParam(c.R, "hash"))
	if err != nil {
		return nil, nil, err
	}
	if (st.DateArchived != 0) != archived {
		return nil, nil, errNoPage
	}
	p := c.ask("stores."+action, Base+"/stores/"+st.Hash+"/"+action, !archived, Base+"/stores", st.Name)
	p.Crumbs = []html.Link{{Label: c.look.Text("stores.title"), URL: Base + "/stores"}}
	return p, st, nil
}

func (c *call) archivePage() error { return c.askOfStore("archive", false) }
func (c *call) restorePage() error { return c.askOfStore("restore", true) }

func (c *call) askOfStore(action string, archived bool) error {
	p, _, err := c.storeAction(action, archived)
	if err != nil {
		return err
	}
	return c.show(http.StatusOK, p)
}

func (c *call) archiveStore() error { return c.moveStore("archive", false) }
func (c *call) restoreStore() error { return c.moveStore("restore", true) }

func (c *call) moveStore(action string, archived bool) error {
	_, st, err := c.storeAction(action, archived)
	if err != nil {
		return err
	}
	if _, err := c.Stores.Archive(c.R.Context(), st.ID, !archived); err != nil {
		return err
	}
	return c.done(Base+"/stores", "store_"+action, st.Name)
}
