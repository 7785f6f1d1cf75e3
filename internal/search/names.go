package search

import (
	"math/bits"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"clientele/internal/sqldb"
	"clientele/internal/store"
)

// Whose name holds a text is told by the words of names, which are terms of their
// own: a text without white space is in a name if it is in one of the words, and
// in a word if one of the word's endings begins with it. The lists of these words
// are all there is, and what changed since is in the recent rows as a whole. A text
// of several words takes who has the rarest of them, and looks at their names.

const (
	nameTerm = "=" // precedes a word of a name
	// minHeld is from how many letters on a text leads to words.
	minHeld = 3
	// maxNameWord is how long a word may be. Who has a longer one is in the list of
	// the empty word, and looked at.
	maxNameWord = 100
)

// Bounds of the work for one text; what needs more is not answered.
const (
	maxNameWords  = 100_000   // that hold it, as often as they do,
	fewNameWords  = 1000      // which are never too many,
	wordCost      = 20        // but others are where as many names are compared sooner
	maxNameIDs    = 4_000_000 // in their lists
	maxNameLooks  = 20_000    // names that are looked at
	manyNames     = 300_000   // ids of a list that are not worth reading to look at fewer names
	nameLooksEach = 1000
	joinedLists   = 8 // lists with blocks that are rather read in one statement
	sortedIDs     = 1 << 14
)

// nameIn returns the name that terms wrote.
func nameIn(terms string) string {
	_, rest, _ := strings.Cut(terms, "\n")
	_, name, _ := strings.Cut(rest, "\n")
	return name
}

// unfit reports whether a word is in no list: it is too long, or holds what comes
// after all texts in comparisons.
func unfit(word string) bool { return len(word) > maxNameWord || strings.Contains(word, afterAll) }

// eachNameTerm calls each for the terms of a name, some more than once.
func eachNameTerm(name string, each func(term string, spelled bool)) {
	for word := range strings.FieldsSeq(name) {
		if unfit(word) {
			word = ""
		}
		each(nameTerm+word, false)
	}
}

// endings returns those of a term that is a word of names.
func endings(term string) []string {
	word, ok := strings.CutPrefix(term, nameTerm)
	if !ok {
		return nil
	}
	var starts []int
	for i := range word {
		starts = append(starts, i)
	}
	var out []string
	for n := 0; n+minHeld <= len(starts); n++ {
		out = append(out, word[starts[n]:])
	}
	return out
}

var (
	insertEndings = sqldb.StaticRows(`INSERT INTO search_endings (store_id, ending, term) VALUES `, 0, 2, batches,
		` ON CONFLICT (store_id, ending, term) DO NOTHING`)
	dropEnding = sqldb.Static(`DELETE FROM search_endings WHERE store_id = $1 AND ending = $2 AND term = $3`)
)

func dropEndings(tx *sqldb.Tx, term string) error {
	for _, ending := range endings(term) {
		if err := tx.Exec(dropEnding, ending, term); err != nil {
			return err
		}
	}
	return nil
}

// Names finds whose names hold one of some texts, in order. It tells that it does
// not know where a text has no word of three letters or more, where older names
// are not in the lists yet, or where it would be too much work. look calls each
// for the names of customers.
func Names(tx *sqldb.Tx, texts []string, look func(ids []int64, each func(id int64, name string)) error) (ids []int64, known bool, err error) {
	n := namer{tx: tx, texts: texts, look: look}
	for _, text := range texts {
		if !slices.ContainsFunc(strings.Fields(text), func(part string) bool { return utf8.RuneCountInString(part) >= minHeld }) {
			return nil, false, nil
		}
	}
	if err := n.changed(); err != nil || n.state.named >= 0 {
		return nil, false, err
	}
	for _, text := range texts {
		if known, err := n.text(text); !known || err != nil {
			return nil, false, err
		}
	}
	if len(n.doubtful) > 0 {
		if known, err := n.verify(); !known || err != nil {
			return nil, false, err
		}
	}
	return n.result(), true, nil
}

// namer is one call of Names.
type namer struct {
	tx    *sqldb.Tx
	texts []string
	look  func(ids []int64, each func(id int64, name string)) error

	state    state
	most     int64          // words
	recent   map[int64]bool // who changed, and whether the name holds a text now
	found    []int64
	doubtful []int64 // whose names have to be looked at
}

func (n *namer) holds(name string) bool {
	return slices.ContainsFunc(n.texts, func(text string) bool { return strings.Contains(name, text) })
}

// changed reads the recent rows that are about the texts, before the lists: what
// is put into these meanwhile is then known by one or the other.
func (n *namer) changed() error {
	n.recent = map[int64]bool{}
	where := make([]string, 0, 2*len(n.texts))
	args := make([]any, 0, len(n.texts))
	for _, text := range n.texts {
		args = append(args, text)
		where = append(where, n.tx.Contains("words", len(args)+1), n.tx.Contains("was", len(args)+1))
	}
	var odd []int64
	n.most = maxNameWords
	err := n.tx.Pipeline(n.state.query(selectStore), sqldb.Q{
		Stmt: store.TotalCustomers(),
		Each: func(r *sqldb.Row) error {
			n.most = min(max(r.Int(0)/wordCost, fewNameWords), maxNameWords)
			return nil
		},
	}, sqldb.Q{
		Stmt: sqldb.Dynamic(`SELECT customer_id, words FROM search_recent WHERE store_id = $1 AND (` + strings.Join(where, " OR ") + `)`),
		Args: args,
		Each: func(r *sqldb.Row) error { n.recent[r.Int(0)] = n.holds(nameIn(r.Text(1))); return nil },
	}, sqldb.Q{
		Stmt: nameBlocks,
		Args: []any{nameTerm},
		Each: func(r *sqldb.Row) error { odd = appendBlock(odd, r); return nil },
	}, sqldb.Q{
		Stmt: nameList,
		Args: []any{nameTerm},
		Each: func(r *sqldb.Row) error { odd = readIDs(odd, 0, r.Text(3)); return nil },
	})
	n.doubtful = odd
	return err
}

var (
	nameList   = sqldb.Static(`SELECT term, customers, full_to, newest FROM search_terms WHERE store_id = $1 AND term = $2`)
	nameBlocks = sqldb.Static(`SELECT first_id, ids FROM search_blocks WHERE store_id = $1 AND term = $2`)
)

const (
	listsByEnding  = `SELECT t.term, t.customers, t.full_to, t.newest FROM search_endings e JOIN search_terms t ON t.store_id = e.store_id AND t.term = e.term WHERE e.store_id = $1 AND `
	blocksByEnding = `SELECT b.first_id, b.ids FROM search_endings e JOIN search_blocks b ON b.store_id = e.store_id AND b.term = e.term WHERE e.store_id = $1 AND `
	listsByTerm    = `SELECT t.term, t.customers, t.full_to, t.newest FROM search_terms t WHERE t.store_id = $1 AND `
	blocksByTerm   = `SELECT b.first_id, b.ids FROM search_blocks b WHERE b.store_id = $1 AND `
)

// part is one of the words of a text, and by what its lists are read.
type part struct {
	lists, blocks *sqldb.Stmt
	args          []any

	names     int64 // lists
	customers int64
	full      []string // terms whose lists have blocks
	newest    []int64
}

var (
	heldLists, heldBlocks   = sqldb.Static(listsByEnding + `e.ending >= $2 AND e.ending < $3 LIMIT $4`), sqldb.Static(blocksByEnding + `e.ending >= $2 AND e.ending < $3`)
	endLists, endBlocks     = sqldb.Static(listsByEnding + `e.ending = $2 LIMIT $3`), sqldb.Static(blocksByEnding + `e.ending = $2`)
	wholeLists, wholeBlocks = sqldb.Static(listsByTerm + `t.term = $2 LIMIT $3`), sqldb.Static(blocksByTerm + `b.term = $2`)
	beginLists, beginBlocks = sqldb.Static(listsByTerm + `t.term >= $2 AND t.term < $3 LIMIT $4`), sqldb.Static(blocksByTerm + `b.term >= $2 AND b.term < $3`)
)

// parts returns the words of a text that lead to words of names.
func parts(text string) []*part {
	words := strings.Fields(text)
	var out []*part
	for i, word := range words {
		if utf8.RuneCountInString(word) < minHeld || unfit(word) {
			continue // an unfit word leads to none, but to who has an unfit one
		}
		term := nameTerm + word
		switch {
		case len(words) == 1:
			out = append(out, &part{lists: heldLists, blocks: heldBlocks, args: []any{word, word + afterAll}})
		case i == 0:
			out = append(out, &part{lists: endLists, blocks: endBlocks, args: []any{word}})
		case i == len(words)-1:
			out = append(out, &part{lists: beginLists, blocks: beginBlocks, args: []any{term, term + afterAll}})
		default:
			out = append(out, &part{lists: wholeLists, blocks: wholeBlocks, args: []any{term}})
		}
	}
	return out
}

// text finds whose names hold a text, or may.
func (n *namer) text(text string) (known bool, err error) {
	all := parts(text)
	qs := make([]sqldb.Q, len(all))
	for i, p := range all {
		qs[i] = sqldb.Q{Stmt: p.lists, Args: append(slices.Clip(p.args), n.most), Each: func(r *sqldb.Row) error {
			p.names++
			p.customers += r.Int(1)
			if r.Int(2) > 0 {
				p.full = append(p.full, r.Text(0))
			}
			p.newest = readIDs(p.newest, 0, r.Text(3))
			return nil
		}}
	}
	if err := n.tx.Pipeline(qs...); err != nil {
		return false, err
	}
	if len(all) == 0 { // its words are unfit
		return true, nil
	}
	slices.SortFunc(all, func(a, b *part) int { return int(a.customers - b.customers) })
	if all[0].names == n.most || all[0].customers > maxNameIDs {
		return false, nil
	}
	ids, err := n.read(all[0])
	if err != nil {
		return false, err
	}
	if len(strings.Fields(text)) == 1 && !strings.ContainsFunc(text, unicode.IsSpace) {
		n.found = append(n.found, ids...)
		return true, nil
	}
	for _, p := range all[1:] {
		if p.names == n.most || p.customers > manyNames || len(ids) < nameLooksEach/10 {
			continue
		}
		others, err := n.read(p)
		if err != nil {
			return false, err
		}
		ids = common(ids, others)
	}
	n.doubtful = append(n.doubtful, ids...)
	return true, nil
}

// read returns the ids of a word, sorted.
func (n *namer) read(p *part) ([]int64, error) {
	ids := p.newest
	take := func(r *sqldb.Row) error { ids = appendBlock(ids, r); return nil }
	var qs []sqldb.Q
	if len(p.full) > joinedLists {
		qs = append(qs, sqldb.Q{Stmt: p.blocks, Args: p.args, Each: take})
	} else {
		for _, term := range p.full {
			qs = append(qs, sqldb.Q{Stmt: nameBlocks, Args: []any{term}, Each: take})
		}
	}
	if len(qs) > 0 {
		if err := n.tx.Pipeline(qs...); err != nil {
			return nil, err
		}
	}
	return set(ids), nil
}

// verify looks at the names of those who may hold a text.
func (n *namer) verify() (known bool, err error) {
	ids := set(n.doubtful)
	if len(ids) > maxNameLooks {
		return false, nil
	}
	for some := range slices.Chunk(ids, nameLooksEach) {
		if err := n.look(some, func(id int64, name string) {
			if n.holds(name) {
				n.found = append(n.found, id)
			}
		}); err != nil {
			return false, err
		}
	}
	return true, nil
}

// result returns who was found, as the recent rows have them.
func (n *namer) result() []int64 {
	ids := n.found
	if len(n.recent) > 0 {
		ids = slices.DeleteFunc(ids, func(id int64) bool { _, changed := n.recent[id]; return changed })
		for id, holds := range n.recent {
			if holds {
				ids = append(ids, id)
			}
		}
	}
	return set(ids)
}

// appendBlock appends the ids of a block.
func appendBlock(ids []int64, r *sqldb.Row) []int64 {
	first := r.Int(0)
	return readIDs(append(ids, first), first, r.Text(1))
}

// set returns ids in order, each once. It may reorder its argument.
func set(ids []int64) []int64 {
	if len(ids) <= sortedIDs {
		slices.Sort(ids)
		return slices.Compact(ids)
	}
	// Of many a bit for each id there may be is sooner in order.
	most := slices.Max(ids)
	if most/64 > int64(4*len(ids)) {
		slices.Sort(ids)
		return slices.Compact(ids)
	}
	seen := make([]uint64, most/64+1)
	for _, id := range ids {
		seen[id/64] |= 1 << (id % 64)
	}
	ids = ids[:0]
	for i, word := range seen {
		for ; word != 0; word &= word - 1 {
			ids = append(ids, int64(64*i+bits.TrailingZeros64(word)))
		}
	}
	return ids
}

// common returns what two sorted sets have in common, in place of the first.
func common(a, b []int64) []int64 {
	out, j := a[:0], 0
	for _, id := range a {
		for j < len(b) && b[j] < id {
			j++
		}
		if j < len(b) && b[j] == id {
			out = append(out, id)
		}
	}
	return out
}
