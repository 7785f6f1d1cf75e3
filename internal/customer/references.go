package customer

import (
	"maps"
	"slices"
	"strconv"

	"clientele/internal/fault"
	"clientele/internal/form"
	"clientele/internal/group"
	"clientele/internal/opt"
	"clientele/internal/sqldb"
	"clientele/internal/store"
)

// references are the things that a batch refers to by id or name, looked up
// in one round trip before anything is written.
type references struct {
	groups     map[int64]bool
	channels   map[int64]bool
	attributes map[int64]string // id to type
	forms      map[string]form.Form
	joined     map[int64]int64 // the group that customers of a channel join, 0: none
}

// wanted collects what to look up.
type wanted struct {
	groups, channels, attributes map[int64]bool
	forms                        map[string]bool // and whether with the built-in fields
	joins                        map[int64]bool  // channels whose customers join a group
}

func set(m *map[int64]bool, ids ...int64) {
	if *m == nil {
		*m = map[int64]bool{}
	}
	for _, id := range ids {
		(*m)[id] = true
	}
}

// form asks for the fields that inputs are held to.
func (w *wanted) form(name string, extent form.Extent, in []form.Input) {
	if extent == form.Free && len(in) == 0 {
		return
	}
	if w.forms == nil {
		w.forms = map[string]bool{}
	}
	w.forms[name] = w.forms[name] || extent != form.Free
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
		qs = append(qs, group.HoldQuery(tx, slices.Sorted(maps.Keys(w.groups)), ref.groups))
	}
	joins := slices.Sorted(maps.Keys(w.joins))
	joined := make([]int64, len(joins))
	for i, channel := range joins {
		qs = append(qs, group.JoinedQuery(tx, channel, &joined[i]))
	}
	if len(w.channels) > 0 {
		ref.channels = map[int64]bool{}
		qs = append(qs, store.HoldChannels(tx, slices.Sorted(maps.Keys(w.channels)), ref.channels))
	}
	if len(w.attributes) > 0 {
		ref.attributes = map[int64]string{}
		qs = append(qs, sqldb.Q{Stmt: selectAttributes, Each: func(r *sqldb.Row) error {
			ref.attributes[r.Int(0)] = r.Text(1)
			return nil
		}})
	}
	names := slices.Sorted(maps.Keys(w.forms))
	loaded := make([]form.Form, len(names))
	for i, name := range names {
		qs = append(qs, form.Query(name, w.forms[name], &loaded[i]))
	}
	if len(qs) == 0 {
		return ref, nil
	}
	err := tx.Pipeline(qs...)
	for i, channel := range joins {
		if ref.joined == nil {
			ref.joined = map[int64]int64{}
		}
		ref.joined[channel] = joined[i]
	}
	for i, name := range names {
		if ref.forms == nil {
			ref.forms = map[string]form.Form{}
		}
		ref.forms[name] = loaded[i]
	}
	return ref, err
}

// checkCustomer holds what is filled in of the account's form to its
// definitions and returns the values to store. withAddress tells that an
// address comes along, which then has the company and the phone.
func (ref *references) checkCustomer(c *fault.Collector, extent form.Extent, in []form.Input, company, phone opt.Field[string], withAddress bool) []form.Stored {
	if !withAddress {
		ref.forms[form.Address].CheckOwn(c, extent, map[int64]opt.Field[string]{form.Company: company, form.Phone: phone})
	}
	return ref.forms[form.Customer].Check(c, extent, in)
}

// checkAddress is checkCustomer for the address form.
func (ref *references) checkAddress(c *fault.Collector, extent form.Extent, in []form.Input, company, phone, line2 opt.Field[string]) []form.Stored {
	f := ref.forms[form.Address]
	f.CheckOwn(c, extent, map[int64]opt.Field[string]{form.Company: company, form.Phone: phone, form.Address2: line2})
	return f.Check(c, extent, in)
}

// checkNewAddress is checkAddress for an address that is to be made.
func (ref *references) checkNewAddress(c *fault.Collector, extent form.Extent, a *AddressCreate) []form.Stored {
	return ref.checkAddress(c, extent, a.FormFields, opt.Some(a.Company), opt.Some(a.Phone), opt.Some(a.Address2))
}

func (ref *references) checkGroup(c *fault.Collector, id int64) {
	if id != 0 && !ref.groups[id] {
		c.Because(FieldGroup, fault.Unknown, WhyNoGroup, "")
	}
}

func (ref *references) checkChannels(c *fault.Collector, field fault.Field, ids ...int64) {
	for _, id := range ids {
		if id != 1 && !ref.channels[id] {
			c.AddItem(fault.Item{Field: field, Code: fault.Unknown, Why: WhyNoSuchChannel, Value: strconv.FormatInt(id, 10)})
		}
	}
}

func (ref *references) checkAttribute(c *fault.Collector, i int, in AttributeInput) {
	c.In = fault.Place{List: FieldAttributes, At: i + 1}
	if typ, ok := ref.attributes[in.AttributeID]; ok {
		checkAttributeValue(c, FieldAttributeValue, typ, in.Value)
	} else {
		c.Because(FieldAttribute, fault.Unknown, WhyNoAttribute, "")
	}
	c.In = fault.Place{}
}
