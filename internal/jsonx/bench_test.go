package jsonx

import (
	"encoding/json"
	"strings"
	"testing"
	"time"
)

// customerBody is a customer as a client would send it, of about 500 bytes.
const customerBody = `{"email":"jane.doe@example.com","first_name":"Jane","last_name":"Doe",` +
	`"company":"Example & Sons","phone":"+1 512 555 0100","notes":"Prefers e-mail.\nCall after 5 p.m.",` +
	`"tax_exempt_category":"","customer_group_id":7,"accepts_product_review_abandoned_cart_emails":true,` +
	`"store_credit_amounts":[{"amount":43.15}],"origin_channel_id":1,"channel_ids":[1,2],` +
	`"addresses":[{"address1":"1 Main Street","address2":null,"city":"Austin",` +
	`"state_or_province":"Texas","postal_code":"78701","country_code":"US","address_type":"residential"}]}`

var customerList = "[" + strings.Repeat(customerBody+",", 9) + customerBody + "]"

type benchAddress struct {
	Address1    string  `json:"address1"`
	Address2    *string `json:"address2"`
	City        string  `json:"city"`
	State       string  `json:"state_or_province"`
	PostalCode  string  `json:"postal_code"`
	CountryCode string  `json:"country_code"`
	Type        string  `json:"address_type"`
}

type benchCustomer struct {
	Email     string `json:"email"`
	FirstName string `json:"first_name"`
	LastName  string `json:"last_name"`
	Company   string `json:"company"`
	Phone     string `json:"phone"`
	Notes     string `json:"notes"`
	TaxExempt string `json:"tax_exempt_category"`
	GroupID   int64  `json:"customer_group_id"`
	Accepts   bool   `json:"accepts_product_review_abandoned_cart_emails"`
	Credit    []struct {
		Amount json.Number `json:"amount"`
	} `json:"store_credit_amounts"`
	OriginChannel int64          `json:"origin_channel_id"`
	Channels      []int64        `json:"channel_ids"`
	Addresses     []benchAddress `json:"addresses"`
}

func readCustomer(v Value) (c benchCustomer) {
	c.Email, _ = v.Get("email").Str()
	c.FirstName, _ = v.Get("first_name").Str()
	c.LastName, _ = v.Get("last_name").Str()
	c.Company, _ = v.Get("company").Str()
	c.Phone, _ = v.Get("phone").Str()
	c.Notes, _ = v.Get("notes").Str()
	c.TaxExempt, _ = v.Get("tax_exempt_category").Str()
	c.GroupID, _ = v.Get("customer_group_id").Int()
	c.Accepts, _ = v.Get("accepts_product_review_abandoned_cart_emails").Bool()
	c.OriginChannel, _ = v.Get("origin_channel_id").Int()
	channels := v.Get("channel_ids")
	c.Channels = make([]int64, 0, channels.Len())
	for _, e := range channels.Elems() {
		id, _ := e.Int()
		c.Channels = append(c.Channels, id)
	}
	addresses := v.Get("addresses")
	c.Addresses = make([]benchAddress, 0, addresses.Len())
	for _, e := range addresses.Elems() {
		var a benchAddress
		a.Address1, _ = e.Get("address1").Str()
		a.City, _ = e.Get("city").Str()
		a.State, _ = e.Get("state_or_province").Str()
		a.PostalCode, _ = e.Get("postal_code").Str()
		a.CountryCode, _ = e.Get("country_code").Str()
		a.Type, _ = e.Get("address_type").Str()
		c.Addresses = append(c.Addresses, a)
	}
	return c
}

func BenchmarkRead(b *testing.B) {
	for _, doc := range []struct{ name, text string }{{"object", customerBody}, {"array10", customerList}} {
		data := []byte(doc.text)
		run := func(name string, f func() error) {
			b.Run(doc.name+"/"+name, func(b *testing.B) {
				b.SetBytes(int64(len(data)))
				b.ReportAllocs()
				for b.Loop() {
					if err := f(); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
		run("jsonx-tree", func() error {
			_, err := Parse(data, Limits{})
			return err
		})
		run("std-tree", func() error {
			var v any
			return json.Unmarshal(data, &v)
		})
		run("jsonx-fields", func() error {
			v, err := Parse(data, Limits{})
			if v.Kind() == Object {
				readCustomer(v)
			}
			for _, e := range v.Elems() {
				readCustomer(e)
			}
			return err
		})
		run("std-fields", func() error {
			if data[0] == '{' {
				return json.Unmarshal(data, new(benchCustomer))
			}
			return json.Unmarshal(data, new([]benchCustomer))
		})
	}
}

func BenchmarkAppend(b *testing.B) {
	const unix = 1781793457
	buf := make([]byte, 0, 256)
	run := func(name string, f func()) {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				f()
			}
		})
	}
	email := "jane.doe@example.com"
	run("string", func() { buf = AppendString(buf[:0], email) })
	run("string-std", func() { _, _ = json.Marshal(email) })
	run("string-escapes", func() { buf = AppendString(buf[:0], "Prefers \"é-mail\".\nCall after 5 p.m.") })
	run("time", func() { buf = AppendTime(buf[:0], unix) })
	run("time-std", func() { buf = time.Unix(unix, 0).UTC().AppendFormat(buf[:0], `"`+time.RFC3339+`"`) })
	run("decimal", func() { buf = AppendDecimal(buf[:0], 431500, 4) })
	run("fixed", func() { buf = AppendFixed(buf[:0], 431500, 4, 4) })
}

// BenchmarkWrite writes the customer of BenchmarkRead.
func BenchmarkWrite(b *testing.B) {
	c := readCustomer(mustParse(b, customerBody))
	b.Run("jsonx", func(b *testing.B) {
		b.ReportAllocs()
		var buf []byte
		for b.Loop() {
			buf = appendCustomer(buf[:0], &c)
		}
		if !json.Valid(buf) {
			b.Fatalf("not JSON: %s", buf)
		}
	})
	b.Run("std", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := json.Marshal(&c); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func appendCustomer(b []byte, c *benchCustomer) []byte {
	field := func(key, val string) {
		b = AppendString(AppendKey(b, key), val)
		b = append(b, ',')
	}
	b = append(b, '{')
	field("email", c.Email)
	field("first_name", c.FirstName)
	field("last_name", c.LastName)
	field("company", c.Company)
	field("phone", c.Phone)
	field("notes", c.Notes)
	field("tax_exempt_category", c.TaxExempt)
	b = AppendDecimal(AppendKey(b, "customer_group_id"), c.GroupID, 0)
	b = append(b, ',')
	b = AppendKey(b, "channel_ids")
	b = append(b, '[')
	for i, id := range c.Channels {
		if i > 0 {
			b = append(b, ',')
		}
		b = AppendDecimal(b, id, 0)
	}
	b = append(b, ']', ',')
	b = AppendKey(b, "addresses")
	b = append(b, '[')
	for i := range c.Addresses {
		a := &c.Addresses[i]
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, '{')
		field("address1", a.Address1)
		field("city", a.City)
		field("state_or_province", a.State)
		field("postal_code", a.PostalCode)
		field("country_code", a.CountryCode)
		b = AppendString(AppendKey(b, "address_type"), a.Type)
		b = append(b, '}')
	}
	return append(b, ']', '}')
}
