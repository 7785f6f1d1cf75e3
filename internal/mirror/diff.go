package mirror

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"clientele/internal/customer"
	"clientele/internal/form"
	"clientele/internal/listing"
	"clientele/internal/metafield"
	"clientele/internal/sqldb"
	"clientele/internal/subscriber"
	"clientele/internal/upstream"
)

// Difference is something that is not here as it is there. Without a field it is on
// one side only; without an id the kind names it.
type Difference struct {
	Kind        string
	ID          int64
	Field       string
	There, Here string
}

// The sides of a difference without a field.
const (
	isThere = "there only"
	isHere  = "here only"
)

// String tells a difference in a line.
func (d Difference) String() string {
	of := d.Kind
	if d.ID != 0 {
		of += " " + strconv.FormatInt(d.ID, 10)
	}
	if d.Field == "" {
		return of + " is " + d.There + d.Here
	}
	return fmt.Sprintf("%s: %s is %q there and %q here", of, d.Field, d.There, d.Here)
}

// Diff compares what customers refer to, customers, subscribers and metafields with
// those of an upstream, page by page, and calls each for what is not equal. Dates of
// changes are not compared, and ids of values of attributes.
func (s *Service) Diff(ctx context.Context, storeID int64, from *upstream.Client, each func(Difference) error) error {
	d := &diff{run: &run{s: s, storeID: storeID, o: Options{From: from}}, each: each}
	for _, step := range []func(context.Context) error{d.definitions, d.names, d.customers, d.subscribers, d.metafields} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	return nil
}

type diff struct {
	*run
	each func(Difference) error
	// Names of attributes, by their ids.
	there, here map[int64]string
}

func (d *diff) names(ctx context.Context) error {
	some, _, err := all[wireAttribute](ctx, d.o.From, "/v3/customers/attributes", nil, d.s.pageSize)
	if err != nil {
		return err
	}
	d.there, d.here = map[int64]string{}, map[int64]string{}
	for _, a := range some {
		d.there[a.ID] = a.Name
	}
	for n := 1; ; n++ {
		q := customer.AttributeList.New()
		q.Page, q.Limit = int64(n), listing.MaxLimit
		rows, res, err := d.s.customers.Attributes(ctx, d.storeID, q)
		if err != nil {
			return err
		}
		for i := range rows {
			d.here[rows[i].ID] = rows[i].Name
		}
		if !res.After {
			return nil
		}
	}
}

// compare tells what two sides of one thing do not have in common.
func (d *diff) compare(kind string, id int64, there, here map[string]string) error {
	names := maps.Clone(there)
	maps.Copy(names, here)
	for _, name := range slices.Sorted(maps.Keys(names)) {
		if there[name] == here[name] {
			continue
		}
		if err := d.each(Difference{kind, id, name, there[name], here[name]}); err != nil {
			return err
		}
	}
	return nil
}

func (d *diff) customers(ctx context.Context) error {
	seen := map[int64]bool{}
	q := url.Values{"include": {includes}, "sort": {"date_created:asc"}}
	if err := pages(ctx, d.run, customersPath, q, func(some []wireCustomer) error {
		if err := d.complete(ctx, some); err != nil {
			return err
		}
		ids := make([]int64, len(some))
		for i := range some {
			ids[i] = some[i].ID
			seen[ids[i]] = true
		}
		here, err := d.local(ctx, ids)
		if err != nil {
			return err
		}
		for i := range some {
			c := &some[i]
			if here[c.ID] == nil {
				if err := d.each(Difference{Kind: markCustomer, ID: c.ID, There: isThere}); err != nil {
					return err
				}
				continue
			}
			if err := d.compare(markCustomer, c.ID, c.flat(d.there), here[c.ID]); err != nil {
				return err
			}
		}
		return nil
	}); err != nil {
		return err
	}
	return d.only(ctx, markCustomer, seen, customer.IDsAfter)
}

// only tells of what is here and was not seen there.
func (d *diff) only(ctx context.Context, kind string, seen map[int64]bool, next func(tx *sqldb.Tx, id int64, most int) ([]int64, error)) error {
	for after := int64(0); ; {
		var ids []int64
		if err := d.s.db.Read(ctx, d.storeID, func(tx *sqldb.Tx) (err error) {
			ids, err = next(tx, after, d.s.pageSize)
			return err
		}); err != nil || len(ids) == 0 {
			return err
		}
		for _, id := range ids {
			if seen[id] {
				continue
			}
			if err := d.each(Difference{Kind: kind, ID: id, Here: isHere}); err != nil {
				return err
			}
		}
		after = ids[len(ids)-1]
	}
}

// fields are what is compared, by name; what is empty is nothing.
type fields map[string]string

func (f fields) text(name, v string) {
	if v != "" {
		f[name] = v
	}
}

func (f fields) number(name string, v int64) {
	if v != 0 {
		f[name] = strconv.FormatInt(v, 10)
	}
}

func (f fields) flag(name string, v bool) {
	if v {
		f[name] = "true"
	}
}

func (f fields) date(name string, v int64) {
	if v != 0 {
		f[name] = time.Unix(v, 0).UTC().Format(time.RFC3339)
	}
}

func (f fields) channels(ids []int64) {
	if ids == nil {
		return
	}
	sorted := slices.Clone(ids)
	slices.Sort(sorted)
	f["channel_ids"] = fmt.Sprint(sorted)
}

// value is the value of a form field, as JSON.
func (f fields) value(name string, raw []byte) {
	var b bytes.Buffer
	if len(raw) == 0 || json.Compact(&b, raw) != nil {
		return
	}
	if text := b.String(); text != "null" && text != `""` && text != "[]" {
		f[name] = text
	}
}

func (f fields) address(id int64, a *customer.AddressFields) {
	at := fmt.Sprintf("addresses.%d.", id)
	f[at+"id"] = strconv.FormatInt(id, 10)
	for _, v := range []struct{ name, text string }{
		{"first_name", a.FirstName}, {"last_name", a.LastName}, {"company", a.Company}, {"phone", a.Phone}, {"address_type", a.Type}, {"address1", a.Address1}, {"address2", a.Address2},
		{"city", a.City}, {"state_or_province", a.StateOrProvince}, {"postal_code", a.PostalCode}, {"country_code", a.CountryCode},
	} {
		f.text(at+v.name, v.text)
	}
}

func (f fields) segments(uuids []string) {
	sorted := slices.Clone(uuids)
	slices.Sort(sorted)
	f.text("segment_ids", strings.Join(sorted, ","))
}

// flat is a customer as it is compared. attributes are the names of attributes.
func (c *wireCustomer) flat(attributes map[int64]string) fields {
	f := fields{}
	in := c.command(nil)
	f.customer(&in)
	f.channels(c.Channels)
	for _, v := range c.Fields {
		f.value("form_fields."+v.Name, v.Value)
	}
	for i := range c.Addresses {
		f.address(c.Addresses[i].ID, &in.Addresses[i].AddressFields)
		for _, v := range c.Addresses[i].Fields {
			f.value(fmt.Sprintf("addresses.%d.form_fields.%s", c.Addresses[i].ID, v.Name), v.Value)
		}
	}
	for _, v := range c.Attributes {
		f["attributes."+attributes[v.AttributeID]] = v.Value
	}
	if c.Profile != nil {
		f.text("shopper_profile_id", *c.Profile)
	}
	f.segments(c.Segments)
	return f
}

func (f fields) customer(c *customer.Create) {
	for _, v := range []struct{ name, text string }{
		{"email", c.Email}, {"first_name", c.FirstName}, {"last_name", c.LastName}, {"company", c.Company}, {"phone", c.Phone}, {"notes", c.Notes},
		{"tax_exempt_category", c.TaxExemptCategory}, {"registration_ip_address", c.RegistrationIP},
	} {
		f.text(v.name, v.text)
	}
	f.number("customer_group_id", c.GroupID)
	f.number("store_credit", c.StoreCredit)
	f.number("origin_channel_id", c.OriginChannelID)
	f.flag("accepts_product_review_abandoned_cart_emails", c.AcceptsEmails)
	f.flag("force_password_reset", c.ForcePasswordReset)
	f.date("date_created", c.DateCreated)
}

// local returns customers here as they are compared.
func (d *diff) local(ctx context.Context, ids []int64) (map[int64]fields, error) {
	q := customer.List.New().Where("id", listing.In, ids, nil)
	q.Limit = listing.MaxLimit
	for _, name := range customer.List.Includes {
		q.Include(name)
	}
	rows, _, err := d.s.customers.List(ctx, d.storeID, q, nil)
	if err != nil {
		return nil, err
	}
	out := map[int64]fields{}
	for i := range rows {
		c := &rows[i]
		if err := d.whole(ctx, c); err != nil {
			return nil, err
		}
		f := fields{}
		f.customer(&customer.Create{
			Email: c.Email, FirstName: c.FirstName, LastName: c.LastName, Company: c.Company, Phone: c.Phone, Notes: c.Notes, TaxExemptCategory: c.TaxExemptCategory,
			RegistrationIP: c.RegistrationIP, GroupID: c.GroupID, StoreCredit: c.StoreCredit, OriginChannelID: c.OriginChannelID, AcceptsEmails: c.AcceptsEmails,
			ForcePasswordReset: c.ForcePasswordReset, DateCreated: c.DateCreated,
		})
		f.channels(c.ChannelIDs)
		for _, v := range c.FormFields {
			f.value("form_fields."+v.Name, shown(v))
		}
		for j := range c.Addresses {
			a := &c.Addresses[j]
			f.address(a.ID, &a.AddressFields)
			for _, v := range a.FormFields {
				f.value(fmt.Sprintf("addresses.%d.form_fields.%s", a.ID, v.Name), shown(v))
			}
		}
		for _, v := range c.Attributes {
			f["attributes."+d.here[v.AttributeID]] = v.Value
		}
		f.text("shopper_profile_id", c.ShopperProfile)
		f.segments(c.Segments)
		out[c.ID] = f
	}
	return out, nil
}

// shown is a value as the API shows it.
func shown(v customer.FormValue) []byte {
	if v.Type == form.PasswordField {
		return nil
	}
	return []byte(v.JSON)
}

// whole reads what a list leaves out of a customer.
func (d *diff) whole(ctx context.Context, c *customer.Customer) error {
	if len(c.Addresses) >= embedded {
		c.Addresses = nil
		for n, more := int64(1), true; more; n++ {
			q := customer.AddressList.New().Where("customer_id", listing.In, []int64{c.ID}, nil).Include(customer.IncludeFormFields)
			q.Page, q.Limit = n, listing.MaxLimit
			rows, res, err := d.s.customers.Addresses(ctx, d.storeID, q)
			if err != nil {
				return err
			}
			c.Addresses = append(c.Addresses, rows...)
			more = res.After
		}
	}
	if len(c.Attributes) < embedded {
		return nil
	}
	q := customer.AttributeValueList.New().Where("customer_id", listing.In, []int64{c.ID}, nil)
	q.Limit = listing.MaxLimit
	var err error
	c.Attributes, _, err = d.s.customers.AttributeValues(ctx, d.storeID, q)
	return err
}

func (s *wireSubscriber) flat() fields {
	f := fields{}
	in := s.command("")
	f.subscriber(in.Email, in.FirstName, in.LastName, in.Source, in.ChannelID.Value, in.OrderID.Value, in.Consents.Value)
	return f
}

func (f fields) subscriber(email, first, last, source string, channel, order int64, consents []string) {
	f.text("email", email)
	f.text("first_name", first)
	f.text("last_name", last)
	f.text("source", source)
	f.number("channel_id", channel)
	f.number("order_id", order)
	f.text("consents", strings.Join(consents, ","))
}

func (d *diff) subscribers(ctx context.Context) error {
	seen := map[int64]bool{}
	if err := pages(ctx, d.run, subscribersPath, nil, func(some []wireSubscriber) error {
		ids := make([]int64, len(some))
		for i := range some {
			ids[i] = some[i].ID
			seen[ids[i]] = true
		}
		q := subscriber.List.New().Where("id", listing.In, ids, nil)
		q.Limit = listing.MaxLimit
		rows, _, err := d.s.subscribers.List(ctx, d.storeID, q)
		if err != nil {
			return err
		}
		here := map[int64]fields{}
		for i := range rows {
			s, f := &rows[i], fields{}
			f.subscriber(s.Email, s.FirstName, s.LastName, s.Source, s.ChannelID, s.OrderID, s.Consents)
			here[s.ID] = f
		}
		for i := range some {
			if here[some[i].ID] == nil {
				err = d.each(Difference{Kind: markSubscriber, ID: some[i].ID, There: isThere})
			} else {
				err = d.compare(markSubscriber, some[i].ID, some[i].flat(), here[some[i].ID])
			}
			if err != nil {
				return err
			}
		}
		return nil
	}); err != nil {
		return err
	}
	return d.only(ctx, markSubscriber, seen, subscriber.IDsAfter)
}

func flatMetafield(m *metafield.Metafield) fields {
	f := fields{}
	f.number("resource_id", m.CustomerID)
	for _, v := range []struct{ name, text string }{
		{"owner_client_id", m.ClientID}, {"namespace", m.Namespace}, {"key", m.Key}, {"value", m.Value}, {"description", m.Description}, {"permission_set", m.Permission},
	} {
		f.text(v.name, v.text)
	}
	return f
}

func (d *diff) metafields(ctx context.Context) error {
	seen := map[int64]bool{}
	if err := pages(ctx, d.run, metafieldsPath, nil, func(some []wireMetafield) error {
		ids := make([]int64, len(some))
		for i := range some {
			ids[i] = some[i].ID
			seen[ids[i]] = true
		}
		var here map[int64]*metafield.Metafield
		if err := d.s.db.Read(ctx, d.storeID, func(tx *sqldb.Tx) (err error) {
			here, err = metafield.ByIDs(tx, ids)
			return err
		}); err != nil {
			return err
		}
		for i := range some {
			m, err := some[i].command(), error(nil)
			if here[m.ID] == nil {
				err = d.each(Difference{Kind: "metafield", ID: m.ID, There: isThere})
			} else {
				err = d.compare("metafield", m.ID, flatMetafield(&m), flatMetafield(here[m.ID]))
			}
			if err != nil {
				return err
			}
		}
		return nil
	}); err != nil {
		return err
	}
	return d.only(ctx, "metafield", seen, func(tx *sqldb.Tx, id int64, most int) ([]int64, error) {
		ids, _, err := metafield.IDsAfter(tx, id, most)
		return ids, err
	})
}
