package order

import (
	"strconv"

	"clientele/internal/catalog"
	"clientele/internal/history"
	"clientele/internal/jsonx"
)

// withLines is an order as the history tells it.
type withLines struct {
	*Order
	lines []Line
}

var orderHistory = history.Table[withLines]{
	history.IntColumn(history.FieldChannel, func(o *withLines) int64 { return o.ChannelID }),
	history.IntColumn(history.FieldStatus, func(o *withLines) int64 { return o.StatusID }),
	history.MoneyColumn(history.FieldTotal, catalog.PriceScale, func(o *withLines) int64 { return o.Total }),
	history.JSONColumn(history.FieldLines, func(o *withLines) string {
		b := []byte{'['}
		for i, l := range o.lines {
			if i > 0 {
				b = append(b, ',')
			}
			b = strconv.AppendInt(append(b, `{"product_id":`...), l.ProductID, 10)
			b = strconv.AppendInt(append(b, `,"quantity":`...), l.Quantity, 10)
			b = append(jsonx.AppendDecimal(append(b, `,"price":`...), l.Price, catalog.PriceScale), '}')
		}
		return history.ClippedJSON(string(append(b, ']')))
	}),
}
