package seed

import (
	"context"
	"errors"
	"time"

	"clientele/internal/auth"
	"clientele/internal/sqldb"
	"clientele/internal/words"
)

// wholeBound is how long the transaction of a document may take.
const wholeBound = 25 * time.Second

// ApplyWhole applies a document in one transaction: all of it, or nothing if
// something is wrong with it. Other writers wait for it.
func (a *Applier) ApplyWhole(ctx context.Context, doc *Document) (Result, error) {
	res, err := a.whole(bySeed(ctx), doc)
	if err != nil {
		return Result{}, doc.locate(err)
	}
	return res, nil
}

func (a *Applier) whole(ctx context.Context, doc *Document) (res Result, err error) {
	grants, hashes := make([][]auth.Grant, len(doc.Stores)), make([]map[int]string, len(doc.Stores))
	for i := range doc.Stores { // what is slow, and what is wrong in itself, comes before
		s := &doc.Stores[i]
		if s.Hash == "" {
			return res, at(errors.New("a store needs a hash"), "stores.%d", i)
		}
		if grants[i], err = a.check(s); err != nil {
			return res, ofStore(i, s.Hash, words.Terminal.Told(err))
		}
		if hashes[i], err = a.hashes(ctx, s); err != nil {
			return res, ofStore(i, s.Hash, words.Terminal.Told(err))
		}
	}
	unit := a.DB.NewUnit().Within(wholeBound)
	defer unit.Undo()
	within := unit.Context(ctx)
	for i := range doc.Stores {
		s := &doc.Stores[i]
		n, _, err := a.store(within, s, grants[i], hashes[i], &res)
		if err != nil {
			return res, ofStore(i, s.Hash, words.Terminal.Told(err))
		}
		res.Customers += n
	}
	if err := a.staff(within, doc); err != nil {
		return res, err
	}
	return res, unit.Commit(ctx, 0, func(*sqldb.Tx) error { return nil })
}
