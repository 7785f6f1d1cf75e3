package v3

import (
	"maps"
	"slices"
	"strconv"

	"clientele/internal/auth"
	"clientele/internal/customer"
	"clientele/internal/fault"
	"clientele/internal/form"
	"clientele/internal/jsonx"
	"clientele/internal/rest"
	"clientele/internal/rest/decode"
	"clientele/internal/rest/shape"
)

// The definitions are an addition of ours: the original has them in its
// control panel only.
func (s *Surface) formFieldRoutes() []rest.Route {
	id := shape.ID("id")
	return []rest.Route{
		{Method: "GET", Pattern: "/customers/form-field-values", Need: auth.ReadCustomers, List: customer.FormValueList,
			Handle: List(shape.ScopedPage(s.Customers.FormValues), appendFormValue)},
		{Method: "PUT", Pattern: "/customers/form-field-values", Need: auth.ModifyCustomers, Class: rest.Creating, Titles: upsertFormValues,
			Handle: shape.Call(objects(customer.MaxItems, decodeFormValue, "name", "value"), shape.Scoped(s.Customers.PutFormValues), rows(appendFormValue))},
		{Method: "GET", Pattern: "/customers/form-fields", Need: auth.ReadCustomers, List: form.List,
			Handle: List(shape.ScopedPage(s.Forms.Fields), appendFormField)},
		{Method: "POST", Pattern: "/customers/form-fields", Need: auth.ModifyCustomers, Class: rest.Creating, Titles: createFormField,
			Handle: shape.Call(object(decodeNewFormField), shape.Scoped(s.Forms.Create), one(appendFormField))},
		{Method: "GET", Pattern: "/customers/form-fields/{id}", Need: auth.ReadCustomers,
			Handle: get(id, shape.Scoped(s.Forms.Field), one(appendFormField))},
		{Method: "PUT", Pattern: "/customers/form-fields/{id}", Need: auth.ModifyCustomers, Class: rest.Updating, Titles: updateFormField,
			Handle: shape.CallAt(id, withID(object[form.Update], id, decodeFormField), s.updateFormField, one(appendFormField))},
		{Method: "DELETE", Pattern: "/customers/form-fields/{id}", Need: auth.ModifyCustomers, Titles: deleteFormField,
			Handle: shape.Do(id, shape.ScopedDo(s.Forms.Delete))},
	}
}

func (s *Surface) updateFormField(c *rest.Call, id int64, in form.Update) (*form.Field, error) {
	in.ID = id
	return s.Forms.Update(c.Ctx(), c.StoreID(), in)
}

// decodeFormValue reads a value, whose owner is a customer or an address.
func decodeFormValue(o decode.Object) customer.FormValueUpsert {
	o.Only([]string{"name", "value", "customer_id", "address_id"}, nil)
	in := customer.FormValueUpsert{CustomerID: o.Int("customer_id"), AddressID: o.Int("address_id")}
	_, customers := o.Given("customer_id")
	if _, addresses := o.Given("address_id"); !customers && !addresses {
		o.Faults.Add("customer_id", fault.Required, "", "")
	}
	in.Input, _ = formField(o)
	return in
}

var formFieldMembers = []string{"form", "name", "type", "required", "label", "sort_order", "choices", "placeholder", "max_length", "min", "max", "default", "rows", "translations"}

func decodeNewFormField(o decode.Object) form.Field {
	o.Only(formFieldMembers, []string{"id", "built_in", "date_created", "date_modified"})
	o.Required("form", "name", "type")
	return decodeDefinition(o).Definition()
}

// decodeFormField passes over what clients send back as they have read it.
func decodeFormField(o decode.Object) form.Update {
	o.Only(formFieldMembers, nil, "id", "built_in", "date_created", "date_modified")
	return decodeDefinition(o)
}

// decodeDefinition reads a definition. A member that is null is set to nothing.
func decodeDefinition(o decode.Object) form.Update {
	return form.Update{
		Form:        o.Text("form"),
		Name:        o.Text("name"),
		Type:        o.Text("type"),
		Required:    o.Flag("required"),
		Label:       decode.OrNull(o, "label", o.Text),
		SortOrder:   decode.OrNull(o, "sort_order", o.Int),
		Choices:     decode.OrNull(o, "choices", o.Texts),
		Placeholder: decode.OrNull(o, "placeholder", o.Text),
		MaxLength:   decode.OrNull(o, "max_length", o.Int),
		Min:         decode.OrNull(o, "min", o.TextOrNumber),
		Max:         decode.OrNull(o, "max", o.TextOrNumber),
		Default:     decode.OrNull(o, "default", o.TextOrNumber),
		Rows:        decode.OrNull(o, "rows", o.Int),

		Translations: decodeTranslations(o),
	}
}

// decodeTranslations reads what a field is called in languages; null ends one.
func decodeTranslations(o decode.Object) map[string]*form.Translate {
	out := map[string]*form.Translate{}
	o.Object("translations", func(all decode.Object) {
		for tag, v := range all.Value.Members() {
			switch {
			case v.IsNull():
				out[tag] = nil
			case v.Kind() != jsonx.Object:
				all.Wrong(tag, jsonx.Object)
			default:
				all.At(tag+".", v, func(one decode.Object) {
					t := &form.Translate{Label: decode.OrNull(one, "label", one.Text), Placeholder: decode.OrNull(one, "placeholder", one.Text), Choices: map[string]string{}}
					one.Pairs("choices", labelText, func(choice, label string) { t.Choices[choice] = label })
					out[tag] = t
				})
			}
		}
	})
	return out
}

// labelText reads the label of a choice; null ends its translation.
func labelText(v jsonx.Value) (string, bool) {
	if v.IsNull() {
		return "", true
	}
	return v.Str()
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
	if len(f.Translations) > 0 {
		b = appendTranslations(append(b, `,"translations":`...), f.Translations)
	}
	b = append(b, `,"date_created":`...)
	b = jsonx.AppendTime(b, f.DateCreated)
	b = append(b, `,"date_modified":`...)
	b = jsonx.AppendTime(b, f.DateModified)
	return append(b, '}')
}

func appendTranslations(b []byte, all form.Translations) []byte {
	for i, tag := range slices.Sorted(maps.Keys(all)) {
		t, sep := all[tag], byte(',')
		if i == 0 {
			sep = '{'
		}
		b = jsonx.AppendKey(append(b, sep), tag)
		b = jsonx.AppendString(append(b, `{"label":`...), t.Label)
		b = jsonx.AppendString(append(b, `,"placeholder":`...), t.Placeholder)
		b = append(b, `,"choices":{`...)
		for j, choice := range slices.Sorted(maps.Keys(t.Choices)) {
			if j > 0 {
				b = append(b, ',')
			}
			b = jsonx.AppendString(jsonx.AppendKey(b, choice), t.Choices[choice])
		}
		b = append(b, `}}`...)
	}
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
