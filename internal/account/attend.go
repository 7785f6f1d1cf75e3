package account

import (
	"context"

	"clientele/internal/customer"
	"clientele/internal/history"
	"clientele/internal/sqldb"
)

var deleteSessions = sqldb.Static(`DELETE FROM account_sessions WHERE store_id = $1 AND customer_id = $2`)

// EndSessions ends all sessions of a customer, and those of who acts as the
// customer, as somebody of the store wants it.
func (s *Service) EndSessions(ctx context.Context, storeID, customerID int64) error {
	return s.endFor(ctx, storeID, customerID, func(tx *sqldb.Tx) (int64, error) {
		if err := s.closeOf(tx, customerID); err != nil {
			return 0, err
		}
		return tx.ExecCount(deleteSessions, customerID)
	})
}

// EndSession ends one session of a customer, or returns ErrNoSession.
func (s *Service) EndSession(ctx context.Context, storeID, customerID, sessionID int64) error {
	return s.endFor(ctx, storeID, customerID, func(tx *sqldb.Tx) (int64, error) {
		n, err := tx.ExecCount(deleteOne, customerID, sessionID)
		if err == nil && n == 0 {
			err = ErrNoSession
		}
		return n, err
	})
}

// endFor does something to a customer's sessions and records how many ended.
func (s *Service) endFor(ctx context.Context, storeID, customerID int64, end func(tx *sqldb.Tx) (int64, error)) error {
	return s.db.Write(ctx, storeID, func(tx *sqldb.Tx) error {
		if err := customer.HoldOne(tx, customerID); err != nil {
			return err
		}
		n, err := end(tx)
		if err != nil || n == 0 {
			return err
		}
		return history.Enter(tx, s.sys.Now(), sessionsEnded(history.Ended, customerID, 0, n, ""))
	})
}
