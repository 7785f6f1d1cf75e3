package graphql_test

import (
	"testing"

	"clientele/internal/instrument"
)

func TestStoredInstruments(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		for _, in := range []instrument.Instrument{
			{Token: "card-token", Type: instrument.Card, Brand: "VISA", ExpiryMonth: 4, ExpiryYear: 2030, IIN: "411111", Last4: "1111"},
			{Token: "paypal-token", Type: instrument.PayPal, Email: "p@example.com", IsDefault: true},
			{Token: "bank-token", Type: instrument.Bank, MaskedNumber: "***1", Issuer: "Bank"},
		} {
			_, err := w.Instruments.Put(t.Context(), 1, 1, in)
			w.ok(err)
			w.Clock.Advance(1e9)
		}
		jane := []string{"Authorization", "Bearer " + w.act, "X-Bc-Customer-Id", "1"}
		const details = `details { __typename ... on StoredCard { brand last4 issuerIdentificationNumber expires { month year } billingAddress { firstName address2 } } ... on StoredPaypalAccount { email } ... on StoredBankAccount { issuer maskedAccountNumber } }`
		w.want(w.ask(`{ customer { storedPaymentInstruments { defaultStoredPaymentInstrumentToken edges { node { token paymentMethodId `+details+` } } } } }`, nil, jane...), 200,
			`{"data":{"customer":{"storedPaymentInstruments":{"defaultStoredPaymentInstrumentToken":"paypal-token","edges":[`+
				`{"node":{"token":"card-token","paymentMethodId":"","details":{"__typename":"StoredCard","brand":"VISA","last4":"1111","issuerIdentificationNumber":"411111","expires":{"month":4,"year":2030},"billingAddress":null}}},`+
				`{"node":{"token":"paypal-token","paymentMethodId":"","details":{"__typename":"StoredPaypalAccount","email":"p@example.com"}}},`+
				`{"node":{"token":"bank-token","paymentMethodId":"","details":{"__typename":"StoredBankAccount","issuer":"Bank","maskedAccountNumber":"***1"}}}]}}}}`)
		const two, three = "Y3Vyc29yOjI=", "Y3Vyc29yOjM="
		for args, want := range map[string]string{
			`first: 1`:                           `"hasPreviousPage":false,"hasNextPage":true},"edges":[{"node":{"token":"card-token"}}]`,
			`first: 5, after: "` + two + `"`:     `"hasPreviousPage":true,"hasNextPage":false},"edges":[{"node":{"token":"bank-token"}}]`,
			`last: 1`:                            `"hasPreviousPage":true,"hasNextPage":false},"edges":[{"node":{"token":"bank-token"}}]`,
			`last: 1, before: "` + three + `"`:   `"hasPreviousPage":true,"hasNextPage":true},"edges":[{"node":{"token":"paypal-token"}}]`,
			`filters: {paymentMethodIds: ["x"]}`: `"hasPreviousPage":false,"hasNextPage":false},"edges":[]`,
		} {
			w.want(w.ask(`{ customer { storedPaymentInstruments(`+args+`) { pageInfo { hasPreviousPage hasNextPage } edges { node { token } } } } }`, nil, jane...), 200,
				`{"data":{"customer":{"storedPaymentInstruments":{"pageInfo":{`+want+`}}}}`)
		}
		const update = `mutation($in: UpdateStoredPaymentInstrumentInput!) { customer { updateStoredPaymentInstrument(input: $in) { storedPaymentInstrument { token ` + details + ` } defaultStoredPaymentInstrumentToken errors { __typename message } } } }`
		w.want(w.ask(update, map[string]any{"in": map[string]any{"token": "card-token", "setAsDefault": true, "billingAddress": map[string]any{"firstName": "J", "address1": "1", "city": "C", "countryCode": "US"}}}, jane...), 200,
			`{"data":{"customer":{"updateStoredPaymentInstrument":{"storedPaymentInstrument":{"token":"card-token","details":{"__typename":"StoredCard","brand":"VISA","last4":"1111","issuerIdentificationNumber":"411111","expires":{"month":4,"year":2030},"billingAddress":{"firstName":"J","address2":null}}},"defaultStoredPaymentInstrumentToken":"card-token","errors":[]}}}}`)
		failed := `{"data":{"customer":{"updateStoredPaymentInstrument":{"storedPaymentInstrument":null,"defaultStoredPaymentInstrumentToken":null,"errors":[{"__typename":"UpdateStoredPaymentInstrumentError","message":"`
		w.want(w.ask(update, map[string]any{"in": map[string]any{"token": "other"}}, jane...), 200, failed+`The stored payment instrument does not exist."}]}}}}`)
		w.want(w.ask(update, map[string]any{"in": map[string]any{"token": "card-token"}}), 200, failed+`The customer is not logged in."}]}}}}`)
		const remove = `mutation($t: String!) { customer { deleteStoredPaymentInstrument(input: {token: $t}) { errors { message } } } }`
		w.want(w.ask(remove, map[string]any{"t": "bank-token"}, jane...), 200, `{"data":{"customer":{"deleteStoredPaymentInstrument":{"errors":[]}}}}`)
		w.want(w.ask(remove, map[string]any{"t": "bank-token"}, jane...), 200, `{"data":{"customer":{"deleteStoredPaymentInstrument":{"errors":[{"message":"The stored payment instrument does not exist."}]}}}}`)
		left, err := w.Instruments.List(t.Context(), 1, 1)
		if err != nil || len(left) != 2 || !left[0].IsDefault || left[1].IsDefault {
			t.Errorf("%+v %v", left, err)
		}
	})
}
