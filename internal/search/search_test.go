package search

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestIDs(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	for range 2000 {
		var ids []int64
		for id, n := int64(0), r.IntN(1500); len(ids) < n; {
			id += 1 + r.Int64N(1<<r.IntN(40))
			ids = append(ids, id)
		}
		if got := readIDs(nil, 0, string(appendIDs(nil, 0, ids))); !slices.Equal(got, ids) {
			t.Fatalf("%v: %v", ids, got)
		}
		var all []int64
		for _, piece := range chunks(ids) {
			if n := len(appendIDs(nil, piece[0], piece[1:])); n > maxIDs {
				t.Fatalf("a piece of %d bytes", n)
			}
			all = append(all, piece...)
		}
		if !slices.Equal(all, ids) {
			t.Fatalf("pieces of %v: %v", ids, all)
		}
		add, remove := map[int64]bool{}, map[int64]bool{}
		var some, gone []int64
		for range r.IntN(20) {
			id := 1 + r.Int64N(1<<r.IntN(40))
			if len(ids) > 0 && r.IntN(2) == 0 {
				id = ids[r.IntN(len(ids))]
			}
			if r.IntN(2) == 0 && !remove[id] {
				add[id] = true
			} else if !add[id] {
				remove[id] = true
			}
		}
		want := map[int64]bool{}
		for _, id := range ids {
			want[id] = true
		}
		for id := range add {
			want[id], some = true, append(some, id)
		}
		for id := range remove {
			delete(want, id)
			gone = append(gone, id)
		}
		slices.Sort(some)
		slices.Sort(gone)
		got, n := merge(ids, some, gone)
		if len(got) != len(want) || int(n) != len(want)-len(ids) || !slices.IsSorted(got) {
			t.Fatalf("%v with %v without %v: %v", ids, some, gone, got)
		}
		for _, id := range got {
			if !want[id] {
				t.Fatalf("%v with %v without %v: %v", ids, some, gone, got)
			}
		}
	}
}

// Whatever is within the edits of a word has a key in common with it, and the
// speller says so.
func TestOtherSpellingsHaveKeysInCommon(t *testing.T) {
	r := rand.New(rand.NewPCG(2, 2))
	for range 200_000 {
		b := make([]rune, 3+r.IntN(12))
		for i := range b {
			b[i] = rune('a' + r.IntN(5)) // few letters, so that they repeat
		}
		word := string(b)
		other := slices.Clone(b)
		for range r.IntN(3) {
			i := r.IntN(len(other))
			switch c := rune('a' + r.IntN(5)); r.IntN(4) {
			case 0:
				other = slices.Insert(other, i, c)
			case 1:
				if len(other) > 1 {
					other = slices.Delete(other, i, i+1)
				}
			case 2:
				other[i] = c
			default:
				if i > 0 {
					other[i-1], other[i] = other[i], other[i-1]
				}
			}
		}
		asked := string(other)
		s := newSpeller(asked)
		d := s.distance(word)
		if far := plain(other, b); d != min(far, s.most+1) && s.most > 0 {
			t.Fatalf("%s and %s: distance %d, want %d", asked, word, d, far)
		}
		if d == 0 || d > s.most || utf8.RuneCountInString(word) < minSpelled {
			continue
		}
		const of = 1 << 40
		kept := holding(word, of)
		if !slices.ContainsFunc(leading(s.word, s.most, of), func(b int64) bool { return slices.Contains(kept, b) }) {
			t.Fatalf("%s and %s have no key in common", asked, word)
		}
	}
}

// plain is the distance by its definition (optimal string alignment).
func plain(a, b []rune) int {
	d := make([][]int, len(a)+1)
	for i := range d {
		d[i] = make([]int, len(b)+1)
		d[i][0] = i
	}
	for j := range b {
		d[0][j+1] = j + 1
	}
	for i := range a {
		for j := range b {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			d[i+1][j+1] = min(d[i][j]+cost, d[i][j+1]+1, d[i+1][j]+1)
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				d[i+1][j+1] = min(d[i+1][j+1], d[i-1][j-1]+1)
			}
		}
	}
	return d[len(a)][len(b)]
}

func TestPhones(t *testing.T) {
	for _, stored := range []string{"+49 (0)30 123-4567", "030/1234567", "0049301234567", "(030) 123 4567", "+49 30 1234567"} {
		for _, asked := range []string{"1234567", "301234567", "0301234567", "+49301234567", "0049 30 1234567", "+49 (0)30 1234567", "30 123 45 67"} {
			if !samePhone(phoneDigits(stored), phoneDigits(asked)) {
				t.Errorf("%s is not %s", asked, stored)
			}
		}
		for _, asked := range []string{"234567", "0401234567", "1234568", ""} {
			if samePhone(phoneDigits(stored), phoneDigits(asked)) {
				t.Errorf("%s is %s", asked, stored)
			}
		}
	}
}

// A text is searched for by words that it is found by, and terms are text that
// reads back as it was.
func FuzzText(f *testing.F) {
	for _, s := range []string{"Jon Smith", "O'Brien-Møller", "+49 (0)30 123 45 67", "a@b.c", "İIıi", "李小龙", "\u0301a", "x'", "-", "#1234567", "ﬁ-ﬂ", strings.Repeat("ab ", 70)} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		d := &Document{ID: 7}
		for _, field := range []Field{FirstName, Company, City, Email, Phone, PostalCode} {
			d.Values = append(d.Values, Value{field, text})
		}
		terms := d.terms()
		seen := map[string]bool{}
		eachTerm(terms, func(term string, spelled bool) {
			if term == "" || len(term) > maxTerm || seen[term] || strings.ContainsAny(term, " \n") {
				t.Fatalf("%q: term %q of %q", text, term, terms)
			}
			seen[term] = true
			if spelled && !isLetters(term) {
				t.Fatalf("%q: %q is a word with other spellings", text, term)
			}
		})
		if len(seen) > maxTerms {
			t.Fatalf("%d terms", len(seen))
		}
		if utf8.ValidString(text) && !utf8.ValidString(terms) {
			t.Fatalf("%q: %q is not text", text, terms)
		}
		q, err := Parse(text)
		if err != nil {
			return
		}
		for _, words := range q.readings {
			if len(words) > MaxWords {
				t.Fatalf("%q: %d words", text, len(words))
			}
			for i := range words {
				w := &words[i]
				if w.text != "" && len(seen) < maxTerms && !seen[w.text] {
					t.Fatalf("%q: %q is not among %q", text, w.text, terms)
				}
			}
			if d.matches(words) == nil && len(seen) < maxTerms && !strings.ContainsRune(text, '@') && !strings.ContainsAny(text, "0123456789") && len(words) > 0 && !hasDigit(words) {
				t.Fatalf("%q does not find itself", text)
			}
		}
	})
}

func hasDigit(words []word) bool {
	return slices.ContainsFunc(words, func(w word) bool { return w.phone != "" })
}
