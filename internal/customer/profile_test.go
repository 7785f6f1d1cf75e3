package customer_test

import (
	"fmt"
	"slices"
	"testing"

	"clientele/internal/customer"
	"clientele/internal/listing"
)

// A part of an address book is the same however many addresses there are, and
// whether it was asked for by itself or with others.
func TestProfileOfAnyBook(t *testing.T) {
	each(t, func(w *world) {
		for _, size := range []int{0, 1, 12, customer.MaxSmallBook, customer.MaxSmallBook + 1, 70} {
			c := w.create(customer.Create{Email: fmt.Sprintf("c%d@example.com", size), FirstName: "A", LastName: "B"}, customer.Create{Email: fmt.Sprintf("d%d@example.com", size), FirstName: "A", LastName: "B"})
			var ids []int64
			for i := range size {
				made, err := w.svc.CreateAddresses(t.Context(), w.mine, []customer.AddressCreate{home(c[0].ID, fmt.Sprint(i*7919%101)), home(c[1].ID, "x"+fmt.Sprint(i))})
				if err != nil {
					t.Fatal(err)
				}
				ids = append(ids, made[0].ID)
			}
			at := func(i int) int64 {
				if i >= len(ids) {
					return 0
				}
				return ids[i]
			}
			windows := []listing.Window{
				{First: -1, Last: -1}, {First: 100, Last: -1}, {First: -1, Last: 3}, {First: 0, Last: -1}, {First: 5, Last: 2},
				{After: at(2), First: 4, Last: -1}, {After: at(2), Before: at(9), First: -1, Last: 3}, {Before: at(6), First: -1, Last: -1}, {After: at(8), Before: at(3), First: -1, Last: -1},
			}
			together, err := w.svc.Profile(t.Context(), w.mine, c[0].ID, customer.ProfileWant{Addresses: windows, Counts: true, AddressForms: true})
			if err != nil || together.AddressCount != int64(size) {
				t.Fatalf("%d addresses: %+v %v", size, together, err)
			}
			for _, window := range windows {
				alone, err := w.svc.Profile(t.Context(), w.mine, c[0].ID, customer.ProfileWant{Addresses: []listing.Window{window}})
				if err != nil {
					t.Fatal(err)
				}
				want, before, after := expected(window, ids)
				for name, p := range map[string]*customer.Profile{"with others": together, "alone": alone} {
					page := p.Books[window]
					var got []int64
					for _, a := range page.Addresses {
						got = append(got, a.ID)
					}
					if !slices.Equal(got, want) || page.Before != before || page.After != after {
						t.Errorf("%d addresses, %+v %s: %v %v %v, want %v %v %v", size, window, name, got, page.Before, page.After, want, before, after)
					}
				}
			}
		}
	})
}

// expected is what Relay says of a window.
func expected(w listing.Window, ids []int64) (out []int64, before, after bool) {
	for _, id := range ids {
		if w.After > 0 && id <= w.After {
			before = true
		}
		if w.Before > 0 && id >= w.Before {
			after = true
		}
		if id > w.After && (w.Before == 0 || id < w.Before) {
			out = append(out, id)
		}
	}
	if w.First < 0 && w.Last < 0 {
		w.First = listing.DefaultWindow
	}
	if w.First >= 0 && len(out) > int(w.First) {
		out, after = out[:w.First], true
	}
	if w.Last >= 0 && len(out) > int(w.Last) {
		out, before = out[len(out)-int(w.Last):], true
	}
	return out, before, after
}
