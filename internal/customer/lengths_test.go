package customer_test

import (
	"slices"
	"strings"
	"testing"

	"clientele/internal/customer"
	"clientele/internal/fault"
	"clientele/internal/form"
)

// address returns an email address of n characters, at most 254.
func address(n int) string {
	a := strings.Repeat("a", 64) + "@" + strings.Repeat("a", 63) + "." + strings.Repeat("a", 63) + "."
	return a + strings.Repeat("a", n-len(a))
}

// What a built-in field's declaration says of its length, which pages give to
// browsers, is what the rules take: as many characters and no more.
func TestBuiltInFieldsTellTheirLength(t *testing.T) {
	each(t, func(w *world) {
		for _, b := range form.BuiltIns {
			if b.MaxLength == 0 {
				continue
			}
			for _, more := range []int{0, 1} {
				text := strings.Repeat("ü", int(b.MaxLength)+more)
				in := named("lengths@x.org")
				a := customer.AddressCreate{AddressFields: customer.AddressFields{FirstName: "A", LastName: "B", Address1: "1", City: "C", CountryCode: "MC", PostalCode: "1"}}
				if b.Key == "email" {
					text = address(int(b.MaxLength) + more)
				}
				own := map[fault.Field]*string{"email": &in.Email, "first name": &in.FirstName, "last name": &in.LastName, "company": &in.Company, "phone": &in.Phone}
				if field := own[b.Key]; field != nil {
					*field = text
				}
				theirs := map[fault.Field]*string{
					"first name": &a.FirstName, "last name": &a.LastName, "company": &a.Company, "phone": &a.Phone, "address1": &a.Address1,
					"address2": &a.Address2, "city": &a.City, "state or province": &a.StateOrProvince, "postal code": &a.PostalCode,
				}
				if field := theirs[b.Key]; field != nil {
					*field = text
				}
				if own[b.Key] == nil && theirs[b.Key] == nil {
					t.Fatalf("no field %s", b.Key)
				}
				in.Addresses = []customer.AddressCreate{a}
				items, err := w.svc.Check(w.t.Context(), w.mine, in, nil)
				if err != nil {
					w.t.Fatal(err)
				}
				type told struct {
					in    int
					field fault.Field
				}
				var got []told
				for _, it := range items {
					if it.Code != fault.TooLong {
						w.t.Errorf("%s: %+v", b.Key, it)
					}
					got = append(got, told{it.In.At, it.Field})
				}
				// Names on an address may be longer than the account's.
				refused := told{1, b.Key}
				if own[b.Key] != nil {
					refused = told{0, b.Key}
				}
				if more == 0 && len(got) > 0 || more > 0 && !slices.Contains(got, refused) {
					w.t.Errorf("%s with %d characters: too long are %v", b.Key, int(b.MaxLength)+more, got)
				}
			}
		}
	})
}
