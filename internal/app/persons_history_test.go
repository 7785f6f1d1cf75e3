package app_test

import (
	"fmt"
	"io"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"testing"

	"clientele/internal/company"
	"clientele/internal/customer"
	"clientele/internal/desk"
	"clientele/internal/history"
	"clientele/internal/history/historytest"
	"clientele/internal/sqldb"
	"clientele/internal/sqldb/dbtest"
)

// verified returns what is wrong with the chain of a store, of which all is sealed.
func (p *people) verified(store int64) []history.Problem {
	p.t.Helper()
	chain := history.NewChain(p.DB, p.System, p.Server.Core.Keys, slog.New(slog.NewTextHandler(io.Discard, nil)))
	for n := 1; n > 0; {
		var err error
		if n, err = chain.Seal(p.t.Context(), store, true); err != nil {
			p.t.Fatal(err)
		}
	}
	r, err := chain.Verify(p.t.Context(), store, nil)
	if err != nil {
		p.t.Fatal(err)
	}
	if r.SealedTo != r.Last || r.Entries == 0 {
		p.t.Fatalf("sealed to %d of %d", r.SealedTo, r.Last)
	}
	return r.Problems
}

// An export and an erasure leave entries, which name the person by the hash of
// their address alone and outlive the erasure.
func TestPersonsLeaveEntries(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		p := newPeople(t, db)
		p.person("Quokka", 1)
		last := historytest.Last(t, db, 1)
		recorded := func() (out []history.Listed) {
			for _, e := range historytest.Entries(t, db, 1, last) {
				if e.Resource == history.Person || e.Resource == history.Erasure {
					out = append(out, e)
				}
			}
			return out
		}
		ask := func(path, body string, want int) {
			t.Helper()
			if code, text := p.post("demo", "token", "/v3/clientele/persons/"+path, body); code != want {
				t.Fatalf("%s %s: %d %s", path, body, code, text)
			}
		}
		// What is refused, and what only counts, leaves none.
		ask("export", `{"email":"nobody@example.com","reason":"R"}`, 404)
		ask("erase", `{"email":"nobody@example.com","reason":"R"}`, 404)
		ask("export", `{"email":"quokka@example.com","reason":"`+strings.Repeat("r", 1001)+`"}`, 422)
		ask("erase", `{"email":"quokka@example.com","reason":"\u0000"}`, 422)
		ask("erase", `{"email":"quokka@example.com","preview":true,"reason":"R"}`, 200)
		if got := recorded(); len(got) != 0 {
			t.Fatalf("%+v", got)
		}
		ask("export", `{"email":"quokka@example.com","reason":"Ticket 1"}`, 200)
		ask("export", `{"email":"quokka@example.com","reason":"asked by <QUOKKA@example.com>."}`, 200)
		done := p.erase("demo", "token", `{"email":"Quokka@example.com","reason":"Ticket 2"}`)
		rows := int64(0)
		for _, c := range done.Tables {
			rows += c.Rows
		}
		got := recorded()
		if len(got) != 4 {
			t.Fatalf("%+v", got)
		}
		for i, want := range []string{
			`exported person 0: hash ->"` + done.Hash + `", count ->`,
			`exported person 0: hash ->"` + done.Hash + `", count ->`,
			fmt.Sprintf(`created erasure %d: hash ->"%s"`, done.ID, done.Hash),
			fmt.Sprintf(`ended erasure %d: hash ->"%s", count ->%d`, done.ID, done.Hash, rows),
		} {
			e := got[i]
			bare := e
			bare.Reason = ""
			if line := historytest.Line(&bare); !strings.HasPrefix(line, want) || strings.HasSuffix(line, "count ->0") || e.Surface != history.V3 || e.Actor.Kind != history.ByAccount || e.Actor.ID != 1 || e.CustomerID != 0 || e.RequestID == "" {
				t.Errorf("%s by %+v, %+v, want %s", line, e.Actor, e, want)
			}
			if reason := []string{"Ticket 1", "", "Ticket 2", ""}[i]; e.Reason != reason || e.Erased != (i == 1) || (e.Address == "") != (i == 1) {
				t.Errorf("%d: %+v", i, e)
			}
		}
		// They are among what there is of the person, and nobody else's.
		files := p.export("demo", "token", "quokka@example.com")
		if n := strings.Count(files["data.json"], `"resource":"person"`) + strings.Count(files["data.json"], `"resource":"erasure"`); n != 5 { // with its own
			t.Errorf("%d entries are told: %s", n, files["data.json"])
		}
		if other := p.export("demo", "token", "jane@example.com")["data.json"]; strings.Count(other, `"resource":"person"`) != 1 || strings.Contains(other, done.Hash) {
			t.Error(other)
		}
		if wrong := p.verified(1); len(wrong) > 0 {
			t.Error(wrong)
		}
	})
}

// What entries say of an erased person is gone whatever they are about, and what
// was sealed before still holds.
func TestHistoryOfErasedPerson(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		p := newPeople(t, db)
		ids := map[string]int64{}
		for _, mark := range []string{"Wombat", "Quokka"} {
			ids[mark] = p.recorded(mark)
		}
		if wrong := p.verified(1); len(wrong) > 0 {
			t.Fatal(wrong)
		}
		// saying returns how many entries there are with a mark, by what they are about.
		saying := func(mark string) map[string]int {
			out := map[string]int{}
			for _, e := range historytest.Entries(t, db, 1, 0) {
				if strings.Contains(strings.ToLower(string(e.AppendJSON(nil))), strings.ToLower(mark)) {
					out[e.Resource.String()]++
				}
			}
			return out
		}
		about := []string{"address", "comment", "company", "customer", "impersonation", "metafield", "subscriber", "tax_property", "wishlist"}
		other := saying("Wombat")
		for _, mark := range []string{"Wombat", "Quokka"} {
			if got := slices.Sorted(maps.Keys(saying(mark))); !slices.Equal(got, about) {
				t.Fatalf("%s: %v", mark, got)
			}
		}
		p.erase("demo", "token", `{"email":"quokka@example.com"}`)
		if got := saying("Quokka"); len(got) > 0 {
			t.Errorf("still there: %v", got)
		}
		for row := range p.everything()["history"] {
			if strings.Contains(strings.ToLower(row), "quokka") {
				t.Error(row)
			}
		}
		seen := map[string]bool{}
		for _, e := range historytest.Entries(t, db, 1, 0) {
			if e.CustomerID != ids["Quokka"] {
				continue
			}
			seen[e.Resource.String()] = true
			if !e.Erased || e.Address != "" || e.Reason != "" {
				t.Errorf("%+v", e)
			}
		}
		if !seen["stored_instrument"] || !seen["wishlist_item"] || !seen["tax_property"] || !seen["company"] {
			t.Errorf("entries of %v", seen)
		}
		if got := saying("Wombat"); !maps.Equal(got, other) {
			t.Errorf("of somebody else: %v, before %v", got, other)
		}
		if wrong := p.verified(1); len(wrong) > 0 {
			t.Error(wrong)
		}
	})
}

// recorded makes a customer, and writes of them what the history tells of.
func (p *people) recorded(mark string) (customerID int64) {
	p.t.Helper()
	at := address(mark)
	p.ask(`POST /v3/customers [{"email":"` + at + `","first_name":"` + mark + `","last_name":"` + mark + `son","notes":"` + mark + `",
		"addresses":[{"first_name":"` + mark + `","last_name":"B","address1":"1 ` + mark + ` St","city":"Austin","state_or_province":"Texas","country_code":"US","postal_code":"78701"}]}]`)
	id := p.customerOf(at)
	p.ask(`POST /v3/customers/subscribers {"email":"` + at + `","first_name":"` + mark + `","last_name":"` + mark + `"}`)
	p.ask(fmt.Sprintf(`POST /v3/wishlists {"customer_id":%d,"name":"For %s","is_public":true,"items":[{"product_id":1}]}`, id, mark))
	p.ask(fmt.Sprintf(`PUT /v3/tax/customers [{"customer_id":%d,"tax_properties":{"exemption":"%s"}}]`, id, mark))
	p.ask(fmt.Sprintf(`POST /v3/customers/%d/stored-instruments {"type":"stored_paypal_account","token":"%s-token","is_default":true,"email":"%s"}`, id, mark, at))
	p.ask(fmt.Sprintf(`POST /v3/customers/%d/metafields {"permission_set":"write","namespace":"%[2]s","key":"k","value":"%[2]s","description":"%[2]s"}`, id, mark))
	p.ask(fmt.Sprintf(`POST /v3/clientele/customers/%d/credit {"kind":"credit","amount":3,"reason":"for %[2]s","reference":"%[2]s 17"}`, id, mark))
	p.ask(fmt.Sprintf(`POST /v3/clientele/impersonations {"customer_id":%d,"reason":"%s called","minutes":5}`, id, mark))
	house := customer.AddressFields{FirstName: mark, LastName: "B", Address1: "1 St", City: "Austin", StateOrProvince: "Texas", PostalCode: "78701", CountryCode: "US"}
	if _, err := p.Companies.Register(p.t.Context(), 1, company.Register{CustomerID: id, ChannelID: 1, Name: mark + " Ltd", Email: at, Phone: "1", Address: house}); err != nil {
		p.t.Fatal(err)
	}
	if _, err := p.Desk.Add(p.t.Context(), 1, desk.Comment{CustomerID: id, By: desk.Author{StaffID: 1}, Text: mark + " called"}); err != nil {
		p.t.Fatal(err)
	}
	return id
}
