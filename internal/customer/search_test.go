package customer_test

import (
	"fmt"
	"math/bits"
	"math/rand/v2"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"clientele/internal/customer"
	"clientele/internal/listing"
	"clientele/internal/opt"
	"clientele/internal/search"
	"clientele/internal/sqldb"
)

func (w *world) fold(storeID int64) {
	w.t.Helper()
	if err := w.svc.FoldSearch(w.t.Context(), storeID); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) search(storeID int64, text string, limit int) *customer.Results {
	w.t.Helper()
	q, err := search.Parse(text)
	if err != nil {
		w.t.Fatalf("%q: %v", text, err)
	}
	res, err := w.svc.Search(w.t.Context(), storeID, q, limit)
	if err != nil {
		w.t.Fatalf("%q: %v", text, err)
	}
	return res
}

func foundIDs(res *customer.Results) []int64 {
	ids := make([]int64, len(res.Customers))
	for i := range res.Customers {
		ids[i] = res.Customers[i].ID
	}
	return ids
}

func searchable(email, first, last, company, phone, city, postal string) customer.Create {
	c := customer.Create{Email: email, FirstName: first, LastName: last, Company: company, Phone: phone}
	if city != "" {
		c.Addresses = []customer.AddressCreate{{AddressFields: customer.AddressFields{FirstName: first, LastName: last, Address1: "1 St", City: city, PostalCode: postal, CountryCode: "DE", StateOrProvince: "Berlin"}}}
	}
	return c
}

func TestSearch(t *testing.T) {
	each(t, func(w *world) {
		w.create(
			searchable("jon.smith@example.com", "Jon", "Smith", "", "+49 (0)30 123-4567", "Berlin", "10115"),                // 1
			searchable("anna_k+shop@example.com", "Anna", "Müller-Lüdenscheidt", "Dr. Klöbner GmbH", "030 7654321", "", ""), // 2
			searchable("s.obrien@example.com", "Seán", "O’Brien", "", "", "San Francisco", "94110"),                         // 3
			searchable("isil@example.com", "IŞIL", "Yıldırım", "", "0049 89 5551234", "İzmir", "SW1A 1AA"),                  // 4
			searchable("annabel@example.com", "Annabel", "Schmidt", "", "", "Bremen", "28195"),                              // 5
			searchable("christopher@example.com", "Christopher", "Montgomery", "", "", "Bergen", "5003"),                    // 6
		)
		look := func(state string) {
			for text, want := range map[string][]int64{
				"jon smtih berln":        {1},
				"Smith":                  {1},
				"berlin jon":             {1},
				"smit":                   {1}, // the last word is a prefix
				"smit jon":               {1}, // an edit
				"jo smith":               nil, // too short for an edit, and not the last
				"müller-lüdenscheidt":    {2},
				"mullerludenscheidt":     {2},
				"ludenscheit":            {2},
				"klobner":                {2},
				"o'brien sean":           {3},
				"obrian":                 {3},
				"brien":                  {3},
				"o brien":                {3},
				"san fran":               {3},
				"isil yildirim":          {4},
				"ISIL":                   {4},
				"IZMIR":                  {4},
				"izmir yildirm":          {4},
				"anna":                   {2, 5}, // exact before prefix
				"jon.smith@example.com":  {1},
				"JON.smith@EXAMPLE.com":  {1},
				"jon.smith@ex":           {1},
				"jon.smith@ex berlin":    nil,
				"shop":                   {2},
				"k shop":                 {2},
				"1234567":                {1},
				"+49301234567":           {1},
				"030/1234567":            {1},
				"+49 30 1234567":         {1},
				"(030) 123 45 67 jon":    {1},
				"+43301234567":           nil,
				"0301234567":             {1},
				"7654321":                {2},
				"+4930 7654321":          {2},
				"5551234":                {4},
				"10115":                  {1},
				"101":                    {1},
				"sw1a1aa":                {4},
				"sw1a 1aa":               {4},
				"3":                      {3},
				"cristoper":              {6}, // two edits of nine letters
				"chrstphr":               nil, // three
				"montgomery christopher": {6},
				"mntgomery chrstopher":   {6},
				"smith berlin bremen":    nil,
				"zzzz":                   nil,
				"!!!":                    nil,
				"&":                      nil,
			} {
				if got := foundIDs(w.search(w.mine, text, 20)); !slices.Equal(got, want) {
					t.Errorf("%s: %q: %v, want %v", state, text, got, want)
				}
				if got := w.search(w.other, text, 20); len(got.Customers) > 0 || !got.Complete {
					t.Errorf("%s: %q: the other store has %v", state, text, foundIDs(got))
				}
			}
			want := []search.Match{
				{Word: "jon", Field: search.FirstName, Text: "Jon", Kind: search.Exact},
				{Word: "smtih", Field: search.LastName, Text: "Smith", Kind: search.Typo},
				{Word: "1011", Field: search.PostalCode, Text: "10115", Kind: search.Prefix},
			}
			res := w.search(w.mine, "jon smtih 1011", 20)
			if len(res.Customers) != 1 || !res.Complete {
				t.Fatalf("%s: %+v", state, res)
			}
			for i, m := range res.Customers[0].Matches {
				if m.Word != want[i].Word || m.Field != want[i].Field || m.Text != want[i].Text || m.Kind != want[i].Kind {
					t.Errorf("%s: what matches: %+v, want %+v", state, m, want[i])
				}
			}
		}
		look("recent")
		w.fold(w.mine)
		look("folded")

		w.update(customer.Update{ID: 1, LastName: opt.Some("Miller"), Email: opt.Some("miller@example.com"), Phone: opt.Some("")})
		if _, err := w.svc.Delete(t.Context(), w.mine, customer.DeleteList.New().Where("id", listing.In, []int64{5}, nil)); err != nil {
			t.Fatal(err)
		}
		for _, state := range []string{"recent", "folded"} {
			for text, want := range map[string][]int64{
				"jon smith": {1}, // the address still has the name
				"miler":     {1},
				"1234567":   nil,
				"annabel":   nil,
				"bremen":    nil,
			} {
				if got := foundIDs(w.search(w.mine, text, 20)); !slices.Equal(got, want) {
					t.Errorf("after changes, %s: %q: %v, want %v", state, text, got, want)
				}
			}
			w.fold(w.mine)
		}
		// Nothing is left of who has gone, the other spellings included.
		for _, sql := range []string{
			`SELECT term FROM search_terms WHERE store_id = $1 AND term IN ('annabel', 'bremen', '28195')`,
			`SELECT words FROM search_spellings WHERE store_id = $1 AND ' ' || words || ' ' LIKE '% bremen %'`,
			`SELECT words FROM search_recent WHERE store_id = $1`,
		} {
			if got := w.query(w.mine, sql); len(got) > 0 {
				t.Errorf("%s: %q", sql, got)
			}
		}
	})
}

func TestSearchRefuses(t *testing.T) {
	for text, bad := range map[string]bool{
		"": true, "  ": true, strings.Repeat("a", 201): true, strings.Repeat("a", 200): false, strings.Repeat("é", 200): false,
		"a b c d e f g h": false, "a b c d e f g h i": true, "a\x00b": true, "\xff": true,
		"1 2 3 4 5 6 7 8 9": false, // a phone in groups
		"a-b-c-d e-f-g-h-i": true,
	} {
		if _, err := search.Parse(text); (err != nil) != bad {
			t.Errorf("%q: %v", text, err)
		}
	}
	for n, bad := range map[int64]bool{0: true, -1: true, 1: false, 50: false, 51: true} {
		if _, err := search.CheckLimit(n); (err != nil) != bad {
			t.Errorf("limit %d: %v", n, err)
		}
	}
}

// Customers from before there was a search are found bite by bite.
func TestSearchFillsIn(t *testing.T) {
	each(t, func(w *world) {
		for i := range 60 {
			w.create(searchable(fmt.Sprintf("c%d@example.com", i), "Older", fmt.Sprint("Number", i), "", "", "Ulm", "89073"))
		}
		if err := w.db.Write(t.Context(), w.mine, func(tx *sqldb.Tx) error {
			for _, sql := range []string{
				`DELETE FROM search_recent WHERE store_id = $1`,
				`INSERT INTO search_stores (store_id, buckets, words, filled_to, named_before) VALUES ($1, 1, 0, 0, 1)`,
			} {
				if err := tx.Exec(sqldb.Dynamic(sql)); err != nil {
					return err
				}
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		w.update(customer.Update{ID: 3, FirstName: opt.Some("Newer")}) // before it is filled in
		if res := w.search(w.mine, "older", 50); len(res.Customers) != 1 || res.Complete {
			t.Errorf("before: %v, complete %v", foundIDs(res), res.Complete)
		}
		for done := false; !done; {
			var err error
			if done, err = w.svc.FillSearch(t.Context(), w.mine); err != nil {
				t.Fatal(err)
			}
		}
		w.fold(w.mine)
		if res := w.search(w.mine, "older number59", 50); !slices.Equal(foundIDs(res), []int64{60}) || !res.Complete {
			t.Errorf("after: %v, complete %v", foundIDs(res), res.Complete)
		}
		if got := foundIDs(w.search(w.mine, "newer", 50)); !slices.Equal(got, []int64{3}) {
			t.Errorf("one that changed: %v", got)
		}
	})
}

// What follows finds customers in the plainest way, to be compared with.

type plainCustomer struct {
	customer.Customer
	book []customer.Address
}

type plainToken struct {
	text    string
	spelled bool
}

var notWord = regexp.MustCompile(`[^\p{L}\p{Nd}]+`)

func plainFold(s string) string {
	var b strings.Builder
	for _, r := range norm.NFD.String(s) {
		switch {
		case unicode.Is(unicode.Mn, r):
		case r == 'ı' || r == 'İ':
			b.WriteByte('i')
		case r == 'ß':
			b.WriteString("ss")
		case r == 'ø' || r == 'Ø':
			b.WriteByte('o')
		default:
			b.WriteRune(unicode.ToLower(r))
		}
	}
	return norm.NFC.String(b.String())
}

func plainWords(s string) []string {
	s = regexp.MustCompile(`['’]`).ReplaceAllString(plainFold(s), "")
	var out []string
	for _, w := range notWord.Split(s, -1) {
		if w != "" {
			out = append(out, w)
		}
	}
	return out
}

var letters = regexp.MustCompile(`^\p{L}+$`)

func (c *plainCustomer) tokens() (out []plainToken, phones []string) {
	name := func(s string) {
		list := plainWords(s)
		for _, part := range strings.Fields(s) {
			if strings.Contains(part, "-") {
				list = append(list, plainWords(strings.ReplaceAll(part, "-", ""))...)
			}
			if strings.Contains(part, "'") {
				list = append(list, plainWords(strings.ReplaceAll(part, "'", " "))...)
			}
		}
		for _, w := range list {
			out = append(out, plainToken{w, len([]rune(w)) >= 3 && letters.MatchString(w)})
		}
	}
	phone := func(s string) {
		if d := strings.TrimLeft(regexp.MustCompile(`[^0-9]`).ReplaceAllString(strings.ReplaceAll(s, "(0)", ""), ""), "0"); len(d) >= 7 {
			phones = append(phones, d)
		}
	}
	name(c.FirstName)
	name(c.LastName)
	name(c.Company)
	for _, w := range plainWords(strings.Split(c.Email, "@")[0]) {
		out = append(out, plainToken{w, false})
	}
	phone(c.Phone)
	for _, a := range c.book {
		name(a.FirstName)
		name(a.LastName)
		name(a.Company)
		name(a.City)
		phone(a.Phone)
		list := plainWords(a.PostalCode)
		if len(list) > 1 {
			list = append(list, strings.Join(list, ""))
		}
		for _, w := range list {
			out = append(out, plainToken{w, false})
		}
	}
	return out, phones
}

func plainDistance(a, b []rune, memo map[[2]int]int) int {
	if len(a) == 0 || len(b) == 0 {
		return len(a) + len(b)
	}
	key := [2]int{len(a), len(b)}
	if d, ok := memo[key]; ok {
		return d
	}
	d := plainDistance(a[1:], b[1:], memo)
	if a[0] != b[0] {
		d++
	}
	d = min(d, 1+plainDistance(a[1:], b, memo), 1+plainDistance(a, b[1:], memo))
	if len(a) > 1 && len(b) > 1 && a[0] == b[1] && a[1] == b[0] {
		d = min(d, 1+plainDistance(a[2:], b[2:], memo))
	}
	memo[key] = d
	return d
}

// plainRank tells how a customer matches words: edits, prefixes, commonness.
func (c *plainCustomer) rank(text string, common map[string]int) (rank [3]int, ok bool) {
	list := strings.Fields(text)
	tokens, phones := c.tokens()
	for i, given := range list {
		last := i == len(list)-1
		best, term := 9, ""
		note := func(k int, t string) {
			if k < best {
				best, term = k, t
			}
		}
		if strings.Contains(given, "@") {
			if key := strings.ToLower(c.Email); key == given {
				note(0, "")
			} else if last && strings.HasPrefix(key, given) {
				note(1, "")
			}
		} else {
			word := plainWords(given)[0]
			if n, err := strconv.ParseInt(word, 10, 64); err == nil && word[0] != '0' {
				if n == c.ID {
					note(0, "")
				} else if last && strings.HasPrefix(strconv.FormatInt(c.ID, 10), word) {
					note(1, "")
				}
				if len(word) >= 7 {
					for _, p := range phones {
						if strings.HasSuffix(p, word) || strings.HasSuffix(word, p) {
							note(0, "#"+p[len(p)-7:])
						}
					}
				}
			}
			runes := []rune(word)
			for _, t := range tokens {
				switch {
				case t.text == word:
					note(0, t.text)
				case last && strings.HasPrefix(t.text, word):
					note(1, t.text)
				case t.spelled && letters.MatchString(word) && len(runes) >= 4:
					d := plainDistance(runes, []rune(t.text), map[[2]int]int{})
					if d == 1 || d == 2 && len(runes) >= 8 {
						note(d+1, t.text)
					}
				}
			}
		}
		if best == 9 {
			return rank, false
		}
		if best == 1 {
			rank[1]++
		} else if best > 1 {
			rank[0] += best - 1
		}
		rank[2] += bits.Len(uint(common[term]))
	}
	return rank, true
}

// ranked is a customer who matches, with the rank.
type ranked struct {
	rank [3]int
	id   int64
}

// TestSearchModel compares the search with the plain one while customers are
// made, changed and deleted, and lists are put in order now and then.
func TestSearchModel(t *testing.T) {
	firsts := strings.Fields("Anna Anne Hanna Annabel Jon John Johan Christopher Christoph Zoë Ali Işıl Maximilian Maximiliane Max Mia")
	lasts := strings.Fields("Smith Smyth Schmidt Schmitt Müller Mueller O'Brien Obrian Lee Li Montgomery Montgomerie Müller-Smith Øster Weiß Weiss")
	cities := []string{"Berlin", "Bern", "Bergen", "New York", "York", "Ulm", ""}
	companies := []string{"", "", "Smith GmbH", "Berlin Trading", "A-Z Ltd", "Studio 54"}
	each(t, func(w *world) {
		w.t.Log("engine", w.db.Engine())
		w.svc.ManyAt(3)
		r := rand.New(rand.NewPCG(7, 7))
		pick := func(of []string) string { return of[r.IntN(len(of))] }
		n := 0
		fields := func() customer.AddressFields {
			n++
			return customer.AddressFields{FirstName: pick(firsts), LastName: pick(lasts), Company: pick(companies), Phone: fmt.Sprintf("+49 30 %07d", r.IntN(40)), Address1: fmt.Sprint(n, " St"),
				City: cities[r.IntN(len(cities)-1)], StateOrProvince: "Berlin", PostalCode: fmt.Sprint(10110 + r.IntN(9)), CountryCode: "DE"}
		}
		var alive []int64
		write := func() {
			switch k := r.IntN(10); {
			case k < 4 || len(alive) < 5:
				n++
				c := customer.Create{Email: fmt.Sprintf("%s.n%d@example.com", strings.ToLower(pick(firsts[:8])), n), FirstName: pick(firsts), LastName: pick(lasts), Company: pick(companies), Phone: fmt.Sprintf("030 %07d", r.IntN(40))}
				if r.IntN(2) == 0 {
					c.Addresses = []customer.AddressCreate{{AddressFields: fields()}}
				}
				alive = append(alive, w.create(c)[0].ID)
			case k < 6:
				w.update(customer.Update{ID: alive[r.IntN(len(alive))], FirstName: opt.Some(pick(firsts)), LastName: opt.Some(pick(lasts)), Company: opt.Some(pick(companies))})
			case k < 7:
				if _, err := w.svc.CreateAddresses(t.Context(), w.mine, []customer.AddressCreate{{CustomerID: alive[r.IntN(len(alive))], AddressFields: fields()}}); err != nil {
					t.Fatal(err)
				}
			case k < 9:
				rows, _, err := w.svc.Addresses(t.Context(), w.mine, customer.AddressList.New())
				if err != nil {
					t.Fatal(err)
				}
				if len(rows) == 0 {
					return
				}
				a := rows[r.IntN(len(rows))]
				if r.IntN(2) == 0 {
					if err := w.svc.DeleteAddress(t.Context(), w.mine, a.CustomerID, a.ID); err != nil {
						t.Fatal(err)
					}
				} else if _, err := w.svc.UpdateAddresses(t.Context(), w.mine, []customer.AddressUpdate{{ID: a.ID, City: opt.Some(pick(cities[:6])), LastName: opt.Some(pick(lasts))}}); err != nil {
					t.Fatal(err)
				}
			default:
				i := r.IntN(len(alive))
				if err := w.svc.DeleteOne(t.Context(), w.mine, alive[i]); err != nil {
					t.Fatal(err)
				}
				alive = slices.Delete(alive, i, i+1)
			}
		}
		compare := func(folded bool) {
			q := customer.List.New()
			q.Limit = 250
			rows, _, err := w.svc.List(t.Context(), w.mine, q, nil)
			if err != nil {
				t.Fatal(err)
			}
			aq := customer.AddressList.New()
			aq.Limit = 250
			addresses, _, err := w.svc.Addresses(t.Context(), w.mine, aq)
			if err != nil {
				t.Fatal(err)
			}
			all := make([]plainCustomer, len(rows))
			common := map[string]int{}
			for i := range rows {
				all[i].Customer = rows[i]
				for _, a := range addresses {
					if a.CustomerID == rows[i].ID {
						all[i].book = append(all[i].book, a)
					}
				}
				tokens, phones := all[i].tokens()
				mine := map[string]bool{}
				for _, t := range tokens {
					mine[t.text] = true
				}
				for _, p := range phones {
					mine["#"+p[len(p)-7:]] = true
				}
				for term := range mine {
					common[term]++
				}
			}
			for range 12 {
				var list []string
				for range 1 + r.IntN(3) {
					word := pick([]string{pick(firsts), pick(lasts), pick(cities[:6]), "gmbh", fmt.Sprint(10110 + r.IntN(9)), fmt.Sprint(1 + r.IntN(30)), fmt.Sprintf("030%07d", r.IntN(40)), "anna.n" + fmt.Sprint(r.IntN(n+1)) + "@e"})
					word = strings.ReplaceAll(strings.ReplaceAll(strings.ToLower(plainFold(word)), " ", ""), "-", "")
					if !strings.Contains(word, "@") {
						word = strings.ReplaceAll(word, "'", "")
						if letters.MatchString(word) {
							word = mangled(r, word, r.IntN(3))
						} else if len(word) == 10 {
							word = word[1:] // how an app without the zero sends it
						}
					}
					if i := len(list) - 1; i >= 0 && '0' <= list[i][0] && list[i][0] <= '9' && '0' <= word[0] && word[0] <= '9' {
						continue // digits in groups could be a phone
					}
					list = append(list, word)
				}
				text := strings.Join(list, " ")
				var want []ranked
				for i := range all {
					if rank, ok := all[i].rank(text, common); ok {
						if !folded {
							rank[2] = 0
						}
						want = append(want, ranked{rank, all[i].ID})
					}
				}
				w.typed(text, want)
				res := w.search(w.mine, text, 50)
				got := foundIDs(res)
				if !folded {
					// The order among equals follows what the lists hold: the ids.
					ids := make([]int64, len(want))
					for i := range want {
						ids[i] = want[i].id
					}
					slices.Sort(ids)
					slices.Sort(got)
					if len(ids) <= 50 && !slices.Equal(got, ids) {
						t.Fatalf("%s: %q: %v, want %v", w.db.Engine(), text, got, ids)
					}
					continue
				}
				slices.SortFunc(want, func(a, b ranked) int {
					if c := slices.Compare(a.rank[:], b.rank[:]); c != 0 {
						return c
					}
					return int(b.id - a.id)
				})
				ids := []int64{}
				for i := range want[:min(50, len(want))] {
					ids = append(ids, want[i].id)
				}
				if !slices.Equal(got, ids) {
					t.Fatalf("%s, folded: %q: %v, want %v of %+v", w.db.Engine(), text, got, ids, want)
				}
			}
		}
		for round := range 40 {
			for range 12 {
				write()
			}
			if compare(false); round%3 == 0 {
				w.fold(w.mine)
				compare(true)
			}
		}
	})
}

// typed compares what is found while somebody types: enough of those who match.
func (w *world) typed(text string, want []ranked) {
	w.t.Helper()
	q, err := search.Parse(text)
	if err != nil {
		w.t.Fatal(err)
	}
	q.Typing = true
	res, err := w.svc.Search(w.t.Context(), w.mine, q, 3)
	if err != nil {
		w.t.Fatal(err)
	}
	got := foundIDs(res)
	if len(got) != min(3, len(want)) {
		w.t.Fatalf("%s: typing %q: %v of %d", w.db.Engine(), text, got, len(want))
	}
	for _, id := range got {
		if !slices.ContainsFunc(want, func(r ranked) bool { return r.id == id }) {
			w.t.Fatalf("%s: typing %q: %d does not match", w.db.Engine(), text, id)
		}
	}
}

// mangled returns a word with random edits.
func mangled(r *rand.Rand, word string, edits int) string {
	b := []rune(word)
	for range edits {
		i := r.IntN(len(b))
		c := rune('a' + r.IntN(26))
		switch r.IntN(4) {
		case 0:
			b = slices.Insert(b, i, c)
		case 1:
			if len(b) > 2 {
				b = slices.Delete(b, i, i+1)
			}
		case 2:
			b[i] = c
		default:
			if i > 0 {
				b[i-1], b[i] = b[i], b[i-1]
			}
		}
	}
	return string(b)
}
