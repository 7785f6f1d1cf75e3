package mirror

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"clientele/internal/channel"
	"clientele/internal/customer"
	"clientele/internal/fault"
	"clientele/internal/fold"
	"clientele/internal/form"
	"clientele/internal/group"
	"clientele/internal/segment"
	"clientele/internal/setting"
	"clientele/internal/sqldb"
	"clientele/internal/store"
	"clientele/internal/upstream"
)

// references are what customers refer to, as far as it is here.
type references struct {
	groups, channels map[int64]bool
	attributes       map[int64]int64 // the ids here, by those there
	fields           map[string]bool // of forms, by fieldKey
	// untold: the upstream does not tell how fields are defined. They are made as
	// customers have values of them.
	untold bool
	seen   [sha256.Size]byte // of all that the upstream said
}

func fieldKey(form, name string) string { return form + "\x00" + fold.Text(name) }

// definitions are what an upstream says of what customers refer to.
type definitions struct {
	Store      wireStore
	Groups     []wireGroup
	Attributes []wireAttribute
	Fields     []wireFormField
	Untold     bool
	Channels   []wireChannel
	Segments   []wireSegment
	Settings   map[int64]wireSettings // by channel; 0: the store's
}

// maxPages bounds lists of definitions, of which there are few.
const maxPages = 1000

// all reads a whole list of V3. One that the account may not read, or that there is
// not, is none.
func all[T any](ctx context.Context, from *upstream.Client, path string, query url.Values, size int) (out []T, there bool, err error) {
	for n := 1; n <= maxPages; n++ {
		q := url.Values{"limit": {strconv.Itoa(size)}, "page": {strconv.Itoa(n)}}
		for name, v := range query {
			q[name] = v
		}
		var p page[T]
		err := from.Get(ctx, path, q, &p)
		if upstream.IsStatus(err, http.StatusForbidden, http.StatusNotFound, http.StatusMethodNotAllowed) {
			return nil, false, nil
		}
		if err != nil {
			return nil, false, err
		}
		out = append(out, p.Data...)
		if len(p.Data) == 0 || n >= p.Meta.Pagination.TotalPages {
			break
		}
	}
	return out, true, nil
}

// define asks for all definitions.
func (r *run) define(ctx context.Context) (d definitions, err error) {
	from, size := r.o.From, r.s.pageSize
	if err := from.Get(ctx, "/v2/store", nil, &d.Store); err != nil && !upstream.IsStatus(err, http.StatusForbidden, http.StatusNotFound) {
		return d, err
	}
	for n := 1; n <= maxPages; n++ {
		var some []wireGroup
		err := from.Get(ctx, "/v2/customer_groups", url.Values{"limit": {strconv.Itoa(size)}, "page": {strconv.Itoa(n)}}, &some)
		if upstream.IsStatus(err, http.StatusForbidden, http.StatusNotFound) { // a plan without groups
			break
		}
		if err != nil {
			return d, err
		}
		d.Groups = append(d.Groups, some...)
		if len(some) < size {
			break
		}
	}
	if d.Attributes, _, err = all[wireAttribute](ctx, from, "/v3/customers/attributes", nil, size); err != nil {
		return d, err
	}
	told := false
	if d.Fields, told, err = all[wireFormField](ctx, from, "/v3/customers/form-fields", nil, size); err != nil {
		return d, err
	}
	d.Untold = !told
	if d.Channels, _, err = all[wireChannel](ctx, from, "/v3/channels", url.Values{"include": {"currencies"}}, size); err != nil {
		return d, err
	}
	if d.Segments, _, err = all[wireSegment](ctx, from, "/v3/segments", nil, size); err != nil {
		return d, err
	}
	d.Settings = map[int64]wireSettings{}
	paths := map[int64]string{0: "/v3/customers/settings"}
	for _, c := range d.Channels {
		paths[c.ID] = fmt.Sprintf("/v3/customers/settings/channels/%d", c.ID)
	}
	for id, path := range paths {
		var s one[wireSettings]
		err := from.Get(ctx, path, nil, &s)
		if upstream.IsStatus(err, http.StatusForbidden, http.StatusNotFound) {
			continue
		}
		if err != nil {
			return d, err
		}
		d.Settings[id] = s.Data
	}
	return d, nil
}

// refer brings what customers refer to in line. Definitions that are only here stay.
func (r *run) refer(ctx context.Context) error {
	d, err := r.define(ctx)
	if err != nil {
		return err
	}
	text, err := json.Marshal(d)
	if err != nil {
		return err
	}
	r.referred = r.s.sys.Elapsed()
	seen := sha256.Sum256(text)
	if r.ref != nil && r.ref.seen == seen {
		return nil
	}
	ref := &references{groups: map[int64]bool{}, channels: map[int64]bool{1: true}, attributes: map[int64]int64{}, fields: map[string]bool{}, untold: d.Untold, seen: seen}
	var wrong []Problem
	note := func(kind string, id int64, err error) error {
		if err != nil && !lasting(err) {
			return err
		}
		if err != nil {
			wrong = append(wrong, Problem{Kind: kind, ID: id, Message: err.Error()})
		}
		return nil
	}
	if set := d.Store.settings(); len(set) > 0 {
		_, err := r.s.stores.ChangeSettings(ctx, r.storeID, set)
		if err := note("store", 0, err); err != nil {
			return err
		}
	}
	for i := range d.Groups {
		g := &d.Groups[i]
		err := r.write(ctx, func(tx *sqldb.Tx, now int64) error {
			if _, err := group.Put(tx, g.ID, g.command(), now); err != nil {
				return err
			}
			return (store.Lowest{GroupID: g.ID}).Lift(tx)
		})
		ref.groups[g.ID] = err == nil
		if err := note("group", g.ID, err); err != nil {
			return err
		}
	}
	for i := range d.Channels {
		c := &d.Channels[i]
		err := r.write(ctx, func(tx *sqldb.Tx, now int64) error { return c.put(tx, now) })
		ref.channels[c.ID] = err == nil || c.ID == store.DefaultChannel
		if err := note("channel", c.ID, err); err != nil {
			return err
		}
	}
	for _, a := range d.Attributes {
		err := r.write(ctx, func(tx *sqldb.Tx, now int64) error {
			ids, _, err := customer.CopyAttributesTx(tx, []customer.Attribute{{ID: a.ID, Name: a.Name, Type: a.Type}}, now)
			if err == nil {
				ref.attributes[a.ID] = ids[a.ID]
			}
			return err
		})
		if err := note("attribute", a.ID, err); err != nil {
			return err
		}
	}
	for i := range d.Fields {
		f := &d.Fields[i]
		if f.BuiltIn {
			continue
		}
		def := f.definition()
		err := form.CheckField(def)
		if err == nil {
			err = r.write(ctx, func(tx *sqldb.Tx, now int64) error { return form.Put(tx, def, now) })
		}
		ref.fields[fieldKey(f.Form, f.Name)] = err == nil
		if err := note("form_field "+f.Name, 0, err); err != nil {
			return err
		}
	}
	for _, s := range d.Segments {
		err := r.write(ctx, func(tx *sqldb.Tx, _ int64) error {
			_, err := r.s.segments.CopyTx(tx, []segment.Create{{UUID: s.ID, Name: s.Name, Description: s.Description}})
			return err
		})
		if err := note("segment "+s.ID, 0, err); err != nil {
			return err
		}
	}
	for id, s := range d.Settings {
		if !ref.channels[id] && id != 0 {
			continue
		}
		err := r.write(ctx, func(tx *sqldb.Tx, now int64) error {
			told, err := store.Look(tx)
			if err != nil {
				return err
			}
			if _, err := setting.PutTx(tx, id, s.command(), now); err != nil {
				return err
			}
			return told.Tell(tx, now)
		})
		if err := note("customer_settings", id, err); err != nil {
			return err
		}
	}
	r.ref = ref
	if len(wrong) == 0 {
		return nil
	}
	return r.change(ctx, func(_ *sqldb.Tx, p *Progress) error {
		for _, w := range wrong {
			p.problem(w.Kind, w.ID, r.s.sys.Now(), errors.New(w.Message))
		}
		return nil
	})
}

// lasting reports whether an error will not get better by itself: what the upstream
// says breaks a rule here.
func lasting(err error) bool {
	return fault.As(err) != nil || !errors.Is(err, sqldb.ErrUnavailable) && !errors.Is(err, sqldb.ErrUnknownOutcome) && !errors.Is(err, context.Canceled) && !errors.Is(err, context.DeadlineExceeded)
}

// write is a transaction of its own.
func (r *run) write(ctx context.Context, do func(tx *sqldb.Tx, now int64) error) error {
	return r.s.db.WriteAgain(ctx, r.storeID, func(tx *sqldb.Tx) error { return do(tx, r.s.sys.Now()) })
}

// put brings a channel in line, but for its site: that goes on being there.
func (c *wireChannel) put(tx *sqldb.Tx, now int64) error {
	told, err := store.Look(tx)
	if err != nil {
		return err
	}
	in := channel.Given{ID: c.ID, Name: c.Name, Type: c.Type, Platform: c.Platform, Status: c.Status, ExternalID: c.ExternalID, IsListable: c.Listable, IsVisible: c.Visible}
	if c.Currencies != nil {
		in.Currencies = c.Currencies.Enabled
	}
	if err := channel.Put(tx, in, now); err != nil {
		return err
	}
	if err := (store.Lowest{ChannelID: c.ID}).Lift(tx); err != nil {
		return err
	}
	return told.TellAll(tx, now)
}

// known makes sure that what customers refer to is here, as far as it can be, and
// leaves out of them what cannot. It returns what was left out.
func (r *run) known(ctx context.Context, some []wireCustomer) (wrong []Problem, err error) {
	for again := true; ; again = false {
		lacks := false
		for i := range some {
			lacks = lacks || r.lacks(&some[i])
		}
		if !lacks {
			return nil, nil
		}
		if !again {
			break
		}
		if err := r.refer(ctx); err != nil {
			return nil, err
		}
		if err := r.derive(ctx, some); err != nil {
			return nil, err
		}
	}
	for i := range some {
		wrong = append(wrong, r.leave(&some[i])...)
	}
	return wrong, nil
}

// lacks reports whether a customer refers to what is not here.
func (r *run) lacks(c *wireCustomer) bool {
	if c.Group != 0 && !r.ref.groups[c.Group] || c.OriginChannel != 0 && !r.ref.channels[c.OriginChannel] {
		return true
	}
	for _, id := range c.Channels {
		if !r.ref.channels[id] {
			return true
		}
	}
	for _, v := range c.Attributes {
		if r.ref.attributes[v.AttributeID] == 0 {
			return true
		}
	}
	for _, f := range c.Fields {
		if !r.ref.fields[fieldKey(form.Customer, f.Name)] {
			return true
		}
	}
	for i := range c.Addresses {
		for _, f := range c.Addresses[i].Fields {
			if !r.ref.fields[fieldKey(form.Address, f.Name)] {
				return true
			}
		}
	}
	return false
}

// leave leaves out of a customer what it refers to and is not here.
func (r *run) leave(c *wireCustomer) (wrong []Problem) {
	lost := func(what string) {
		wrong = append(wrong, Problem{Kind: markCustomer, ID: c.ID, Message: what + " is not here"})
	}
	if c.Group != 0 && !r.ref.groups[c.Group] {
		lost(fmt.Sprintf("group %d", c.Group))
		c.Group = 0
	}
	if c.OriginChannel != 0 && !r.ref.channels[c.OriginChannel] {
		lost(fmt.Sprintf("channel %d", c.OriginChannel))
		c.OriginChannel = store.DefaultChannel
	}
	if c.Channels != nil {
		var channels []int64
		for _, id := range c.Channels {
			if r.ref.channels[id] {
				channels = append(channels, id)
			} else {
				lost(fmt.Sprintf("channel %d", id))
			}
		}
		if c.Channels = channels; len(channels) == 0 {
			c.Channels = []int64{store.DefaultChannel}
		}
	}
	var values []wireValue
	for _, v := range c.Attributes {
		if r.ref.attributes[v.AttributeID] != 0 {
			values = append(values, v)
		} else {
			lost(fmt.Sprintf("attribute %d", v.AttributeID))
		}
	}
	c.Attributes = values
	keep := func(of string, fields []wireField) (out []wireField) {
		for _, f := range fields {
			if r.ref.fields[fieldKey(of, f.Name)] {
				out = append(out, f)
			} else {
				lost("form field " + strconv.Quote(f.Name))
			}
		}
		return out
	}
	c.Fields = keep(form.Customer, c.Fields)
	for i := range c.Addresses {
		c.Addresses[i].Fields = keep(form.Address, c.Addresses[i].Fields)
	}
	return wrong
}

// derive makes fields of forms by their values, where the upstream does not tell how
// they are defined: of several values checkboxes, of a number a number, else of a
// text.
func (r *run) derive(ctx context.Context, some []wireCustomer) error {
	if !r.ref.untold {
		return nil
	}
	types := map[string]string{}
	look := func(of string, fields []wireField) {
		for _, f := range fields {
			if r.ref.fields[fieldKey(of, f.Name)] {
				continue
			}
			key := of + "\x00" + f.Name
			var text string
			var many []string
			switch {
			case json.Unmarshal(f.Value, &text) == nil:
				types[key] = form.TextField
			case json.Unmarshal(f.Value, &many) == nil:
				types[key] = form.CheckboxField
			default:
				types[key] = form.NumberField
			}
		}
	}
	for i := range some {
		look(form.Customer, some[i].Fields)
		for j := range some[i].Addresses {
			look(form.Address, some[i].Addresses[j].Fields)
		}
	}
	for key, typ := range types {
		of, name, _ := strings.Cut(key, "\x00")
		def := form.Field{Form: of, Name: name, Type: typ}
		err := form.CheckField(def)
		if err == nil {
			err = r.write(ctx, func(tx *sqldb.Tx, now int64) error { return form.Put(tx, def, now) })
		}
		if err != nil && !lasting(err) {
			return err
		}
		r.ref.fields[fieldKey(of, name)] = err == nil
	}
	return nil
}
