package customer_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"clientele/internal/customer"
	"clientele/internal/fault"
	"clientele/internal/form"
	"clientele/internal/listing"
	"clientele/internal/opt"
	"clientele/internal/password"
	"clientele/internal/sqldb"
)

func chars(n int) string { return strings.Repeat("ä", n) }

func TestRules(t *testing.T) {
	each(t, func(w *world) {
		ids := w.create(named("base@x.org"))
		before := w.sizes(w.mine)
		for name, c := range map[string]struct {
			change func(*customer.Create)
			want   []string
		}{
			"no email":         {func(c *customer.Create) { c.Email = "" }, []string{"0.email bad_format"}},
			"no at":            {func(c *customer.Create) { c.Email = "jane" }, []string{"0.email bad_format"}},
			"two ats":          {func(c *customer.Create) { c.Email = "a@b@c" }, []string{"0.email bad_format"}},
			"space":            {func(c *customer.Create) { c.Email = "a b@c" }, []string{"0.email bad_format"}},
			"control":          {func(c *customer.Create) { c.Email = "a\x00@c" }, []string{"0.email bad_format"}},
			"no domain":        {func(c *customer.Create) { c.Email = "a@" }, []string{"0.email bad_format"}},
			"long email":       {func(c *customer.Create) { c.Email = chars(252) + "@x.y" }, []string{"0.email too_long"}},
			"longest email":    {func(c *customer.Create) { c.Email = address(250) }, nil},
			"longer email":     {func(c *customer.Create) { c.Email = address(251) }, []string{"0.email too_long"}},
			"no first name":    {func(c *customer.Create) { c.FirstName = "" }, []string{"0.first_name too_short"}},
			"blank last name":  {func(c *customer.Create) { c.LastName = " \t" }, []string{"0.last_name too_short"}},
			"long names":       {func(c *customer.Create) { c.FirstName, c.LastName = chars(101), chars(101) }, []string{"0.first_name too_long", "0.last_name too_long"}},
			"longest names":    {func(c *customer.Create) { c.FirstName, c.LastName = chars(100), chars(100) }, nil},
			"long company":     {func(c *customer.Create) { c.Company = chars(256) }, []string{"0.company too_long"}},
			"longest company":  {func(c *customer.Create) { c.Company = chars(255) }, nil},
			"long phone":       {func(c *customer.Create) { c.Phone = chars(51) }, []string{"0.phone too_long"}},
			"longest phone":    {func(c *customer.Create) { c.Phone = chars(50) }, nil},
			"long notes":       {func(c *customer.Create) { c.Notes = chars(65_536) }, []string{"0.notes too_long"}},
			"longest notes":    {func(c *customer.Create) { c.Notes = chars(65_535) }, nil},
			"long tax":         {func(c *customer.Create) { c.TaxExemptCategory = chars(256) }, []string{"0.tax_exempt_category too_long"}},
			"long ip":          {func(c *customer.Create) { c.RegistrationIP = chars(46) }, []string{"0.registration_ip_address too_long"}},
			"NUL":              {func(c *customer.Create) { c.Notes = "a\x00" }, []string{"0.notes bad_format"}},
			"negative credit":  {func(c *customer.Create) { c.StoreCredit = -1 }, []string{"0.store_credit_amounts out_of_range"}},
			"much credit":      {func(c *customer.Create) { c.StoreCredit = 10_000_000_000*10_000 + 1 }, []string{"0.store_credit_amounts out_of_range"}},
			"most credit":      {func(c *customer.Create) { c.StoreCredit = 10_000_000_000 * 10_000 }, nil},
			"no channel":       {func(c *customer.Create) { c.ChannelIDs = []int64{} }, []string{"0.channel_ids too_short"}},
			"unknown channels": {func(c *customer.Create) { c.ChannelIDs = []int64{7, 1, 9} }, []string{"0.channel_ids unknown", "0.channel_ids unknown"}},
			"unknown origin":   {func(c *customer.Create) { c.OriginChannelID = 9 }, []string{"0.origin_channel_id unknown"}},
			"unknown group":    {func(c *customer.Create) { c.GroupID = 9 }, []string{"0.customer_group_id unknown"}},
			"known references": {func(c *customer.Create) { c.GroupID, c.OriginChannelID, c.ChannelIDs = 4, 3, []int64{4, 2, 4} }, nil},
			"short password":   {func(c *customer.Create) { c.NewPassword = opt.Some("abc12") }, []string{"0.authentication.new_password weak_password"}},
			"letters only":     {func(c *customer.Create) { c.NewPassword = opt.Some("abcdefgh") }, []string{"0.authentication.new_password weak_password"}},
			"eleven addresses": {func(c *customer.Create) {
				for i := range 11 {
					c.Addresses = append(c.Addresses, home(0, fmt.Sprint(i)))
				}
			}, []string{"0.addresses too_many_items"}},
			"eleven attributes": {func(c *customer.Create) {
				for i := range int64(11) {
					c.Attributes = append(c.Attributes, customer.AttributeInput{AttributeID: 100 + i})
				}
			}, []string{"0.attributes too_many_items"}},
			"attribute twice": {func(c *customer.Create) {
				c.Attributes = []customer.AttributeInput{{AttributeID: 1, Value: "a"}, {AttributeID: 1, Value: "b"}}
			}, []string{"0.attributes.1.attribute_id duplicate"}},
			"long value": {func(c *customer.Create) {
				c.Attributes = []customer.AttributeInput{{AttributeID: 1, Value: chars(256)}}
			}, []string{"0.attributes.0.attribute_value too_long"}},
			"typed values": {func(c *customer.Create) {
				c.Attributes = []customer.AttributeInput{{AttributeID: 2, Value: "x"}, {AttributeID: 3, Value: "tomorrow"}, {AttributeID: 9, Value: ""}}
			}, []string{"0.attributes.0.attribute_value bad_format", "0.attributes.1.attribute_value bad_format", "0.attributes.2.attribute_id unknown"}},
			"right values": {func(c *customer.Create) {
				c.Attributes = []customer.AttributeInput{{AttributeID: 2, Value: "-4.5e3"}, {AttributeID: 3, Value: "2024-02-29"}, {AttributeID: 1, Value: ""}}
			}, nil},
			"everything at once": {func(c *customer.Create) {
				c.Email, c.FirstName, c.Phone, c.StoreCredit = "x", "", chars(51), -1
				c.Addresses = []customer.AddressCreate{home(0, ""), {}}
			}, []string{"0.email bad_format", "0.first_name too_short", "0.phone too_long", "0.store_credit_amounts out_of_range", "0.addresses.0.address1 too_short",
				"0.addresses.1.first_name too_short", "0.addresses.1.last_name too_short", "0.addresses.1.address1 too_short", "0.addresses.1.city too_short", "0.addresses.1.country_code unknown"}},
		} {
			in := named(strings.ReplaceAll(name, " ", "-") + "@x.org")
			c.change(&in)
			out, err := w.svc.CreateFor(w.t.Context(), password.Party{StoreID: w.mine}, []customer.Create{in})
			w.wantBroken(name, err, c.want...)
			if err == nil {
				w.remove(out[0].ID)
			}
		}
		if before == w.sizes(w.mine) {
			w.t.Error("no create took effect")
		}
		// What breaks a rule in any item leaves no trace of the others.
		before = w.sizes(w.mine)
		for _, bad := range []customer.Create{named("bad"), named("base@x.org"), named("g@x.org", 9), named("one@x.org")} {
			if _, err := w.svc.CreateFor(w.t.Context(), password.Party{StoreID: w.mine}, []customer.Create{named("one@x.org"), bad, named("two@x.org")}); err == nil {
				w.t.Errorf("%+v passes", bad)
			}
		}
		bad := []customer.Update{{ID: ids[0].ID, FirstName: opt.Some("")}, {ID: ids[0].ID, Email: opt.Null[string]()}, {ID: ids[0].ID, LastName: opt.Null[string]()}, {ID: 12345}, {ID: ids[0].ID, GroupID: opt.Some(int64(9))},
			{ID: ids[0].ID, ChannelIDs: opt.Some([]int64{9})}, {ID: ids[0].ID, ChannelIDs: opt.Some([]int64{})}, {ID: ids[0].ID, StoreCredit: opt.Some(int64(-5))}, {ID: ids[0].ID, Phone: opt.Some(chars(51))}}
		for _, u := range bad {
			if _, err := w.svc.UpdateFor(w.t.Context(), password.Party{StoreID: w.mine}, []customer.Update{u}); fault.As(err) == nil || fault.As(err).Kind != fault.Invalid {
				w.t.Errorf("%+v: %v", u, err)
			}
		}
		_, err := w.svc.UpdateFor(w.t.Context(), password.Party{StoreID: w.mine}, []customer.Update{{ID: ids[0].ID, Notes: opt.Some("x")}, {ID: ids[0].ID}})
		w.wantBroken("given twice", err, "1.id duplicate")
		_, err = w.svc.UpdateFor(w.t.Context(), password.Party{StoreID: w.mine}, []customer.Update{{ID: 777, GroupID: opt.Some(int64(9))}, {ID: ids[0].ID, GroupID: opt.Some(int64(9))}, {ID: 778}})
		w.wantBroken("several", err, "0.id unknown", "1.customer_group_id unknown", "2.id unknown")
		if after := w.sizes(w.mine); after != before {
			w.t.Errorf("failures left\n%s\nwas\n%s", after, before)
		}
		w.recount()
		if got := w.create(named("next@x.org"))[0].ID; got != w.number(w.mine, `SELECT MAX(id) FROM customers WHERE store_id = $1`) || got != w.number(w.mine, `SELECT customer_id FROM store_counters WHERE store_id = $1`) {
			w.t.Errorf("the next id is %d", got)
		}
	})
}

func TestIDsHaveNoGaps(t *testing.T) {
	each(t, func(w *world) {
		for want := int64(1); want < 8; want += 2 {
			if _, err := w.svc.CreateFor(w.t.Context(), password.Party{StoreID: w.mine}, []customer.Create{named("a@x.org", 2), named("A@x.org")}); !inUse(err) {
				w.t.Errorf("a conflict: %v", err)
			}
			out := w.create(named(fmt.Sprintf("%d@x.org", want)), named(fmt.Sprintf("%d@x.org", want+1)))
			if out[0].ID != want || out[1].ID != want+1 {
				w.t.Errorf("ids %d and %d, want %d", out[0].ID, out[1].ID, want)
			}
		}
	})
}

func TestEmptyBatches(t *testing.T) {
	each(t, func(w *world) {
		if out, err := w.svc.CreateFor(w.t.Context(), password.Party{StoreID: w.mine}, nil); len(out) > 0 || err != nil && fault.As(err) == nil {
			w.t.Errorf("create: %v, %v", out, err)
		}
		if out, err := w.svc.UpdateFor(w.t.Context(), password.Party{StoreID: w.mine}, nil); len(out) > 0 || err != nil && fault.As(err) == nil {
			w.t.Errorf("update: %v, %v", out, err)
		}
		if out, err := w.svc.CreateAddresses(w.t.Context(), w.mine, nil); len(out) > 0 || err != nil && fault.As(err) == nil {
			w.t.Errorf("create addresses: %v, %v", out, err)
		}
		if out, err := w.svc.UpdateAddresses(w.t.Context(), w.mine, nil); len(out) > 0 || err != nil && fault.As(err) == nil {
			w.t.Errorf("update addresses: %v, %v", out, err)
		}
		w.create(named("a@x.org"))
		if n, err := w.svc.Delete(w.t.Context(), w.mine, customer.DeleteList.New()); n != 0 || err != nil {
			w.t.Errorf("delete without a condition: %d, %v", n, err)
		}
		if n := w.remove(77); n != 0 {
			w.t.Errorf("%d of nobody deleted", n)
		}
		if n := len(w.list(w.mine, "")); n != 1 {
			w.t.Errorf("%d customers", n)
		}
	})
}

func TestCreateReturnsWhatIsStored(t *testing.T) {
	each(t, func(w *world) {
		in := customer.Create{
			Email: "Zoë@X.org", FirstName: " Zoë", LastName: "O'Neil\n", Company: "Öl & Co", Phone: "+49", Notes: "日本🙂", TaxExemptCategory: "t", GroupID: 2, RegistrationIP: "::1",
			AcceptsEmails: true, StoreCredit: 12_3456, OriginChannelID: 2, ChannelIDs: []int64{3, 2, 3}, ForcePasswordReset: true, NewPassword: opt.Some("Secret-123"), Notify: true,
			Addresses:  []customer.AddressCreate{home(0, "1"), home(0, "2"), home(0, "1")},
			Attributes: []customer.AttributeInput{{AttributeID: 1, Value: "x"}, {AttributeID: 2, Value: "7"}},
			FormFields: []form.Input{w.field("F TEXT", `"abc"`), w.field("f checkbox", `["b","a"]`)},
		}
		in.Addresses[0].FormFields = []form.Input{w.field("f multiline", `"door"`)}
		got := w.create(in)[0]
		equal(w.t, "created against read", w.get(got.ID), got)
		if len(got.Addresses) != 2 || len(got.Attributes) != 2 || !slices.Equal(got.ChannelIDs, []int64{2, 3}) || got.DateCreated != 1000 || got.DateModified != 1000 || got.Email != "Zoë@X.org" {
			w.t.Errorf("got %+v", got)
		}
		equal(w.t, "events", w.events(0), []string{
			`created 1 1 {"type":"customer","id":1,"origin_channel_id":2,"channel_ids":[2,3]}`,
			`address/created 1 1 {"type":"customer","id":1,"address":{"customer_id":1}}`,
			`address/created 2 1 {"type":"customer","id":2,"address":{"customer_id":1}}`,
		})
		if hash := w.query(w.mine, `SELECT password_hash FROM customers WHERE store_id = $1`)[0]; !strings.HasPrefix(hash, "$cheap$") || strings.Contains(hash, "ecret") {
			w.t.Errorf("password is stored as %q", hash)
		}
		w.recount()
	})
}

// scopes of accounts in the matrix; nil is all channels.
var scopeMatrix = []struct {
	a, b     []int64
	conflict bool
}{
	{nil, nil, true}, {nil, []int64{2}, true}, {[]int64{2}, nil, true}, {[]int64{2}, []int64{2}, true}, {[]int64{1}, []int64{1}, true},
	{[]int64{2}, []int64{3}, false}, {[]int64{1, 2}, []int64{2, 3}, true}, {[]int64{1, 2}, []int64{3, 4}, false}, {[]int64{2, 3, 4}, []int64{4}, true},
}

func TestEmailsAndChannels(t *testing.T) {
	each(t, func(w *world) {
		for i, m := range scopeMatrix {
			email := fmt.Sprintf("zoë%d@x.org", i)
			loud := fmt.Sprintf("ZOË%d@X.ORG", i)
			a := w.create(named(email, m.a...))[0]
			// Through create, apart and in one batch.
			out, err := w.svc.CreateFor(w.t.Context(), password.Party{StoreID: w.mine}, []customer.Create{named(loud, m.b...)})
			if inUse(err) != m.conflict || err != nil && !m.conflict {
				w.t.Errorf("%v then %v: %v", m.a, m.b, err)
			}
			if err == nil {
				w.remove(out[0].ID)
			}
			w.remove(a.ID)
			out, err = w.svc.CreateFor(w.t.Context(), password.Party{StoreID: w.mine}, []customer.Create{named(email, m.a...), named(loud, m.b...)})
			if inUse(err) != m.conflict || err != nil && !m.conflict {
				w.t.Errorf("%v with %v: %v", m.a, m.b, err)
			}
			for _, c := range out {
				w.remove(c.ID)
			}
			// Through updates of the email and of the channels.
			a = w.create(named(email, m.a...))[0]
			b := w.create(named("b"+email, m.b...))[0]
			_, err = w.svc.UpdateFor(w.t.Context(), password.Party{StoreID: w.mine}, []customer.Update{{ID: b.ID, Email: opt.Some(loud)}})
			if inUse(err) != m.conflict || err != nil && !m.conflict {
				w.t.Errorf("%v, email of %v: %v", m.a, m.b, err)
			}
			w.remove(b.ID)
			free := []int64{1, 2, 3, 4}
			free = slices.DeleteFunc(free, func(c int64) bool { return m.a == nil || slices.Contains(m.a, c) })
			if len(free) > 0 {
				b = w.create(named(loud, free[0]))[0]
				channels := opt.Some(m.b)
				if m.b == nil {
					channels = opt.Null[[]int64]()
				}
				_, err = w.svc.UpdateFor(w.t.Context(), password.Party{StoreID: w.mine}, []customer.Update{{ID: b.ID, ChannelIDs: channels}})
				if inUse(err) != m.conflict || err != nil && !m.conflict {
					w.t.Errorf("%v, channels of %v: %v", m.a, m.b, err)
				}
				w.remove(b.ID)
			}
			w.remove(a.ID)
			if n := w.number(w.mine, `SELECT COUNT(*) FROM customer_emails WHERE store_id = $1`); n != 0 {
				w.t.Fatalf("%v, %v: %d emails are held by nobody: %q", m.a, m.b, n, w.query(w.mine, `SELECT email_norm || ' ' || CAST(channel_id AS TEXT) || ' ' || CAST(customer_id AS TEXT) FROM customer_emails WHERE store_id = $1`))
			}
		}
		w.recount()
	})
}

func TestEmailsAreHandedOver(t *testing.T) {
	each(t, func(w *world) {
		out := w.create(named("a@x.org"), named("b@x.org", 2), named("c@x.org", 3, 4))
		// A ring within one batch.
		w.update(customer.Update{ID: out[0].ID, Email: opt.Some("B@x.org")}, customer.Update{ID: out[1].ID, Email: opt.Some("C@x.org")}, customer.Update{ID: out[2].ID, Email: opt.Some("A@x.org")})
		if got := w.list(w.mine, "email:in=a@x.org,b@x.org,c@x.org&sort=date_created:asc"); len(got) != 3 || got[0].Email != "B@x.org" || got[1].Email != "C@x.org" || got[2].Email != "A@x.org" {
			w.t.Errorf("after the ring: %+v", got)
		}
		// Back, and the scopes of a and b change hands as well.
		w.update(customer.Update{ID: out[0].ID, Email: opt.Some("a@x.org"), ChannelIDs: opt.Some([]int64{2})},
			customer.Update{ID: out[1].ID, Email: opt.Some("b@x.org"), ChannelIDs: opt.Null[[]int64]()}, customer.Update{ID: out[2].ID, Email: opt.Some("c@x.org")})
		if _, err := w.svc.CreateFor(w.t.Context(), password.Party{StoreID: w.mine}, []customer.Create{named("b@x.org", 4)}); !inUse(err) {
			w.t.Errorf("b is for all channels now: %v", err)
		}
		w.create(named("a@x.org", 3))
		// One takes what another leaves in the same batch, whatever the order.
		w.update(customer.Update{ID: out[2].ID, Email: opt.Some("b@x.org")}, customer.Update{ID: out[1].ID, Email: opt.Some("d@x.org")})
		if _, err := w.svc.UpdateFor(w.t.Context(), password.Party{StoreID: w.mine}, []customer.Update{{ID: out[0].ID, Email: opt.Some("e@x.org")}, {ID: out[1].ID, Email: opt.Some("E@x.org")}}); !inUse(err) {
			w.t.Errorf("two for one email: %v", err)
		}
		// Only the spelling changes.
		if got := w.update(customer.Update{ID: out[1].ID, Email: opt.Some("D@X.org")})[0]; got.Email != "D@X.org" {
			w.t.Errorf("spelling: %s", got.Email)
		}
	})
}

// The key of customer_emails alone refuses every forbidden combination: the
// rows are written past the service.
func TestDatabaseKeepsEmailsApart(t *testing.T) {
	each(t, func(w *world) {
		insert := sqldb.Dynamic(`INSERT INTO customer_emails (store_id, email_norm, channel_id, customer_id) VALUES ($1, $2, $3, $4)`)
		for i, m := range scopeMatrix {
			email := fmt.Sprintf("r%d@x.org", i)
			w.create(named(email, m.a...))
			err := w.db.Write(w.t.Context(), w.mine, func(tx *sqldb.Tx) error {
				if m.b == nil {
					return tx.Exec(insert, email, int64(0), int64(999))
				}
				// The shared row exists exactly when single channels hold the email.
				shared := false
				if err := tx.Query(sqldb.Dynamic(`SELECT 1 FROM customer_emails WHERE store_id = $1 AND email_norm = $2 AND channel_id = 0 AND customer_id = 0`), func(*sqldb.Row) error { shared = true; return nil }, email); err != nil {
					return err
				}
				if shared != (m.a != nil) {
					w.t.Errorf("%v: shared row %v", m.a, shared)
				}
				if !shared {
					if err := tx.Exec(insert, email, int64(0), int64(0)); err != nil {
						return err
					}
				}
				for _, ch := range m.b {
					if err := tx.Exec(insert, email, ch, int64(999)); err != nil {
						return err
					}
				}
				return nil
			})
			if m.conflict != isUnique(err) || err != nil && !m.conflict {
				w.t.Errorf("%v then %v: %v", m.a, m.b, err)
			}
		}
	})
}

func TestConcurrentCreatesOfOneEmail(t *testing.T) {
	each(t, func(w *world) {
		for round, m := range []struct {
			channels func(i int) []int64
			winners  int64
		}{
			{func(int) []int64 { return nil }, 1},
			{func(int) []int64 { return []int64{2} }, 1},
			{func(i int) []int64 { return []int64{int64(1 + i%4)} }, 4},
		} {
			var won atomic.Int64
			var wg sync.WaitGroup
			for i := range 16 {
				wg.Go(func() {
					_, err := w.svc.CreateFor(w.t.Context(), password.Party{StoreID: w.mine}, []customer.Create{named(fmt.Sprintf("only%d@x.org", round), m.channels(i)...)})
					if err == nil {
						won.Add(1)
					} else if !inUse(err) {
						w.t.Errorf("a loser: %v", err)
					}
				})
			}
			wg.Wait()
			if won.Load() != m.winners {
				w.t.Errorf("round %d: %d winners, want %d", round, won.Load(), m.winners)
			}
		}
		w.recount()
		if total, last := w.number(w.mine, `SELECT customers FROM store_counters WHERE store_id = $1`), w.number(w.mine, `SELECT customer_id FROM store_counters WHERE store_id = $1`); total != last || total != 6 {
			w.t.Errorf("%d customers, last id %d", total, last)
		}
	})
}

func TestFormFieldTypes(t *testing.T) {
	each(t, func(w *world) {
		for _, c := range []struct{ field, in, want string }{
			{"text", `"abcde"`, `"abcde"`}, {"text", `"äöüßé"`, `"äöüßé"`}, {"text", `"abcdef"`, ""}, {"text", `5`, `"5"`}, {"text", `["a"]`, ""}, {"text", `true`, ""}, {"text", `"\u0000"`, ""}, {"text", `""`, `""`},
			{"multiline", `"a\nb"`, `"a\nb"`}, {"multiline", `{"a":1}`, ""}, {"password", `"p"`, `""`},
			{"number", `5`, `5`}, {"number", `-1.50e3`, `-1.50e3`}, {"number", `"7"`, `7`}, {"number", `" 7 "`, `7`}, {"number", `"seven"`, ""}, {"number", `""`, `""`}, {"number", `"0x10"`, ""}, {"number", `[1]`, ""},
			{"date", `"2024-02-29"`, `"2024-02-29"`}, {"date", `"2023-02-29"`, ""}, {"date", `"soon"`, ""}, {"date", `"2024-02-29T10:00:00Z"`, `"2024-02-29T10:00:00Z"`}, {"date", `""`, `""`},
			{"radio", `"a"`, `"a"`}, {"radio", `"z"`, ""}, {"radio", `["a"]`, ""}, {"dropdown", `"c\""`, `"c\""`}, {"dropdown", `"A"`, ""}, {"dropdown", `""`, `""`},
			{"checkbox", `["a","c\""]`, `["a","c\""]`}, {"checkbox", `"b"`, `["b"]`}, {"checkbox", `[]`, `[]`}, {"checkbox", `["a","z"]`, ""}, {"checkbox", `[1]`, ""}, {"checkbox", `3`, ""},
		} {
			in := named(fmt.Sprintf("%d@x.org", w.lastEvent()))
			in.FormFields = []form.Input{w.field("F "+c.field, c.in)}
			out, err := w.svc.CreateFor(w.t.Context(), password.Party{StoreID: w.mine}, []customer.Create{in})
			if c.want == "" {
				w.wantBroken(c.field+" "+c.in, err, "0.form_fields.0.value bad_format")
				continue
			}
			if err != nil {
				w.t.Errorf("%s %s: %v", c.field, c.in, err)
				continue
			}
			want := []customer.FormValue{{Form: form.Customer, OwnerID: out[0].ID, FieldID: out[0].FormFields[0].FieldID, Name: "f " + c.field, Type: c.field, JSON: c.want}}
			equal(w.t, c.field+" "+c.in, w.get(out[0].ID).FormFields, want)
		}
		in := named("last@x.org")
		in.FormFields = []form.Input{w.field("nobody's", `1`), w.field("f text", `"abcdef"`), w.field("theirs", `"x"`)}
		in.Addresses = []customer.AddressCreate{home(0, "1")}
		in.Addresses[0].FormFields = []form.Input{w.field("f date", `"x"`)}
		_, err := w.svc.CreateFor(w.t.Context(), password.Party{StoreID: w.mine}, []customer.Create{in})
		w.wantBroken("several", err, "0.form_fields.0.name unknown", "0.form_fields.1.value bad_format", "0.form_fields.2.name unknown", "0.addresses.0.form_fields.0.value bad_format")
	})
}

// A field named twice is refused, or its last value counts and is answered
// once.
func TestFormFieldGivenTwice(t *testing.T) {
	each(t, func(w *world) {
		in := named("a@x.org")
		in.FormFields = []form.Input{w.field("f text", `"one"`)}
		c := w.create(in)[0]
		out, err := w.svc.UpdateFor(w.t.Context(), password.Party{StoreID: w.mine}, []customer.Update{{ID: c.ID, FormFields: []form.Input{w.field("f text", `"two"`), w.field("F TEXT", `"one"`)}}})
		if fault.As(err) != nil {
			return
		}
		if err != nil {
			w.t.Fatal(err)
		}
		want := []customer.FormValue{{OwnerID: c.ID, Name: "f text", JSON: `"one"`}}
		equal(w.t, "stored", w.get(c.ID).FormFields, want)
		equal(w.t, "answered", out[0].FormFields, want)
	})
}

func TestDeleteTakesEverything(t *testing.T) {
	each(t, func(w *world) {
		full := func(email string) customer.Create {
			in := named(email, 2, 3)
			in.Addresses = []customer.AddressCreate{home(0, "1"), home(0, "2")}
			in.Addresses[1].FormFields = []form.Input{w.field("f text", `"x"`)}
			in.Attributes = []customer.AttributeInput{{AttributeID: 1, Value: "x"}}
			in.FormFields = []form.Input{w.field("f text", `"x"`)}
			return in
		}
		out := w.create(full("a@x.org"), full("b@x.org"), full("c@x.org"))
		keep := w.get(out[1].ID)
		last := w.lastEvent()
		if n := w.remove(out[2].ID, out[0].ID, 99, out[0].ID); n != 2 {
			w.t.Errorf("%d deleted", n)
		}
		// What a customer has goes with it, and is told of before.
		equal(w.t, "events", w.events(last), []string{
			`address/deleted 1 1 {"type":"customer","id":1,"address":{"customer_id":1}}`, `address/deleted 2 1 {"type":"customer","id":2,"address":{"customer_id":1}}`, `deleted 1 1 {"type":"customer","id":1}`,
			`address/deleted 5 3 {"type":"customer","id":5,"address":{"customer_id":3}}`, `address/deleted 6 3 {"type":"customer","id":6,"address":{"customer_id":3}}`, `deleted 3 3 {"type":"customer","id":3}`,
		})
		equal(w.t, "the other", w.get(out[1].ID), keep)
		for table, want := range map[string]int64{"customers": 1, "addresses": 2, "attribute_values": 1, "customer_form_values": 1, "address_form_values": 1, "customer_emails": 3} {
			if n := w.number(w.mine, "SELECT COUNT(*) FROM "+table+" WHERE store_id = $1"); n != want {
				w.t.Errorf("%s: %d rows, want %d", table, n, want)
			}
		}
		w.recount()
		if got := w.create(named("a@x.org"))[0].ID; got != 4 {
			w.t.Errorf("an id came again: %d", got)
		}
	})
}

// Customers and their addresses are deleted, created and changed at once;
// the counts hold.
func TestCountsUnderConcurrency(t *testing.T) {
	rounds := 10
	if testing.Short() {
		rounds = 4
	}
	each(t, func(w *world) {
		for round := range rounds {
			in := named(fmt.Sprintf("%d@x.org", round))
			for i := range 4 {
				in.Addresses = append(in.Addresses, home(0, fmt.Sprint(i)))
			}
			c := w.create(in)[0]
			var ids []int64
			for _, a := range c.Addresses {
				ids = append(ids, a.ID)
			}
			var wg sync.WaitGroup
			run := func(fn func() error) {
				wg.Go(func() {
					if err := fn(); err != nil && fault.As(err) == nil {
						w.t.Error(err)
					}
				})
			}
			run(func() error {
				_, err := w.svc.Delete(w.t.Context(), w.mine, customer.DeleteList.New().Where("id", listing.In, []int64{c.ID}, nil))
				return err
			})
			for _, id := range ids[:2] {
				run(func() error {
					_, err := w.svc.DeleteAddresses(w.t.Context(), w.mine, customer.DeleteAddressList.New().Where("id", listing.In, []int64{id}, nil))
					return err
				})
			}
			run(func() error {
				_, err := w.svc.CreateAddresses(w.t.Context(), w.mine, []customer.AddressCreate{home(c.ID, "new")})
				return err
			})
			wg.Wait()
		}
		w.recount()
	})
}

func TestCountsAfterRandomOperations(t *testing.T) {
	each(t, func(w *world) {
		r := rand.New(rand.NewPCG(3, 4))
		var alive []int64
		for i := range 60 {
			switch r.IntN(4) {
			case 0, 1:
				in := named(fmt.Sprintf("%d@x.org", i))
				for j := range r.IntN(4) {
					in.Addresses = append(in.Addresses, home(0, fmt.Sprint(j)))
				}
				for _, c := range w.create(in, named(fmt.Sprintf("%dx@x.org", i))) {
					alive = append(alive, c.ID)
				}
			case 2:
				if len(alive) > 0 {
					k := r.IntN(len(alive))
					w.remove(alive[k])
					alive = slices.Delete(alive, k, k+1)
				}
			case 3:
				if len(alive) > 0 {
					if _, err := w.svc.CreateAddresses(w.t.Context(), w.mine, []customer.AddressCreate{home(alive[r.IntN(len(alive))], fmt.Sprint(i))}); err != nil {
						w.t.Fatal(err)
					}
				}
			}
		}
		w.recount()
		if n := len(w.list(w.mine, "limit=250")); n != len(alive) {
			w.t.Errorf("%d customers, want %d", n, len(alive))
		}
	})
}
