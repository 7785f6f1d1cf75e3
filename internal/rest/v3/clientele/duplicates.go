package clientele

import (
	"net/http"
	"strconv"

	"clientele/internal/auth"
	"clientele/internal/duplicate"
	"clientele/internal/jsonx"
	"clientele/internal/rest"
	"clientele/internal/rest/decode"
	"clientele/internal/rest/shape"
	v3 "clientele/internal/rest/v3"
)

var changeDuplicate = &rest.Titles{Failed: "Update duplicate failed."}

func (s *Surface) duplicateRoutes() []rest.Route {
	return []rest.Route{
		{Method: "GET", Pattern: "/duplicates", Need: auth.ReadCustomers, List: duplicate.List, Handle: v3.List(shape.ScopedPage(s.Duplicates.List), appendDuplicate)},
		{Method: "GET", Pattern: "/duplicates/scan", Need: auth.ReadCustomers, Handle: v3.Get(nothing, s.duplicateScan, v3.One(appendScan))},
		{Method: "POST", Pattern: "/duplicates/scan", Need: auth.ModifyCustomers, Class: rest.Updating, Handle: shape.Call(nothing, s.startScan, sendScan)},
		{Method: "PUT", Pattern: "/duplicates/{duplicate_id}", Need: auth.ModifyCustomers, Class: rest.Updating, Titles: changeDuplicate,
			Handle: shape.CallAt(shape.ID("duplicate_id"), v3.Object(decodeDuplicate), s.changeDuplicate, v3.One(appendDuplicate))},
	}
}

func decodeDuplicate(o decode.Object) bool {
	o.Only([]string{"is_dismissed"}, []string{"id", "customer_ids", "score", "reasons", "date_created"})
	o.RequiredAs(jsonx.Bool, "is_dismissed")
	return o.Flag("is_dismissed").Value
}

func (s *Surface) changeDuplicate(c *rest.Call, id int64, dismissed bool) (*duplicate.Pair, error) {
	return s.Duplicates.Dismiss(c.Ctx(), c.StoreID(), id, dismissed)
}

func (s *Surface) duplicateScan(c *rest.Call, _ struct{}) (*duplicate.Scan, error) {
	return shape.Ref(s.Duplicates.Scan(c.Ctx(), c.StoreID()))
}

func (s *Surface) startScan(c *rest.Call, _ struct{}) (duplicate.Scan, error) {
	return s.Duplicates.Start(c.Ctx(), c.StoreID())
}

// sendScan answers with how far the search is that somebody asked for now or before.
func sendScan(c *rest.Call, scan duplicate.Scan) {
	b := rest.Buffer()
	b.B = append(appendScan(append(b.B, `{"data":`...), &scan), `,"meta":{}}`...)
	c.Send(http.StatusAccepted, b.B)
	b.Free()
}

func appendScan(b []byte, s *duplicate.Scan) []byte {
	b = appendTimeOrNull(append(b, `{"date_started":`...), s.Started)
	b = strconv.AppendInt(append(b, `,"position":`...), s.Position, 10)
	return append(appendTimeOrNull(append(b, `,"date_done":`...), s.Done), '}')
}

func appendDuplicate(b []byte, p *duplicate.Pair) []byte {
	b = strconv.AppendInt(append(b, `{"id":`...), p.ID, 10)
	b = jsonx.AppendInts(append(b, `,"customer_ids":`...), []int64{p.First, p.Second})
	b = strconv.AppendInt(append(b, `,"score":`...), p.Score, 10)
	b = append(b, `,"reasons":[`...)
	for i, r := range p.Reasons {
		b = jsonx.AppendString(separate(b, i), string(r))
	}
	b = strconv.AppendBool(append(b, `],"is_dismissed":`...), p.Dismissed)
	return append(jsonx.AppendTime(append(b, `,"date_created":`...), p.Created), '}')
}
