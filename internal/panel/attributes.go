package panel

import (
	"net/http"
	"strconv"

	"clientele/internal/customer"
	"clientele/internal/html"
	"clientele/internal/listing"
	"clientele/internal/staff"
)

// attributeRoutes are the pages of what a store keeps about customers by attributes.
func attributeRoutes() []Route {
	const at = ofStore + "/settings/attributes"
	may := In(staff.Structure)
	return []Route{
		get(at, may, (*call).attributeList), get(at+"/new", may, (*call).newAttributePage), post(at+"/new", may, (*call).makeAttribute),
		get(at+"/{id}/rename", may, (*call).renameAttributePage), post(at+"/{id}/rename", may, (*call).renameAttribute),
		sudo(get(at+"/{id}/delete", may, (*call).deleteAttributePage)), sudo(post(at+"/{id}/delete", may, (*call).deleteAttribute)),
	}
}

func (c *call) attributesAt(more string) string { return c.storeAt("/settings/attributes" + more) }

// attributes are all attributes of the store.
func (c *call) attributes() ([]customer.Attribute, error) {
	q := customer.AttributeList.New()
	q.Limit = customer.MaxAttributes
	all, _, err := c.Customers.Attributes(c.R.Context(), c.store.ID, q)
	return all, err
}

func (c *call) attributeList() error {
	all, err := c.attributes()
	if err != nil {
		return err
	}
	p := &listPage{Table: &Table{ID: "list", Caption: c.look.Text("attributes.title"), Columns: []Column{
		{Label: c.look.Text("field.name")}, {Label: c.look.Text("fields.type")}, {Label: c.look.Text("created")}, {Label: c.look.Text("actions"), Hidden: true},
	}}}
	p.Title, p.Lead = c.look.Text("attributes.title"), c.look.Text("attributes.lead", strconv.Itoa(customer.MaxAttributes))
	p.Actions = []Action{{Label: c.look.Text("attributes.new"), URL: c.attributesAt("/new"), Primary: true, Dialog: true}}
	for i := range all {
		a := &all[i]
		id := strconv.FormatInt(a.ID, 10)
		p.Table.Rows = append(p.Table.Rows, Row{ID: "attribute-" + id, Cells: []Cell{
			{Text: a.Name, Sub: "#" + id}, {Text: c.look.Text("attributes.type." + a.Type)}, {When: c.when(a.DateCreated)},
			{Actions: []Action{{Label: c.look.Text("attributes.rename"), URL: c.attributesAt("/" + id + "/rename"), Dialog: true}, {Label: c.look.Text("delete"), URL: c.attributesAt("/" + id + "/delete"), Danger: true}}},
		}})
	}
	if len(all) == 0 {
		p.Table = nil
		p.Empty = &Empty{Icon: "tag", Title: c.look.Text("attributes.none.title"), Text: c.look.Text("attributes.none.text"), Action: &p.Actions[0]}
		p.Actions = nil
	}
	return c.show(http.StatusOK, p)
}

func (c *call) newAttributeForm() *questionPage {
	p := c.ask("attributes.add", c.attributesAt("/new"), false, c.attributesAt(""))
	p.Crumbs = []html.Link{{Label: c.look.Text("attributes.title"), URL: c.attributesAt("")}}
	name := c.textField("name", "field.name")
	name.Autocomplete = "off"
	kind := &html.Field{Name: "type", Label: c.look.Text("fields.type"), Hint: c.look.Text("attributes.type.hint"), Type: "radio", Required: true}
	for i, t := range customer.AttributeTypes {
		kind.Options = append(kind.Options, html.Option{Value: t, Label: c.look.Text("attributes.type." + t), Selected: i == 0})
	}
	p.Dialog.Form.Sections[0].Fields = []*html.Field{name, kind}
	return p
}

func (c *call) newAttributePage() error { return c.show(http.StatusOK, c.newAttributeForm()) }

func (c *call) makeAttribute() error {
	p := c.newAttributeForm()
	if !c.filled(p.Dialog.Form) {
		return c.show(http.StatusUnprocessableEntity, p)
	}
	if _, err := c.Customers.CreateAttributes(c.R.Context(), c.store.ID, []customer.AttributeCreate{{Name: c.value("name"), Type: c.form.Get("type")}}); err != nil {
		return c.again(p, p.Dialog.Form, err)
	}
	return c.done(c.attributesAt(""), "attribute_made", c.value("name"))
}

// oneAttribute is the attribute of the address.
func (c *call) oneAttribute() (*customer.Attribute, error) {
	id, err := c.param("id")
	if err != nil {
		return nil, err
	}
	all, err := c.attributes()
	if err != nil {
		return nil, err
	}
	for i := range all {
		if all[i].ID == id {
			return &all[i], nil
		}
	}
	return nil, errNoPage
}

func (c *call) askOfAttribute(key string, danger bool) (*questionPage, *customer.Attribute, error) {
	a, err := c.oneAttribute()
	if err != nil {
		return nil, nil, err
	}
	p := c.ask("attributes."+key, c.attributesAt("/"+strconv.FormatInt(a.ID, 10)+"/"+key), danger, c.attributesAt(""), a.Name)
	p.Crumbs = []html.Link{{Label: c.look.Text("attributes.title"), URL: c.attributesAt("")}}
	return p, a, nil
}

func (c *call) renameForm() (*questionPage, *customer.Attribute, error) {
	p, a, err := c.askOfAttribute("rename", false)
	if err != nil {
		return nil, nil, err
	}
	name := c.textField("name", "field.name")
	name.Value, name.Autocomplete = a.Name, "off"
	p.Dialog.Form.Sections[0].Fields = []*html.Field{name}
	return p, a, nil
}

func (c *call) renameAttributePage() error {
	p, _, err := c.renameForm()
	if err != nil {
		return err
	}
	return c.show(http.StatusOK, p)
}

func (c *call) renameAttribute() error {
	p, a, err := c.renameForm()
	if err != nil {
		return err
	}
	if !c.filled(p.Dialog.Form) {
		return c.show(http.StatusUnprocessableEntity, p)
	}
	if _, err := c.Customers.UpdateAttributes(c.R.Context(), c.store.ID, []customer.AttributeUpdate{{ID: a.ID, Name: c.value("name")}}); err != nil {
		return c.again(p, p.Dialog.Form, err)
	}
	undo := &Undo{Action: c.attributesAt("/" + strconv.FormatInt(a.ID, 10) + "/rename"), Fields: []string{"name", a.Name}}
	return c.doneUndo(c.attributesAt(""), undo, "attribute_renamed", c.value("name"))
}

func (c *call) deleteAttributePage() error {
	p, _, err := c.askOfAttribute("delete", true)
	if err != nil {
		return err
	}
	return c.show(http.StatusOK, p)
}

func (c *call) deleteAttribute() error {
	a, err := c.oneAttribute()
	if err != nil {
		return err
	}
	if _, err := c.Customers.DeleteAttributes(c.R.Context(), c.store.ID, customer.DeleteAttributeList.New().Where("id", listing.In, []int64{a.ID}, nil)); err != nil {
		return err
	}
	return c.done(c.attributesAt(""), "attribute_deleted", a.Name)
}
