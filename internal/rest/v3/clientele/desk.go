package clientele

import (
	"strconv"

	"clientele/internal/auth"
	"clientele/internal/desk"
	"clientele/internal/jsonx"
	"clientele/internal/listing"
	"clientele/internal/rest"
	"clientele/internal/rest/decode"
	"clientele/internal/rest/shape"
	v3 "clientele/internal/rest/v3"
)

var (
	writeComment  = &rest.Titles{Failed: "Create customer comment failed."}
	changeComment = &rest.Titles{Failed: "Update customer comment failed."}
	writeView     = &rest.Titles{Failed: "Create saved view failed."}
)

func (s *Surface) deskRoutes() []rest.Route {
	customer, comment := shape.ID("customerId"), shape.IDs(shape.ID("customerId"), shape.ID("comment_id"))
	return []rest.Route{
		{Method: "GET", Pattern: "/customers/{customerId}/comments", Need: auth.ReadCustomers, List: desk.CommentList,
			Handle: v3.List(s.commentsOf, appendComment)},
		{Method: "POST", Pattern: "/customers/{customerId}/comments", Need: auth.ModifyCustomers, Class: rest.Creating, Titles: writeComment,
			Handle: shape.CallAt(customer, v3.Object(decodeComment), s.addComment, v3.Created(appendComment))},
		{Method: "PUT", Pattern: "/customers/{customerId}/comments/{comment_id}", Need: auth.ModifyCustomers, Titles: changeComment,
			Handle: shape.CallAt(comment, v3.Object(decodeComment), s.changeComment, v3.One(appendComment))},
		{Method: "DELETE", Pattern: "/customers/{customerId}/comments/{comment_id}", Need: auth.ModifyCustomers,
			Handle: shape.Do(comment, func(c *rest.Call, at shape.Pair) error {
				return s.Desk.Remove(c.Ctx(), c.StoreID(), at.Owner, at.ID)
			})},

		{Method: "GET", Pattern: "/views", Need: auth.ReadCustomers, List: desk.ViewList, Handle: v3.List(shape.ScopedPage(s.Desk.ListShared), appendView)},
		{Method: "POST", Pattern: "/views", Need: auth.ModifyCustomers, Class: rest.Creating, Titles: writeView,
			Handle: shape.Call(v3.Object(decodeView), s.addView, v3.Created(appendView))},
		{Method: "DELETE", Pattern: "/views/{view_id}", Need: auth.ModifyCustomers,
			Handle: shape.Do(shape.ID("view_id"), func(c *rest.Call, id int64) error {
				return s.Desk.RemoveView(c.Ctx(), c.StoreID(), id, 0, true)
			})},
	}
}

func (s *Surface) commentsOf(c *rest.Call, q *listing.Query) ([]desk.Comment, *listing.Result, error) {
	id, err := c.PathID("customerId")
	if err != nil {
		return nil, nil, err
	}
	return s.Desk.ListComments(c.Ctx(), c.StoreID(), id, q)
}

func decodeComment(o decode.Object) desk.Comment {
	o.Only([]string{"text", "pinned"}, []string{"id", "customer_id", "author", "date_created", "date_modified"})
	o.Required("text")
	return desk.Comment{Text: o.Text("text").Value, Pinned: o.Flag("pinned").Value}
}

func (s *Surface) addComment(c *rest.Call, customerID int64, in desk.Comment) (*desk.Comment, error) {
	in.CustomerID, in.By.Name = customerID, c.Account.Name
	return shape.Ref(s.Desk.Add(c.Ctx(), c.StoreID(), in))
}

func (s *Surface) changeComment(c *rest.Call, at shape.Pair, in desk.Comment) (*desk.Comment, error) {
	in.CustomerID, in.ID, in.By.Name = at.Owner, at.ID, c.Account.Name
	return shape.Ref(s.Desk.Change(c.Ctx(), c.StoreID(), in))
}

func appendComment(b []byte, k *desk.Comment) []byte {
	b = strconv.AppendInt(append(b, `{"id":`...), k.ID, 10)
	b = strconv.AppendInt(append(b, `,"customer_id":`...), k.CustomerID, 10)
	b = jsonx.AppendString(append(b, `,"text":`...), k.Text)
	b = strconv.AppendBool(append(b, `,"pinned":`...), k.Pinned)
	b = v3.AppendIDOrNull(append(b, `,"author":{"staff_id":`...), k.By.StaffID)
	b = jsonx.AppendString(append(b, `,"name":`...), k.By.Name)
	b = jsonx.AppendTime(append(b, `},"date_created":`...), k.Created)
	return append(jsonx.AppendTime(append(b, `,"date_modified":`...), k.Modified), '}')
}

func decodeView(o decode.Object) desk.View {
	o.Only([]string{"list", "name", "query"}, []string{"id", "date_created"})
	o.Required("list", "name", "query")
	return desk.View{List: o.Text("list").Value, Name: o.Text("name").Value, Query: o.Text("query").Value}
}

func (s *Surface) addView(c *rest.Call, in desk.View) (*desk.View, error) {
	return shape.Ref(s.Desk.SaveView(c.Ctx(), c.StoreID(), in))
}

func appendView(b []byte, v *desk.View) []byte {
	b = strconv.AppendInt(append(b, `{"id":`...), v.ID, 10)
	b = jsonx.AppendString(append(b, `,"list":`...), v.List)
	b = jsonx.AppendString(append(b, `,"name":`...), v.Name)
	b = jsonx.AppendString(append(b, `,"query":`...), v.Query)
	return append(jsonx.AppendTime(append(b, `,"date_created":`...), v.Created), '}')
}
