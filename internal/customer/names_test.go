package customer_test

import (
	"cmp"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/url"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"clientele/internal/customer"
	"clientele/internal/fold"
	"clientele/internal/listing"
	"clientele/internal/opt"
	"clientele/internal/sqldb"
)

// nameParts make names that have much in common, with what is hard in them: white
// space of several kinds, signs of patterns, letters beyond ASCII and the last
// character there is, and words that are too long for an index.
var nameParts = []string{
	"ann", "Anna", "banana", "son", "Jo", "ö", "Müller", "mü", "%", "_", "İ", "ß", "a", " ", " ", "  ", "\u00a0", "\u2003", "-", "'", "\U0010FFFF", "=", "=ann", "李小龙", "小",
	strings.Repeat("xyzuvw", 10),
}

func randomName(r *rand.Rand, n int) string {
	var b strings.Builder
	for range r.IntN(n + 1) {
		if part := nameParts[r.IntN(len(nameParts))]; utf8.RuneCountInString(b.String()+part) <= 100 {
			b.WriteString(part)
		}
	}
	if strings.TrimSpace(b.String()) == "" {
		return "a"
	}
	return b.String()
}

// named is a customer as this test knows them.
type namedCustomer struct {
	name          string
	group, joined int64
}

// names is a world in which names are changed at random.
type names struct {
	*world
	r    *rand.Rand
	have map[int64]namedCustomer
	made int64
}

func (n *names) note(c customer.Customer) {
	n.have[c.ID] = namedCustomer{fold.Name(c.FirstName, c.LastName), c.GroupID, c.DateCreated}
}

func (n *names) write() {
	n.now.Store(1000 + n.r.Int64N(50))
	ids := slices.Sorted(maps.Keys(n.have))
	switch k := n.r.IntN(10); {
	case k < 5 || len(ids) < 30:
		n.made++
		n.note(n.create(customer.Create{Email: fmt.Sprintf("n%d@example.com", n.made), FirstName: randomName(n.r, 4), LastName: randomName(n.r, 4), GroupID: int64(2 + n.r.IntN(2))})[0])
	case k < 8:
		n.note(n.update(customer.Update{ID: ids[n.r.IntN(len(ids))], FirstName: opt.Some(randomName(n.r, 4))})[0])
	default:
		id := ids[n.r.IntN(len(ids))]
		if _, err := n.svc.Delete(n.t.Context(), n.mine, customer.DeleteList.New().Where("id", listing.In, []int64{id}, nil)); err != nil {
			n.t.Fatal(err)
		}
		delete(n.have, id)
	}
}

// text returns what may be looked for: often a piece of somebody's name.
func (n *names) text() string {
	ids := slices.Sorted(maps.Keys(n.have))
	name := []rune(n.have[ids[n.r.IntN(len(ids))]].name)
	if len(name) == 0 || n.r.IntN(3) == 0 {
		return fold.Text(randomName(n.r, 3))
	}
	from := n.r.IntN(len(name))
	return fold.Text(string(name[from : from+1+n.r.IntN(len(name)-from)]))
}

func (n *names) page(raw string) ([]int64, *listing.Query, *listing.Result) {
	n.t.Helper()
	q, err := customer.List.Parse(raw)
	if err != nil {
		n.t.Fatalf("%s: %v", raw, err)
	}
	list, res, err := n.svc.List(n.t.Context(), n.mine, q, nil)
	if err != nil {
		n.t.Fatalf("%s: %v", raw, err)
	}
	ids := make([]int64, len(list))
	for i := range list {
		ids[i] = list[i].ID
	}
	return ids, q, res
}

// same holds the pages of a list, by number and by cursors, to what it should be.
func (n *names) same(raw string, want []int64) {
	n.t.Helper()
	raw += "&limit=7"
	for number := 1; number <= len(want)/7+2; number++ {
		lo, hi := min((number-1)*7, len(want)), min(number*7, len(want))
		got, _, res := n.page(fmt.Sprintf("%s&page=%d", raw, number))
		if !slices.Equal(got, want[lo:hi]) || res.Total != int64(len(want)) || res.After != (hi < len(want)) || res.Before != (number > 1) {
			n.t.Fatalf("%s page %d: %d of %d, %+v; want %d of %d", raw, number, got, res.Total, res, want[lo:hi], len(want))
		}
	}
	all, q, res := n.page(raw)
	for res.After {
		var next []int64
		next, q, res = n.page(strings.TrimPrefix(string(q.AppendAfterLink(nil, q.EndCursor(res))), "?"))
		all = append(all, next...)
	}
	if !slices.Equal(all, want) {
		n.t.Fatalf("%s: by cursors come %d, want %d", raw, all, want)
	}
	if len(want) > 0 {
		before, _, _ := n.page(strings.TrimPrefix(string(q.AppendBeforeLink(nil, q.EndCursor(res))), "?"))
		if to := len(want) - 1; !slices.Equal(before, want[max(0, to-7):to]) {
			n.t.Fatalf("%s: before the last come %d, want %d", raw, before, want[max(0, to-7):to])
		}
	}
}

// check looks for some texts. complete: older names are in the lists.
func (n *names) check(state string, complete bool) {
	n.t.Helper()
	for range 30 {
		text := n.text()
		if text == "" || strings.Contains(text, ",") {
			continue
		}
		var want, grouped []int64
		for _, id := range slices.Sorted(maps.Keys(n.have)) {
			if strings.Contains(n.have[id].name, text) {
				want = append(want, id)
				if n.have[id].group == 2 {
					grouped = append(grouped, id)
				}
			}
		}
		got, known, err := n.svc.NamesHolding(n.t.Context(), n.mine, text)
		if err != nil {
			n.t.Fatal(err)
		}
		long := slices.ContainsFunc(strings.Fields(text), func(part string) bool { return utf8.RuneCountInString(part) >= 3 })
		if known != (long && complete) || known && !slices.Equal(got, want) {
			n.t.Fatalf("%s: %q: known %v: %d, want %d", state, text, known, got, want)
		}
		like := "name:like=" + url.QueryEscape(text)
		dated := slices.SortedFunc(slices.Values(want), func(a, b int64) int {
			return cmp.Or(cmp.Compare(n.have[a].joined, n.have[b].joined), cmp.Compare(a, b))
		})
		n.same(like+"&sort=date_created:asc", dated)
		slices.Reverse(dated)
		n.same(like+"&sort=date_created:desc", dated)
		slices.Reverse(want)
		n.same(like, want)
		slices.Reverse(grouped)
		n.same(like+"&customer_group_id:in=2", grouped)
	}
}

// name:like finds who has a name that holds the text, and nobody else, however it
// finds them.
func TestNamesThatHoldAText(t *testing.T) {
	each(t, func(w *world) {
		n := &names{world: w, r: rand.New(rand.NewPCG(16, 1)), have: map[int64]namedCustomer{}}
		for range 80 {
			n.write()
		}
		n.check("recent", true)
		w.fold(w.mine)
		n.check("in the lists", true)
		for range 6 {
			for range 25 {
				n.write()
			}
			n.check("some recent", true)
			for range 10 {
				n.write()
			}
			w.fold(w.mine)
			n.check("in the lists again", true)
		}
		if got, _, res := n.page("name:like=" + url.QueryEscape("nobody,banana,ann") + "&limit=250"); res.Total != int64(len(got)) {
			t.Errorf("%d of %d", got, res.Total)
		} else {
			for id, c := range n.have {
				if slices.Contains(got, id) != (strings.Contains(c.name, "banana") || strings.Contains(c.name, "ann")) {
					t.Errorf("one of several texts: %d %q", id, c.name)
				}
			}
		}
	})
}

// Names from before they were in the lists are put there bite by bite; until
// then all are compared.
func TestNamesAreFilledIn(t *testing.T) {
	each(t, func(w *world) {
		n := &names{world: w, r: rand.New(rand.NewPCG(16, 2)), have: map[int64]namedCustomer{}}
		for range 60 {
			n.write()
		}
		w.fold(w.mine)
		run := func(sql string) {
			t.Helper()
			if err := w.db.Write(t.Context(), w.mine, func(tx *sqldb.Tx) error { return tx.Exec(sqldb.Dynamic(sql)) }); err != nil {
				t.Fatal(err)
			}
		}
		for range 40 {
			n.write()
		}
		// As the version before left it: no names in the lists, nor in what waits for them.
		run(`DELETE FROM search_blocks WHERE store_id = $1 AND term >= '=' AND term < '>'`)
		run(`DELETE FROM search_terms WHERE store_id = $1 AND term >= '=' AND term < '>'`)
		run(`DELETE FROM search_endings WHERE store_id = $1`)
		run("UPDATE search_recent SET was = 'x\ny', words = 'a\nb' WHERE store_id = $1")
		run(`UPDATE search_stores SET named_before = 1 WHERE store_id = $1`)
		n.check("before", false)
		for done := false; !done; {
			var err error
			if done, err = w.svc.FillSearch(t.Context(), w.mine); err != nil {
				t.Fatal(err)
			}
			n.write()
			n.check("between", done)
		}
		w.fold(w.mine)
		n.check("after", true)
	})
}
