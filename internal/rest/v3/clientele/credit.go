package clientele

import (
	"strconv"

	"clientele/internal/auth"
	"clientele/internal/credit"
	"clientele/internal/jsonx"
	"clientele/internal/listing"
	"clientele/internal/rest"
	"clientele/internal/rest/decode"
	"clientele/internal/rest/shape"
	v3 "clientele/internal/rest/v3"
)

var writeCredit = &rest.Titles{Failed: "Create store credit entry failed."}

func (s *Surface) creditRoutes() []rest.Route {
	id := shape.ID("customerId")
	return []rest.Route{
		{Method: "GET", Pattern: "/customers/{customerId}/credit", Need: auth.ReadCustomers, List: credit.List,
			Handle: v3.List(s.creditOf, appendCreditEntry)},
		{Method: "POST", Pattern: "/customers/{customerId}/credit", Need: auth.ModifyCustomers, Class: rest.Creating, Titles: writeCredit,
			Handle: shape.CallAt(id, v3.Object(decodeCredit), s.writeCredit, v3.Created(appendCreditEntry))},
	}
}

func (s *Surface) creditOf(c *rest.Call, q *listing.Query) ([]credit.Entry, *listing.Result, error) {
	id, err := c.PathID("customerId")
	if err != nil {
		return nil, nil, err
	}
	return s.Credit.List(c.Ctx(), c.StoreID(), id, q)
}

func (s *Surface) writeCredit(c *rest.Call, id int64, in credit.Write) (*credit.Entry, error) {
	in.CustomerID, in.By = id, credit.ByAccount(c.Account.ID, c.Account.Name)
	return shape.Ref(s.Credit.Write(c.Ctx(), c.StoreID(), in))
}

func decodeCredit(o decode.Object) credit.Write {
	o.Only([]string{"kind", "amount", "expires_at", "entry_id", "reason", "reference"},
		[]string{"id", "customer_id", "balance", "remaining", "reverted_by", "actor", "date_created"})
	o.Required("kind")
	in := credit.Write{
		Kind: credit.Kind(o.Text("kind").Value), Amount: o.Decimal("amount", credit.Scale).Value, EntryID: o.Int("entry_id").Value,
		Reason: o.Text("reason").Value, Reference: o.Text("reference").Value,
	}
	if in.Kind == credit.Revert {
		o.RequiredAs(jsonx.Number, "entry_id")
	} else {
		o.RequiredAs(jsonx.Number, "amount")
	}
	if _, given := o.Given("expires_at"); given {
		in.ExpiresAt = o.Time("expires_at")
	}
	return in
}

func appendCreditEntry(b []byte, e *credit.Entry) []byte {
	b = strconv.AppendInt(append(b, `{"id":`...), e.ID, 10)
	b = strconv.AppendInt(append(b, `,"customer_id":`...), e.CustomerID, 10)
	b = jsonx.AppendString(append(b, `,"kind":`...), string(e.Kind))
	b = jsonx.AppendDecimal(append(b, `,"amount":`...), e.Amount, credit.Scale)
	b = jsonx.AppendDecimal(append(b, `,"balance":`...), e.Balance, credit.Scale)
	b = jsonx.AppendString(append(b, `,"reason":`...), e.Reason)
	b = jsonx.AppendString(append(b, `,"reference":`...), e.Reference)
	b = append(b, `,"actor":`...)
	if e.By.Kind == "" {
		b = append(b, "null"...)
	} else {
		b = jsonx.AppendString(append(b, `{"kind":`...), e.By.Kind)
		b = v3.AppendIDOrNull(append(b, `,"id":`...), e.By.ID)
		b = append(jsonx.AppendString(append(b, `,"name":`...), e.By.Name), '}')
	}
	if e.ExpiresAt == 0 {
		b = append(b, `,"expires_at":null,"remaining":null`...)
	} else {
		b = jsonx.AppendTime(append(b, `,"expires_at":`...), e.ExpiresAt)
		b = jsonx.AppendDecimal(append(b, `,"remaining":`...), e.Remaining, credit.Scale)
	}
	b = v3.AppendIDOrNull(append(b, `,"entry_id":`...), e.Of)
	b = v3.AppendIDOrNull(append(b, `,"reverted_by":`...), e.RevertedBy)
	return append(jsonx.AppendTime(append(b, `,"date_created":`...), e.Created), '}')
}
