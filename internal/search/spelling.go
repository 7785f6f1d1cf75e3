package search

import (
	"math/bits"
	"slices"
	"strings"
	"unicode/utf8"

	"clientele/internal/sqldb"
)

// Other spellings of a word are found by what is left of both when letters are
// taken out (symmetric deletion): two words that are one edit apart have
// something in common when each loses one letter at most. Of two longer words
// that are two edits apart, one half is one edit apart at most. What is left
// leads to a bucket, which holds the words that lead there; the words of a few
// buckets are then compared letter by letter.

const (
	// halved is from how many letters on a word has the keys of its halves.
	halved = 8
	// pendingBucket holds the words that are in no bucket yet, to be put there
	// many at a time.
	pendingBucket = int64(-1)
	maxPending    = 4096
	// perBucket is how many words of the dictionary a bucket is made for; each
	// word is in some ten. SQLite reads rows of more than 1,000 bytes slowly.
	perBucket = 4
	// maxBuckets bounds how long it takes to make another number of buckets.
	maxBuckets = int64(1) << 16
)

// edits returns how many edits a word that is asked for may have.
func edits(runes int) int {
	switch {
	case runes >= 8:
		return 2
	case runes >= 4:
		return 1
	}
	return 0
}

// Of what a key is made.
const (
	wholeKey = uint64(14695981039346656037) + iota
	frontKey
	backKey
)

// buckets collects where words lead.
type buckets struct {
	of  int64 // how many there are, a power of two
	all []int64
}

func (b *buckets) add(key uint64) {
	if at := int64(key & uint64(b.of-1)); !slices.Contains(b.all, at) {
		b.all = append(b.all, at)
	}
}

// without adds the keys of what is left of letters when up to n are taken out.
func (b *buckets) without(kind uint64, letters []rune, n int) {
	b.add(hashed(kind, letters, -1, -1))
	for i := range letters {
		if n > 0 {
			b.add(hashed(kind, letters, i, -1))
		}
		for j := i + 1; n > 1 && j < len(letters); j++ {
			b.add(hashed(kind, letters, i, j))
		}
	}
}

// hashed is FNV-1a of letters without two of them.
func hashed(kind uint64, letters []rune, i, j int) uint64 {
	h := kind
	for at, r := range letters {
		if at == i || at == j {
			continue
		}
		for v := uint32(r); ; v >>= 8 {
			h = (h ^ uint64(v&0xff)) * 1099511628211
			if v < 0x100 {
				break
			}
		}
	}
	return h ^ h>>32
}

// bucketsFor returns how many buckets a dictionary of some words has.
func bucketsFor(words int64) int64 {
	return min(int64(1)<<bits.Len64(uint64(words/perBucket)), maxBuckets)
}

// holding returns the buckets that hold a word of the dictionary, of so many.
func holding(word string, of int64) []int64 {
	b, letters := buckets{of: of}, []rune(word)
	switch n := len(letters); {
	case n >= halved:
		b.without(frontKey, letters[:n/2], 1)
		b.without(backKey, letters[n/2:], 1)
	case n >= 4:
		b.without(wholeKey, letters, 1)
	default:
		b.without(wholeKey, letters, 0)
	}
	return b.all
}

// leading returns the buckets in which the words are that a word may stand for.
func leading(letters []rune, most int, of int64) []int64 {
	b, n := buckets{of: of}, len(letters)
	if n-most < halved {
		b.without(wholeKey, letters, most)
	}
	for l := max(halved, n-most); l <= n+most; l++ {
		front := l / 2
		back := l - front
		for d := -1; d <= 1; d++ {
			if i := front + d; i <= n {
				b.without(frontKey, letters[:i], 1)
			}
			if i := n - back - d; i >= 0 && i <= n {
				b.without(backKey, letters[i:], 1)
			}
		}
	}
	return b.all
}

// mask tells which letters are in a word. Words that are n edits apart differ in
// 2n bits at most.
func mask(word string) uint64 {
	var m uint64
	for _, r := range word {
		m |= 1 << (uint32(r) & 63)
	}
	return m
}

// speller compares a word with others.
type speller struct {
	word  []rune
	mask  uint64
	most  int
	rows  [3][]int
	other []rune
}

func newSpeller(word string) *speller {
	r := []rune(word)
	s := &speller{word: r, mask: mask(word), most: edits(len(r))}
	for i := range s.rows {
		s.rows[i] = make([]int, len(r)+1)
	}
	return s
}

// distance returns how many edits turn one word into the other: insertions,
// deletions, substitutions and transpositions of neighbours, no letter being
// edited twice. It returns most+1 for more.
func (s *speller) distance(other string) int {
	far := s.most + 1
	if s.most == 0 {
		return far
	}
	if d := utf8.RuneCountInString(other) - len(s.word); d > s.most || -d > s.most {
		return far
	}
	if bits.OnesCount64(s.mask^mask(other)) > 2*s.most {
		return far
	}
	s.other = append(s.other[:0], []rune(other)...)
	before, last, row := s.rows[0], s.rows[1], s.rows[2]
	for i := range last {
		last[i] = i
	}
	for j, c := range s.other {
		row[0] = j + 1
		least := row[0]
		for i, w := range s.word {
			cost := 1
			if c == w {
				cost = 0
			}
			v := min(last[i]+cost, last[i+1]+1, row[i]+1)
			if i > 0 && j > 0 && c == s.word[i-1] && s.other[j-1] == w {
				v = min(v, before[i-1]+1)
			}
			row[i+1] = v
			least = min(least, v)
		}
		if least > s.most+1 {
			return far
		}
		before, last, row = last, row, before
	}
	return min(last[len(s.word)], far)
}

var (
	selectBucket    = sqldb.Static(`SELECT words FROM search_spellings WHERE store_id = $1 AND bucket = $2`)
	insertSpellings = sqldb.StaticRows(`INSERT INTO search_spellings (store_id, bucket, words) VALUES `, 0, 2, batches,
		` ON CONFLICT (store_id, bucket) DO UPDATE SET words = excluded.words`)
	dropSpellings = sqldb.Static(`DELETE FROM search_spellings WHERE store_id = $1 AND bucket >= $2`)
	allSpellings  = sqldb.Static(`SELECT words FROM search_spellings WHERE store_id = $1 ORDER BY bucket`)
)

// bucketsQuery returns the queries for the words of buckets.
func bucketsQuery(buckets []int64, each func(bucket int64, words string)) []sqldb.Q {
	return lookups(`SELECT bucket, words FROM search_spellings WHERE store_id = $1 AND bucket = `, buckets,
		func(r *sqldb.Row) error { each(r.Int(0), r.Text(1)); return nil })
}

// dictionary changes the words that have other spellings, under the lock of the
// store's row in search_stores.
type dictionary struct {
	tx             *sqldb.Tx
	buckets, words int64
}

// change adds words that are new and takes others out.
func (d *dictionary) change(add, remove []string) error {
	if len(add) == 0 && len(remove) == 0 {
		return nil
	}
	d.words += int64(len(add) - len(remove))
	var pending []string
	if err := d.tx.Query(selectBucket, func(r *sqldb.Row) error {
		pending = strings.Fields(r.Text(0))
		return nil
	}, pendingBucket); err != nil {
		return err
	}
	pending = append(pending, add...)
	gone := make(map[string]bool, len(remove))
	for _, w := range remove {
		gone[w] = true
	}
	pending = slices.DeleteFunc(pending, func(w string) bool {
		out := gone[w]
		delete(gone, w)
		return out
	})
	if len(gone) > 0 {
		if err := d.scatter(nil, gone); err != nil {
			return err
		}
	}
	if len(pending) > maxPending {
		if want := bucketsFor(d.words); want > d.buckets {
			return d.rebuild(min(2*want, maxBuckets), pending)
		}
		if err := d.scatter(pending, nil); err != nil {
			return err
		}
		pending = nil
	}
	return insertSpellings.Exec(d.tx, nil, []any{pendingBucket, strings.Join(pending, " ")})
}

// scatter puts words into their buckets, or takes others out of theirs.
func (d *dictionary) scatter(add []string, remove map[string]bool) error {
	into := map[int64][]string{}
	for _, w := range add {
		for _, b := range holding(w, d.buckets) {
			into[b] = append(into[b], w)
		}
	}
	for w := range remove {
		for _, b := range holding(w, d.buckets) {
			if _, ok := into[b]; !ok {
				into[b] = nil
			}
		}
	}
	return d.rewrite(into, remove)
}

func (d *dictionary) rewrite(into map[int64][]string, remove map[string]bool) error {
	touched := make([]int64, 0, len(into))
	for b := range into {
		touched = append(touched, b)
	}
	slices.Sort(touched)
	if err := d.tx.Pipeline(bucketsQuery(touched, func(b int64, words string) {
		have := strings.Fields(words)
		if len(remove) > 0 {
			have = slices.DeleteFunc(have, func(w string) bool { return remove[w] })
		}
		into[b] = append(have, into[b]...)
	})...); err != nil {
		return err
	}
	return d.write(touched, into)
}

func (d *dictionary) write(touched []int64, into map[int64][]string) error {
	rows := make([]any, 0, 2*len(touched))
	for _, b := range touched {
		rows = append(rows, b, strings.Join(into[b], " "))
	}
	return insertSpellings.Exec(d.tx, nil, rows)
}

// rebuild makes another number of buckets.
func (d *dictionary) rebuild(buckets int64, pending []string) error {
	all := make(map[string]bool, d.words)
	if err := d.tx.Query(allSpellings, func(r *sqldb.Row) error {
		for w := range strings.FieldsSeq(r.Text(0)) {
			all[w] = true
		}
		return nil
	}); err != nil {
		return err
	}
	for _, w := range pending {
		all[w] = true
	}
	if err := d.tx.Exec(dropSpellings, pendingBucket); err != nil {
		return err
	}
	d.buckets, d.words = buckets, int64(len(all))
	into := map[int64][]string{}
	for w := range all {
		for _, b := range holding(w, buckets) {
			into[b] = append(into[b], w)
		}
	}
	touched := make([]int64, 0, len(into))
	for b := range into {
		touched = append(touched, b)
		slices.Sort(into[b])
	}
	slices.Sort(touched)
	return d.write(touched, into)
}
