package clientele

import (
	"strconv"

	"clientele/internal/auth"
	"clientele/internal/jsonx"
	"clientele/internal/rest"
	v3 "clientele/internal/rest/v3"
	"clientele/internal/storekey"
)

func (s *Surface) keyRoutes() []rest.Route {
	return []rest.Route{
		{Method: "GET", Pattern: "/keys", Need: auth.AnyAccount, Handle: v3.Get(nothing, s.publicKeys, v3.One(appendKeys))},
	}
}

// nothing is what a path names that has no parameters.
func nothing(*rest.Call) (struct{}, error) { return struct{}{}, nil }

func (s *Surface) publicKeys(c *rest.Call, _ struct{}) (*[]storekey.PublicKey, error) {
	keys, err := s.Keys.PublicKeys(c.Ctx(), c.StoreID())
	return &keys, err
}

func appendKeys(b []byte, keys *[]storekey.PublicKey) []byte {
	b = append(b, '[')
	for i, k := range *keys {
		b = jsonx.AppendString(append(separate(b, i), `{"id":`...), k.ID)
		b = jsonx.AppendString(append(b, `,"algorithm":"Ed25519","public_key":`...), k.Text())
		b = jsonx.AppendString(append(b, `,"pem":`...), k.PEM())
		b = append(strconv.AppendInt(append(b, `,"created_at":`...), k.Made, 10), '}')
	}
	return append(b, ']')
}
