package clientele

import (
	"strconv"

	"clientele/internal/auth"
	"clientele/internal/jsonx"
	"clientele/internal/rest"
	"clientele/internal/rest/decode"
	"clientele/internal/rest/shape"
	v3 "clientele/internal/rest/v3"
	"clientele/internal/subscriber"
)

var (
	reportBounce = &rest.Titles{Failed: "Report bounce failed."}
	reconsent    = &rest.Titles{Failed: "Record new consent failed."}
)

func (s *Surface) bounceRoutes() []rest.Route {
	return []rest.Route{
		{Method: "POST", Pattern: "/bounces", Need: auth.ModifyCustomers, Titles: reportBounce, Handle: shape.Call(v3.Object(decodeBounce), s.bounce, v3.One(appendBounce))},
		{Method: "POST", Pattern: "/reconsents", Need: auth.ModifyCustomers, Class: rest.Creating, Titles: reconsent,
			Handle: shape.Call(v3.Object(decodeReconsent), s.reconsent, v3.Created(appendReconsent))},
	}
}

func byAPI(c *rest.Call) subscriber.Origin {
	return subscriber.Origin{Via: subscriber.ViaManagementAPI, AccountID: c.Account.ID}
}

func decodeBounce(o decode.Object) subscriber.Report {
	o.Only([]string{"email", "kind", "reason"}, []string{"via", "date_created"})
	o.Required("email", "kind")
	return subscriber.Report{Email: o.Text("email").Value, Kind: o.Text("kind").Value, Reason: o.Text("reason").Value}
}

func (s *Surface) bounce(c *rest.Call, in subscriber.Report) (*subscriber.Bounce, error) {
	return s.Subscribers.Bounce(c.Ctx(), c.StoreID(), in, byAPI(c))
}

func appendBounce(b []byte, x *subscriber.Bounce) []byte {
	b = jsonx.AppendString(append(b, `{"email":`...), x.Email)
	b = jsonx.AppendString(append(b, `,"kind":`...), x.Kind)
	b = textOrNull(append(b, `,"reason":`...), x.Reason)
	b = jsonx.AppendString(append(b, `,"via":`...), x.Via)
	return append(jsonx.AppendTime(append(b, `,"date_created":`...), x.Time), '}')
}

// decodeReconsent reads a consent of somebody who had left, or was erased.
func decodeReconsent(o decode.Object) subscriber.Enter {
	o.Only([]string{"email", "first_name", "last_name", "channel_id", "consents", "ground"}, []string{"subscriber_id"})
	o.Required("email", "ground")
	return subscriber.Enter{Ground: o.Text("ground").Value, Anew: true, Create: subscriber.Create{
		Email: o.Text("email").Value, FirstName: o.Text("first_name").Value, LastName: o.Text("last_name").Value, ChannelID: o.Int("channel_id"), Consents: o.Texts("consents"),
	}}
}

func (s *Surface) reconsent(c *rest.Call, in subscriber.Enter) (*subscriber.Subscriber, error) {
	return s.Subscribers.Enter(c.Ctx(), c.StoreID(), in, byAPI(c))
}

func appendReconsent(b []byte, x *subscriber.Subscriber) []byte {
	b = strconv.AppendInt(append(b, `{"subscriber_id":`...), x.ID, 10)
	b = jsonx.AppendString(append(b, `,"email":`...), x.Email)
	b = jsonx.AppendString(append(b, `,"first_name":`...), x.FirstName)
	b = jsonx.AppendString(append(b, `,"last_name":`...), x.LastName)
	b = strconv.AppendInt(append(b, `,"channel_id":`...), x.ChannelID, 10)
	return append(jsonx.AppendStrings(append(b, `,"consents":`...), x.Consents), '}')
}
