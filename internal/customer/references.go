package customer

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"clientele/internal/fault"
	"clientele/internal/sqldb"
)

func itoa(n int) string { return strconv.Itoa(n) }

// references are the things that a batch refers to by id or name, looked up
// in one round trip before anything is written.
type references struct {
	groups     map[int64]bool
	channels   map[int64]bool
	attributes map[int64]string // id to type
	fields     map[string]fields
	group      int64          // the default group, 0: none
	required   map[int64]bool // built-in fields that stores may require
}

// wanted collects what to look up.
type wanted struct {
	groups, channels, attributes map[int64]bool
	forms                        map[string]bool
	defaultGroup                 bool
	complete                     bool // the built-in fields that are required
}

func set(m *map[int64]bool, ids ...int64) {
	if *m == nil {
		*m = map[int64]bool{}
	}
	for _, id := range ids {
		(*m)[id] = true
	}
}

func (w *wanted) form(name string, in []FormInput) {
	if len(in) > 0 {
		w.wholeForm(name)
	}
}

func (w *wanted) wholeForm(name string) {
	if w.forms == nil {
		w.forms = map[string]bool{}
	}
	w.forms[name] = true
}

// The default channel always exists and needs no look.
func (w *wanted) channel(ids ...int64) {
	for _, id := range ids {
		if id != 1 {
			set(&w.channels, id)
		}
	}
}

var selectAttributes = sqldb.Static(`SELECT id, type FROM attributes WHERE store_id = $1`)

func (w *wanted) load(tx *sqldb.Tx) (*references, error) {
	ref := &references{}
	var qs []sqldb.Q
	if len(w.groups) > 0 {
		ref.groups = map[int64]bool{}
		qs = append(qs, existing(tx, "customer_groups", slices.Sorted(maps.Keys(w.groups)), ref.groups))
	}
	if w.defaultGroup {
		qs = append(qs, sqldb.Q{
			Stmt: sqldb.Dynamic(`SELECT id FROM customer_groups WHERE store_id = $1 AND is_default = 1` + tx.ForShare()),
			Each: func(r *sqldb.Row) error { ref.group = r.Int(0); return nil },
		})
	}
	if len(w.channels) > 0 {
		ref.channels = map[int64]bool{}
		qs = append(qs, existing(tx, "channels", slices.Sorted(maps.Keys(w.channels)), ref.channels))
	}
	if len(w.attributes) > 0 {
		ref.attributes = map[int64]string{}
		qs = append(qs, sqldb.Q{Stmt: selectAttributes, Each: func(r *sqldb.Row) error {
			ref.attributes[r.Int(0)] = r.Text(1)
			return nil
		}})
	}
	if w.complete {
		ref.required = map[int64]bool{}
		qs = append(qs, sqldb.Q{Stmt: requiredBuiltIns, Args: []any{fieldCompany, fieldPhone, fieldLine2}, Each: func(r *sqldb.Row) error {
			ref.required[r.Int(0)] = true
			return nil
		}})
	}
	for _, form := range slices.Sorted(maps.Keys(w.forms)) {
		if ref.fields == nil {
			ref.fields = map[string]fields{}
		}
		ref.fields[form] = fields{}
		qs = append(qs, fieldsQuery(form, ref.fields[form]))
	}
	if len(qs) == 0 {
		return ref, nil
	}
	return ref, tx.Pipeline(qs...)
}

// Numbers of built-in fields that a store may require.
const (
	fieldCompany int64 = 6
	fieldPhone   int64 = 7
	fieldLine2   int64 = 9
)

var requiredBuiltIns = sqldb.Static(`SELECT id FROM form_fields WHERE store_id = $1 AND id IN ($2, $3, $4) AND required = 1`)

// checkComplete notes required fields of the store's forms that a customer
// was made without.
func (ref *references) checkComplete(c *fault.Collector, in *Create) {
	ref.fields[CustomerForm].missing(c, "", in.FormFields)
	builtIn := func(prefix string, field int64, name, value string) {
		if ref.required[field] && strings.TrimSpace(value) == "" {
			c.Add(prefix+name, fault.Required, "", name+" is required")
		}
	}
	if len(in.Addresses) == 0 {
		builtIn("", fieldCompany, "company", in.Company)
		builtIn("", fieldPhone, "phone", in.Phone)
	}
	for j := range in.Addresses {
		a, prefix := &in.Addresses[j], "addresses."+itoa(j)+"."
		ref.fields[AddressForm].missing(c, prefix, a.FormFields)
		builtIn(prefix, fieldCompany, "company", a.Company)
		builtIn(prefix, fieldPhone, "phone", a.Phone)
		builtIn(prefix, fieldLine2, "address2", a.Address2)
	}
}

func (ref *references) checkGroup(c *fault.Collector, id int64) {
	if id != 0 && !ref.groups[id] {
		c.Add("customer_group_id", fault.Unknown, "", "invalid customer group ID")
	}
}

func (ref *references) checkChannels(c *fault.Collector, field string, ids ...int64) {
	for _, id := range ids {
		if id != 1 && !ref.channels[id] {
			c.Add(field, fault.Unknown, "", "invalid channel ID "+strconv.FormatInt(id, 10))
		}
	}
}

func (ref *references) checkAttribute(c *fault.Collector, i int, in AttributeInput) {
	typ, ok := ref.attributes[in.AttributeID]
	if !ok {
		c.Add(fmt.Sprintf("attributes.%d.attribute_id", i), fault.Unknown, "", "invalid attribute ID")
		return
	}
	checkAttributeValue(c, fmt.Sprintf("attributes.%d.attribute_value", i), typ, in.Value)
}
