package geo_test

import (
	"testing"

	"clientele/internal/geo"
)

func TestCurrencies(t *testing.T) {
	for _, c := range geo.Countries() {
		m := c.Currency()
		if len(m.Code) != 3 || m.Name == "" || m.Symbol == "" {
			t.Errorf("%s: %+v", c.Code, m)
		}
		if same, ok := geo.CurrencyByCode(m.Code); !ok || same != m {
			t.Errorf("%s is not found by its code", m.Code)
		}
	}
	us, _ := geo.ByCode("US")
	if m := us.Currency(); m != (geo.Currency{Code: "USD", Name: "US Dollar", Symbol: "$"}) {
		t.Errorf("%+v", m)
	}
	if _, ok := geo.CurrencyByCode("ZZZ"); ok {
		t.Error("ZZZ is a currency")
	}
	for code, want := range map[string]bool{"EUR": true, "LSL": true, "": false, "eur": false, "ZZZ": false, "XXX": false, "XTS": false, "DEM": false} {
		if geo.IsCurrency(code) != want {
			t.Errorf("%q is money: %v", code, !want)
		}
	}
}
