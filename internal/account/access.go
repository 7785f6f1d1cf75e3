package account

import (
	"clientele/internal/customer"
	"clientele/internal/history"
	"clientele/internal/sqldb"
)

var endTokens = sqldb.Static(`DELETE FROM account_tokens WHERE store_id = $1 AND customer_id = $2`)

// EndAccess implements customer.Access: it ends what an old password opened,
// and links that went to an old email.
func (s *Service) EndAccess(tx *sqldb.Tx, e customer.Ended) error {
	if e.Password {
		if err := s.closeOf(tx, e.CustomerID); err != nil {
			return err
		}
		n, err := tx.ExecCount(deleteOthers, e.CustomerID, e.Keep)
		if err != nil {
			return err
		}
		if n > 0 {
			if err := history.Enter(tx, s.sys.Now(), sessionsEnded(history.Ended, e.CustomerID, 0, n, whyPassword)); err != nil {
				return err
			}
		}
	}
	return tx.Exec(endTokens, e.CustomerID)
}
