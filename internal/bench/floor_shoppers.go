package bench

import (
	"strconv"
	"time"

	"clientele/internal/jsonx"
	"clientele/internal/jwt"
)

// What the floor reads for shoppers.
const (
	floorSession = `SELECT c.id, c.email, c.customer_group_id FROM account_sessions s JOIN customers c ON c.store_id = s.store_id AND c.id = s.customer_id
		WHERE s.store_id = $1 AND s.token_hash = $2`
	floorSettings   = `SELECT settings FROM store_settings WHERE store_id = $1`
	floorFormFields = `SELECT name FROM form_fields WHERE store_id = $1 AND form = 'customer' ORDER BY id`
)

// appendFloorVouched appends a token about who is signed in.
func appendFloorVouched(b []byte, r row) []byte {
	now := time.Now().Unix()
	c := strconv.AppendInt([]byte(`{"customer":{"id":`), r.integer(0), 10)
	c = appendText(c, `,"email":`, r.text(1))
	c = strconv.AppendInt(append(c, `,"group_id":"`...), r.integer(2), 10)
	c = strconv.AppendInt(append(c, `"},"iss":"bc/apps","sub":"`+storeHash+`","iat":`...), now, 10)
	c = strconv.AppendInt(append(c, `,"exp":`...), now+900, 10)
	c = append(c, `,"version":1,"aud":"`+clientID+`","application_id":"`+clientID+`","store_hash":"`+storeHash+`","operation":"current_customer"}`...)
	return append(b, jwt.SignHMAC(jwt.HS512, secret, c)...)
}

// appendFloorShopper and appendFloorNode append the answer to shopperQuery.
func appendFloorShopper(b []byte, r row) []byte {
	b = strconv.AppendInt(append(b, `{"data":{"customer":{"entityId":`...), r.integer(0), 10)
	b = appendText(b, `,"email":`, r.text(4))
	b = appendText(b, `,"firstName":`, r.text(5))
	b = appendText(b, `,"lastName":`, r.text(6))
	return append(b, `,"addresses":{"edges":[`...)
}

func appendFloorNode(b []byte, r row, n int) []byte {
	if n > 0 {
		b = append(b, ',')
	}
	b = strconv.AppendInt(append(b, `{"node":{"entityId":`...), r.integer(0), 10)
	b = appendText(b, `,"firstName":`, r.text(8))
	b = appendText(b, `,"lastName":`, r.text(9))
	b = appendText(b, `,"address1":`, r.text(1))
	b = appendText(b, `,"city":`, r.text(4))
	b = appendText(b, `,"stateOrProvince":`, r.text(12))
	b = appendText(b, `,"countryCode":`, r.text(6))
	b = appendText(b, `,"postalCode":`, r.text(11))
	return append(b, `}}`...)
}

const floorShopperEnd = `]}}}}`

// appendQuery appends the body of a GraphQL request.
func appendQuery(b []byte, query, variables string) []byte {
	b = jsonx.AppendString(append(b, `{"query":`...), query)
	if variables != "" {
		b = append(append(b, `,"variables":`...), variables...)
	}
	return append(b, '}')
}
