package instrument

import "clientele/internal/history"

// kept is an instrument as the history knows it: of what it is paid with is told
// that it changed, and no more. Tokens are not told.
type kept struct {
	kind      string
	isDefault bool
	details   string
}

var instrumentHistory = history.Table[kept]{
	history.TextColumn(history.FieldType, func(k *kept) string { return k.kind }),
	history.FlagColumn(history.FieldDefault, func(k *kept) bool { return k.isDefault }),
	history.MaskedColumn(history.FieldDetails, func(k *kept) string { return k.details }),
}

func changeOf(customerID int64, before, after *kept) history.Entry {
	return instrumentHistory.Change(history.Instrument, 0, customerID, before, after)
}
