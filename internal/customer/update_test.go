package customer_test

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"

	"clientele/internal/customer"
	"clientele/internal/fault"
	"clientele/internal/form"
	"clientele/internal/listing"
	"clientele/internal/opt"
	"clientele/internal/password"
	"clientele/internal/sqldb"
)

func isUnique(err error) bool { return errors.Is(err, sqldb.ErrUnique) }

func TestUpdateChangesWhatItNames(t *testing.T) {
	each(t, func(w *world) {
		in := named("a@x.org", 2)
		in.GroupID, in.Company, in.StoreCredit, in.Notes = 2, "ACME", 5, "n"
		in.Addresses = []customer.AddressCreate{home(0, "1")}
		in.Attributes = []customer.AttributeInput{{AttributeID: 1, Value: "x"}}
		in.FormFields = []form.Input{w.field("f text", `"a"`), w.field("f number", `1`)}
		c := w.create(in)[0]
		id := c.ID
		for name, s := range map[string]struct {
			u      customer.Update
			change func(*customer.Customer)
			access bool
		}{
			"first":    {customer.Update{FirstName: opt.Some("F")}, func(c *customer.Customer) { c.FirstName = "F" }, false},
			"company":  {customer.Update{Company: opt.Null[string]()}, func(c *customer.Customer) { c.Company = "" }, false},
			"group":    {customer.Update{GroupID: opt.Null[int64]()}, func(c *customer.Customer) { c.GroupID = 0 }, false},
			"credit":   {customer.Update{StoreCredit: opt.Some(int64(10_000_000_000 * 10_000))}, func(c *customer.Customer) { c.StoreCredit = 100_000_000_000_000 }, false},
			"accepts":  {customer.Update{AcceptsEmails: opt.Some(true)}, func(c *customer.Customer) { c.AcceptsEmails = true }, false},
			"reset":    {customer.Update{ForcePasswordReset: opt.Some(true)}, func(c *customer.Customer) { c.ForcePasswordReset = true }, false},
			"channels": {customer.Update{ChannelIDs: opt.Some([]int64{4, 3, 3})}, func(c *customer.Customer) { c.ChannelIDs = []int64{3, 4} }, true},
			"all":      {customer.Update{ChannelIDs: opt.Null[[]int64]()}, func(c *customer.Customer) { c.ChannelIDs = nil }, true},
			"email":    {customer.Update{Email: opt.Some("B@x.org")}, func(c *customer.Customer) { c.Email = "B@x.org" }, false},
			"field":    {customer.Update{FormFields: []form.Input{w.field("f number", `2`)}}, func(c *customer.Customer) { c.FormFields[1].JSON = "2" }, false},
			"several":  {customer.Update{Phone: opt.Some("1"), Notes: opt.Some(""), LastName: opt.Some("L"), TaxExemptCategory: opt.Some("t")}, func(c *customer.Customer) { c.Phone, c.Notes, c.LastName, c.TaxExemptCategory = "1", "", "L", "t" }, false},
		} {
			// Sub-resources of the copy may be changed in place.
			want := w.get(id)
			s.change(&want)
			want.DateModified = w.now.Add(10)
			last := w.lastEvent()
			s.u.ID = id
			w.update(s.u)
			equal(w.t, name, w.get(id), want)
			n := 1
			switch {
			case s.access:
				n = 2
			case s.u.FormFields != nil: // of which nothing is told
				n = 0
			}
			evs := w.events(last)
			if len(evs) != n {
				w.t.Errorf("%s: events %q", name, evs)
				continue
			}
			ids := "null"
			if want.ChannelIDs != nil {
				ids = "[3,4]"
				if len(want.ChannelIDs) == 1 {
					ids = "[2]"
				}
			}
			if n > 0 {
				equal(w.t, name+" event", evs[0], fmt.Sprintf(`updated %d %d {"type":"customer","id":%d,"origin_channel_id":1,"channel_ids":%s}`, id, id, id, ids))
			}
			if s.access {
				equal(w.t, name+" access", evs[1], fmt.Sprintf(`channel/login/access/updated %d %d {"customer_id":%d,"channel_ids":%s}`, id, id, id, ids))
			}
			// Once more changes nothing.
			w.now.Add(10)
			last = w.lastEvent()
			w.update(s.u)
			equal(w.t, name+" again", w.get(id), want)
			if evs := w.events(last); len(evs) > 0 {
				w.t.Errorf("%s again: events %q", name, evs)
			}
		}
		w.recount()
	})
}

func TestNoChangeLeavesNoTrace(t *testing.T) {
	each(t, func(w *world) {
		out := w.create(named("a@x.org"), named("b@x.org", 2, 3))
		before, last := w.sizes(w.mine), w.lastEvent()
		w.now.Add(100)
		got := w.update(customer.Update{ID: out[0].ID}, customer.Update{ID: out[1].ID, ChannelIDs: opt.Some([]int64{3, 2}), Email: opt.Some("b@x.org"), GroupID: opt.Some(int64(0))})
		if len(got) != 2 || got[0].ID != out[0].ID || got[1].DateModified != 1000 {
			w.t.Errorf("answer %+v", got)
		}
		if after := w.sizes(w.mine); after != before || len(w.events(last)) > 0 {
			w.t.Errorf("before %s\nafter  %s", before, after)
		}
		// Of a batch only those that change are touched.
		w.update(customer.Update{ID: out[0].ID, Notes: opt.Some("x")}, customer.Update{ID: out[1].ID, Phone: opt.Some("")})
		if a, b := w.get(out[0].ID), w.get(out[1].ID); a.DateModified != 1100 || b.DateModified != 1000 || len(w.events(last)) != 1 {
			w.t.Errorf("modified %d and %d, events %q", a.DateModified, b.DateModified, w.events(last))
		}
	})
}

func TestPasswords(t *testing.T) {
	each(t, func(w *world) {
		in := named("a@x.org")
		in.NewPassword = opt.Some("Secret-123")
		c := w.create(in)[0]
		hash := func() string { return w.query(w.mine, `SELECT password_hash FROM customers WHERE store_id = $1`)[0] }
		first := hash()
		w.update(customer.Update{ID: c.ID, Notes: opt.Some("x")})
		if hash() != first {
			w.t.Error("another field's change changed the password")
		}
		w.now.Add(5)
		w.update(customer.Update{ID: c.ID, NewPassword: opt.Some("Secret-124")})
		if hash() == first || w.get(c.ID).DateModified != 1005 {
			w.t.Error("the password did not change")
		}
	})
}

func TestIncludesAreBounded(t *testing.T) {
	each(t, func(w *world) {
		out := w.create(named("a@x.org"), named("b@x.org"))
		for i := range 12 {
			if _, err := w.svc.CreateAddresses(w.t.Context(), w.mine, []customer.AddressCreate{home(out[0].ID, fmt.Sprint(i)), home(out[1].ID, fmt.Sprint(i))}); err != nil {
				w.t.Fatal(err)
			}
		}
		for _, c := range w.list(w.mine, everything) {
			if len(c.Addresses) != customer.MaxEmbedded {
				w.t.Errorf("%d addresses", len(c.Addresses))
			}
			for i, a := range c.Addresses {
				if a.CustomerID != c.ID || i > 0 && a.ID <= c.Addresses[i-1].ID {
					w.t.Errorf("address %d of %d at %d", a.ID, a.CustomerID, i)
				}
			}
		}
		if got := w.list(w.mine, ""); got[0].Addresses != nil || got[0].Attributes != nil || got[0].FormFields != nil {
			w.t.Errorf("not asked for: %+v", got[0])
		}
	})
}

func TestAddressRules(t *testing.T) {
	each(t, func(w *world) {
		c := w.create(named("a@x.org"))[0]
		before := w.sizes(w.mine)
		for name, s := range map[string]struct {
			change func(*customer.AddressCreate)
			want   []string
		}{
			"nothing":          {func(a *customer.AddressCreate) { *a = customer.AddressCreate{CustomerID: c.ID} }, []string{"0.first_name too_short", "0.last_name too_short", "0.address1 too_short", "0.city too_short", "0.country_code unknown"}},
			"country":          {func(a *customer.AddressCreate) { a.CountryCode = "XX" }, []string{"0.country_code unknown"}},
			"country name":     {func(a *customer.AddressCreate) { a.CountryCode = "Germany" }, []string{"0.country_code unknown"}},
			"type":             {func(a *customer.AddressCreate) { a.Type = "boat" }, []string{"0.address_type not_accepted"}},
			"US without state": {func(a *customer.AddressCreate) { a.CountryCode, a.StateOrProvince = "US", "" }, []string{"0.state_or_province required"}},
			"US wrong state":   {func(a *customer.AddressCreate) { a.CountryCode, a.StateOrProvince = "US", "Berlin" }, []string{"0.state_or_province unknown"}},
			"US state code":    {func(a *customer.AddressCreate) { a.CountryCode, a.StateOrProvince = "US", "CA" }, []string{"0.state_or_province unknown"}},
			"US postal": {func(a *customer.AddressCreate) {
				a.CountryCode, a.StateOrProvince, a.PostalCode = "US", "California", " "
			}, []string{"0.postal_code required"}},
			"customer": {func(a *customer.AddressCreate) { a.CustomerID = 77 }, []string{"0.customer_id unknown"}},
			"long": {func(a *customer.AddressCreate) {
				a.FirstName, a.Company, a.Phone, a.Address1, a.Address2, a.City, a.StateOrProvince, a.PostalCode = chars(256), chars(256), chars(51), chars(256), chars(256), chars(101), chars(101), chars(31)
			}, []string{"0.first_name too_long", "0.company too_long", "0.phone too_long", "0.address1 too_long", "0.address2 too_long", "0.city too_long", "0.state_or_province too_long", "0.postal_code too_long"}},
		} {
			in := home(c.ID, "1")
			s.change(&in)
			_, err := w.svc.CreateAddresses(w.t.Context(), w.mine, []customer.AddressCreate{in})
			w.wantBroken(name, err, s.want...)
			good := home(c.ID, "good")
			if _, err := w.svc.CreateAddresses(w.t.Context(), w.mine, []customer.AddressCreate{good, in}); err == nil {
				w.t.Errorf("%s: half a batch passes", name)
			}
		}
		if after := w.sizes(w.mine); after != before {
			w.t.Errorf("failures left\n%s\nwas\n%s", after, before)
		}
		us := home(c.ID, "2")
		us.CountryCode, us.StateOrProvince, us.PostalCode = "us", "california", "90210"
		out, err := w.svc.CreateAddresses(w.t.Context(), w.mine, []customer.AddressCreate{us})
		if err != nil || len(out) != 1 || out[0].CountryCode != "US" || out[0].StateOrProvince != "California" || out[0].Type != customer.Residential {
			w.t.Errorf("codes and names: %+v, %v", out, err)
		}
		_, err = w.svc.UpdateAddresses(w.t.Context(), w.mine, []customer.AddressUpdate{{ID: out[0].ID, CountryCode: opt.Some("CA")}, {ID: 99}})
		w.wantBroken("update", err, "0.state_or_province unknown", "1.id unknown")
	})
}

func (w *world) addresses(storeID int64, raw string) []customer.Address {
	w.t.Helper()
	q, err := customer.AddressList.Parse(raw)
	if err != nil {
		w.t.Fatal(err)
	}
	out, _, err := w.svc.Addresses(w.t.Context(), storeID, q)
	if err != nil {
		w.t.Fatal(err)
	}
	return out
}

func TestAddressesExistOnce(t *testing.T) {
	each(t, func(w *world) {
		cs := w.create(named("a@x.org"), named("b@x.org"))
		a, b := cs[0].ID, cs[1].ID
		last := w.lastEvent()
		create := func(in ...customer.AddressCreate) []customer.Address {
			w.t.Helper()
			out, err := w.svc.CreateAddresses(w.t.Context(), w.mine, in)
			if err != nil {
				w.t.Fatal(err)
			}
			return out
		}
		same := home(a, "1")
		same.CountryCode, same.StateOrProvince, same.Type = "de", "berlin", customer.Residential // equal once normalized
		out := create(home(a, "1"), same, home(b, "1"), home(a, "2"))
		if len(out) != 3 || out[0].ID != 1 || out[1].ID != 2 || out[2].ID != 3 || out[1].CustomerID != b {
			w.t.Fatalf("created %+v", out)
		}
		if again := create(home(a, "2"), same); len(again) != 0 {
			w.t.Errorf("created again: %+v", again)
		}
		if evs := w.events(last); len(evs) != 3 {
			w.t.Errorf("events %q", evs)
		}
		last = w.lastEvent()
		up, err := w.svc.UpdateAddresses(w.t.Context(), w.mine, []customer.AddressUpdate{
			{ID: 3, Address1: opt.Some("1")},  // would equal 1
			{ID: 2, Address1: opt.Some("9")},  // another's
			{ID: 1, City: opt.Some("Berlin")}, // no change
		})
		if err != nil || len(up) != 2 || up[0].ID != 2 || up[0].Address1 != "9" || up[1].ID != 1 {
			w.t.Errorf("updated %+v, %v", up, err)
		}
		equal(w.t, "events", w.events(last), []string{fmt.Sprintf(`address/updated 2 %d {"type":"customer","id":2,"address":{"customer_id":%d}}`, b, b)})
		up, err = w.svc.UpdateAddresses(w.t.Context(), w.mine, []customer.AddressUpdate{{ID: 1, Address1: opt.Some("7")}, {ID: 3, Address1: opt.Some("7")}})
		if err != nil || len(up) != 1 || up[0].ID != 1 {
			w.t.Errorf("two become one: %+v, %v", up, err)
		}
		_, err = w.svc.UpdateAddresses(w.t.Context(), w.mine, []customer.AddressUpdate{{ID: 1}, {ID: 1}})
		w.wantBroken("given twice", err, "1.id duplicate")
		// Only what was asked for has changed, and the customers not at all.
		if got := w.addresses(w.mine, "customer_id:in="+fmt.Sprint(a)); len(got) != 2 || got[0].Address1 != "7" || got[1].Address1 != "2" || got[1].City != "Berlin" {
			w.t.Errorf("now %+v", got)
		}
		if c := w.get(a); c.DateModified != 1000 {
			w.t.Error("the customer changed")
		}
		// Deletion.
		last = w.lastEvent()
		n, err := w.svc.DeleteAddresses(w.t.Context(), w.mine, customer.DeleteAddressList.New().Where("id", listing.In, []int64{3, 1, 99}, nil))
		if err != nil || n != 2 {
			w.t.Errorf("%d deleted, %v", n, err)
		}
		if evs := w.events(last); len(evs) != 2 || evs[0] != fmt.Sprintf(`address/deleted 1 %d {"type":"customer","id":1,"address":{"customer_id":%d}}`, a, a) {
			w.t.Errorf("events %q", evs)
		}
		if n, err := w.svc.DeleteAddresses(w.t.Context(), w.mine, customer.DeleteAddressList.New()); n != 0 || err != nil {
			w.t.Errorf("without a condition: %d, %v", n, err)
		}
		w.recount()
	})
}

// Addresses that differ in any one field are two.
func TestEveryFieldOfAnAddressCounts(t *testing.T) {
	changes := map[string]func(*customer.AddressFields){
		"first name":  func(a *customer.AddressFields) { a.FirstName = "Other" },
		"last name":   func(a *customer.AddressFields) { a.LastName = "Other" },
		"company":     func(a *customer.AddressFields) { a.Company = "Other" },
		"phone":       func(a *customer.AddressFields) { a.Phone = "1" },
		"type":        func(a *customer.AddressFields) { a.Type = customer.Commercial },
		"line 1":      func(a *customer.AddressFields) { a.Address1 = "Other" },
		"line 2":      func(a *customer.AddressFields) { a.Address2 = "Other" },
		"city":        func(a *customer.AddressFields) { a.City = "Other" },
		"state":       func(a *customer.AddressFields) { a.StateOrProvince = "Bayern" },
		"country":     func(a *customer.AddressFields) { a.CountryCode = "AT" },
		"postal code": func(a *customer.AddressFields) { a.PostalCode = "1" },
		// What moves from one field to the next is another address too.
		"moved": func(a *customer.AddressFields) { a.Company, a.Phone = "", "Company" },
	}
	each(t, func(w *world) {
		id := w.create(named("a@x.org"))[0].ID
		add := func(change func(*customer.AddressFields)) int {
			w.t.Helper()
			in := home(id, "1")
			in.Company = "Company"
			change(&in.AddressFields)
			out, err := w.svc.CreateAddresses(w.t.Context(), w.mine, []customer.AddressCreate{in})
			if err != nil {
				w.t.Fatal(err)
			}
			return len(out)
		}
		add(func(*customer.AddressFields) {})
		for name, change := range changes {
			if n := add(change); n != 1 {
				w.t.Errorf("%s: another address is none", name)
			}
			if n := add(change); n != 0 {
				w.t.Errorf("%s: the same address is another", name)
			}
		}
		w.recount()
	})
}

func TestConcurrentEqualAddresses(t *testing.T) {
	each(t, func(w *world) {
		c := w.create(named("a@x.org"))[0]
		var mu sync.Mutex
		var made []customer.Address
		var wg sync.WaitGroup
		for range 16 {
			wg.Go(func() {
				out, err := w.svc.CreateAddresses(w.t.Context(), w.mine, []customer.AddressCreate{home(c.ID, "1"), home(c.ID, "2")})
				if err != nil {
					w.t.Error(err)
				}
				mu.Lock()
				made = append(made, out...)
				mu.Unlock()
			})
		}
		wg.Wait()
		if have := w.addresses(w.mine, ""); len(have) != 2 || len(made) != 2 {
			w.t.Errorf("%d addresses, %d said to be made", len(have), len(made))
		}
		w.recount()
	})
}

// Another store's things can be neither seen nor touched nor referred to.
func TestStoresAreApart(t *testing.T) {
	each(t, func(w *world) {
		full := func() customer.Create {
			in := named("a@x.org", 2)
			in.Company, in.Phone, in.RegistrationIP, in.GroupID = "ACME", "1", "::1", 2
			in.Addresses = []customer.AddressCreate{home(0, "1")}
			in.Addresses[0].Company = "ACME"
			in.Addresses[0].FormFields = []form.Input{w.field("f text", `"a"`)}
			in.Attributes = []customer.AttributeInput{{AttributeID: 1, Value: "x"}}
			in.FormFields = []form.Input{w.field("f text", `"a"`)}
			return in
		}
		var theirs []customer.Customer
		for i := range 3 { // so that their ids go beyond ours
			in := full()
			in.Email = fmt.Sprintf("a%d@x.org", i)
			if i == 2 {
				in.Email = "a@x.org"
			}
			out, err := w.svc.CreateFor(w.t.Context(), password.Party{StoreID: w.other}, []customer.Create{in})
			if err != nil {
				w.t.Fatal(err)
			}
			theirs = append(theirs, out...)
		}
		snapshot := func() string { return w.sizes(w.other) + fmt.Sprint(w.list(w.other, everything)) }
		before := snapshot()
		if got := w.list(w.mine, ""); len(got) != 0 {
			w.t.Errorf("we see %+v", got)
		}
		for _, raw := range []string{"id:in=1,2,3", "email:in=a@x.org", "company:in=acme", "phone:in=1", "registration_ip_address:in=::1", "customer_group_id:in=2", "name:like=jane", "name:in=jane doe",
			"date_created:min=1970-01-01", "sort=last_name:asc", "sort=date_created:desc&" + everything, "page=2&limit=1"} {
			if got := w.list(w.mine, raw); len(got) != 0 {
				w.t.Errorf("%s: we see %+v", raw, got)
			}
		}
		for _, raw := range []string{"", "id:in=1,2,3", "customer_id:in=1", "company:in=acme", "name:in=jane doe", "include=formfields"} {
			if got := w.addresses(w.mine, raw); len(got) != 0 {
				w.t.Errorf("%s: we see %+v", raw, got)
			}
		}
		ours := w.create(full())[0] // the same email, ids, fingerprints
		equal(w.t, "our own", w.get(ours.ID), ours)
		id := theirs[2].ID
		_, err := w.svc.UpdateFor(w.t.Context(), password.Party{StoreID: w.mine}, []customer.Update{{ID: id, Notes: opt.Some("x")}})
		w.wantBroken("update", err, "0.id unknown")
		if n := w.remove(id); n != 0 {
			w.t.Errorf("%d of theirs deleted", n)
		}
		addr := theirs[2].Addresses[0].ID
		_, err = w.svc.UpdateAddresses(w.t.Context(), w.mine, []customer.AddressUpdate{{ID: addr, City: opt.Some("x")}})
		w.wantBroken("update address", err, "0.id unknown")
		if n, err := w.svc.DeleteAddresses(w.t.Context(), w.mine, customer.DeleteAddressList.New().Where("id", listing.In, []int64{addr}, nil)); n != 0 || err != nil {
			w.t.Errorf("%d addresses of theirs deleted, %v", n, err)
		}
		_, err = w.svc.CreateAddresses(w.t.Context(), w.mine, []customer.AddressCreate{home(id, "2")})
		w.wantBroken("create address", err, "0.customer_id unknown")
		for name, change := range map[string]func(*customer.Create){
			"customer_group_id":         func(c *customer.Create) { c.GroupID = 9 },
			"channel_ids":               func(c *customer.Create) { c.ChannelIDs = []int64{9} },
			"origin_channel_id":         func(c *customer.Create) { c.OriginChannelID = 9 },
			"attributes.0.attribute_id": func(c *customer.Create) { c.Attributes = []customer.AttributeInput{{AttributeID: 9}} },
			"form_fields.0.name":        func(c *customer.Create) { c.FormFields = []form.Input{w.field("theirs", `"x"`)} },
		} {
			in := named("new@x.org")
			change(&in)
			_, err := w.svc.CreateFor(w.t.Context(), password.Party{StoreID: w.mine}, []customer.Create{in})
			w.wantBroken(name, err, "0."+name+" unknown")
		}
		w.update(customer.Update{ID: ours.ID, Email: opt.Some("a0@x.org"), ChannelIDs: opt.Null[[]int64]()})
		if n := w.remove(ours.ID); n != 1 {
			w.t.Errorf("%d of ours deleted", n)
		}
		if after := snapshot(); after != before {
			w.t.Errorf("the other store changed:\n%s\nwas\n%s", after, before)
		}
		w.recount()
	})
}

func TestAddressUpdateFields(t *testing.T) {
	u := customer.AddressUpdate{ID: 1, City: opt.Some("B"), Phone: opt.Null[string]()}
	equal(t, "fields", u.Fields(), customer.AddressFields{City: "B"})
}

func TestConcurrentUpdatesKeepAllEvents(t *testing.T) {
	each(t, func(w *world) {
		out := w.create(named("a@x.org"), named("b@x.org"), named("c@x.org"))
		var wg sync.WaitGroup
		for i := range 24 {
			wg.Go(func() {
				batch := []customer.Update{{ID: out[i%3].ID, Notes: opt.Some(fmt.Sprint("n", i))}, {ID: out[(i+1)%3].ID, Notes: opt.Some(fmt.Sprint("m", i))}}
				if i%2 == 0 {
					slices.Reverse(batch)
				}
				if _, err := w.svc.UpdateFor(w.t.Context(), password.Party{StoreID: w.mine}, batch); err != nil && fault.As(err) == nil {
					w.t.Error(err)
				}
			})
		}
		wg.Wait()
		if evs := w.events(3); len(evs) != 48 {
			w.t.Errorf("%d events, want 48", len(evs))
		}
	})
}
