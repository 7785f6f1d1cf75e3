package v3_test

import "testing"

// A box that is ticked twice is ticked.
func TestTicksAreKeptOnce(t *testing.T) {
	eachFormShop(t, func(t *testing.T, s *formShop) {
		const once = `…{"name":"Toppings","value":["Olives","Cheese"],"customer_id":1}`
		twice := `{"name":"Toppings","value":["Olives","Cheese","Olives"]`
		s.want("PUT", "/form-field-values", `[`+twice+`,"customer_id":1}]`, 200, once)
		s.want("GET", "/form-field-values?customer_id=1", "", 200, once)
		s.want("PUT", "", `[{"id":1,"form_fields":[`+twice+`}]}]`, 200, once)
		s.want("GET", "?id:in=1&include=formfields", "", 200, once)
	})
}
