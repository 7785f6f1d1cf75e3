package customer

import "clientele/internal/sqldb"

// Ended tells whose access ends, and which.
type Ended struct {
	CustomerID int64
	// Password tells that the password changed: all sessions end but Keep,
	// where that is not 0. Emailed links always end.
	Password bool
	Keep     int64
}

// Access keeps what lets customers in: sessions and emailed links.
type Access interface {
	// EndAccess ends it in the transaction that changes the customer.
	EndAccess(tx *sqldb.Tx, e Ended) error
}

// AccessIn sets the Access that s calls when access ends. It must be called
// before s is used. The service that opens sessions calls it when it is made;
// without such a service nobody has access, and s has nothing to end.
func (s *Service) AccessIn(a Access) { s.access = a }

func (s *Service) endAccess(tx *sqldb.Tx, e Ended) error {
	if s.access == nil {
		return nil
	}
	return s.access.EndAccess(tx, e)
}
