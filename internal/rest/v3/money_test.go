package v3_test

import "testing"

// Sums of floats are rounded to what is kept.
func TestMoneyIsRounded(t *testing.T) {
	eachFormShop(t, func(t *testing.T, s *formShop) {
		for sent, kept := range map[string]string{
			"0.30000000000000004": "0.3", "25.299999999999997": "25.3", "1.00005": "1.0001", "1.00004999": "1", "1e-400": "0", "12.5e1": "125", "9999999999.99994": "9999999999.9999",
		} {
			s.want("PUT", "", `[{"id":1,"store_credit_amounts":[{"amount":`+sent+`}]}]`, 200, `…"store_credit_amounts":[{"amount":`+kept+`}]`)
			s.want("GET", "?id:in=1&include=storecredit", "", 200, `…"store_credit_amounts":[{"amount":`+kept+`}]`)
		}
		for _, bad := range []string{"NaN", "Infinity", "-Infinity", "1e400", "99999999999999999999", "-0.0001", "10000000000.0001", `"1.5"`, "null"} {
			if code, text := s.as("shop", "PUT", "", `[{"id":1,"store_credit_amounts":[{"amount":`+bad+`}]}]`); code != 422 && code != 400 {
				t.Errorf("%s: %d %s", bad, code, text)
			}
		}
		s.want("POST", "", `[{"email":"float@example.com","first_name":"A","last_name":"B","store_credit_amounts":[{"amount":0.1000000000000000055}]}]`, 200, `…"store_credit_amounts":[{"amount":0.1}]`)
	})
}
