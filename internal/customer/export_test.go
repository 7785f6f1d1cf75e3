package customer

import (
	"context"

	"clientele/internal/sqldb"
)

// CreateTogether makes batches as those are made that wait for each other.
func (s *Service) CreateTogether(tx *sqldb.Tx, batches [][]Create) ([][]Customer, []error, error) {
	plans := make([]*createPlan, len(batches))
	for i, in := range batches {
		plans[i] = &createPlan{in: in, hashes: make([]string, len(in)), notifier: s.notifier}
		if err := plans[i].check(); err != nil {
			return nil, nil, err
		}
		for j := range in {
			if in[j].ImportedHash.Hash != "" {
				plans[i].hashes[j], _ = in[j].ImportedHash.Stored()
			}
		}
	}
	own, err := runCreates(tx, plans, nil, s.sys.Now())
	out := make([][]Customer, len(plans))
	for i, p := range plans {
		if err == nil && own[i] == nil {
			out[i] = p.out
		}
	}
	return out, own, err
}

// CountSome has the hashes of the next n customers counted, and tells that
// there are no more.
func (s *Service) CountSome(ctx context.Context, storeID int64, n int) (done bool, err error) {
	s.bite = n
	return s.countSome(ctx, storeID)
}

// HashJob is the kind of the job that counts hashes.
const HashJob = hashJob

// LeaveBy has n customers leave a group in one transaction.
func (s *Service) LeaveBy(n int) { s.leave = n }

// FillSearch has the search find the next older customers, and tells that there
// are no more.
func (s *Service) FillSearch(ctx context.Context, storeID int64) (done bool, err error) {
	return s.index.Fill(ctx, storeID)
}

// LookAt sets how many customers a Browse looks at.
func (s *Service) LookAt(first, each, gather int) {
	s.looks = browseBounds{first: first, each: each, gather: gather}
}

// MaxSmallBook is from how many addresses on a book is read by its pages.
const MaxSmallBook = maxSmallBook

// NamesHolding tells whose names hold a text, by the lists of the search.
func (s *Service) NamesHolding(ctx context.Context, storeID int64, text string) (ids []int64, known bool, err error) {
	err = s.db.Read(ctx, storeID, func(tx *sqldb.Tx) error {
		ids, known, err = namesHolding(tx, []string{text})
		return err
	})
	return ids, known, err
}

// ManyAt sets how many ids are many for who still types.
func (s *Service) ManyAt(n int64) { s.index.Many = n }
