package credit

import (
	"clientele/internal/history"
	"clientele/internal/jsonx"
	"clientele/internal/sqldb"
)

// written returns the entry of the history of what somebody wrote into a ledger: the
// balance, and what was written.
func (l *ledger) written(tx *sqldb.Tx, e *Entry) history.Entry {
	from := history.OfTx(tx)
	from.Reason = e.Reason
	h := history.Entry{Action: history.Updated, Resource: history.Customer, ID: l.customerID, CustomerID: l.customerID, From: &from}
	h.Add(false, history.FieldStoreCredit, told(l.had), told(l.balance))
	h.Add(false, history.FieldKind, "", history.Text(string(e.Kind)))
	h.Add(false, history.FieldAmount, "", told(e.Amount))
	h.Add(false, history.FieldEntry, "", history.Int(e.ID))
	h.Add(true, history.FieldReference, "", history.Text(e.Reference))
	return h
}

// expired returns the one entry of credits of several customers that ended.
func expired(ledgers []*ledger) history.Entry {
	h := history.Entry{Action: history.Ended, Resource: history.Customer}
	amount := int64(0)
	for _, l := range ledgers {
		amount += l.had - l.balance
	}
	h.Add(false, history.FieldKind, "", history.Text(string(Expire)))
	h.Add(false, history.FieldCount, "", history.Int(int64(len(ledgers))))
	h.Add(false, history.FieldAmount, "", told(amount))
	return h
}

// told is an amount as the history tells it.
func told(amount int64) string { return string(jsonx.AppendDecimal(nil, amount, Scale)) }
