package state

import (
	"fmt"
	"slices"

	"clientele/internal/fault"
	"clientele/internal/sqldb"
)

// shop is the row of a store: columns as they are encoded, of which few are
// known.
type shop struct {
	ID      int64
	Hash    string
	ForTest bool // it was made from another one, and goes when everything is reset
	row     []byte
}

// shopOf reads a row.
func (p *plan) shopOf(row []byte) (shop, error) {
	fields, err := p.shops.split(nil, row)
	if err != nil {
		return shop{}, err
	}
	return shop{
		ID: number(fields[p.shops.column("id")]), Hash: string(text(fields[p.shops.column("hash")])), ForTest: number(fields[p.shops.column("is_for_test")]) != 0, row: row,
	}, nil
}

// as returns the row of another store that is the same but for its id and hash,
// and for whether it is for a test.
func (p *plan) as(s shop, id int64, hash string, forTest bool) (shop, error) {
	fields, err := p.shops.split(nil, s.row)
	if err != nil {
		return shop{}, err
	}
	is := int64(0)
	if forTest {
		is = 1
	}
	fields[p.shops.column("id")], fields[p.shops.column("hash")], fields[p.shops.column("is_for_test")] = numberField(id), textField(hash), numberField(is)
	return shop{ID: id, Hash: hash, ForTest: forTest, row: slices.Concat(fields...)}, nil
}

// shopsTx returns the stores by id.
func (p *plan) shopsTx(tx *sqldb.Tx) (out []shop, err error) {
	err = tx.Query(p.shops.read, func(r *sqldb.Row) error {
		s, err := p.shopOf(p.shops.encode(nil, r))
		out = append(out, s)
		return err
	})
	slices.SortFunc(out, func(a, b shop) int { return int(a.ID - b.ID) })
	return out, err
}

// putShop writes the row of a store, in place of one with its id.
func (p *plan) putShop(tx *sqldb.Tx, s shop) error {
	r := &rows{}
	r.add(s.row)
	if err := tx.Exec(deleteStore, s.ID); err != nil {
		return err
	}
	return p.shops.add(tx, p.bulk, r, []int{0})
}

func find(all []shop, hash string) *shop {
	if i := slices.IndexFunc(all, func(s shop) bool { return s.Hash == hash }); i >= 0 {
		return &all[i]
	}
	return nil
}

func unknown(hash string) error {
	return fault.New(fault.NotFound, fmt.Sprintf("there is no store %q", hash))
}
