package bench

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/url"
	"slices"
	"time"

	"clientele/internal/fold"
	"clientele/internal/sqldb"
)

const (
	namesAsked = 60
	fewNames   = 1000
	// A comparison with more names than these takes a second and more, so that of a
	// fifth of the texts each is compared once.
	manyNames = 2_000_000
)

// NameTime is how long the customers take whose name holds a text: by the server,
// and by a comparison with every name.
type NameTime struct {
	text        string
	total       int64
	took, every time.Duration
}

// names asks for names that hold a piece of somebody's, as name:like does.
func (r *SearchRow) names(ctx context.Context, dsn string, c *caller) error {
	return withDB(ctx, dsn, sqldb.Options{}, func(db *sqldb.DB) error {
		random := rand.New(rand.NewPCG(2, 2))
		asked, times := namesAsked, 3
		if r.customers > manyNames {
			asked, times = namesAsked/5, 1
		}
		for i := range asked {
			p := crowdPerson(1 + random.Int64N(r.customers))
			text := nameText(random, fold.Text(p.FirstName), fold.Text(p.LastName), i)
			t := NameTime{text: text}
			var err error
			if t.total, t.every, err = r.everyName(ctx, db, text, times); err != nil {
				return err
			}
			for range 3 { // the best of three, as the comparison is
				start := time.Now()
				total, err := likeTotal(c, text)
				if err != nil {
					return err
				}
				if total != t.total {
					return fmt.Errorf("name:like=%q has the total %d, want %d", text, total, t.total)
				}
				if d := time.Since(start); t.took == 0 || d < t.took {
					t.took = d
				}
			}
			r.named = append(r.named, t)
		}
		return nil
	})
}

// nameText returns a text of three letters or more that a name holds: a piece of
// the last or first name, or some of both.
func nameText(random *rand.Rand, first, last string, i int) string {
	piece := func(s string, n int) string {
		letters := []rune(s)
		n = min(n, len(letters))
		at := random.IntN(len(letters) - n + 1)
		return string(letters[at : at+n])
	}
	switch i % 4 {
	case 0:
		return piece(last, 3)
	case 1:
		return piece(last, 5+random.IntN(3))
	case 2:
		return piece(first, 4)
	}
	letters := []rune(last)
	return first + " " + string(letters[:min(3, len(letters))])
}

var (
	namesCount = `SELECT COUNT(*) FROM customers WHERE store_id = $1 AND `
	namesPage  = `SELECT id, notes FROM customers WHERE store_id = $1 AND `
)

// everyName is how the list was read without an index: a page and the total.
func (r *SearchRow) everyName(ctx context.Context, db *sqldb.DB, text string, times int) (total int64, best time.Duration, err error) {
	for range times {
		start := time.Now()
		if err := db.Read(ctx, r.storeID, func(tx *sqldb.Tx) error {
			holds := tx.Contains("name_norm", 2)
			if err := tx.Query(sqldb.Dynamic(namesPage+holds+` ORDER BY id DESC LIMIT 51`), func(*sqldb.Row) error { return nil }, text); err != nil {
				return err
			}
			return tx.Query(sqldb.Dynamic(namesCount+holds), func(row *sqldb.Row) error { total = row.Int(0); return nil }, text)
		}); err != nil {
			return 0, 0, err
		}
		if d := time.Since(start); best == 0 || d < best {
			best = d
		}
	}
	return total, best, nil
}

func likeTotal(c *caller, text string) (int64, error) {
	var body bytes.Buffer
	if err := c.do(func(b []byte) []byte {
		return fmt.Appendf(b, "GET /stores/%s/v3/customers?name:like=%s HTTP/1.1\r\nHost: localhost\r\nX-Auth-Token: %s\r\nAccept: application/json\r\n\r\n", searchStore, url.QueryEscape(text), searchToken)
	}, 200, &body); err != nil {
		return 0, err
	}
	var answer listed
	err := json.Unmarshal(body.Bytes(), &answer)
	return answer.Meta.Pagination.Total, err
}

// faster returns by how much name:like is faster than a comparison with every name:
// the median, and the least, of the texts that few customers have, or many.
func (r *SearchRow) faster(few bool) (median, least float64, texts int) {
	var all []float64
	for _, t := range r.named {
		if (t.total <= fewNames) == few {
			all = append(all, float64(t.every)/float64(t.took))
		}
	}
	if len(all) == 0 {
		return 0, 0, 0
	}
	slices.Sort(all)
	return all[len(all)/2], all[0], len(all)
}

// slowNames returns the texts that gain least.
func (r *SearchRow) slowNames(n int) []NameTime {
	all := slices.SortedFunc(slices.Values(r.named), func(a, b NameTime) int {
		return cmp.Compare(float64(a.every)/float64(a.took), float64(b.every)/float64(b.took))
	})
	return all[:min(n, len(all))]
}

// nameFigures are the rows of the report about name:like.
func (r *SearchRow) nameFigures() []Figure {
	var out []Figure
	for _, part := range []struct {
		few  bool
		what string
		want float64
	}{{true, "≤ 1,000", 100}, {false, "more", 20}} {
		median, least, n := r.faster(part.few)
		if n == 0 {
			continue
		}
		out = append(out, figureOf("`name:like` for a text that "+part.what+" names hold, of a comparison with every name: median, least", fmt.Sprintf("≥ %.0f× %s", part.want, met(median >= part.want)),
			amount(unitTimes, median).more(), amount(unitTimes, least).more(), amount(unitCount, float64(n))).as("%s, %s (%s texts)"))
	}
	return append(out, figureOf("Bytes of a customer for the words of names", "", amount(unitCount, float64(r.nameBytes)/float64(r.customers))))
}

// sizeOfNames returns how many bytes the words of names take in the tables of the
// search: a table of their own, and their part of the lists.
func sizeOfNames(ctx context.Context, db *sqldb.DB, storeID int64) (int64, error) {
	n, err := tableBytes(ctx, db, "search_endings%")
	for table, ids := range map[string]string{"search_terms": "newest", "search_blocks": "ids"} {
		if err != nil {
			return 0, err
		}
		var mine, all, size int64
		row := `LENGTH(term) + LENGTH(` + ids + `) + 24`
		if err := db.Read(ctx, storeID, func(tx *sqldb.Tx) error {
			return tx.Query(sqldb.Dynamic(`SELECT COALESCE(SUM(CASE WHEN term >= '=' AND term < '>' THEN `+row+` ELSE 0 END), 0), COALESCE(SUM(`+row+`), 0) FROM `+table+` WHERE store_id = $1`),
				func(r *sqldb.Row) error { mine, all = r.Int(0), r.Int(1); return nil })
		}); err != nil {
			return 0, err
		}
		size, err = tableBytes(ctx, db, table+"%")
		if err == nil && all > 0 {
			n += int64(float64(size) * float64(mine) / float64(all))
		}
	}
	return n, err
}
