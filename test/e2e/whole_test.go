package e2e

import (
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// person returns a customer to create, with all of its parts. Everything
// follows from the email, so that a stored one can be checked on its own.
func person(email string) map[string]any {
	return map[string]any{
		"email": email, "first_name": "First " + email, "last_name": "Last", "company": "Company " + email, "customer_group_id": 1,
		"addresses": []any{map[string]any{
			"first_name": "Home of", "last_name": "Last", "address1": "1 " + email, "city": "Austin",
			"state_or_province": "Texas", "postal_code": "78701", "country_code": "US",
		}},
		"attributes":  []any{map[string]any{"attribute_id": 1, "attribute_value": "42"}},
		"form_fields": []any{map[string]any{"name": "Referral", "value": email}},
	}
}

// complete returns what is missing or wrong of a customer made by person.
func (c *customer) complete() error {
	switch {
	case c.FirstName != "First "+c.Email || c.LastName != "Last" || c.Company != "Company "+c.Email || c.GroupID != 1:
		return fmt.Errorf("customer %d %s: its own fields are wrong: %+v", c.ID, c.Email, *c)
	case len(c.Addresses) != 1:
		return fmt.Errorf("customer %d %s has %d addresses", c.ID, c.Email, len(c.Addresses))
	case len(c.Attributes) != 1 || c.Attributes[0].Value != "42":
		return fmt.Errorf("customer %d %s has the attributes %v", c.ID, c.Email, c.Attributes)
	case len(c.FormFields) != 1 || c.FormFields[0].Value != c.Email:
		return fmt.Errorf("customer %d %s has the form fields %v", c.ID, c.Email, c.FormFields)
	}
	want := address{ID: c.Addresses[0].ID, CustomerID: c.ID, FirstName: "Home of", Address1: "1 " + c.Email, City: "Austin", State: "Texas", Country: "United States"}
	if c.Addresses[0] != want {
		return fmt.Errorf("customer %d %s has the address %+v, want %+v", c.ID, c.Email, c.Addresses[0], want)
	}
	return nil
}

const everything = "include=addresses,attributes,formfields"

// batchMark ends the local part of an email of a batch: …-of10@…
var batchMark = regexp.MustCompile(`^(.*)-\d+-of(\d+)@`)

// everyone reads all customers, holds the different ways to read them against
// each other, and checks each customer and each batch for being whole. In a
// store from which nothing was deleted the ids have no gaps.
func (c *client) everyone() map[int64]customer {
	c.t.Helper()
	rows := c.byCursor()
	all := make(map[int64]customer, len(rows))
	batches := map[string]int{}
	emails := map[string]bool{}
	addresses, valueIDs := map[int64]bool{}, map[int64]bool{}
	for i, r := range rows {
		if want := int64(len(rows) - i); r.ID != want {
			c.t.Fatalf("row %d of %d by cursor has id %d, want %d", i, len(rows), r.ID, want)
		}
		if norm := strings.ToLower(r.Email); emails[norm] {
			c.t.Errorf("two customers have the email %s", r.Email)
		} else {
			emails[norm] = true
		}
		all[r.ID] = r
		if r.Email == "jane@example.com" {
			continue
		}
		if err := r.complete(); err != nil {
			c.t.Error(err)
		}
		for _, a := range r.Addresses {
			if addresses[a.ID] {
				c.t.Errorf("two addresses have id %d", a.ID)
			}
			addresses[a.ID] = true
		}
		for _, v := range r.Attributes {
			if valueIDs[v.ID] {
				c.t.Errorf("two attribute values have id %d", v.ID)
			}
			valueIDs[v.ID] = true
		}
		if m := batchMark.FindStringSubmatch(r.Email); m != nil {
			batches[m[1]+" of "+m[2]]++
		}
	}
	for b, n := range batches {
		if _, size, _ := strings.Cut(b, " of "); size != strconv.Itoa(n) {
			c.t.Errorf("batch %s has %d customers", b, n)
		}
	}
	c.byPage(rows)
	c.addressesByPage(addresses)
	return all
}

// byCursor reads all customers by following cursors.
func (c *client) byCursor() []customer {
	c.t.Helper()
	var rows []customer
	total := -1
	for query := "?limit=250&" + everything; query != ""; {
		p := list[customer](c, "/customers"+query)
		if p.Meta.Cursors == nil {
			c.t.Fatalf("%s: no cursors", query)
		}
		if p.Meta.Pagination != nil {
			total = p.Meta.Pagination.Total
		}
		rows = append(rows, p.Data...)
		query = p.Meta.Cursors.Links["next"]
	}
	if total != len(rows) {
		c.t.Fatalf("the total is %d, but by cursor there are %d customers", total, len(rows))
	}
	return rows
}

// byPage compares pages by number, which are found through counts, with what
// is known to be there.
func (c *client) byPage(rows []customer) {
	c.t.Helper()
	check := func(limit, number int) {
		p := list[customer](c, fmt.Sprintf("/customers?limit=%d&page=%d", limit, number))
		from := min((number-1)*limit, len(rows))
		want := rows[from:min(from+limit, len(rows))]
		if p.Meta.Pagination == nil || p.Meta.Pagination.Total != len(rows) {
			c.t.Errorf("page %d of %d: pagination %+v, want a total of %d", number, limit, p.Meta.Pagination, len(rows))
		}
		if !slices.EqualFunc(p.Data, want, func(a, b customer) bool { return a.ID == b.ID && a.Email == b.Email }) {
			c.t.Errorf("page %d of %d customers differs from the same rows by cursor", number, limit)
		}
	}
	for number := range len(rows)/250 + 2 {
		check(250, number+1)
	}
	for i := range 20 { // deep pages of another size
		check(7, 1+i*len(rows)/140)
	}
}

// addressesByPage reads the list of addresses and compares it with the ids
// that the customers told.
func (c *client) addressesByPage(known map[int64]bool) {
	c.t.Helper()
	seen := map[int64]bool{}
	for number := 1; ; number++ {
		p := list[address](c, fmt.Sprintf("/customers/addresses?limit=250&page=%d", number))
		if p.Meta.Pagination == nil || p.Meta.Pagination.Total != len(known) {
			c.t.Fatalf("pagination of addresses %+v, want a total of %d", p.Meta.Pagination, len(known))
		}
		if len(p.Data) == 0 {
			break
		}
		for _, a := range p.Data {
			if seen[a.ID] || !known[a.ID] {
				c.t.Errorf("address %d of customer %d: twice or nobody's", a.ID, a.CustomerID)
			}
			seen[a.ID] = true
		}
	}
	if len(seen) != len(known) {
		c.t.Errorf("the list has %d addresses, the customers have %d", len(seen), len(known))
	}
}

// findByEmail checks that the filter for emails finds each of them.
func (c *client) findByEmail(acknowledged map[int64]string) {
	c.t.Helper()
	var emails []string
	ids := map[string]int64{}
	for id, email := range acknowledged {
		emails = append(emails, email)
		ids[email] = id
	}
	for some := range slices.Chunk(emails, 100) {
		p, err := decode[customer](c.call(http.StatusOK, http.MethodGet, "/customers?limit=250&email:in="+url.QueryEscape(strings.Join(some, ",")), nil))
		if err != nil {
			c.t.Fatal(err)
		}
		if len(p.Data) != len(some) {
			c.t.Errorf("looking for %d emails finds %d customers", len(some), len(p.Data))
		}
		for _, r := range p.Data {
			if ids[r.Email] != r.ID {
				c.t.Errorf("email %s finds customer %d, want %d", r.Email, r.ID, ids[r.Email])
			}
		}
	}
}
