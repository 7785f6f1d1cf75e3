package customer

import "context"

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
