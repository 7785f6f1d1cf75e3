package v3_test

import (
	"fmt"
	"strings"
	"testing"
)

// list returns a JSON array of n items.
func list(n int, item func(i int) string) string {
	items := make([]string, n)
	for i := range items {
		items[i] = item(i)
	}
	return "[" + strings.Join(items, ",") + "]"
}

func TestSizesOfBatches(t *testing.T) {
	const tooMany = `{"status":413,"title":"The maximum number of items allowed in the array is %d.",`
	eachFormShop(t, func(t *testing.T, s *formShop) {
		s.want("POST", "", list(10, func(i int) string {
			return fmt.Sprintf(`{"email":"many%d@example.com","first_name":"A","last_name":"B"}`, i)
		}), 200, "…")
		s.want("POST", "", list(11, func(i int) string {
			return fmt.Sprintf(`{"email":"more%d@example.com","first_name":"A","last_name":"B"}`, i)
		}), 413, "…"+fmt.Sprintf(tooMany, 10))
		s.want("PUT", "", list(11, func(i int) string { return fmt.Sprintf(`{"id":%d,"notes":"n"}`, i+1) }), 413, "…"+fmt.Sprintf(tooMany, 10))

		attribute := func(i int) string { return fmt.Sprintf(`{"name":"A%d","type":"string"}`, i) }
		s.want("POST", "/attributes", list(51, attribute), 413, "…"+fmt.Sprintf(tooMany, 50))
		s.want("POST", "/attributes", list(48, attribute), 422, "…a store cannot have more than 50 customer attributes")
		s.want("POST", "/attributes", list(47, attribute), 200, `…"id":50,"name":"A46"`)
		s.want("PUT", "/attributes", list(50, func(i int) string { return fmt.Sprintf(`{"id":%d,"name":"B%d"}`, i+1, i) }), 200, `…"id":50,"name":"B49"`)

		// All values of ten customers, and not one of an eleventh.
		values := func(customers, attributes int) string {
			var items []string
			for c := range customers {
				for a := range attributes {
					items = append(items, fmt.Sprintf(`{"customer_id":%d,"attribute_id":%d,"value":"%s"}`, c+1, a+1, map[bool]string{true: "2024-05-14", false: "7"}[a == 2]))
				}
			}
			return "[" + strings.Join(items, ",") + "]"
		}
		s.want("PUT", "/attribute-values", values(10, 50), 200, `…"id":500}`)
		s.want("PUT", "/attribute-values", values(11, 1), 413, `…{"status":413,"title":"The maximum number of customers whose attribute values are set at once is 10.",`)
		s.want("PUT", "/attribute-values", values(11, 50), 413, "…"+fmt.Sprintf(tooMany, 500))

		address := func(i int) string {
			return fmt.Sprintf(`{"customer_id":%d,"first_name":"A","last_name":"B","address1":"%d St","city":"C","country_code":"PT","postal_code":"1200-195"}`, i%10+1, i)
		}
		s.want("POST", "/addresses", list(251, address), 413, "…"+fmt.Sprintf(tooMany, 250))
		s.want("POST", "/addresses", list(250, address), 200, `…"address1":"249 St"`)
		change := func(i int) string { return fmt.Sprintf(`{"id":%d,"company":"C"}`, i+3) }
		s.want("PUT", "/addresses", list(251, change), 413, "…"+fmt.Sprintf(tooMany, 250))
		s.want("PUT", "/addresses", list(250, change), 200, `…{"id":252,`)

		note := func(i int) string { return fmt.Sprintf(`{"address_id":%d,"name":"Delivery note","value":"n"}`, i+1) }
		s.want("PUT", "/form-field-values", list(251, note), 413, "…"+fmt.Sprintf(tooMany, 250))
		s.want("PUT", "/form-field-values", list(250, note), 200, `…{"name":"Delivery note","value":"n","address_id":250}`)
	})
}

// What is no object in a batch is told by its position, but where nothing is one.
func TestElementsThatAreNoObjects(t *testing.T) {
	eachFormShop(t, func(t *testing.T, s *formShop) {
		const title = "JSON data is missing or invalid"
		s.refused("PUT", "", `[null,1]`, title, `"id":"error.path.missing"`)
		s.refused("PUT", "", `[{"id":1},null,{"id":"x"}]`, title, `"1.id":"error.path.missing","2.id":"error.expected.jsnumber"`)
		s.refused("POST", "/attributes", `[{"name":"A","type":"string"},[]]`, title, `"1.name":"error.path.missing","1.type":"error.path.missing"`)
		s.want("PUT", "/attribute-values", `["x",{}]`, 422, `…"0.attribute_id":"error.path.missing"`)
	})
}
