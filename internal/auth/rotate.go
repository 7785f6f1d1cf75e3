package auth

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"clientele/internal/fault"
	"clientele/internal/history"
	"clientele/internal/sqldb"
)

// MaxKeep bounds for how long a token stays good beside the one that replaces it.
const MaxKeep = 30 * 24 * time.Hour

var (
	accountByOldToken = sqldb.Global(`SELECT ` + accountColumns + ` FROM api_accounts a JOIN stores s ON s.id = a.store_id
		WHERE a.store_id = (SELECT id FROM stores WHERE hash = $1) AND a.old_token_hash = $2 AND a.old_token_hash <> '' AND a.old_token_until > $3 AND a.date_revoked = 0`)
	keptByID    = sqldb.Static(`SELECT client_id, date_revoked FROM api_accounts WHERE store_id = $1 AND id = $2`)
	rotateToken = sqldb.Static(`UPDATE api_accounts SET token_hash = $3, old_token_hash = $4, old_token_until = $5 WHERE store_id = $1 AND id = $2 AND date_revoked = 0`)
)

// Rotate gives an account another access token. The one before stays good for a
// time; of several before it only the last one does. Id and secret stay.
func (s *APIAccounts) Rotate(ctx context.Context, storeID, id int64, keep time.Duration) (c Credentials, err error) {
	if keep < 0 || keep > MaxKeep {
		return c, fault.Broken(fault.Invalid, fault.Item{Field: FieldKeep, Code: fault.OutOfRange, Want: strconv.Itoa(int(MaxKeep / time.Hour))})
	}
	c.AccessToken = s.sys.Token(31)
	err = s.db.Write(ctx, storeID, func(tx *sqldb.Tx) error {
		c.ClientID = ""
		if err := tx.Query(keptByID, func(r *sqldb.Row) error {
			if r.Int(1) == 0 {
				c.ClientID = r.Text(0)
			}
			return nil
		}, id); err != nil {
			return err
		}
		if c.ClientID == "" {
			return notInForce(id)
		}
		before, err := keptOf(tx, c.ClientID)
		if err != nil {
			return err
		}
		now := s.sys.Now()
		after, old, until := before, "", int64(0)
		after.tokenHash = HashToken(c.AccessToken)
		if keep > 0 {
			old, until = before.tokenHash, now+int64(keep/time.Second)
		}
		if err := history.Enter(tx, now, after.changeOf(&before, &after)); err != nil {
			return err
		}
		return tx.Exec(rotateToken, id, after.tokenHash, old, until)
	})
	return c, err
}

func notInForce(id int64) error {
	return fault.New(fault.NotFound, fmt.Sprintf("there is no API account %d in force", id))
}
