package conform

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"clientele/internal/recording"
	"clientele/internal/seed"
	"clientele/internal/subscriber"
)

// fields is a JSON object of an answer.
type fields map[string]any

func (f fields) text(name string) string {
	switch v := f[name].(type) {
	case string:
		return v
	case json.Number:
		return v.String()
	}
	return ""
}

func (f fields) int(name string) int64 {
	n, err := strconv.ParseInt(f.text(name), 10, 64)
	if err != nil {
		return 0
	}
	return n
}

func (f fields) flag(name string) bool { v, _ := f[name].(bool); return v }

func (f fields) list(name string) (out []fields) {
	all, _ := f[name].([]any)
	for _, v := range all {
		if m, ok := v.(map[string]any); ok {
			out = append(out, m)
		}
	}
	return out
}

func (f fields) ints(name string) (out []int64) {
	all, _ := f[name].([]any)
	for _, v := range all {
		if n, ok := v.(json.Number); ok {
			if i, err := n.Int64(); err == nil {
				out = append(out, i)
			}
		}
	}
	return out
}

// state is what recorded answers tell of a store.
type state struct {
	hash        string
	customers   map[int64]*seed.Customer
	addresses   map[int64]map[int64]seed.Address // by customer and id
	values      map[int64]map[int64]string       // of attributes, by customer and attribute
	attributes  map[int64]seed.Attribute
	groups      map[int64]seed.Group
	subscribers map[int64]seed.Subscriber
	segments    map[string]seed.Segment
	channels    map[int64]bool
}

var managed = regexp.MustCompile(`^/stores/([^/]+)(/v[23]/[^?]*)`)

// items are the objects of an answer: those of data, or of the body.
func items(body []byte) (out []fields) {
	d := json.NewDecoder(strings.NewReader(string(body)))
	d.UseNumber()
	var v any
	if d.Decode(&v) != nil {
		return nil
	}
	if m, ok := v.(map[string]any); ok {
		if data, has := m["data"]; has {
			v = data
		}
	}
	switch v := v.(type) {
	case map[string]any:
		return []fields{v}
	case []any:
		return fields{"x": v}.list("x")
	}
	return nil
}

var number = regexp.MustCompile(`/[0-9]+`)

// rebuild makes a seed file of what recorded answers tell: those before the first
// write, which is made again.
func rebuild(all []recording.Exchange) *state {
	s := &state{
		hash: "recorded", customers: map[int64]*seed.Customer{}, addresses: map[int64]map[int64]seed.Address{}, values: map[int64]map[int64]string{}, attributes: map[int64]seed.Attribute{},
		groups: map[int64]seed.Group{}, subscribers: map[int64]seed.Subscriber{}, segments: map[string]seed.Segment{}, channels: map[int64]bool{1: true},
	}
	for i := range all {
		e := &all[i]
		m := managed.FindStringSubmatch(e.Path)
		if m == nil {
			continue
		}
		s.hash = m[1]
		if e.Method != http.MethodGet && e.Method != http.MethodHead && e.Status/100 == 2 {
			break
		}
		if e.Method != http.MethodGet || e.Status != http.StatusOK {
			continue
		}
		for _, f := range items(e.Response.Text()) {
			s.take(number.ReplaceAllString(strings.TrimSuffix(m[2], "/"), "/N"), m[2], f)
		}
	}
	return s
}

// take adds what an object of an answer to a path tells.
func (s *state) take(route, path string, f fields) {
	id := f.int("id")
	switch route {
	case "/v3/customers", "/v2/customers", "/v2/customers/N":
		s.customer(id, f)
	case "/v3/customers/addresses":
		s.address(f.int("customer_id"), id, f, "address1", "address2", "state_or_province", "postal_code")
	case "/v2/customers/N/addresses", "/v2/customers/N/addresses/N":
		of := f.int("customer_id")
		if of == 0 {
			of = fields{"n": json.Number(strings.Split(path, "/")[3])}.int("n")
		}
		f["country_code"] = f["country_iso2"]
		s.address(of, id, f, "street_1", "street_2", "state", "zip")
	case "/v3/customers/attributes":
		if id != 0 {
			s.attributes[id] = seed.Attribute{ID: id, Name: f.text("name"), Type: f.text("type")}
		}
	case "/v3/customers/attribute-values":
		s.value(f.int("customer_id"), f.int("attribute_id"), f.text("attribute_value"))
	case "/v2/customer_groups", "/v2/customer_groups/N":
		if id != 0 {
			is, guests := f.flag("is_default"), f.flag("is_group_for_guests")
			s.groups[id] = seed.Group{ID: id, Name: f.text("name"), IsDefault: &is, IsGuest: &guests}
		}
	case "/v3/customers/subscribers", "/v3/customers/subscribers/N":
		if id != 0 {
			out := seed.Subscriber{ID: id, Email: f.text("email"), FirstName: f.text("first_name"), LastName: f.text("last_name"), ChannelID: f.int("channel_id"), Source: f.text("source"), OrderID: f.int("order_id")}
			if all, ok := f["consents"].([]any); ok {
				for _, v := range all {
					if text, ok := v.(string); ok {
						out.Consents = append(out.Consents, text)
					}
				}
			}
			if !slices.Contains(subscriber.Sources, out.Source) { // the other has more of them
				out.Source = ""
			}
			s.channels[out.ChannelID] = true
			s.subscribers[id] = out
		}
	case "/v3/segments":
		if name := f.text("id"); name != "" {
			s.segments[name] = seed.Segment{ID: name, Name: f.text("name"), Description: f.text("description")}
		}
	}
}

func (s *state) customer(id int64, f fields) {
	if id == 0 || f.text("email") == "" {
		return
	}
	c := s.customers[id]
	if c == nil {
		c = &seed.Customer{ID: id}
		s.customers[id] = c
	}
	c.Email, c.FirstName, c.LastName = f.text("email"), cmp.Or(f.text("first_name"), "X"), cmp.Or(f.text("last_name"), "X")
	c.Company, c.Phone, c.Notes, c.TaxExemptCategory = f.text("company"), f.text("phone"), f.text("notes"), f.text("tax_exempt_category")
	if group := f.int("customer_group_id"); group != 0 {
		c.GroupID = group
		if _, ok := s.groups[group]; !ok {
			s.groups[group] = seed.Group{ID: group, Name: "Group " + strconv.FormatInt(group, 10)}
		}
	}
	c.AcceptsEmails = c.AcceptsEmails || f.flag("accepts_product_review_abandoned_cart_emails")
	if n := f.int("origin_channel_id"); n != 0 {
		c.OriginChannelID = n
		s.channels[n] = true
	}
	if ids := f.ints("channel_ids"); len(ids) > 0 {
		c.ChannelIDs = ids
		for _, n := range ids {
			s.channels[n] = true
		}
	}
	if credit := f.list("store_credit_amounts"); len(credit) > 0 {
		c.StoreCredit = credit[0].text("amount")
	} else if text := f.text("store_credit"); text != "" {
		c.StoreCredit = text
	}
	for _, a := range f.list("addresses") {
		s.address(id, a.int("id"), a, "address1", "address2", "state_or_province", "postal_code")
	}
	for _, a := range f.list("attributes") {
		s.value(id, a.int("attribute_id"), a.text("attribute_value"))
	}
}

func (s *state) address(of, id int64, f fields, line1, line2, region, code string) {
	if of == 0 || id == 0 {
		return
	}
	if s.addresses[of] == nil {
		s.addresses[of] = map[int64]seed.Address{}
	}
	s.addresses[of][id] = seed.Address{
		FirstName: cmp.Or(f.text("first_name"), "X"), LastName: cmp.Or(f.text("last_name"), "X"), Company: f.text("company"), Phone: f.text("phone"), Type: f.text("address_type"),
		Address1: cmp.Or(f.text(line1), "X"), Address2: f.text(line2), City: cmp.Or(f.text("city"), "X"), StateOrProvince: f.text(region), PostalCode: f.text(code), CountryCode: f.text("country_code"),
	}
}

func (s *state) value(customer, attribute int64, text string) {
	if customer == 0 || attribute == 0 {
		return
	}
	if s.values[customer] == nil {
		s.values[customer] = map[int64]string{}
	}
	s.values[customer][attribute] = text
}

func sorted[K cmp.Ordered, V any](m map[K]V) []K { return slices.Sorted(maps.Keys(m)) }

// storeHash returns the hash of the store that is made: seed files have rules for
// it.
func (s *state) storeHash() string {
	if regexp.MustCompile(`^[a-z0-9]{3,32}$`).MatchString(s.hash) {
		return s.hash
	}
	return "recorded"
}

// document returns the seed file.
func (s *state) document() *seed.Document {
	st := seed.Store{Hash: s.storeHash(), Name: "Recorded", APIAccounts: []seed.APIAccount{{Name: "conform", ClientID: "conform", ClientSecret: token, AccessToken: token, Scopes: []string{"all"}}}}
	for _, id := range sorted(s.channels) {
		if id > 0 {
			st.Channels = append(st.Channels, seed.Channel{ID: id, Name: "Channel " + strconv.FormatInt(id, 10)})
		}
	}
	for _, id := range sorted(s.attributes) {
		st.Attributes = append(st.Attributes, s.attributes[id])
	}
	for _, id := range sorted(s.groups) {
		st.Groups = append(st.Groups, s.groups[id])
	}
	for _, id := range sorted(s.customers) {
		c := s.customers[id]
		for _, a := range sorted(s.addresses[id]) {
			c.Addresses = append(c.Addresses, s.addresses[id][a])
		}
		for _, a := range sorted(s.values[id]) {
			if def, ok := s.attributes[a]; ok {
				c.Attributes = append(c.Attributes, seed.AttributeValue{Name: def.Name, Value: s.values[id][a]})
			}
		}
		st.Customers = append(st.Customers, *c)
	}
	for _, id := range sorted(s.subscribers) {
		st.Subscribers = append(st.Subscribers, s.subscribers[id])
	}
	for _, id := range sorted(s.segments) {
		st.Segments = append(st.Segments, s.segments[id])
	}
	return &seed.Document{Stores: []seed.Store{st}}
}

// ours returns the path by which our store is asked.
func (s *state) ours(path string) (string, error) {
	u, err := url.ParseRequestURI(path)
	if err != nil {
		return "", fmt.Errorf("the recorded path cannot be read: %w", err)
	}
	if m := managed.FindStringSubmatch(path); m != nil {
		u.Path = "/stores/" + s.storeHash() + m[2]
		u.RawPath = ""
	}
	return u.RequestURI(), nil
}
