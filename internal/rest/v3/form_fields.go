package v3

import (
	"net/http"
	"strconv"

	"github.com/go-chi/chi/v5"

	"clientele/internal/auth"
	"clientele/internal/customer"
	"clientele/internal/fault"
	"clientele/internal/form"
	"clientele/internal/jsonx"
	"clientele/internal/listing"
	"clientele/internal/opt"
	"clientele/internal/rest"
)

// The definitions are an addition of ours: the original has them in its
// control panel only.
func (s *Surface) formFieldRoutes() []rest.Route {
	return []rest.Route{
		{Method: "GET", Pattern: "/customers/form-field-values", Need: auth.ReadCustomers, Handle: s.listFormValues},
		{Method: "PUT", Pattern: "/customers/form-field-values", Need: auth.ModifyCustomers, Class: rest.Creating, Handle: s.putFormValues, Titles: upsertFormValues},
		{Method: "GET", Pattern: "/customers/form-fields", Need: auth.ReadCustomers, Handle: s.listFormFields},
		{Method: "POST", Pattern: "/customers/form-fields", Need: auth.ModifyCustomers, Class: rest.Creating, Handle: s.createFormField, Titles: createFormField},
		{Method: "GET", Pattern: "/customers/form-fields/{id}", Need: auth.ReadCustomers, Handle: s.getFormField},
		{Method: "PUT", Pattern: "/customers/form-fields/{id}", Need: auth.ModifyCustomers, Class: rest.Updating, Handle: s.updateFormField, Titles: updateFormField},
		{Method: "DELETE", Pattern: "/customers/form-fields/{id}", Need: auth.ModifyCustomers, Handle: s.deleteFormField, Titles: deleteFormField},
	}
}

var formFieldLists = map[string]*listing.Spec{
	"GET /customers/form-field-values": customer.FormValueList,
	"GET /customers/form-fields":       form.List,
}

func (s *Surface) listFormValues(c *rest.Call) error {
	q, err := customer.FormValueList.Parse(c.R.URL.RawQuery)
	if err != nil {
		return err
	}
	rows, res, err := s.Customers.FormValues(c.Ctx(), c.StoreID(), q)
	if err != nil {
		return err
	}
	SendList(c, q, res, true, rows, appendFormValue)
	return nil
}

func (s *Surface) putFormValues(c *rest.Call) error {
	v, err := batch(c, "name", "value")
	if err != nil {
		return err
	}
	in := make([]customer.FormValueUpsert, v.Len())
	var items []fault.Item
	for i, e := range v.Elems() {
		col := fault.Collector{Index: i}
		d := decoder{e, &col}
		in[i] = customer.FormValueUpsert{CustomerID: d.integer("customer_id"), AddressID: d.integer("address_id")}
		_, customers := d.given("customer_id")
		if _, addresses := d.given("address_id"); !customers && !addresses {
			col.Add("customer_id", fault.Required, "", "")
		}
		in[i].Input, _ = d.formField()
		items = append(items, col.Items...)
	}
	if err := malformed(items); err != nil {
		return err
	}
	rows, err := s.Customers.PutFormValues(c.Ctx(), c.StoreID(), in)
	if err != nil {
		return err
	}
	sendWritten(c, rows, func(b []byte, row *customer.FormValue, _ int) []byte { return appendFormValue(b, row) })
	return nil
}

func (s *Surface) listFormFields(c *rest.Call) error {
	q, err := form.List.Parse(c.R.URL.RawQuery)
	if err != nil {
		return err
	}
	rows, res, err := s.Forms.Fields(c.Ctx(), c.StoreID(), q)
	if err != nil {
		return err
	}
	SendList(c, q, res, false, rows, appendFormField)
	return nil
}

// fieldID reads the id of the path. What is no number names nothing.
func fieldID(c *rest.Call) (int64, error) {
	id, err := strconv.ParseInt(chi.URLParam(c.R, "id"), 10, 64)
	if err != nil {
		return 0, fault.New(fault.NotFound, "there is no such form field")
	}
	return id, nil
}

func (s *Surface) getFormField(c *rest.Call) error {
	id, err := fieldID(c)
	if err != nil {
		return err
	}
	f, err := s.Forms.Field(c.Ctx(), c.StoreID(), id)
	if err != nil {
		return err
	}
	sendOne(c, f, appendFormField)
	return nil
}

func (s *Surface) createFormField(c *rest.Call) error {
	u, err := decodeFormField(c, "form", "name", "type")
	if err != nil {
		return err
	}
	f, err := s.Forms.Create(c.Ctx(), c.StoreID(), u.Definition())
	if err != nil {
		return err
	}
	sendOne(c, f, appendFormField)
	return nil
}

func (s *Surface) updateFormField(c *rest.Call) error {
	id, err := fieldID(c)
	if err != nil {
		return err
	}
	u, err := decodeFormField(c)
	if err != nil {
		return err
	}
	u.ID = id
	f, err := s.Forms.Update(c.Ctx(), c.StoreID(), u)
	if err != nil {
		return err
	}
	sendOne(c, f, appendFormField)
	return nil
}

func (s *Surface) deleteFormField(c *rest.Call) error {
	id, err := fieldID(c)
	if err != nil {
		return err
	}
	if err := s.Forms.Delete(c.Ctx(), c.StoreID(), id); err != nil {
		return err
	}
	c.SendEmpty(http.StatusNoContent)
	return nil
}

// decodeFormField reads a definition: an object. A member that is null is set
// to nothing.
func decodeFormField(c *rest.Call, required ...string) (form.Update, error) {
	v, err := c.JSON()
	if err != nil {
		return form.Update{}, err
	}
	if v.Kind() != jsonx.Object {
		code, want := fault.WrongType, jsObject
		if !v.Present() {
			code, want = fault.Required, ""
		}
		return form.Update{}, malformed([]fault.Item{{Index: -1, Code: code, Want: want}})
	}
	col := fault.Collector{Index: -1}
	d := decoder{v, &col}
	d.required(required...)
	u := form.Update{
		Form:        d.text("form"),
		Name:        d.text("name"),
		Type:        d.text("type"),
		Required:    d.flag("required"),
		Label:       orNull(d, "label", d.text),
		SortOrder:   orNull(d, "sort_order", d.integer),
		Choices:     orNull(d, "choices", d.texts),
		Placeholder: orNull(d, "placeholder", d.text),
		MaxLength:   orNull(d, "max_length", d.integer),
		Min:         orNull(d, "min", d.textOrNumber),
		Max:         orNull(d, "max", d.textOrNumber),
		Default:     orNull(d, "default", d.textOrNumber),
		Rows:        orNull(d, "rows", d.integer),
	}
	return u, malformed(col.Items)
}

// textOrNumber reads a string, or a number as it was written.
func (d decoder) textOrNumber(name string) opt.Field[string] {
	v, ok := d.given(name)
	if !ok {
		return opt.Field[string]{}
	}
	s, ok := v.Str()
	if !ok {
		if s, ok = v.NumberText(); !ok {
			d.wrong(name, jsString)
		}
	}
	return opt.Field[string]{Set: ok, Value: s}
}

func appendFormField(b []byte, f *form.Field) []byte {
	o := &f.Options
	b = append(b, `{"id":`...)
	b = strconv.AppendInt(b, f.ID, 10)
	b = append(b, `,"form":`...)
	b = jsonx.AppendString(b, f.Form)
	b = append(b, `,"name":`...)
	b = jsonx.AppendString(b, f.Name)
	b = append(b, `,"label":`...)
	b = jsonx.AppendString(b, o.Label)
	b = append(b, `,"type":`...)
	b = jsonx.AppendString(b, f.Type)
	b = append(b, `,"required":`...)
	b = strconv.AppendBool(b, f.Required)
	b = append(b, `,"built_in":`...)
	b = strconv.AppendBool(b, f.BuiltIn())
	b = append(b, `,"sort_order":`...)
	b = strconv.AppendInt(b, o.SortOrder, 10)
	b = append(b, `,"choices":`...)
	b = jsonx.AppendStrings(b, o.Choices)
	b = append(b, `,"placeholder":`...)
	b = jsonx.AppendString(b, o.Placeholder)
	b = append(b, `,"max_length":`...)
	b = appendIntOrNull(b, o.MaxLength)
	b = append(b, `,"min":`...)
	b = appendLimit(b, f.Type, o.Min)
	b = append(b, `,"max":`...)
	b = appendLimit(b, f.Type, o.Max)
	b = append(b, `,"default":`...)
	b = jsonx.AppendString(b, o.Default)
	b = append(b, `,"rows":`...)
	b = appendIntOrNull(b, o.Rows)
	b = append(b, `,"date_created":`...)
	b = jsonx.AppendTime(b, f.DateCreated)
	b = append(b, `,"date_modified":`...)
	b = jsonx.AppendTime(b, f.DateModified)
	return append(b, '}')
}

func appendIntOrNull(b []byte, n int64) []byte {
	if n == 0 {
		return append(b, "null"...)
	}
	return strconv.AppendInt(b, n, 10)
}

// appendLimit writes the limit of a number as one, and that of a date as text.
func appendLimit(b []byte, typ, limit string) []byte {
	switch {
	case limit == "":
		return append(b, "null"...)
	case typ == form.NumberField:
		return append(b, limit...)
	default:
		return jsonx.AppendString(b, limit)
	}
}
