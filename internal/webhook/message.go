package webhook

import (
	"context"
	"strconv"
	"strings"

	"clientele/internal/sqldb"
)

// Message returns the delivery that a message id names; its ID is 0 where there
// is none in the store.
func (s *Service) Message(ctx context.Context, storeID int64, storeHash, id string) (out Delivery, err error) {
	text, is := strings.CutPrefix(id, "msg_"+storeHash+"_")
	hook, event, both := strings.Cut(text, "_")
	hookID, bad := strconv.ParseInt(hook, 10, 64)
	eventID, worse := strconv.ParseInt(event, 10, 64)
	if !is || !both || bad != nil || worse != nil {
		return Delivery{}, nil
	}
	err = s.db.Read(ctx, storeID, func(tx *sqldb.Tx) error {
		out = Delivery{}
		return tx.Query(selectDelivery, out.scan, hookID, eventID)
	})
	return out, err
}
